"""What the small server knows: accounts, sessions and rooms, all in memory."""

import secrets
from collections.abc import Iterable
from dataclasses import dataclass

import trio

from tests.conformance.small_server.limits import Limits

__all__ = ["ACCOUNTS", "ROOMS", "Account", "Room", "Session", "Store", "Unavailable"]


@dataclass(eq=False)
class Account:
    """A user. One that was deleted stays with the connections that know it, inactive."""

    username: str
    password: str
    is_staff: bool = False
    is_active: bool = True


@dataclass(eq=False)
class Room:
    """A room: its id, its title and who may enter it."""

    id: int
    title: str
    staff_only: bool = False


@dataclass(eq=False)
class Session:
    """A login of an account, known by its key."""

    key: str
    account: Account
    has_ended: bool = False


ACCOUNTS = (
    ("alice", "alice-secret", False),
    ("bob", "bob-secret", False),
    ("carol", "carol-secret", False),
    ("dave", "dave-secret", True),
)
"""Name, password and whether staff."""

ROOMS = (
    (1, "room 1", False),
    (2, "room 2", False),
    (3, "staff room", True),
    (4, "<b>Тест</b> 😀", False),
)
"""Id, title and whether for staff alone."""


class Unavailable(Exception):
    """The store is away, and has been for longer than the server makes do without it."""


class Store:
    """Accounts, sessions and rooms. What changes them calls nobody: the server looks again."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._away_since: float | None = None
        self.accounts = {name: Account(name, password, staff) for name, password, staff in ACCOUNTS}
        self.rooms = {id_: Room(id_, title, staff_only) for id_, title, staff_only in ROOMS}
        self.sessions: dict[str, Session] = {}

    def log_in(self, username: str, password: str) -> Session | None:
        """Begin a session; return None if the name or the password is wrong."""
        account = self.accounts.get(username)
        if account is None or not account.is_active or account.password != password:
            return None
        return self.begin_session(account)

    def begin_session(self, account: Account) -> Session:
        """Begin a session of an account."""
        session = Session(secrets.token_hex(16), account)
        self.sessions[session.key] = session
        return session

    def end_sessions(self, sessions: Iterable[Session]) -> None:
        """End sessions: their keys open nothing any more."""
        for session in list(sessions):
            session.has_ended = True
            self.sessions.pop(session.key, None)

    def expire(self, session: Session) -> None:
        """End a session whose time is over."""
        self.end_sessions([session])

    def sessions_of(self, account: Account) -> list[Session]:
        """Return the sessions of an account."""
        return [each for each in self.sessions.values() if each.account is account]

    def session(self, key: str | None) -> Session | None:
        """Return a session by its key, None where there is none."""
        return None if key is None else self.sessions.get(key)

    def user(self, session: Session | None) -> Account | None:
        """
        Return who may act by a session; None: nobody.

        Raises:
            Unavailable: The store is away.

        """
        self.reach()
        if session is None or session.has_ended or not session.account.is_active:
            return None
        return session.account

    def room(self, id_: int) -> Room | None:
        """
        Return a room, None where there is none.

        Raises:
            Unavailable: The store is away.

        """
        self.reach()
        return self.rooms.get(id_)

    def add_room(self, title: str) -> Room:
        """Make a room with a new id."""
        room = Room(max(self.rooms, default=0) + 1, title)
        self.rooms[room.id] = room
        return room

    def go_away(self) -> None:
        """Be out of reach from now on."""
        if self._away_since is None:
            self._away_since = trio.current_time()

    def come_back(self) -> None:
        """Be there again."""
        self._away_since = None

    def reach(self) -> None:
        """
        Do nothing if the store is there, or has not been away for long.

        Raises:
            Unavailable: It is away (MC1-ERR-09).

        """
        if self._away_since is None:
            return
        if trio.current_time() - self._away_since > self._limits.outage_seconds:
            raise Unavailable
