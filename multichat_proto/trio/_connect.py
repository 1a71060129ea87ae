"""
How a connection comes about: TCP, TLS, the opening handshake; and how it ends.

Nothing here waits for a stated time: put a cancel scope around :func:`connect`.
"""

import re
import socket
import ssl
from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from types import TracebackType
from typing import Final

import trio
from websockets.client import ClientProtocol
from websockets.exceptions import InvalidStatus
from websockets.http11 import Response
from websockets.typing import Origin, Subprotocol
from websockets.uri import parse_uri

from multichat_proto.address import Address
from multichat_proto.exceptions import ConnectionFailed, LocalProtocolError, RemoteProtocolError
from multichat_proto.failures import failure_reason
from multichat_proto.handshake import SUBPROTOCOL
from multichat_proto.trio._connection import Connection

__all__ = ["connect"]

MAX_FRAME_BYTES: Final = 4_194_304
"""4 MiB. A message of v1's usual limit, 65,536 code points, takes 786,432 bytes when each is
written as two ``\\u`` escapes, as the 2016 original does."""

MAX_EVENTS: Final = 64
"""Events kept for a receiver that is busy, before the reader stops reading."""

_HEADER_VALUE: Final = re.compile(r"[\t\x20-\x7e]*")


def connect(
    url: str | Address,
    *,
    headers: Mapping[str, str] | None = None,
    username: str | None = None,
    subprotocols: Sequence[str] = (SUBPROTOCOL,),
    ssl_context: ssl.SSLContext | None = None,
    max_frame_bytes: int = MAX_FRAME_BYTES,
    max_events: int = MAX_EVENTS,
    close_timeout: float = 2.0,
    stream: trio.abc.Stream | None = None,
) -> AbstractAsyncContextManager[Connection]:
    """
    Connect to a chat server.

    ::

        async with connect("ws://localhost:8000/chat/stream/", headers=cookies) as connection:
            await connection.join(1)
            print(await connection.receive())

    Leaving the block closes the connection. What the block raises comes out as it is, in no
    exception group. A cancelled block ends the connection without a goodbye.

    Args:
        url: The server; see :meth:`multichat_proto.address.Address.parse`.
        headers: More headers of the handshake, such as ``Cookie``. ``Origin`` is the
            server's own unless given here.
        username: One's own name, where it is known: it tells one's own messages from the
            same words of somebody else.
        subprotocols: What to offer, best first; none is normal, too (MC1-CLIENT-01).
        ssl_context: For ``wss``; ``None`` means the system's certificates.
        max_frame_bytes: Longest message that is read; a longer one ends the connection.
        max_events: Events kept for a receiver that is busy.
        close_timeout: Longest wait, in seconds, for the other side's part of a goodbye.
        stream: An open stream to use instead of dialling; it is closed in the end.

    Raises:
        ConnectionFailed: No connection came about; the sentence says why. This and the next
            come when the block is entered.
        RemoteProtocolError: What answered does not speak WebSocket.
        LocalProtocolError: The address or a header is none.

    """
    address = url if isinstance(url, Address) else Address.parse(url)
    for name, value in (headers or {}).items():
        if not name or not _HEADER_VALUE.fullmatch(name + value):
            raise LocalProtocolError(f"the header {name!r} holds a character that none may hold")
    protocol = ClientProtocol(
        parse_uri(address.websocket_url),
        origin=Origin(address.origin),
        subprotocols=[Subprotocol(name) for name in subprotocols] or None,
        max_size=max_frame_bytes,
    )
    return _Connecting(
        address,
        protocol,
        headers or {},
        stream=stream,
        ssl_context=ssl_context,
        username=username,
        max_events=max_events,
        close_timeout=close_timeout,
    )


