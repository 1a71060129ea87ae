"""
The names on which a client and a server must agree before the first frame.

They are those of the 2016 original (MC1-HAND-01, MC1-AUTH-01), so that its clients find what
they know, and ours find their way into its servers.
"""

from typing import Final

__all__ = [
    "CSRF_COOKIE",
    "CSRF_FIELD",
    "LOGIN_PATH",
    "LOGOUT_PATH",
    "SESSION_COOKIE",
    "STREAM_PATH",
    "SUBPROTOCOL",
]

STREAM_PATH: Final = "/chat/stream/"
"""Where v1 is spoken."""

SUBPROTOCOL: Final = "multichat.v1"
"""What a client may offer, and a server select (MC1-HAND-09)."""

SESSION_COOKIE: Final = "sessionid"
"""The cookie that names the session in the handshake."""

LOGIN_PATH: Final = "/accounts/login/"
"""Where the login form is; it has fields ``username`` and ``password``."""

LOGOUT_PATH: Final = "/accounts/logout/"
"""Where a session ends."""

CSRF_COOKIE: Final = "csrftoken"
"""The cookie whose value a form must repeat."""

CSRF_FIELD: Final = "csrfmiddlewaretoken"
"""The hidden field that repeats it."""
