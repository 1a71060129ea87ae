"""
Connections of :mod:`websockets.sync.client`, behind the seam of our transports.

Whatever waits for the network here can be ended from another thread: each connection's socket
has a twin, a second handle of the same connection, and shutting that down wakes up everybody
who waits for the first one, in TCP, TLS or WebSocket.
"""

import logging
import os
import socket
import ssl
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final, cast

from websockets.exceptions import ConnectionClosed as WebSocketClosed
from websockets.frames import Frame, Opcode
from websockets.protocol import CLOSING, Event
from websockets.sync.client import ClientConnection
from websockets.sync.client import reconnect as websockets_connect
from websockets.typing import Origin, Subprotocol

from multichat_proto.exceptions import ConnectionClosed, RemoteProtocolError
from multichat_proto.failures import OPENING_FAILURES, closing_error, opening_error
from multichat_proto.messages import CloseCode
from multichat_proto.transport import OpenRequest

__all__ = ["Attempt", "WebSocketConnector", "WebSocketTransport"]

_WIRE_LOG: Final = logging.getLogger("multichat_proto.websockets")
# At level DEBUG websockets writes down every header and every frame: cookies and what people
# say. Whoever wants that has to ask for it by this logger's name.
_WIRE_LOG.setLevel(logging.INFO)


class WebSocketConnector:
    """Opens connections over TCP and TLS."""

    def __init__(self) -> None:
        self._ssl_context: ssl.SSLContext | None = None

    def open(self, request: OpenRequest) -> "WebSocketTransport":
        """
        Open a connection, in as much time as it takes.

        Raises:
            ConnectionFailed: It did not come about.
            RemoteProtocolError: What answers does not speak WebSocket.
            LocalProtocolError: No host can have this name, or the proxy is of a kind that is
                not installed.

        """
        return self.attempt().open(request)

    def attempt(self) -> "Attempt":
        """Return an attempt that can be given up."""
        return Attempt(self._default_context)

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
        twin: The second handle of its socket; it is closed with the connection.

    """

    def __init__(self, connection: "_Connection", twin: "_Twin") -> None:
        self._connection = connection
        self._twin = twin
        self._is_aborted = False

    @property
    def subprotocol(self) -> str | None:
        """What the server selected, or ``None``."""
        return self._connection.subprotocol

    @property
    def pongs(self) -> int:
        """How many pongs have come so far."""
        return self._connection.pongs

    @property
    def on_pong(self) -> Callable[[], None] | None:
        """Called when a pong has come, in a thread that reads; it must not wait for long."""
        return self._connection.on_pong

    @on_pong.setter
    def on_pong(self, call: Callable[[], None] | None) -> None:
        self._connection.on_pong = call

    def send_text(self, text: str) -> None:
        """
        Hand a frame to the system.

        Raises:
            ConnectionClosed: The connection has ended.
            RemoteProtocolError: It has ended because the server broke WebSocket.

        """
        try:
            self._connection.send(text)
        except WebSocketClosed as exc:
            raise self._ending(exc) from exc

    def ping(self) -> None:
        """
        Hand a ping to the system; do not wait for the pong.

        Raises:
            ConnectionClosed: The connection has ended.
            RemoteProtocolError: It has ended because the server broke WebSocket.

        """
        try:
            self._connection.ping()
        except WebSocketClosed as exc:
            raise self._ending(exc) from exc

    def receive(self) -> str | bytes:
        """
        Return the next message.

        Raises:
            ConnectionClosed: The connection has ended; said each time.
            RemoteProtocolError: It has ended because the server broke WebSocket.

        """
        try:
            message = self._connection.recv()
        except WebSocketClosed as exc:
            raise self._ending(exc) from exc
        if self._is_aborted:
            raise ConnectionClosed(CloseCode.ABNORMAL)
        return message

    def close(self, code: int = 1000, reason: str = "") -> None:
        """Say goodbye, and wait a bounded time for the other side to."""
        self._connection.close(code, reason)

    def abort(self) -> None:
        """End the connection at once; what waits in another method then raises."""
        self._is_aborted = True
        self._twin.shut_down()
        # The lock that this takes is not held for long: no write waits any more.
        self._connection.close_socket()
        self._connection.wait_closed()
        self._twin.close()

    def _ending(self, exc: WebSocketClosed) -> ConnectionClosed | RemoteProtocolError:
        if self._is_aborted:
            return ConnectionClosed(CloseCode.ABNORMAL)
        return closing_error(exc, self._connection.protocol.parser_exc)


class _Twin:
    """A second handle of a socket, for whoever wants to end its connection."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._socket: socket.socket | None = None
        self._is_shut = False

    def follow(self, sock: socket.socket) -> None:
        """Be the twin of this socket from now on."""
        # Not sock.dup(): a TLS socket has none.
        twin = socket.socket(fileno=os.dup(sock.fileno()))
        with self._lock:
            before, self._socket = self._socket, twin
            if self._is_shut:
                _shut_down(twin)
        if before is not None:
            before.close()

    def shut_down(self) -> None:
        """End the connection, and each that follows."""
        with self._lock:
            self._is_shut = True
            if self._socket is not None:
                _shut_down(self._socket)

    def close(self) -> None:
        """Close the handle; the connection itself is the other one's business."""
        with self._lock:
            if self._socket is not None:
                self._socket.close()
                self._socket = None

    @property
    def is_shut(self) -> bool:
        """Whether :meth:`shut_down` was called."""
        return self._is_shut


