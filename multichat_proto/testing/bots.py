"""A bot under test: somebody says something, and one looks at what the bot says."""

from collections.abc import Iterable
from contextlib import AbstractAsyncContextManager
from types import TracebackType
from typing import TYPE_CHECKING, Self

from multichat_proto.bots.runtime import Tasks, running
from multichat_proto.messages import Room
from multichat_proto.testing.server import MemoryServer
from multichat_proto.testing.settling import settle

if TYPE_CHECKING:
    from multichat_proto.bots import Bot
    from multichat_proto.transport import AsyncConnector

__all__ = ["BotDriver"]


class BotDriver:
    """
    Serves a bot against a server in memory, as long as the ``async with`` block lasts.

    ::

        async def test_roll() -> None:
            async with BotDriver(bot) as driver:
                driver.say("alice", "1", "!roll 6")
                (reply,) = await driver.replies()
                assert reply in {"1", "2", "3", "4", "5", "6"}

    Under Trio or asyncio, whichever runs the test; with a clock that jumps, a bot that waits
    takes no time. Leaving the block stops the bot gracefully, and raises what it has raised.

    Args:
        bot: The bot.
        server: Where it is; ``None`` makes a new one with the rooms below.
        rooms: Where the bot is to be in.
        username: The bot's name there.

    Attributes:
        bot: As given.
        server: The server in memory, with all its levers.

    """

    def __init__(
        self,
        bot: "Bot",
        server: MemoryServer | None = None,
        *,
        rooms: Iterable[str | int] = ("1",),
        username: str = "bot",
    ) -> None:
        self.bot = bot
        self._rooms = tuple(str(room) for room in rooms)
        self.server = server or MemoryServer({room: f"Room {room}" for room in self._rooms})
        self._username = username
        self._taken = 0
        self._unread: list[tuple[Room, str]] = []
        self._error: Exception | None = None
        self._tasks: AbstractAsyncContextManager[Tasks] | None = None

    async def __aenter__(self) -> Self:
        """
        Serve the bot; return when it is in its rooms.

        Raises:
            Exception: It could not begin; this is why.

        """
        self._runtime = running()
        self._ended = self._runtime.event()
        self._news = self._runtime.event()
        self.server.watch(self._hear)
        tasks = self._runtime.tasks()
        self._nursery = await tasks.__aenter__()
        self._tasks = tasks
        self._nursery.start(self._serve)
        await settle()
        if self._ended.is_set():
            await self.__aexit__(None, None, None)
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Stop the bot, and wait until it has stopped."""
        tasks, self._tasks = self._tasks, None
        if tasks is None:
            return
        try:
            if exc is None:
                self.bot.stop()
                await self._ended.wait()
        finally:
            self.server.unwatch(self._hear)
            self._nursery.cancel()
            await tasks.__aexit__(exc_type, exc, traceback)
        if self._error is not None and exc is None:
            raise self._error

    def enter(self, username: str, room: str | int = "1") -> None:
        """Have somebody enter a room."""
        self.server.enter(username, room)

    def say(self, username: str, room: str | int, text: str) -> None:
        """Have somebody say something, entering the room first if need be."""
        self.server.say(username, room, text)

    def leave(self, username: str, room: str | int = "1") -> None:
        """Have somebody leave who has entered or said something."""
        self.server.leave(username, room)

    async def replies(
        self, count: int | None = None, *, room: str | int | None = None, within: float = 60.0
    ) -> list[str]:
        """
        Return what the bot has said since this was asked last.

        Args:
            count: Wait for so many messages, as a bot that takes its time needs it; ``None``
                waits until nobody has anything left to do at this time.
            room: Leave out what it said elsewhere; ``None`` takes all rooms.
            within: Longest wait for ``count`` messages, in seconds of the running clock.

        Raises:
            AssertionError: The bot said less than ``count``.

        """
        if count is None:
            await settle()
            return self._take(room, None)
        async with self._runtime.scope(within) as patience:
            while len(self._unread_of(room)) < count and not self._ended.is_set():
                self._news = self._runtime.event()
                await self._news.wait()
        unread = self._unread_of(room)
        if patience.was_cut_short or len(unread) < count:
            raise AssertionError(f"the bot said {[text for _, text in unread]}, not {count} times")
        return self._take(room, count)

    async def _serve(self) -> None:
        try:
            if self._runtime.name == "trio":
                transport: AsyncConnector = self.server.connector("trio", self._username)
            else:
                transport = self.server.connector("asyncio", self._username)
            await self.bot.serve(
                "ws://memory", rooms=self._rooms, transport=transport, username=self._username
            )
        except Exception as exc:  # noqa: BLE001  # whoever leaves the block gets it
            self._error = exc
        finally:
            self._ended.set()
            self._news.set()

    def _unread_of(self, room: str | int | None) -> list[tuple[Room, str]]:
        messages = self.server.messages
        new, self._taken = messages[self._taken :], len(messages)
        self._unread += [
            (message.room, message.message or "")
            for message in new
            if message.username == self._username
        ]
        return [said for said in self._unread if room is None or said[0] == str(room)]

    def _take(self, room: str | int | None, count: int | None) -> list[str]:
        taken = self._unread_of(room)[:count]
        for said in taken:
            self._unread.remove(said)
        return [text for _, text in taken]

    def _hear(self) -> None:
        self._runtime.call_soon(lambda: self._news.set())
