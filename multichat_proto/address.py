"""
Where a server is: one address, as people write it and as each protocol wants it.

A person may write ``ws://host:8000/chat/stream/``, the address of the web page
(``http://host:8000/``) or just ``host:8000``. All name the same server; which of its
addresses is needed depends on who asks: the WebSocket handshake, the login form, or the
``Origin`` header.
"""

import dataclasses
import re
import urllib.parse
from typing import Final, Self

from multichat_proto.exceptions import LocalProtocolError
from multichat_proto.handshake import STREAM_PATH

__all__ = ["Address"]

_SECURE: Final = {"ws": False, "http": False, "wss": True, "https": True}

# Everything a URL may consist of is printable; urlsplit() would drop tabs and newlines.
_UNPRINTABLE: Final = re.compile(r"[\x00-\x20\x7f-\xa0]")


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """
    The address of a server.

    Attributes:
        secure: Whether the connection is encrypted (``wss``, ``https``).
        host: A name in its ASCII form, or an IP address without brackets.
        port: The TCP port.
        target: Path and query of the WebSocket endpoint.

    """

    secure: bool
    host: str
    port: int
    target: str

    @classmethod
    def parse(cls, text: str) -> Self:
        """
        Read an address: a ws, wss, http or https URL, or ``host:port``.

        Raises:
            LocalProtocolError: It is none. Credentials in an address are refused, too: they
                would show in the list of processes.

        """
        if _UNPRINTABLE.search(text):
            raise LocalProtocolError("an address has no spaces and no control characters")
        try:
            parts = urllib.parse.urlsplit(text if "://" in text else f"ws://{text}")
            port = parts.port
        except ValueError as exc:
            raise LocalProtocolError(f"{text!r} is no address: {exc}") from None
        if parts.scheme not in _SECURE:
            raise LocalProtocolError(
                f"{text!r} is no address of a chat server: it begins with neither ws, wss, "
                "http nor https"
            )
        if "@" in parts.netloc:
            raise LocalProtocolError("an address must not hold a user name or a password")
        if parts.fragment:
            raise LocalProtocolError(f"{text!r} is no address: it has a fragment (#)")
        secure = _SECURE[parts.scheme]
        path = parts.path if parts.path not in ("", "/") else STREAM_PATH
        target = urllib.parse.quote(path, safe="/%:@!$&'()*+,;=~-._")
        if parts.query:
            target += "?" + urllib.parse.quote(parts.query, safe="/?%:@!$&'()*+,;=~-._")
        return cls(
            secure=secure,
            host=_ascii_host(parts.hostname, text),
            port=port if port is not None else (443 if secure else 80),
            target=target,
        )

    @property
    def origin(self) -> str:
        """The web origin of the server (RFC 6454), such as ``http://localhost:8000``."""
        return f"{'https' if self.secure else 'http'}://{self._authority}"

    @property
    def websocket_url(self) -> str:
        """The address of the WebSocket endpoint."""
        return f"{'wss' if self.secure else 'ws'}://{self._authority}{self.target}"

    @property
    def is_loopback(self) -> bool:
        """Whether what is sent there stays on this machine."""
        return self.host in ("localhost", "::1") or self.host.startswith("127.")

    def __str__(self) -> str:
        return self.websocket_url

    @property
    def _authority(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == (443 if self.secure else 80) else f"{host}:{self.port}"


def _ascii_host(host: str | None, text: str) -> str:
    if not host:
        raise LocalProtocolError(f"{text!r} is no address: it names no host")
    if host.isascii():
        return host
    try:
        return host.encode("idna").decode()
    except UnicodeError:
        raise LocalProtocolError(f"{text!r} is no address: the host's name is invalid") from None
