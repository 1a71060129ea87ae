"""
What waits to be written to one connection: whole frames, bounded in bytes, one owner.

Everybody who has something for a member *posts* a frame and goes on; nobody waits. Only the
:class:`~multichat_server.engine.flusher.Flusher` writes, once a turn of the event loop, so that
under load many frames leave in one system call.

A write may take half a frame. The outbox then keeps the rest and knows where the next frame
begins, so that a backlog can be thrown away without tearing what the peer has half received:
a close frame put behind it is still read as one.
"""

from collections.abc import Callable
from math import inf
from typing import Final, Protocol

import trio

__all__ = ["Outbox", "Sink"]

GATHER_BYTES: Final = 262_144
"""Most bytes that are copied together for one write. More than a socket takes at once would be
copied again and again while a slow peer drains it."""

EAGER_BYTES: Final = 65_536
"""A backlog of this size is written in the middle of a turn, too: a member who reads well must
not be put out because many large messages came within one turn."""


class Sink(Protocol):
    """Where an outbox writes to: a socket that never blocks, or a test's list."""

    def write(self, data: bytes | memoryview) -> int:
        """
        Write now what can be written, and return how many bytes that was.

        Raises:
            BlockingIOError: Nothing can be written now.
            OSError: Nothing can be written any more.

        """
        ...

    async def wait_writable(self) -> None:
        """
        Wait until something can be written.

        Raises:
            trio.ClosedResourceError: The sink was closed meanwhile.
            OSError: Nothing can be written any more.

        """
        ...

    def finish(self) -> None:
        """Tell the peer that nothing more comes; reading goes on."""
        ...

    def abort(self) -> None:
        """End the connection at once; whoever waits for it is woken."""
        ...


