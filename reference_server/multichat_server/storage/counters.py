"""The counters: how often something changed, and which room ids are given away."""

import sqlalchemy as sa

from multichat_server.storage.tables import LAST_ROOM, REVISION, counters

__all__ = ["bump_revision", "next_room_id", "pass_room_id", "read_revision"]


def read_revision(connection: sa.Connection) -> int:
    """Return how many changes there have been."""
    revision: int = connection.execute(
        sa.select(counters.c.value).where(counters.c.name == REVISION)
    ).scalar_one()
    return revision


def bump_revision(connection: sa.Connection) -> None:
    """Note that something changed that a server may have in memory."""
    connection.execute(
        sa.update(counters).where(counters.c.name == REVISION).values(value=counters.c.value + 1)
    )


def next_room_id(connection: sa.Connection) -> int:
    """Return an id that no room was ever given."""
    room_id: int = connection.execute(
        sa.update(counters)
        .where(counters.c.name == LAST_ROOM)
        .values(value=counters.c.value + 1)
        .returning(counters.c.value)
    ).scalar_one()
    return room_id


def pass_room_id(connection: sa.Connection, room_id: int) -> None:
    """Note that an id was chosen, so that it is not handed out any more."""
    connection.execute(
        sa.update(counters)
        .where(counters.c.name == LAST_ROOM, counters.c.value < room_id)
        .values(value=room_id)
    )
