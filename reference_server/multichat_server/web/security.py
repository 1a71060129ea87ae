"""The headers by which a browser is told to allow these pages nothing that they do not need."""

from collections.abc import Mapping
from typing import Final

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

__all__ = ["SecurityHeaders", "secure_headers"]

# Everything from this server or not at all; no inline script or style, so that a room's title
# that slipped through the escaping could still run nothing.
_CONTENT_SECURITY_POLICY: Final = (
    "default-src 'none'; connect-src 'self'; img-src 'self'; script-src 'self'; "
    "style-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; "
    # Scripts cannot make markup of text even by mistake: browsers that know this refuse it.
    "require-trusted-types-for 'script'; trusted-types 'none'"
)

_HEADERS: Final = {
    "content-security-policy": _CONTENT_SECURITY_POLICY,
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
    # "no-referrer" would make browsers send "Origin: null" with our own forms.
    "referrer-policy": "same-origin",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    # Pages say who is logged in, and forms carry a token.
    "cache-control": "no-store",
}

# These are the same for everybody and have an ETag; a browser may keep them, and asks.
_STATIC_PREFIX: Final = "/static/"
_STATIC_CACHING: Final = "no-cache"


def secure_headers() -> Mapping[str, str]:
    """Return the headers that every page carries."""
    return _HEADERS


class SecurityHeaders:
    """ASGI middleware that adds the headers to every answer that does not say otherwise."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Call the application, with the headers added on the way out."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                if scope["path"].startswith(_STATIC_PREFIX):
                    headers.setdefault("cache-control", _STATIC_CACHING)
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        await self._app(scope, receive, send_with_headers)
