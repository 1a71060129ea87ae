"""What is done with rooms inside a transaction."""

from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from multichat_server.storage.counters import bump_revision, next_room_id, pass_room_id
from multichat_server.storage.errors import NameTaken, NotFound
from multichat_server.storage.records import RoomRecord
from multichat_server.storage.tables import rooms

__all__ = ["add", "change", "delete", "everything", "one"]

# Chosen ids beyond this do not move the counter: one room with the highest id of all would
# leave none for the rooms after it.
_HIGHEST_COUNTED: Final = 2**53

_COLUMNS = (rooms.c.id, rooms.c.title, rooms.c.staff_only)


def add(
    connection: sa.Connection, title: str, *, staff_only: bool, room_id: int | None
) -> RoomRecord:
    """Add a room, with a new id if none is chosen."""
    if room_id is None:
        room_id = next_room_id(connection)
    elif room_id <= _HIGHEST_COUNTED:
        pass_room_id(connection, room_id)
    try:
        connection.execute(sa.insert(rooms).values(id=room_id, title=title, staff_only=staff_only))
    except IntegrityError as exc:
        raise NameTaken(f"there is a room {room_id} already") from exc
    bump_revision(connection)
    return RoomRecord(room_id, title, staff_only)


def change(connection: sa.Connection, room_id: int, values: dict[str, Any]) -> RoomRecord:
    """Change some of a room's columns."""
    row = connection.execute(
        sa.update(rooms).where(rooms.c.id == room_id).values(**values).returning(*_COLUMNS)
    ).one_or_none()
    if row is None:
        raise _no_room(room_id)
    bump_revision(connection)
    return RoomRecord(*row)


def delete(connection: sa.Connection, room_id: int) -> None:
    """Delete a room."""
    if connection.execute(sa.delete(rooms).where(rooms.c.id == room_id)).rowcount == 0:
        raise _no_room(room_id)
    bump_revision(connection)


def one(connection: sa.Connection, room_id: int) -> RoomRecord:
    """Return the room of an id."""
    row = connection.execute(sa.select(*_COLUMNS).where(rooms.c.id == room_id)).one_or_none()
    if row is None:
        raise _no_room(room_id)
    return RoomRecord(*row)


def everything(connection: sa.Connection) -> list[RoomRecord]:
    """Return all rooms by title, in the order of code points whatever the database's locale."""
    found = [RoomRecord(*row) for row in connection.execute(sa.select(*_COLUMNS))]
    return sorted(found, key=lambda room: (room.title, room.id))


def _no_room(room_id: int) -> NotFound:
    return NotFound(f"there is no room {room_id}")
