"""The time of the sync client, and how its threads wait: a seam for tests."""

import threading
import time
from typing import Final

__all__ = ["Clock"]

_GLANCE: Final = 0.5
"""Longest time, in seconds, that the main thread waits without looking up: Ctrl-C that comes in
the moment before a wait begins is seen only by who runs again."""


class Clock:
    """The system's monotonic clock; a test puts another one in its place."""

    def now(self) -> float:
        """Return the time in seconds; it does not run backwards."""
        return time.monotonic()

    def wait(self, condition: threading.Condition, timeout: float | None) -> None:
        """
        Wait until the condition is notified, or so many seconds have passed.

        It may return early; who waits looks again.

        Args:
            condition: It is held by the caller, and again when this returns.
            timeout: Longest wait, in seconds; ``None`` waits for the notice alone.

        """
        if threading.current_thread() is threading.main_thread():
            timeout = _GLANCE if timeout is None else min(timeout, _GLANCE)
        condition.wait(timeout)
