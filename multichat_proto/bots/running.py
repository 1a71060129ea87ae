"""
A bot that runs: one dispatcher reads the chat, workers call the handlers, schedules tick.

The dispatcher only sorts events into lanes. Handlers, filters that people wrote, middleware and
error handlers all run in workers; what one of them raises is told to the error handlers, and
nothing else is touched. A stop takes no more events, gives what runs some seconds, runs the stop
hooks, and only then lets go of the chat.
"""

import logging
import re
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager, suppress
from functools import partial
from typing import TYPE_CHECKING, Final

from multichat_proto.bots.commands import Command
from multichat_proto.bots.context import CallNext, Context
from multichat_proto.bots.exceptions import HandlerTimeout, UsageError
from multichat_proto.bots.lanes import Lane, Lanes
from multichat_proto.bots.plan import Handler, Middleware, Plan
from multichat_proto.bots.runtime import Event, Runtime, Scope, Tasks
from multichat_proto.bots.schedule import Default, Schedule, Timeout
from multichat_proto.chat import AsyncChat
from multichat_proto.events import ChatEvent, Gap, RoomMessage
from multichat_proto.exceptions import ChatClosed, MultichatError

if TYPE_CHECKING:
    from multichat_proto.bots.bot import Bot

__all__ = ["Run"]

_LOG: Final = logging.getLogger("multichat_proto.bots")


