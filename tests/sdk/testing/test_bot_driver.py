"""A bot is tested without a socket and without waiting, under both async libraries."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
import trio
import trio.testing

from multichat_proto.bots import Bot, Context
from multichat_proto.bots.runtime import running
from multichat_proto.events import MemberEntered, RoomMessage
from multichat_proto.exceptions import HandshakeRefused
from multichat_proto.testing import BotDriver, MemoryServer, VirtualEventLoop


def make_bot() -> Bot:
    bot = Bot("echo")

    @bot.command()
    async def echo(ctx: Context[RoomMessage], *words: str) -> None:
        """Say it again."""
        await ctx.reply(" ".join(words))

    @bot.command()
    async def later(ctx: Context[RoomMessage], seconds: float) -> None:
        """Say something after a while."""
        await running().sleep(seconds)
        await ctx.reply("now")

    @bot.on_enter()
    async def greet(ctx: Context[MemberEntered]) -> None:
        await ctx.reply(f"Hello, {ctx.event.username}!")

    return bot


def on_trio(story: Callable[[], Awaitable[None]]) -> None:
    trio.run(story, clock=trio.testing.MockClock(autojump_threshold=0))


def on_virtual_asyncio(story: Callable[[], Awaitable[None]]) -> None:
    async def main() -> None:
        await story()

    with asyncio.Runner(loop_factory=VirtualEventLoop) as runner:
        runner.run(main())


def on_plain_asyncio(story: Callable[[], Awaitable[None]]) -> None:
    async def main() -> None:
        await story()

    asyncio.run(main())


Play = Callable[[Callable[[], Awaitable[None]]], None]

LIBRARIES = [on_trio, on_virtual_asyncio, on_plain_asyncio]
VIRTUAL = [on_trio, on_virtual_asyncio]


def named(play: Play) -> str:
    return getattr(play, "__name__", "")


@pytest.mark.parametrize("play", LIBRARIES, ids=named)
def test_what_a_bot_says_is_seen(play: Play) -> None:
    async def story() -> None:
        async with BotDriver(make_bot()) as driver:
            driver.enter("alice")
            assert await driver.replies() == ["Hello, alice!"]

            driver.say("alice", "1", "!echo one two")
            driver.say("alice", "1", "!echo three")
            assert await driver.replies() == ["one two", "three"]
            assert await driver.replies() == []

            driver.leave("alice")
            assert driver.server.members("1") == {"bot"}
        assert driver.server.members("1") == frozenset()

    play(story)


@pytest.mark.parametrize("play", VIRTUAL, ids=named)
def test_a_bot_that_takes_its_time_is_waited_for(play: Play) -> None:
    """Half a minute takes none."""

    async def story() -> None:
        async with BotDriver(make_bot()) as driver:
            driver.say("alice", "1", "!later 30")
            assert await driver.replies(2) == ["Hello, alice!", "now"]

    play(story)


@pytest.mark.parametrize("play", VIRTUAL, ids=named)
def test_a_bot_that_says_too_little_fails_the_test(play: Play) -> None:
    async def story() -> None:
        async with BotDriver(make_bot()) as driver:
            driver.enter("alice")
            with pytest.raises(AssertionError, match=r"\['Hello, alice!'\], not 2 times"):
                await driver.replies(2, within=5.0)
            assert await driver.replies(1) == ["Hello, alice!"]

    play(story)


@pytest.mark.parametrize("play", LIBRARIES, ids=named)
def test_rooms_are_told_apart(play: Play) -> None:
    async def story() -> None:
        async with BotDriver(make_bot(), rooms=[1, 2], username="robot") as driver:
            driver.say("alice", 1, "!echo one")
            driver.say("alice", 2, "!echo two")

            assert await driver.replies(room=2) == ["Hello, alice!", "two"]
            assert await driver.replies(room=1) == ["Hello, alice!", "one"]

    play(story)


@pytest.mark.parametrize("play", LIBRARIES, ids=named)
def test_a_bot_that_cannot_connect_fails_the_test(play: Play) -> None:
    """The error comes as it is, in no group."""

    async def story() -> None:
        server = MemoryServer()
        server.refuse(404)
        with pytest.raises(HandshakeRefused):
            async with BotDriver(make_bot(), server):
                pytest.fail("the block was entered")

    play(story)


@pytest.mark.parametrize("play", LIBRARIES, ids=named)
def test_what_the_block_raises_comes_out_as_it_is(play: Play) -> None:
    async def story() -> None:
        with pytest.raises(ZeroDivisionError):
            async with BotDriver(make_bot()):
                raise ZeroDivisionError

    play(story)


@pytest.mark.parametrize("play", VIRTUAL, ids=named)
def test_a_bot_survives_a_restart(play: Play) -> None:
    """All levers of the server are there."""

    async def story() -> None:
        async with BotDriver(make_bot()) as driver:
            driver.server.restart()
            await running().sleep(60.0)
            driver.say("alice", "1", "!echo back")
            assert await driver.replies() == ["Hello, alice!", "back"]

    play(story)


@pytest.mark.parametrize("play", LIBRARIES, ids=named)
def test_a_handler_that_fails_makes_the_test_fail(play: Play) -> None:
    """Another bot's errors are its own; and the bot goes on meanwhile."""

    async def story() -> None:
        bot, other = make_bot(), make_bot()

        @bot.command()
        async def divide(ctx: Context[RoomMessage]) -> None:
            """Fail."""
            raise ZeroDivisionError(ctx.event.text)

        async def fail() -> None:
            async with BotDriver(bot) as driver:
                driver.say("alice", "1", "!divide")
                driver.say("alice", "1", "!echo on")
                assert await driver.replies() == ["Hello, alice!", "on"]

        async with BotDriver(other):
            with pytest.raises(ZeroDivisionError, match="!divide"):
                await fail()
        async with BotDriver(bot, raises_errors=False) as driver:
            driver.say("alice", "1", "!divide")
            await driver.replies()
            assert [type(error) for error in driver.errors] == [ZeroDivisionError]

    play(story)


