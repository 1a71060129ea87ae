"""
The one writer: flushes every outbox that has something, once a turn of the event loop.

A socket that takes everything costs one system call a turn. Only one that would block gets a
task, which waits for it alone and ends when it is drained or dead, so that nobody ever waits
for a slow peer.

Nothing is written anywhere else, and no write is ever cancelled half-way: a write either
happened or did not, and what is left of a frame stays in the outbox (RFC 6455 knows no way to
take back half a frame).
"""

from collections.abc import Callable
from typing import Final

import trio

from multichat_server.engine.outbox import Outbox

__all__ = ["Flusher"]

BATCH: Final = 256
"""Outboxes flushed before other tasks get a turn: some 1.5 ms of system calls."""


class Flusher:
    """Writes what was posted, once a turn. Its task is :meth:`run`."""

    def __init__(self) -> None:
        self._due: list[Outbox] = []
        self._chores: list[Callable[[], None]] = []
        self._wake = trio.Event()

    def schedule(self, outbox: Outbox) -> None:
        """Have this outbox flushed at the end of this turn."""
        self._due.append(outbox)
        self._wake.set()

    def call_soon(self, chore: Callable[[], None]) -> None:
        """Have something done at the end of this turn, before the outboxes are flushed."""
        self._chores.append(chore)
        self._wake.set()

    async def run(self) -> None:
        """
        Flush until cancelled.

        Cancelling leaves every outbox between two writes; nothing is flushed any more.
        """
        async with trio.open_nursery() as waiting:
            while True:
                await self._wake.wait()
                self._wake = trio.Event()
                while self._chores:
                    # A chore may post, and by that cause another.
                    self._chores.pop()()
                due, self._due = self._due, []
                for number, outbox in enumerate(due, 1):
                    outbox.flush()
                    if outbox.is_blocked:
                        waiting.start_soon(outbox.drain)
                    if number % BATCH == 0:
                        await trio.lowlevel.checkpoint()