class Run:
    """
    One run of a bot with one chat.

    Args:
        bot: The bot.
        plan: What it does.
        runtime: The seam over the async library.

    """

    def __init__(self, bot: "Bot", plan: Plan, runtime: Runtime) -> None:
        self._bot = bot
        self._plan = plan
        self._runtime = runtime
        self._by_event: dict[type, list[Handler]] = {}
        for handler in plan.handlers:
            for event in handler.events:
                self._by_event.setdefault(event, []).append(handler)
        self._background = runtime.semaphore(plan.max_background)
        self._whole: Scope | None = None
        self._until_stop: Scope | None = None
        self._has_begun = False
        self._is_stopping = False
        self._busy = 0
        self._quiet: Event | None = None
        self._chat: AsyncChat
        self._lanes: Lanes
        self._tasks: Tasks

    def stop(self) -> None:
        """Stop gracefully; from any thread or signal handler."""
        with suppress(RuntimeError):  # all has ended meanwhile
            self._runtime.call_soon(self._stop)

    def abort(self) -> None:
        """Cancel everything; from any thread or signal handler."""
        with suppress(RuntimeError):  # all has ended meanwhile
            self._runtime.call_soon(self._abort)

    async def serve(self, connection: AbstractAsyncContextManager[AsyncChat]) -> None:
        """Connect, and serve the chat; see :meth:`Bot.serve`."""

        async def connect_and_serve(whole: Scope) -> None:
            # Until there is a chat a stop has nothing to be graceful about.
            self._until_stop = whole
            if self._is_stopping:
                return
            async with connection as chat:
                self._until_stop = None
                await self._serve(chat)

        await self._as_a_whole(connect_and_serve)

    async def serve_chat(self, chat: AsyncChat) -> None:
        """Serve a chat that is open; see :meth:`Bot.serve_chat`."""

        async def serve(_: Scope) -> None:
            await self._serve(chat)

        await self._as_a_whole(serve)

    async def _as_a_whole(self, function: Callable[[Scope], Awaitable[None]]) -> None:
        async with self._runtime.scope() as whole:
            self._whole = whole
            try:
                await function(whole)
            finally:
                self._whole = self._until_stop = None

    async def _serve(self, chat: AsyncChat) -> None:
        self._chat = chat
        failure: MultichatError | None = None
        try:
            await self._while_not_stopped(self._start)
            async with self._runtime.tasks() as self._tasks:
                self._lanes = Lanes(
                    self._handle,
                    runtime=self._runtime,
                    tasks=self._tasks,
                    handled=frozenset({*self._by_event, Gap}),
                    max_workers=self._plan.max_concurrent_rooms,
                    max_queue=self._plan.max_queue,
                    max_lanes=self._plan.max_rooms,
                )
                for schedule in self._plan.schedules:
                    self._tasks.start(self._keep, schedule)
                try:
                    await self._while_not_stopped(self._read)
                except MultichatError as exc:
                    failure = exc
                self._is_stopping = True
                self._lanes.end(failure or ChatClosed("the bot stops"))
                async with self._runtime.scope(self._plan.stop_timeout) as draining:
                    await self._drain()
                if draining.was_cut_short:
                    _LOG.warning("%s: handlers did not end in time and are cancelled", self._bot)
                self._tasks.cancel()
        finally:
            self._is_stopping = True
            if self._has_begun:
                # Also when everything around is cancelled: files are closed there.
                await self._runtime.shielded(self._finish)
        if failure is not None:
            raise failure

    async def _while_not_stopped(self, function: Callable[[], Awaitable[None]]) -> None:
        async with self._runtime.scope() as scope:
            self._until_stop = scope
            try:
                if not self._is_stopping:
                    await function()
            finally:
                self._until_stop = None

    async def _start(self) -> None:
        self._has_begun = True
        for name, hook in self._plan.starters:
            await self._limited(
                name, self._plan.handler_timeout, partial(hook, self._bot, self._chat)
            )

    async def _read(self) -> None:
        async for event in self._chat:
            self._lanes.put(event)

    async def _drain(self) -> None:
        await self._lanes.idle()
        while self._busy:
            self._quiet = self._runtime.event()
            await self._quiet.wait()

    async def _finish(self) -> None:
        for name, hook in reversed(self._plan.stoppers):
            await self._guarded(
                Context(self._bot, self._chat, None, handler=name),
                self._plan.stop_timeout,
                partial(hook, self._bot, self._chat),
            )

    async def _keep(self, schedule: Schedule) -> None:
        start, run = self._runtime.now(), 0
        context = Context(self._bot, self._chat, None, handler=schedule.name)
        while True:
            run = schedule.next_run(run, start=start, now=self._runtime.now())
            due = schedule.due(run, start=start, random=self._plan.random())
            await self._runtime.sleep(max(0.0, due - self._runtime.now()))
            if self._is_stopping:
                return
            self._begin()
            try:
                await self._guarded(
                    context, schedule.timeout, partial(schedule.function, self._bot, self._chat)
                )
            finally:
                self._end()

    async def _handle(self, lane: Lane, event: ChatEvent) -> None:
        called: tuple[Command, str] | None = None
        if isinstance(event, Gap) and Gap not in self._by_event:
            _LOG.warning(
                "%s: %d events were dropped in room %r, the handlers are too slow",
                self._bot,
                event.dropped,
                event.room,
            )
        if isinstance(event, RoomMessage):
            called = self._plan.commands.find(event.text)
        for handler in self._by_event.get(type(event), ()):
            words = ""
            if handler.command is not None:
                if called is None or called[0] is not handler.command:
                    continue
                words = called[1]
            context = Context(
                self._bot,
                self._chat,
                event,
                handler=handler.name,
                lane=lane,
                command=handler.command,
            )
            if not await self._is_for(handler, context):
                continue
            if not handler.is_background:
                await self._call(handler, context, words)
                continue
            await self._background.acquire()
            if self._is_stopping:
                self._background.release()
                return
            if lane.room is not None:
                context.listen()  # the lane goes on meanwhile
            self._begin()
            lane.enter()
            self._tasks.start(self._call_beside, handler, context, lane, words)

    async def _is_for(self, handler: Handler, context: Context[ChatEvent]) -> bool:
        found: re.Match[str] | bool = False
        try:
            found = handler.filter.lets_through(context.event, self._chat.username)
        except Exception as exc:  # noqa: BLE001  # a `where` is somebody's code, too
            await self._tell(context, exc)
        if isinstance(found, re.Match):
            context.match = found
        return bool(found)

    async def _call_beside(
        self, handler: Handler, context: Context[ChatEvent], lane: Lane, words: str
    ) -> None:
        try:
            await self._call(handler, context, words)
        finally:
            lane.leave()
            self._background.release()
            self._end()

    async def _call(self, handler: Handler, context: Context[ChatEvent], words: str) -> None:
        async def innermost() -> None:
            if handler.command is None:
                await handler.function(context)
            else:
                positional, named = handler.command.read(words)
                await handler.function(context, *positional, **named)

        function: CallNext = innermost
        for middleware in reversed(self._plan.middleware):
            function = _around(middleware, context, function)
        try:
            await self._guarded(context, handler.timeout, function)
        finally:
            context.close()

    async def _guarded(
        self,
        context: Context[ChatEvent | None],
        seconds: Timeout,
        function: Callable[[], Awaitable[object]],
    ) -> None:
        """Call what somebody wrote; its errors end here."""
        try:
            await self._limited(context.handler, seconds, function)
        except UsageError as exc:
            if context.command is None:
                await self._tell(context, exc)
            else:
                await self._answer(context, context.command, exc)
        except Exception as exc:  # noqa: BLE001  # a handler's bug must harm nothing else
            await self._tell(context, exc)

    async def _answer(
        self, context: Context[ChatEvent | None], command: Command, exc: UsageError
    ) -> None:
        # It does not begin with the prefix: another bot with the same one would take it.
        answer = f"{exc}\nusage: {self._plan.commands.prefix}{command.usage}"
        try:
            await self._limited(
                context.handler, self._plan.handler_timeout, partial(context.reply, answer)
            )
        except MultichatError as failed:
            await self._tell(context, failed)

    async def _tell(self, context: Context[ChatEvent | None], exc: Exception) -> None:
        if self._is_stopping and isinstance(exc, ChatClosed):
            return  # it waited for something; that is how it learns that the bot stops
        if not self._plan.error_handlers:
            _LOG.error(
                "%s: %s failed on %s",
                self._bot,
                context.handler,
                "no event" if context.event is None else type(context.event).__name__,
                exc_info=exc,
            )
        for handler in self._plan.error_handlers:
            try:
                await self._limited(
                    "on_error",
                    self._plan.handler_timeout,
                    partial(handler, context, exc),
                )
            except Exception:  # noqa: BLE001  # nobody is left to tell
                _LOG.exception(
                    "%s: an error handler failed on the error of %s", self._bot, context.handler
                )

    async def _limited(
        self, name: str, seconds: Timeout, function: Callable[[], Awaitable[object]]
    ) -> None:
        if isinstance(seconds, Default):
            seconds = self._plan.handler_timeout
        async with self._runtime.scope(seconds) as scope:
            await self._runtime.call(function)
        if scope.was_cut_short and seconds is not None:
            raise HandlerTimeout(name, seconds)

    def _begin(self) -> None:
        self._busy += 1

    def _end(self) -> None:
        self._busy -= 1
        if not self._busy and self._quiet is not None:
            self._quiet.set()

    def _stop(self) -> None:
        self._is_stopping = True
        if self._until_stop is not None:
            self._until_stop.cancel()

    def _abort(self) -> None:
        self._is_stopping = True
        if self._whole is not None:
            self._whole.cancel()


def _around(middleware: Middleware, context: Context[ChatEvent], call_next: CallNext) -> CallNext:
    async def call() -> None:
        await middleware(context, call_next)

    return call
