"""
What is done with tokens inside a transaction.

A token is what a bot shows instead of logging in. As with the keys of sessions, only its hash is
stored: whoever reads the database learns no secret that would open anything.
"""

import hashlib
from collections.abc import Collection, Sequence

import sqlalchemy as sa

from multichat_server.storage.audit import Log
from multichat_server.storage.counters import bump_revision
from multichat_server.storage.errors import NameTaken, NotFound, TooMany
from multichat_server.storage.records import Token, User
from multichat_server.storage.tables import tokens, users

__all__ = ["add", "live", "of", "revoke", "revoke_all", "seen", "user_of"]

# SQLite takes 32,766 parameters a statement and PostgreSQL 65,535.
_SECRETS_A_STATEMENT = 10_000

_COLUMNS = (
    tokens.c.id,
    tokens.c.user_id,
    tokens.c.name,
    tokens.c.created_at,
    tokens.c.seen_at,
    tokens.c.expires_at,
)


def add(
    connection: sa.Connection,
    secret: str,
    user_id: int,
    name: str,
    *,
    now: int,
    expires_at: int | None,
    most: int,
    log: Log,
) -> Token:
    """Store a new token of a user who is locked, if it may have more, and none is called that."""
    owner = sa.select(users.c.id).where(users.c.id == user_id)
    if connection.execute(owner).one_or_none() is None:
        raise NotFound(f"there is no user with id {user_id}")
    # Two of one name could not be told apart; and a form that is sent twice makes one token.
    named = sa.select(tokens.c.id).where(tokens.c.user_id == user_id, tokens.c.name == name)
    if connection.execute(named.limit(1)).first() is not None:
        raise NameTaken(f"the user has a token {name} already")
    counted = sa.select(sa.func.count()).where(tokens.c.user_id == user_id)
    if connection.execute(counted).scalar_one() >= most:
        raise TooMany(f"a user has at most {most} tokens; revoke one first")
    token_id: int = connection.execute(
        sa.insert(tokens)
        .values(
            user_id=user_id,
            name=name,
            secret_hash=_hash(secret),
            created_at=now,
            expires_at=expires_at,
        )
        .returning(tokens.c.id)
    ).scalar_one()
    log.note(connection, "token.add", subject=name, subject_id=token_id)
    return Token(token_id, user_id, name, created_at=now, seen_at=None, expires_at=expires_at)


def revoke(connection: sa.Connection, user_id: int, token_id: int, *, log: Log) -> None:
    """Take a token of a user away."""
    found = sa.and_(tokens.c.id == token_id, tokens.c.user_id == user_id)
    name = connection.execute(
        sa.delete(tokens).where(found).returning(tokens.c.name)
    ).scalar_one_or_none()
    if name is None:
        raise NotFound(f"the user has no token {token_id}")
    log.note(connection, "token.revoke", subject=name, subject_id=token_id)
    bump_revision(connection)


def revoke_all(connection: sa.Connection, user_id: int, *, log: Log) -> int:
    """Take all tokens of a user away, and return how many there were."""
    gone = connection.execute(
        sa.delete(tokens).where(tokens.c.user_id == user_id).returning(tokens.c.id, tokens.c.name)
    ).all()
    if gone:
        # Others can do this too, and one token is called like another.
        owner = connection.execute(
            sa.select(users.c.username).where(users.c.id == user_id)
        ).scalar_one()
        details = {"username": owner}
        for row in gone:
            log.note(
                connection, "token.revoke", subject=row.name, subject_id=row.id, details=details
            )
        bump_revision(connection)
    return len(gone)


def of(connection: sa.Connection, user_id: int) -> list[Token]:
    """Return the tokens of a user, the newest first, those that have run out among them."""
    rows = connection.execute(
        sa.select(*_COLUMNS).where(tokens.c.user_id == user_id).order_by(tokens.c.id.desc())
    )
    return [Token(*row) for row in rows]


def user_of(connection: sa.Connection, secret: str, *, now: int) -> User | None:
    """Return whose token it is, if it is one and the user is active."""
    row = connection.execute(
        sa.select(users.c.id, users.c.username, users.c.is_staff, users.c.is_active)
        .join_from(tokens, users)
        .where(tokens.c.secret_hash == _hash(secret), _is_live(now))
    ).one_or_none()
    return None if row is None else User(*row)


def live(connection: sa.Connection, secrets: Collection[str], *, now: int) -> set[str]:
    """Return those of some secrets that are tokens of active users."""
    by_hash = {_hash(secret): secret for secret in secrets}
    hashes = list(by_hash)
    found: set[str] = set()
    for start_at in range(0, len(hashes), _SECRETS_A_STATEMENT):
        part = hashes[start_at : start_at + _SECRETS_A_STATEMENT]
        rows = connection.execute(
            sa.select(tokens.c.secret_hash)
            .join_from(tokens, users)
            .where(tokens.c.secret_hash.in_(part), _is_live(now))
        )
        found.update(by_hash[row.secret_hash] for row in rows)
    return found


def seen(connection: sa.Connection, secrets: Sequence[str], *, now: int) -> None:
    """Note that tokens were used just now."""
    hashes = [_hash(secret) for secret in secrets]
    for start_at in range(0, len(hashes), _SECRETS_A_STATEMENT):
        part = hashes[start_at : start_at + _SECRETS_A_STATEMENT]
        connection.execute(
            sa.update(tokens).where(tokens.c.secret_hash.in_(part)).values(seen_at=now)
        )


def _is_live(now: int) -> sa.ColumnElement[bool]:
    in_time = sa.or_(tokens.c.expires_at.is_(None), tokens.c.expires_at > now)
    return sa.and_(in_time, users.c.is_active)


def _hash(secret: str) -> str:
    # A secret comes from a header and can be anything.
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()
