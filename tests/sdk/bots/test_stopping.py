"""A bot ends when it is told to, when its session ends, when it is cancelled: always whole."""

# ruff: noqa: ARG001  # a handler is given more than some of them need

# what a handler is given is not what each one needs

from __future__ import annotations

import asyncio
import logging
import pickle
import threading
from typing import TYPE_CHECKING

import pytest
import trio

from multichat_proto import (
    Connected,
    ConnectionClosed,
    HandshakeRefused,
    LocalProtocolError,
    Options,
    RoomMessage,
)
from multichat_proto.bots import Bot, Context, HandlerCancelled, HandlerTimeout
from multichat_proto.bots.runtime import only_cause, running
from tests.sdk.bots.stage import LIBRARIES, Stage, on_both, play

if TYPE_CHECKING:
    from multichat_proto.chat import AsyncChat
    from multichat_proto.events import ChatEvent


@on_both
async def test_a_stop_lets_handlers_end(stage: Stage) -> None:
    """No new events; what runs goes on; then the stop hooks, the last one first; goodbye."""
    bot = Bot(stop_timeout=5)
    seen: list[str] = []

    @bot.on_message
    async def handle(ctx: Context[RoomMessage]) -> None:
        seen.append(ctx.event.text)
        if ctx.event.text == "slow":
            await stage.runtime.sleep(4)
            await ctx.reply("done")

    @bot.on_stop
    async def last(bot: Bot, chat: AsyncChat) -> None:
        seen.append("last hook")

    @bot.on_stop
    async def first(bot: Bot, chat: AsyncChat) -> None:
        seen.append("first hook")
        await (await chat.join("1")).send("bye")

    async with stage.serving(bot) as serving:
        await stage.say("slow")
        await stage.say("waits for the slow one")
        bot.stop()
        await stage.settle()
        await stage.say("too late")
        await stage.say("too late", room="2")
        assert not serving.ended.is_set()

        await stage.pass_time(4)
        assert serving.ended.is_set()
        assert stage.replies() == ["done", "bye"]
        assert seen == ["slow", "first hook", "last hook"]
        assert stage.server.connections == ()


@on_both
async def test_a_handler_that_does_not_end_is_cancelled(stage: Stage) -> None:
    bot = Bot(stop_timeout=5)
    seen: list[str] = []

    @bot.on_message(pattern="^one$")
    async def hangs(ctx: Context[RoomMessage]) -> None:
        try:
            await stage.runtime.event().wait()
        finally:
            seen.append("cancelled")

    @bot.on_message(pattern="^two$", background=True)
    async def hangs_beside(ctx: Context[RoomMessage]) -> None:
        try:
            await stage.runtime.event().wait()
        finally:
            seen.append("cancelled, too")

    @bot.on_stop
    async def stop(bot: Bot, chat: AsyncChat) -> None:
        seen.append("stop")

    logging.getLogger("multichat_proto.bots").disabled = True
    try:
        async with stage.serving(bot):
            await stage.say("two")
            await stage.say("one")
            began = stage.runtime.now()
    finally:
        logging.getLogger("multichat_proto.bots").disabled = False

    assert round(stage.runtime.now() - began) == 5
    assert sorted(seen[:2]) == ["cancelled", "cancelled, too"]
    assert seen[2:] == ["stop"]


@on_both
async def test_a_handler_may_stop_the_bot(stage: Stage) -> None:
    bot = Bot()

    @bot.command()
    async def leave(ctx: Context[RoomMessage]) -> None:
        ctx.bot.stop()
        await ctx.reply("bye")

    async with stage.serving(bot) as serving:
        await stage.say("!leave")

        assert serving.ended.is_set()
        assert stage.replies() == ["bye"]


@on_both
async def test_another_thread_may_stop_the_bot(stage: Stage) -> None:
    bot = Bot()

    async with stage.serving(bot) as serving:
        thread = threading.Thread(target=bot.stop)
        thread.start()
        thread.join()
        await serving.ended.wait()


@on_both
async def test_a_stop_while_it_connects_ends_it(stage: Stage) -> None:
    bot = Bot()
    stage.server.refuse(503, times=None)

    @bot.on_start
    async def start(bot: Bot, chat: AsyncChat) -> None:
        raise AssertionError("there is no chat")

    async with stage.serving(bot) as serving:
        await stage.pass_time(3)
        assert not serving.ended.is_set()
        bot.stop()
        await stage.settle()
        assert serving.ended.is_set()


@on_both
async def test_a_stop_while_it_starts_ends_it(stage: Stage) -> None:
    bot = Bot()
    seen: list[str] = []

    @bot.on_start
    async def start(bot: Bot, chat: AsyncChat) -> None:
        await stage.runtime.event().wait()

    @bot.on_stop
    async def stop(bot: Bot, chat: AsyncChat) -> None:
        seen.append("stop")

    async with stage.serving(bot) as serving:
        bot.stop()
        await stage.settle()
        assert serving.ended.is_set()

    assert seen == ["stop"]


