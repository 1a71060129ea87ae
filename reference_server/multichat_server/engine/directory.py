"""
Rooms, and the rights of those who are connected, in memory.

Each command asks what the user may do *now* (MC1-AUTH-05), so the answer must cost nothing.
The directory keeps a copy, and looks at the store's revision several times a second; when
anybody, in this process or another, has changed a user, a room or a session, it reads anew and
carries out what follows: members are put out, sessions end, names change.

No change is missed between a handshake's look at its session and the connection that comes of
it. A refresh reads, in this order, the revision; which visits there are; the data. A visit is
entered before its session is looked at. So for a change that comes after that look, either the
refresh that first sees the new revision finds the visit, and marks it stale if it is still in
its handshake, which then looks again; or that refresh is still to come.
"""

import logging
import secrets
from collections.abc import Callable, Collection, Iterable, Mapping
from collections.abc import Set as AbstractSet
from math import inf
from typing import Final, Protocol

import trio

from multichat_proto.exceptions import StoreUnavailable
from multichat_proto.messages import CloseCode, Room
from multichat_proto.server import RoomAccess
from multichat_server.engine.connection import Connection, end_all, put_out

__all__ = ["Accounts", "Directory", "RoomRecord", "User", "Visit"]

_log: Final = logging.getLogger("multichat.directory")

EXPIRY_CHECK: Final = 60.0
"""Seconds between two looks for sessions that have run out of time: that changes no revision."""


class User(Protocol):
    """An account, as far as it matters here."""

    @property
    def id(self) -> int:
        """Which account it is, whatever its name."""
        ...

    @property
    def username(self) -> str:
        """The name that others see."""
        ...

    @property
    def is_staff(self) -> bool:
        """Whether staff rooms are open to it."""
        ...

    @property
    def is_active(self) -> bool:
        """Whether it may do anything."""
        ...


class RoomRecord(Protocol):
    """A room, as far as it matters here."""

    @property
    def id(self) -> int:
        """The number that names it."""
        ...

    @property
    def title(self) -> str:
        """What people call it."""
        ...

    @property
    def staff_only(self) -> bool:
        """Whether only staff may enter."""
        ...


class Accounts(Protocol):
    """
    What the directory reads; :class:`multichat_server.storage.Store` is one.

    Each method raises :exc:`~multichat_proto.exceptions.StoreUnavailable` if the store cannot
    be reached.
    """

    async def revision(self) -> int:
        """Return a number that grows with every change."""
        ...

    async def rooms(self) -> Iterable[RoomRecord]:
        """Return all rooms."""
        ...

    async def users_by_id(self, ids: Iterable[int], /) -> Mapping[int, User]:
        """Return those of these users who exist."""
        ...

    async def credential_user(self, credential: str, /) -> User | None:
        """Return whose session or token it is; ``None`` if it has ended or never was."""
        ...

    async def live_credentials(self, credentials: Collection[str], /) -> set[str]:
        """Return those of these sessions and tokens that have not ended."""
        ...


class Visit:
    """
    One client's stay, from before its session is looked at until its connection is gone.

    Attributes:
        number: Names it among all visits, also those before a restart.
        key: The session's key, or a token; ``None`` for an anonymous client.
        user: Whose session it is; ``None`` for an anonymous client.
        connection: ``None`` during the handshake.
        is_stale: Something has changed since the session was looked at.

    """

    __slots__ = ("connection", "is_stale", "key", "number", "user")

    def __init__(self, key: str | None) -> None:
        # Programs in JavaScript read it as well, which is exact up to 2^53.
        self.number = secrets.randbits(52)
        self.key = key
        self.user: User | None = None
        self.connection: Connection | None = None
        self.is_stale = False


