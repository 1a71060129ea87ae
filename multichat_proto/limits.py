"""
The limits that a server sets on one connection, and the bucket that counts its commands.

The core reads no clock: whoever asks passes the time in.
"""

import msgspec

__all__ = ["MAX_DEPTH", "Limits", "TokenBucket"]

MAX_DEPTH = 64
"""Deepest nesting of a frame, the outer object being level 1 (MC1-JSON-05). Well-formed
commands need one level; the rest is room for members of later versions."""


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """
    What one connection may do (MC1-LIMIT-01).

    Attributes:
        max_message_length: Longest message, in Unicode code points.
        max_rooms: Most rooms that a connection may be in at once.
        command_rate: Commands a second in the long run; 0 switches the rate limit off.
        command_burst: Commands that may come at once after a pause.
        refusal_rate: ``RATE_LIMITED`` answers a second in the long run.
        refusal_burst: ``RATE_LIMITED`` answers before a connection counts as a flood and is
            closed with 1008.

    """

    max_message_length: int = 65_536
    max_rooms: int = 100
    command_rate: float = 50.0
    command_burst: int = 200
    refusal_rate: float = 10.0
    refusal_burst: int = 100


class TokenBucket:
    """
    A bucket of ``burst`` tokens that fills at ``rate`` tokens a second.

    Args:
        rate: Tokens a second.
        burst: Most tokens that it holds; it starts full.

    """

    __slots__ = ("_burst", "_rate", "_tokens", "_when")

    def __init__(self, *, rate: float, burst: float) -> None:
        self._rate = rate
        self._burst = burst
        self._tokens = burst
        self._when: float | None = None

    def take(self, now: float) -> bool:
        """
        Take one token and return True, or return False if there is none.

        Args:
            now: The time in seconds, of any clock that does not run backwards; where it does
                all the same, the bucket does not fill meanwhile.

        """
        if self._when is None:
            self._when = now
        elif now > self._when:
            # Not at each call: what came in one piece comes at one time.
            self._tokens = min(self._burst, self._tokens + (now - self._when) * self._rate)
            self._when = now
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True
