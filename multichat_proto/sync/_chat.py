"""
A chat and its rooms, as a program without an event loop sees them.

There is no state of a chat here: what is asked goes to the session, and what is answered comes
from it. Any number of threads may use a chat. Whatever waits can be given a longest time, and
can be interrupted by Ctrl-C; what was asked is taken back then, as far as that is possible.
"""

from collections.abc import Callable
from typing import TypeVar, overload

from multichat_proto.address import Address
from multichat_proto.events import ChatEvent, RoomEvent, RoomMessage
from multichat_proto.exceptions import DeliveryUnknown
from multichat_proto.messages import Room as RoomId
from multichat_proto.options import Overflow
from multichat_proto.session import RoomView, Session, SessionState
from multichat_proto.session.lookup import Rooms
from multichat_proto.sync._events import Events
from multichat_proto.sync._waiting import Waiting

__all__ = ["Chat", "Room"]

T = TypeVar("T")


class Chat:
    """
    A session with a chat server, which outlives its connections; made by ``connect``.

    ``for event in chat`` reads its own stream, which has everything of all rooms from the
    connect on; see :data:`multichat_proto.events.ChatEvent`.

    Args:
        waiting: Waits for the session.
        session: What it stands on.
        address: The server.
        username: One's own name, or ``None`` where it is not known.

    """

    def __init__(
        self, waiting: Waiting, session: Session, address: Address, username: str | None
    ) -> None:
        self._waiting = waiting
        self._session = session
        self._address = address
        self._username = username
        self._rooms = _Rooms(self, waiting, session)
        self._events: Events[ChatEvent] = Events(waiting, session, session.events)

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
        The rooms that are wanted, or that the server put one into, by their id; as it is now.

        ``chat.rooms[1]`` is ``chat.rooms["1"]``. For one that is not there, such as one that the
        server refused, that raises ``NotAMember``, which is a ``KeyError`` and says why.
        """
        return self._rooms.now()

    def join(self, room: str | int, *, timeout: float | None = None) -> "Room":
        """
        Join a room; the same object each time while one is in (MC1-JOIN-02).

        It stays joined across connections. After a timeout, or interrupted, the room is not
        wanted, unless it was before: if the server has let one in meanwhile, it is left again.

        Args:
            room: Its id, as a number or as the server writes it.
            timeout: Longest wait, in seconds; ``None`` waits as long as the options say.

        Raises:
            TimeoutError: It took longer.
            LocalProtocolError: It is no room's id, or these are too many rooms.
            RoomError: The server refused.
            NoAnswer: The server did not answer; trying again is safe.
            NotSent: There was no connection in time.
            MultichatError: The session has ended; this is why.

        """
        view = self._waiting.ask(lambda now: self._session.join(room, now), timeout)
        return self._rooms.of(view)

    @overload
    def wait_for(
        self, what: Callable[[ChatEvent], bool], /, *, timeout: float | None = None
    ) -> ChatEvent: ...
    @overload
    def wait_for(
        self, what: type[T] | tuple[type[T], ...], /, *, timeout: float | None = None
    ) -> T: ...

    def wait_for(
        self,
        what: type[T] | tuple[type[T], ...] | Callable[[ChatEvent], bool],
        /,
        *,
        timeout: float | None = None,
    ) -> T | ChatEvent:
        """
        Return the next event, from now on, of this class or that this function says yes to.

        "From now on" is too late for the answer to what was said before: it may be there
        already when ``send`` returns. For that, subscribe first, then send, then read::

            with chat.subscribe() as events:
                room.send("!time")
                answer = events.wait_for(is_answer)

        The other streams keep all their events.

        Args:
            what: A class, a tuple of classes, or a function; it runs in the thread that calls this.
            timeout: Longest wait, in seconds; ``None`` waits as long as it takes.

        Raises:
            TimeoutError: It did not come in time.
            ChatClosed: The chat was left before.
            MultichatError: The session has ended by itself; this is why.

        """
        with self.subscribe() as events:
            return events.wait_for(what, timeout=timeout)

    def subscribe(
        self, *, max_queue: int | None = None, overflow: Overflow | None = None
    ) -> Events[ChatEvent]:
        """
        Return a stream of one's own, from now on; ``with`` ends it.

        Args:
            max_queue: Events that are kept; ``None`` takes that of the options.
            overflow: What happens when there are more; ``None`` takes that of the options.

        """
        with self._waiting.lock:
            queue = self._session.subscribe(None, max_queue=max_queue, overflow=overflow)
        return Events(self._waiting, self._session, queue)

    def reconnect_now(self) -> None:
        """Try at once to connect, if the session waits to; its waits begin small again."""
        with self._waiting.lock:
            self._session.reconnect_now(self._waiting.now())

    def __iter__(self) -> Events[ChatEvent]:
        """Iterate over the chat's own stream; events are kept from the connect on."""
        return self._events

    def __repr__(self) -> str:
        return f"<Chat at {self._address}, {self.state}>"


