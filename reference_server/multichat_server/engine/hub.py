"""
Who is in which room, and one frame to all of them.

A broadcast appends the same bytes object to every member's outbox, and that is all: it writes
nothing and waits for nobody. It happens in one go, so that all members of a room see its
messages in one order (MC1-ORDER-04).
"""

from collections.abc import Callable

from multichat_proto.messages import Room
from multichat_server.engine.outbox import Outbox

__all__ = ["Hub"]


class Hub:
    """The members of every room that has any."""

    def __init__(self) -> None:
        # Bound methods, so that the loop over a large room does one call a member.
        self._rooms: dict[Room, dict[Outbox, Callable[[bytes], None]]] = {}

    def enter(self, room: Room, outbox: Outbox) -> None:
        """Make this outbox one of those that get the room's frames."""
        self._rooms.setdefault(room, {})[outbox] = outbox.post

    def leave(self, room: Room, outbox: Outbox) -> None:
        """Send this outbox nothing more of the room, if it got anything."""
        members = self._rooms.get(room, {})
        members.pop(outbox, None)
        if not members:
            self._rooms.pop(room, None)

    def broadcast(self, room: Room, frame: bytes) -> int:
        """Post a frame to every member of the room, and return how many they are."""
        members = self._rooms.get(room)
        if members is None:
            return 0
        for post in members.values():
            post(frame)
        return len(members)

    def occupancy(self) -> dict[Room, int]:
        """Return how many members each room has that has any."""
        return {room: len(members) for room, members in self._rooms.items()}

    def clear(self) -> None:
        """Empty all rooms, when the server stops and nobody is left to be told."""
        self._rooms.clear()
