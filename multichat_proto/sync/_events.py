"""A stream of events, as a plain ``for`` reads it."""

from collections.abc import Callable
from types import TracebackType
from typing import Generic, Self, TypeVar, cast, overload

from multichat_proto.exceptions import ChatClosed
from multichat_proto.session import EndOfEvents, EventQueue, Session
from multichat_proto.session.matching import matcher
from multichat_proto.sync._waiting import Waiting

__all__ = ["Events"]

E = TypeVar("E")
T = TypeVar("T")


class Events(Generic[E]):
    """
    The events of a chat or a room, for one reader at a time.

    ::

        with chat.subscribe() as events:
            for event in events:
                ...

    It ends when the room or the chat is left, after all that is in it. If the session ends by
    itself, it raises the reason then.

    Args:
        waiting: Waits for the session.
        session: Whose events these are.
        queue: Where they wait.

    """

    def __init__(self, waiting: Waiting, session: Session, queue: EventQueue) -> None:
        self._waiting = waiting
        self._session = session
        self._queue = queue

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
        with self._waiting.lock:
            self._session.unsubscribe(self._queue)

    def __iter__(self) -> Self:
        """Iterate over the events; this waits as long as it takes."""
        return self

    def __next__(self) -> E:
        """Return the next event; interrupting this loses none."""
        try:
            return self._take(None)
        except EndOfEvents:
            raise StopIteration from None

    def next(self, *, timeout: float | None = None) -> E:
        """
        Return the next event; interrupting this loses none.

        Args:
            timeout: Longest wait, in seconds; 0 takes what is there, ``None`` waits as long as
                it takes.

        Raises:
            TimeoutError: None came in time.
            ChatClosed: The stream has ended in order, or somebody else waits for its events.
            MultichatError: The session has ended by itself; this is why.

        """
        try:
            return self._take(timeout)
        except EndOfEvents:
            raise ChatClosed("the stream has ended: the chat or the room was left") from None

    @overload
    def wait_for(self, what: Callable[[E], bool], /, *, timeout: float | None = None) -> E: ...
    @overload
    def wait_for(
        self, what: type[T] | tuple[type[T], ...], /, *, timeout: float | None = None
    ) -> T: ...

    def wait_for(
        self,
        what: type[T] | tuple[type[T], ...] | Callable[[E], bool],
        /,
        *,
        timeout: float | None = None,
    ) -> T | E:
        """
        Take events until one is of this class, or one of these, or this function says yes to it.

        Args:
            what: A class, a tuple of classes, or a function.
            timeout: Longest wait, in seconds, for that event; ``None`` waits as long as it
                takes.

        Returns:
            That event; those before it are dropped.

        Raises:
            TimeoutError: It did not come in time.
            ChatClosed: The stream has ended in order before.
            MultichatError: The session has ended by itself; this is why.

        """
        is_it = matcher(what)
        deadline = None if timeout is None else self._waiting.now() + timeout
        while True:
            left = None if deadline is None else deadline - self._waiting.now()
            event = self.next(timeout=left)
            if is_it(event):
                return event

    def _take(self, timeout: float | None) -> E:
        # The queue of a room has events of a room only.
        return cast("E", self._waiting.take(self._queue, timeout))
