"""A handler can talk with somebody, and misses nothing of the talk."""

# ruff: noqa: ARG001  # a handler is given more than some of them need

# what a handler is given is not what each one needs

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from multichat_proto import (
    ChatClosed,
    Connected,
    Gap,
    LocalProtocolError,
    MemberEntered,
    Reconnected,
    Room,
    RoomMessage,
    RoomRejoined,
)
from multichat_proto.bots import Bot, Context
from tests.sdk.bots.stage import Stage, on_both

if TYPE_CHECKING:
    from multichat_proto.events import ChatEvent


@on_both
async def test_ask_waits_for_the_same_user_in_the_same_room(stage: Stage) -> None:
    bot = Bot()
    answers: list[str] = []
    others: list[str] = []

    @bot.command(background=True)
    async def name(ctx: Context[RoomMessage]) -> None:
        answers.append((await ctx.ask("your name?")).text)
        answers.append((await ctx.ask("sure?")).text)

    @bot.on_message
    async def other(ctx: Context[RoomMessage]) -> None:
        others.append(ctx.event.text)

    async with stage.serving(bot):
        await stage.say("!name")
        await stage.say("I am Bob", username="bob")
        await stage.say("elsewhere", room="2")
        await stage.say("Alice")
        await stage.say("yes")

        assert answers == ["Alice", "yes"]
        assert others == ["!name", "I am Bob", "elsewhere", "Alice", "yes"]


@on_both
async def test_what_was_said_before_the_question_is_no_answer(stage: Stage) -> None:
    bot = Bot()
    answers: list[str] = []
    gate = stage.runtime.event()

    @bot.command()
    async def name(ctx: Context[RoomMessage]) -> None:
        await gate.wait()
        answers.append((await ctx.ask("your name?")).text)

    async with stage.serving(bot):
        await stage.say("!name")
        await stage.say("hurry up")
        gate.set()
        await stage.settle()
        assert answers == []

        await stage.say("Alice")
        assert answers == ["Alice"]


@on_both
async def test_wait_for_goes_on_where_it_stopped(stage: Stage) -> None:
    """From the handler's own event on, nothing is missed between two waits."""
    bot = Bot()
    seen: list[object] = []
    gate = stage.runtime.event()

    @bot.on_message(pattern="^go$", background=True)
    async def talk(ctx: Context[RoomMessage]) -> None:
        await gate.wait()
        seen.append((await ctx.wait_for(RoomMessage)).text)
        entered = await ctx.wait_for(MemberEntered)
        seen.append(entered.username)
        event = await ctx.wait_for(lambda event: getattr(event, "text", "") == "three")
        seen.append(event)
        seen.append((await ctx.wait_for(RoomMessage)).text)

    async with stage.serving(bot):
        for text in ("go", "one", "two"):
            await stage.say(text)
        stage.server.enter("bob", "1")
        await stage.say("three")
        gate.set()
        await stage.settle()
        assert seen == ["one", "bob", RoomMessage(Room("1"), "alice", "three")]

        await stage.say("four")
        assert seen[3:] == ["four"]


@on_both
async def test_ones_own_events_are_waited_for_where_asked_for(stage: Stage) -> None:
    bot = Bot()
    seen: list[str] = []

    @bot.on_message(pattern="^go$")
    async def talk(ctx: Context[RoomMessage]) -> None:
        await ctx.reply("mine")
        await ctx.reply("mine, too")
        seen.append((await ctx.wait_for(RoomMessage, own=True)).text)
        seen.append((await ctx.wait_for(RoomMessage)).text)

    async with stage.serving(bot):
        await stage.say("go")
        await stage.say("yours")

        assert seen == ["mine", "yours"]


@on_both
async def test_a_talk_that_falls_behind_is_told(stage: Stage) -> None:
    bot = Bot(max_queue=2)
    seen: list[object] = []
    gate = stage.runtime.event()

    @bot.on_message(pattern="^go$", background=True)
    async def talk(ctx: Context[RoomMessage]) -> None:
        await gate.wait()
        seen.append(await ctx.wait_for(Gap))
        seen.append((await ctx.wait_for(RoomMessage)).text)

    async with stage.serving(bot):
        for text in ("go", "one", "two", "three", "four"):
            await stage.say(text)
        gate.set()
        await stage.settle()

        assert seen == [Gap(Room("1"), 2), "three"]


@on_both
async def test_a_talk_outlives_a_connection(stage: Stage) -> None:
    bot = Bot()
    seen: list[object] = []

    @bot.on_message(pattern="^go$", timeout=None)
    async def talk(ctx: Context[RoomMessage]) -> None:
        seen.append(type(await ctx.wait_for(RoomRejoined)))
        seen.append(type(await ctx.chat.wait_for(Reconnected)))
        seen.append((await ctx.ask("still there?")).text)

    async with stage.serving(bot):
        await stage.say("go")
        stage.server.restart()
        await stage.pass_time(60)
        await stage.say("yes")

        assert seen == [RoomRejoined, Reconnected, "yes"]


@on_both
async def test_who_waits_hears_that_the_bot_stops(stage: Stage) -> None:
    """That is no error to tell anybody."""
    bot = Bot()
    seen: list[object] = []

    @bot.on_message(pattern="^go$")
    async def talk(ctx: Context[RoomMessage]) -> None:
        try:
            await ctx.wait_for(RoomMessage)
        except ChatClosed as exc:
            seen.append(str(exc))
            raise

    @bot.on_error
    async def tell(ctx: Context[ChatEvent | None], exc: Exception) -> None:
        seen.append(exc)

    async with stage.serving(bot):
        await stage.say("go")
        began = stage.runtime.now()

    assert seen == ["the bot stops"]
    assert stage.runtime.now() - began < 1


@on_both
async def test_what_is_of_no_room_cannot_be_waited_for(stage: Stage) -> None:
    bot = Bot()
    told: list[str] = []

    @bot.on_event(Connected)
    async def connected(ctx: Context[Connected]) -> None:
        for wait in (ctx.wait_for(RoomMessage), ctx.ask("who?")):
            with pytest.raises(LocalProtocolError) as caught:
                await wait
            told.append(str(caught.value))

    async with stage.serving(bot):
        pass

    assert told == [
        "a Connected happens in no room; wait with ctx.chat.wait_for",
        "a Connected is of no user",
    ]


@on_both
async def test_a_context_ends_with_its_handler(stage: Stage) -> None:
    """What somebody keeps of it would wait for ever."""
    bot = Bot()
    kept: list[Context[RoomMessage]] = []

    @bot.on_message
    async def keep(ctx: Context[RoomMessage]) -> None:
        kept.append(ctx)

    async with stage.serving(bot):
        await stage.say("hello")
        with pytest.raises(LocalProtocolError, match="keep has ended; its context waits no more"):
            await kept[0].wait_for(RoomMessage)
        await kept[0].reply("still possible")

        assert stage.replies() == ["still possible"]
