"""
What a chat or a room tells its reader.

A stream of one room yields :data:`RoomEvent`, the stream of a chat yields :data:`ChatEvent`:
everything of all rooms, and what happens to the connection. Both unions can be matched
exhaustively, with ``assert_never`` at the end.

Names, titles and texts are as the server sent them: never treat them as markup or let them
reach a terminal unescaped (MC1-CLIENT-08). Times are Unix seconds.
"""

import msgspec

from multichat_proto.exceptions import MultichatError, RoomError
from multichat_proto.messages import MsgType, Room

__all__ = [
    "BadFrame",
    "ChatEvent",
    "ConnectFailed",
    "Connected",
    "Disconnected",
    "Gap",
    "MemberEntered",
    "MemberLeft",
    "Reconnected",
    "Refused",
    "RoomEvent",
    "RoomGap",
    "RoomJoined",
    "RoomLeft",
    "RoomLost",
    "RoomMessage",
    "RoomRejoined",
    "Unconfirmed",
    "UnknownMessage",
]


class RoomMessage(msgspec.Struct, frozen=True, gc=False):
    """
    Somebody, or the operator, said something (MC1-SEND-01, MC1-TYPE-01).

    Attributes:
        room: The room's id.
        username: Who said it.
        text: What was said, perhaps empty.
        msg_type: 0 MESSAGE, 1 WARNING, 2 ALERT or 3 MUTED.
        is_own: Whether it is a message of one's own that came back, or bears one's own name.

    """

    room: Room
    username: str
    text: str
    msg_type: int = 0
    is_own: bool = False

    @property
    def kind(self) -> MsgType:
        """The type by its name."""
        return MsgType(self.msg_type)


class UnknownMessage(msgspec.Struct, frozen=True, gc=False):
    """
    A room message of a type that v1 does not know; show it plainly or ignore it (MC1-TYPE-04).

    Attributes:
        room: The room's id.
        username: Whom it is about.
        text: Its text, or ``None``.
        msg_type: Its type, 6 or more.

    """

    room: Room
    username: str
    text: str | None
    msg_type: int


class MemberEntered(msgspec.Struct, frozen=True, gc=False):
    """A connection of this user joined the room (MC1-ANN-01)."""

    room: Room
    username: str


class MemberLeft(msgspec.Struct, frozen=True, gc=False):
    """A connection of this user left the room (MC1-ANN-03, MC1-END-01)."""

    room: Room
    username: str


class RoomRejoined(msgspec.Struct, frozen=True):
    """
    The room was joined again after a lost connection: what was said in between is missed.

    Attributes:
        room: The room's id.
        title: Its title of now.
        since: When the lost connection gave its last sign of life.
        until: When the room was joined again.

    """

    room: Room
    title: str
    since: float
    until: float


class RoomLost(msgspec.Struct, frozen=True):
    """
    One is out of the room without having left it; the last event of its stream.

    Attributes:
        room: The room's id.
        error: Why the server did not let one in again; ``None`` if it put one out
            (MC1-REVOKE-01).

    """

    room: Room
    error: RoomError | None = None


class Gap(msgspec.Struct, frozen=True):
    """
    This stream's reader was too slow, and so many events were dropped here.

    Attributes:
        room: The room; ``None`` on a stream of the whole chat.
        dropped: How many.

    """

    room: Room | None
    dropped: int


class RoomJoined(msgspec.Struct, frozen=True):
    """
    One is in a room now (MC1-JOIN-02).

    Attributes:
        room: The room's id.
        title: Its title.
        asked: Whether this side asked for it; a server may put one into a room (MC1-MEMB-04).

    """

    room: Room
    title: str
    asked: bool = True


class RoomLeft(msgspec.Struct, frozen=True):
    """
    One has left the room, as one wanted.

    The server has confirmed it (MC1-LEAVE-02), or the connection had ended, and the membership
    with it (MC1-MEMB-03).
    """

    room: Room


class Connected(msgspec.Struct, frozen=True):
    """The first connection is there, and every wanted room is joined."""


class Disconnected(msgspec.Struct, frozen=True):
    """
    The connection has ended.

    Attributes:
        error: How.
        retry_in: Seconds until the next attempt; ``None`` if there will be none.

    """

    error: MultichatError
    retry_in: float | None


class ConnectFailed(msgspec.Struct, frozen=True):
    """
    An attempt to connect failed.

    Attributes:
        error: How.
        attempt: Which it was since the last connection, from 1.
        retry_in: Seconds until the next one; ``None`` if there will be none.

    """

    error: MultichatError
    attempt: int
    retry_in: float | None


class RoomGap(msgspec.Struct, frozen=True):
    """
    What was said in this room in this time is missed.

    Attributes:
        room: The room's id.
        since: When the lost connection gave its last sign of life.
        until: When the room was joined again.

    """

    room: Room
    since: float
    until: float


class Reconnected(msgspec.Struct, frozen=True):
    """
    A new connection is there, and every room that is still wanted is joined again.

    Attributes:
        gaps: What is missed; v1 has no history to fetch it from.
        attempts: How many attempts it took.

    """

    gaps: tuple[RoomGap, ...]
    attempts: int


class Refused(msgspec.Struct, frozen=True):
    """The server refused something, and it cannot be known what (MC1-CLIENT-05)."""

    error: RoomError


class Unconfirmed(msgspec.Struct, frozen=True):
    """
    A ``send`` was cancelled after its message was handed over: it may be delivered or not.

    Attributes:
        room: The room that it was for.
        text: The message.

    """

    room: Room
    text: str


class BadFrame(msgspec.Struct, frozen=True):
    """
    The server sent a malformed frame; nothing changed (MC1-CLIENT-03).

    Attributes:
        text: The frame; empty for a binary one.
        reason: What is wrong with it.

    """

    text: str
    reason: str


RoomEvent = (
    RoomMessage | UnknownMessage | MemberEntered | MemberLeft | RoomRejoined | RoomLost | Gap
)
"""What the stream of one room yields."""

ChatEvent = (
    RoomMessage
    | UnknownMessage
    | MemberEntered
    | MemberLeft
    | RoomRejoined
    | RoomLost
    | Gap
    | RoomJoined
    | RoomLeft
    | Connected
    | Disconnected
    | ConnectFailed
    | Reconnected
    | Refused
    | Unconfirmed
    | BadFrame
)
"""What the stream of a chat yields."""
