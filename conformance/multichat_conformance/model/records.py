"""
What is known of one telling of a story: the world, and a tape for each connection.

Everything has a *moment*: a number that grows with everything that any connection sends or
receives, so that it says what the suite knows to have come before what.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final, Literal, TypeAlias

__all__ = ["NEVER", "Got", "Meaning", "Place", "Records", "Sent", "Tape", "User", "World"]

NEVER: Final = math.inf
"""The moment of what has not come."""

Ending: TypeAlias = Literal["", "close", "half-close", "reset"]


@dataclass(frozen=True, slots=True)
class User:
    """
    A user.

    Attributes:
        name: What messages carry.
        staff: Whether staff.
        active: Whether somebody; one who is not is nobody.
        former: Names before, as long as messages may still carry them.

    """

    name: str
    staff: bool = False
    active: bool = True
    former: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Place:
    """A room. A title of None is not compared."""

    title: str | None = None
    staff_only: bool = False


@dataclass(frozen=True, slots=True)
class World:
    """
    Users by role and rooms by id, as they are at some time.

    Attributes:
        users: The users; a role stays the same when its user is renamed.
        rooms: The rooms that exist.

    """

    users: Mapping[str, User]
    rooms: Mapping[str, Place]

    def refusal(self, role: str, room: str) -> str:
        """Return why a user may not enter a room, as an error code; empty if it may."""
        user, place = self.users[role], self.rooms.get(room)
        if not user.active:
            return "USER_HAS_TO_LOGIN"
        if place is None:
            return "ROOM_INVALID"
        if place.staff_only and not user.staff:
            return "ROOM_ACCESS_DENIED"
        return ""

    def with_user(self, role: str, **changes: Any) -> "World":
        """Return the world with a user changed."""
        return replace(self, users={**self.users, role: replace(self.users[role], **changes)})

    def with_room(self, room: str, place: Place | None) -> "World":
        """Return the world with a room changed, or gone."""
        rooms = {id_: known for id_, known in self.rooms.items() if id_ != room}
        return replace(self, rooms=rooms if place is None else {**rooms, room: place})


@dataclass(frozen=True, slots=True)
class Meaning:
    """
    What a message of a client may be taken for: a command, or a fault.

    Attributes:
        command: ``join``, ``leave`` or ``send``; empty for a fault.
        room: The canonical id.
        text: Of a ``send``.
        code: Of a fault: what it must be answered with.
        clause: The clause that says so.

    """

    command: str = ""
    room: str = ""
    text: str = ""
    code: str = ""
    clause: str = ""


@dataclass(frozen=True, slots=True)
class Sent:
    """A message that was sent, with everything that it may be taken for, the likeliest first."""

    moment: int
    text: str
    meanings: tuple[Meaning, ...]


@dataclass(frozen=True, slots=True)
class Got:
    """A valid frame of the server that came."""

    moment: int
    frame: Mapping[str, Any]

    @property
    def room(self) -> str:
        """The room that it is about; of an error empty."""
        frame = self.frame
        return str(frame.get("room") or frame.get("join") or frame.get("leave") or "")

    @property
    def kind(self) -> str:
        """``join``, ``leave``, ``error`` or ``msg_type``."""
        return next(kind for kind in ("msg_type", "join", "leave", "error") if kind in self.frame)


@dataclass(slots=True)
class Tape:
    """
    What one connection sent and received.

    Attributes:
        name: The connection.
        role: Whose it is.
        opened: When it was ready for commands.
        sent: Its messages.
        got: What came; without other people's messages, and without what the suite itself does
            in the room that it keeps for fences.
        ending: How the story ended it; empty: it did not.
        ended_at: When the story ended it.
        cut_off: How the server ended it, in words; empty: it did not.

    """

    name: str
    role: str
    opened: int
    sent: list[Sent] = field(default_factory=list)
    got: list[Got] = field(default_factory=list)
    ending: Ending = ""
    ended_at: float = NEVER
    cut_off: str = ""

    @property
    def is_open(self) -> bool:
        """Whether it still hears."""
        return not self.ending and not self.cut_off


@dataclass(slots=True)
class Records:
    """
    All that is known of one telling.

    Attributes:
        worlds: Each world with the moment from which on it holds, in order.
        tapes: A tape a connection; who connects again gets a new one.
        strict: Whether the hardened clauses hold.
        announces: Whether the server claims to send ENTER and LEAVE.

    """

    worlds: list[tuple[int, World]]
    strict: bool
    announces: bool = True
    tapes: list[Tape] = field(default_factory=list)

    def world(self, moment: float) -> World:
        """Return the world at a moment."""
        return next(
            (world for since, world in reversed(self.worlds) if since <= moment), self.worlds[0][1]
        )

    def role_of(self, username: object) -> str:
        """Return the role of whoever has or had a name; empty if it is nobody's."""
        for _, world in self.worlds:
            for role, user in world.users.items():
                if user.name == username:
                    return role
        return ""
