"""
Deadlines of many connections, in one task.

A cancel scope around each read would cost more than the read. Here each connection has one
timer; most of them are put off long before they are due, which costs nothing until then: a
timer that comes due asks its owner when it really is.
"""

import heapq
from collections.abc import Callable
from math import inf

import trio

__all__ = ["Timer", "Timers"]


class Timer:
    """
    One deadline of one owner.

    Attributes:
        when: When it is due, on Trio's clock.

    """

    __slots__ = ("_check", "when")

    def __init__(self, when: float, check: Callable[[float], float | None]) -> None:
        self.when = when
        self._check: Callable[[float], float | None] | None = check

    def __lt__(self, other: "Timer") -> bool:
        return self.when < other.when

    def cancel(self) -> None:
        """Forget the owner. Calling it again does nothing."""
        self._check = None

    def ring(self, now: float) -> float | None:
        """Ask the owner to do what is due; return when to ask again, ``None`` for never."""
        return None if self._check is None else self._check(now)


class Timers:
    """All timers that run. Their task is :meth:`run`."""

    def __init__(self) -> None:
        self._heap: list[Timer] = []
        self._sooner = trio.Event()

    def start(self, when: float, check: Callable[[float], float | None]) -> Timer:
        """
        Call ``check`` with the time when it is due.

        Args:
            when: When that is, on Trio's clock.
            check: Does what is due, if anything, and returns when to be called again, or
                ``None`` for never.

        """
        timer = Timer(when, check)
        heapq.heappush(self._heap, timer)
        if self._heap[0] is timer:
            self._sooner.set()
        return timer

    async def run(self) -> None:
        """Ring what is due until cancelled."""
        while True:
            self._sooner = trio.Event()
            with trio.move_on_at(self._heap[0].when if self._heap else inf):
                await self._sooner.wait()
            now = trio.current_time()
            while self._heap and self._heap[0].when <= now:
                timer = heapq.heappop(self._heap)
                again = timer.ring(now)
                if again is not None:
                    timer.when = again
                    heapq.heappush(self._heap, timer)