@on_both
async def test_a_stop_of_a_bot_that_does_not_serve_is_nothing(stage: Stage) -> None:
    bot = Bot()
    bot.stop()

    async with stage.serving(bot) as serving:
        assert not serving.ended.is_set()
    bot.stop()

    async with stage.serving(bot) as serving:
        assert not serving.ended.is_set()


@on_both
async def test_the_end_of_the_session_comes_out_as_it_is(stage: Stage) -> None:
    """In no group; handlers have their time, and stop hooks run."""
    bot = Bot()
    seen: list[object] = []

    @bot.on_message
    async def handle(ctx: Context[RoomMessage]) -> None:
        try:
            await ctx.wait_for(RoomMessage)
        except ConnectionClosed as exc:
            seen.append(exc.code)

    @bot.on_stop
    async def stop(bot: Bot, chat: AsyncChat) -> None:
        seen.append("stop")

    async with stage.serving(bot) as serving:
        await stage.say("wait")
        stage.server.close("robot", 1002)
        await stage.settle()
        assert serving.ended.is_set()
        failure = serving.failure()

    assert isinstance(failure, ConnectionClosed)
    assert failure.code == 1002
    assert seen == [1002, "stop"]


@on_both
async def test_a_bot_that_cannot_connect_says_why(stage: Stage) -> None:
    stage.server.refuse(403)

    async with stage.serving(Bot()) as serving:
        assert isinstance(serving.failure(), HandshakeRefused)

    with pytest.raises(LocalProtocolError):
        await Bot().serve("no address")


@on_both
async def test_the_arguments_reach_connect(stage: Stage) -> None:
    stage.server.refuse(503)

    arguments = stage.arguments()
    arguments["options"] = Options(reconnect=False)

    with pytest.raises(HandshakeRefused):
        await Bot().serve("ws://test", **arguments)


@on_both
async def test_a_start_hook_that_fails_ends_the_bot(stage: Stage) -> None:
    """And the stop hooks run: what other start hooks have opened must be closed."""
    bot = Bot(handler_timeout=10)
    seen: list[str] = []

    @bot.on_start
    async def opens(bot: Bot, chat: AsyncChat) -> None:
        seen.append("open")

    @bot.on_start
    async def hangs(bot: Bot, chat: AsyncChat) -> None:
        await stage.runtime.event().wait()

    @bot.on_stop
    async def closes(bot: Bot, chat: AsyncChat) -> None:
        seen.append("close")

    async with stage.serving(bot) as serving:
        await stage.pass_time(11)
        assert isinstance(serving.failure(), HandlerTimeout)

    assert seen == ["open", "close"]


@on_both
async def test_stop_hooks_neither_fail_nor_hang_the_others(stage: Stage) -> None:
    bot = Bot(stop_timeout=3)
    seen: list[object] = []

    @bot.on_stop
    async def works(bot: Bot, chat: AsyncChat) -> None:
        seen.append("works")

    @bot.on_stop
    async def hangs(bot: Bot, chat: AsyncChat) -> None:
        await stage.runtime.event().wait()

    @bot.on_stop
    async def fails(bot: Bot, chat: AsyncChat) -> None:
        raise ZeroDivisionError

    @bot.on_error
    async def tell(ctx: Context[ChatEvent | None], exc: Exception) -> None:
        seen.append(type(exc).__name__)

    async with stage.serving(bot):
        began = stage.runtime.now()

    assert seen == ["ZeroDivisionError", "HandlerTimeout", "works"]
    assert round(stage.runtime.now() - began) == 3


@on_both
async def test_cancelling_ends_all_at_once_but_the_stop_hooks(stage: Stage) -> None:
    bot = Bot()
    seen: list[str] = []

    @bot.on_message
    async def hangs(ctx: Context[RoomMessage]) -> None:
        try:
            await stage.runtime.event().wait()
        finally:
            seen.append("cancelled")

    @bot.on_stop
    async def stop(bot: Bot, chat: AsyncChat) -> None:
        await stage.runtime.sleep(1)
        seen.append("stop")

    async def serve() -> None:
        await bot.serve("ws://test", rooms=["1"], **stage.arguments())

    async with stage.runtime.tasks() as tasks:
        tasks.start(serve)
        await stage.settle()
        await stage.say("hello")
        tasks.cancel()

    assert seen == ["cancelled", "stop"]
    assert stage.server.connections == ()


@on_both
async def test_a_chat_that_is_open_can_be_served(stage: Stage) -> None:
    """It stays open."""
    bot = Bot()

    @bot.command()
    async def leave(ctx: Context[RoomMessage]) -> None:
        ctx.bot.stop()

    arguments = stage.arguments()
    connect = stage.runtime.connect()
    async with (
        connect("ws://test", rooms=["1"], **arguments) as chat,
        stage.runtime.tasks() as tasks,
    ):
        tasks.start(bot.serve_chat, chat)
        await stage.settle()
        await stage.say("!leave")
        await (await chat.join("2")).send("still here")

    assert stage.replies("2") == ["still here"]


