"""The handshake: from a request on the chat's path to a connection or a refusal (section 2)."""

import base64
import binascii
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.cookies import CookieError, SimpleCookie
from typing import TYPE_CHECKING

from tests.conformance.small_server.store import Session

if TYPE_CHECKING:
    from tests.conformance.small_server.server import Server

__all__ = ["SUBPROTOCOL", "Accepted", "Handshake", "Request", "Response"]

PATHS = ("/chat/stream/", "/chat/stream")  # MC1-HAND-01, MC1-HAND-02
SUBPROTOCOL = "multichat.v1"
GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # RFC 6455, section 1.3


@dataclass(frozen=True)
class Request:
    """An HTTP request: names of headers in lower case, several of one name joined by commas."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes = b""
    version: str = "1.1"

    @property
    def is_upgrade(self) -> bool:
        """Whether it asks for a WebSocket."""
        return "websocket" in _words(
            self.headers.get("upgrade", "").lower()
        ) and "upgrade" in _words(self.headers.get("connection", "").lower())

    def cookie(self, name: str) -> str | None:
        """Return a cookie's value, None if there is none."""
        try:
            cookies = SimpleCookie(self.headers.get("cookie", ""))
        except CookieError:
            return None
        return cookies[name].value if name in cookies else None


@dataclass(frozen=True)
class Response:
    """An HTTP response, to be the last one of its connection."""

    status: int
    text: str = ""
    headers: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Accepted:
    """A handshake that is answered with 101."""

    session: Session | None
    headers: tuple[tuple[str, str], ...] = field(default=())


class Handshake:
    """The rules of a handshake, in the order in which they are looked at."""

    def __init__(self, server: "Server") -> None:
        self.server = server

    def judge(self, request: Request) -> Accepted | Response:
        """Accept a request or refuse it."""
        return (
            self.check_upgrade(request)
            or self.check_version(request)
            or self.check_key(request)
            or self.check_origin(request)
            or self.check_session(request)
            or self.accept(request)
        )

    def is_ours(self, path: str) -> bool:
        """Whether the chat is at a path (MC1-HAND-01 to 04)."""
        return path in PATHS

    def check_upgrade(self, request: Request) -> Response | None:
        """It must ask for a WebSocket (MC1-HAND-05)."""
        is_get = request.method == "GET" and request.version == "1.1"
        if not is_get or not request.is_upgrade:
            return Response(426, "This is a WebSocket.", (("Upgrade", "websocket"),))
        return None

    def check_version(self, request: Request) -> Response | None:
        """Of version 13."""
        if request.headers.get("sec-websocket-version") != "13":
            return Response(426, "Version 13 only.", (("Sec-WebSocket-Version", "13"),))
        return None

    def check_key(self, request: Request) -> Response | None:
        """With a key of 16 bytes."""
        try:
            key = base64.b64decode(request.headers.get("sec-websocket-key", ""), validate=True)
        except binascii.Error:
            key = b""
        return None if len(key) == 16 else Response(400, "A key has 16 bytes.")

    def check_origin(self, request: Request) -> Response | None:
        """From a page of our own, or from no page (MC1-HAND-11, MC1-HAND-12)."""
        origin = request.headers.get("origin")
        if origin is None or self.is_own(origin):
            return None
        return Response(403, "Not from this page.")

    def is_own(self, origin: str) -> bool:
        """Whether an origin is the server's."""
        return origin in self.server.origins

    def check_session(self, request: Request) -> Response | None:  # noqa: ARG002  for faults
        """Everybody may connect; nobody acts without a session (MC1-AUTH-02 to 04)."""
        return None

    def session(self, request: Request) -> Session | None:
        """The session is named by the cookie, and by nothing else (MC1-AUTH-01, MC1-AUTH-06)."""
        return self.server.store.session(request.cookie("sessionid"))

    def subprotocol(self, offers: list[str]) -> str | None:
        """Select ours, if it was offered (MC1-HAND-08 to 10)."""
        return SUBPROTOCOL if SUBPROTOCOL in offers else None

    def accept(self, request: Request) -> Accepted:
        """Answer with 101."""
        key = request.headers.get("sec-websocket-key", "")
        headers = [
            ("Upgrade", "websocket"),
            ("Connection", "Upgrade"),
            ("Sec-WebSocket-Accept", self.accept_key(key)),
        ]
        offers = _words(request.headers.get("sec-websocket-protocol", ""))
        if (selected := self.subprotocol(offers)) is not None:
            headers.append(("Sec-WebSocket-Protocol", selected))
        return Accepted(self.session(request), tuple(headers))

    def accept_key(self, key: str) -> str:
        """Return what proves that the handshake was understood (RFC 6455, section 4.2.2)."""
        # RFC 6455 names SHA-1; it protects nothing here.
        return base64.b64encode(hashlib.sha1(key.encode() + GUID).digest()).decode()  # noqa: S324


def _words(value: str) -> list[str]:
    return [word.strip() for word in value.split(",") if word.strip()]
