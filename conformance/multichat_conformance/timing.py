"""
How long the suite waits: made from measured round trips, never guessed.

Two waits are told apart. *Patience* is for what must come: it ends the moment it comes, so it
may be long. The *quiet window* is for what must not come, and is used only where a target does
not keep order (see :mod:`multichat_conformance.stage`); it is waited in full.
"""

from bisect import bisect_left, insort
from collections import deque
from dataclasses import dataclass, field
from math import ceil
from statistics import median
from threading import Lock
from typing import Final

import trio

__all__ = ["LEAST_GRACE", "LEAST_PATIENCE", "SEEN_WITHIN", "RoundTrips", "pause", "quiet_window"]

LEAST_PATIENCE: Final = 5.0
"""Seconds. A busy machine stalls a process for a second or two now and then; a wait that ends
before five would accuse a target for what its host did."""

MOST_PATIENCE: Final = 60.0
"""Seconds. Beyond this nobody would wait in a chat either."""

SEEN_WITHIN: Final = 1.0
"""Seconds in which a server must see that a user or a room has changed: "give or take a second"
(MC1-AUTH-05)."""

LEAST_GRACE: Final = 2.0
"""Seconds on top of a bound that a clause states. The bound is the target's, this is for the way
there and back and for a host that stalls: a second would accuse the innocent."""

_PATIENCE_ROUND_TRIPS: Final = 20
_HURRY_ROUND_TRIPS: Final = 20
_GRACE_ROUND_TRIPS: Final = 4
_QUIET_ROUND_TRIPS: Final = 5
_LEAST_GAP: Final = 0.02
_LEAST_QUIET: Final = 0.05


_REMEMBERED: Final = 200
"""Round trips that are looked back upon."""

_MOST: Final = 0.95
"""Of them; the few slowest are taken for accidents."""


@dataclass(slots=True)
class _Samples:
    """
    The last of them in seconds, and the slowest of all.

    Attributes:
        values: In the order in which they were measured.
        ordered: The same from the quickest to the slowest, kept so: each wait asks for quantiles.
        slowest: The longest ever.

    """

    values: deque[float] = field(default_factory=deque)
    ordered: list[float] = field(default_factory=list)
    slowest: float = 0.0
    # Stories that are told aside have threads of their own.
    adding: Lock = field(default_factory=Lock)

    def add(self, seconds: float) -> None:
        with self.adding:
            self._add(seconds)

    def _add(self, seconds: float) -> None:
        if len(self.values) == _REMEMBERED:
            del self.ordered[bisect_left(self.ordered, self.values.popleft())]
        self.values.append(seconds)
        insort(self.ordered, seconds)
        self.slowest = max(self.slowest, seconds)

    def copy(self) -> "_Samples":
        with self.adding:
            return _Samples(self.values.copy(), self.ordered.copy(), self.slowest)


class RoundTrips:
    """
    The round trips that were measured in this run.

    Args:
        patience: Seconds to wait for what must come, whatever is measured; None: from the
            measurements.

    """

    def __init__(self, patience: float | None = None) -> None:
        self._fixed = patience
        self._samples = _Samples()

    def in_a_hurry(self, patience: float) -> "RoundTrips":
        """Return the same measurements with less patience, for what is told again with more."""
        # Of the median, for one that stalled once would be waited for at leisure ever after.
        hurried = RoundTrips(min(self.patience, max(patience, _HURRY_ROUND_TRIPS * self.median)))
        hurried._samples = self._samples
        return hurried

    def copy(self) -> "RoundTrips":
        """Return one that starts with the same measurements and adds none to these."""
        copied = RoundTrips(self._fixed)
        copied._samples = self._samples.copy()
        return copied

    def add(self, seconds: float) -> None:
        """Take one more into account."""
        self._samples.add(seconds)

    @property
    def median(self) -> float:
        """The median in seconds; 0 before the first."""
        return median(self._samples.ordered) if self._samples.ordered else 0.0

    @property
    def slowest(self) -> float:
        """The longest in seconds; 0 before the first."""
        return self._samples.slowest

    @property
    def slow(self) -> float:
        """
        What most of the last round trips took at most, in seconds; 0 before the first.

        Not the longest: one that stalled would loosen every bound for the rest of the run.
        """
        values = self._samples.ordered
        return values[max(0, ceil(_MOST * len(values)) - 1)] if values else 0.0

    @property
    def patience(self) -> float:
        """Seconds to wait for what must come."""
        if self._fixed is not None:
            return self._fixed
        return min(MOST_PATIENCE, max(LEAST_PATIENCE, _PATIENCE_ROUND_TRIPS * self.slow))

    @property
    def grace(self) -> float:
        """Seconds that are granted on top of a bound that a clause or the target states."""
        if self._fixed is not None:
            return self._fixed
        return max(LEAST_GRACE, _GRACE_ROUND_TRIPS * self.slow)

    @property
    def gap(self) -> float:
        """Seconds between two writes that the target must not get in one read."""
        return max(_LEAST_GAP, self.median)

    @property
    def quiet(self) -> float:
        """Seconds in which nothing must come where absence cannot be shown by order."""
        return max(_LEAST_QUIET, _QUIET_ROUND_TRIPS * self.median)


async def quiet_window(seconds: float) -> None:
    """Let a quiet window pass, in which nothing must come."""
    await trio.sleep(seconds)


async def pause(seconds: float) -> None:
    """Let time pass between two steps whose pace a story is about."""
    await trio.sleep(seconds)
