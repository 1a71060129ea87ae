"""
The kit's fixtures, which pytest finds by itself once multichat is installed.

``chat_server``
    A new :class:`MemoryServer` with room 1, "Lobby".
``trio_chat``, ``asyncio_chat``, ``sync_chat``
    ``connect`` of each shell, to that server: ``trio_chat("alice", rooms=["1"])``.
``chat_clock``
    The :class:`VirtualClock` that ``sync_chat`` goes by.
``bot_driver``
    :class:`BotDriver` on that server: ``async with bot_driver(bot) as driver``.

Nothing is imported before a test asks for it, so that those of others lose no time.
"""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    import multichat_proto.asyncio
    import multichat_proto.sync
    import multichat_proto.trio
    from multichat_proto.bots import Bot
    from multichat_proto.testing import MemoryServer, VirtualClock
    from multichat_proto.testing.bots import BotDriver

__all__ = [
    "asyncio_chat",
    "bot_driver",
    "chat_clock",
    "chat_server",
    "sync_chat",
    "trio_chat",
]

_URL = "ws://memory"


@pytest.fixture
def chat_server() -> "MemoryServer":
    """
    A server in memory with room 1; add others with ``set_room``.

    ::

        async def test_hello(chat_server, trio_chat):
            async with trio_chat("alice", rooms=["1"]) as chat:
                chat_server.say("bob", "1", "hello")
    """
    from multichat_proto.testing import MemoryServer

    return MemoryServer()


@pytest.fixture
def trio_chat(
    chat_server: "MemoryServer",
) -> "Callable[..., AbstractAsyncContextManager[multichat_proto.trio.Chat]]":
    """
    Connect as somebody, under Trio: a name, and what ``connect`` takes besides.

    ::

        async with trio_chat("alice", rooms=["1"]) as chat:
            ...
    """

    def open_chat(
        username: str, **arguments: Any
    ) -> "AbstractAsyncContextManager[multichat_proto.trio.Chat]":
        from multichat_proto.trio import connect

        transport = chat_server.connector("trio", username)
        return connect(_URL, transport=transport, username=username, **arguments)

    return open_chat


@pytest.fixture
def asyncio_chat(
    chat_server: "MemoryServer",
) -> "Callable[..., AbstractAsyncContextManager[multichat_proto.asyncio.Chat]]":
    """
    Connect as somebody, under asyncio: a name, and what ``connect`` takes besides.

    ::

        def test_hello(asyncio_chat):
            async def story():
                async with asyncio_chat("alice", rooms=["1"]) as chat:
                    ...

            run_virtual(story())
    """

    def open_chat(
        username: str, **arguments: Any
    ) -> "AbstractAsyncContextManager[multichat_proto.asyncio.Chat]":
        from multichat_proto.asyncio import connect

        transport = chat_server.connector("asyncio", username)
        return connect(_URL, transport=transport, username=username, **arguments)

    return open_chat


@pytest.fixture
def chat_clock() -> "VirtualClock":
    """The time of ``sync_chat``, which jumps when all its threads wait."""
    from multichat_proto.testing import VirtualClock

    return VirtualClock()


@pytest.fixture
def sync_chat(
    chat_server: "MemoryServer", chat_clock: "VirtualClock"
) -> "Callable[..., AbstractContextManager[multichat_proto.sync.Chat]]":
    """
    Connect as somebody, without async: a name, and what ``connect`` takes besides.

    ::

        def test_hello(chat_server, sync_chat):
            with sync_chat("alice") as chat:
                chat.join("1").send("hello")
                assert chat_server.said("1") == [("alice", "hello")]
    """

    def open_chat(
        username: str, **arguments: Any
    ) -> "AbstractContextManager[multichat_proto.sync.Chat]":
        from multichat_proto.sync import connect

        transport = chat_server.connector("sync", username, clock=chat_clock)
        return connect(_URL, transport=transport, username=username, clock=chat_clock, **arguments)

    return open_chat


@pytest.fixture
def bot_driver(chat_server: "MemoryServer") -> "Callable[[Bot], BotDriver]":
    """
    Serve a bot on ``chat_server``.

    ::

        async def test_roll(bot_driver):
            async with bot_driver(bot) as driver:
                driver.say("alice", "1", "!roll")
                assert len(await driver.replies()) == 1
    """

    def drive(bot: "Bot", **arguments: Any) -> "BotDriver":
        from multichat_proto.testing.bots import BotDriver

        return BotDriver(bot, chat_server, **arguments)

    return drive
