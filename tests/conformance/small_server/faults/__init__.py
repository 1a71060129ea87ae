"""
The faults of the small server: each a mistake that servers make, at one place.

They are filed by importing them; what the modules hold is told by the sections of the text.
"""

# ruff: noqa: F401  imported to be filed
from tests.conformance.small_server.faults import (
    announcements,
    commands,
    delivery,
    ending,
    errors,
    framing,
    handshake,
    membership,
    messages,
    opening,
    order,
    reading,
    revocation,
    room_names,
    texts,
)
from tests.conformance.small_server.faults.fault import FAULTS, Fault

__all__ = ["FAULTS", "Fault"]
