"""What the session knows of one room: whether it is wanted, whether it is joined, who is seen."""

import enum
from collections import OrderedDict
from typing import Final, Protocol

from multichat_proto.messages import Room
from multichat_proto.session.operations import Operation
from multichat_proto.session.queues import EventQueue

__all__ = ["LONGEST_NAME", "MembersSeen", "RoomRecord", "RoomView", "Wish"]

LONGEST_NAME: Final = 256
"""Characters of a name; a longer one is no member that is kept. Accounts of the 2016 original
have up to 150, and a hostile server may send a million."""


class RoomView(Protocol):
    """What a user may see of a room: it is live."""

    @property
    def room(self) -> Room:
        """The room's id."""
        ...

    @property
    def title(self) -> str:
        """Its title, raw; empty before it was joined."""
        ...

    @property
    def is_joined(self) -> bool:
        """Whether one is in it on the present connection."""
        ...

    @property
    def members(self) -> frozenset[str]:
        """The names seen since."""
        ...

    @property
    def events(self) -> EventQueue:
        """The room's own stream."""
        ...


class Wish(enum.Enum):
    """Whether one is to be in a room."""

    IN = enum.auto()
    """Wanted: joined anew on each connection."""
    OUT = enum.auto()
    """To be left, if one is in it."""
    AS_SERVER_LIKES = enum.auto()
    """The server put one into it (MC1-MEMB-04)."""


class MembersSeen:
    """
    The names of a room's members, as far as its messages show.

    A name of more than :data:`LONGEST_NAME` characters is not kept.

    Membership is by connection (MC1-MEMB-01): a name is gone when as many have left as entered.

    Args:
        max_members: Names that are kept; beyond it, the one that was seen first is forgotten.

    """

    def __init__(self, max_members: int) -> None:
        self._max_members = max_members
        self._counts: OrderedDict[str, int] = OrderedDict()

    @property
    def names(self) -> frozenset[str]:
        """The names."""
        return frozenset(self._counts)

    def entered(self, name: str) -> None:
        """Count a connection of this name in."""
        if len(name) <= LONGEST_NAME:
            self._counts[name] = self._counts.get(name, 0) + 1
            self._keep_limit()

    def left(self, name: str) -> None:
        """Count a connection of this name out."""
        count = self._counts.get(name, 0) - 1
        if count > 0:
            self._counts[name] = count
        else:
            self._counts.pop(name, None)

    def spoke(self, name: str) -> None:
        """Note a name that is there without having entered since one is in the room."""
        if name not in self._counts and len(name) <= LONGEST_NAME:
            self._counts[name] = 1
            self._keep_limit()

    def forget(self) -> None:
        """Forget them all: nobody knows who came and went meanwhile."""
        self._counts.clear()

    def _keep_limit(self) -> None:
        while len(self._counts) > self._max_members:
            self._counts.popitem(last=False)


class RoomRecord:
    """
    One room of the session.

    Attributes:
        room: The room's id.
        title: Its title, raw.
        wish: Whether one is to be in it.
        is_promised: Whether it is wanted from the session's start, whoever waits for it.
        is_joined: Whether one is in it on the present connection.
        is_entering: Whether a ``join`` is under way.
        is_leaving: Whether a ``leave`` is under way.
        was_joined: Whether one has been in it on any.
        lost_at: When the connection was lost on which one was in it, in Unix seconds; ``None``
            if nothing is missed.
        events: The room's own stream.
        joins: Who waits to be in.
        leaves: Who waits to be out.
        next_try: When a join that was refused for the time being is tried again.
        tries: How often it was refused since.
        members_seen: The members.

    """

    __slots__ = (
        "events",
        "is_entering",
        "is_joined",
        "is_leaving",
        "is_promised",
        "joins",
        "leaves",
        "lost_at",
        "members_seen",
        "next_try",
        "room",
        "title",
        "tries",
        "was_joined",
        "wish",
    )

    def __init__(self, room: Room, events: EventQueue, max_members: int) -> None:
        self.room = room
        self.title = ""
        self.wish = Wish.OUT
        self.is_promised = False
        self.is_joined = False
        self.is_entering = False
        self.is_leaving = False
        self.was_joined = False
        self.lost_at: float | None = None
        self.events = events
        self.joins: list[Operation[RoomView]] = []
        self.leaves: list[Operation[None]] = []
        self.next_try = 0.0
        self.tries = 0
        self.members_seen = MembersSeen(max_members)

    @property
    def members(self) -> frozenset[str]:
        """The names seen since one is in."""
        return self.members_seen.names
