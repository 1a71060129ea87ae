"""
A tunnel through an HTTP proxy: ``CONNECT`` (RFC 9110, section 9.3.6).

The proxy is asked for one address and answers with a status; after 2xx its connection is the
server's. Nothing of ours but that address, and the proxy's own account, reaches the proxy.
"""

import dataclasses
from typing import Final, Self

import trio
from websockets.exceptions import SecurityError
from websockets.http11 import Response
from websockets.proxy import Proxy, parse_proxy, prepare_connect_request
from websockets.streams import StreamReader
from websockets.uri import parse_uri

from multichat_proto.address import Address
from multichat_proto.exceptions import ConnectionFailed, LocalProtocolError, Retry
from multichat_proto.failures import check_proxy

__all__ = ["HttpProxy", "open_tunnel"]

_MOST_HEAD_BYTES: Final = 65_536
"""Longest answer that is read of a proxy; real ones take some hundred bytes."""


@dataclasses.dataclass(frozen=True, slots=True)
class HttpProxy:
    """
    A proxy that speaks HTTP.

    Attributes:
        address: Where it is, and whether the connection to it is encrypted.
        proxy: What it is to the WebSocket library; it holds the password.

    """

    address: Address
    proxy: Proxy = dataclasses.field(repr=False)

    @classmethod
    def parse(cls, url: str) -> Self:
        """
        Read the URL of a proxy: ``http://[user:password@]host:port`` or ``https://…``.

        Raises:
            LocalProtocolError: It is none, or one of another kind, such as SOCKS.

        """
        check_proxy(url)
        proxy = parse_proxy(url)
        if proxy.scheme not in ("http", "https"):
            raise LocalProtocolError(f"{proxy.scheme} proxies are not supported, only http(s)")
        is_secure = proxy.scheme == "https"
        return cls(Address(secure=is_secure, host=proxy.host, port=proxy.port, target=""), proxy)


async def open_tunnel(stream: trio.abc.Stream, proxy: HttpProxy, address: Address) -> None:
    """
    Have a proxy connect a stream to a server; close the stream if that fails.

    Raises:
        ConnectionFailed: The proxy refused, hung up or does not speak HTTP.

    """
    try:
        await _open_tunnel(stream, proxy, address)
    except BaseException:
        await trio.aclose_forcefully(stream)
        raise


async def _open_tunnel(stream: trio.abc.Stream, proxy: HttpProxy, address: Address) -> None:
    where = f"the proxy at {proxy.address.host} port {proxy.address.port}"
    reader = StreamReader()
    parser = Response.parse(reader.read_line, reader.read_exact, reader.read_to_eof, proxy=True)
    size = 0
    try:
        await stream.send_all(
            prepare_connect_request(proxy.proxy, parse_uri(address.websocket_url), "multichat")
        )
        while True:
            next(parser)
            data = await stream.receive_some(_MOST_HEAD_BYTES)
            size += len(data)
            if size > _MOST_HEAD_BYTES:
                raise ConnectionFailed(f"{where} answered without an end")
            if data:
                reader.feed_data(data)
            else:
                reader.feed_eof()
    except StopIteration as done:
        response: Response = done.value
    except trio.BrokenResourceError as exc:
        raise ConnectionFailed(f"{where} hung up") from exc
    except (EOFError, LookupError, NotImplementedError, SecurityError, ValueError) as exc:
        hung_up = isinstance(exc, EOFError)
        raise ConnectionFailed(
            f"{where} hung up" if hung_up else f"{where} does not speak HTTP"
        ) from exc
    if not 200 <= response.status_code < 300:
        refusal = ConnectionFailed(
            f"{where} does not connect us to {address.host} port {address.port}: "
            f"HTTP {response.status_code}"
        )
        if 400 <= response.status_code < 500 and response.status_code not in (408, 425, 429):
            refusal.retry = Retry.NO
        raise refusal
    if len(reader.buffer) > 0:
        # A server does not speak first: whoever said this is not the server.
        raise ConnectionFailed(f"{where} said something of its own behind its answer")
