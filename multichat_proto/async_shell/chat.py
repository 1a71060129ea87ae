"""
A chat and its rooms, as an async program sees them.

There is no state of a chat here: what is asked goes to the session, and what is answered comes
from it. A task that waits is woken by what it waits for. A task that is cancelled takes its
request back in the moment of the cancellation, so that there is no time in which an answer
could come for nobody.
"""

from collections import Counter
from collections.abc import Callable
from typing import TypeVar, overload

from multichat_proto.address import Address
from multichat_proto.async_shell.events import Events
from multichat_proto.async_shell.library import AsyncLibrary
from multichat_proto.events import ChatEvent, RoomEvent, RoomMessage
from multichat_proto.exceptions import DeliveryUnknown, MultichatError, RoomError
from multichat_proto.messages import Room as RoomId
from multichat_proto.messages import room_id
from multichat_proto.options import Overflow
from multichat_proto.session import Operation, RoomView, Session, SessionState
from multichat_proto.session.lookup import Rooms

__all__ = ["Chat", "Room"]

T = TypeVar("T")


class Chat:
    """
    A session with a chat server, which outlives its connections; made by ``connect``.

    Any number of tasks may use it. ``async for event in chat`` reads its own stream, which has
    everything of all rooms from the connect on; see :data:`multichat_proto.events.ChatEvent`.

    Args:
        library: What it waits by.
        session: What it stands on.
        address: The server.
        username: One's own name, or ``None`` where it is not known.

    """

    def __init__(
        self, library: AsyncLibrary, session: Session, address: Address, username: str | None
    ) -> None:
        self._library = library
        self._session = session
        self._address = address
        self._username = username
        self._known = _KnownRooms(self, library, session)
        self._rooms = Rooms(session.rooms, self._known.of, session.refusals)
        self._joining: Counter[RoomId | None] = Counter()
        self._events: Events[ChatEvent] = Events(library, session, session.events)

    @property
    def address(self) -> Address:
        """The server."""
        return self._address

    @property
    def username(self) -> str | None:
        """One's own name, or ``None`` where it is not known."""
        return self._username

    @property
    def state(self) -> SessionState:
        """Where the session stands."""
        return self._session.state

    @property
    def rooms(self) -> Rooms["Room"]:
        """
        The rooms that are wanted, or that the server put one into, by their id; a live view.

        ``chat.rooms[1]`` is ``chat.rooms["1"]``. For one that is not there, such as one that the
        server refused, that raises ``NotAMember``, which is a ``KeyError`` and says why.
        """
        return self._rooms

    async def join(self, room: str | int) -> "Room":
        """
        Join a room; the same object each time while one is in (MC1-JOIN-02).

        It stays joined across connections. Cancelled, the room is not wanted, unless it was
        before: if the server has let one in meanwhile, it is left again.

        Args:
            room: Its id, as a number or as the server writes it.

        Raises:
            LocalProtocolError: It is no room's id, or these are too many rooms.
            RoomError: The server refused.
            NoAnswer: The server did not answer; trying again is safe.
            NotSent: There was no connection in time.
            MultichatError: The session has ended; this is why.

        """
        await self._library.begin()
        name = room_id(room)
        is_new = name not in self._session.rooms
        operation = self._session.join(room, self._library.now())

        def lost() -> None:
            if is_new:
                self._leave_unused(name)

        self._joining[name] += 1
        try:
            view = await self._library.result_of(self._session, operation, lost)
        finally:
            self._joining -= Counter([name])
        return self._known.of(view)

    @overload
    async def wait_for(self, what: Callable[[ChatEvent], bool], /) -> ChatEvent: ...
    @overload
    async def wait_for(self, what: type[T] | tuple[type[T], ...], /) -> T: ...

    async def wait_for(
        self, what: type[T] | tuple[type[T], ...] | Callable[[ChatEvent], bool], /
    ) -> T | ChatEvent:
        """
        Return the next event, from now on, of this class or that this function says yes to.

        "From now on" is too late for the answer to what was said before: it may be there
        already when ``send`` returns. For that, subscribe first, then send, then read::

            with chat.subscribe() as events:
                await room.send("!time")
                answer = await events.wait_for(is_answer)

        The other streams keep all their events.

        Raises:
            ChatClosed: The chat was left before.
            MultichatError: The session has ended by itself; this is why.

        """
        with self.subscribe() as events:
            return await events.wait_for(what)

    def subscribe(
        self, *, max_queue: int | None = None, overflow: Overflow | None = None
    ) -> Events[ChatEvent]:
        """
        Return a stream of one's own, from now on; ``with`` ends it.

        Args:
            max_queue: Events that are kept; ``None`` takes that of the options.
            overflow: What happens when there are more; ``None`` takes that of the options.

        """
        queue = self._session.subscribe(None, max_queue=max_queue, overflow=overflow)
        return Events(self._library, self._session, queue)

    def reconnect_now(self) -> None:
        """Try at once to connect, if the session waits to; its waits begin small again."""
        self._session.reconnect_now(self._library.now())

    def __aiter__(self) -> Events[ChatEvent]:
        """Iterate over the chat's own stream; events are kept from the connect on."""
        return self._events

    def __repr__(self) -> str:
        return f"<Chat at {self._address}, {self.state}>"

    def _leave_unused(self, name: RoomId | None) -> None:
        """Leave a room that only a join has asked for that was cancelled."""
        view = None if name is None else self._session.rooms.get(name)
        if view is not None and self._joining[name] == 1 and not self._known.knows(view):
            self._session.leave(view.room, self._library.now())


