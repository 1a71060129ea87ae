"""A bot under test: somebody says something, and one looks at what the bot says."""

import logging
from collections.abc import Iterable
from contextlib import AbstractAsyncContextManager
from types import TracebackType
from typing import TYPE_CHECKING, Final, Self

from multichat_proto.bots.runtime import Tasks, running
from multichat_proto.messages import Room
from multichat_proto.testing.server import MemoryServer
from multichat_proto.testing.settling import settle

if TYPE_CHECKING:
    from multichat_proto.bots import Bot
    from multichat_proto.transport import AsyncConnector

__all__ = ["BotDriver"]

_LOG: Final = logging.getLogger("multichat_proto.bots")
"""Where a bot without error handlers tells its errors."""


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
    takes no time. Leaving the block stops the bot gracefully, and raises what it has raised: a
    handler that fails makes the test fail, unless the bot has an error handler of its own.

    Args:
        bot: The bot.
        server: Where it is; ``None`` makes a new one with the rooms below.
        rooms: Where the bot is to be in.
        username: The bot's name there.
        raises_errors: Whether leaving the block raises the first error of a handler that the
            bot has no error handler for.

    Attributes:
        bot: As given.
        server: The server in memory, with all its levers.
        errors: What handlers have raised, if the bot has no error handler for it.

    """

    def __init__(
        self,
        bot: "Bot",
        server: MemoryServer | None = None,
        *,
        rooms: Iterable[str | int] = ("1",),
        username: str = "bot",
        raises_errors: bool = True,
    ) -> None:
        self.bot = bot
        self.errors: list[BaseException] = []
        self._raises_errors = raises_errors
        self._log = _ErrorLog(bot, self.errors)
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
        _LOG.addHandler(self._log)
        tasks = self._runtime.tasks()
        self._nursery = await tasks.__aenter__()
        self._tasks = tasks
        self._nursery.start(self._serve)
        try:
            await settle()
        except BaseException as exc:
            # Cancelled: nobody else ends the tasks.
            await self.__aexit__(type(exc), exc, exc.__traceback__)
            raise
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
        if exc is not None:
            for error in self.errors:
                exc.add_note(f"a handler of the bot had raised {error!r}")
        try:
            if exc is None:
                self.bot.stop()
                await self._ended.wait()
        finally:
            self.server.unwatch(self._hear)
            _LOG.removeHandler(self._log)
            self._nursery.cancel()
            await tasks.__aexit__(exc_type, exc, traceback)
        if exc is None and self._error is not None:
            raise self._error
        if exc is None and self.errors and self._raises_errors:
            raise self.errors[0]

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


class _ErrorLog(logging.Handler):
    """Keeps what one bot tells the log of exceptions."""

    def __init__(self, bot: "Bot", errors: list[BaseException]) -> None:
        super().__init__(logging.ERROR)
        self._bot = bot
        self._errors = errors

    def emit(self, record: logging.LogRecord) -> None:
        """Keep the exception of a record of this bot's."""
        is_ours = isinstance(record.args, tuple) and self._bot in record.args
        if is_ours and record.exc_info is not None and record.exc_info[1] is not None:
            self._errors.append(record.exc_info[1])
