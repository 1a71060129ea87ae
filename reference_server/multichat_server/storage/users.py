"""What is done with users inside a transaction."""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from multichat_server.storage.counters import bump_revision
from multichat_server.storage.errors import NameTaken, NotFound
from multichat_server.storage.records import User
from multichat_server.storage.tables import sessions, users

__all__ = ["add", "change", "delete", "everyone", "find_password", "replace_hash", "some"]

# SQLite takes 32,766 parameters a statement and PostgreSQL 65,535.
_IDS_A_STATEMENT = 10_000

_COLUMNS = (users.c.id, users.c.username, users.c.is_staff, users.c.is_active)


def add(connection: sa.Connection, username: str, password: str, *, is_staff: bool) -> User:
    """Add an active user whose password is already hashed."""
    try:
        user_id = connection.execute(
            sa.insert(users)
            .values(username=username, password=password, is_staff=is_staff, is_active=True)
            .returning(users.c.id)
        ).scalar_one()
    except IntegrityError as exc:
        raise NameTaken(f"there is a user {username} already") from exc
    bump_revision(connection)
    return User(user_id, username, is_staff, is_active=True)


def change(connection: sa.Connection, username: str, values: dict[str, Any]) -> User:
    """Change some of a user's columns; a change of the password ends its sessions."""
    found = users.c.username == username
    try:
        row = connection.execute(
            sa.update(users).where(found).values(**values).returning(*_COLUMNS)
        ).one_or_none()
    except IntegrityError as exc:
        raise NameTaken(f"there is a user {values['username']} already") from exc
    if row is None:
        raise _no_user(username)
    user = User(*row)
    if "password" in values:
        connection.execute(sa.delete(sessions).where(sessions.c.user_id == user.id))
    bump_revision(connection)
    return user


def delete(connection: sa.Connection, username: str) -> None:
    """Delete a user together with its sessions."""
    if connection.execute(sa.delete(users).where(users.c.username == username)).rowcount == 0:
        raise _no_user(username)
    bump_revision(connection)


def everyone(connection: sa.Connection) -> list[User]:
    """Return all users by name, in the order of code points whatever the database's locale."""
    found = [User(*row) for row in connection.execute(sa.select(*_COLUMNS))]
    return sorted(found, key=lambda user: user.username)


def one(connection: sa.Connection, username: str) -> User:
    """Return the user of a name."""
    row = connection.execute(sa.select(*_COLUMNS).where(users.c.username == username)).one_or_none()
    if row is None:
        raise _no_user(username)
    return User(*row)


def some(connection: sa.Connection, ids: Sequence[int]) -> dict[int, User]:
    """Return those of some users that there are."""
    found: dict[int, User] = {}
    for start in range(0, len(ids), _IDS_A_STATEMENT):
        part = ids[start : start + _IDS_A_STATEMENT]
        rows = connection.execute(sa.select(*_COLUMNS).where(users.c.id.in_(part)))
        found.update((row.id, User(*row)) for row in rows)
    return found


def find_password(connection: sa.Connection, username: str) -> tuple[User, str] | None:
    """Return a user and its password's hash, if there is one of that name."""
    row = connection.execute(
        sa.select(*_COLUMNS, users.c.password).where(users.c.username == username)
    ).one_or_none()
    return None if row is None else (User(*row[:-1]), row.password)


def replace_hash(connection: sa.Connection, user_id: int, old: str, new: str) -> None:
    """Put a better hash of the same password in place of one that may have changed since."""
    connection.execute(
        sa.update(users).where(users.c.id == user_id, users.c.password == old).values(password=new)
    )


def _no_user(username: str) -> NotFound:
    return NotFound(f"there is no user {username}")
