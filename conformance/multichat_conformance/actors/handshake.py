"""
The opening handshake by hand: a request as a story wants it, and the target's response.

Polite actors leave this to trio-websocket. It is written out here for stories about the
handshake itself, and for actors whose frames must be illegal.
"""

import base64
import os
import ssl
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Final
from urllib.parse import urlsplit

import trio

from multichat_conformance.findings import TargetGone
from multichat_conformance.target.model import Target

__all__ = [
    "Handshake",
    "address",
    "open_stream",
    "own_origin",
    "read_response",
    "request_bytes",
    "ssl_context",
]

LARGEST_HEAD: Final = 256 * 1024
"""Bytes of a response's head; more is no answer to a handshake."""


@dataclass(frozen=True, slots=True)
class Handshake:
    """
    The target's response to a handshake.

    Attributes:
        status: The HTTP status; None if the connection ended without one.
        headers: Names in lower case; of several with one name the last.
        rest: Bytes that came behind the response's head.

    """

    status: int | None
    headers: Mapping[str, str] = field(default_factory=dict)
    rest: bytes = b""

    def __str__(self) -> str:
        """Return it in words."""
        return f"status {self.status}" if self.status else "the end of the connection, no response"


def address(target: Target) -> tuple[str, int, bool]:
    """Return the target's host, port and whether it speaks TLS."""
    parts = urlsplit(target.url)
    secure = parts.scheme == "wss"
    return parts.hostname or "", parts.port or (443 if secure else 80), secure


def own_origin(target: Target) -> str:
    """Return the web origin that is the target's own."""
    if target.origin:
        return target.origin
    parts = urlsplit(target.url)
    return f"{'https' if parts.scheme == 'wss' else 'http'}://{parts.netloc}"


@cache
def ssl_context(ca_file: str | None) -> ssl.SSLContext:
    """Return what trusts the system's certificates, or those of a file alone."""
    return ssl.create_default_context(cafile=ca_file)


async def open_stream(target: Target) -> trio.abc.Stream:
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
        context = ssl_context(str(target.ca_file) if target.ca_file else None)
        tls = trio.SSLStream(stream, context, server_hostname=host, https_compatible=True)
        await tls.do_handshake()
    except (OSError, trio.BrokenResourceError) as exc:
        raise TargetGone(f"{host}:{port} takes no connection: {exc}") from exc
    return tls


def request_bytes(
    target: Target,
    *,
    resource: str | None = None,
    headers: Sequence[tuple[str, str]] = (),
    without: Sequence[str] = (),
    method: str = "GET",
) -> bytes:
    """
    Return a handshake request.

    Args:
        target: Whom it is for.
        resource: Path and query; None: the URL's.
        headers: Headers to add; one that the request has anyway takes its place.
        without: Names of headers to leave out.
        method: The HTTP method.

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
    lines = [f"{method} {resource or resource_of(target)} HTTP/1.1"]
    lines += [f"{name}: {value}" for name, value in own.items() if name.lower() not in left_out]
    lines += [f"{name}: {value}" for name, value in headers]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1", "backslashreplace")


def resource_of(target: Target) -> str:
    """Return path and query of the target's URL."""
    parts = urlsplit(target.url)
    return (parts.path or "/") + (f"?{parts.query}" if parts.query else "")


async def read_response(stream: trio.abc.Stream) -> Handshake:
    """Read a response's head; what is no HTTP, or too long, counts as no response."""
    data = bytearray()
    while b"\r\n\r\n" not in data and len(data) <= LARGEST_HEAD:
        try:
            more = await stream.receive_some(65536)
        except (trio.BrokenResourceError, trio.ClosedResourceError):
            more = b""
        if not more:
            break
        data += more
    head, _, rest = bytes(data).partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    protocol, _, status = first.partition(" ")
    if not protocol.startswith("HTTP/1.") or not status[:3].isdecimal():
        return Handshake(None)
    pairs = (line.partition(":") for line in lines)
    return Handshake(int(status[:3]), {n.strip().lower(): v.strip() for n, _, v in pairs}, rest)
