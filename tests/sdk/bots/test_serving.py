"""Handlers are called for what they are for, in order, and harm nobody else."""

# ruff: noqa: ARG001, ARG005  # a handler is given more than some of them need

# what a handler is given is not what each one needs

from __future__ import annotations

import logging
from contextlib import contextmanager
from typing import TYPE_CHECKING

from multichat_proto import (
    Connected,
    Gap,
    MemberEntered,
    MemberLeft,
    MsgType,
    Reconnected,
    Room,
    RoomLost,
    RoomMessage,
    RoomRejoined,
)
from multichat_proto.bots import Bot, CallNext, Context, HandlerTimeout
from tests.sdk.bots.stage import Stage, on_both

if TYPE_CHECKING:
    from collections.abc import Iterator

    from multichat_proto.chat import AsyncChat
    from multichat_proto.events import ChatEvent


@on_both
async def test_a_message_is_answered(stage: Stage) -> None:
    bot = Bot()

    @bot.on_message
    async def echo(ctx: Context[RoomMessage]) -> None:
        await ctx.reply(f"you said {ctx.event.text}")

    async with stage.serving(bot):
        await stage.say("hello")

        assert stage.replies() == ["you said hello"]


@on_both
async def test_ones_own_messages_are_not_answered(stage: Stage) -> None:
    """An echo bot does not talk to itself."""
    bot = Bot()
    answers = []

    @bot.on_message
    async def echo(ctx: Context[RoomMessage]) -> None:
        answers.append(await ctx.reply(ctx.event.text))

    @bot.on_start
    async def hello(bot: Bot, chat: AsyncChat) -> None:
        await (await chat.join("1")).send("!help")

    async with stage.serving(bot):
        await stage.say("hello")

        assert stage.replies() == ["!help", "hello"]
        assert answers == [RoomMessage(Room("1"), "robot", "hello", 0, True)]


@on_both
async def test_ones_own_messages_are_handled_where_asked_for(stage: Stage) -> None:
    bot = Bot()
    seen = []

    @bot.on_message(own=True)
    async def see(ctx: Context[RoomMessage]) -> None:
        seen.append(ctx.event.text)
        if ctx.event.text == "hello":
            await ctx.reply("hello yourself")

    async with stage.serving(bot):
        await stage.say("hello")

    assert seen == ["hello", "hello yourself"]


@on_both
async def test_the_operator_is_no_user(stage: Stage) -> None:
    """A WARNING, ALERT or MUTED goes to handlers that ask for it (MC1-TYPE-01)."""
    bot = Bot()
    seen: list[str] = []

    @bot.on_message
    async def users(ctx: Context[RoomMessage]) -> None:
        seen.append(f"user: {ctx.event.text}")

    @bot.on_message(type=(MsgType.ALERT, MsgType.WARNING))
    async def operator(ctx: Context[RoomMessage]) -> None:
        seen.append(f"operator: {ctx.event.text}")

    @bot.on_message(type=None)
    async def everybody(ctx: Context[RoomMessage]) -> None:
        seen.append(f"somebody: {ctx.event.text}")

    @bot.command()
    async def dance(ctx: Context[RoomMessage]) -> None:
        seen.append("dancing")

    async with stage.serving(bot):
        await stage.say("hello")
        stage.server.announce("1", "!dance")
        await stage.settle()

    assert seen == ["user: hello", "somebody: hello", "operator: !dance", "somebody: !dance"]


@on_both
async def test_who_enters_and_leaves_is_seen(stage: Stage) -> None:
    """The bot's own account is no news, wherever it comes from (MC1-ANN-01)."""
    bot = Bot()
    seen: list[object] = []

    @bot.on_enter
    async def enter(ctx: Context[MemberEntered]) -> None:
        seen.append(ctx.event)

    @bot.on_leave(author="alice")
    async def leave(ctx: Context[MemberLeft]) -> None:
        seen.append(ctx.event)

    async with stage.serving(bot):
        for name in ("alice", "robot", "bob"):
            stage.server.enter(name, "1")
        for name in ("alice", "bob"):
            stage.server.leave(name, "1")
        await stage.settle()

        assert seen == [
            MemberEntered(Room("1"), "alice"),
            MemberEntered(Room("1"), "bob"),
            MemberLeft(Room("1"), "alice"),
        ]


@on_both
async def test_every_event_can_be_handled(stage: Stage) -> None:
    bot = Bot()
    seen: list[type] = []

    @bot.on_event()
    async def see(ctx: Context[ChatEvent]) -> None:
        seen.append(type(ctx.event))

    async with stage.serving(bot, rooms=("1",)):
        stage.server.put_out("robot", "1")
        await stage.settle()

    # Events of a room and of none are in two lanes; the order between them is not promised.
    assert {kind.__name__ for kind in seen} == {"RoomJoined", "Connected", "RoomLost"}


