"""
What is done with sessions inside a transaction.

A session's key is known to the browser alone. It is looked up by its hash, so that neither a
copy of the database nor the time that a look-up takes gives a key away.
"""

import hashlib
from collections.abc import Collection

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from multichat_server.storage.counters import bump_revision
from multichat_server.storage.errors import NotFound
from multichat_server.storage.records import User
from multichat_server.storage.tables import sessions, users

__all__ = ["end", "exists", "live", "start", "user_of"]

# SQLite takes 32,766 parameters a statement and PostgreSQL 65,535.
_KEYS_A_STATEMENT = 10_000


def start(connection: sa.Connection, key: str, user_id: int, *, now: int, lifetime: int) -> None:
    """Store a new session, and clear away those that have run out."""
    ended = connection.execute(sa.delete(sessions).where(sessions.c.expires_at <= now)).rowcount
    if ended:
        bump_revision(connection)
    try:
        connection.execute(
            sa.insert(sessions).values(
                key_hash=_hash(key), user_id=user_id, expires_at=now + lifetime
            )
        )
    except IntegrityError as exc:
        raise NotFound(f"there is no user with id {user_id}") from exc


def exists(connection: sa.Connection, key: str) -> bool:
    """Tell whether there is such a session, though it may have run out or its user be inactive."""
    found = sa.select(sessions.c.user_id).where(sessions.c.key_hash == _hash(key))
    return connection.execute(found).one_or_none() is not None


def end(connection: sa.Connection, key: str) -> bool:
    """End a session and tell whether there was one."""
    found = sessions.c.key_hash == _hash(key)
    if connection.execute(sa.delete(sessions).where(found)).rowcount == 0:
        return False
    bump_revision(connection)
    return True


def user_of(connection: sa.Connection, key: str, *, now: int) -> User | None:
    """Return whose session it is, if it is one and the user is active."""
    row = connection.execute(
        sa.select(users.c.id, users.c.username, users.c.is_staff, users.c.is_active)
        .join_from(sessions, users)
        .where(sessions.c.key_hash == _hash(key), sessions.c.expires_at > now, users.c.is_active)
    ).one_or_none()
    return None if row is None else User(*row)


def live(connection: sa.Connection, keys: Collection[str], *, now: int) -> set[str]:
    """Return those of some keys that open a session of an active user."""
    by_hash = {_hash(key): key for key in keys}
    hashes = list(by_hash)
    found: set[str] = set()
    for start_at in range(0, len(hashes), _KEYS_A_STATEMENT):
        part = hashes[start_at : start_at + _KEYS_A_STATEMENT]
        rows = connection.execute(
            sa.select(sessions.c.key_hash)
            .join_from(sessions, users)
            .where(sessions.c.key_hash.in_(part), sessions.c.expires_at > now, users.c.is_active)
        )
        found.update(by_hash[row.key_hash] for row in rows)
    return found


def _hash(key: str) -> str:
    # A key comes from a cookie and can be anything.
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()