@pytest.mark.parametrize("library", LIBRARIES)
def test_a_handler_that_ends_the_process_ends_the_bot(library: str) -> None:
    """`sys.exit()` is no error of a handler, and comes out in no group."""

    async def story(stage: Stage) -> None:
        bot = Bot()

        @bot.on_message
        async def leave(ctx: Context[RoomMessage]) -> None:
            raise SystemExit(3)

        async with stage.serving(bot):
            await stage.say("hello")

    with pytest.raises(SystemExit) as caught:
        play(library, story)
    assert caught.value.code == 3


def test_a_cancellation_that_nobody_asked_for_is_an_error() -> None:
    """A future that somebody cancels must not end the task that handles the room."""
    told: list[Exception] = []

    async def story(stage: Stage) -> None:
        bot = Bot()

        @bot.on_message(pattern="^future$")
        async def waits(ctx: Context[RoomMessage]) -> None:
            future = asyncio.get_running_loop().create_future()
            future.cancel()
            await future

        @bot.on_message(pattern="^hello$")
        async def echo(ctx: Context[RoomMessage]) -> None:
            await ctx.reply("hello")

        @bot.on_error
        async def tell(ctx: Context[ChatEvent | None], exc: Exception) -> None:
            told.append(exc)

        async with stage.serving(bot):
            await stage.say("future")
            await stage.say("hello")
            assert stage.replies() == ["hello"]

    play("asyncio", story)
    (error,) = told
    assert isinstance(error, HandlerCancelled)


def test_no_library_runs() -> None:
    with pytest.raises(RuntimeError):
        running()


@on_both
async def test_a_background_handler_that_waits_for_a_place_is_not_begun_at_a_stop(
    stage: Stage,
) -> None:
    bot = Bot(max_background=1, stop_timeout=5)
    seen: list[str] = []

    @bot.on_message(background=True)
    async def slow(ctx: Context[RoomMessage]) -> None:
        seen.append(ctx.event.text)
        await stage.runtime.sleep(2)

    async with stage.serving(bot):
        await stage.say("one")
        await stage.say("two")
        began = stage.runtime.now()

    assert seen == ["one"]
    assert round(stage.runtime.now() - began) == 2


@on_both
async def test_what_is_of_no_room_can_be_handled_in_the_background(stage: Stage) -> None:
    bot = Bot()
    seen: list[object] = []

    @bot.on_event(Connected, background=True)
    async def connected(ctx: Context[Connected]) -> None:
        seen.append(ctx.event)

    async with stage.serving(bot):
        assert seen == [Connected()]


def test_an_error_is_whole_after_pickling() -> None:
    error = pickle.loads(pickle.dumps(HandlerTimeout("roll", 1.5)))  # noqa: S301  # our own

    assert (error.handler, error.seconds) == ("roll", 1.5)
    assert str(error) == "roll took longer than 1.5 seconds and was cancelled"


def test_only_one_cause_comes_out_of_a_group() -> None:
    one, two = ValueError(), KeyError()

    assert only_cause(one) is one
    assert only_cause(ExceptionGroup("", [ExceptionGroup("", [one])])) is one
    group = ExceptionGroup("", [one, two])
    assert only_cause(group) is group


async def test_a_nursery_of_a_handler_may_fail_in_many_ways() -> None:
    """A handler's own group of errors is an error like any other."""
    stage, bot = Stage(), Bot()
    told: list[Exception] = []

    @bot.on_message
    async def handle(ctx: Context[RoomMessage]) -> None:
        async def fail() -> None:
            raise ZeroDivisionError

        async with trio.open_nursery() as nursery:
            nursery.start_soon(fail)
            nursery.start_soon(fail)

    @bot.on_error
    async def tell(ctx: Context[ChatEvent | None], exc: Exception) -> None:
        told.append(exc)

    async with stage.serving(bot):
        await stage.say("one")
        await stage.say("two")

    assert [type(exc) for exc in told] == [ExceptionGroup, ExceptionGroup]


@on_both
async def test_a_bot_outlives_a_hundred_restarts(stage: Stage) -> None:
    """It answers after each of them, and neither tasks nor lanes grow."""
    bot = Bot()
    restarts = 100

    @bot.command()
    async def echo(ctx: Context[RoomMessage], word: str) -> None:
        await ctx.reply(word)

    async with stage.serving(bot):
        await stage.say("!echo first")
        before = living_tasks(stage)
        for number in range(restarts):
            stage.server.restart()
            await stage.pass_time(20)
            await stage.say(f"!echo {number}")

        assert living_tasks(stage) == before
        assert stage.replies() == ["first", *map(str, range(restarts))]
        (run,) = bot._runs
        assert len(run._lanes) == 0


def living_tasks(stage: Stage) -> int:
    if stage.runtime.name == "trio":
        return trio.lowlevel.current_statistics().tasks_living
    return len(asyncio.all_tasks())
