"""
What goes in and out, as JSON has it.

Ids are strings: a room's id can be one that JavaScript's numbers do not hold. Times are those of
RFC 3339, in UTC. What comes in has no members but these; what goes out may get more in time.
"""

from datetime import UTC, datetime
from typing import Annotated, Final

from msgspec import UNSET, Meta, Struct, UnsetType

from multichat_server.api.caller import Credential
from multichat_server.api.errors import Code
from multichat_server.engine import Member
from multichat_server.passwords import LONGEST_PASSWORD
from multichat_server.storage import Account, RoomRecord
from multichat_server.storage.names import LONGEST_TITLE, LONGEST_USERNAME

__all__ = [
    "Announcement",
    "Delivery",
    "Failure",
    "Me",
    "MessageType",
    "NewRoom",
    "NewUser",
    "Room",
    "RoomChange",
    "RoomMember",
    "RoomMembers",
    "Rooms",
    "RoomsWanted",
    "Server",
    "ServerLimits",
    "User",
    "UserChange",
    "UserSearch",
    "Users",
    "account",
    "member",
    "room",
]

Id = Annotated[str, Meta(pattern="^[1-9][0-9]{0,18}$", examples=["1"])]
Time = Annotated[datetime, Meta(tz=True, examples=["2026-11-22T10:00:00Z"])]

# The store decides what can be used, and says why something cannot; these are for programs that
# would like to know before.
Title = Annotated[
    str,
    Meta(
        description="What people see; no line breaks or control characters.",
        extra_json_schema={"minLength": 1, "maxLength": LONGEST_TITLE},
    ),
]
Username = Annotated[
    str,
    Meta(
        description="Letters, digits and @.+-_; case-sensitive; kept in its NFKC form.",
        extra_json_schema={"minLength": 1, "maxLength": LONGEST_USERNAME},
    ),
]
Password = Annotated[
    str,
    Meta(
        description="Never given out again.",
        extra_json_schema={
            "minLength": 1,
            "maxLength": LONGEST_PASSWORD,
            "format": "password",
            "writeOnly": True,
        },
    ),
]
StaffOnly = Annotated[bool, Meta(description="Whether the room is open to staff alone.")]
IsStaff = Annotated[bool, Meta(description="Whether staff rooms and the admin are open to it.")]
IsActive = Annotated[bool, Meta(description="Whether it can log in and act at all.")]
MsgType = Annotated[int, Meta(description="The msg_type on the wire.", ge=0)]
Count = Annotated[int, Meta(ge=0)]

_HIGHEST_PAGE: Final = 2**31 - 1


class Failure(Struct, frozen=True):
    """Why a request was not carried out."""

    error: Annotated[Code, Meta(description="What a program looks at.")]
    detail: Annotated[str, Meta(description="What a person reads; the wording may change.")]


class Me(Struct, frozen=True):
    """Who asks."""

    id: Id
    username: str
    is_staff: IsStaff
    authenticated_by: Annotated[Credential, Meta(description="What the request showed.")]


class ServerLimits(Struct, frozen=True):
    """What one connection, or one request, may do (MC1-LIMIT-01)."""

    max_message_length: Annotated[int, Meta(description="Of a message, in code points.")]
    max_rooms_per_connection: Annotated[int, Meta(description="Rooms at once.")]
    max_frame_bytes: Annotated[int, Meta(description="Of a frame.")]
    command_rate: Annotated[
        float, Meta(description="Commands a second in the long run; 0 for no limit.")
    ]
    command_burst: Annotated[int, Meta(description="Commands at once after a pause.")]
    http_body_bytes: Annotated[int, Meta(description="Of the body of a request; beyond: 413.")]


class MessageType(Struct, frozen=True):
    """A type of message that staff can send."""

    msg_type: MsgType
    name: str


class Server(Struct, frozen=True):
    """What a program must know to chat here."""

    name: str
    version: str
    stream: Annotated[str, Meta(description="The path at which the chat is spoken.")]
    subprotocols: list[str]
    limits: ServerLimits
    message_types: Annotated[
        list[MessageType], Meta(description="Of which types announcements can be.")
    ]


