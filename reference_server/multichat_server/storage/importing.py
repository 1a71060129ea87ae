"""
Bringing the users and rooms of another database over, as a whole or not at all.

What is here already stays as it is: a user of the same name, a room of the same id. Who runs an
import twice changes nothing the second time.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeVar

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from multichat_proto.exceptions import StoreUnavailable
from multichat_server.storage import rooms, users
from multichat_server.storage.audit import Log
from multichat_server.storage.counters import bump_revision
from multichat_server.storage.records import Actor, RoomRecord, User
from multichat_server.storage.store import Store
from multichat_server.storage.tables import rooms as rooms_table
from multichat_server.storage.tables import users as users_table

__all__ = ["ImportPlan", "Imported", "NewUser", "import_accounts"]

# Well below what a statement may have in parameters.
_AT_ONCE: Final = 5_000
# Each takes somebody who adds the same at the same moment.
_ATTEMPTS: Final = 10

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class NewUser:
    """
    A user to bring over.

    Attributes:
        username: In its normal form, valid.
        password: A hash that :class:`~multichat_server.passwords.Passwords` can check, or what
            fits no password.
        is_staff: Whether staff rooms are open to it.
        is_active: Whether it can log in and act at all.

    """

    username: str
    password: str
    is_staff: bool
    is_active: bool


@dataclass(frozen=True, slots=True)
class ImportPlan:
    """
    What to bring over; no name and no id is in it twice.

    Attributes:
        source: Where it comes from, for the audit log.
        users: The users.
        rooms: The rooms, which keep their ids.
        left_out: How many users and rooms of the source are not among these.

    """

    source: str
    users: Sequence[NewUser]
    rooms: Sequence[RoomRecord]
    left_out: int = 0


@dataclass(frozen=True, slots=True)
class Imported:
    """
    What became of a plan.

    Attributes:
        new_users: The names of those who are new.
        users_here: Those of the same names who were here already, and were left as they are.
        new_rooms: The ids of those that are new.
        rooms_here: Those of the same ids that were here already, and were left as they are.

    """

    new_users: frozenset[str]
    users_here: dict[str, User]
    new_rooms: frozenset[int]
    rooms_here: dict[int, RoomRecord]


class _Undo(Exception):
    """Ends a transaction that was only tried."""

    def __init__(self, imported: Imported) -> None:
        super().__init__(imported)
        self.imported = imported


async def import_accounts(
    store: Store,
    plan: ImportPlan,
    *,
    by: Actor | None,
    dry_run: bool = False,
    clock: Callable[[], float] = time.time,
) -> Imported:
    """
    Carry out a plan in one transaction, with an entry in the audit log.

    Args:
        store: Where to.
        plan: What.
        by: Who does this; ``None`` leaves it out of the audit log.
        dry_run: Do it and take it back: the result is the same, and nothing has changed.
        clock: Tells the seconds since 1970, for the audit log.

    Raises:
        StoreUnavailable: The database cannot be reached, or somebody else keeps it too long;
            nothing was brought over.

    """
    log = Log(by, at=int(clock()))

    def work(connection: sa.Connection) -> Imported:
        imported = _bring(connection, plan, log)
        if dry_run:
            raise _Undo(imported)
        return imported

    for _ in range(_ATTEMPTS):
        try:
            return await store.in_one_transaction(work)
        except _Undo as undone:
            return undone.imported
        except IntegrityError:
            # In PostgreSQL somebody can add the same name after we have looked. It is there now,
            # so that the next look finds it.
            continue
    raise StoreUnavailable("others add the same users and rooms at this moment")


def _bring(connection: sa.Connection, plan: ImportPlan, log: Log) -> Imported:
    here = _users_here(connection, [user.username for user in plan.users])
    new_users = [user for user in plan.users if user.username not in here]
    for part in _parts(new_users):
        users.add_many(
            connection, [(u.username, u.password, u.is_staff, u.is_active) for u in part]
        )
    rooms_here = _rooms_here(connection, [room.id for room in plan.rooms])
    new_rooms = [room for room in plan.rooms if room.id not in rooms_here]
    for rooms_part in _parts(new_rooms):
        rooms.add_many(connection, rooms_part)
    imported = Imported(
        frozenset(user.username for user in new_users),
        here,
        frozenset(room.id for room in new_rooms),
        rooms_here,
    )
    details = {
        "users_added": len(new_users),
        "users_here": len(here),
        "rooms_added": len(new_rooms),
        "rooms_here": len(rooms_here),
        "left_out": plan.left_out,
    }
    log.note(connection, "import.django", subject=plan.source, details=details)
    if new_users or new_rooms:
        bump_revision(connection)
    return imported


def _users_here(connection: sa.Connection, names: Sequence[str]) -> dict[str, User]:
    columns = users_table.c
    query = sa.select(columns.id, columns.username, columns.is_staff, columns.is_active)
    rows = _select(connection, query, columns.username, names)
    return {row.username: User(row.id, row.username, row.is_staff, row.is_active) for row in rows}


def _rooms_here(connection: sa.Connection, ids: Sequence[int]) -> dict[int, RoomRecord]:
    columns = rooms_table.c
    query = sa.select(columns.id, columns.title, columns.staff_only)
    rows = _select(connection, query, columns.id, ids)
    return {row.id: RoomRecord(row.id, row.title, row.staff_only) for row in rows}


def _select(
    connection: sa.Connection,
    query: sa.Select[Any],
    column: sa.Column[Any],
    wanted: Sequence[object],
) -> Iterator[sa.Row[Any]]:
    for part in _parts(wanted):
        yield from connection.execute(query.where(column.in_(part)))


def _parts(items: Sequence[T]) -> Iterator[Sequence[T]]:
    return (items[start : start + _AT_ONCE] for start in range(0, len(items), _AT_ONCE))
