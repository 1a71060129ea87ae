"""What is done with rooms inside a transaction."""

import re
from collections.abc import Sequence
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from multichat_server.storage.audit import Log
from multichat_server.storage.counters import bump_revision, next_room_id, pass_room_id
from multichat_server.storage.errors import NameTaken, NotFound
from multichat_server.storage.names import is_id
from multichat_server.storage.records import Found, RoomRecord
from multichat_server.storage.searching import by_code_points, contains, find, fold
from multichat_server.storage.tables import rooms

__all__ = ["add", "add_many", "change", "delete", "everything", "one", "search"]

# Chosen ids beyond this do not move the counter: one room with the highest id of all would
# leave none for the rooms after it.
_HIGHEST_COUNTED: Final = 2**53

_ID: Final = re.compile(r"[0-9]{1,19}")

_COLUMNS = (rooms.c.id, rooms.c.title, rooms.c.staff_only)


def add(
    connection: sa.Connection, title: str, *, staff_only: bool, room_id: int | None, log: Log
) -> RoomRecord:
    """Add a room, with a new id if none is chosen."""
    if room_id is None:
        room_id = next_room_id(connection)
    elif room_id <= _HIGHEST_COUNTED:
        pass_room_id(connection, room_id)
    try:
        connection.execute(
            sa.insert(rooms).values(
                id=room_id, title=title, search_text=fold(title), staff_only=staff_only
            )
        )
    except IntegrityError as exc:
        raise NameTaken(f"there is a room {room_id} already") from exc
    details = {"staff_only": staff_only}
    log.note(connection, "room.add", subject=title, subject_id=room_id, details=details)
    bump_revision(connection)
    return RoomRecord(room_id, title, staff_only)


def add_many(connection: sa.Connection, new: Sequence[RoomRecord]) -> None:
    """
    Add rooms that were not there; the caller notes that, and bumps the revision.

    Raises:
        IntegrityError: One is there by now.

    """
    # The counter before the rooms, as everybody takes them.
    pass_room_id(
        connection, max((room.id for room in new if room.id <= _HIGHEST_COUNTED), default=0)
    )
    connection.execute(
        sa.insert(rooms),
        [
            {
                "id": room.id,
                "title": room.title,
                "search_text": fold(room.title),
                "staff_only": room.staff_only,
            }
            for room in new
        ],
    )


def change(
    connection: sa.Connection, room_id: int, values: dict[str, Any], *, log: Log
) -> RoomRecord:
    """Change some of a room's columns."""
    before = one(connection, room_id, for_change=True)
    if "title" in values:
        values |= {"search_text": fold(values["title"])}
    row = connection.execute(
        sa.update(rooms).where(rooms.c.id == room_id).values(**values).returning(*_COLUMNS)
    ).one()
    room = RoomRecord(*row)
    differences = {
        name: [getattr(before, name), getattr(room, name)]
        for name in ("title", "staff_only")
        if getattr(before, name) != getattr(room, name)
    }
    if differences:
        log.note(
            connection,
            "room.change",
            subject=before.title,
            subject_id=room_id,
            details=differences,
        )
    bump_revision(connection)
    return room


def delete(connection: sa.Connection, room_id: int, *, log: Log) -> None:
    """Delete a room."""
    title = connection.execute(
        sa.delete(rooms).where(rooms.c.id == room_id).returning(rooms.c.title)
    ).scalar_one_or_none()
    if title is None:
        raise _no_room(room_id)
    log.note(connection, "room.delete", subject=title, subject_id=room_id)
    bump_revision(connection)


def one(connection: sa.Connection, room_id: int, *, for_change: bool = False) -> RoomRecord:
    """Return the room of an id; for a change, nobody else changes it meanwhile."""
    found = sa.select(*_COLUMNS).where(rooms.c.id == room_id)
    if for_change:
        found = found.with_for_update(key_share=True)
    row = connection.execute(found).one_or_none()
    if row is None:
        raise _no_room(room_id)
    return RoomRecord(*row)


def search(connection: sa.Connection, text: str, *, page: int) -> Found[RoomRecord]:
    """Return the rooms that have a text in their titles, or as their id, by title."""
    condition = contains(rooms.c.search_text, text)
    room_id = text.strip()
    if _ID.fullmatch(room_id) and is_id(int(room_id)):
        condition = sa.or_(condition, rooms.c.id == int(room_id))
    return find(
        connection,
        _COLUMNS,
        condition,
        order=(by_code_points(connection, rooms.c.title), rooms.c.id),
        page=page,
        make=lambda row: RoomRecord(*row),
    )


def everything(connection: sa.Connection) -> list[RoomRecord]:
    """Return all rooms by title, in the order of code points whatever the database's locale."""
    found = [RoomRecord(*row) for row in connection.execute(sa.select(*_COLUMNS))]
    return sorted(found, key=lambda room: (room.title, room.id))


def _no_room(room_id: int) -> NotFound:
    return NotFound(f"there is no room {room_id}")
