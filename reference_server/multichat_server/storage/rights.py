"""
Doing something for somebody in the transaction that sees that he may still do it.

A page or an operation of the API looks at once who asks, and only then reads a form, hashes a
password and waits for its turn to write. Meanwhile the session can have ended, the token be
revoked, the account be taken off staff. So whoever changes something shows again, inside the
transaction, by what right: what was verified and what is then done are one.
"""

from collections.abc import Callable
from typing import TypeVar

import sqlalchemy as sa

from multichat_server.credentials import token_secret
from multichat_server.storage import sessions, tokens
from multichat_server.storage.audit import Log
from multichat_server.storage.database import Database
from multichat_server.storage.errors import RightsChanged
from multichat_server.storage.records import Actor, User
from multichat_server.storage.tables import users

__all__ = ["act", "credential_user"]

T = TypeVar("T")


async def act(
    database: Database,
    by: Actor | None,
    work: Callable[[sa.Connection, Log], T],
    *,
    now: int,
    alone_with: int | None = None,
) -> T:
    """
    Do something for somebody in one transaction, and note it in the audit log.

    Args:
        database: Where.
        by: For whom; ``None`` for nobody in particular, which is not noted.
        work: Does it.
        now: Seconds since 1970.
        alone_with: The id of a user whom, and what opens whose account, nobody else changes
            meanwhile. This is for what has to be whole: after the end of all that opens an
            account there is nothing left, and nothing comes after it by what has ended.

    Raises:
        RightsChanged: He may not do it any more; nothing was done.

    """
    log = Log(by, at=now)

    def whole(connection: sa.Connection) -> T:
        if alone_with is not None:
            _lock_user(connection, alone_with)
        _check_rights(connection, by, now=now)
        return work(connection, log)

    return await database.write(whole)


def credential_user(connection: sa.Connection, credential: str, *, now: int) -> User | None:
    """Return for whom a credential speaks; ``None`` if for nobody, or not any more."""
    secret = token_secret(credential)
    if secret is None:
        return sessions.user_of(connection, credential, now=now)
    return tokens.user_of(connection, secret, now=now)


def _lock_user(connection: sa.Connection, user_id: int) -> None:
    # Users before sessions and tokens, as everybody takes them, so that no two wait for each
    # other. What is read from here on is what those before have done. Not a key of the user:
    # sessions that refer to it go on. (SQLite has one writer at a time anyway.)
    found = sa.select(users.c.id).where(users.c.id == user_id)
    connection.execute(found.with_for_update(key_share=True))


def _check_rights(connection: sa.Connection, by: Actor | None, *, now: int) -> None:
    if by is None or by.credential is None:
        return
    user = credential_user(connection, by.credential, now=now)
    if user is None or user.id != by.user_id:
        raise RightsChanged("the session or token has ended")
    if by.is_staff and not user.is_staff:
        raise RightsChanged(f"{user.username} is not staff any more")
