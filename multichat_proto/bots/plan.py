"""What a bot is to do: its handlers and limits, as they are when it begins to serve."""

import dataclasses
from collections.abc import Awaitable, Callable

from multichat_proto.bots.commands import Command, Commands
from multichat_proto.bots.context import CallNext, Context
from multichat_proto.bots.filters import Filter
from multichat_proto.bots.schedule import Hook, Schedule, Timeout
from multichat_proto.events import ChatEvent

__all__ = ["ErrorHandler", "Handler", "Middleware", "Plan"]

Middleware = Callable[[Context[ChatEvent], CallNext], Awaitable[object]]
"""``async def middleware(ctx, call_next)``: what it does around ``await call_next()``."""
ErrorHandler = Callable[[Context[ChatEvent | None], Exception], Awaitable[object]]
"""``async def on_error(ctx, exc)``; ``ctx.event`` is ``None`` for hooks and schedules."""


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


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a bot does, and within which limits; see :class:`Bot`."""

    handlers: tuple[Handler, ...]
    commands: Commands
    starters: tuple[tuple[str, Hook], ...]
    stoppers: tuple[tuple[str, Hook], ...]
    schedules: tuple[Schedule, ...]
    middleware: tuple[Middleware, ...]
    error_handlers: tuple[ErrorHandler, ...]
    max_concurrent_rooms: int
    max_background: int
    max_queue: int
    max_rooms: int
    handler_timeout: float | None
    stop_timeout: float
    random: Callable[[], float]
