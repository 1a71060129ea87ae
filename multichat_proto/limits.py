"""
The limits that a server sets on one connection, and the bucket that counts its commands.

The core reads no clock: whoever asks passes the time in.
"""

import msgspec

__all__ = ["COMMAND_CHARACTERS", "MAX_DEPTH", "Limits", "TokenBucket"]

MAX_DEPTH = 64
"""Deepest nesting of a frame, the outer object being level 1 (MC1-JSON-05). Well-formed
commands need one level; the rest is room for members of later versions."""


COMMAND_CHARACTERS = 16_384
"""A frame counts as one command more for each so many characters. Reading two million of them
costs as much as a hundred small commands; a rate that only counted frames would not see it."""


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """
    What one connection may do (MC1-LIMIT-01).

    Attributes:
        max_message_length: Longest message, in Unicode code points.
        max_rooms: Most rooms that a connection may be in at once.
        command_rate: Commands a second in the long run; 0 switches the rate limit off. A long
            frame counts as several: one more for each 16,384 characters.
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

    def take(self, now: float, tokens: int = 1) -> bool:
        """
        Take tokens and return True, or return False, and take none, if there are too few.

        Args:
            now: The time in seconds, of any clock that does not run backwards; where it does
                all the same, the bucket does not fill meanwhile.
            tokens: How many; more than the bucket can ever hold count as all that it can.

        """
        if self._when is None:
            self._when = now
        elif now > self._when:
            # Not at each call: what came in one piece comes at one time.
            self._tokens = min(self._burst, self._tokens + (now - self._when) * self._rate)
            self._when = now
        if tokens > self._burst:
            tokens = max(1, int(self._burst))
        if self._tokens < tokens:
            return False
        self._tokens -= tokens
        return True

    def put_back(self, tokens: int = 1) -> None:
        """
        Undo a :meth:`take`: what it was for did not happen.

        Args:
            tokens: How many were taken; the bucket never holds more than it can.

        """
        self._tokens = min(self._burst, self._tokens + tokens)

    def full_at(self, tokens: int = 1) -> float:
        """
        Return when so many tokens will be there, if nobody takes any meanwhile.

        Args:
            tokens: How many; more than the bucket can ever hold count as all that it can.

        """
        if self._when is None:
            return 0.0
        missing = min(tokens, max(1, int(self._burst))) - self._tokens
        if missing <= 0:
            return self._when
        # A moment more: rounding must not make the wait end a trifle too early.
        return self._when + missing / self._rate + 1e-6

    def empty(self, now: float, seconds: float) -> None:
        """Have no token come for so long: the other side has asked for a pause."""
        self._tokens = 0.0
        self._when = max(now, self._when or now) + seconds
