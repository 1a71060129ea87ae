"""
What a handshake is to say: who one is, where one comes from, what one speaks.

The same for all shells, so that what is refused is refused by each of them, before anything
is sent.
"""

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final

from multichat_proto.address import Address
from multichat_proto.credentials import (
    Authorization,
    Cookies,
    Credentials,
    Password,
    cookie_header,
    credentials_of,
)
from multichat_proto.exceptions import LocalProtocolError, LoginFailed
from multichat_proto.options import Options
from multichat_proto.transport import OWN_ORIGIN, OpenRequest

if TYPE_CHECKING:
    import ssl

__all__ = ["Opening"]

# RFC 9110, sections 5.6.2 and 5.5; values of other bytes are read differently by everybody.
_TOKEN: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_VALUE: Final = re.compile(r"[\t\x20-\x7e]*")

# RFC 6265, section 4.1.1, as servers really use it.
_COOKIE_VALUE: Final = re.compile(r"[\x21-\x3a\x3c-\x7e]*")

_OURS: Final = frozenset(
    {
        "connection",
        "sec-websocket-extensions",
        "sec-websocket-key",
        "sec-websocket-protocol",
        "sec-websocket-version",
        "upgrade",
    }
)
"""The headers that are the handshake itself."""


class Opening:
    """
    What each of a session's handshakes says.

    Args:
        url: The server; see :meth:`multichat_proto.address.Address.parse`.
        credentials: Who one is; a pair is a name and a password, ``None`` is nobody.
        username: One's own name, where the credentials do not say it.
        headers: More headers.
        origin: The ``Origin`` header; :data:`OWN_ORIGIN` is the server's own, ``None`` is
            none. One among ``headers`` goes before it.
        subprotocols: What to offer, best first (MC1-CLIENT-01).
        ssl_context: For ``wss``; ``None`` means the system's certificates.
        proxy: The URL of a proxy, or ``None``.
        options: Limits and times.

    Attributes:
        address: The server.
        username: One's own name, or ``None`` where it is not known.
        password: The account to log in with, or ``None``.
        has_login: Whether the handshake names a user (MC1-CLIENT-11).

    Raises:
        LocalProtocolError: One of these is none, or cannot be sent.

    """

    def __init__(
        self,
        url: str | Address,
        *,
        credentials: Credentials | tuple[str, str] | None,
        username: str | None,
        headers: Mapping[str, str] | None,
        origin: str | None,
        subprotocols: Sequence[str],
        ssl_context: "ssl.SSLContext | None",
        proxy: str | None,
        options: Options,
    ) -> None:
        self.address = url if isinstance(url, Address) else Address.parse(url)
        given = credentials_of(credentials)
        self.password = given if isinstance(given, Password) else None
        self.has_login = given is not None
        self.username = username if given is None or given.username is None else given.username
        self._cookies = dict(given.cookies) if isinstance(given, Cookies) else {}
        self._headers = dict(headers or {})
        if isinstance(given, Authorization):
            self._headers.setdefault("Authorization", given.value)
        _check_headers(self._headers)
        if not _are_sound(self._cookies):
            raise LocalProtocolError("a cookie holds a character that none may hold")
        self._origin = self.address.origin if origin == OWN_ORIGIN else origin
        self._sent_cookies = ""
        for name in list(self._headers):
            if name.lower() == "origin":
                self._origin = self._headers.pop(name)
            elif name.lower() == "cookie":
                self._sent_cookies = self._headers.pop(name)
        if self._origin is not None and not _VALUE.fullmatch(self._origin):
            raise LocalProtocolError("the origin holds a character that none may hold")
        if isinstance(subprotocols, str) or not all(map(_TOKEN.fullmatch, subprotocols)):
            raise LocalProtocolError("the subprotocols are no sequence of names")
        self._subprotocols = tuple(subprotocols)
        self._ssl_context = ssl_context
        self._proxy = proxy
        self._options = options

    @property
    def ssl_context(self) -> "ssl.SSLContext | None":
        """For ``wss`` and ``https``; ``None`` means the system's certificates."""
        return self._ssl_context

    def request(self, cookies: Mapping[str, str]) -> OpenRequest:
        """
        Return what a connector is to be asked for.

        Args:
            cookies: What the login gave; empty if there was none.

        Raises:
            LoginFailed: The server gave cookies that cannot be sent back.

        """
        if not _are_sound(cookies):
            raise LoginFailed("the login gave a cookie with a character that none may hold")
        headers = dict(self._headers)
        parts = (self._sent_cookies, cookie_header({**self._cookies, **cookies}))
        if any(parts):
            headers["Cookie"] = "; ".join(part for part in parts if part)
        return OpenRequest(
            address=self.address,
            headers=headers,
            origin=self._origin,
            subprotocols=self._subprotocols,
            ssl_context=self._ssl_context,
            proxy=self._proxy,
            max_frame_bytes=self._options.max_frame_bytes,
            close_timeout=self._options.close_timeout,
        )


def _check_headers(headers: Mapping[str, str]) -> None:
    seen: set[str] = set()
    for name, value in headers.items():
        if not _TOKEN.fullmatch(name) or not _VALUE.fullmatch(value):
            raise LocalProtocolError(f"the header {name!r} holds a character that none may hold")
        if name.lower() in _OURS:
            raise LocalProtocolError(f"the header {name!r} is the handshake's own")
        if name.lower() in seen:
            raise LocalProtocolError(f"the header {name!r} is given twice")
        seen.add(name.lower())


def _are_sound(cookies: Mapping[str, str]) -> bool:
    return all(
        _TOKEN.fullmatch(name) and _COOKIE_VALUE.fullmatch(value) for name, value in cookies.items()
    )
