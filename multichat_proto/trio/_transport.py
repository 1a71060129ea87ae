"""
One open connection on Trio: bytes in, messages out, and the other way round.

Whoever calls :meth:`TrioTransport.receive` reads from the stream; nothing is read ahead of
him, so a reader who stops is felt by the server, by TCP, as it should. The one who writes is
the task of :meth:`TrioTransport.run`, see ``_writer.py``.
"""

from collections import deque
from collections.abc import Callable
from typing import Final

import trio
from websockets.client import ClientProtocol
from websockets.exceptions import TooManyFragments, WebSocketException
from websockets.frames import Frame, Opcode
from websockets.protocol import OPEN

from multichat_proto.exceptions import ConnectionClosed, RemoteProtocolError
from multichat_proto.messages import CloseCode
from multichat_proto.trio._writer import FrameWriter

__all__ = ["TrioTransport"]

_CHUNK: Final = 65_536
"""Bytes read at once: what Linux hands over at most for one default-sized receive window."""

_MOST_FRAGMENTS: Final = 4_096
"""Frames of one message, empty ones included: as many as the other shells take."""


class TrioTransport:
    """
    A WebSocket connection whose opening handshake is done.

    Args:
        stream: Owned from now on: the end of :meth:`run` closes it.
        protocol: After the handshake; what came right behind the response is still in it.
        close_timeout: Longest wait, in seconds, for the other side's part of a goodbye.

    Attributes:
        on_pong: Called with each pong; ``None`` calls nothing.

    """

    def __init__(
        self, stream: trio.abc.Stream, protocol: ClientProtocol, *, close_timeout: float
    ) -> None:
        self.on_pong: Callable[[], None] | None = None
        self._stream = stream
        self._protocol = protocol
        self._close_timeout = close_timeout
        self._writer = FrameWriter(stream)
        self._turn: trio.Event | None = None
        self._messages: deque[str | bytes] = deque()
        self._fragments: list[bytes] = []
        self._frames = 0
        self._is_binary = False
        self._pongs = 0
        self._has_ended = False
        self._is_aborted = False
        self._process()

    @property
    def subprotocol(self) -> str | None:
        """What the server selected, such as ``multichat.v1``, or ``None``."""
        return self._protocol.subprotocol

    @property
    def pongs(self) -> int:
        """How many pongs have come so far."""
        return self._pongs

    async def run(self) -> None:
        """Write until the connection ends, then close the stream; cancelling it does so, too."""
        await self._writer.run()

    async def send_text(self, text: str) -> None:
        """
        Send a message, and return when the system has taken all of it.

        Cancelled, it has sent nothing, or has ended the connection.

        Raises:
            ConnectionClosed: The connection has ended.

        """
        await trio.lowlevel.checkpoint_if_cancelled()
        self._refuse_if_ended()
        self._protocol.send_text(text.encode())
        await self._write()

    async def ping(self) -> None:
        """
        Send a ping; the pong is counted when it comes.

        Raises:
            ConnectionClosed: The connection has ended.

        """
        await trio.lowlevel.checkpoint_if_cancelled()
        self._refuse_if_ended()
        self._protocol.send_ping(b"")
        await self._write()

    async def receive(self) -> str | bytes:
        """
        Return the next message. Cancelling it loses none.

        Raises:
            ConnectionClosed: The connection has ended, and all that came has been received.
            RemoteProtocolError: It has ended because the server broke the WebSocket protocol.

        """
        await trio.lowlevel.checkpoint_if_cancelled()
        while not self._messages:
            if not self._is_open:
                # The end is known, with its code, before the stream itself has ended.
                raise self._ending()
            await self._read()
        return self._messages.popleft()

    async def close(self, code: int = CloseCode.NORMAL, reason: str = "") -> None:
        """
        Say goodbye, wait a bounded time for the other side to, and end the connection.

        What was not received yet is dropped. After the other side's goodbye, it only waits
        for ours to be on its way. Cancelling it ends the connection at once.
        """
        try:
            if self._is_open:
                self._protocol.send_close(code, reason)
                self._writer.post(self._data_to_send())
            with trio.move_on_after(self._close_timeout):
                while not self._has_ended:
                    await self._read()
                    self._messages.clear()
        finally:
            self.abort()

    def abort(self) -> None:
        """End the connection at once; :meth:`receive` then says 1006. Twice is once."""
        self._is_aborted = True
        self._has_ended = True
        self._writer.abort()

    @property
    def _is_open(self) -> bool:
        return not self._has_ended and self._protocol.state is OPEN

    def _refuse_if_ended(self) -> None:
        if not self._is_open:
            raise self._closed()

    async def _write(self) -> None:
        try:
            await self._writer.write(self._data_to_send())
        except trio.BrokenResourceError:
            raise self._closed() from None

    async def _read(self) -> None:
        """Read once, unless somebody else does; then wait for that."""
        # No lock: each of two who wait for one hands it to the other, and neither reads.
        if self._turn is not None:
            await self._turn.wait()
            return
        self._turn = turn = trio.Event()
        try:
            data = await self._stream.receive_some(_CHUNK)
        except (trio.BrokenResourceError, trio.ClosedResourceError):
            data = b""
        finally:
            self._turn = None
            turn.set()
        if data:
            self._protocol.receive_data(data)
            self._process()
        else:
            self._end()

    def _end(self) -> None:
        self._has_ended = True
        if not self._is_aborted:
            self._protocol.receive_eof()
            self._process()

    def _data_to_send(self) -> bytes:
        return b"".join(self._protocol.data_to_send())

    def _process(self) -> None:
        """Answer and keep what the protocol has read."""
        replies = [frame for frame in self._protocol.data_to_send() if frame]
        frames = self._protocol.events_received()
        if self._protocol.state is OPEN:
            if replies:
                self._writer.post_pong(replies[-1])
        else:
            for reply in replies:
                self._writer.post(reply)
        for frame in frames:
            if isinstance(frame, Frame) and not self._receive_frame(frame):
                break

    def _receive_frame(self, frame: Frame) -> bool:
        """Take one frame; return False if it ended the connection."""
        match frame.opcode:
            case Opcode.TEXT | Opcode.BINARY:
                self._is_binary = frame.opcode is Opcode.BINARY
                self._fragments, self._frames = [bytes(frame.data)], 1
            case Opcode.CONT:
                self._frames += 1
                if self._frames > _MOST_FRAGMENTS:
                    self._fail(TooManyFragments(_MOST_FRAGMENTS), CloseCode.TOO_BIG)
                    return False
                # Empty ones count for nothing in the limit of a message's length.
                if frame.data:
                    self._fragments.append(bytes(frame.data))
            case Opcode.PONG:
                self._pongs += 1
                if self.on_pong is not None:
                    self.on_pong()
                return True
            case _:
                return True
        return not frame.fin or self._receive_message()

    def _receive_message(self) -> bool:
        data, self._fragments = b"".join(self._fragments), []
        if self._is_binary:
            self._messages.append(data)
            return True
        try:
            text = data.decode()
        except UnicodeDecodeError as exc:
            # RFC 6455, section 8.1: "that endpoint MUST _Fail the WebSocket Connection_".
            self._fail(exc, CloseCode.INVALID_TEXT, "invalid UTF-8")
            return False
        self._messages.append(text)
        return True

    def _fail(
        self, exc: WebSocketException | UnicodeDecodeError, code: CloseCode, reason: str = ""
    ) -> None:
        self._fragments = []
        self._protocol.parser_exc = exc
        self._protocol.fail(code, reason or str(exc))
        self._writer.post(self._data_to_send())

    def _ending(self) -> ConnectionClosed | RemoteProtocolError:
        broke = self._protocol.parser_exc
        if broke is not None and not isinstance(broke, EOFError):
            return RemoteProtocolError(f"the server broke the WebSocket protocol: {broke}")
        return self._closed()

    def _closed(self) -> ConnectionClosed:
        close = self._protocol.close_rcvd
        if close is None:
            return ConnectionClosed(CloseCode.ABNORMAL)
        return ConnectionClosed(close.code, close.reason)
