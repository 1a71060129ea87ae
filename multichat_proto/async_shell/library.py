"""What Trio and asyncio do each in a way of its own, as far as a chat needs it."""

from collections.abc import Callable
from typing import Protocol, TypeVar

from multichat_proto.session import Operation, Session

__all__ = ["AsyncEvent", "AsyncLibrary"]

T = TypeVar("T")


class AsyncEvent(Protocol):
    """Something that a task waits for."""

    def set(self) -> None:
        """Wake the task."""
        ...

    async def wait(self) -> object:
        """Wait until it is set."""
        ...


class AsyncLibrary(Protocol):
    """What the shells of both libraries stand on."""

    def now(self) -> float:
        """Return the time of the running loop, in seconds."""
        ...

    def event(self) -> AsyncEvent:
        """Return a fresh event."""
        ...

    async def begin(self) -> None:
        """Begin a call; a task that was cancelled before asks for nothing."""
        ...

    async def give_way(self) -> None:
        """Let other tasks have their turn."""
        ...

    async def result_of(
        self, session: Session, operation: Operation[T], lost: Callable[[], None] | None = None
    ) -> T:
        """
        Wait for an operation and return what comes of it; cancelled, take it back at once.

        Args:
            session: Whose operation it is.
            operation: What was asked for.
            lost: Called where a cancellation came in the same turn as the outcome, and took its
                place; ``None`` where it does not matter.

        Raises:
            MultichatError: It failed.

        """
        ...
