"""The decorators of what is no handler of an event: hooks, schedules, middleware."""

from collections.abc import Callable
from typing import TypeVar

from multichat_proto.bots.plan import ErrorHandler, Middleware
from multichat_proto.bots.schedule import DEFAULT, Hook, Schedule, Timeout, checked_timeout
from multichat_proto.bots.signatures import check_function, name_of

__all__ = ["Hooks"]

AnyHook = TypeVar("AnyHook", bound=Hook)
AnyMiddleware = TypeVar("AnyMiddleware", bound=Middleware)
AnyErrorHandler = TypeVar("AnyErrorHandler", bound=ErrorHandler)


class Hooks:
    """Hooks, schedules, middleware and error handlers, by decorators."""

    def __init__(self) -> None:
        self._starters: list[tuple[str, Hook]] = []
        self._stoppers: list[tuple[str, Hook]] = []
        self._schedules: list[Schedule] = []
        self._middleware: list[Middleware] = []
        self._error_handlers: list[ErrorHandler] = []

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
        Let a function run around each handler: ``async def time_it(ctx, call_next)``.

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
        Tell a function each error of the others: ``async def report(ctx, exc)``.

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
