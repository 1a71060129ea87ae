"""
The messages of multichat v1, as typed values.

Three *commands* go to the server, four *server frames* come back. Each class is one
message; each is frozen. The shapes are those of ``spec/v1/schemas``, and the tests prove
the two equal in both directions.
"""

import re
from enum import IntEnum, StrEnum
from typing import Final, NewType

import msgspec

__all__ = [
    "CloseCode",
    "Command",
    "Error",
    "ErrorCode",
    "Join",
    "Joined",
    "Leave",
    "Left",
    "Message",
    "MsgType",
    "Room",
    "Send",
    "ServerFrame",
    "room_id",
]

Room = NewType("Room", str)
"""A room's id in its canonical form: a decimal integer as a string, such as ``"1"``."""

_is_canonical: Final = re.compile(r"0|-?[1-9][0-9]{0,18}").fullmatch
_LEAST, _MOST = -(2**63), 2**63 - 1


def room_id(value: object) -> Room | None:
    """
    Return the room that a JSON value names, or ``None`` if it names none.

    A room is named by a JSON integer of 64 bits or by its canonical decimal string, and by
    nothing else: not ``"01"``, ``" 1 "``, ``1.0`` or ``true`` (MC1-ROOM-02, MC1-ROOM-03).
    """
    if type(value) is str:
        return Room(value) if _is_canonical(value) else None
    if type(value) is int and _LEAST <= value <= _MOST:
        return Room(str(value))
    return None


class MsgType(IntEnum):
    """What kind of room message it is (MC1-TYPE-01); others may come (MC1-TYPE-04)."""

    MESSAGE = 0
    WARNING = 1
    ALERT = 2
    MUTED = 3
    ENTER = 4
    LEAVE = 5


class ErrorCode(StrEnum):
    """The error codes of v1; their meaning is in ``errors.json``."""

    USER_HAS_TO_LOGIN = "USER_HAS_TO_LOGIN"
    ROOM_INVALID = "ROOM_INVALID"
    ROOM_ACCESS_DENIED = "ROOM_ACCESS_DENIED"
    FRAME_INVALID = "FRAME_INVALID"
    COMMAND_INVALID = "COMMAND_INVALID"
    MESSAGE_INVALID = "MESSAGE_INVALID"
    MESSAGE_TOO_LONG = "MESSAGE_TOO_LONG"
    RATE_LIMITED = "RATE_LIMITED"
    SERVER_UNAVAILABLE = "SERVER_UNAVAILABLE"


class CloseCode(IntEnum):
    """The close codes of v1; what a client does about each is in ``close_codes.json``."""

    NORMAL = 1000
    GOING_AWAY = 1001
    PROTOCOL_ERROR = 1002
    NO_STATUS = 1005
    ABNORMAL = 1006
    INVALID_TEXT = 1007
    POLICY_VIOLATION = 1008
    TOO_BIG = 1009
    INTERNAL_ERROR = 1011
    SERVICE_RESTART = 1012
    TRY_AGAIN_LATER = 1013


class Join(msgspec.Struct, frozen=True, tag_field="command", tag="join"):
    """
    Ask to become a member of a room (MC1-JOIN-02).

    Attributes:
        room: The room as it is spelled on the wire: an integer or its canonical string.

    """

    room: str | int

    @property
    def room_id(self) -> Room:
        """The room's canonical id."""
        return Room(str(self.room))


class Leave(msgspec.Struct, frozen=True, tag_field="command", tag="leave"):
    """
    Ask to end one's membership of a room (MC1-LEAVE-01).

    Attributes:
        room: The room as it is spelled on the wire: an integer or its canonical string.

    """

    room: str | int

    @property
    def room_id(self) -> Room:
        """The room's canonical id."""
        return Room(str(self.room))


class Send(msgspec.Struct, frozen=True, tag_field="command", tag="send"):
    """
    Say something to a room that one is in (MC1-SEND-01).

    Attributes:
        room: The room as it is spelled on the wire: an integer or its canonical string.
        message: The text, perhaps empty; passed on unchanged.

    """

    room: str | int
    message: str

    @property
    def room_id(self) -> Room:
        """The room's canonical id."""
        return Room(str(self.room))


class Joined(msgspec.Struct, frozen=True, rename={"room": "join"}):
    """
    You are a member of the room now (MC1-JOIN-02).

    Attributes:
        room: The room's id.
        title: The room's title, raw: escape it before showing it.

    """

    room: Room
    title: str


class Left(msgspec.Struct, frozen=True, rename={"room": "leave"}):
    """
    You are not, or no longer, a member of the room (MC1-LEAVE-02).

    Attributes:
        room: The room's id.

    """

    room: Room


class Message(msgspec.Struct, frozen=True):
    """
    Something happened in a room that you are in (MC1-MSG-01).

    Attributes:
        room: The room's id.
        message: The text; ``None`` for ENTER and LEAVE. Raw: escape it before showing it.
        username: Who said it, entered or left. Raw, too.
        msg_type: What kind it is; see :class:`MsgType`. Other numbers may come.

    """

    room: Room
    message: str | None
    username: str
    msg_type: int


class Error(msgspec.Struct, frozen=True, omit_defaults=True, rename={"code": "error"}):
    """
    A command was not carried out (MC1-ERR-01).

    Attributes:
        code: One of :class:`ErrorCode`; a client takes others, too.
        command: Which command it was about; ``None`` if the server does not say.
        room: Which room it was about; ``None`` if the server does not say.
        detail: A sentence for a log, or ``None``.

    """

    code: str
    command: str | None = None
    room: Room | None = None
    detail: str | None = None


Command = Join | Leave | Send
"""What a client may send."""

ServerFrame = Joined | Left | Message | Error
"""What a server may send."""
