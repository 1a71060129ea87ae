"""
What a chat and a room can do, whichever of the async shells they come from.

:mod:`multichat_proto.trio` and :mod:`multichat_proto.asyncio` have classes of these names and
more; code that is to run on both, such as a bot, asks for these protocols. Those of
:mod:`multichat_proto.sync` have the same names and members without ``async``.
"""

from collections.abc import AsyncIterator, Callable, Mapping
from types import TracebackType
from typing import Protocol, Self, TypeVar, overload

from multichat_proto.address import Address
from multichat_proto.events import ChatEvent, RoomEvent, RoomMessage
from multichat_proto.messages import Room as RoomId
from multichat_proto.options import Overflow
from multichat_proto.session import SessionState

__all__ = ["AsyncChat", "AsyncEvents", "AsyncRoom"]

E = TypeVar("E")
E_co = TypeVar("E_co", covariant=True)


class AsyncEvents(Protocol[E_co]):
    """A stream of one's own: ``with chat.subscribe() as events``."""

    def __enter__(self) -> Self:
        """Begin; events are kept from now on."""
        ...

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
        /,
    ) -> None:
        """End the stream."""
        ...

    def __aiter__(self) -> AsyncIterator[E_co]:
        """Iterate over the events."""
        ...

    async def __anext__(self) -> E_co:
        """Return the next event; cancelling loses none."""
        ...

    async def next(self) -> E_co:
        """
        Return the next event; cancelling loses none.

        Raises:
            ChatClosed: The stream has ended in order.
            MultichatError: The session has ended by itself; this is why.

        """
        ...


class AsyncRoom(Protocol):
    """A room that one is in."""

    @property
    def id(self) -> RoomId:
        """The room's id."""
        ...

    @property
    def title(self) -> str:
        """Its title, raw."""
        ...

    @property
    def members(self) -> frozenset[str]:
        """The names of members seen since one is in; v1 has no list to ask for."""
        ...

    @property
    def is_joined(self) -> bool:
        """Whether one is in the room just now, on the present connection."""
        ...

    async def send(self, text: str) -> RoomMessage:
        """
        Say something; return one's own message when it has come back (MC1-SEND-01).

        Cancelled before it was handed over, it is never sent; after that, the chat's stream
        has an ``Unconfirmed``.

        Raises:
            RoomError: The server refused it.
            NotAMember: One has left the room, or was put out.
            NotSent: It was never handed over; saying it again is safe.
            DeliveryUnknown: It was handed over, and its echo never came.

        """
        ...

    async def leave(self) -> None:
        """Leave the room (MC1-LEAVE-01); cancelled, it goes on by itself."""
        ...

    @overload
    async def wait_for(self, what: Callable[[RoomEvent], bool], /) -> RoomEvent: ...
    @overload
    async def wait_for(self, what: type[E] | tuple[type[E], ...], /) -> E: ...

    def subscribe(
        self, *, max_queue: int | None = None, overflow: Overflow | None = None
    ) -> AsyncEvents[RoomEvent]:
        """Return a stream of one's own, from now on."""
        ...

    def __aiter__(self) -> AsyncIterator[RoomEvent]:
        """Iterate over the room's own stream; events are kept from the join on."""
        ...


class AsyncChat(Protocol):
    """A session with a chat server, which outlives its connections."""

    @property
    def address(self) -> Address:
        """The server."""
        ...

    @property
    def state(self) -> SessionState:
        """Where the session stands."""
        ...

    @property
    def username(self) -> str | None:
        """One's own name, or ``None`` where it is not known."""
        ...

    @property
    def rooms(self) -> Mapping[str, AsyncRoom]:
        """The rooms that are wanted, or that the server put one into, by their id."""
        ...

    async def join(self, room: str | int) -> AsyncRoom:
        """
        Join a room; the same object each time while one is in (MC1-JOIN-02).

        Raises:
            RoomError: The server refused.
            NoAnswer: It did not answer; trying again is safe.
            NotSent: There was no connection in time.

        """
        ...

    @overload
    async def wait_for(self, what: Callable[[ChatEvent], bool], /) -> ChatEvent: ...
    @overload
    async def wait_for(self, what: type[E] | tuple[type[E], ...], /) -> E: ...

    def subscribe(
        self, *, max_queue: int | None = None, overflow: Overflow | None = None
    ) -> AsyncEvents[ChatEvent]:
        """Return a stream of one's own, from now on."""
        ...

    def reconnect_now(self) -> None:
        """Try at once to connect, if the session waits to; its waits begin small again."""
        ...

    def __aiter__(self) -> AsyncIterator[ChatEvent]:
        """Iterate over the chat's own stream; events are kept from the connect on."""
        ...
