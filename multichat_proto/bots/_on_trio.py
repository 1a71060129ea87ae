"""A bot's seam over Trio."""

import math
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from types import TracebackType
from typing import Any, Self

import trio

from multichat_proto.bots.runtime import only_cause
from multichat_proto.chat import AsyncChat

__all__ = ["TrioRuntime"]


class _Scope:
    def __init__(self, seconds: float | None) -> None:
        deadline = math.inf if seconds is None else trio.current_time() + seconds
        self._scope = trio.CancelScope(deadline=deadline)

    @property
    def was_cut_short(self) -> bool:
        return self._scope.cancelled_caught

    def cancel(self) -> None:
        self._scope.cancel()

    async def __aenter__(self) -> Self:
        self._scope.__enter__()
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> bool:
        return self._scope.__exit__(exc_type, exc, traceback)


class _Tasks:
    def __init__(self) -> None:
        self._manager = trio.open_nursery()

    async def __aenter__(self) -> Self:
        self._nursery = await self._manager.__aenter__()
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> bool | None:
        try:
            return await self._manager.__aexit__(exc_type, exc, traceback)
        except BaseExceptionGroup as group:
            raise only_cause(group) from None

    def start(self, function: Callable[..., Awaitable[None]], *arguments: Any) -> None:
        self._nursery.start_soon(function, *arguments)

    def cancel(self) -> None:
        self._nursery.cancel_scope.cancel()


class TrioRuntime:
    """Trio, as a bot sees it."""

    name = "trio"

    def __init__(self) -> None:
        self._token = trio.lowlevel.current_trio_token()

    def now(self) -> float:
        return trio.current_time()

    async def sleep(self, seconds: float) -> None:
        await trio.sleep(seconds)

    def event(self) -> trio.Event:
        return trio.Event()

    def semaphore(self, places: int) -> trio.Semaphore:
        return trio.Semaphore(places)

    def scope(self, seconds: float | None = None) -> _Scope:
        return _Scope(seconds)

    async def shielded(self, function: Callable[[], Awaitable[None]]) -> None:
        with trio.CancelScope(shield=True):
            await function()

    def tasks(self) -> _Tasks:
        return _Tasks()

    async def call(self, function: Callable[[], Awaitable[object]]) -> None:
        await function()

    def call_soon(self, function: Callable[[], object]) -> None:
        self._token.run_sync_soon(function)

    def connect(self) -> Callable[..., AbstractAsyncContextManager[AsyncChat]]:
        # Not at the top: who brings a chat along needs no shell.
        from multichat_proto.trio import connect

        return connect
