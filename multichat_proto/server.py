"""
One client's conversation, as a server sees it: text in, actions out.

The core decides; the driver acts. For each incoming frame :meth:`ServerConnection.receive_text`
returns a list of actions, to be carried out in the order given and before the next frame of
any connection is looked at. That order *is* the order that v1 promises: a LEAVE stands
before the reply to the leaver (MC1-LEAVE-04), an ENTER before the joiner is in (MC1-ANN-02).

The core keeps which rooms this connection is in. Who else is in them, and how a frame gets
to a socket, is the driver's business; so are rights, which it is asked for anew with each
command (MC1-AUTH-05).
"""

from collections.abc import Callable
from collections.abc import Set as AbstractSet
from typing import Final, Literal, assert_never, cast

import msgspec

from multichat_proto.codec import decode_command
from multichat_proto.exceptions import CommandRefused, StoreUnavailable
from multichat_proto.limits import COMMAND_CHARACTERS, Limits, TokenBucket
from multichat_proto.messages import (
    CloseCode,
    Command,
    Error,
    ErrorCode,
    Join,
    Joined,
    Leave,
    Left,
    Room,
    Send,
    ServerFrame,
)
from multichat_proto.state import GATES, REFUSALS, Gate

__all__ = [
    "Action",
    "Close",
    "Enter",
    "Exit",
    "Reply",
    "RoomAccess",
    "ServerConnection",
    "Speak",
]


class RoomAccess(msgspec.Struct, frozen=True):
    """
    A room that exists, as one user sees it.

    Attributes:
        title: The room's title.
        allowed: Whether the user may enter it.

    """

    title: str
    allowed: bool


class Reply(msgspec.Struct, frozen=True):
    """Send this frame to this connection alone."""

    frame: ServerFrame


class Enter(msgspec.Struct, frozen=True):
    """Announce ENTER to the members of the room, then make this connection one of them."""

    room: Room


class Exit(msgspec.Struct, frozen=True):
    """
    End this connection's membership, and announce LEAVE to the members of the room.

    Attributes:
        room: The room.
        told: Whether this connection, too, gets the LEAVE: it does when it asked to leave
            (MC1-LEAVE-04). Otherwise it is out of the room before anything is announced.

    """

    room: Room
    told: bool


class Speak(msgspec.Struct, frozen=True):
    """Send this text, as this connection's user, to every member of the room (MC1-SEND-01)."""

    room: Room
    message: str


class Close(msgspec.Struct, frozen=True):
    """Close this connection, then :meth:`ServerConnection.disconnect`; nothing else comes."""

    code: CloseCode
    reason: str


Action = Reply | Enter | Exit | Speak | Close

_GATE_DETAIL: Final[dict[Gate, str]] = {
    "inside": "not a member of this room; join it first",
    "logged_in": "log in, then connect again",
    "exists": "there is no such room",
    "allowed": "this room is for staff only",
}


