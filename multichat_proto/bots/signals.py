"""Ctrl-C for a script: one stops gracefully, two stop at once, three do as Python does."""

import signal
import threading
from collections.abc import Callable
from types import FrameType
from typing import Any, Final, Self

__all__ = ["StopSignals"]

_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)


class StopSignals:
    """
    Turns SIGINT and SIGTERM into calls, inside a ``with`` block of the main thread.

    In another thread it does nothing: Python handles signals in the main one only.

    Args:
        stop: Called at the first signal.
        abort: Called at the second.

    Attributes:
        count: How many signals there were.

    """

    def __init__(self, stop: Callable[[], None], abort: Callable[[], None]) -> None:
        self.count = 0
        self._stop = stop
        self._abort = abort
        self._before: dict[signal.Signals, Any] = {}

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():
            for number in _SIGNALS:
                self._before[number] = signal.signal(number, self._heard)
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _heard(self, number: int, frame: FrameType | None) -> None:
        self.count += 1
        if self.count == 1:
            self._stop()
        elif self.count == 2:
            self._abort()
        else:
            # Somebody's code never gives the others a turn.
            signal.default_int_handler(number, frame)
