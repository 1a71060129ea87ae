"""
The store: users, rooms and sessions, as the rest of the server sees them.

Every method changes things in one transaction at most, in a worker thread (see
:mod:`.database`): cancelling it leaves either nothing done or all of it. All of them raise
``StoreUnavailable`` if the database cannot be reached; the call can then be repeated.

Several processes may share a database. Each change to users or rooms, and each end of a session,
makes :meth:`Store.revision` grow, whoever made it, so that a server need only look at one number
to know whether what it has in memory still holds.
"""

import time
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from typing import Any, TypeVar

import sqlalchemy as sa

from multichat_server.passwords import Passwords
from multichat_server.storage import counters, rooms, users
from multichat_server.storage.audit import Log
from multichat_server.storage.audit_store import AuditStore
from multichat_server.storage.database import Database
from multichat_server.storage.errors import NotFound
from multichat_server.storage.names import (
    is_id,
    normal_username,
    valid_password,
    valid_room_id,
    valid_title,
    valid_username,
)
from multichat_server.storage.records import Account, Actor, Found, RoomRecord, User
from multichat_server.storage.session_store import SessionStore
from multichat_server.storage.token_store import TokenStore

__all__ = ["Store"]

T = TypeVar("T")


class Store(SessionStore):
    """
    Users, rooms and sessions in a database. Made by :meth:`open`.

    Attributes:
        tokens: What bots show instead of logging in.
        audit: Who did what.

    """

    def __init__(
        self, database: Database, passwords: Passwords, *, clock: Callable[[], float]
    ) -> None:
        super().__init__(database, clock=clock)
        self._passwords = passwords
        self.tokens = TokenStore(database, clock)
        self.audit = AuditStore(database, clock)

    @classmethod
    @asynccontextmanager
    async def open(
        cls,
        url: str,
        *,
        passwords: Passwords | None = None,
        clock: Callable[[], float] = time.time,
    ) -> AsyncIterator["Store"]:
        """
        Open a database, bring its tables up to date, and close it at the end.

        Args:
            url: Such as ``sqlite:///chat.sqlite3`` (made if there is none), ``sqlite://`` (in
                memory, gone at the end) or ``postgresql://user@host/name``.
            passwords: Hashes and checks them; ``None`` for one as :class:`Passwords` makes it.
            clock: Tells the seconds since 1970; sessions expire by it.

        Raises:
            InvalidValue: The URL is not one of these.
            StoreError: A driver is missing, or a newer multichat made the tables.
            StoreUnavailable: The database cannot be reached or is none of ours.

        """
        async with Database.open(url) as database:
            yield cls(database, passwords or Passwords(), clock=clock)

    def reserved(self) -> "Store":
        """
        Return the same store with a thread and a connection of its own for reading.

        For what must not wait behind strangers, such as keeping the chat's copy up to date;
        what strangers can ask for at will does not belong there. All stores made so share that
        one thread. It lives as long as this one.
        """
        return Store(self._database.reserved(), self._passwords, clock=self._clock)

    async def revision(self) -> int:
        """Return a number that grows with each change to users, rooms or by ending sessions."""
        return await self._database.read(counters.read_revision)

    async def in_one_transaction(self, work: Callable[[sa.Connection], T]) -> T:
        """
        Run a piece of work on the tables themselves, as a whole or not at all.

        For what is more than one change, such as bringing another database over. What it raises
        undoes it and comes out.
        """
        return await self._database.write(work)

    # Users

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

        """
        name = valid_username(username)
        hashed = await self._passwords.hash(valid_password(password))
        log = self._log(by)
        return await self._database.write(
            lambda c: users.add(c, name, hashed, is_staff=is_staff, is_active=is_active, log=log)
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
            by: Who does this; ``None`` leaves it out of the audit log.

        Raises:
            InvalidValue: The new name or password cannot be used.
            LastStaff: Nobody else is staff and active.
            NameTaken: There is another user of the new name.
            NotFound: There is no user of that name or id.

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
        log = self._log(by)
        return await self._database.write(
            lambda c: users.change(c, known, values, keep_staff=keep_staff, log=log)
        )

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

        """
        known = _known_user(who)
        log = self._log(by)
        await self._database.write(lambda c: users.delete(c, known, keep_staff=keep_staff, log=log))

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

    async def users_by_id(self, ids: Iterable[int]) -> dict[int, User]:
        """Return those of some users that there are, by id."""
        wanted = [user_id for user_id in set(ids) if is_id(user_id)]
        return await self._database.read(lambda c: users.some(c, wanted))

    async def check_password(self, username: str, password: str) -> User | None:
        """
        Return the user if name and password are right and the user is active, else ``None``.

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
        if new_hash is not None:
            await self._database.write(lambda c: users.replace_hash(c, user.id, stored, new_hash))
        return user

    # Rooms

    async def add_room(
        self,
        title: str,
        *,
        staff_only: bool = False,
        room_id: int | None = None,
        by: Actor | None = None,
    ) -> RoomRecord:
        """
        Add a room.

        Args:
            title: At most 255 code points, none of them a control character.
            staff_only: Whether it is open to staff alone.
            room_id: From 1 to 2^63-1; ``None`` for the next that no room has had.
            by: Who does this; ``None`` leaves it out of the audit log.

        Raises:
            InvalidValue: The title or the id cannot be used.
            NameTaken: There is a room of that id.

        """
        valid_title(title)
        if room_id is not None:
            valid_room_id(room_id)
        log = self._log(by)
        return await self._database.write(
            lambda c: rooms.add(c, title, staff_only=staff_only, room_id=room_id, log=log)
        )

    async def change_room(
        self,
        room_id: int,
        *,
        title: str | None = None,
        staff_only: bool | None = None,
        by: Actor | None = None,
    ) -> RoomRecord:
        """
        Change a room; ``None`` leaves a thing as it is.

        Args:
            room_id: Which.
            title: As for a new room.
            staff_only: Whether it is open to staff alone.
            by: Who does this; ``None`` leaves it out of the audit log.

        Raises:
            InvalidValue: The title cannot be used.
            NotFound: There is no room of that id.

        """
        _known_room_id(room_id)
        values: dict[str, Any] = {}
        if title is not None:
            values["title"] = valid_title(title)
        if staff_only is not None:
            values["staff_only"] = staff_only
        if not values:
            return await self._database.read(lambda c: rooms.one(c, room_id))
        log = self._log(by)
        return await self._database.write(lambda c: rooms.change(c, room_id, values, log=log))

    async def delete_room(self, room_id: int, *, by: Actor | None = None) -> None:
        """
        Delete a room.

        Args:
            room_id: Which.
            by: Who does this; ``None`` leaves it out of the audit log.

        Raises:
            NotFound: There is no room of that id.

        """
        _known_room_id(room_id)
        log = self._log(by)
        await self._database.write(lambda c: rooms.delete(c, room_id, log=log))

    async def rooms(self) -> list[RoomRecord]:
        """Return all rooms, by title."""
        return await self._database.read(rooms.everything)

    async def room(self, room_id: int) -> RoomRecord:
        """
        Return a room.

        Raises:
            NotFound: There is no room of that id.

        """
        _known_room_id(room_id)
        return await self._database.read(lambda c: rooms.one(c, room_id))

    async def search_rooms(self, text: str = "", *, page: int = 1) -> Found[RoomRecord]:
        """
        Return rooms, a page of them, by title.

        Args:
            text: Part of the title, in any case, or the id.
            page: Which page, from 1; one beyond the last means the last.

        """
        return await self._database.read(lambda c: rooms.search(c, text, page=page))

    def _log(self, by: Actor | None) -> Log:
        return Log(by, at=self._now())


def _known_room_id(room_id: int) -> None:
    """Refuse an id that no room can have and no database could look up."""
    if not is_id(room_id):
        raise NotFound(f"there is no room {room_id}")


def _known_user(who: str | int) -> str | int:
    """Return how a user is looked up; refuse an id that none can have."""
    if isinstance(who, str):
        return normal_username(who)
    if not is_id(who):
        raise NotFound(f"there is no user with id {who}")
    return who