class Room:
    """
    A room that one is in; made by :meth:`Chat.join`.

    ``for event in room`` reads its own stream, from the join on; see
    :data:`multichat_proto.events.RoomEvent`.

    Args:
        chat: Whose room it is.
        waiting: Waits for the session.
        session: What it stands on.
        view: What the session knows of it.

    """

    def __init__(self, chat: Chat, waiting: Waiting, session: Session, view: RoomView) -> None:
        self._chat = chat
        self._waiting = waiting
        self._session = session
        self._view = view
        self._events: Events[RoomEvent] = Events(waiting, session, view.events)

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
        with self._waiting.lock:
            return self._view.members

    @property
    def is_joined(self) -> bool:
        """Whether one is in the room just now, on the present connection."""
        return self._view.is_joined

    def send(self, text: str, *, timeout: float | None = None) -> RoomMessage:
        """
        Say something; return one's own message when it has come back (MC1-SEND-01).

        While there is no connection it waits for the next one. It is never sent twice. After a
        timeout, or interrupted, before it was handed over, it is never sent; interrupted after
        that, the chat's stream has an ``Unconfirmed``.

        Args:
            text: What to say, perhaps empty.
            timeout: Longest wait, in seconds; ``None`` waits as long as the options say.

        Raises:
            TimeoutError: It took longer, and was never handed over.
            LocalProtocolError: The text is no string, or no Unicode text; nothing was sent.
            NotAMember: One has left the room, or was put out.
            RoomError: The server refused it.
            NotSent: It was never handed over; saying it again is safe.
            DeliveryUnknown: It was handed over, and its echo did not come in time, or ever.
            MultichatError: The session has ended; this is why.

        """
        return self._waiting.ask(
            lambda now: self._session.send(self.id, text, now),
            timeout,
            too_late=lambda: DeliveryUnknown(self.id, text),
        )

    def leave(self, *, timeout: float | None = None) -> None:
        """
        Leave the room (MC1-LEAVE-01); after that nothing of it comes any more.

        Messages of this room that wait to be handed over are not sent. After a timeout, or
        interrupted, it goes on by itself.

        Args:
            timeout: Longest wait, in seconds; ``None`` waits as long as the options say.

        Raises:
            TimeoutError: It took longer.
            RoomError: The server refused; one is still in.

        """
        self._waiting.ask(lambda now: self._session.leave(self.id, now), timeout)

    @overload
    def wait_for(
        self, what: Callable[[RoomEvent], bool], /, *, timeout: float | None = None
    ) -> RoomEvent: ...
    @overload
    def wait_for(
        self, what: type[T] | tuple[type[T], ...], /, *, timeout: float | None = None
    ) -> T: ...

    def wait_for(
        self,
        what: type[T] | tuple[type[T], ...] | Callable[[RoomEvent], bool],
        /,
        *,
        timeout: float | None = None,
    ) -> T | RoomEvent:
        """
        Return the next event, from now on, of this class or that this function says yes to.

        "From now on" is too late for the answer to what was said before: it may be there
        already when ``send`` returns. For that, subscribe first, then send, then read::

            with room.subscribe() as events:
                room.send("!time")
                answer = events.wait_for(is_answer)

        Args:
            what: A class, a tuple of classes, or a function; it runs in the thread that calls this.
            timeout: Longest wait, in seconds; ``None`` waits as long as it takes.

        Raises:
            TimeoutError: It did not come in time.
            ChatClosed: The room or the chat was left before.
            MultichatError: The session has ended by itself; this is why.

        """
        with self.subscribe() as events:
            return events.wait_for(what, timeout=timeout)

    def subscribe(
        self, *, max_queue: int | None = None, overflow: Overflow | None = None
    ) -> Events[RoomEvent]:
        """
        Return a stream of one's own, from now on; ``with`` ends it.

        Args:
            max_queue: Events that are kept; ``None`` takes that of the options.
            overflow: What happens when there are more; ``None`` takes that of the options.

        """
        with self._waiting.lock:
            queue = self._session.subscribe(self.id, max_queue=max_queue, overflow=overflow)
            if self._session.rooms.get(self.id) is not self._view:
                self._session.unsubscribe(queue)  # Left: there is nothing to come.
        return Events(self._waiting, self._session, queue)

    def __iter__(self) -> Events[RoomEvent]:
        """Iterate over the room's own stream; events are kept from the join on."""
        return self._events

    def __repr__(self) -> str:
        return f"<Room {self.id} at {self._chat.address}>"


class _Rooms:
    """The session's rooms, each as one and the same object while one is in it."""

    def __init__(self, chat: Chat, waiting: Waiting, session: Session) -> None:
        self._chat = chat
        self._waiting = waiting
        self._session = session
        self._known: dict[RoomId, Room] = {}

    def now(self) -> Rooms[Room]:
        """Return all rooms; a copy, since other threads change them meanwhile."""
        with self._waiting.lock:
            rooms = {name: self._of(view) for name, view in self._session.rooms.items()}
            return Rooms(rooms, lambda room: room, dict(self._session.refusals))

    def of(self, view: RoomView) -> Room:
        """Return the room that the session sees so."""
        with self._waiting.lock:
            return self._of(view)

    def _of(self, view: RoomView) -> Room:
        known = self._known.get(view.room)
        if known is not None and known._view is view:
            return known
        for gone in self._known.keys() - self._session.rooms.keys():
            del self._known[gone]
        room = self._known[view.room] = Room(self._chat, self._waiting, self._session, view)
        return room
