"""Where a target is, by its URL."""

from urllib.parse import urlsplit

from multichat_conformance.target.model import Target

__all__ = ["address", "own_origin", "resource_of"]


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


def resource_of(target: Target) -> str:
    """Return path and query of the target's URL."""
    parts = urlsplit(target.url)
    return (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
