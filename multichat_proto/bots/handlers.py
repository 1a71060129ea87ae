"""
The decorators, and what they have collected.

Each decorator checks the function at once, and returns it unchanged. The types say which event
a handler gets, so that a type checker refuses what the decorator would refuse.
"""

import re
from collections.abc import Awaitable, Callable, Iterable
from typing import Any, Concatenate, Final, TypeVar, get_args, overload

from multichat_proto.bots.commands import Command, Commands
from multichat_proto.bots.context import Context
from multichat_proto.bots.exceptions import HandlerInvalid
from multichat_proto.bots.filters import Filter, Names, Rooms, Types
from multichat_proto.bots.hooks import Hooks
from multichat_proto.bots.plan import Handler
from multichat_proto.bots.schedule import DEFAULT, Timeout, checked_timeout
from multichat_proto.bots.signatures import annotations, check_events, check_function, name_of
from multichat_proto.events import ChatEvent, MemberEntered, MemberLeft, RoomMessage
from multichat_proto.messages import MsgType

__all__ = ["Handlers"]

E = TypeVar("E")
E1 = TypeVar("E1")
E2 = TypeVar("E2")
E3 = TypeVar("E3")
E4 = TypeVar("E4")

EventHandler = Callable[[Context[E]], Awaitable[object]]

OnMessage = TypeVar("OnMessage", bound=Callable[[Context[RoomMessage]], Awaitable[object]])
OnEnter = TypeVar("OnEnter", bound=Callable[[Context[MemberEntered]], Awaitable[object]])
OnLeave = TypeVar("OnLeave", bound=Callable[[Context[MemberLeft]], Awaitable[object]])
OnCommand = TypeVar(
    "OnCommand", bound=Callable[Concatenate[Context[RoomMessage], ...], Awaitable[object]]
)

_EVENTS: Final = frozenset(get_args(ChatEvent))


class Handlers(Hooks):
    """
    Handlers, commands, hooks and schedules, by decorators; a bot is such a collection itself.

    A part of a bot that has a module of its own collects its handlers in one of these, and the
    bot takes them in with :meth:`include`.
    """

    def __init__(self) -> None:
        super().__init__()
        self._handlers: list[Handler] = []
        self._commands = Commands("", ())

    def include(self, others: "Handlers") -> None:
        """
        Take in all that another collection has now; what it decorates later is not seen.

        Raises:
            HandlerInvalid: A command of it has a name that is taken.

        """
        self._check_may_register("include")
        for command in others._commands:
            self._commands.check(command)
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
        /,
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
        function: Callable[..., Any] | None = None,
        /,
        *,
        room: Rooms = None,
        type: Types = MsgType.MESSAGE,  # noqa: A002  # the word of the protocol
        author: Names = None,
        pattern: str | re.Pattern[str] | None = None,
        where: Callable[[RoomMessage], bool] | None = None,
        own: bool = False,
        timeout: Timeout = DEFAULT,
        background: bool = False,
    ) -> Any:
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
        /,
        *,
        room: Rooms = ...,
        author: Names = ...,
        own: bool = ...,
        timeout: Timeout = ...,
        background: bool = ...,
    ) -> Callable[[OnEnter], OnEnter]: ...
    def on_enter(
        self,
        function: Callable[..., Any] | None = None,
        /,
        *,
        room: Rooms = None,
        author: Names = None,
        own: bool = False,
        timeout: Timeout = DEFAULT,
        background: bool = False,
    ) -> Any:
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
        /,
        *,
        room: Rooms = ...,
        author: Names = ...,
        own: bool = ...,
        timeout: Timeout = ...,
        background: bool = ...,
    ) -> Callable[[OnLeave], OnLeave]: ...
    def on_leave(
        self,
        function: Callable[..., Any] | None = None,
        /,
        *,
        room: Rooms = None,
        author: Names = None,
        own: bool = False,
        timeout: Timeout = DEFAULT,
        background: bool = False,
    ) -> Any:
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
        self,
        event: type[E1],
        /,
        *,
        room: Rooms = ...,
        timeout: Timeout = ...,
        background: bool = ...,
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
        name: str | Callable[..., Any] | None = None,
        /,
        *,
        room: Rooms = None,
        author: Names = None,
        help: str | None = None,  # noqa: A002  # the word that people look for
        aliases: Iterable[str] = (),
        hidden: bool = False,
        timeout: Timeout = DEFAULT,
        background: bool = False,
    ) -> Any:
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
            self._commands.check(command)
            self._add("command", function, (RoomMessage,), chosen, timeout, background, command)
            self._commands.add(command)
            return function

        return decorate if name is None or isinstance(name, str) else decorate(name)

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
        signature = check_function(decorator, function, ("the context",), exactly=command is None)
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
