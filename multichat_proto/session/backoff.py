"""How long to wait before connecting again: growing, random, and never longer than the cap."""

from collections.abc import Callable

from multichat_proto.options import Backoff

__all__ = ["Waits", "longest_wait"]


def longest_wait(backoff: Backoff, failures: int) -> float:
    """Return the longest wait, in seconds, after so many failures before this one."""
    try:
        return min(backoff.cap, backoff.first * backoff.factor**failures)
    except OverflowError:
        return backoff.cap


class Waits:
    """
    The waits of one session, with full jitter (MC1-CLIENT-10).

    Args:
        backoff: First, growth and cap.
        random: Returns a number from 0 up to, but not including, 1.

    """

    def __init__(self, backoff: Backoff, random: Callable[[], float]) -> None:
        self._backoff = backoff
        self._random = random
        self._failures = 0

    def next(self, *, is_long: bool = False, at_least: float = 0.0) -> float:
        """
        Return the seconds to wait before the next attempt.

        Args:
            is_long: Whether the server asked for patience (close code 1013).
            at_least: What it asked for in numbers; never more than the cap is granted.

        """
        backoff = self._backoff
        wait = self._random() * longest_wait(backoff, self._failures)
        self._failures += 1
        if is_long:
            wait += backoff.long_first
        return min(backoff.cap, max(wait, at_least))

    def reset(self) -> None:
        """Begin with the first wait again."""
        self._failures = 0
