"""Wherever a bot is cut short, it ends whole: hooks, connection, tasks, books."""

# ruff: noqa: ARG001, ARG005  # a handler is given more than some of them need

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import pytest

from multichat_proto import Gap, RoomMessage
from multichat_proto.bots import Bot, Context
from tests.sdk.bots.stage import LIBRARIES, Stage, play

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from multichat_proto.chat import AsyncChat
    from multichat_proto.events import ChatEvent

STEPS = 80
"""Turns of the scheduler; the story is over well before."""


@pytest.fixture(autouse=True)
def silence() -> Iterator[None]:
    """What is cut short is logged, rightly."""
    logger = logging.getLogger("multichat_proto.bots")
    logger.disabled = True
    yield
    logger.disabled = False


async def act(stage: Stage, steps: int, end: Callable[[Bot], bool]) -> list[str]:
    """Serve a bot that does a bit of everything; end it after so many turns."""
    bot = Bot(stop_timeout=5)
    seen: list[str] = []

    @bot.on_start
    async def start(bot: Bot, chat: AsyncChat) -> None:
        seen.append("start")
        await stage.runtime.sleep(0)
        await (await chat.join("2")).send("here I am")
        for text in ("!roll", "beside", "ask", "!roll six"):
            stage.server.say("alice", "1", text)

    @bot.command()
    async def roll(ctx: Context[RoomMessage], sides: int = 6) -> None:
        await ctx.reply("4")
        await (await ctx.chat.join("3")).leave()

    @bot.on_message(pattern="beside", background=True)
    async def beside(ctx: Context[RoomMessage]) -> None:
        await ctx.wait_for(RoomMessage)
        await ctx.reply("heard")

    @bot.on_message(pattern="ask")
    async def ask(ctx: Context[RoomMessage]) -> None:
        await ctx.ask("yes?")

    @bot.on_stop
    async def stop(bot: Bot, chat: AsyncChat) -> None:
        await stage.runtime.sleep(0)
        seen.append("stop")

    async def serve() -> None:
        await bot.serve("ws://test", rooms=["1"], **stage.arguments())
        seen.append("returned")

    async with stage.runtime.tasks() as tasks:
        tasks.start(serve)
        while not bot._runs:
            await stage.runtime.sleep(0)
        for _ in range(steps):
            await stage.runtime.sleep(0)
        if end(bot):
            tasks.cancel()
    assert stage.server.connections == ()
    assert bot._runs == set()
    assert seen.count("start") == seen.count("stop") <= 1
    bot.on_message(roll)  # it serves no more
    return seen


@pytest.mark.parametrize("library", LIBRARIES)
def test_a_bot_can_be_cancelled_at_every_turn(library: str) -> None:
    ends: list[list[str]] = []

    async def story(stage: Stage) -> None:
        ends.append(await act(stage, len(ends), lambda bot: True))

    while len(ends) < STEPS:
        play(library, story)

    assert [] in ends
    assert ["start", "stop"] in ends
    assert all("returned" not in seen for seen in ends)


@pytest.mark.parametrize("library", LIBRARIES)
def test_a_bot_can_be_stopped_at_every_turn(library: str) -> None:
    """It takes its time, and returns."""
    ends: list[list[str]] = []

    async def story(stage: Stage) -> None:
        began = stage.runtime.now()
        ends.append(await act(stage, len(ends) + 1, lambda bot: bool(bot.stop())))  # type: ignore[func-returns-value]
        assert stage.runtime.now() - began < 20

    while len(ends) < STEPS:
        play(library, story)

    assert ["returned"] in ends
    assert ["start", "stop", "returned"] in ends
    assert all(seen[-1] == "returned" for seen in ends)


@pytest.mark.parametrize("library", LIBRARIES)
def test_a_bot_can_be_aborted_at_every_turn(library: str) -> None:
    """What the second Ctrl-C does, in no time."""
    ends: list[list[str]] = []

    async def story(stage: Stage) -> None:
        began = stage.runtime.now()
        ends.append(await act(stage, len(ends) + 1, lambda bot: bool(bot._abort())))  # type: ignore[func-returns-value]
        assert stage.runtime.now() - began < 1

    while len(ends) < STEPS:
        play(library, story)

    assert ["returned"] in ends
    assert ["start", "stop", "returned"] in ends
    assert all(seen[-1] == "returned" for seen in ends)


@pytest.mark.parametrize("library", LIBRARIES)
def test_nothing_is_missed_uncounted_in_a_flood(library: str) -> None:
    """More messages at once than any queue takes: each is handled, or counted in a Gap."""
    handled: list[str] = []
    missed: list[int] = []

    async def story(stage: Stage) -> None:
        bot = Bot(max_queue=50)
        gate = stage.runtime.event()

        @bot.on_message
        async def handle(ctx: Context[RoomMessage]) -> None:
            handled.append(ctx.event.text)
            await gate.wait()
            await stage.runtime.sleep(0)

        @bot.on_event(Gap)
        async def gap(ctx: Context[Gap]) -> None:
            missed.append(ctx.event.dropped)

        @bot.on_error
        async def fail(ctx: Context[ChatEvent | None], exc: Exception) -> None:
            raise AssertionError from exc

        async with stage.serving(bot, rooms=("1",)):
            stage.server.enter("alice", "1")
            await stage.settle()
            for number in range(3_000):
                stage.server.say("alice", "1", str(number))
                if number == 2_000:
                    await stage.settle()
                    gate.set()
            await stage.settle()

    play(library, story)

    assert len(handled) + sum(missed) == 3_000
    assert missed
    assert handled[-1] == "2999"
    assert [int(text) for text in handled] == sorted(int(text) for text in handled)
