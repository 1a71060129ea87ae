"""What the store keeps, as values: accounts, rooms, sessions, tokens, the audit log."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Generic, Literal, TypeVar

__all__ = [
    "COMMAND_LINE",
    "Account",
    "Action",
    "Actor",
    "AuditEntry",
    "Client",
    "Found",
    "RoomRecord",
    "Session",
    "Token",
    "User",
    "Verified",
]

T_co = TypeVar("T_co", covariant=True)

#: What the audit log knows.
Action = Literal[
    "room.add",
    "room.change",
    "room.delete",
    "room.announce",
    "room.put_out",
    "user.add",
    "user.change",
    "user.delete",
    "user.password",
    "user.sessions_end",
    "token.add",
    "token.revoke",
    "import.django",
]


@dataclass(frozen=True, slots=True)
class User:
    """
    An account.

    Attributes:
        id: Never given to another account, even after this one is deleted.
        username: What others see; case-sensitive.
        is_staff: Whether staff rooms are open to it.
        is_active: Whether it can log in and act at all.

    """

    id: int
    username: str
    is_staff: bool
    is_active: bool


@dataclass(frozen=True, slots=True)
class RoomRecord:
    """
    A room.

    Attributes:
        id: Its name on the wire is the decimal form of this. Never given to another room.
        title: What people see; any text but line breaks and control characters.
        staff_only: Whether it is open to staff alone.

    """

    id: int
    title: str
    staff_only: bool


@dataclass(frozen=True, slots=True)
class Account:
    """
    A user, and what the admin shows about it.

    Attributes:
        user: The user.
        last_login_at: When a session was last started, in seconds since 1970; ``None`` if never.

    """

    user: User
    last_login_at: int | None


@dataclass(frozen=True, slots=True)
class Actor:
    """
    Who does something, as the audit log names them.

    Attributes:
        user_id: The account; ``None`` if it is none of ours.
        name: The account's name at that time.
        address: From where; empty if that is not known.
        credential: What shows that he may: the key of a session, or a token (see the module
            ``credentials``). What it is no longer good for is not done
            (:exc:`~multichat_server.storage.RightsChanged`). ``None`` where nothing is shown.
        is_staff: Whether he was staff when that was looked at.

    """

    user_id: int | None
    name: str
    address: str = ""
    credential: str | None = field(default=None, repr=False)
    is_staff: bool = False

    @classmethod
    def of(cls, user: User, address: str = "", *, credential: str | None = None) -> "Actor":
        """Return a user as the one who does something."""
        return cls(user.id, user.username, address, credential, user.is_staff)


#: Whoever can open the database itself.
COMMAND_LINE: Final = Actor(None, "command line")


@dataclass(frozen=True, slots=True)
class Verified:
    """
    A user who has just shown to know the password.

    Attributes:
        user: The user, as it was then.
        password_hash: Which password that was. What is done because of it is not done once the
            user has another.

    """

    user: User
    password_hash: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Client:
    """
    Where a session is started from.

    Attributes:
        address: The network address; empty if it is not known.
        user_agent: What the browser calls itself; empty if it does not say.

    """

    address: str = ""
    user_agent: str = ""


@dataclass(frozen=True, slots=True)
class Session:
    """
    A session as its owner sees it.

    Attributes:
        id: Names it among the user's sessions; it is no key.
        user_id: Whose it is.
        started_at: When it was started, in seconds since 1970; 0 if that is not known.
        seen_at: When it was last in use, give or take a minute; 0 if that is not known.
        expires_at: When it ends.
        user_agent: The browser it was started in, in its own words.
        address: Where it was started.

    """

    id: str
    user_id: int
    started_at: int
    seen_at: int
    expires_at: int
    user_agent: str
    address: str


@dataclass(frozen=True, slots=True)
class Token:
    """
    What a bot shows instead of logging in; its secret is known to the bot alone.

    Attributes:
        id: Never given to another token.
        user_id: Whose rights it carries.
        name: What the user calls it.
        created_at: When it was made, in seconds since 1970.
        seen_at: When it was last used, give or take a minute; ``None`` if never.
        expires_at: When it runs out; ``None`` if it does not.

    """

    id: int
    user_id: int
    name: str
    created_at: int
    seen_at: int | None
    expires_at: int | None


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """
    One thing that somebody did.

    Attributes:
        id: Grows with time.
        at: When, in seconds since 1970.
        actor_id: The account; ``None`` for the command line.
        actor: Its name at that time.
        address: From where; empty if that is not known.
        action: What was done, such as ``room.change``; a later version may know others.
        subject: The name or title of what it was done to, at that time.
        subject_id: Its id; ``None`` if it has none.
        details: What else there is to say; of a change, old and new by what was changed.

    """

    id: int
    at: int
    actor_id: int | None
    actor: str
    address: str
    action: str
    subject: str
    subject_id: int | None
    details: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Found(Generic[T_co]):
    """
    A page of what a search has found.

    Attributes:
        items: What is on this page.
        total: How many there are on all pages.
        page: Which page it is, from 1.
        pages: How many pages there are, at least 1.

    """

    items: list[T_co]
    total: int
    page: int
    pages: int
