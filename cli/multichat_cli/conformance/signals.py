"""What SIGTERM does to a run."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["both_signals"]


@contextmanager
def both_signals() -> Iterator[None]:
    """Have SIGTERM end a run as Ctrl-C does: in order, with what was found so far."""
    if threading.current_thread() is not threading.main_thread():
        # Where signals do not come.
        yield
        return

    def as_interrupt(*_: object) -> None:
        # Whoever handles Ctrl-C now knows where it is safe to stop: Trio, or Python itself.
        signal.raise_signal(signal.SIGINT)

    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    signal.signal(signal.SIGTERM, as_interrupt)
    if before[signal.SIGINT] is signal.SIG_IGN:
        # So a shell's script starts what it has in the background, and SIGTERM would do nothing.
        signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
