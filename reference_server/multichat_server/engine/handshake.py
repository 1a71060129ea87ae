"""
The handshake: from an HTTP request to a WebSocket connection of v1, or to a refusal in HTTP.

What RFC 6455 asks of a request, and the answer to it, is websockets' business. What v1 adds
stands here: the path, the origin, the subprotocol and where the session is named.
"""

from collections.abc import Collection, Sequence
from http import HTTPStatus
from typing import Final

import h11
import msgspec
from websockets.datastructures import Headers
from websockets.exceptions import InvalidHeader
from websockets.http11 import Request, Response
from websockets.server import ServerProtocol
from websockets.typing import Subprotocol

from multichat_proto.handshake import SESSION_COOKIE, STREAM_PATH, SUBPROTOCOL
from multichat_server.credentials import CHALLENGE, InvalidAuthorization, bearer, bearer_token
from multichat_server.origin import is_own_origin

__all__ = ["PATHS", "Accepted", "Refused", "negotiate", "refusal"]

PATHS: Final = (STREAM_PATH, STREAM_PATH.rstrip("/"))
"""Where v1 is spoken (MC1-HAND-01, MC1-HAND-02)."""

_SUBPROTOCOL: Final = Subprotocol(SUBPROTOCOL)


class Accepted(msgspec.Struct, frozen=True):
    """
    A handshake that is right, as far as that can be seen without looking at the session.

    Attributes:
        response: The 101 response, to be sent as it is.
        credential: The session's key or the token that the client shows; ``None`` if it shows
            none.
        shows_token: Whether it is a token.

    """

    response: bytes
    credential: str | None
    shows_token: bool = False


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
    try:
        headers = Headers(
            (str(name, "latin-1"), str(value, "latin-1")) for name, value in request.headers
        )
    except InvalidHeader:
        # RFC 9110 §5.5: control characters in a value are dangerous; h11 lets some of them pass.
        return refusal(HTTPStatus.BAD_REQUEST, "A header holds a control character.")
    try:
        token = bearer_token(headers.get_all("Authorization"))
    except InvalidAuthorization:
        return refusal(HTTPStatus.UNAUTHORIZED, "Authorization is read as one bearer token.")
    protocol = ServerProtocol(select_subprotocol=_select_subprotocol)
    if not is_own_origin(headers.get_all("Origin"), headers.get_all("Host"), allowed_origins):
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
    if token is not None:
        return Accepted(response.serialize(), bearer(token), shows_token=True)
    return Accepted(response.serialize(), _session_key(headers))


def refusal(status: HTTPStatus, sentence: str) -> Refused:
    """Return a refusal for a reason of the server's own."""
    return Refused(_plain(status, sentence).serialize(), status)


def _plain(status: HTTPStatus, sentence: str) -> Response:
    response = ServerProtocol().reject(status, sentence + "\n")
    if status is HTTPStatus.UNAUTHORIZED:
        response.headers["WWW-Authenticate"] = CHALLENGE
    return response


def _select_subprotocol(_: ServerProtocol, offered: Sequence[Subprotocol]) -> Subprotocol | None:
    # MC1-HAND-08 to -10: ours if it is offered, otherwise none, and served all the same.
    return _SUBPROTOCOL if _SUBPROTOCOL in offered else None


def _session_key(headers: Headers) -> str | None:
    """Return what the session's cookie holds; of several the last, as in the original."""
    found = None
    for header in headers.get_all("Cookie"):
        for pair in header.split(";"):
            name, _, value = pair.partition("=")
            if name.strip() == SESSION_COOKIE:
                found = value.strip().strip('"')
    # RFC 6265 §4.1.1: no cookie's value has a space in it. (A token's credential does.)
    return None if not found or " " in found else found