class _Connecting(AbstractAsyncContextManager[Connection]):
    """
    The context manager of a connection, which owns its two tasks.

    The nursery never sees what the block raises, and the tasks raise nothing themselves, so
    there is nothing for it to wrap in a group.
    """

    def __init__(
        self,
        address: Address,
        protocol: ClientProtocol,
        headers: Mapping[str, str],
        *,
        stream: trio.abc.Stream | None,
        ssl_context: ssl.SSLContext | None,
        username: str | None,
        max_events: int,
        close_timeout: float,
    ) -> None:
        self._address = address
        self._protocol = protocol
        self._headers = headers
        self._stream = stream
        self._ssl_context = ssl_context
        self._username = username
        self._max_events = max_events
        self._close_timeout = close_timeout

    async def __aenter__(self) -> Connection:
        stream = self._stream or await _dial(self._address, self._ssl_context)
        try:
            await _shake_hands(stream, self._protocol, self._headers)
        except BaseException:
            await trio.aclose_forcefully(stream)
            raise
        self._connection = Connection(
            stream,
            self._protocol,
            username=self._username,
            max_events=self._max_events,
            close_timeout=self._close_timeout,
        )
        self._tasks = trio.open_nursery()
        self._nursery = await self._tasks.__aenter__()
        self._nursery.start_soon(self._connection.run_reader)
        self._nursery.start_soon(self._connection.run_writer)
        return self._connection

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        try:
            await self._connection.aclose()
        finally:
            self._nursery.cancel_scope.cancel()
            await self._tasks.__aexit__(None, None, None)


async def _dial(address: Address, ssl_context: ssl.SSLContext | None) -> trio.abc.Stream:
    try:
        stream = await trio.open_tcp_stream(address.host, address.port)
    except OSError as exc:
        raise ConnectionFailed(
            f"cannot reach {address.host} port {address.port}: {failure_reason(exc)}"
        ) from exc
    stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if not address.secure:
        return stream
    encrypted = trio.SSLStream(
        stream,
        ssl_context or ssl.create_default_context(),
        server_hostname=address.host,
        https_compatible=True,
    )
    try:
        await encrypted.do_handshake()
    except trio.BrokenResourceError as exc:
        await trio.aclose_forcefully(stream)
        raise ConnectionFailed(
            f"no encrypted connection to {address.host} port {address.port}: "
            f"{failure_reason(exc.__cause__ or exc)}"
        ) from exc
    except BaseException:
        await trio.aclose_forcefully(stream)
        raise
    return encrypted


async def _shake_hands(
    stream: trio.abc.Stream, protocol: ClientProtocol, headers: Mapping[str, str]
) -> None:
    request = protocol.connect()
    for name, value in headers.items():
        request.headers.pop(name, None)  # [name] = value would add a second one
        request.headers[name] = value
    protocol.send_request(request)
    try:
        await stream.send_all(b"".join(protocol.data_to_send()))
        # Not "until it is OPEN": a close frame may have come right behind the response.
        while not protocol.events and protocol.handshake_exc is None:
            data = await stream.receive_some()
            if data:
                protocol.receive_data(data)
            else:
                protocol.receive_eof()
    except trio.BrokenResourceError as exc:
        raise ConnectionFailed("the server hung up during the WebSocket handshake") from exc
    responses = [event for event in protocol.events if isinstance(event, Response)]
    failure = protocol.handshake_exc
    if failure is None:
        # Frames may have come right behind the response: leave them for the reader.
        protocol.events.remove(responses[0])
    elif isinstance(failure, InvalidStatus):
        status = failure.response.status_code
        raise ConnectionFailed(
            f"the server refused the WebSocket connection: HTTP {status}{_explanation(status)}"
        )
    elif isinstance(failure.__cause__, EOFError):
        raise ConnectionFailed("the server hung up during the WebSocket handshake")
    else:
        raise RemoteProtocolError(f"what answers there does not speak WebSocket: {failure}")


def _explanation(status: int) -> str:
    return {
        401: " (it wants a login first)",
        403: " (it wants a login first, or does not serve this origin)",
        404: " (there is no chat at this path)",
        503: " (it is overloaded or stopping)",
    }.get(status, "")
