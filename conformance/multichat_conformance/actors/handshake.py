"""
The opening handshake by hand: a request as a story wants it, and the target's response.

Polite actors leave this to trio-websocket. It is written out here for stories about the
handshake itself, and for actors whose frames must be illegal.
"""

import base64
import hashlib
import os
import ssl
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field
from functools import cache
from typing import Final
from urllib.parse import urlsplit

import trio

from multichat_conformance.findings import TargetGone
from multichat_conformance.target.address import address, resource_of
from multichat_conformance.target.model import Target
from multichat_conformance.timing import pause

__all__ = [
    "Handshake",
    "accept_of",
    "exchange",
    "open_stream",
    "read_head",
    "read_response",
    "request_bytes",
    "response_of",
    "send_in_pieces",
    "ssl_context",
]

LARGEST_HEAD: Final = 256 * 1024
"""Bytes of a response's head; more is no answer to a handshake."""

_GUID: Final = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


@dataclass(frozen=True, slots=True)
class Handshake:
    """
    The target's response to a handshake.

    Attributes:
        status: The HTTP status; None if the connection ended without one.
        headers: Names in lower case; the values of several with one name, joined by commas.
        rest: Bytes that came behind the response's head.

    """

    status: int | None
    headers: Mapping[str, str] = field(default_factory=dict)
    rest: bytes = b""

    def __str__(self) -> str:
        """Return it in words."""
        return f"status {self.status}" if self.status else "the end of the connection, no response"

    def fault(self, request: bytes) -> str | None:
        """
        Say why a response of status 101 is no answer to a request, or None if it is.

        The subprotocol is not looked at: v1 has clauses of its own about it.
        """
        asked = _headers(request.partition(b"\r\n\r\n")[0].decode("latin-1").split("\r\n")[1:])
        got = self.headers
        if got.get("upgrade", "").lower() != "websocket":
            return f"Upgrade is {got.get('upgrade')!r}"
        if "upgrade" not in _words(got.get("connection", "").lower()):
            return f"Connection is {got.get('connection')!r}"
        accept = accept_of(asked.get("sec-websocket-key", ""))
        if got.get("sec-websocket-accept") != accept:
            return f"Sec-WebSocket-Accept is {got.get('sec-websocket-accept')!r}, not {accept!r}"
        offered = _names(asked.get("sec-websocket-extensions", ""))
        for name in _names(got.get("sec-websocket-extensions", "")):
            if name not in offered:
                return f"Sec-WebSocket-Extensions names {name!r}, which was not offered"
        return None


def accept_of(key: str) -> str:
    """Return what proves that a handshake was understood (RFC 6455, section 4.2.2)."""
    # RFC 6455 names SHA-1; it protects nothing here.
    return base64.b64encode(hashlib.sha1(key.encode("latin-1") + _GUID).digest()).decode()  # noqa: S324


@cache
def ssl_context(ca_file: str | None) -> ssl.SSLContext:
    """Return what trusts the system's certificates, or those of a file alone."""
    return ssl.create_default_context(cafile=ca_file)


async def open_stream(
    target: Target,
) -> trio.SocketStream | trio.SSLStream[trio.SocketStream]:
    """
    Connect to the target by TCP, and by TLS if its URL says so.

    Raises:
        TargetGone: It does not take the connection.

    """
    host, port, secure = address(target)
    try:
        stream = await trio.open_tcp_stream(host, port)
        if not secure:
            return stream
        async with AsyncExitStack() as unless_done:
            unless_done.push_async_callback(trio.aclose_forcefully, stream)
            context = ssl_context(str(target.ca_file) if target.ca_file else None)
            tls = trio.SSLStream(stream, context, server_hostname=host, https_compatible=True)
            await tls.do_handshake()
            unless_done.pop_all()
    except (OSError, trio.BrokenResourceError) as exc:
        raise TargetGone(f"{host}:{port} takes no connection: {_reason(exc)}") from exc
    return tls


