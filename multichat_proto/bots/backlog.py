"""Events that wait for a handler: bounded, and what is dropped is counted."""

from collections import deque

from multichat_proto.events import ChatEvent, Gap
from multichat_proto.messages import Room

__all__ = ["Backlog"]


class Backlog:
    """
    The events of a room that no handler has had yet.

    When it is full, each new event pushes the oldest one out, and a ``Gap`` at the front says
    how many are missing there.

    Args:
        room: The room; ``None`` for what is of no room.
        most: Events that are kept.

    """

    __slots__ = ("_dropped", "_events", "_most", "_room")

    def __init__(self, room: Room | None, most: int) -> None:
        self._room = room
        self._most = most
        self._events: deque[ChatEvent] = deque()
        self._dropped = 0

    def __len__(self) -> int:
        return len(self._events) + (self._dropped > 0)

    def put(self, event: ChatEvent) -> None:
        """Add an event."""
        if len(self._events) >= self._most:
            oldest = self._events.popleft()
            self.miss(oldest.dropped if isinstance(oldest, Gap) else 1)
        self._events.append(event)

    def miss(self, events: int) -> None:
        """Count events that were dropped before the oldest one here."""
        self._dropped += events

    def take(self) -> ChatEvent | None:
        """Return the oldest event, or ``None`` if there is none."""
        if self._dropped:
            gap, self._dropped = Gap(self._room, self._dropped), 0
            return gap
        return self._events.popleft() if self._events else None

    def copy(self) -> "Backlog":
        """Return another one with the same events."""
        other = Backlog(self._room, self._most)
        other._events.extend(self._events)
        other._dropped = self._dropped
        return other

    def clear(self) -> None:
        """Drop everything, uncounted."""
        self._events.clear()
        self._dropped = 0
