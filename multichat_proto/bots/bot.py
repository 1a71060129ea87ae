"""The bot: decorated handlers, served on Trio or asyncio."""

import random as random_module
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, contextmanager
from typing import TYPE_CHECKING, Any, Final, Literal, TypedDict, Unpack

from multichat_proto.bots import help as help_command
from multichat_proto.bots.commands import Command, Commands
from multichat_proto.bots.context import Context
from multichat_proto.bots.exceptions import HandlerInvalid
from multichat_proto.bots.handlers import Handlers
from multichat_proto.bots.plan import Handler, Plan
from multichat_proto.bots.running import Run
from multichat_proto.bots.runtime import run_in, running
from multichat_proto.bots.signals import StopSignals
from multichat_proto.chat import AsyncChat
from multichat_proto.credentials import Credentials
from multichat_proto.events import RoomMessage
from multichat_proto.options import Options
from multichat_proto.transport import AsyncConnector

if TYPE_CHECKING:
    import ssl

    from multichat_proto.address import Address

__all__ = ["Bot", "ConnectArguments"]

_MOST_ROOMS: Final = 1_000


class ConnectArguments(TypedDict, total=False):
    """What ``connect`` of the shells takes by name, beside ``rooms``."""

    credentials: Credentials | tuple[str, str] | None
    username: str | None
    headers: Mapping[str, str] | None
    origin: str | None
    subprotocols: Sequence[str]
    ssl_context: "ssl.SSLContext | None"
    proxy: str | None
    options: Options | None
    transport: AsyncConnector | None
    random: Callable[[], float]


