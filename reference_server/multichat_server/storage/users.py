"""What is done with users inside a transaction."""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from multichat_server.storage import tokens
from multichat_server.storage.audit import Log
from multichat_server.storage.counters import bump_revision
from multichat_server.storage.errors import LastStaff, NameTaken, NotFound, PasswordChanged
from multichat_server.storage.records import Account, Found, User
from multichat_server.storage.searching import by_code_points, contains, find, fold
from multichat_server.storage.tables import sessions, users

__all__ = [
    "account",
    "add",
    "add_many",
    "change",
    "delete",
    "everyone",
    "find_password",
    "is_anybody",
    "one",
    "replace_hash",
    "search",
    "some",
]

# SQLite takes 32,766 parameters a statement and PostgreSQL 65,535.
_IDS_A_STATEMENT = 10_000

_COLUMNS = (users.c.id, users.c.username, users.c.is_staff, users.c.is_active)


def add(
    connection: sa.Connection,
    username: str,
    password: str,
    *,
    is_staff: bool,
    is_active: bool,
    log: Log,
) -> User:
    """Add a user whose password is already hashed."""
    try:
        user_id = connection.execute(
            sa.insert(users)
            .values(
                username=username,
                search_text=fold(username),
                password=password,
                is_staff=is_staff,
                is_active=is_active,
            )
            .returning(users.c.id)
        ).scalar_one()
    except IntegrityError as exc:
        raise NameTaken(f"there is a user {username} already") from exc
    user = User(user_id, username, is_staff, is_active)
    details = {"is_staff": is_staff, "is_active": is_active}
    log.note(connection, "user.add", subject=username, subject_id=user_id, details=details)
    bump_revision(connection)
    return user


def add_many(connection: sa.Connection, new: Sequence[tuple[str, str, bool, bool]]) -> None:
    """
    Add users that were not there; the caller notes that, and bumps the revision.

    Args:
        connection: The transaction.
        new: Of each its name, the hash of its password, whether it is staff, whether active.

    Raises:
        IntegrityError: One is there by now.

    """
    connection.execute(
        sa.insert(users),
        [
            {
                "username": username,
                "search_text": fold(username),
                "password": password,
                "is_staff": is_staff,
                "is_active": is_active,
            }
            for username, password, is_staff, is_active in new
        ],
    )


def change(
    connection: sa.Connection,
    who: str | int,
    values: dict[str, Any],
    *,
    keep_staff: bool,
    if_hash: str | None = None,
    revoke_tokens: bool = False,
    log: Log,
) -> User:
    """
    Change some of a user's columns; a change of the password ends its sessions.

    Args:
        connection: The transaction.
        who: The user's name or id.
        values: The columns.
        keep_staff: Whether this is refused if it leaves nobody who is staff and active.
        if_hash: The password that was verified for it: nothing is changed if the user has another
            by now, or is not active. ``None`` if none was.
        revoke_tokens: Whether the user's tokens end, too.
        log: Where to note it.

    """
    if keep_staff and False in (values.get("is_staff"), values.get("is_active")):
        _refuse_the_last_of_staff(connection, who)
    before = one(connection, who, for_change=True)
    if if_hash is not None and (not before.is_active or _hash_of(connection, before) != if_hash):
        raise PasswordChanged(f"{before.username} has another password by now")
    if "username" in values:
        values |= {"search_text": fold(values["username"])}
    try:
        row = connection.execute(
            sa.update(users).where(users.c.id == before.id).values(**values).returning(*_COLUMNS)
        ).one()
    except IntegrityError as exc:
        raise NameTaken(f"there is a user {values['username']} already") from exc
    user = User(*row)
    if "password" in values:
        connection.execute(sa.delete(sessions).where(sessions.c.user_id == user.id))
        log.note(connection, "user.password", subject=before.username, subject_id=user.id)
    if revoke_tokens:
        tokens.revoke_all(connection, user.id, log=log)
    differences = {
        name: [getattr(before, name), getattr(user, name)]
        for name in ("username", "is_staff", "is_active")
        if getattr(before, name) != getattr(user, name)
    }
    if differences:
        log.note(
            connection,
            "user.change",
            subject=before.username,
            subject_id=user.id,
            details=differences,
        )
    bump_revision(connection)
    return user


