"""Connections of :mod:`websockets.asyncio.client`, behind the seam of our transports."""

import asyncio
import logging
import ssl
from collections.abc import Callable
from typing import Any, Final

from websockets.asyncio.client import ClientConnection
from websockets.asyncio.client import connect as websockets_connect
from websockets.exceptions import ConnectionClosed as WebSocketClosed
from websockets.protocol import CLOSING
from websockets.typing import Origin, Subprotocol

from multichat_proto.exceptions import ConnectionClosed, RemoteProtocolError
from multichat_proto.failures import OPENING_FAILURES, closing_error, opening_error
from multichat_proto.messages import CloseCode
from multichat_proto.transport import AsyncTransport, OpenRequest

__all__ = ["WebSocketConnector"]

_WIRE_LOG: Final = logging.getLogger("multichat_proto.websockets")
# At level DEBUG websockets writes down every header and every frame: cookies and what people
# say. Whoever wants that has to ask for it by this logger's name.
_WIRE_LOG.setLevel(logging.INFO)


MOST_ANSWER_BYTES: Final = 1_048_576
"""So many bytes of answers, to pings above all, may wait for a server that reads nothing: as
much as its longest frame. asyncio keeps what it is given, however much that is."""


class WebSocketConnector:
    """Opens connections over TCP and TLS."""

    def __init__(self) -> None:
        self._ssl_context: ssl.SSLContext | None = None

    async def open(self, request: OpenRequest) -> AsyncTransport:
        """
        Open a connection; cancelling it leaves nothing open.

        Raises:
            ConnectionFailed: It did not come about.
            RemoteProtocolError: What answers does not speak WebSocket.
            LocalProtocolError: No host can have this name, or the proxy is of a kind that is
                not installed.

        """
        address = request.address
        tls: dict[str, Any] = {}
        if address.secure:
            tls["ssl"] = request.ssl_context or self._default_context()
        try:
            connection = await _Dial(
                address.websocket_url,
                origin=None if request.origin is None else Origin(request.origin),
                subprotocols=[Subprotocol(name) for name in request.subprotocols] or None,
                compression=None,
                additional_headers=request.headers,
                proxy=request.proxy,
                open_timeout=None,  # the driver's
                ping_interval=None,  # the session's
                close_timeout=request.close_timeout,
                max_size=request.max_frame_bytes,
                write_limit=1,  # a send returns when the system has taken it; 0 stalls over TLS
                logger=_WIRE_LOG,
                create_connection=_Connection,
                **tls,
            )
        except OPENING_FAILURES as exc:
            raise opening_error(exc, address) from exc
        return WebSocketTransport(connection, close_timeout=request.close_timeout)

    def _default_context(self) -> ssl.SSLContext:
        # Reading the system's certificates takes milliseconds: once is enough.
        if self._ssl_context is None:
            self._ssl_context = ssl.create_default_context()
        return self._ssl_context


class WebSocketTransport:
    """
    One open connection.

    Args:
        connection: The connection; nobody else uses it.
        close_timeout: Longest wait, in seconds, for the other side's part of a goodbye.

    Attributes:
        on_pong: Called when a pong has come.

    """

    def __init__(self, connection: ClientConnection, *, close_timeout: float) -> None:
        self.on_pong: Callable[[], None] | None = None
        self._connection = connection
        self._close_timeout = close_timeout
        self._pongs = 0
        self._is_aborted = False

    @property
    def subprotocol(self) -> str | None:
        """What the server selected, or ``None``."""
        return self._connection.subprotocol

    @property
    def pongs(self) -> int:
        """How many pongs have come so far."""
        return self._pongs

    async def send_text(self, text: str) -> None:
        """
        Hand a frame to the system; cancelling this ends the connection.

        Raises:
            ConnectionClosed: The connection has ended.
            RemoteProtocolError: It has ended because the server broke WebSocket.

        """
        try:
            await self._connection.send(text)
        except WebSocketClosed as exc:
            raise self._ending(exc) from exc
        except asyncio.CancelledError:
            self.abort()
            raise

    async def ping(self) -> None:
        """
        Hand a ping to the system; do not wait for the pong.

        Raises:
            ConnectionClosed: The connection has ended.
            RemoteProtocolError: It has ended because the server broke WebSocket.

        """
        try:
            answer = await self._connection.ping()
        except WebSocketClosed as exc:
            raise self._ending(exc) from exc
        except asyncio.CancelledError:
            self.abort()
            raise
        asyncio.ensure_future(answer).add_done_callback(self._answered)

    async def receive(self) -> str | bytes:
        """
        Return the next message; cancelling this loses none.

        Raises:
            ConnectionClosed: The connection has ended; said each time.
            RemoteProtocolError: It has ended because the server broke WebSocket.

        """
        try:
            message = await self._connection.recv()
        except WebSocketClosed as exc:
            raise self._ending(exc) from exc
        if self._is_aborted:
            raise ConnectionClosed(CloseCode.ABNORMAL)
        return message

    async def close(self, code: int = 1000, reason: str = "") -> None:
        """Say goodbye, and wait a bounded time for the other side to."""
        try:
            async with asyncio.timeout(self._close_timeout):
                await self._connection.close(code, reason)
        except TimeoutError:
            self.abort()
        except asyncio.CancelledError:
            self.abort()
            raise

    def abort(self) -> None:
        """End the connection at once; :meth:`receive` then says 1006. Twice is once."""
        self._is_aborted = True
        self._connection.transport.abort()

    def _ending(self, exc: WebSocketClosed) -> ConnectionClosed | RemoteProtocolError:
        if self._is_aborted:
            return ConnectionClosed(CloseCode.ABNORMAL)
        return closing_error(exc, self._connection.protocol.parser_exc)

    def _answered(self, answer: asyncio.Future[float]) -> None:
        # A ping of a connection that has ended fails.
        if not answer.cancelled() and answer.exception() is None:
            self._pongs += 1
            if self.on_pong is not None:
                self.on_pong()


class _Connection(ClientConnection):
    """
    A connection that ends when it is over, or when the server wants answers and reads none.

    After a close frame, or a frame that breaks the protocol, the server is to close the TCP
    connection. websockets tells nobody of the end before that, and waits for it forever. And it
    answers each ping at once, without looking whether the answers go anywhere.
    """

    _patience: asyncio.TimerHandle | None = None
    _answers_waiting = 0

    def data_received(self, data: bytes) -> None:
        before = self.transport.get_write_buffer_size()
        super().data_received(data)
        # Not all that waits: a long message of ours takes the time that the driver gives it.
        self._answers_waiting += max(0, self.transport.get_write_buffer_size() - before)
        if self._answers_waiting > MOST_ANSWER_BYTES:
            self.transport.abort()
        elif self._patience is None and self.protocol.state is CLOSING:
            self._patience = self.loop.call_later(self.close_timeout or 0, self.transport.abort)

    def resume_writing(self) -> None:
        self._answers_waiting = 0  # the limit is so low that this means: all has gone
        super().resume_writing()

    def connection_lost(self, exc: Exception | None) -> None:
        if self._patience is not None:
            self._patience.cancel()
        super().connection_lost(exc)


class _Dial(websockets_connect):
    """Follows no redirect: cookies go to the address that was given and to no other."""

    def process_redirect(self, exc: Exception) -> Exception | str:
        return exc