class Bot(Handlers):
    """
    A chat bot: handlers that decorators collect, and what runs them.

    ::

        bot = Bot("dice")


        @bot.command()
        async def roll(ctx: Context[RoomMessage], sides: int = 6) -> None:
            "Throw a die."
            await ctx.reply(f"{ctx.event.username} rolls {randint(1, sides)}")


        bot.run("wss://chat.example", credentials=("dice", "secret"), rooms=["1"])

    Events of a room are handled one after another, rooms side by side; what is of no room, such
    as ``Reconnected``, is beside all of them. What a handler raises is told to the error
    handlers, and harms nothing else. One's own messages are not handled
    unless a handler asks for them. A bot may serve several chats at a time.

    Args:
        name: Its name in the log.
        prefix: What a message begins with that is a command.
        help_name: What the command is called that lists the commands; ``None``: there is none.
            A command of your own of that name takes its place.
        max_concurrent_rooms: Rooms whose handlers run at a time.
        max_background: Handlers registered with ``background=True`` that run at a time; the
            rooms of further ones wait.
        max_queue: Events of a room that wait for its handlers; when there are more, the oldest
            give way, and handlers of ``Gap`` are told how many.
        max_rooms: Rooms that may have events waiting; events of more are counted in a ``Gap``
            of no room.
        handler_timeout: Longest time for one call of a handler, middleware included, or of a
            start hook, in seconds; ``None``: no limit. Then it is cancelled.
        stop_timeout: How long handlers may go on when the bot stops, and then each stop hook.
        random: Numbers from 0 to 1, for the jitter of schedules.

    Raises:
        HandlerInvalid: A limit or the prefix makes no sense.

    """

    def __init__(
        self,
        name: str | None = None,
        *,
        prefix: str = "!",
        help_name: str | None = "help",
        max_concurrent_rooms: int = 100,
        max_background: int = 100,
        max_queue: int = 256,
        max_rooms: int = _MOST_ROOMS,
        handler_timeout: float | None = 60,
        stop_timeout: float = 5,
        random: Callable[[], float] = random_module.random,
    ) -> None:
        super().__init__()
        if not prefix or prefix != prefix.strip():
            raise HandlerInvalid(f"a prefix is a text without space around it, not {prefix!r}")
        if min(max_concurrent_rooms, max_background, max_queue, max_rooms) < 1:
            raise HandlerInvalid("each limit of a bot is at least 1")
        if (handler_timeout is not None and not handler_timeout > 0) or not stop_timeout > 0:
            raise HandlerInvalid("a bot's timeouts are more than 0 seconds")
        self.name = name
        self.prefix = prefix
        self._help_name = help_name
        self._max_concurrent_rooms = max_concurrent_rooms
        self._max_background = max_background
        self._max_queue = max_queue
        self._max_rooms = max_rooms
        self._handler_timeout = handler_timeout
        self._stop_timeout = stop_timeout
        self._random = random
        self._runs: set[Run] = set()

    def __str__(self) -> str:
        return f"bot {self.name!r}" if self.name else "bot"

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name!r} of {len(self._handlers)} handlers>"

    @property
    def commands(self) -> tuple[Command, ...]:
        """The commands, in the order of their registration; ``help`` is not among them."""
        return tuple(self._commands)

    async def serve(
        self,
        url: "str | Address",
        *,
        rooms: Iterable[str | int] = (),
        connect: Callable[..., AbstractAsyncContextManager[AsyncChat]] | None = None,
        **arguments: Unpack[ConnectArguments],
    ) -> None:
        """
        Connect, and handle events until :meth:`stop`, or until the session ends by itself.

        Cancelling ends it at once; stop hooks still run, for their time.

        Args:
            url: The server.
            rooms: Rooms to be in.
            connect: A shell's function; ``None``: that of the library which runs this task.
            arguments: What ``connect`` takes besides.

        Raises:
            MultichatError: The session has ended by itself, or never began; this is why.
            HandlerTimeout: A start hook took too long.
            Exception: Whatever a start hook raises.

        """
        with self._new_run() as run:
            await run.serve(_connection(connect, url, rooms, arguments))

    async def serve_chat(self, chat: AsyncChat) -> None:
        """
        Handle the events of a chat that is open, until :meth:`stop` or the end of the chat.

        The bot reads the chat's own stream; others may subscribe to one of theirs. The chat is
        left open.

        Raises:
            MultichatError: The session has ended by itself; this is why.
            HandlerTimeout: A start hook took too long.
            Exception: Whatever a start hook raises.

        """
        with self._new_run() as run:
            await run.serve_chat(chat)

    def run(
        self,
        url: "str | Address",
        *,
        rooms: Iterable[str | int] = (),
        backend: Literal["trio", "asyncio"] = "trio",
        connect: Callable[..., AbstractAsyncContextManager[AsyncChat]] | None = None,
        **arguments: Unpack[ConnectArguments],
    ) -> None:
        """
        Serve from a script, until Ctrl-C or SIGTERM; inside a program that is async, ``serve``.

        The first one stops gracefully, and ``run`` returns. The second one cancels everything;
        the third is for handlers that never give the others a turn.

        Args:
            url: The server.
            rooms: Rooms to be in.
            backend: The async library to run on.
            connect: A shell's function; ``None``: that of the library.
            arguments: What ``connect`` takes besides.

        Raises:
            KeyboardInterrupt: There was more than one signal.
            LocalProtocolError: The library runs in this thread already: await :meth:`serve`.
            MultichatError: The session has ended by itself, or never began; this is why.
            Exception: Whatever a start hook raises.

        """
        with StopSignals(self.stop, self._abort) as signals:

            async def main() -> None:
                with self._new_run() as run:
                    if signals.count:  # before there was anything to stop
                        run.stop()
                    await run.serve(_connection(connect, url, rooms, arguments))

            run_in(backend, main)
            if signals.count > 1:
                raise KeyboardInterrupt

    def stop(self) -> None:
        """
        Stop: no new events, handlers get ``stop_timeout``, stop hooks, goodbye.

        It returns at once, may be called from handlers, other threads and signal handlers, and
        does nothing while the bot serves no chat.
        """
        for run in tuple(self._runs):
            run.stop()

    def _abort(self) -> None:
        for run in tuple(self._runs):
            run.abort()

    def _check_may_register(self, decorator: str) -> None:
        if self._runs:
            raise HandlerInvalid(f"{decorator}: the bot serves already; decorate before that")

    @contextmanager
    def _new_run(self) -> Iterator[Run]:
        run = Run(self, self._plan(), running())
        self._runs.add(run)
        try:
            yield run
        finally:
            self._runs.discard(run)

    def _plan(self) -> Plan:
        commands = Commands(self.prefix, self._commands)
        handlers = list(self._handlers)
        if self._help_name is not None and commands.get(self._help_name) is None:
            handlers.append(_help(self._help_name, handlers, commands))
        return Plan(
            handlers=tuple(handlers),
            commands=commands,
            starters=tuple(self._starters),
            stoppers=tuple(self._stoppers),
            schedules=tuple(self._schedules),
            middleware=tuple(self._middleware),
            error_handlers=tuple(self._error_handlers),
            max_concurrent_rooms=self._max_concurrent_rooms,
            max_background=self._max_background,
            max_queue=self._max_queue,
            max_rooms=self._max_rooms,
            handler_timeout=self._handler_timeout,
            stop_timeout=self._stop_timeout,
            random=self._random,
        )


def _help(name: str, handlers: list[Handler], commands: Commands) -> Handler:
    async def help(ctx: Context[RoomMessage], command: str | None = None) -> None:  # noqa: A001
        """List the commands, or say how one is used."""
        await ctx.reply(help_command.answer(ctx, handlers, commands, command))

    registered = Handlers()
    registered.command(name)(help)
    for command in registered._commands:
        commands.add(command)
    return registered._handlers[0]


def _connection(
    connect: Callable[..., AbstractAsyncContextManager[AsyncChat]] | None,
    url: "str | Address",
    rooms: Iterable[str | int],
    arguments: Mapping[str, Any],
) -> AbstractAsyncContextManager[AsyncChat]:
    if connect is None:
        connect = running().connect()
    return connect(url, rooms=rooms, **arguments)