class Directory:
    """
    A copy of what the engine needs of the store, at most a moment old.

    Args:
        accounts: The store, for finding out whose session a visit's is.
        watch: The same store, for everything else, where strangers who ask for sessions cannot
            hold it up; ``None`` if there is no such way.
        poll: Seconds between two looks at its revision.
        stale_after: Seconds without a successful look after which the copy is not relied upon.
        clock: Returns the time in seconds.

    """

    def __init__(
        self,
        accounts: Accounts,
        *,
        watch: Accounts | None = None,
        poll: float,
        stale_after: float,
        clock: Callable[[], float] = trio.current_time,
    ) -> None:
        self._accounts = accounts
        self._watch = watch or accounts
        self._poll = poll
        self._stale_after = stale_after
        self._clock = clock
        self._visits: dict[Visit, None] = {}
        self._rooms: dict[Room, tuple[RoomAccess, RoomAccess]] = {}  # for others, for staff
        self._revision: int | None = None
        self._seen_at = -inf  # when the revision was last looked at
        self._read_at = -inf  # when everything was last read
        self._lock = trio.Lock()
        self._next_change = trio.Event()

    # Rights

    def access(self, room: Room, user: User | None) -> RoomAccess | None:
        """
        Return how a user sees a room, or ``None`` if there is no such room.

        Raises:
            StoreUnavailable: The store has not answered for too long to say.

        """
        if self._clock() - self._seen_at > self._stale_after:
            raise StoreUnavailable
        found = self._rooms.get(room)
        if found is None:
            return None
        return found[user is not None and user.is_staff]

    # Visits

    def enter(self, key: str | None) -> Visit:
        """Enter a client that is about to be identified; the caller sees to :meth:`forget`."""
        visit = Visit(key)
        self._visits[visit] = None
        return visit

    async def identify(self, visit: Visit) -> None:
        """
        Find out whose session a visit's is. An unknown one makes it anonymous.

        The answer holds until the next checkpoint: connect before that.

        Raises:
            StoreUnavailable: The store cannot be reached.

        """
        while visit.key is not None:
            visit.is_stale = False
            user = await self._accounts.credential_user(visit.key)
            if visit.is_stale:
                continue
            visit.user = user
            if user is None:
                visit.key = None
            return

    @property
    def visits(self) -> Collection[Visit]:
        """Everybody who is here, in the order in which they came."""
        return self._visits.keys()

    def forget(self, visit: Visit) -> None:
        """Forget a client that is gone. Calling it again does nothing."""
        self._visits.pop(visit, None)

    # Changes

    @property
    def next_change(self) -> trio.Event:
        """
        What is set at the next change of a room, or of a name or right of somebody who is here.

        Take it before looking at what may change. Logins and the like do not set it.
        """
        return self._next_change

    def wake(self) -> None:
        """Let go whoever waits for a change."""
        self._next_change.set()
        self._next_change = trio.Event()

    def session_ended(self, key: str) -> None:
        """Close the connections of a session that has ended, at once (MC1-REVOKE-06)."""
        mine = [visit for visit in self._visits if visit.key == key]
        for visit in mine:
            visit.is_stale = True
        self._end([visit for visit in mine if visit.connection])

    async def refresh(self) -> None:
        """
        Return when whatever had been changed before this call is in force.

        Cancelling it is safe: changes are put in force all at once or later.

        Raises:
            StoreUnavailable: The store cannot be reached; the copy stays as it is.

        """
        async with self._lock:
            now = self._clock()
            revision = await self._watch.revision()
            if revision != self._revision or now - self._read_at >= EXPIRY_CHECK:
                await self._read()
                self._revision = revision
                self._read_at = now
            self._seen_at = now

    async def run(self) -> None:
        """Look for changes until cancelled; while the store is away, say so once and go on."""
        is_away = False
        while True:
            try:
                await self.refresh()
            except StoreUnavailable as exc:
                if not is_away:
                    _log.warning("%s", exc)
                is_away = True
            else:
                if is_away:
                    _log.warning("the database answers again")
                is_away = False
            await trio.sleep(self._poll)

    async def _read(self) -> None:
        visits: list[tuple[Visit, Connection, User]] = []
        for visit in self._visits:
            if visit.connection is None:
                visit.is_stale = True
            elif visit.user is not None:
                visits.append((visit, visit.connection, visit.user))
        rooms = await self._watch.rooms()
        users = await self._watch.users_by_id({user.id for _, _, user in visits})
        live = await self._watch.live_credentials(
            {visit.key for visit, _, _ in visits if visit.key}
        )
        # No checkpoint from here on: all of it is in force at the same instant.
        before = self._rooms
        self._rooms = {
            Room(str(room.id)): (
                RoomAccess(room.title, allowed=not room.staff_only),
                RoomAccess(room.title, allowed=True),
            )
            for room in rooms
        }
        has_changed = self._rooms != before or any(
            _looks_new(user, users.get(user.id)) for _, _, user in visits
        )
        self._apply(visits, users, live)
        if has_changed:
            self.wake()

    def _apply(
        self,
        visits: Iterable[tuple[Visit, Connection, User]],
        users: Mapping[int, User],
        live: AbstractSet[str],
    ) -> None:
        losses: list[tuple[Connection, Room]] = []
        nobodies: list[Connection] = []
        ended: list[Visit] = []
        for visit, connection, before in visits:
            user = users.get(before.id)
            if user is None or not user.is_active:
                # MC1-REVOKE-05: the connection stays, as an anonymous one.
                visit.user = visit.key = None
                nobodies.append(connection)
                losses += [(connection, room) for room in connection.chat.rooms]
            elif visit.key not in live:
                ended.append(visit)
            else:
                visit.user = user
                if user.username != before.username:
                    connection.rename(user.username)
                losses += [
                    (connection, room)
                    for room in connection.chat.rooms
                    if not self._may_enter(room, user)
                ]
        put_out(losses)
        for connection in nobodies:
            connection.rename(None)
        self._end(ended)

    def _may_enter(self, room: Room, user: User) -> bool:
        found = self._rooms.get(room)
        return found is not None and found[user.is_staff].allowed

    def _end(self, visits: Iterable[Visit]) -> None:
        connections = [visit.connection for visit in visits if visit.connection]
        end_all(connections, CloseCode.POLICY_VIOLATION, "the session has ended", now=self._clock())


def _looks_new(before: User, user: User | None) -> bool:
    return user is None or (before.username, before.is_staff, before.is_active) != (
        user.username,
        user.is_staff,
        user.is_active,
    )