class Room(Struct, frozen=True):
    """A room."""

    id: Id
    title: Title
    staff_only: StaffOnly


class RoomsWanted(Struct, frozen=True):
    """Whether to wait for news."""

    after: Annotated[
        str,
        Meta(
            description="The revision of an earlier answer: the answer then comes when there is "
            "another one, or after 25 seconds, or at once where the server has too much to do."
        ),
    ] = ""


class Rooms(Struct, frozen=True):
    """Rooms, by title."""

    rooms: list[Room]
    user_id: Annotated[Id, Meta(description="Who asks.")]
    username: Annotated[str, Meta(description="Who asks, by the present name.")]
    revision: Annotated[
        str, Meta(description="Names this state of all of the above, as one sees it.")
    ]


class NewRoom(Struct, frozen=True, forbid_unknown_fields=True):
    """A room to add."""

    title: Title
    staff_only: StaffOnly = False


class RoomChange(Struct, frozen=True, forbid_unknown_fields=True):
    """What is to be different; what is left out stays as it is."""

    title: Title | UnsetType = UNSET
    staff_only: StaffOnly | UnsetType = UNSET


class RoomMember(Struct, frozen=True):
    """A connection that is in a room; several of one user are several."""

    connection: Annotated[
        Id, Meta(description="Names the connection as long as it lives, and no other ever.")
    ]
    user_id: Id
    username: str


class RoomMembers(Struct, frozen=True):
    """Who is in a room, by name."""

    members: list[RoomMember]


class Announcement(Struct, frozen=True, forbid_unknown_fields=True):
    """Something to be said to a room."""

    msg_type: Annotated[MsgType, Meta(description="One of the server's message_types.")]
    message: Annotated[str, Meta(description="At most max_message_length code points.")]


class Delivery(Struct, frozen=True):
    """What became of an announcement."""

    delivered_to: Annotated[Count, Meta(description="How many connections it was sent to.")]


class User(Struct, frozen=True):
    """An account."""

    id: Id
    username: Username
    is_staff: IsStaff
    is_active: IsActive
    last_login_at: Annotated[
        Time | None, Meta(description="When a session was last started; null if never.")
    ]


class UserSearch(Struct, frozen=True):
    """Which accounts are wanted."""

    q: Annotated[str, Meta(description="Part of the name, in any case.")] = ""
    page: Annotated[
        int,
        Meta(description="Which page; one beyond the last means the last.", ge=1, le=_HIGHEST_PAGE),
    ] = 1


class Users(Struct, frozen=True):
    """A page of accounts, by name."""

    users: list[User]
    total: Annotated[Count, Meta(description="How many there are on all pages.")]
    page: Annotated[int, Meta(description="Which page this is.", ge=1)]
    pages: Annotated[int, Meta(description="How many pages there are.", ge=1)]


class NewUser(Struct, frozen=True, forbid_unknown_fields=True):
    """An account to add."""

    username: Username
    password: Password
    is_staff: IsStaff = False
    is_active: IsActive = True


class UserChange(Struct, frozen=True, forbid_unknown_fields=True):
    """What is to be different; what is left out stays as it is."""

    username: Username | UnsetType = UNSET
    password: Annotated[
        Password | UnsetType, Meta(description="A new password ends the account's sessions.")
    ] = UNSET
    is_staff: IsStaff | UnsetType = UNSET
    is_active: IsActive | UnsetType = UNSET


def room(record: RoomRecord) -> Room:
    """Return a room as it goes out."""
    return Room(str(record.id), record.title, record.staff_only)


def member(found: Member) -> RoomMember:
    """Return a member as it goes out."""
    return RoomMember(str(found.connection), str(found.user_id), found.username)


def account(found: Account) -> User:
    """Return an account as it goes out."""
    user, last = found.user, found.last_login_at
    last_login_at = None if last is None else datetime.fromtimestamp(last, UTC)
    return User(str(user.id), user.username, user.is_staff, user.is_active, last_login_at)
