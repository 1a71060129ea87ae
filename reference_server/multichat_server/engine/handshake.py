"""
The handshake: from an HTTP request to a WebSocket connection of v1, or to a refusal in HTTP.

What RFC 6455 asks of a request, and the answer to it, is websockets' business. What v1 adds
stands here: the path, the origin, the subprotocol and where the session is named.
"""

from collections.abc import Collection, Sequence
from http import HTTPStatus
from typing import Final
from urllib.parse import urlsplit

import h11
import msgspec
from websockets.datastructures import Headers
from websockets.http11 import Request, Response
from websockets.server import ServerProtocol
from websockets.typing import Subprotocol

__all__ = ["PATHS", "SESSION_COOKIE", "SUBPROTOCOL", "Accepted", "Refused", "negotiate", "refusal"]

PATHS: Final = ("/chat/stream/", "/chat/stream")
"""Where v1 is spoken (MC1-HAND-01, MC1-HAND-02)."""

SUBPROTOCOL: Final = Subprotocol("multichat.v1")

SESSION_COOKIE: Final = "sessionid"
"""The cookie that names the session, as in the original (MC1-AUTH-01)."""

_DEFAULT_PORTS: Final = {"http": 80, "https": 443}


class Accepted(msgspec.Struct, frozen=True):
    """
    A handshake that is right, as far as that can be seen without looking at the session.

    Attributes:
        response: The 101 response, to be sent as it is.
        session: The session's key that the client names; ``None`` if it names none.

    """

    response: bytes
    session: str | None


class Refused(msgspec.Struct, frozen=True):
    """
    A handshake that is refused.

    Attributes:
        response: The HTTP response, to be sent as it is before closing.
        status: Its status.

    """

    response: bytes
    status: int


def negotiate(request: h11.Request, *, allowed_origins: Collection[str] = ()) -> Accepted | Refused:
    """
    Judge a handshake.

    Args:
        request: The request, its head whole.
        allowed_origins: Origins that are served besides the server's own, such as
            ``https://chat.example.org``.

    """
    target = request.target
    if not target.startswith(b"/"):
        # RFC 9112 §3.2.2: "A server MUST accept the absolute-form in requests."
        target = b"/" + target.partition(b"://")[2].partition(b"/")[2]
    path = target.partition(b"?")[0].decode("ascii", "replace")
    if path not in PATHS:
        # MC1-HAND-03
        return refusal(HTTPStatus.NOT_FOUND, "There is no chat at this path.")
    headers = Headers(
        (str(name, "latin-1"), str(value, "latin-1")) for name, value in request.headers
    )
    protocol = ServerProtocol(select_subprotocol=_select_subprotocol)
    if not _is_own_origin(headers, allowed_origins):
        # MC1-HAND-11
        return refusal(HTTPStatus.FORBIDDEN, "Pages of this origin may not open the chat.")
    response = protocol.accept(
        Request(
            str(request.target, "ascii", "replace"),
            headers,
            str(request.method, "ascii", "replace"),
            "HTTP/" + str(request.http_version, "ascii", "replace"),
        )
    )
    if response.status_code != HTTPStatus.SWITCHING_PROTOCOLS:
        if headers.get_all("Sec-WebSocket-Version") not in ([], ["13"]):
            # RFC 6455 §4.4: say which version would be understood.
            response = _plain(HTTPStatus.UPGRADE_REQUIRED, "Only version 13 is spoken here.")
            response.headers["Upgrade"] = "websocket"
            response.headers["Sec-WebSocket-Version"] = "13"
        return Refused(response.serialize(), response.status_code)
    return Accepted(response.serialize(), _session_key(headers))


def refusal(status: HTTPStatus, sentence: str) -> Refused:
    """Return a refusal for a reason of the server's own."""
    return Refused(_plain(status, sentence).serialize(), status)


def _plain(status: HTTPStatus, sentence: str) -> Response:
    return ServerProtocol().reject(status, sentence + "\n")


def _select_subprotocol(_: ServerProtocol, offered: Sequence[Subprotocol]) -> Subprotocol | None:
    # MC1-HAND-08 to -10: ours if it is offered, otherwise none, and served all the same.
    return SUBPROTOCOL if SUBPROTOCOL in offered else None


def _is_own_origin(headers: Headers, allowed: Collection[str]) -> bool:
    """Tell whether a page of this origin may speak as its user, or no page is involved."""
    origins = headers.get_all("Origin")
    if not origins:
        return True  # MC1-HAND-12: not a browser
    hosts = headers.get_all("Host")
    origin = _origin(origins[0])
    if len(origins) != 1 or origin is None:
        return False
    if any(_origin(each) == origin for each in allowed):
        return True
    # Behind a proxy the scheme that the browser used is not known here; the host and port are.
    scheme, _, _ = origin
    return len(hosts) == 1 and _origin(f"{scheme}://{hosts[0]}") == origin


def _origin(text: str) -> tuple[str, str, int] | None:
    """Return the scheme, host and port of an origin (RFC 6454); ``None`` if it is none."""
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        return None
    default = _DEFAULT_PORTS.get(parts.scheme)
    if (
        default is None
        or not parts.hostname
        or parts.username is not None
        or parts.path
        or parts.query
        or parts.fragment
    ):
        return None
    return parts.scheme, parts.hostname, default if port is None else port


def _session_key(headers: Headers) -> str | None:
    """Return what the session's cookie holds; of several the last, as in the original."""
    found = None
    for header in headers.get_all("Cookie"):
        for pair in header.split(";"):
            name, _, value = pair.strip().partition("=")
            if name == SESSION_COOKIE:
                found = value.strip().strip('"')
    return found or None
