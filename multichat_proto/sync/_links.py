"""One connection as the sync shell's threads share it, and how one of them reports its end."""

import threading
from collections.abc import Callable
from types import TracebackType
from typing import Protocol, runtime_checkable

from multichat_proto.transport import OpenRequest, SyncTransport

__all__ = ["Attempt", "CanGiveUp", "Link", "Reporting", "TellsPongs"]


class Attempt(Protocol):
    """An attempt to open a connection that can be given up from another thread."""

    def open(self, request: OpenRequest) -> SyncTransport: ...

    def cancel(self) -> None: ...


@runtime_checkable
class CanGiveUp(Protocol):
    """A connector whose attempts can be given up."""

    def attempt(self) -> Attempt: ...


@runtime_checkable
class TellsPongs(Protocol):
    """A transport that says when a pong has come, and need not be asked."""

    on_pong: Callable[[], None] | None


class Link:
    """
    One connection, from the attempt to open it; everything here is touched under the lock.

    Attributes:
        number: Its number in the session.
        attempt: What opens it, if that can be given up.
        open_by: When it is to be open at the latest; ``None`` once it is, or is not.
        transport: The connection, once it is open.
        job: What the writer is to do, and does; ``None`` once it is done.
        work: Notified when there is a job, or the end has come.
        is_ended: Whether the session has done with it.
        pongs: The pongs that the session was told of.

    """

    def __init__(
        self, number: int, attempt: Attempt | None, open_by: float, lock: threading.Lock
    ) -> None:
        self.number = number
        self.attempt = attempt
        self.open_by: float | None = open_by
        self.transport: SyncTransport | None = None
        self.job: Callable[[], None] | None = None
        self.work = threading.Condition(lock)
        self.is_ended = False
        self.pongs = 0


class Reporting:
    """Hands over what a thread dies of, for the block's own thread to raise."""

    def __init__(self, report: Callable[[BaseException], None]) -> None:
        self._report = report

    def __enter__(self) -> None:
        pass

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> bool:
        if exc is not None:
            self._report(exc)
        return True
