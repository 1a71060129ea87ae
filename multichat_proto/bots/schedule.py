"""
When a scheduled function runs next.

Run *n* is due ``n`` intervals after the start, so that what it takes and what the clock rounds
never add up; jitter is added to each run by itself. A run that is still going on when the next
is due lets that one fall out: there are never two at a time, and none is made up for.
"""

import dataclasses
import enum
import math
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Final, Literal

from multichat_proto.bots.exceptions import HandlerInvalid
from multichat_proto.chat import AsyncChat

if TYPE_CHECKING:
    from multichat_proto.bots.bot import Bot

__all__ = ["DEFAULT", "Default", "Hook", "Schedule", "Timeout", "checked_timeout"]


class Default(enum.Enum):
    """Stands for what the bot says itself."""

    DEFAULT = enum.auto()


DEFAULT: Final = Default.DEFAULT

Timeout = float | None | Literal[Default.DEFAULT]
"""Longest time for one call, in seconds; ``None``: no limit; left out: the bot's."""

Hook = Callable[["Bot", AsyncChat], Awaitable[object]]
"""What runs at the start, at the stop or by the clock: ``async def tick(bot, chat)``."""

_SHORTEST: Final = 0.001
"""Seconds; more often than this is a loop, not a schedule."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """
    A function that runs again and again.

    Attributes:
        function: It.
        name: Its name.
        seconds: The interval.
        jitter: The most that is added to each due time, random, at most the interval.
        timeout: Longest time for one run, in seconds; see :data:`Timeout`.

    """

    function: Hook
    name: str
    seconds: float
    jitter: float
    timeout: Timeout

    def __post_init__(self) -> None:
        if not (math.isfinite(self.seconds) and self.seconds >= _SHORTEST):
            raise HandlerInvalid(
                f"every: an interval is a number of seconds, at least {_SHORTEST}, not"
                f" {self.seconds!r}"
            )
        if not 0 <= self.jitter <= self.seconds:
            raise HandlerInvalid(
                f"every: jitter is between 0 and the interval of {self.seconds:g} seconds, not"
                f" {self.jitter!r}"
            )

    def next_run(self, last: int, *, start: float, now: float) -> int:
        """
        Return the number of the next run.

        Args:
            last: The number of the last one; 0 if there was none.
            start: When all began.
            now: The time.

        """
        return max(last + 1, math.floor((now - start) / self.seconds) + 1)

    def due(self, run: int, *, start: float, random: float) -> float:
        """Return when a run is due; ``random`` is between 0 and 1."""
        return start + run * self.seconds + random * self.jitter


def checked_timeout(decorator: str, timeout: Timeout) -> Timeout:
    """
    Return a timeout that makes sense.

    Raises:
        HandlerInvalid: It makes none.

    """
    if isinstance(timeout, int | float) and not timeout > 0:
        raise HandlerInvalid(f"{decorator}: a timeout is more than 0 seconds, not {timeout!r}")
    return timeout
