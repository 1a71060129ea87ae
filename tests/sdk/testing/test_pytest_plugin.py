"""The fixtures, used as a user of the kit uses them, and found without being asked for."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from typing import TYPE_CHECKING, Any

from multichat_proto.bots import Bot, Context
from multichat_proto.events import Reconnected, RoomMessage
from multichat_proto.testing import BotDriver, MemoryServer, VirtualClock, run_virtual

if TYPE_CHECKING:
    from trio.testing import MockClock

    from multichat_proto.sync import Chat

Open = Callable[..., AbstractAsyncContextManager[Any]]


async def test_trio_chat(
    chat_server: MemoryServer, trio_chat: Open, autojump_clock: MockClock
) -> None:
    async with trio_chat("alice", rooms=["1"]) as chat:
        with chat.subscribe() as events:
            chat_server.restart()
            await events.wait_for(Reconnected)
        await chat.rooms["1"].send("back")

    assert chat_server.said("1") == [("alice", "back")]
    assert autojump_clock.current_time() < 2.0


def test_asyncio_chat(chat_server: MemoryServer, asyncio_chat: Open) -> None:
    async def story() -> None:
        async with asyncio_chat("alice", rooms=["1"]) as chat:
            with chat.subscribe() as events:
                chat_server.restart()
                await events.wait_for(Reconnected)
            await chat.rooms["1"].send("back")

    run_virtual(story())

    assert chat_server.said("1") == [("alice", "back")]


def test_sync_chat(
    chat_server: MemoryServer,
    chat_clock: VirtualClock,
    sync_chat: Callable[..., AbstractContextManager[Chat]],
) -> None:
    with sync_chat("alice", rooms=["1"], random=lambda: 0.5) as chat:
        with chat.subscribe() as events:
            chat_server.restart()
            events.wait_for(Reconnected, timeout=30)
        chat.join("1").send("back")

    assert chat_server.said("1") == [("alice", "back")]
    assert 0.4 < chat_clock.now() < 2.0


async def test_bot_driver(chat_server: MemoryServer, bot_driver: Callable[..., BotDriver]) -> None:
    bot = Bot()

    @bot.on_message()
    async def echo(ctx: Context[RoomMessage]) -> None:
        await ctx.reply(ctx.event.text)

    async with bot_driver(bot, username="parrot") as driver:
        driver.say("alice", "1", "hi")
        assert await driver.replies() == ["hi"]

    assert driver.server is chat_server
    assert chat_server.said("1") == [("alice", "hi"), ("parrot", "hi")]


def test_the_plugin_imports_nothing_of_the_kit_before_it_is_used() -> None:
    """Whoever tests something else loses no time by it."""
    program = (
        "import sys, multichat_proto.testing.pytest_plugin\n"
        "names = {'trio', 'websockets', 'asyncio', 'multichat_proto.testing.server'}\n"
        "print(sorted(names & sys.modules.keys()))"
    )

    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )

    assert done.stdout.strip() == "[]"


def test_all_names_of_the_kit_are_there() -> None:
    from multichat_proto import testing

    assert set(testing.__all__) == set(testing._HOMES)
    for name in testing.__all__:
        assert getattr(testing, name) is not None
    assert not hasattr(testing, "no_such_name")
