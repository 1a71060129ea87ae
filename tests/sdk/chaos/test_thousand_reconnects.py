"""A session that was reconnected a thousand times is as big as one that was so fifty times."""

from __future__ import annotations

import asyncio
import gc
import sys
import threading
import tracemalloc
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import trio
import trio.testing

import multichat_proto.asyncio
import multichat_proto.sync
import multichat_proto.trio
from multichat_proto import Backoff, Options, Reconnected
from multichat_proto.testing import MemoryServer

FEW, MANY = 50, 1_000
MOST_GROWTH = 32_768
"""Bytes, for what the interpreter itself keeps; a leak of 40 bytes each time is found."""

PATIENCE = 30.0

# The queues of those who do not read are full after a few reconnects, and stay so.
AT_ONCE = Options(backoff=Backoff(first=0.0, cap=0.0), command_rate=0.0, max_queue=64)

pytestmark = pytest.mark.slow


@pytest.fixture
def server() -> MemoryServer:
    """A server that does not remember what it has seen: that would grow."""
    server = MemoryServer({"1": "Lobby", "2": "Tea kitchen"})
    server._handshakes = deque(maxlen=1)  # type: ignore[assignment]
    server._received = deque(maxlen=1)  # type: ignore[assignment]
    return server


class Sizes:
    """How much there is, once after a few reconnects and once after many."""

    def __init__(self) -> None:
        self._seen: list[tuple[int, int]] = []

    def look(self, number: int, tasks: int) -> None:
        """Measure, if it is time to."""
        if number in (FEW, MANY):
            gc.collect()
            self._seen.append((tracemalloc.get_traced_memory()[0], tasks))

    def check(self) -> None:
        (memory_then, tasks_then), (memory_now, tasks_now) = self._seen
        print(f"{memory_now - memory_then:+} bytes, {tasks_now - tasks_then:+} tasks")
        assert tasks_now == tasks_then
        assert memory_now - memory_then < MOST_GROWTH


@pytest.fixture
def sizes() -> Iterator[Sizes]:
    with traced():
        yield Sizes()


@contextmanager
def traced() -> Iterator[None]:
    # What measures coverage keeps something of every thread that it has seen.
    here, in_threads = sys.gettrace(), threading.gettrace()
    sys.settrace(None)
    threading.settrace(None)
    tracemalloc.start()
    try:
        yield
    finally:
        tracemalloc.stop()
        threading.settrace(in_threads)
        sys.settrace(here)


async def test_trio(server: MemoryServer, sizes: Sizes) -> None:
    transport = server.connector("trio", "alice")
    async with multichat_proto.trio.connect(
        "ws://memory", transport=transport, rooms=["1", "2"], options=AT_ONCE
    ) as chat:
        with chat.subscribe(max_queue=1_000) as events, trio.fail_after(PATIENCE):
            for number in range(1, MANY + 1):
                server.cut("alice")
                await events.wait_for(Reconnected)
                await trio.testing.wait_all_tasks_blocked()
                sizes.look(number, trio.lowlevel.current_statistics().tasks_living)

    sizes.check()


def test_asyncio(server: MemoryServer, sizes: Sizes) -> None:
    async def story() -> None:
        transport = server.connector("asyncio", "alice")
        async with multichat_proto.asyncio.connect(
            "ws://memory", transport=transport, rooms=["1", "2"], options=AT_ONCE
        ) as chat:
            with chat.subscribe(max_queue=1_000) as events:
                async with asyncio.timeout(PATIENCE):
                    for number in range(1, MANY + 1):
                        server.cut("alice")
                        await events.wait_for(Reconnected)
                        sizes.look(number, len(asyncio.all_tasks()))

    asyncio.run(story())

    sizes.check()


def test_sync(server: MemoryServer, sizes: Sizes) -> None:
    transport = server.connector("sync", "alice")
    with (
        multichat_proto.sync.connect(
            "ws://memory", transport=transport, rooms=["1", "2"], options=AT_ONCE
        ) as chat,
        chat.subscribe(max_queue=1_000) as events,
    ):
        for number in range(1, MANY + 1):
            server.cut("alice")
            events.wait_for(Reconnected, timeout=PATIENCE)
            sizes.look(number, threading.active_count())

    sizes.check()
