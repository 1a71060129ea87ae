"""A stream of events, as an ``async for`` reads it."""

from collections.abc import Callable
from types import TracebackType
from typing import Final, Generic, Self, TypeVar, cast, overload

from multichat_proto.async_shell.library import AsyncLibrary
from multichat_proto.exceptions import ChatClosed
from multichat_proto.session import EndOfEvents, EventQueue, Session
from multichat_proto.session.matching import matcher

__all__ = ["Events"]

E = TypeVar("E")
T = TypeVar("T")

_MOST_AT_A_TIME: Final = 64
"""Events that are taken before others get their turn: an ``async for`` over a stream that is
never empty must not stop the rest of the program."""


class Events(Generic[E]):
    """
    The events of a chat or a room, for one reader at a time.

    ::

        with chat.subscribe() as events:
            async for event in events:
                ...

    It ends when the room or the chat is left, after all that is in it. If the session ends by
    itself, it raises the reason then.

    Args:
        library: What it waits by.
        session: Whose events these are.
        queue: Where they wait.

    """

    def __init__(self, library: AsyncLibrary, session: Session, queue: EventQueue) -> None:
        self._library = library
        self._session = session
        self._queue = queue
        self._taken = 0

    def __enter__(self) -> Self:
        """Return the stream; it has kept events since it was asked for."""
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """End the stream; what waits in it is dropped."""
        self._session.unsubscribe(self._queue)

    def __aiter__(self) -> Self:
        """Iterate over the events."""
        return self

    async def __anext__(self) -> E:
        """Return the next event; cancelling loses none."""
        try:
            return await self._take()
        except EndOfEvents:
            raise StopAsyncIteration from None

    async def next(self) -> E:
        """
        Return the next event; cancelling loses none.

        Raises:
            ChatClosed: The stream has ended in order, or somebody else waits for its events.
            MultichatError: The session has ended by itself; this is why.

        """
        try:
            return await self._take()
        except EndOfEvents:
            raise ChatClosed("the stream has ended: the chat or the room was left") from None

    @overload
    async def wait_for(self, what: Callable[[E], bool], /) -> E: ...
    @overload
    async def wait_for(self, what: type[T] | tuple[type[T], ...], /) -> T: ...

    async def wait_for(self, what: type[T] | tuple[type[T], ...] | Callable[[E], bool], /) -> T | E:
        """
        Take events until one is of this class, or one of these, or this function says yes to it.

        Returns:
            That event; those before it are dropped.

        Raises:
            LocalProtocolError: No event can be that.
            ChatClosed: The stream has ended in order before.
            MultichatError: The session has ended by itself; this is why.

        """
        is_it = matcher(what)
        while True:
            event = await self.next()
            if is_it(event):
                return event

    async def _take(self) -> E:
        await self._library.begin()
        queue = self._queue
        queue.claim()
        try:
            if self._taken >= _MOST_AT_A_TIME:
                self._taken = 0
                await self._library.give_way()
            while (event := queue.take()) is None:
                self._taken = 0
                ready = self._library.event()
                queue.on_ready = ready.set
                await ready.wait()
        finally:
            queue.on_ready = None
            queue.release()
        self._taken += 1
        # The queue of a room has events of a room only.
        return cast("E", event)
