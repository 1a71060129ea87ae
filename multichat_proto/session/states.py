"""
Where a session stands.

::

    CONNECTING ---> RESTORING ---> CONNECTED        CLOSING ---> CLOSED
      ^  |  failed     |  lost        | lost           ^  stop, from anywhere
      |  v             v              |
     WAITING <---------+--------------+             a failure that no wait can help: CLOSED
"""

from enum import StrEnum

__all__ = ["SessionState"]


class SessionState(StrEnum):
    """Where a session stands; only ``CONNECTED`` means that every wanted room is joined."""

    CONNECTING = "connecting"
    """An attempt is under way."""
    RESTORING = "restoring"
    """A connection is open, and wanted rooms are being joined."""
    CONNECTED = "connected"
    """A connection is open, and every wanted room is joined."""
    WAITING = "waiting"
    """Waiting before the next attempt."""
    CLOSING = "closing"
    """Saying goodbye."""
    CLOSED = "closed"
    """Nothing more will happen."""
