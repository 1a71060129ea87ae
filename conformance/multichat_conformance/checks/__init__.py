"""
The checks, one module an area of the specification.

Each function with the decorator :func:`~multichat_conformance.catalogue.check` is a story that
a target is judged by. The order here is the order in which a run tells them.
"""

from typing import Final

__all__ = ["AREAS"]

AREAS: Final = (
    "handshake",
    "subprotocol",
    "origin",
    "authentication",
    "frames",
    "framing",
    "json_text",
    "json_values",
    "rooms",
    "join",
    "leave",
    "send",
    "messages",
    "membership",
    "announcements",
    "order",
    "delivery",
    "errors",
    "malformed",
    "limits",
    "flood",
    "revocation",
    "session_end",
    "connection_end",
    "closing",
    "deadlines",
    "outage",
    "slow_reader",
    "churn",
    "crowd",
    "restart",
    "model",
    "fuzz",
)
"""The modules of this package in the order of the specification; what may hurt comes late."""
