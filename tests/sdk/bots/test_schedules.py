"""What runs by the clock neither drifts nor overlaps, and ends with the bot."""

# ruff: noqa: ARG001  # a handler is given more than some of them need

# what a handler is given is not what each one needs

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from multichat_proto.bots import Bot, Context, HandlerTimeout
from multichat_proto.bots.schedule import Schedule
from tests.sdk.bots.stage import Stage, on_both

if TYPE_CHECKING:
    from multichat_proto.chat import AsyncChat
    from multichat_proto.events import ChatEvent


@on_both
async def test_a_schedule_does_not_drift(stage: Stage) -> None:
    """What a run takes adds nothing to the interval."""
    bot = Bot()
    times: list[float] = []

    @bot.every(10)
    async def tick(bot: Bot, chat: AsyncChat) -> None:
        times.append(stage.runtime.now())
        await stage.runtime.sleep(3)
        await chat.rooms[next(iter(chat.rooms))].send("tick")

    async with stage.serving(bot):
        began = stage.runtime.now()
        await stage.pass_time(1_005)

        assert [round(time - began, 6) for time in times] == [10 * n for n in range(1, 101)]
        assert stage.replies() == ["tick"] * 100


@on_both
async def test_a_run_that_is_late_lets_the_next_fall_out(stage: Stage) -> None:
    """Never two at a time, and none is made up for."""
    bot = Bot()
    times: list[float] = []
    running = [0, 0]

    @bot.every(10)
    async def tick(bot: Bot, chat: AsyncChat) -> None:
        times.append(stage.runtime.now())
        running[0] += 1
        running[1] = max(running)
        await stage.runtime.sleep(25 if len(times) == 2 else 1)
        running[0] -= 1

    async with stage.serving(bot):
        began = stage.runtime.now()
        await stage.pass_time(72)

    assert [round(time - began) for time in times] == [10, 20, 50, 60, 70]
    assert running == [0, 1]


@on_both
async def test_jitter_is_added_to_each_run_by_itself(stage: Stage) -> None:
    randoms = iter([0.0, 0.5, 0.25, 0.999, 0.0, 0.0])
    bot = Bot(random=lambda: next(randoms))
    times: list[float] = []

    @bot.every(10, jitter=4)
    async def tick(bot: Bot, chat: AsyncChat) -> None:
        times.append(stage.runtime.now())

    async with stage.serving(bot):
        began = stage.runtime.now()
        await stage.pass_time(51)

    assert [round(time - began, 3) for time in times] == [10, 22, 31, 43.996, 50]


@on_both
async def test_an_error_or_timeout_of_a_run_ends_only_that_run(stage: Stage) -> None:
    bot = Bot()
    told: list[tuple[str, str, object]] = []

    @bot.every(10)
    async def fails(bot: Bot, chat: AsyncChat) -> None:
        raise ZeroDivisionError

    @bot.every(10, timeout=5)
    async def hangs(bot: Bot, chat: AsyncChat) -> None:
        await stage.runtime.event().wait()

    @bot.on_error
    async def tell(ctx: Context[ChatEvent | None], exc: Exception) -> None:
        told.append((ctx.handler.rpartition(".")[2], type(exc).__name__, ctx.event))

    async with stage.serving(bot):
        await stage.pass_time(26)

    assert told == [
        ("fails", "ZeroDivisionError", None),
        ("hangs", HandlerTimeout.__name__, None),
        ("fails", "ZeroDivisionError", None),
        ("hangs", HandlerTimeout.__name__, None),
    ]


@on_both
async def test_schedules_run_on_without_a_connection(stage: Stage) -> None:
    bot = Bot()
    states: set[str] = set()

    @bot.every(10)
    async def tick(bot: Bot, chat: AsyncChat) -> None:
        states.add(str(chat.state))

    async with stage.serving(bot):
        await stage.pass_time(11)
        stage.server.refuse(503, times=None)
        stage.server.restart()
        await stage.pass_time(300)
        stage.server.accept()
        await stage.pass_time(60)

        assert "waiting" in states
        assert "connected" in states


@on_both
async def test_a_schedule_ends_with_the_bot(stage: Stage) -> None:
    """One that sleeps is not waited for, nor begun; one that runs has the time to end."""
    bot = Bot(stop_timeout=5)
    ended: list[float] = []

    @bot.every(1_000)
    async def rarely(bot: Bot, chat: AsyncChat) -> None: ...

    @bot.every(12)
    async def due_meanwhile(bot: Bot, chat: AsyncChat) -> None:
        ended.append(stage.runtime.now())

    @bot.every(10)
    async def tick(bot: Bot, chat: AsyncChat) -> None:
        await stage.runtime.sleep(4)
        ended.append(stage.runtime.now())

    async with stage.serving(bot):
        began = stage.runtime.now()
        await stage.pass_time(11)

    assert [round(time - began, 3) for time in ended] == [14]
    assert stage.runtime.now() - began < 16


@given(
    seconds=st.floats(0.001, 1e6),
    start=st.floats(0, 1e9),
    waits=st.lists(st.floats(0, 1e4), max_size=20),
)
def test_runs_only_go_forward(seconds: float, start: float, waits: list[float]) -> None:
    """Whatever the clock and the runs do, no run comes twice, and none before its time."""

    async def tick(bot: Bot, chat: AsyncChat) -> None: ...

    schedule = Schedule(function=tick, name="tick", seconds=seconds, jitter=0.0, timeout=None)
    now, run = start, 0
    for wait in waits:
        following = schedule.next_run(run, start=start, now=now)
        due = schedule.due(following, start=start, random=0.0)

        assert following > run
        assert due == pytest.approx(start + following * seconds)
        run, now = following, max(now, due) + wait
