"""The moderator's manners, without a server and without waiting."""

from __future__ import annotations

import runpy
from typing import Any

import pytest

from multichat_proto.bots import Bot
from multichat_proto.testing import BotDriver
from tests.house.repository import ROOT


@pytest.fixture
def bot() -> Bot:
    """A moderator that has seen nothing yet."""
    made: dict[str, Any] = runpy.run_path(str(ROOT / "examples/sdk/moderator.py"))
    bot: Bot = made["bot"]
    return bot


WELCOME = "Welcome, bob! Be kind here. !help says what I can do."


async def test_the_third_warning_calls_the_staff(bot: Bot, autojump_clock: object) -> None:  # noqa: ARG001
    async with BotDriver(bot) as driver:
        driver.enter("bob")
        assert await driver.replies() == [WELCOME]
        for reply in (
            "bob: mind your words, please (2 more and I call the staff).",
            "bob: mind your words, please (1 more and I call the staff).",
            "bob: mind your words. That is enough: staff, please have a look.",
        ):
            driver.say("bob", "1", "Heck!")
            assert await driver.replies() == [reply]
        driver.say("alice", "1", "!warnings bob")

        assert (await driver.replies())[-1] == "bob: 3 of 3"


async def test_warnings_are_forgiven_by_the_hour(bot: Bot, autojump_clock: object) -> None:  # noqa: ARG001
    import trio

    async with BotDriver(bot) as driver:
        driver.say("bob", "1", "darn")
        await driver.replies()
        await trio.sleep(3601)
        driver.say("bob", "1", "!warnings")

        assert await driver.replies() == ["bob: 0 of 3"]


async def test_a_flood_is_warned_of_once(bot: Bot, autojump_clock: object) -> None:  # noqa: ARG001
    async with BotDriver(bot) as driver:
        for number in range(8):
            driver.say("bob", "1", f"{number}")

        assert await driver.replies(2) == [
            WELCOME,
            "bob: slow down, please (2 more and I call the staff).",
        ]


async def test_it_admits_that_it_was_away(bot: Bot, autojump_clock: object) -> None:  # noqa: ARG001
    async with BotDriver(bot) as driver:
        driver.server.restart()
        (reply,) = await driver.replies(1)

    assert reply.startswith("I was away for ")


async def test_it_goes_when_it_is_put_out(bot: Bot, autojump_clock: object) -> None:  # noqa: ARG001
    async with BotDriver(bot) as driver:
        driver.server.put_out("bot", "1")
        await driver.replies()

        assert driver.server.connections == ()
