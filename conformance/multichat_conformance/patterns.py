"""
What a frame is compared with: patterns that say in words why a frame does not fit.

A pattern names the members that matter; others are not looked at (MC1-FRAME-04), the schemas
have already judged the frame's form. Every pattern belongs to one of the three streams in which
an actor sorts what it receives: answers, messages and announcements.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final, Protocol

from multichat_conformance.target.model import Room

__all__ = [
    "ENTER",
    "LEAVE",
    "MESSAGE",
    "Announcement",
    "Enter",
    "Error",
    "Exit",
    "Joined",
    "Left",
    "Named",
    "Pattern",
    "Said",
    "Stream",
    "stream_of",
]

MESSAGE: Final = 0
ENTER: Final = 4
LEAVE: Final = 5


class Stream(StrEnum):
    """The three kinds of traffic that a connection receives."""

    ANSWERS = "answers"
    MESSAGES = "messages"
    ANNOUNCEMENTS = "announcements"


def stream_of(frame: Mapping[str, Any]) -> Stream:
    """Return the stream that a frame of the server belongs to."""
    kind = frame.get("msg_type")
    if kind is None:
        return Stream.ANSWERS
    return Stream.ANNOUNCEMENTS if kind in (ENTER, LEAVE) else Stream.MESSAGES


class Named(Protocol):
    """Whoever has a user name: an actor, an account."""

    @property
    def username(self) -> str:
        """The name."""
        ...


@dataclass(frozen=True, slots=True)
class Pattern:
    """
    The members that a frame must have, and their values.

    Attributes:
        members: Name and value; a set of values means any one of them.
        stream: Where such a frame is looked for.

    """

    members: Mapping[str, Any] = field(default_factory=dict)
    stream: Stream = Stream.ANSWERS

    def __str__(self) -> str:
        """Return the pattern as the frame it asks for."""
        members = {
            name: " or ".join(sorted(value)) if isinstance(value, frozenset) else value
            for name, value in self.members.items()
        }
        return json.dumps(members, ensure_ascii=False)

    def mismatch(self, frame: Mapping[str, Any]) -> str | None:
        """Say why a frame does not fit, or return None if it does."""
        for name, wanted in self.members.items():
            if name not in frame:
                return f"it has no member {name!r}"
            got = frame[name]
            if not any(_same(got, one) for one in _values(wanted)):
                return f"its member {name!r} is {json.dumps(got, ensure_ascii=False)}"
        return None


def _values(wanted: object) -> Iterable[object]:
    return wanted if isinstance(wanted, frozenset) else (wanted,)


def _same(got: object, wanted: object) -> bool:
    # In Python 1 == True and 1 == 1.0; on the wire they are different things.
    return type(got) is type(wanted) and got == wanted


def _id(room: Room | str) -> str:
    return room.id if isinstance(room, Room) else room


def _name(user: Named | str) -> str:
    return user if isinstance(user, str) else user.username


def Joined(room: Room | str) -> Pattern:  # noqa: N802  # reads as the frame that it asks for
    """A *joined* frame of a room, with its title where that is known."""
    members: dict[str, Any] = {"join": _id(room)}
    if isinstance(room, Room) and room.title is not None:
        members["title"] = room.title
    return Pattern(members)


def Left(room: Room | str) -> Pattern:  # noqa: N802  # as above
    """A *left* frame of a room."""
    return Pattern({"leave": _id(room)})


def Error(*codes: str) -> Pattern:  # noqa: N802  # as above
    """An *error* frame with one of these codes."""
    return Pattern({"error": codes[0] if len(codes) == 1 else frozenset(codes)})


def Said(  # noqa: N802  # as above
    room: Room | str, text: str, by: Named | str, *, msg_type: int = MESSAGE
) -> Pattern:
    """A room message with a text."""
    members = {"room": _id(room), "message": text, "username": _name(by), "msg_type": msg_type}
    return Pattern(members, Stream.MESSAGES)


def Announcement(msg_type: int, room: Room | str, who: Named | str) -> Pattern:  # noqa: N802  # as above
    """ENTER or LEAVE of somebody."""
    members = {"room": _id(room), "message": None, "username": _name(who), "msg_type": msg_type}
    return Pattern(members, Stream.ANNOUNCEMENTS)


def Enter(room: Room | str, who: Named | str) -> Pattern:  # noqa: N802  # as above
    """The announcement that somebody entered."""
    return Announcement(ENTER, room, who)


def Exit(room: Room | str, who: Named | str) -> Pattern:  # noqa: N802  # as above
    """The announcement that somebody left: LEAVE; the word *left* is the answer's."""
    return Announcement(LEAVE, room, who)
