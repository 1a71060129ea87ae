"""
What is done with sessions inside a transaction.

A session's key is known to the browser alone. It is looked up by its hash, so that neither a
copy of the database nor the time that a look-up takes gives a key away.
"""

import hashlib
from collections.abc import Collection, Sequence
from typing import Final

import sqlalchemy as sa

from multichat_server.storage.audit import Log
from multichat_server.storage.counters import bump_revision
from multichat_server.storage.errors import NotFound, PasswordChanged
from multichat_server.storage.records import Client, Session, User
from multichat_server.storage.tables import sessions, users

__all__ = [
    "end",
    "end_all",
    "end_one",
    "exists",
    "id_of",
    "live",
    "of",
    "seen",
    "start",
    "user_of",
]

# SQLite takes 32,766 parameters a statement and PostgreSQL 65,535.
_KEYS_A_STATEMENT = 10_000

_LONGEST_USER_AGENT: Final = 300
_LONGEST_ADDRESS: Final = 64
_ID_DIGITS: Final = 20


def start(
    connection: sa.Connection,
    key: str,
    user_id: int,
    *,
    now: int,
    lifetime: int,
    client: Client,
    if_hash: str | None = None,
) -> None:
    """
    Store a new session, and clear away those that have run out.

    Args:
        connection: The transaction.
        key: The new session's key.
        user_id: Whose it is.
        now: Seconds since 1970.
        lifetime: In seconds.
        client: Where it is started from.
        if_hash: The password that was verified for it: if the user has another by now, or is not
            active, none begins. ``None`` if none was.

    """
    # Users, sessions, the counter: every transaction takes them in this order, so that no two
    # wait for each other.
    condition = users.c.id == user_id
    if if_hash is not None:
        condition = sa.and_(condition, users.c.password == if_hash, users.c.is_active)
    found = sa.update(users).where(condition).values(last_login_at=now)
    if connection.execute(found).rowcount == 0:
        if if_hash is not None:
            raise PasswordChanged(f"user {user_id} is not who knew the password any more")
        raise NotFound(f"there is no user with id {user_id}")
    # What another transaction clears away at this moment is not waited for.
    over = (
        sa.select(sessions.c.key_hash)
        .where(sessions.c.expires_at <= now)
        .with_for_update(skip_locked=True)
    )
    cleared = sa.delete(sessions).where(sessions.c.key_hash.in_(over))
    ended = connection.execute(cleared).rowcount
    connection.execute(
        sa.insert(sessions).values(
            key_hash=_hash(key),
            user_id=user_id,
            expires_at=now + lifetime,
            started_at=now,
            seen_at=now,
            user_agent=_text(client.user_agent, _LONGEST_USER_AGENT),
            address=_text(client.address, _LONGEST_ADDRESS),
        )
    )
    if ended:
        bump_revision(connection)


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


def end_one(connection: sa.Connection, user_id: int, session_id: str, *, log: Log) -> bool:
    """End a user's session by its id and tell whether there was one."""
    mine = sessions.c.user_id == user_id
    hashes = connection.execute(sa.select(sessions.c.key_hash).where(mine)).scalars()
    found = [each for each in hashes if _id(each) == session_id]
    return _end_some(connection, user_id, found, log=log) > 0


def end_all(connection: sa.Connection, user_id: int, *, except_key: str | None, log: Log) -> int:
    """End a user's sessions, one of them excepted, and return how many there were."""
    condition = sessions.c.user_id == user_id
    if except_key is not None:
        condition = sa.and_(condition, sessions.c.key_hash != _hash(except_key))
    found = list(connection.execute(sa.select(sessions.c.key_hash).where(condition)).scalars())
    return _end_some(connection, user_id, found, log=log)


def of(connection: sa.Connection, user_id: int, *, now: int) -> list[Session]:
    """Return the sessions of a user that have not run out, the last used first."""
    rows = connection.execute(
        sa.select(
            sessions.c.key_hash,
            sessions.c.user_id,
            sessions.c.started_at,
            sessions.c.seen_at,
            sessions.c.expires_at,
            sessions.c.user_agent,
            sessions.c.address,
        )
        .where(sessions.c.user_id == user_id, sessions.c.expires_at > now)
        .order_by(sessions.c.seen_at.desc(), sessions.c.started_at.desc(), sessions.c.key_hash)
    )
    return [Session(_id(row.key_hash), *row[1:]) for row in rows]


def id_of(key: str) -> str:
    """Return the id of the session that a key opens."""
    return _id(_hash(key))


def seen(connection: sa.Connection, keys: Sequence[str], *, now: int) -> None:
    """Note that sessions were used just now."""
    hashes = [_hash(key) for key in keys]
    for start_at in range(0, len(hashes), _KEYS_A_STATEMENT):
        part = hashes[start_at : start_at + _KEYS_A_STATEMENT]
        connection.execute(
            sa.update(sessions).where(sessions.c.key_hash.in_(part)).values(seen_at=now)
        )


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


def _end_some(connection: sa.Connection, user_id: int, hashes: Sequence[str], *, log: Log) -> int:
    found = sa.delete(sessions).where(sessions.c.key_hash.in_(hashes))
    ended = connection.execute(found).rowcount if hashes else 0
    if ended:
        name = connection.execute(
            sa.select(users.c.username).where(users.c.id == user_id)
        ).scalar_one_or_none()
        details = {"ended": ended}
        log.note(
            connection, "user.sessions_end", subject=name or "", subject_id=user_id, details=details
        )
        bump_revision(connection)
    return ended


def _id(key_hash: str) -> str:
    # Enough to tell a user's sessions apart, and no key: that a key has this hash cannot be
    # turned round.
    return key_hash[:_ID_DIGITS]


def _text(text: str, longest: int) -> str:
    # A header can hold what no database takes.
    return "".join(c for c in text[:longest] if c.isprintable())


def _hash(key: str) -> str:
    # A key comes from a cookie and can be anything.
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()
