"""
Web origins (RFC 6454): which pages may speak as their visitors.

A browser says in ``Origin`` which site a request comes from, and sends the cookies of this one
along whichever site that is. So whatever acts as a user, a form or the chat's handshake, asks
here first.
"""

from collections.abc import Collection, Sequence
from typing import Final, NamedTuple
from urllib.parse import urlsplit

__all__ = ["Origin", "is_own_origin"]

_DEFAULT_PORTS: Final = {"http": 80, "https": 443}


class Origin(NamedTuple):
    """A scheme, ``http`` or ``https``, a host in lower case, and a port; equal if all are."""

    scheme: str
    host: str
    port: int

    @classmethod
    def parse(cls, text: str) -> "Origin | None":
        """Return what a browser means by this text, or ``None`` if it is no web origin."""
        try:
            parts = urlsplit(text)
            port = parts.port
        except ValueError:
            return None
        if (
            parts.scheme not in _DEFAULT_PORTS
            or not parts.hostname
            or parts.username is not None
            or parts.path
            or "?" in text
            or "#" in text
            or not (text.isascii() and text.isprintable())
            or any(c in text for c in ' \\*"<>')
        ):
            return None
        default = _DEFAULT_PORTS[parts.scheme]
        return cls(parts.scheme, parts.hostname, default if port is None else port)

    def __str__(self) -> str:
        """Return it as browsers send it: the port only where it is not the usual one."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        port = "" if self.port == _DEFAULT_PORTS[self.scheme] else f":{self.port}"
        return f"{self.scheme}://{host}{port}"


def is_own_origin(origins: Sequence[str], hosts: Sequence[str], allowed: Collection[str]) -> bool:
    """
    Tell whether a request comes from a page of ours, or from no page at all (MC1-HAND-11).

    Args:
        origins: The request's ``Origin`` headers; none of them means no browser (MC1-HAND-12).
        hosts: Its ``Host`` headers.
        allowed: Origins that count as our own, besides the one that ``Host`` names.

    """
    if not origins:
        return True
    origin = Origin.parse(origins[0])
    if len(origins) != 1 or origin is None:
        return False
    if any(Origin.parse(each) == origin for each in allowed):
        return True
    # Behind a proxy the scheme that the browser used is not known here; host and port are.
    return len(hosts) == 1 and Origin.parse(f"{origin.scheme}://{hosts[0]}") == origin
