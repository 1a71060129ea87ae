"""Deadlines of many connections."""

import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from multichat_server.engine.timers import Timers


async def test_timers_ring_when_due_and_may_put_themselves_off(mock_clock: MockClock) -> None:
    timers = Timers()
    rung: list[tuple[str, float]] = []
    start = trio.current_time()

    def once(now: float) -> None:
        rung.append(("once", now - start))

    def twice(now: float) -> float | None:
        rung.append(("twice", now - start))
        return now + 10 if len(rung) < 3 else None

    timers.start(start + 5, twice)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(timers.run)
        await wait_all_tasks_blocked()
        timers.start(start + 2, once)
        timers.start(start + 100, once)
        for _ in range(30):
            mock_clock.jump(1)
            await wait_all_tasks_blocked()
        nursery.cancel_scope.cancel()

    assert rung == [("once", 2), ("twice", 5), ("twice", 15)]


async def test_a_cancelled_timer_does_not_ring(mock_clock: MockClock) -> None:
    timers = Timers()
    rung: list[float] = []
    timer = timers.start(trio.current_time() + 1, lambda now: rung.append(now))

    timer.cancel()
    timer.cancel()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(timers.run)
        await wait_all_tasks_blocked()
        mock_clock.jump(2)
        await wait_all_tasks_blocked()
        nursery.cancel_scope.cancel()

    assert rung == []
