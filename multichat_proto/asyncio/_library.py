"""How a task waits under asyncio."""

import asyncio
from collections.abc import Callable
from typing import Any, TypeVar

from multichat_proto.session import Operation, Session

__all__ = ["Library"]

T = TypeVar("T")


class Library:
    """asyncio, as a chat needs it; see :class:`multichat_proto.async_shell.AsyncLibrary`."""

    def now(self) -> float:
        """Return the time of the running loop, in seconds."""
        return asyncio.get_running_loop().time()

    def event(self) -> asyncio.Event:
        """Return a fresh event."""
        return asyncio.Event()

    async def begin(self) -> None:
        """Do nothing: asyncio cancels a task where it waits, and not before."""

    async def give_way(self) -> None:
        """Let other tasks have their turn."""
        await asyncio.sleep(0)

    async def result_of(
        self, session: Session, operation: Operation[T], lost: Callable[[], None] | None = None
    ) -> T:
        """Wait for an operation; cancelled, take it back in that very moment."""
        try:
            if not operation.is_done:
                waiting = _Waiting(session, operation)
                operation.on_done = waiting.wake
                await waiting
        except asyncio.CancelledError:
            # What became of it may have come in the same turn of the loop, just before.
            if lost is not None and operation.is_done:
                lost()
            raise
        return operation.result()


class _Waiting(asyncio.Future[None]):
    """
    A task's wait for an operation.

    ``except CancelledError`` would come too late: between the cancellation and the task's next
    turn the server may answer, and nobody would be told.
    """

    def __init__(self, session: Session, operation: Operation[Any]) -> None:
        super().__init__()
        self._session = session
        self._operation = operation

    def wake(self) -> None:
        if not self.done():
            self.set_result(None)

    def cancel(self, msg: Any | None = None) -> bool:
        if self.done():
            return False
        self._operation.on_done = None
        self._session.abandon(self._operation, self.get_loop().time())
        return super().cancel(msg)
