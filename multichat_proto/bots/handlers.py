"""
The decorators, and what they have collected.

Each decorator checks the function at once, and returns it unchanged. The types say which event
a handler gets, so that a type checker refuses what the decorator would refuse.
"""

import dataclasses
import re
from collections.abc import Awaitable, Callable, Iterable
from typing import Any, Concatenate, Final, TypeVar, get_args, overload

from multichat_proto.bots.commands import Command, Commands
from multichat_proto.bots.context import CallNext, Context
from multichat_proto.bots.exceptions import HandlerInvalid
from multichat_proto.bots.filters import Filter, Names, Rooms, Types
from multichat_proto.bots.schedule import DEFAULT, Hook, Schedule, Timeout, checked_timeout
from multichat_proto.bots.signatures import annotations, check_events, check_function, name_of
from multichat_proto.events import ChatEvent, MemberEntered, MemberLeft, RoomMessage
from multichat_proto.messages import MsgType

__all__ = ["ErrorHandler", "Handler", "Handlers", "Middleware"]

E = TypeVar("E")
E1 = TypeVar("E1")
E2 = TypeVar("E2")
E3 = TypeVar("E3")
E4 = TypeVar("E4")

Middleware = Callable[[Context[ChatEvent], CallNext], Awaitable[object]]
"""``async def middleware(ctx, call_next)``: what it does around ``await call_next()``."""
ErrorHandler = Callable[[Context[ChatEvent | None], Exception], Awaitable[object]]
"""``async def on_error(ctx, exc)``; ``ctx.event`` is ``None`` for hooks and schedules."""
EventHandler = Callable[[Context[E]], Awaitable[object]]

OnMessage = TypeVar("OnMessage", bound=Callable[[Context[RoomMessage]], Awaitable[object]])
OnEnter = TypeVar("OnEnter", bound=Callable[[Context[MemberEntered]], Awaitable[object]])
OnLeave = TypeVar("OnLeave", bound=Callable[[Context[MemberLeft]], Awaitable[object]])
OnCommand = TypeVar(
    "OnCommand", bound=Callable[Concatenate[Context[RoomMessage], ...], Awaitable[object]]
)
AnyHook = TypeVar("AnyHook", bound=Hook)
AnyMiddleware = TypeVar("AnyMiddleware", bound=Middleware)
AnyErrorHandler = TypeVar("AnyErrorHandler", bound=ErrorHandler)

_EVENTS: Final = frozenset(get_args(ChatEvent))


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Handler:
    """
    A function, and the events that it is for.

    Attributes:
        function: It.
        name: Its name.
        events: The classes of events.
        filter: What else must hold of them.
        timeout: Longest time for one call.
        is_background: Whether the room's next event does not wait for it.
        command: The command that it carries out, if it does.

    """

    function: Callable[..., Awaitable[object]]
    name: str
    events: tuple[type, ...]
    filter: Filter
    timeout: Timeout
    is_background: bool
    command: Command | None = None


