"""How each shell plays a story."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from types import TracebackType
from typing import Any, Self, TypeVar

import trio
import trio.testing

from multichat_proto.testing import VirtualClock, VirtualEventLoop
from tests.sdk.behaviour.stage import Chat, Stage, Story
from tests.sdk.behaviour.targets import Shell, Target

__all__ = ["PATIENCE", "play"]

T = TypeVar("T")

PATIENCE = 30.0
"""Seconds that a story may take, or one call of it where there is no async: what does not come
is a failure, not a hang."""

VIRTUAL_PATIENCE = 600.0


def play(story: Story, shell: Shell, target: Target) -> None:
    """Play a story to its end."""
    _PLAYERS[shell](story, target)


def _play_trio(story: Story, target: Target) -> None:
    from multichat_proto.trio import connect

    async def main() -> None:
        patience = VIRTUAL_PATIENCE if target.is_virtual else PATIENCE
        with target.playing("trio", None) as playing, trio.fail_after(patience):

            def connecting(username: str, **given: Any) -> AbstractAsyncContextManager[Chat]:
                return connect(**playing.arguments(username, **given))

            await _tell(story, Stage(connecting, playing.backstage, trio.current_time))

    clock = trio.testing.MockClock(autojump_threshold=0) if target.is_virtual else None
    trio.run(main, clock=clock, strict_exception_groups=True)


def _play_asyncio(story: Story, target: Target) -> None:
    from multichat_proto.asyncio import connect

    async def main() -> None:
        patience = VIRTUAL_PATIENCE if target.is_virtual else PATIENCE
        with target.playing("asyncio", None) as playing:

            def connecting(username: str, **given: Any) -> AbstractAsyncContextManager[Chat]:
                return connect(**playing.arguments(username, **given))

            async with asyncio.timeout(patience):
                now = asyncio.get_running_loop().time
                await _tell(story, Stage(connecting, playing.backstage, now))

    loop_factory = VirtualEventLoop if target.is_virtual else asyncio.new_event_loop
    with asyncio.Runner(loop_factory=loop_factory) as runner:
        runner.run(main())


def _play_sync(story: Story, target: Target) -> None:
    from multichat_proto.sync import connect

    clock = VirtualClock() if target.is_virtual else None
    patience = VIRTUAL_PATIENCE if target.is_virtual else PATIENCE
    with target.playing("sync", clock) as playing:

        @asynccontextmanager
        async def connecting(username: str, **given: Any) -> AsyncIterator[Any]:
            with connect(**playing.arguments(username, **given)) as chat:
                yield SyncChat(chat, patience)

        now = time.monotonic if clock is None else clock.now
        run_sync(_tell(story, Stage(connecting, playing.backstage, now)))


async def _tell(story: Story, stage: Stage) -> None:
    async with stage.stack:
        await story.play(stage)


_PLAYERS: Mapping[Shell, Callable[[Story, Target], None]] = {
    "trio": _play_trio,
    "asyncio": _play_asyncio,
    "sync": _play_sync,
}


def run_sync(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine that never suspends."""
    try:
        coroutine.send(None)
    except StopIteration as stop:
        result: T = stop.value
        return result
    coroutine.close()
    raise AssertionError("a story of the table waits for something that is not of the chat")


class SyncEvents:
    """A stream of the sync shell, in the clothes of an async one."""

    def __init__(self, events: Any, patience: float) -> None:
        self._events = events
        self._patience = patience

    def __enter__(self) -> Self:
        self._events.__enter__()
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._events.__exit__(exc_type, exc, traceback)

    def __aiter__(self) -> AsyncIterator[Any]:
        return _iterate(self._events)

    async def next(self) -> Any:
        return self._events.next(timeout=self._patience)

    async def wait_for(self, what: Any) -> Any:
        return self._events.wait_for(what, timeout=self._patience)


class SyncRoom:
    """A room of the sync shell, in the clothes of an async one."""

    def __init__(self, room: Any, patience: float) -> None:
        self._room = room
        self._patience = patience

    def __getattr__(self, name: str) -> Any:
        return getattr(self._room, name)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, SyncRoom) and self._room is other._room

    def __hash__(self) -> int:
        return id(self._room)

    async def send(self, text: str) -> Any:
        return self._room.send(text, timeout=self._patience)

    async def leave(self) -> None:
        self._room.leave(timeout=self._patience)

    async def wait_for(self, what: Any) -> Any:
        return self._room.wait_for(what, timeout=self._patience)

    def subscribe(self, **arguments: Any) -> Any:
        return SyncEvents(self._room.subscribe(**arguments), self._patience)

    def __aiter__(self) -> AsyncIterator[Any]:
        return _iterate(self._room)


class SyncChat:
    """A chat of the sync shell, in the clothes of an async one."""

    def __init__(self, chat: Any, patience: float) -> None:
        self._chat = chat
        self._patience = patience

    def __getattr__(self, name: str) -> Any:
        return getattr(self._chat, name)

    async def join(self, room: str | int) -> Any:
        return SyncRoom(self._chat.join(room, timeout=self._patience), self._patience)

    async def wait_for(self, what: Any) -> Any:
        return self._chat.wait_for(what, timeout=self._patience)

    def subscribe(self, **arguments: Any) -> Any:
        return SyncEvents(self._chat.subscribe(**arguments), self._patience)

    def __aiter__(self) -> AsyncIterator[Any]:
        return _iterate(self._chat)

    @property
    def rooms(self) -> Any:
        return {room.id: SyncRoom(room, self._patience) for room in self._chat.rooms.values()}


async def _iterate(stream: Any) -> AsyncIterator[Any]:
    for event in stream:
        yield event