class Attempt:
    """
    One attempt to open a connection.

    Args:
        default_context: Makes the TLS context for requests that have none.

    """

    def __init__(self, default_context: Callable[[], ssl.SSLContext]) -> None:
        self._default_context = default_context
        self._twin = _Twin()

    def open(self, request: OpenRequest) -> WebSocketTransport:
        """Open it; see :meth:`WebSocketConnector.open`."""
        try:
            connection = cast("_Connection", self._dial(request).connect())
        except OPENING_FAILURES as exc:
            self._twin.close()
            raise opening_error(exc, request.address) from exc
        connection.__enter__()  # its counterpart is the transport's end
        return WebSocketTransport(connection, self._twin)

    def cancel(self) -> None:
        """Have it fail, before it began or while it waits for the network; from any thread."""
        self._twin.shut_down()

    def _dial(self, request: OpenRequest) -> "_Dial":
        address = request.address
        sock = None
        if request.proxy is None:
            sock = self._reach(address.host, address.port)
        tls: dict[str, Any] = {}
        if address.secure:
            tls["ssl"] = request.ssl_context or self._default_context()
        return _Dial(
            address.websocket_url,
            sock=sock,
            origin=None if request.origin is None else Origin(request.origin),
            subprotocols=[Subprotocol(name) for name in request.subprotocols] or None,
            compression=None,
            additional_headers=request.headers,
            proxy=request.proxy,
            open_timeout=None,  # the driver's
            ping_interval=None,  # the session's
            close_timeout=request.close_timeout,
            max_size=request.max_frame_bytes,
            logger=_WIRE_LOG,
            create_connection=self._connection,  # type: ignore[arg-type]  # "or a wrapper"
            **tls,
        )

    def _reach(self, host: str, port: int) -> socket.socket:
        """Connect to the first address of a host that takes it."""
        failure: OSError | None = None
        for family, kind, protocol, _, where in socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM
        ):
            if self._twin.is_shut:
                break
            sock = socket.socket(family, kind, protocol)
            try:
                self._twin.follow(sock)
                sock.connect(where)
            except OSError as exc:
                sock.close()
                failure = exc
            else:
                return sock
        raise failure or ConnectionAbortedError("it was given up")

    def _connection(self, sock: socket.socket, *args: Any, **kwargs: Any) -> "_Connection":
        """Return a connection on this socket, as websockets makes one."""
        self._twin.follow(sock)
        return _Connection(self._twin, sock, *args, **kwargs)


class _Connection(ClientConnection):
    """
    A connection that ends when it is over.

    After a close frame, or a frame that breaks the protocol, the server is to close the TCP
    connection. websockets tells nobody of the end before that, and waits for it forever.
    """

    def __init__(self, twin: _Twin, *args: Any, **kwargs: Any) -> None:
        self._twin = twin
        self._patience: threading.Timer | None = None
        self.pongs = 0
        self.on_pong: Callable[[], None] | None = None
        super().__init__(*args, **kwargs)

    def send_data(self) -> None:
        # websockets calls it after all that it reads, under its own lock.
        super().send_data()
        if self._patience is None and self.protocol.state is CLOSING:
            self._patience = threading.Timer(self.close_timeout or 0, self._twin.shut_down)
            self._patience.daemon = True
            self._patience.start()

    def process_event(self, event: Event) -> None:
        super().process_event(event)
        if isinstance(event, Frame) and event.opcode is Opcode.PONG:
            self.pongs += 1
            if self.on_pong is not None:
                self.on_pong()

    def recv_events(self) -> None:
        try:
            super().recv_events()
        finally:
            if self._patience is not None:
                self._patience.cancel()
                self._patience.join()


class _Dial(websockets_connect):
    """Follows no redirect: cookies go to the address that was given and to no other."""

    def process_redirect(self, exc: Exception) -> Exception | str:
        return exc


def _shut_down(sock: socket.socket) -> None:
    with suppress(OSError):  # not connected, or not any more
        sock.shutdown(socket.SHUT_RDWR)
