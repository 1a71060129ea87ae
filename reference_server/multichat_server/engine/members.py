"""Who is in which room, for people who look after rooms."""

from collections.abc import Iterable
from dataclasses import dataclass

from multichat_proto.messages import Room
from multichat_server.engine.connection import Connection
from multichat_server.engine.directory import Visit

__all__ = ["Member", "inside"]


@dataclass(frozen=True, slots=True)
class Member:
    """
    A connection that is in a room.

    Attributes:
        connection: Names the connection as long as it lives, and no other ever.
        user_id: Whose it is.
        username: The user's name.

    """

    connection: int
    user_id: int
    username: str


def inside(visits: Iterable[Visit], room: Room) -> list[tuple[Member, Connection]]:
    """Return who is in a room, by name."""
    found = [
        (Member(visit.number, visit.user.id, visit.user.username), visit.connection)
        for visit in visits
        if visit.connection is not None
        and visit.user is not None
        and room in visit.connection.chat.rooms
    ]
    return sorted(found, key=lambda each: (each[0].username, each[0].connection))