@on_both
async def test_start_hooks_run_once_and_not_at_a_reconnect(stage: Stage) -> None:
    bot = Bot()
    seen: list[str] = []

    @bot.on_start
    async def start(bot: Bot, chat: AsyncChat) -> None:
        seen.append("start")

    @bot.on_event(Connected, Reconnected, RoomRejoined)
    async def connection(ctx: Context[Connected | Reconnected | RoomRejoined]) -> None:
        seen.append(type(ctx.event).__name__)

    @bot.on_message
    async def echo(ctx: Context[RoomMessage]) -> None:
        await ctx.reply(ctx.event.text)

    @bot.on_stop
    async def stop(bot: Bot, chat: AsyncChat) -> None:
        seen.append("stop")

    async with stage.serving(bot, rooms=("1",)):
        assert seen == ["start", "Connected"]

        stage.server.restart()
        await stage.pass_time(60)
        await stage.say("still there?")

        assert sorted(seen[2:]) == ["Reconnected", "RoomRejoined"]
        assert stage.replies() == ["still there?"]

    assert seen[4:] == ["stop"]


@on_both
async def test_an_error_in_one_handler_harms_nothing_else(stage: Stage) -> None:
    bot = Bot()
    told: list[tuple[str, str, object]] = []

    @bot.on_message
    async def first(ctx: Context[RoomMessage]) -> None:
        raise ZeroDivisionError(ctx.event.text)

    @bot.on_message
    async def second(ctx: Context[RoomMessage]) -> None:
        await ctx.reply(ctx.event.text)

    @bot.on_message(where=lambda message: bool(1 / 0))
    async def third(ctx: Context[RoomMessage]) -> None:
        raise AssertionError("its filter has failed")

    @bot.on_error
    async def tell(ctx: Context[ChatEvent | None], exc: Exception) -> None:
        told.append((ctx.handler.rpartition(".")[2], type(exc).__name__, ctx.event))

    async with stage.serving(bot):
        await stage.say("one")
        await stage.say("two")

        assert stage.replies() == ["one", "two"]
        assert [(handler, error) for handler, error, _ in told] == [
            ("first", "ZeroDivisionError"),
            ("third", "ZeroDivisionError"),
        ] * 2