@pytest.mark.parametrize("play", LIBRARIES, ids=named)
def test_a_failure_of_the_test_says_what_a_handler_has_raised(play: Play) -> None:
    """Why a reply is missing."""

    async def story() -> None:
        bot = make_bot()

        @bot.command()
        async def divide(ctx: Context[RoomMessage]) -> None:
            """Fail."""
            raise ZeroDivisionError(ctx.event.text)

        async def fail() -> None:
            async with BotDriver(bot) as driver:
                driver.say("alice", "1", "!divide")
                await driver.replies()
                raise AssertionError("no reply")

        with pytest.raises(AssertionError, match="no reply") as failed:
            await fail()
        assert failed.value.__notes__ == [
            "a handler of the bot had raised ZeroDivisionError('!divide')"
        ]

    play(story)


@pytest.mark.parametrize("play", LIBRARIES, ids=named)
def test_a_handler_whose_errors_are_handled_does_not(play: Play) -> None:
    async def story() -> None:
        bot = make_bot()

        @bot.command()
        async def divide(ctx: Context[RoomMessage]) -> None:
            """Fail."""
            raise ZeroDivisionError(ctx.event.text)

        @bot.on_error
        async def say_so(ctx: Context[Any], exc: Exception) -> None:
            await ctx.reply(type(exc).__name__)

        async with BotDriver(bot) as driver:
            driver.say("alice", "1", "!divide")
            assert await driver.replies() == ["Hello, alice!", "ZeroDivisionError"]
        assert driver.errors == []

    play(story)


async def test_entering_can_be_cancelled() -> None:
    """The bot's tasks are ended, too."""
    server = MemoryServer()
    with trio.CancelScope() as scope:
        scope.cancel()
        async with BotDriver(make_bot(), server):
            pytest.fail("the block was entered")

    assert scope.cancelled_caught
    assert server.connections == ()