def _reason(exc: BaseException) -> BaseException:
    # Trio says that all attempts failed; why one did is more to the point.
    cause = exc.__cause__
    while isinstance(cause, BaseExceptionGroup):
        cause = cause.exceptions[0]
    return cause or exc


def request_bytes(
    target: Target,
    *,
    resource: str | None = None,
    headers: Sequence[tuple[str, str]] = (),
    without: Sequence[str] = (),
    method: str = "GET",
    version: str = "HTTP/1.1",
) -> bytes:
    """
    Return a handshake request.

    Args:
        target: Whom it is for.
        resource: Path and query; None: the URL's.
        headers: Headers to add; one that the request has anyway takes its place.
        without: Names of headers to leave out.
        method: The HTTP method.
        version: The HTTP version.

    """
    parts = urlsplit(target.url)
    own = {
        "Host": parts.netloc,
        "Upgrade": "websocket",
        "Connection": "Upgrade",
        "Sec-WebSocket-Key": base64.b64encode(os.urandom(16)).decode(),
        "Sec-WebSocket-Version": "13",
    }
    left_out = {name.lower() for name in without} | {name.lower() for name, _ in headers}
    lines = [f"{method} {resource or resource_of(target)} {version}"]
    lines += [f"{name}: {value}" for name, value in own.items() if name.lower() not in left_out]
    lines += [f"{name}: {value}" for name, value in headers]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1", "backslashreplace")


async def exchange(
    target: Target, request: bytes, *, pieces: int = 1, gap: float = 0.0
) -> Handshake:
    """
    Send a request on a connection of its own and return the response.

    Args:
        target: Whom to ask.
        request: The bytes to send.
        pieces: In how many writes.
        gap: Seconds between them, so that the target does not get them in one read.

    Raises:
        TargetGone: The target takes no connection.

    Cancelling lets go of the connection.

    """
    stream = await open_stream(target)
    try:
        # A target that hangs up may have answered before.
        with suppress(trio.BrokenResourceError):
            await send_in_pieces(stream, request, pieces=pieces, gap=gap)
        return await read_response(stream)
    finally:
        await trio.aclose_forcefully(stream)


async def send_in_pieces(
    stream: trio.abc.SendStream, data: bytes, *, pieces: int, gap: float
) -> None:
    """Write bytes in some writes of about one size, with some seconds between them."""
    size = -(-len(data) // pieces)
    for start in range(0, len(data), size or 1):
        if start:
            await pause(gap)
        await stream.send_all(data[start : start + size])


async def read_response(stream: trio.abc.Stream) -> Handshake:
    """Read a response's head; what is no HTTP, or too long, counts as no response."""
    return response_of(await read_head(stream))


async def read_head(stream: trio.abc.ReceiveStream) -> bytes:
    """Read to the end of a head, of the stream, or of patience with its length."""
    data = bytearray()
    while b"\r\n\r\n" not in data and len(data) <= LARGEST_HEAD:
        try:
            more = await stream.receive_some(65536)
        except (trio.BrokenResourceError, trio.ClosedResourceError):
            more = b""
        if not more:
            break
        data += more
    return bytes(data)


def response_of(data: bytes) -> Handshake:
    """Return the response that bytes begin with; no HTTP, or no whole head, is no response."""
    head, end, rest = data.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    protocol, _, status = first.partition(" ")
    if not end or not protocol.startswith("HTTP/1.") or not _is_status(status[:3]):
        return Handshake(None)
    return Handshake(int(status[:3]), _headers(lines), rest)


def _is_status(digits: str) -> bool:
    return len(digits) == 3 and digits.isascii() and digits.isdecimal()


def _headers(lines: Sequence[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for line in lines:
        name, _, value = (part.strip() for part in line.partition(":"))
        name = name.lower()
        found[name] = f"{found[name]}, {value}" if name in found else value
    return found


def _words(value: str) -> list[str]:
    return [word.strip() for word in value.split(",") if word.strip()]


def _names(value: str) -> list[str]:
    # Of extensions, without their parameters.
    return [word.partition(";")[0].strip() for word in _words(value)]