class Handlers:
    """
    Handlers, commands, hooks and schedules, by decorators; a bot is such a collection itself.

    A part of a bot that has a module of its own collects its handlers in one of these, and the
    bot takes them in with :meth:`include`.
    """

    def __init__(self) -> None:
        self._handlers: list[Handler] = []
        self._commands = Commands("", ())
        self._starters: list[tuple[str, Hook]] = []
        self._stoppers: list[tuple[str, Hook]] = []
        self._schedules: list[Schedule] = []
        self._middleware: list[Middleware] = []
        self._error_handlers: list[ErrorHandler] = []

    def include(self, others: "Handlers") -> None:
        """
        Take in all that another collection has now; what it decorates later is not seen.

        Raises:
            HandlerInvalid: A command of it has a name that is taken.

        """
        self._check_may_register("include")
        for command in others._commands:
            self._commands.add(command)
        self._handlers += others._handlers
        self._starters += others._starters
        self._stoppers += others._stoppers
        self._schedules += others._schedules
        self._middleware += others._middleware
        self._error_handlers += others._error_handlers

    @overload
    def on_message(self, function: OnMessage, /) -> OnMessage: ...
    @overload
    def on_message(
        self,
        *,
        room: Rooms = ...,
        type: Types = ...,
        author: Names = ...,
        pattern: str | re.Pattern[str] | None = ...,
        where: Callable[[RoomMessage], bool] | None = ...,
        own: bool = ...,
        timeout: Timeout = ...,
        background: bool = ...,
    ) -> Callable[[OnMessage], OnMessage]: ...
    def on_message(
        self,
        function: OnMessage | None = None,
        /,
        *,
        room: Rooms = None,
        type: Types = MsgType.MESSAGE,
        author: Names = None,
        pattern: str | re.Pattern[str] | None = None,
        where: Callable[[RoomMessage], bool] | None = None,
        own: bool = False,
        timeout: Timeout = DEFAULT,
        background: bool = False,
    ) -> OnMessage | Callable[[OnMessage], OnMessage]:
        """
        Decorate ``async def handler(ctx: Context[RoomMessage])``: it is called for messages.

        Args:
            function: The handler, where the decorator is used without arguments.
            room: The room or rooms; ``None``: all.
            type: The type or types of message; ``None``: all four. What the operator says
                (WARNING, ALERT, MUTED) is not taken for a user's word unless you ask for it.
            author: Who says it, one or more; ``None``: everybody.
            pattern: It is searched in the text; ``ctx.match`` is where it was found. The text
                is a stranger's: beware of patterns that backtrack.
            where: Says whether the handler is for a message.
            own: Whether one's own messages are handled, too. Beware of answering yourself.
            timeout: Longest time for one call, in seconds.
            background: Whether the room's next event does not wait until this handler is done.

        Raises:
            HandlerInvalid: The function cannot be called so, or an argument makes no sense.

        """
        chosen = Filter.of(
            "on_message",
            room=room,
            type=type,
            author=author,
            pattern=pattern,
            where=where,
            own=own,
        )

        def decorate(function: OnMessage) -> OnMessage:
            self._add("on_message", function, (RoomMessage,), chosen, timeout, background)
            return function

        return decorate if function is None else decorate(function)

    @overload
    def on_enter(self, function: OnEnter, /) -> OnEnter: ...
    @overload
    def on_enter(
        self,
        *,
        room: Rooms = ...,
        author: Names = ...,
        own: bool = ...,
        timeout: Timeout = ...,
        background: bool = ...,
    ) -> Callable[[OnEnter], OnEnter]: ...
    def on_enter(
        self,
        function: OnEnter | None = None,
        /,
        *,
        room: Rooms = None,
        author: Names = None,
        own: bool = False,
        timeout: Timeout = DEFAULT,
        background: bool = False,
    ) -> OnEnter | Callable[[OnEnter], OnEnter]:
        """
        Decorate ``async def handler(ctx: Context[MemberEntered])``; see :meth:`on_message`.

        Raises:
            HandlerInvalid: The function cannot be called so, or an argument makes no sense.

        """
        chosen = Filter.of("on_enter", room=room, author=author, own=own)

        def decorate(function: OnEnter) -> OnEnter:
            self._add("on_enter", function, (MemberEntered,), chosen, timeout, background)
            return function

        return decorate if function is None else decorate(function)

    @overload
    def on_leave(self, function: OnLeave, /) -> OnLeave: ...
    @overload
    def on_leave(
        self,
        *,
        room: Rooms = ...,
        author: Names = ...,
        own: bool = ...,
        timeout: Timeout = ...,
        background: bool = ...,
    ) -> Callable[[OnLeave], OnLeave]: ...
    def on_leave(
        self,
        function: OnLeave | None = None,
        /,
        *,
        room: Rooms = None,
        author: Names = None,
        own: bool = False,
        timeout: Timeout = DEFAULT,
        background: bool = False,
    ) -> OnLeave | Callable[[OnLeave], OnLeave]:
        """
        Decorate ``async def handler(ctx: Context[MemberLeft])``; see :meth:`on_message`.

        Raises:
            HandlerInvalid: The function cannot be called so, or an argument makes no sense.

        """
        chosen = Filter.of("on_leave", room=room, author=author, own=own)

        def decorate(function: OnLeave) -> OnLeave:
            self._add("on_leave", function, (MemberLeft,), chosen, timeout, background)
            return function

        return decorate if function is None else decorate(function)

    @overload
    def on_event(
        self, event: type[E1], /, *, room: Rooms = ..., timeout: Timeout = ..., background: bool = ...
    ) -> Callable[[EventHandler[E1]], EventHandler[E1]]: ...
    @overload
    def on_event(
        self,
        event: type[E1],
        event2: type[E2],
        /,
        *,
        room: Rooms = ...,
        timeout: Timeout = ...,
        background: bool = ...,
    ) -> Callable[[EventHandler[E1 | E2]], EventHandler[E1 | E2]]: ...
    @overload
    def on_event(
        self,
        event: type[E1],
        event2: type[E2],
        event3: type[E3],
        /,
        *,
        room: Rooms = ...,
        timeout: Timeout = ...,
        background: bool = ...,
    ) -> Callable[[EventHandler[E1 | E2 | E3]], EventHandler[E1 | E2 | E3]]: ...
    @overload
    def on_event(
        self,
        event: type[E1],
        event2: type[E2],
        event3: type[E3],
        event4: type[E4],
        /,
        *,
        room: Rooms = ...,
        timeout: Timeout = ...,
        background: bool = ...,
    ) -> Callable[[EventHandler[E1 | E2 | E3 | E4]], EventHandler[E1 | E2 | E3 | E4]]: ...
    @overload
    def on_event(
        self, *, room: Rooms = ..., timeout: Timeout = ..., background: bool = ...
    ) -> Callable[[EventHandler[ChatEvent]], EventHandler[ChatEvent]]: ...
    def on_event(
        self,
        *events: type[Any],
        room: Rooms = None,
        timeout: Timeout = DEFAULT,
        background: bool = False,
    ) -> Callable[[EventHandler[Any]], EventHandler[Any]]:
        """
        Decorate ``async def handler(ctx: Context[RoomLost])``: it is called for these events.

        Your own doings are not left out here.

        Args:
            events: Up to four classes of :data:`ChatEvent`; none: every event.
            room: The room or rooms; ``None``: all, and what is of no room.
            timeout: Longest time for one call, in seconds.
            background: Whether the next event does not wait until this handler is done.

        Raises:
            HandlerInvalid: The function cannot be called so, or an argument makes no sense.

        """
        for event in events:
            if event not in _EVENTS:
                raise HandlerInvalid(f"on_event takes classes of ChatEvent, not {event!r}")
        chosen = Filter.of("on_event", room=room)
        wanted = events or get_args(ChatEvent)

        def decorate(function: EventHandler[Any]) -> EventHandler[Any]:
            self._add("on_event", function, wanted, chosen, timeout, background)
            return function

        return decorate

    @overload
    def command(self, function: OnCommand, /) -> OnCommand: ...
    @overload
    def command(
        self,
        name: str | None = ...,
        /,
        *,
        room: Rooms = ...,
        author: Names = ...,
        help: str | None = ...,
        aliases: Iterable[str] = ...,
        hidden: bool = ...,
        timeout: Timeout = ...,
        background: bool = ...,
    ) -> Callable[[OnCommand], OnCommand]: ...
    def command(
        self,
        name: str | OnCommand | None = None,
        /,
        *,
        room: Rooms = None,
        author: Names = None,
        help: str | None = None,
        aliases: Iterable[str] = (),
        hidden: bool = False,
        timeout: Timeout = DEFAULT,
        background: bool = False,
    ) -> OnCommand | Callable[[OnCommand], OnCommand]:
        """
        Decorate ``async def roll(ctx, sides: int = 6, *names: str)``: it is called by its name.

        The words of the message become the arguments, by the types of the parameters; words
        that cannot are answered with what is wrong and the usage. See
        :mod:`multichat_proto.bots.commands`.

        Args:
            name: What people type after the bot's prefix; the function's name if left out.
            room: The room or rooms; ``None``: all.
            author: Who may call it; for others there is no such command.
            help: What it does; the function's docstring if left out.
            aliases: Other names.
            hidden: Whether the list of commands leaves it out.
            timeout: Longest time for one call, in seconds.
            background: Whether the room's next event does not wait until this handler is done.

        Raises:
            HandlerInvalid: The function cannot be called so, or an argument makes no sense.

        """
        chosen = Filter.of("command", room=room, author=author, type=MsgType.MESSAGE, own=False)

        def decorate(function: OnCommand) -> OnCommand:
            self._check_may_register("command")
            signature = check_function("command", function, ("the context",), exactly=False)
            command = Command.of(
                function,
                signature,
                name=name if isinstance(name, str) else None,
                help=help,
                aliases=aliases,
                is_hidden=hidden,
            )
            self._add("command", function, (RoomMessage,), chosen, timeout, background, command)
            self._commands.add(command)
            return function

        return decorate if name is None or isinstance(name, str) else decorate(name)

    def on_start(self, function: AnyHook, /) -> AnyHook:
        """
        Decorate ``async def hook(bot, chat)``: it runs once, before the first event.

        It does not run again when the session connects again; ``on_event(Reconnected)`` does.
        A hook that fails ends the bot with its error.

        Raises:
            HandlerInvalid: The function cannot be called so.

        """
        self._check_may_register("on_start")
        check_function("on_start", function, ("the bot", "the chat"))
        self._starters.append((name_of(function), function))
        return function

    def on_stop(self, function: AnyHook, /) -> AnyHook:
        """
        Decorate ``async def hook(bot, chat)``: it runs once, when all handlers have ended.

        The last one runs first. They run however the bot ends, once its start hooks have begun,
        each for the bot's ``stop_timeout`` at most.

        Raises:
            HandlerInvalid: The function cannot be called so.

        """
        self._check_may_register("on_stop")
        check_function("on_stop", function, ("the bot", "the chat"))
        self._stoppers.append((name_of(function), function))
        return function

    def every(
        self, seconds: float, /, *, jitter: float = 0.0, timeout: Timeout = DEFAULT
    ) -> Callable[[AnyHook], AnyHook]:
        """
        Decorate ``async def tick(bot, chat)``: it runs every so many seconds.

        The first run is one interval after the start. What a run takes adds nothing to the
        interval; a run that is late lets the next ones fall out, and none is made up for. It
        runs while there is no connection, too.

        Args:
            seconds: The interval.
            jitter: The most that is added to each due time at random, in seconds.
            timeout: Longest time for one run, in seconds.

        Raises:
            HandlerInvalid: The function cannot be called so, or an argument makes no sense.

        """

        def decorate(function: AnyHook) -> AnyHook:
            self._check_may_register("every")
            check_function("every", function, ("the bot", "the chat"))
            self._schedules.append(
                Schedule(
                    function=function,
                    name=name_of(function),
                    seconds=seconds,
                    jitter=jitter,
                    timeout=checked_timeout("every", timeout),
                )
            )
            return function

        return decorate

    def middleware(self, function: AnyMiddleware, /) -> AnyMiddleware:
        """
        Decorate ``async def middleware(ctx, call_next)``: it runs around each handler.

        ``await call_next()`` lets the handler run, and raises what it raises; without it the
        handler does not run. The first one is the outermost. All of it together has the
        handler's timeout.

        Raises:
            HandlerInvalid: The function cannot be called so.

        """
        self._check_may_register("middleware")
        check_function("middleware", function, ("the context", "call_next"))
        self._middleware.append(function)
        return function

    def on_error(self, function: AnyErrorHandler, /) -> AnyErrorHandler:
        """
        Decorate ``async def on_error(ctx, exc)``: it hears of each error of the others.

        Without one, errors are logged with their traceback to ``multichat_proto.bots``.

        Raises:
            HandlerInvalid: The function cannot be called so.

        """
        self._check_may_register("on_error")
        check_function("on_error", function, ("the context", "the error"))
        self._error_handlers.append(function)
        return function

    def _check_may_register(self, decorator: str) -> None:
        """Raise HandlerInvalid where it is too late."""

    def _add(
        self,
        decorator: str,
        function: Callable[..., Awaitable[object]],
        events: tuple[type, ...],
        chosen: Filter,
        timeout: Timeout,
        background: bool,
        command: Command | None = None,
    ) -> None:
        self._check_may_register(decorator)
        signature = check_function(
            decorator, function, ("the context",), exactly=command is None
        )
        first = next(iter(signature.parameters), "")
        annotation = annotations(function, signature).get(first)
        check_events(decorator, name_of(function), annotation, Context, events)
        self._handlers.append(
            Handler(
                function=function,
                name=name_of(function),
                events=events,
                filter=chosen,
                timeout=checked_timeout(decorator, timeout),
                is_background=background,
                command=command,
            )
        )