class Outbox:
    """
    The frames that wait to be written to one connection.

    Args:
        sink: Where they go.
        limit: Most bytes that may wait. One frame more than that, and ``overflowed`` is called.
        schedule: Called with the outbox when it has something to write and nobody knows it yet.
        overflowed: Called once when the limit is passed. It must not write; the outbox takes
            no more frames from then on.

    """

    __slots__ = (
        "_frames",
        "_is_closed",
        "_is_finishing",
        "_limit",
        "_offset",
        "_overflowed",
        "_progress",
        "_schedule",
        "_sink",
        "drained_at",
        "is_blocked",
        "is_scheduled",
        "is_sealed",
        "size",
    )

    def __init__(
        self,
        sink: Sink,
        *,
        limit: int,
        schedule: Callable[["Outbox"], None],
        overflowed: Callable[[], None],
    ) -> None:
        self._sink = sink
        self._limit = limit
        self._schedule = schedule
        self._overflowed = overflowed
        self._frames: list[bytes] = []
        self._offset = 0  # bytes of the first frame that are written already
        self._is_closed = False  # sealed by the owner or dead: not even a close frame is taken
        self._is_finishing = False
        self._progress: trio.Event | None = None
        self.size = 0
        """Bytes that wait."""
        self.is_scheduled = False
        """Whether the flusher, or a task that waits for the sink, will write what is here."""
        self.is_blocked = False
        """Whether the sink took not everything the last time."""
        self.is_sealed = False
        """Whether no more frames are taken."""
        self.drained_at = -inf
        """When the peer last took something of what waited for it, on Trio's clock."""

    @property
    def is_congested(self) -> bool:
        """Whether so much waits that no more should be caused: read nothing from this peer."""
        return self.size * 2 > self._limit

    def post(self, frame: bytes) -> None:
        """
        Take a whole frame, to be written with what else waits at the end of this turn.

        Once the outbox is sealed, frames are dropped: the connection has ended for them.
        """
        if self.is_sealed:
            return
        self._frames.append(frame)
        self.size += len(frame)
        if not self.is_scheduled:
            self.is_scheduled = True
            self._schedule(self)
        if self.size > EAGER_BYTES:
            self._relieve_or_overflow()

    def seal(self, last: bytes = b"", *, discard: bool = False, finish: bool = False) -> None:
        """
        Take no more frames after this one.

        Args:
            last: One more frame, or several, such as the close frame; the limit does not count.
                Dropped if the outbox was sealed before.
            discard: Throw away what waits, but for the rest of a frame that is half written.
            finish: When everything is written, tell the peer that nothing more comes. May be
                asked for by a later call, too.

        """
        if discard and self._frames:
            del self._frames[1 if self._offset else 0 :]
            self.size = len(self._frames[0]) - self._offset if self._frames else 0
        if last and not self._is_closed:
            self._frames.append(last)
            self.size += len(last)
        self.is_sealed = self._is_closed = True
        self._is_finishing = self._is_finishing or finish
        if not self.is_scheduled:
            self.is_scheduled = True
            self._schedule(self)

    def flush(self) -> None:
        """
        Write what can be written now; for the flusher and its waiting tasks alone.

        Afterwards :attr:`is_blocked` tells whether something is left; then whoever called sees
        to it that :meth:`drain` runs. Errors end the connection and raise nothing.
        """
        self._write()
        self.is_scheduled = self.is_blocked
        if self._progress is not None:
            self._progress.set()
            self._progress = None
        if self._is_finishing and not self._frames:
            self._is_finishing = False
            self._sink.finish()

    async def drain(self) -> None:
        """
        Write what a blocked sink did not take, as soon as it does; a task's whole work.

        Ends when nothing is left or the connection has ended. Cancelling it leaves what is not
        written where it is.
        """
        while self.is_blocked:
            try:
                await self._sink.wait_writable()
            except (OSError, trio.ClosedResourceError):
                self.kill()
                return
            self.drained_at = trio.current_time()
            self.flush()

    async def wait_relief(self) -> None:
        """
        Wait until the backlog is small again, or the connection has ended.

        Cancelling it changes nothing.
        """
        while self.is_congested:
            await self._wait_progress()

    async def wait_empty(self) -> None:
        """
        Wait until everything is written, or the connection has ended.

        Cancelling it changes nothing.
        """
        while self._frames:
            await self._wait_progress()

    def kill(self) -> None:
        """Drop everything and end the connection at once. Calling it again does nothing."""
        self.is_sealed = self._is_closed = True
        self.is_blocked = self._is_finishing = False
        self._frames.clear()
        self.size = self._offset = 0
        if self._progress is not None:
            self._progress.set()
            self._progress = None
        self._sink.abort()

    async def _wait_progress(self) -> None:
        if self._progress is None:
            self._progress = trio.Event()
        await self._progress.wait()

    def _relieve_or_overflow(self) -> None:
        if not self.is_blocked:
            self._write()
        if self.size > self._limit:
            self.is_sealed = True
            self._overflowed()

    def _write(self) -> None:
        self.is_blocked = False
        while self._frames:
            chunk = self._gather()
            try:
                written = self._sink.write(chunk)
            except BlockingIOError:
                written = 0
            except OSError:
                self.kill()
                return
            self._advance(written)
            if written < len(chunk):
                self.is_blocked = True
                return

    def _gather(self) -> bytes | memoryview:
        frames = self._frames
        if self._offset:
            return memoryview(frames[0])[self._offset :]
        if len(frames) == 1:
            return frames[0]
        if self.size <= GATHER_BYTES:
            return b"".join(frames)
        count = size = 0
        for frame in frames:
            size += len(frame)
            if count and size > GATHER_BYTES:
                break
            count += 1
        return frames[0] if count == 1 else b"".join(frames[:count])

    def _advance(self, written: int) -> None:
        self.size -= written
        if not self.size:
            self._frames.clear()
            self._offset = 0
            return
        self._offset += written
        done = 0
        while self._offset >= len(self._frames[done]):
            self._offset -= len(self._frames[done])
            done += 1
        del self._frames[:done]