@contextmanager
def logged() -> Iterator[list[logging.LogRecord]]:
    """Collect what the bots log."""
    records: list[logging.LogRecord] = []

    class Collect(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            records.append(record)

    logger, collect = logging.getLogger("multichat_proto.bots"), Collect()
    logger.addHandler(collect)
    try:
        yield records
    finally:
        logger.removeHandler(collect)


@on_both
async def test_an_error_is_logged_where_nobody_handles_it(stage: Stage) -> None:
    """With the traceback, and without what the message said."""
    bot = Bot("clumsy")

    @bot.on_message
    async def fails(ctx: Context[RoomMessage]) -> None:
        raise ZeroDivisionError

    with logged() as records:
        async with stage.serving(bot):
            await stage.say("secret")

    (record,) = records
    assert record.getMessage() == "bot 'clumsy': fails failed on RoomMessage"
    assert record.exc_info is not None
    assert isinstance(record.exc_info[1], ZeroDivisionError)


@on_both
async def test_a_gap_is_logged_where_nobody_handles_it(stage: Stage) -> None:
    """Nothing is missed silently."""
    bot = Bot("slow", max_queue=1)
    gate = stage.runtime.event()

    @bot.on_message
    async def handle(ctx: Context[RoomMessage]) -> None:
        await gate.wait()

    with logged() as records:
        async with stage.serving(bot):
            for text in ("one", "two", "three", "four"):
                await stage.say(text)
            gate.set()
            await stage.settle()

    assert [record.getMessage() for record in records] == [
        "bot 'slow': 2 events were dropped in room '1', the handlers are too slow"
    ]


@on_both
async def test_an_error_handler_may_fail_itself(stage: Stage) -> None:
    bot = Bot()
    told = []

    @bot.on_message
    async def fails(ctx: Context[RoomMessage]) -> None:
        raise ZeroDivisionError

    @bot.on_error
    async def fails_too(ctx: Context[ChatEvent | None], exc: Exception) -> None:
        raise RuntimeError

    @bot.on_error
    async def works(ctx: Context[ChatEvent | None], exc: Exception) -> None:
        told.append(exc)

    logging.getLogger("multichat_proto.bots").disabled = True
    try:
        async with stage.serving(bot):
            await stage.say("one")
            await stage.say("two")
    finally:
        logging.getLogger("multichat_proto.bots").disabled = False

    assert len(told) == 2


@on_both
async def test_a_handler_that_takes_too_long_is_cancelled(stage: Stage) -> None:
    bot = Bot(handler_timeout=10)
    told: list[Exception] = []
    ended: list[float] = []

    @bot.on_message(pattern="^slow")
    async def slow(ctx: Context[RoomMessage]) -> None:
        try:
            await stage.runtime.event().wait()
        finally:
            ended.append(stage.runtime.now())

    @bot.on_message(pattern="^patient", timeout=100)
    async def patient(ctx: Context[RoomMessage]) -> None:
        await stage.runtime.sleep(99)

    @bot.on_message(pattern="^quick")
    async def quick(ctx: Context[RoomMessage]) -> None:
        await ctx.reply("done")

    @bot.on_error
    async def tell(ctx: Context[ChatEvent | None], exc: Exception) -> None:
        told.append(exc)

    async with stage.serving(bot):
        began = stage.runtime.now()
        stage.server.say("alice", "1", "slow")
        stage.server.say("alice", "1", "quick")
        await stage.pass_time(9)
        assert stage.replies() == []

        await stage.pass_time(2)
        assert stage.replies() == ["done"]
        assert round(ended[0] - began, 3) == 10
        (error,) = told
        assert isinstance(error, HandlerTimeout)
        assert isinstance(error, TimeoutError)
        assert str(error).endswith("slow took longer than 10 seconds and was cancelled")

        stage.server.say("alice", "1", "patient")
        await stage.pass_time(100)
        assert len(told) == 1


@on_both
async def test_a_room_keeps_its_order_and_rooms_are_side_by_side(stage: Stage) -> None:
    bot = Bot()
    seen: list[tuple[str, str]] = []
    gate = stage.runtime.event()

    @bot.on_message
    async def handle(ctx: Context[RoomMessage]) -> None:
        if ctx.event.text == "wait":
            await gate.wait()
        seen.append((ctx.event.room, ctx.event.text))

    async with stage.serving(bot):
        for text in ("wait", "a", "b"):
            stage.server.say("alice", "1", text)
        for text in ("c", "d"):
            stage.server.say("alice", "2", text)
        await stage.settle()
        assert seen == [("2", "c"), ("2", "d")]

        gate.set()
        await stage.settle()
        assert seen[2:] == [("1", "wait"), ("1", "a"), ("1", "b")]


@on_both
async def test_a_background_handler_holds_up_nobody(stage: Stage) -> None:
    bot = Bot(max_background=1)
    seen: list[str] = []
    gate = stage.runtime.event()

    @bot.on_message(pattern="^wait", background=True)
    async def slow(ctx: Context[RoomMessage]) -> None:
        await gate.wait()
        seen.append(ctx.event.text)

    @bot.on_message(pattern="^go")
    async def quick(ctx: Context[RoomMessage]) -> None:
        seen.append(ctx.event.text)

    async with stage.serving(bot):
        stage.server.say("alice", "1", "wait 1")
        await stage.say("go 1")
        assert seen == ["go 1"]

        # There is one place only: the second one waits for it, and its room with it.
        stage.server.say("alice", "1", "wait 2")
        stage.server.say("alice", "1", "go 2")
        await stage.say("go 3", room="2")
        assert seen == ["go 1", "go 3"]

        gate.set()
        await stage.settle()
        assert seen[2] == "wait 1"
        assert sorted(seen[3:]) == ["go 2", "wait 2"]


@on_both
async def test_so_many_rooms_are_handled_at_a_time(stage: Stage) -> None:
    bot = Bot(max_concurrent_rooms=2)
    busy: list[str] = []
    gate = stage.runtime.event()

    @bot.on_message
    async def handle(ctx: Context[RoomMessage]) -> None:
        busy.append(ctx.event.room)
        await gate.wait()

    async with stage.serving(bot, rooms=("1", "2", "3")):
        for room in ("1", "2", "3"):
            stage.server.say("alice", room, "hello")
        await stage.settle()
        assert busy == ["1", "2"]

        gate.set()
        await stage.settle()
        assert busy == ["1", "2", "3"]


@on_both
async def test_a_slow_handler_costs_a_counted_gap_at_most(stage: Stage) -> None:
    """The reader goes on, the oldest give way, and the handler is told how many."""
    bot = Bot(max_queue=3)
    seen: list[object] = []
    gate = stage.runtime.event()

    @bot.on_message
    async def handle(ctx: Context[RoomMessage]) -> None:
        await gate.wait()
        seen.append(ctx.event.text)

    @bot.on_event(Gap)
    async def gap(ctx: Context[Gap]) -> None:
        seen.append(ctx.event)

    async with stage.serving(bot):
        for number in range(10):
            await stage.say(str(number))
        gate.set()
        await stage.settle()

        assert seen == ["0", Gap(Room("1"), 6), "7", "8", "9"]


@on_both
async def test_the_reader_never_waits_for_a_handler(stage: Stage) -> None:
    """An SDK call in a handler gets its answer, whatever else the handler holds up."""
    bot = Bot(max_queue=4)
    seen: list[str] = []

    @bot.on_message(pattern="^join$")
    async def handle(ctx: Context[RoomMessage]) -> None:
        for number in range(100):
            stage.server.say("bob", "1", f"noise {number}")
        room = await ctx.chat.join("3")
        seen.append(room.title)
        seen.append((await ctx.reply("hello")).text)
        await room.leave()

    async with stage.serving(bot):
        await stage.say("join")

        assert seen == ["Cellar", "hello"]


@on_both
async def test_a_room_that_is_lost_cannot_be_answered(stage: Stage) -> None:
    bot = Bot()
    told: list[str] = []

    @bot.on_event(RoomLost)
    async def lost(ctx: Context[RoomLost]) -> None:
        assert ctx.room_id == "1"
        await ctx.reply("why?")

    @bot.on_event(Connected)
    async def connected(ctx: Context[Connected]) -> None:
        assert ctx.room_id is None
        await ctx.reply("where?")

    @bot.on_error
    async def tell(ctx: Context[ChatEvent | None], exc: Exception) -> None:
        told.append(f"{type(exc).__name__}: {exc}")

    async with stage.serving(bot):
        stage.server.put_out("robot", "1")
        await stage.settle()

        assert told == [
            "LocalProtocolError: a Connected happens in no room",
            "NotAMember: not a member of room 1; join it first",
        ]


@on_both
async def test_middleware_is_around_each_handler(stage: Stage) -> None:
    bot = Bot()
    seen: list[str] = []

    @bot.middleware
    async def outer(ctx: Context[ChatEvent], call_next: CallNext) -> None:
        seen.append(f"before {ctx.handler.rpartition('.')[2]}")
        try:
            await call_next()
        except ZeroDivisionError:
            seen.append("caught")
        seen.append("after")

    @bot.middleware
    async def only_alice(ctx: Context[ChatEvent], call_next: CallNext) -> None:
        if isinstance(ctx.event, RoomMessage) and ctx.event.username == "alice":
            await call_next()

    @bot.on_message
    async def handle(ctx: Context[RoomMessage]) -> None:
        seen.append(ctx.event.text)
        raise ZeroDivisionError

    async with stage.serving(bot):
        await stage.say("from alice")
        await stage.say("from bob", username="bob")

    assert seen == [
        "before handle",
        "from alice",
        "caught",
        "after",
        "before handle",
        "after",
    ]


@on_both
async def test_a_pattern_and_a_where_choose(stage: Stage) -> None:
    bot = Bot()

    @bot.on_message(pattern=r"(\d+) \+ (\d+)", room=1, where=lambda message: len(message.text) < 20)
    async def add(ctx: Context[RoomMessage]) -> None:
        assert ctx.match is not None
        await ctx.reply(str(sum(map(int, ctx.match.groups()))))

    async with stage.serving(bot):
        await stage.say("what is 1 + 2?")
        await stage.say("what is 1 + 2?", room="2")
        await stage.say("what is 1 + 2, if you know it?")

        assert stage.replies("1") == ["3"]
        assert stage.replies("2") == []


@on_both
async def test_one_bot_serves_two_chats(stage: Stage) -> None:
    bot = Bot()

    @bot.on_message(where=lambda message: message.username == "alice")
    async def echo(ctx: Context[RoomMessage]) -> None:
        await ctx.reply(f"{ctx.chat.username} hears")

    async with stage.serving(bot, username="robot"), stage.serving(bot, username="robota"):
        await stage.say("hello")

        assert stage.replies("1", "robot") == ["robot hears"]
        assert stage.replies("1", "robota") == ["robota hears"]


def test_the_log_name() -> None:
    assert str(Bot("dice")) == "bot 'dice'"
    assert str(Bot()) == "bot"
    assert repr(Bot("dice")) == "<Bot 'dice' of 0 handlers>"
