"""A bot's seam over asyncio."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from types import TracebackType
from typing import Any, Self

from multichat_proto.bots.exceptions import HandlerCancelled
from multichat_proto.bots.runtime import only_cause
from multichat_proto.chat import AsyncChat

__all__ = ["AsyncioRuntime"]


class _Scope:
    """A timeout that can also be made to run out at once."""

    def __init__(self, seconds: float | None) -> None:
        self._timeout = asyncio.timeout(seconds)
        self.was_cut_short = False

    def cancel(self) -> None:
        if not self._timeout.expired():
            self._timeout.reschedule(asyncio.get_running_loop().time())

    async def __aenter__(self) -> Self:
        await self._timeout.__aenter__()
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> bool:
        try:
            await self._timeout.__aexit__(exc_type, exc, traceback)
        except TimeoutError:
            self.was_cut_short = True
            return True
        return False


class _Ended(Exception):
    """Carries what ends a program out of a task: by itself it would end the loop at once."""

    def __init__(self, cause: BaseException) -> None:
        super().__init__()
        self.cause = cause


class _Tasks:
    def __init__(self) -> None:
        self._group = asyncio.TaskGroup()
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        await self._group.__aenter__()
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        try:
            await self._group.__aexit__(exc_type, exc, traceback)
        except BaseExceptionGroup as group:
            ended: BaseException | None = group.subgroup(_Ended)
            while isinstance(ended, BaseExceptionGroup):
                ended = ended.exceptions[0]
            raise ended.cause if isinstance(ended, _Ended) else only_cause(group) from None

    def start(self, function: Callable[..., Awaitable[None]], *arguments: Any) -> None:
        task = self._group.create_task(_awaited(function, *arguments))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def cancel(self) -> None:
        for task in self._tasks:
            task.cancel()


class AsyncioRuntime:
    """asyncio, as a bot sees it."""

    name = "asyncio"

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()

    def now(self) -> float:
        return self._loop.time()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)

    def event(self) -> asyncio.Event:
        return asyncio.Event()

    def semaphore(self, places: int) -> asyncio.Semaphore:
        return asyncio.Semaphore(places)

    def scope(self, seconds: float | None = None) -> _Scope:
        return _Scope(seconds)

    async def shielded(self, function: Callable[[], Awaitable[None]]) -> None:
        # In a task of its own: a cancellation may be under way that arrives only now.
        task = self._loop.create_task(_awaited(function))
        cancelled: asyncio.CancelledError | None = None
        while not task.done():
            try:
                await asyncio.wait([task])
            except asyncio.CancelledError as exc:
                cancelled = exc
        try:
            task.result()
        except _Ended as ended:
            raise ended.cause from None
        if cancelled is not None:
            raise cancelled

    def tasks(self) -> _Tasks:
        return _Tasks()

    async def call(self, function: Callable[[], Awaitable[object]]) -> None:
        try:
            await function()
        except asyncio.CancelledError as exc:
            task = asyncio.current_task()
            if task is None or task.cancelling():
                raise
            # Otherwise it would end the task that many other handlers need.
            raise HandlerCancelled("what the handler waited for was cancelled") from exc

    def call_soon(self, function: Callable[[], object]) -> None:
        self._loop.call_soon_threadsafe(function)

    def connect(self) -> Callable[..., AbstractAsyncContextManager[AsyncChat]]:
        # Not at the top: who brings a chat along needs no shell.
        from multichat_proto.asyncio import connect

        return connect


async def _awaited(function: Callable[..., Awaitable[None]], *arguments: Any) -> None:
    try:
        await function(*arguments)
    except (SystemExit, KeyboardInterrupt) as exc:
        raise _Ended(exc) from None
