"""Which events a handler is for."""

import dataclasses
import re
from collections.abc import Callable, Iterable

from multichat_proto.bots.exceptions import HandlerInvalid
from multichat_proto.events import ChatEvent, MemberEntered, MemberLeft, RoomMessage
from multichat_proto.messages import Join, MsgType, Room

__all__ = ["Filter", "Names", "Rooms", "Types", "is_own", "room_of"]

Rooms = str | int | Iterable[str | int] | None
"""Rooms that a handler is for; ``None``: all."""
Names = str | Iterable[str] | None
"""Users that a handler is for; ``None``: all."""
Types = MsgType | Iterable[MsgType] | None
"""Types of message that a handler is for; ``None``: all."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """
    What must hold of an event, all of it; ``None`` asks nothing.

    Attributes:
        rooms: It is of one of these rooms.
        types: It is a message of one of these types.
        authors: It is of one of these users.
        pattern: It is found in the text.
        where: It says yes to the event.
        own: Whether events of oneself are let through.

    """

    rooms: frozenset[Room] | None = None
    types: frozenset[int] | None = None
    authors: frozenset[str] | None = None
    pattern: re.Pattern[str] | None = None
    where: Callable[[RoomMessage], bool] | None = None
    own: bool = True

    @classmethod
    def of(
        cls,
        decorator: str,
        *,
        room: Rooms = None,
        type: Types = None,  # noqa: A002  # the word of the protocol
        author: Names = None,
        pattern: str | re.Pattern[str] | None = None,
        where: Callable[[RoomMessage], bool] | None = None,
        own: bool = True,
    ) -> "Filter":
        """
        Make a filter of what a decorator was given.

        Raises:
            HandlerInvalid: It makes no sense.

        """
        return cls(
            rooms=None if room is None else _rooms(decorator, room),
            types=None if type is None else _types(decorator, type),
            authors=None if author is None else _authors(decorator, author),
            pattern=None if pattern is None else _pattern(decorator, pattern),
            where=where,
            own=own,
        )

    def lets_through(self, event: ChatEvent, username: str | None) -> re.Match[str] | bool:
        """
        Return whether a handler with this filter is for the event: the match, if it has one.

        Args:
            event: The event.
            username: One's own name.

        Raises:
            Exception: Whatever ``where`` raises.

        """
        if self.rooms is not None and room_of(event) not in self.rooms:
            return False
        if isinstance(event, RoomMessage | MemberEntered | MemberLeft):
            if not self.own and is_own(event, username):
                return False
            if self.authors is not None and event.username not in self.authors:
                return False
        if not isinstance(event, RoomMessage):
            return True
        if self.types is not None and event.msg_type not in self.types:
            return False
        match = True if self.pattern is None else self.pattern.search(event.text)
        if not match or (self.where is not None and not self.where(event)):
            return False
        return match


def room_of(event: ChatEvent | None) -> Room | None:
    """Return the room that an event is of, or ``None``."""
    room: Room | None = getattr(event, "room", None)
    return room


def is_own(event: ChatEvent, username: str | None) -> bool:
    """Return whether an event is one's own doing."""
    if not isinstance(event, RoomMessage | MemberEntered | MemberLeft):
        return False
    return event.username == username or (isinstance(event, RoomMessage) and event.is_own)


def _rooms(decorator: str, room: str | int | Iterable[str | int]) -> frozenset[Room]:
    given = (room,) if isinstance(room, str | int) else tuple(room)
    if not given:
        raise HandlerInvalid(f"{decorator}: no room is named; leave `room` out for all rooms")
    for one in given:
        if isinstance(one, bool) or not isinstance(one, str | int) or one == "":
            raise HandlerInvalid(f"{decorator}: a room is a string or an integer, not {one!r}")
    return frozenset(Join(one).room_id for one in given)


def _types(decorator: str, kind: MsgType | Iterable[MsgType]) -> frozenset[int]:
    given = (kind,) if isinstance(kind, int) else tuple(kind)
    known = [MsgType.MESSAGE, MsgType.WARNING, MsgType.ALERT, MsgType.MUTED]
    if not given or any(one not in known for one in given):
        names = ", ".join(one.name for one in known)
        raise HandlerInvalid(f"{decorator}: `type` is one or more of {names}, not {kind!r}")
    return frozenset(int(one) for one in given)


def _authors(decorator: str, author: str | Iterable[str]) -> frozenset[str]:
    given = frozenset((author,) if isinstance(author, str) else author)
    if not given or not all(isinstance(one, str) for one in given):
        raise HandlerInvalid(f"{decorator}: `author` is one user's name or more, not {author!r}")
    return given


def _pattern(decorator: str, pattern: str | re.Pattern[str]) -> re.Pattern[str]:
    try:
        compiled = re.compile(pattern)
    except re.error as exc:
        raise HandlerInvalid(f"{decorator}: the pattern {pattern!r} is wrong: {exc}") from exc
    if not isinstance(compiled.pattern, str):
        raise HandlerInvalid(f"{decorator}: a pattern is searched in text, not in bytes")
    return compiled
