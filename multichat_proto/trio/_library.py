"""How a task waits on Trio."""

from collections.abc import Callable
from typing import TypeVar

import trio

from multichat_proto.session import Operation, Session

__all__ = ["Library"]

T = TypeVar("T")


class Library:
    """Trio, as a chat needs it; see :class:`multichat_proto.async_shell.AsyncLibrary`."""

    def now(self) -> float:
        """Return the time of the running loop, in seconds."""
        return trio.current_time()

    def event(self) -> trio.Event:
        """Return a fresh event."""
        return trio.Event()

    async def begin(self) -> None:
        """Begin a call; a task that was cancelled before asks for nothing."""
        await trio.lowlevel.checkpoint_if_cancelled()

    async def give_way(self) -> None:
        """Let other tasks have their turn."""
        await trio.lowlevel.checkpoint()

    async def result_of(
        self,
        session: Session,
        operation: Operation[T],
        lost: Callable[[], None] | None = None,  # noqa: ARG002  # here a cancellation takes no outcome's place
    ) -> T:
        """
        Wait for an operation; cancelled, take it back in that very moment.

        An event and ``except Cancelled`` would not do: between the cancellation and the task's
        next turn the server may answer, and nobody would be told.
        """
        if operation.is_done:
            await trio.lowlevel.cancel_shielded_checkpoint()
            return operation.result()
        task = trio.lowlevel.current_task()

        def wake() -> None:
            trio.lowlevel.reschedule(task)

        def take_back(_: trio.lowlevel.RaiseCancelT) -> trio.lowlevel.Abort:
            operation.on_done = None
            session.abandon(operation, trio.current_time())
            return trio.lowlevel.Abort.SUCCEEDED

        operation.on_done = wake
        await trio.lowlevel.wait_task_rescheduled(take_back)
        return operation.result()
