"""
Where bots are tested: each story is played under Trio and under asyncio, in time that jumps.

A story waits with ``settle``, until nobody has anything left to do at this time, or lets time
pass; neither takes any.
"""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, cast

import pytest
import trio
import trio.testing

from multichat_proto.bots import Bot
from multichat_proto.bots.runtime import Event, Runtime, running
from multichat_proto.testing import MemoryServer, VirtualEventLoop, run_virtual

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from multichat_proto.bots.bot import ConnectArguments

__all__ = ["LIBRARIES", "Stage", "on_both", "play"]

LIBRARIES = ("trio", "asyncio")
DEADLINE = 3_600.0
"""Seconds of jumping time; a story that hangs ends there."""


class Stage:
    """One story's server and time."""

    def __init__(self) -> None:
        self.runtime: Runtime = running()
        self.server = MemoryServer({"1": "Lobby", "2": "Garden", "3": "Cellar"})

    def arguments(self, username: str = "robot") -> ConnectArguments:
        """What makes a bot's ``serve`` connect to the server in memory."""
        library = cast("Any", self.runtime.name)
        return {"transport": self.server.connector(library, username), "username": username}

    async def settle(self) -> None:
        """Wait until nobody has anything left to do at this time."""
        if self.runtime.name == "trio":
            await trio.testing.wait_all_tasks_blocked()
        else:
            import asyncio

            await cast("VirtualEventLoop", asyncio.get_running_loop()).settle()

    async def pass_time(self, seconds: float) -> None:
        """Let time pass, and all be done that is due."""
        await self.runtime.sleep(seconds)
        await self.settle()

    async def say(self, text: str, *, username: str = "alice", room: str = "1") -> None:
        """Have somebody say something, and let the bot do what it does about it."""
        self.server.say(username, room, text)
        await self.settle()

    def replies(self, room: str = "1", username: str = "robot") -> list[str]:
        """What the bot has said in a room."""
        return [text for who, text in self.server.said(room) if who == username]

    @asynccontextmanager
    async def serving(
        self, bot: Bot, *, rooms: tuple[str, ...] = ("1", "2"), username: str = "robot"
    ) -> AsyncIterator[Serving]:
        """Serve in the background; stop the bot at the end, and wait until it has stopped."""
        serving = Serving(self.runtime.event())

        async def serve() -> None:
            try:
                await bot.serve("ws://test", rooms=rooms, **self.arguments(username))
            except Exception as exc:  # noqa: BLE001  # the story looks at it
                serving.error = exc
            finally:
                serving.ended.set()

        async with self.runtime.tasks() as tasks:
            tasks.start(serve)
            await self.settle()
            try:
                yield serving
                bot.stop()
                await serving.ended.wait()
            finally:
                tasks.cancel()
        if serving.error is not None and not serving.is_expected:
            raise serving.error


class Serving:
    """A bot that serves in the background."""

    def __init__(self, ended: Event) -> None:
        self.ended = ended
        self.error: Exception | None = None
        self.is_expected = False

    def failure(self) -> Exception | None:
        """What ``serve`` has raised; asking makes it expected."""
        self.is_expected = True
        return self.error


def play(library: str, story: Callable[[Stage], Awaitable[None]]) -> None:
    """Play a story under a library."""

    async def whole() -> None:
        stage = Stage()
        async with stage.runtime.scope(DEADLINE) as scope:
            await story(stage)
        assert not scope.was_cut_short, "the story hangs"

    if library == "trio":
        trio.run(whole, clock=trio.testing.MockClock(autojump_threshold=0))
    else:
        run_virtual(whole())


def on_both(story: Callable[[Stage], Awaitable[None]]) -> Callable[..., None]:
    """Make a test of a story, once for each library."""

    def test(library: str) -> None:
        play(library, story)

    test.__name__ = test.__qualname__ = getattr(story, "__name__", "test")
    test.__module__ = story.__module__
    test.__doc__ = story.__doc__
    return cast("Callable[..., None]", pytest.mark.parametrize("library", LIBRARIES)(test))
