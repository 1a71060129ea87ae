"""
How a connection comes about: TCP, perhaps a proxy, TLS, the opening handshake.

Nothing here waits for a stated time: the caller's cancel scope does. Whatever goes wrong, and
whenever one is cancelled, nothing stays open.
"""

import socket
import ssl
from collections.abc import Mapping

import trio
from websockets.client import ClientProtocol
from websockets.http11 import Response
from websockets.typing import Origin, Subprotocol
from websockets.uri import parse_uri

from multichat_proto.address import Address
from multichat_proto.exceptions import ConnectionFailed
from multichat_proto.failures import opening_error
from multichat_proto.transport import OpenRequest
from multichat_proto.trio._proxy import HttpProxy, open_tunnel
from multichat_proto.trio._transport import TrioTransport

__all__ = ["Dialler", "shake_hands"]


class Dialler:
    """Opens connections over the network; an ``AsyncConnector``."""

    def __init__(self) -> None:
        self._system_trust: ssl.SSLContext | None = None

    async def open(self, request: OpenRequest) -> TrioTransport:
        """
        Open a connection; cancelling it leaves nothing open.

        Raises:
            ConnectionFailed: It did not come about; the sentence says why.
            RemoteProtocolError: What answers does not speak WebSocket.
            LocalProtocolError: The proxy's address is none.

        """
        proxy = None if request.proxy is None else HttpProxy.parse(request.proxy)
        stream = await self._dial(request, proxy)
        return await shake_hands(stream, request)

    async def _dial(self, request: OpenRequest, proxy: HttpProxy | None) -> trio.abc.Stream:
        address = request.address
        if proxy is None:
            stream: trio.abc.Stream = await _reach(address)
        else:
            stream = await _reach(proxy.address)
            if proxy.address.secure:
                stream = await _encrypt(stream, self._trust(None), proxy.address)
            await open_tunnel(stream, proxy, address)
        if address.secure:
            stream = await _encrypt(stream, self._trust(request.ssl_context), address)
        return stream

    def _trust(self, context: ssl.SSLContext | None) -> ssl.SSLContext:
        if context is None:
            # Once: reading the system's certificates takes tens of milliseconds.
            self._system_trust = self._system_trust or ssl.create_default_context()
            context = self._system_trust
        return context


async def shake_hands(stream: trio.abc.Stream, request: OpenRequest) -> TrioTransport:
    """
    Do the client's side of the opening handshake on a stream; close it if that fails.

    Raises:
        HandshakeRefused: The server answered with an HTTP status.
        ConnectionFailed: The server hung up.
        RemoteProtocolError: What answers does not speak WebSocket.

    """
    try:
        protocol = ClientProtocol(
            parse_uri(request.address.websocket_url),
            origin=None if request.origin is None else Origin(request.origin),
            subprotocols=[Subprotocol(name) for name in request.subprotocols] or None,
            max_size=request.max_frame_bytes,
        )
        await _shake_hands(stream, protocol, request.headers, request.address)
    except BaseException:
        await trio.aclose_forcefully(stream)
        raise
    return TrioTransport(stream, protocol, close_timeout=request.close_timeout)


async def _reach(address: Address) -> trio.SocketStream:
    try:
        stream = await trio.open_tcp_stream(address.host, address.port)
    except (OSError, UnicodeError) as exc:
        raise opening_error(exc, address) from exc
    stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return stream


async def _encrypt(
    stream: trio.abc.Stream, context: ssl.SSLContext, address: Address
) -> trio.abc.Stream:
    encrypted = trio.SSLStream(stream, context, server_hostname=address.host, https_compatible=True)
    try:
        await encrypted.do_handshake()
    except trio.BrokenResourceError as exc:
        await trio.aclose_forcefully(stream)
        raise opening_error(exc.__cause__ or exc, address) from exc
    except BaseException:
        await trio.aclose_forcefully(stream)
        raise
    return encrypted


async def _shake_hands(
    stream: trio.abc.Stream,
    protocol: ClientProtocol,
    headers: Mapping[str, str],
    address: Address,
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
    else:
        raise opening_error(failure, address)