def delete(connection: sa.Connection, who: str | int, *, keep_staff: bool, log: Log) -> None:
    """Delete a user together with its sessions and tokens."""
    if keep_staff:
        _refuse_the_last_of_staff(connection, who)
    row = connection.execute(
        sa.delete(users).where(_is(who)).returning(users.c.id, users.c.username)
    ).one_or_none()
    if row is None:
        raise _no_user(who)
    log.note(connection, "user.delete", subject=row.username, subject_id=row.id)
    bump_revision(connection)


def is_anybody(connection: sa.Connection) -> bool:
    """Tell whether there is any user at all."""
    return connection.execute(sa.select(users.c.id).limit(1)).first() is not None


def everyone(connection: sa.Connection) -> list[User]:
    """Return all users by name, in the order of code points whatever the database's locale."""
    found = [User(*row) for row in connection.execute(sa.select(*_COLUMNS))]
    return sorted(found, key=lambda user: user.username)


def one(connection: sa.Connection, who: str | int, *, for_change: bool = False) -> User:
    """Return the user of a name or id; for a change, nobody else changes it meanwhile."""
    found = sa.select(*_COLUMNS).where(_is(who))
    if for_change:
        # Not a key of it: sessions that refer to the user go on.
        found = found.with_for_update(key_share=True)
    row = connection.execute(found).one_or_none()
    if row is None:
        raise _no_user(who)
    return User(*row)


def account(connection: sa.Connection, user_id: int) -> Account:
    """Return the account of an id."""
    row = connection.execute(
        sa.select(*_COLUMNS, users.c.last_login_at).where(users.c.id == user_id)
    ).one_or_none()
    if row is None:
        raise _no_user(user_id)
    return _account(row)


def search(connection: sa.Connection, text: str, *, page: int) -> Found[Account]:
    """Return the accounts that have a text in their names, by name."""
    return find(
        connection,
        (*_COLUMNS, users.c.last_login_at),
        contains(users.c.search_text, text),
        order=(by_code_points(connection, users.c.username),),
        page=page,
        make=_account,
    )


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


def replace_hash(connection: sa.Connection, user_id: int, old: str, new: str) -> bool:
    """Put a better hash of the same password in the old one's place; tell whether it was there."""
    found = sa.update(users).where(users.c.id == user_id, users.c.password == old)
    return connection.execute(found.values(password=new)).rowcount > 0


def _refuse_the_last_of_staff(connection: sa.Connection, who: str | int) -> None:
    # Two who are about to remove each other come here one after the other: both ask for the same
    # rows in the same order, before any other row, and the second sees what the first has done.
    staff = connection.execute(
        sa.select(users.c.id, users.c.username)
        .where(users.c.is_staff, users.c.is_active)
        .order_by(users.c.id)
        .with_for_update(key_share=True)
    ).all()
    if len(staff) == 1 and who in staff[0]:
        raise LastStaff(f"{staff[0].username} is the only active member of staff")


def _hash_of(connection: sa.Connection, user: User) -> str:
    found = sa.select(users.c.password).where(users.c.id == user.id)
    stored: str = connection.execute(found).scalar_one()
    return stored


def _account(row: Sequence[Any]) -> Account:
    *user, last_login_at = row
    return Account(User(*user), last_login_at)


def _is(who: str | int) -> sa.ColumnElement[bool]:
    return users.c.id == who if isinstance(who, int) else users.c.username == who


def _no_user(who: str | int) -> NotFound:
    return NotFound(f"there is no user {f'with id {who}' if isinstance(who, int) else who}")