class Room:
    """
    A room that one is in; made by :meth:`Chat.join`.

    ``async for event in room`` reads its own stream, from the join on; see
    :data:`multichat_proto.events.RoomEvent`.

    Args:
        chat: Whose room it is.
        library: What it waits by.
        session: What it stands on.
        view: What the session knows of it.

    """

    def __init__(self, chat: Chat, library: AsyncLibrary, session: Session, view: RoomView) -> None:
        self._chat = chat
        self._library = library
        self._session = session
        self._view = view
        self._events: Events[RoomEvent] = Events(library, session, view.events)

    @property
    def chat(self) -> Chat:
        """Whose room it is."""
        return self._chat

    @property
    def id(self) -> RoomId:
        """The room's id."""
        return self._view.room

    @property
    def title(self) -> str:
        """Its title, raw (MC1-CLIENT-08); empty before it was joined."""
        return self._view.title

    @property
    def members(self) -> frozenset[str]:
        """The names of members seen since one is in; v1 has no list to ask for."""
        return self._view.members

    @property
    def is_joined(self) -> bool:
        """Whether one is in the room just now, on the present connection."""
        return self._view.is_joined

    async def send(self, text: str) -> RoomMessage:
        """
        Say something; return one's own message when it has come back (MC1-SEND-01).

        While there is no connection it waits for the next one. It is never sent twice.
        Cancelled before it was handed over, it is never sent; after that, the chat's stream
        has an ``Unconfirmed``.

        Raises:
            LocalProtocolError: The text is no string, or no Unicode text; nothing was sent.
            NotAMember: One has left the room, or was put out.
            RoomError: The server refused it.
            NotSent: It was never handed over; saying it again is safe.
            DeliveryUnknown: It was handed over, and its echo never came.
            MultichatError: The session has ended; this is why.

        """
        await self._library.begin()
        operation = self._session.send(self.id, text, self._library.now())

        def lost() -> None:
            if _was_handed_over(operation):
                self._session.unconfirmed(self.id, text)

        return await self._library.result_of(self._session, operation, lost)

    async def leave(self) -> None:
        """
        Leave the room (MC1-LEAVE-01); after that nothing of it comes any more.

        Messages of this room that wait to be handed over are not sent. Cancelled, it goes on
        by itself.

        Raises:
            RoomError: The server refused; one is still in.

        """
        await self._library.begin()
        operation = self._session.leave(self.id, self._library.now())
        # Nothing to do for one that is lost: it is carried out all the same.
        await self._library.result_of(self._session, operation)

    @overload
    async def wait_for(self, what: Callable[[RoomEvent], bool], /) -> RoomEvent: ...
    @overload
    async def wait_for(self, what: type[T] | tuple[type[T], ...], /) -> T: ...

    async def wait_for(
        self, what: type[T] | tuple[type[T], ...] | Callable[[RoomEvent], bool], /
    ) -> T | RoomEvent:
        """
        Return the next event, from now on, of this class or that this function says yes to.

        "From now on" is too late for the answer to what was said before: it may be there
        already when ``send`` returns. For that, subscribe first, then send, then read::

            with room.subscribe() as events:
                await room.send("!time")
                answer = await events.wait_for(is_answer)

        Raises:
            ChatClosed: The room or the chat was left before.
            MultichatError: The session has ended by itself; this is why.

        """
        with self.subscribe() as events:
            return await events.wait_for(what)

    def subscribe(
        self, *, max_queue: int | None = None, overflow: Overflow | None = None
    ) -> Events[RoomEvent]:
        """
        Return a stream of one's own, from now on; ``with`` ends it.

        Args:
            max_queue: Events that are kept; ``None`` takes that of the options.
            overflow: What happens when there are more; ``None`` takes that of the options.

        """
        queue = self._session.subscribe(self.id, max_queue=max_queue, overflow=overflow)
        if self._session.rooms.get(self.id) is not self._view:
            self._session.unsubscribe(queue)  # Left: there is nothing to come.
        return Events(self._library, self._session, queue)

    def __aiter__(self) -> Events[RoomEvent]:
        """Iterate over the room's own stream; events are kept from the join on."""
        return self._events

    def __repr__(self) -> str:
        return f"<Room {self.id} at {self._chat.address}>"


class _KnownRooms:
    """The session's rooms, each as one and the same object while one is in it."""

    def __init__(self, chat: Chat, library: AsyncLibrary, session: Session) -> None:
        self._chat = chat
        self._library = library
        self._session = session
        self._known: dict[RoomId, Room] = {}

    def knows(self, view: RoomView) -> bool:
        """Return whether somebody has been given this room."""
        known = self._known.get(view.room)
        return known is not None and known._view is view

    def of(self, view: RoomView) -> Room:
        """Return the room that the session sees so."""
        if self.knows(view):
            return self._known[view.room]
        for gone in self._known.keys() - self._session.rooms.keys():
            del self._known[gone]
        room = self._known[view.room] = Room(self._chat, self._library, self._session, view)
        return room


def _was_handed_over(send: Operation[RoomMessage]) -> bool:
    try:
        send.result()
    except (DeliveryUnknown, RoomError):
        return True
    except MultichatError:
        return False
    return True
