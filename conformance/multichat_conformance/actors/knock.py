"""
A connection whose handshake never comes to its end: too slow, too long, or left lying.

What a story has to see of it is when, and how, the target puts an end to it (MC1-HAND-07).
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

import trio

from multichat_conformance.actors.backdrop import Backdrop
from multichat_conformance.actors.handshake import Handshake, open_stream, response_of

__all__ = ["Knock", "knock"]

_MOST: Final = 1024 * 1024
_NAME: Final = "nobody"


class Knock:
    """
    A TCP connection to the target on which a handshake is written piece by piece.

    Attributes:
        ended: Whether the target has ended it.

    """

    def __init__(self, stream: trio.abc.Stream, backdrop: Backdrop) -> None:
        self.ended = False
        self._stream = stream
        self._backdrop = backdrop
        self._data = bytearray()
        self._end = trio.Event()
        self._head = trio.Event()

    @property
    def response(self) -> Handshake:
        """What the target has answered so far."""
        return response_of(bytes(self._data))

    async def write(self, data: bytes) -> bool:
        """Write some more, and return whether the target still takes it."""
        if not self.ended:
            try:
                await self._stream.send_all(data)
            except (trio.BrokenResourceError, trio.ClosedResourceError):
                self._is_over()
        return not self.ended

    async def ends(self, *, within: float) -> bool:
        """Wait some seconds at most for the target to end it, and return whether it has."""
        with trio.move_on_after(within):
            await self._end.wait()
        return self.ended

    async def is_answered(self, *, within: float) -> bool:
        """Wait some seconds at most for an answer or the end, and return whether one came."""
        with trio.move_on_after(within):
            await self._head.wait()
        return self._head.is_set()

    async def listen(self) -> None:
        """Take in what the target answers, until it ends the connection."""
        try:
            while (more := await self._stream.receive_some(65536)) and len(self._data) < _MOST:
                self._data += more
                if b"\r\n\r\n" in self._data:
                    self._head.set()
        except (trio.BrokenResourceError, trio.ClosedResourceError):
            pass
        self._is_over()

    def _is_over(self) -> None:
        if not self.ended:
            self.ended = True
            self._backdrop.transcript.add(_NAME, "received", "end", str(self.response))
            self._head.set()
            self._end.set()


@asynccontextmanager
async def knock(backdrop: Backdrop, about: str) -> AsyncIterator[Knock]:
    """
    Connect by TCP, and let go of the connection when the block is left.

    Args:
        backdrop: What the story's actors share.
        about: What the transcript says is sent.

    Raises:
        TargetGone: The target takes no connection.

    """
    backdrop.transcript.add(_NAME, "sent", "bytes", f"[{about}]")
    async with await open_stream(backdrop.target) as stream, trio.open_nursery() as nursery:
        one = Knock(stream, backdrop)
        nursery.start_soon(one.listen)
        yield one
        nursery.cancel_scope.cancel()