class ServerConnection:
    """
    The rules of v1 for one connection of a client.

    Args:
        username: Who is logged in; ``None`` for nobody. May be set later, when the user is
            renamed or loses the account.
        look_up: Called with a room's id, returns how the user sees it, or ``None`` if there
            is no such room. May raise :exc:`StoreUnavailable`, which the client is told.
        limits: What the connection may do.

    """

    def __init__(
        self,
        *,
        username: str | None,
        look_up: Callable[[Room], RoomAccess | None],
        limits: Limits | None = None,
    ) -> None:
        self.username = username
        self._look_up = look_up
        self._limits = limits = limits or Limits()
        self._rooms: set[Room] = set()
        self._closed = False
        self._is_limited = limits.command_rate > 0
        self._commands = TokenBucket(rate=limits.command_rate, burst=limits.command_burst)
        self._refusals = TokenBucket(rate=limits.refusal_rate, burst=limits.refusal_burst)

    @property
    def rooms(self) -> AbstractSet[Room]:
        """The rooms that this connection is in."""
        return self._rooms

    def receive_text(self, text: str, *, now: float) -> list[Action]:
        """
        Return what one text frame of the client leads to, in order.

        Args:
            text: The frame's text.
            now: The time in seconds, of a clock that does not run backwards.

        """
        if self._closed:
            return []
        if self._is_limited and not self._commands.take(now, 1 + len(text) // COMMAND_CHARACTERS):
            return self._refuse_rate(now)
        try:
            return self._obey(decode_command(text))
        except CommandRefused as refused:
            return [Reply(_error(refused))]

    def receive_binary(self, *, now: float) -> list[Action]:
        """Return what one binary frame leads to: v1 has none, and says so (MC1-FRAME-03)."""
        if self._closed:
            return []
        if self._is_limited and not self._commands.take(now):
            return self._refuse_rate(now)
        return [Reply(Error(ErrorCode.FRAME_INVALID, detail="v1 has text frames only"))]

    def put_out(self, room: Room) -> list[Action]:
        """
        End the membership of a room that the user has lost the right to be in (MC1-REVOKE-01).

        Where several lose it at once, end the membership of all of them before the LEAVE of
        any is announced, so that none of them sees another's (MC1-REVOKE-02).
        """
        if room not in self._rooms:
            return []
        self._rooms.remove(room)
        return [Exit(room, told=False), Reply(Left(room))]

    def disconnect(self) -> list[Action]:
        """End every membership, since the connection has ended (MC1-END-01)."""
        self._closed = True
        actions: list[Action] = [Exit(room, told=False) for room in sorted(self._rooms)]
        self._rooms.clear()
        return actions

    def _refuse_rate(self, now: float) -> list[Action]:
        # The frame is not even parsed: a flood must cost less than what it asks for.
        if self._refusals.take(now):
            return [Reply(Error(ErrorCode.RATE_LIMITED, detail="too many commands; slow down"))]
        self._closed = True
        return [Close(CloseCode.POLICY_VIOLATION, "flood: too many commands")]

    def _obey(self, command: Command) -> list[Action]:
        # In order of frequency, and without class patterns: these cost more than the rest.
        if isinstance(command, Send):
            return self._speak(command.room_id, command.message)
        if isinstance(command, Join):
            return self._enter(command.room_id)
        if isinstance(command, Leave):
            return self._exit(command.room_id)
        assert_never(command)

    def _speak(self, room: Room, message: str) -> list[Action]:
        if len(message) > self._limits.max_message_length:
            detail = f"longer than {self._limits.max_message_length} characters"
            raise CommandRefused(ErrorCode.MESSAGE_TOO_LONG, "send", room, detail)
        self._admit("send", room)
        return [Speak(room, message)]

    def _enter(self, room: Room) -> list[Action]:
        access = self._admit("join", room)
        reply = Reply(Joined(room, access.title))
        if room in self._rooms:
            # MC1-JOIN-07: a second join is answered, and announced to nobody.
            return [reply]
        if len(self._rooms) >= self._limits.max_rooms:
            detail = f"in {len(self._rooms)} rooms already; leave one first"
            raise CommandRefused(ErrorCode.RATE_LIMITED, "join", room, detail)
        self._rooms.add(room)
        return [Enter(room), reply]

    def _exit(self, room: Room) -> list[Action]:
        self._admit("leave", room)
        if room not in self._rooms:
            # MC1-LEAVE-06: so is a leave of a room that one is not in.
            return [Reply(Left(room))]
        self._rooms.remove(room)
        return [Exit(room, told=True), Reply(Left(room))]

    def _admit(self, command: Literal["join", "leave", "send"], room: Room) -> RoomAccess:
        """Try the command's gates in order; return the room that lies behind them."""
        access: RoomAccess | None = None
        for gate in GATES[command]:
            if gate == "inside":
                is_open = room in self._rooms
            elif gate == "logged_in":
                is_open = self.username is not None
            elif gate == "exists":
                access = self._find(command, room)
                is_open = access is not None
            else:
                is_open = access is not None and access.allowed
            if not is_open:
                raise CommandRefused(REFUSALS[gate], command, room, _GATE_DETAIL[gate])
        # Every command's gates ask whether the room exists; state.json's test holds that.
        return cast("RoomAccess", access)

    def _find(self, command: str, room: Room) -> RoomAccess | None:
        try:
            return self._look_up(room)
        except StoreUnavailable:
            detail = "not carried out; try again later"
            raise CommandRefused(ErrorCode.SERVER_UNAVAILABLE, command, room, detail) from None


def _error(refused: CommandRefused) -> Error:
    room = None if refused.room is None else Room(refused.room)
    return Error(refused.code, command=refused.command, room=room, detail=refused.detail)
