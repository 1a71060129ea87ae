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
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, TypeVar

import sqlalchemy as sa

from multichat_server.passwords import Passwords
from multichat_server.storage import counters, rooms
from multichat_server.storage.audit_store import AuditStore
from multichat_server.storage.database import Database
from multichat_server.storage.errors import NotFound
from multichat_server.storage.names import is_id, valid_room_id, valid_title
from multichat_server.storage.records import Actor, Found, RoomRecord
from multichat_server.storage.token_store import TokenStore
from multichat_server.storage.user_store import UserStore

__all__ = ["Store"]

T = TypeVar("T")


class Store(UserStore):
    """
    Users, rooms and sessions in a database. Made by :meth:`open`.

    Attributes:
        tokens: What bots show instead of logging in.
        audit: Who did what.

    """

    def __init__(
        self, database: Database, passwords: Passwords, *, clock: Callable[[], float]
    ) -> None:
        super().__init__(database, passwords, clock=clock)
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
            RightsChanged: Whoever does this may not do it any more.

        """
        valid_title(title)
        if room_id is not None:
            valid_room_id(room_id)
        return await self._act(
            by,
            lambda c, log: rooms.add(c, title, staff_only=staff_only, room_id=room_id, log=log),
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
            RightsChanged: Whoever does this may not do it any more.

        """
        _known_room_id(room_id)
        values: dict[str, Any] = {}
        if title is not None:
            values["title"] = valid_title(title)
        if staff_only is not None:
            values["staff_only"] = staff_only
        if not values:
            return await self._database.read(lambda c: rooms.one(c, room_id))
        return await self._act(by, lambda c, log: rooms.change(c, room_id, values, log=log))

    async def delete_room(self, room_id: int, *, by: Actor | None = None) -> None:
        """
        Delete a room.

        Args:
            room_id: Which.
            by: Who does this; ``None`` leaves it out of the audit log.

        Raises:
            NotFound: There is no room of that id.
            RightsChanged: Whoever does this may not do it any more.

        """
        _known_room_id(room_id)
        await self._act(by, lambda c, log: rooms.delete(c, room_id, log=log))

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


def _known_room_id(room_id: int) -> None:
    """Refuse an id that no room can have and no database could look up."""
    if not is_id(room_id):
        raise NotFound(f"there is no room {room_id}")
