"""
The one who writes to a stream: whole frames, or an end to the connection.

Trio's rule is that a stream is doomed once a ``send_all`` was cancelled: nobody knows how
much of it went out. If the next frame were sent all the same, its bytes would land inside
the payload of the unfinished one, and the peer would lose both without a word. So nobody
calls ``send_all`` but the task in :meth:`FrameWriter.run`, and no caller's cancel scope
reaches into it. A caller that is cancelled takes its frame back while that waits, and ends
the connection once it is under way. What remains is simple to rely on: **a cancelled write
was not sent, or the connection is gone.**
"""

from collections import deque

import trio

__all__ = ["FrameWriter"]


class _Frame:
    __slots__ = ("data", "finished", "is_pong", "written")

    def __init__(self, data: bytes, *, is_pong: bool) -> None:
        self.data = data
        self.is_pong = is_pong
        self.written = False
        self.finished = trio.Event()


class FrameWriter:
    """
    The owner of a stream's sending half, and of its closing.

    Args:
        stream: Closed, forcefully, when :meth:`run` ends.

    """

    def __init__(self, stream: trio.abc.Stream) -> None:
        self._stream = stream
        self._frames: deque[_Frame] = deque()
        self._current: _Frame | None = None
        self._arrival = trio.Event()
        self._scope = trio.CancelScope()
        self._broken = False

    async def run(self) -> None:
        """
        Write what is handed over until :meth:`abort`; then close the stream.

        Cancelling it closes the stream, too, in the middle of a frame if need be.
        """
        try:
            with self._scope:
                try:
                    await self._write_frames()
                except (trio.BrokenResourceError, trio.ClosedResourceError):
                    # The peer takes nothing more. It may have said why before it went: the
                    # stream stays open for the reader, who ends the connection.
                    self._give_up()
                    await trio.sleep_forever()
        finally:
            self._give_up()
            await trio.aclose_forcefully(self._stream)

    async def write(self, frame: bytes) -> None:
        """
        Write a frame and return when the system has taken all of it.

        If it returns, the frame was written. Cancelled, the frame was not sent, or the
        connection has ended: it is taken back while it waits, and torn once it is under way.

        Raises:
            trio.BrokenResourceError: It was not written: the connection has ended.

        """
        waiting = self._hand_over(frame, is_pong=False)
        try:
            await waiting.finished.wait()
        except trio.Cancelled:
            if waiting in self._frames:
                self._frames.remove(waiting)
            else:
                self.abort()
            raise
        if not waiting.written:
            raise trio.BrokenResourceError

    def post(self, frame: bytes) -> None:
        """Have a control frame written after what waits already; do not wait for it."""
        self._hand_over(frame, is_pong=False)

    def post_pong(self, frame: bytes) -> None:
        """
        Have a pong written; one that still waits is replaced.

        RFC 6455, section 5.5.3: an endpoint may "elect to send a Pong frame for only the
        most recently processed Ping frame". So a peer that pings and does not read costs
        one frame of memory.
        """
        if self._frames and self._frames[-1].is_pong:
            self._frames.pop()
        self._hand_over(frame, is_pong=True)

    def abort(self) -> None:
        """End the connection at once, in the middle of a frame if need be."""
        self._broken = True
        self._scope.cancel()

    def _hand_over(self, data: bytes, *, is_pong: bool) -> _Frame:
        frame = _Frame(data, is_pong=is_pong)
        if self._broken:
            frame.finished.set()
        else:
            self._frames.append(frame)
            self._arrival.set()
        return frame

    async def _write_frames(self) -> None:
        while True:
            while self._frames:
                self._current = self._frames.popleft()
                await self._stream.send_all(self._current.data)
                self._current.written = True
                self._current.finished.set()
                self._current = None
            self._arrival = trio.Event()
            await self._arrival.wait()

    def _give_up(self) -> None:
        self._broken = True
        if self._current is not None:
            self._current.finished.set()
        for frame in self._frames:
            frame.finished.set()
        self._frames.clear()
