"""Users and their passwords, as the rest of the server sees them."""

from collections.abc import Callable, Iterable
from typing import Any

import sqlalchemy as sa

from multichat_server.passwords import Passwords
from multichat_server.storage import sessions, users
from multichat_server.storage.audit import Log
from multichat_server.storage.database import Database
from multichat_server.storage.errors import NotFound
from multichat_server.storage.names import (
    is_id,
    normal_username,
    valid_password,
    valid_username,
)
from multichat_server.storage.records import Account, Actor, Client, Found, User, Verified
from multichat_server.storage.session_store import SessionStore, new_key

__all__ = ["UserStore"]


class UserStore(SessionStore):
    """
    The part of the store that knows users, beside their sessions.

    Args:
        database: Where they are.
        passwords: Hashes and checks them.
        clock: Tells the seconds since 1970.

    """

    def __init__(
        self, database: Database, passwords: Passwords, *, clock: Callable[[], float]
    ) -> None:
        super().__init__(database, clock=clock)
        self._passwords = passwords

    async def add_user(
        self,
        username: str,
        password: str,
        *,
        is_staff: bool = False,
        is_active: bool = True,
        by: Actor | None = None,
    ) -> User:
        """
        Add a user.

        Args:
            username: At most 150 letters, digits and ``@.+-_``; case-sensitive; stored in its
                NFKC form.
            password: At most 4096 characters.
            is_staff: Whether staff rooms and the admin are open to it.
            is_active: Whether it can log in.
            by: Who does this; ``None`` leaves it out of the audit log.

        Raises:
            InvalidValue: The name or the password cannot be used.
            NameTaken: There is a user of that name.
            RightsChanged: Whoever does this may not do it any more.

        """
        name = valid_username(username)
        hashed = await self._passwords.hash(valid_password(password))
        return await self._act(
            by,
            lambda c, log: users.add(
                c, name, hashed, is_staff=is_staff, is_active=is_active, log=log
            ),
        )

    async def change_user(
        self,
        who: str | int,
        *,
        new_username: str | None = None,
        password: str | None = None,
        is_staff: bool | None = None,
        is_active: bool | None = None,
        keep_staff: bool = False,
        revoke_tokens: bool = False,
        by: Actor | None = None,
    ) -> User:
        """
        Change a user; ``None`` leaves a thing as it is. A new password ends its sessions.

        Args:
            who: The user's name or id.
            new_username: As for a new user.
            password: As for a new user.
            is_staff: Whether staff rooms and the admin are open to it.
            is_active: Whether it can log in.
            keep_staff: Whether this is refused if it leaves nobody who is staff and active.
            revoke_tokens: Whether its tokens end with the sessions; for a new password.
            by: Who does this; ``None`` leaves it out of the audit log.

        Raises:
            InvalidValue: The new name or password cannot be used.
            LastStaff: Nobody else is staff and active.
            NameTaken: There is another user of the new name.
            NotFound: There is no user of that name or id.
            RightsChanged: Whoever does this may not do it any more.

        """
        known = _known_user(who)
        values: dict[str, Any] = {}
        if new_username is not None:
            values["username"] = valid_username(new_username)
        if is_staff is not None:
            values["is_staff"] = is_staff
        if is_active is not None:
            values["is_active"] = is_active
        if password is not None:
            values["password"] = await self._passwords.hash(valid_password(password))
        if not values:
            return await self._database.read(lambda c: users.one(c, known))
        return await self._act(
            by,
            lambda c, log: users.change(
                c, known, values, keep_staff=keep_staff, revoke_tokens=revoke_tokens, log=log
            ),
        )

    async def change_password(
        self,
        verified: Verified,
        password: str,
        *,
        lifetime: float,
        client: Client,
        revoke_tokens: bool = False,
        by: Actor | None = None,
    ) -> str:
        """
        Give a user that knew the old password a new one; all its sessions end, and one begins.

        All of it is one change: nobody gets in between.

        Args:
            verified: The user, and the old password.
            password: As for a new user.
            lifetime: For how long the new session is good, in seconds.
            client: Where it is started from.
            revoke_tokens: Whether the user's tokens end, too.
            by: Who does this; ``None`` leaves it out of the audit log.

        Returns:
            The new session's key, which is stored nowhere.

        Raises:
            InvalidValue: The new password cannot be used.
            NotFound: The user was deleted.
            PasswordChanged: The old one is another by now; nothing was changed.
            RightsChanged: Whoever does this may not do it any more.

        """
        hashed = await self._passwords.hash(valid_password(password))
        user_id, key, now = verified.user.id, new_key(), self._now()

        def work(connection: sa.Connection, log: Log) -> None:
            users.change(
                connection,
                user_id,
                {"password": hashed},
                keep_staff=False,
                if_hash=verified.password_hash,
                revoke_tokens=revoke_tokens,
                log=log,
            )
            sessions.start(connection, key, user_id, now=now, lifetime=int(lifetime), client=client)

        await self._act(by, work)
        return key

    async def delete_user(
        self, who: str | int, *, keep_staff: bool = False, by: Actor | None = None
    ) -> None:
        """
        Delete a user; its sessions and tokens end.

        Args:
            who: The user's name or id.
            keep_staff: Whether this is refused if it leaves nobody who is staff and active.
            by: Who does this; ``None`` leaves it out of the audit log.

        Raises:
            LastStaff: Nobody else is staff and active.
            NotFound: There is no user of that name or id.
            RightsChanged: Whoever does this may not do it any more.

        """
        known = _known_user(who)
        await self._act(by, lambda c, log: users.delete(c, known, keep_staff=keep_staff, log=log))

    async def user(self, user_id: int) -> Account:
        """
        Return an account.

        Raises:
            NotFound: There is no user of that id.

        """
        _known_user(user_id)
        return await self._database.read(lambda c: users.account(c, user_id))

    async def search_users(self, text: str = "", *, page: int = 1) -> Found[Account]:
        """Return the accounts with a text in their names, in any case; a page of them, by name."""
        return await self._database.read(lambda c: users.search(c, text, page=page))

    async def users(self) -> list[User]:
        """Return all users, by name."""
        return await self._database.read(users.everyone)

    async def has_users(self) -> bool:
        """Tell whether there is any user at all."""
        return await self._database.read(users.is_anybody)

    async def users_by_id(self, ids: Iterable[int]) -> dict[int, User]:
        """Return those of some users that there are, by id."""
        wanted = [user_id for user_id in set(ids) if is_id(user_id)]
        return await self._database.read(lambda c: users.some(c, wanted))

    async def check_password(self, username: str, password: str) -> Verified | None:
        """
        Return the user if name and password are right and the user is active, else ``None``.

        What is done because of it takes the answer with it, and so sees whether it still holds.

        Takes as long for unknown users as for known ones.

        Raises:
            TooManyChecks: Enough others are waiting for theirs already; nothing was checked.

        """
        name = normal_username(username)
        # A name that none can have is not worth a statement, and perhaps cannot be in one.
        found = (
            await self._database.read(lambda c: users.find_password(c, name))
            if name.isprintable()
            else None
        )
        user, stored = found or (None, None)
        verdict = await self._passwords.verify(password, stored)
        if user is None or stored is None or not verdict.is_right or not user.is_active:
            return None
        new_hash = verdict.new_hash
        if new_hash is None:
            return Verified(user, stored)
        if await self._database.write(lambda c: users.replace_hash(c, user.id, stored, new_hash)):
            return Verified(user, new_hash)
        # Another login was first with its better hash, or the password is another by now.
        return await self.check_password(username, password)


def _known_user(who: str | int) -> str | int:
    """Return how a user is looked up; refuse an id that none can have."""
    if isinstance(who, str):
        return normal_username(who)
    if not is_id(who):
        raise NotFound(f"there is no user with id {who}")
    return who
