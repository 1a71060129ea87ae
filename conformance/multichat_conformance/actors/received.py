"""What an actor receives: frames, and the end of its connection."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from multichat_conformance.target.model import Room

__all__ = ["Ended", "Received", "room_id"]


@dataclass(frozen=True, slots=True)
class Received:
    """
    One frame that came: the object, its text and its place in the actor's history.

    The moment is its place among all that any actor of the story got or sent.
    """

    frame: Mapping[str, Any]
    text: str
    place: int
    moment: int = 0


@dataclass(frozen=True, slots=True)
class Ended:
    """
    How a connection ended.

    Attributes:
        code: Of the target's close frame; 1005 if it carried none, None if there was no close
            frame.
        reason: Of the close frame.

    """

    code: int | None
    reason: str = ""

    def __str__(self) -> str:
        """Return it in words."""
        if self.code is None:
            return "the TCP connection ended without a close frame"
        return f"a close frame with code {self.code}" + (f" ({self.reason})" if self.reason else "")


def room_id(room: Room | str) -> str:
    """Return the id of a room, which may be given as one."""
    return room.id if isinstance(room, Room) else room
