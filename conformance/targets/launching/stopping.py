"""
Waiting that ends when somebody asks the program to stop.

Signals wake a socket pair, and everything that waits here waits on it too: for a child to
end, for an answer, for a lock. So a request to stop is seen at once, and always at a place
where it is safe to unwind. Nothing else in this program sleeps or blocks for long.
"""

from __future__ import annotations

import os
import select
import signal
import socket
import subprocess
import sys
import time
from types import TracebackType
from typing import Protocol, Self

__all__ = ["CannotRun", "HasFileno", "Stopped", "Stopping"]

_STOPS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


class HasFileno(Protocol):
    """Something that ``select`` can wait on."""

    def fileno(self) -> int:
        """Return the file descriptor."""


class CannotRun(Exception):
    """What this target needs is missing here; the text is a sentence for the user."""


class Stopped(Exception):
    """Somebody asked the program to stop."""


class Stopping:
    """
    Turns signals, and if wished the end of standard input, into ``Stopped``.

    A context manager, for the main thread only; on leaving, the handlers are as before.

    Args:
        at_eof: Whether the end of standard input is a request to stop too.

    """

    def __init__(self, *, at_eof: bool = False) -> None:
        self._at_eof = at_eof
        self._asked = False
        self._read, self._write = socket.socketpair()
        self._read.setblocking(False)
        self._write.setblocking(False)

    def __enter__(self) -> Self:
        self._old_fd = signal.set_wakeup_fd(self._write.fileno(), warn_on_full_buffer=False)
        self._old = {
            number: signal.signal(number, self._received) for number in (*_STOPS, signal.SIGCHLD)
        }
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        for number, handler in self._old.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(self._old_fd)
        self._read.close()
        self._write.close()

    def _received(self, number: int, _frame: object) -> None:
        if number in _STOPS:
            self._asked = True

    def check(self) -> None:
        """
        Go on only if nobody asked to stop.

        Raises:
            Stopped: Somebody did.

        """
        if self._asked:
            raise Stopped

    def wait(self, timeout: float | None, *readable: HasFileno) -> list[HasFileno]:
        """
        Wait until something happens: a signal, the end of a child, or something to read.

        Args:
            timeout: The longest wait in seconds; ``None`` waits forever.
            *readable: What else to wait for.

        Returns:
            Those of ``readable`` that can be read. Empty after a signal or the timeout: the
            caller looks again at what it waits for.

        Raises:
            Stopped: Somebody asked the program to stop.

        """
        self.check()
        watched: list[HasFileno] = [self._read, *readable]
        if self._at_eof:
            watched.append(sys.stdin)
        ready, _, _ = select.select(watched, [], [], timeout)
        if self._read in ready:
            self._read.recv(4096)
        if self._at_eof and sys.stdin in ready and not os.read(sys.stdin.fileno(), 4096):
            self._asked = True
        self.check()
        return [item for item in ready if item in readable]

    def wait_for_end(self, child: subprocess.Popen[bytes], timeout: float | None) -> int | None:
        """
        Wait for a child to end.

        Args:
            child: The process.
            timeout: The longest wait in seconds; ``None`` waits forever.

        Returns:
            Its exit status, or ``None`` if it still runs after ``timeout``.

        Raises:
            Stopped: Somebody asked the program to stop; the child still runs.

        """
        end = None if timeout is None else time.monotonic() + timeout
        while (status := child.poll()) is None:
            left = None if end is None else end - time.monotonic()
            if left is not None and left <= 0:
                return None
            self.wait(left)
        return status
