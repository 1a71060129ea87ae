"""
One conversation, as a client sees it: commands in, text out; text in, events out.

The core knows in which rooms the connection is and which commands are still unanswered. v1
has no command ids, so an answer is matched to its command by what it carries: a ``joined``
or ``left`` names its room; one's own message comes back with its text; an error names
command and room where the server is kind, and where it does not it belongs to the oldest
unanswered command, since answers come in order (MC1-CLIENT-05).
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal

import msgspec

from multichat_proto.codec import decode_frame, encode
from multichat_proto.exceptions import LocalProtocolError, RemoteProtocolError
from multichat_proto.messages import (
    Command,
    Error,
    Join,
    Joined,
    Leave,
    Left,
    Message,
    MsgType,
    Room,
    Send,
    ServerFrame,
    room_id,
)
from multichat_proto.state import CLIENT_ROOM, RoomInput, RoomState

__all__ = ["ClientConnection", "Event", "Ignored", "Received", "Violation"]


class Received(msgspec.Struct, frozen=True):
    """
    The server said something.

    Attributes:
        frame: What it said.
        answers: The command of ours that this answers; ``None`` if it answers none, or if
            that cannot be known.

    """

    frame: ServerFrame
    answers: Command | None = None


class Ignored(msgspec.Struct, frozen=True):
    """The server sent a frame of no kind that v1 knows; nothing changed (MC1-CLIENT-02)."""

    text: str


class Violation(msgspec.Struct, frozen=True):
    """
    The server sent a malformed frame; nothing changed (MC1-CLIENT-03).

    Attributes:
        text: The frame. Text from the network: escape it before showing it.
        reason: What is wrong with it.

    """

    text: str
    reason: str


Event = Received | Ignored | Violation
"""What one text frame of the server comes to."""


class ClientConnection:
    """
    The rules of v1 for the client's side of one connection.

    Args:
        username: One's own name, where it is known: it tells one's own messages from the
            same words of somebody else.

    """

    def __init__(self, *, username: str | None = None) -> None:
        self._username = username
        self._rooms: dict[Room, RoomState] = {}
        self._unanswered: list[Command] = []

    @property
    def rooms(self) -> Mapping[Room, RoomState]:
        """Where one stands with each room; a room that is not there is ``OUTSIDE``."""
        return MappingProxyType(self._rooms)

    @property
    def unanswered(self) -> tuple[Command, ...]:
        """The commands that the server has not answered yet, oldest first."""
        return tuple(self._unanswered)

    def join(self, room: str | int) -> str:
        """
        Return the frame that asks to join a room (MC1-JOIN-01).

        Raises:
            LocalProtocolError: It is no room's name, or an answer is still due.

        """
        return self._command(Join(_name(room)))

    def leave(self, room: str | int) -> str:
        """
        Return the frame that asks to leave a room (MC1-LEAVE-01).

        Raises:
            LocalProtocolError: It is no room's name, or an answer is still due.

        """
        return self._command(Leave(_name(room)))

    def send(self, room: str | int, message: str) -> str:
        """
        Return the frame that says something to a room one is in (MC1-SEND-01).

        Raises:
            LocalProtocolError: One is not in that room, or the text is no Unicode text.

        """
        if not _is_unicode(message):
            raise LocalProtocolError("cannot send text with a lone surrogate (MC1-JSON-03)")
        return self._command(Send(_name(room), message))

    def receive_text(self, text: str) -> Event:
        """Take one text frame of the server; return what it comes to."""
        try:
            frame = decode_frame(text)
        except RemoteProtocolError as exc:
            return Violation(text, str(exc))
        match frame:
            case None:
                return Ignored(text)
            case Joined(room=room):
                answers = self._answered("join", room)
                self._move(room, "joined")
            case Left(room=room):
                answers = self._answered("leave", room)
                self._move(room, "left")
            case Message():
                answers = self._echoed(frame)
            case Error():
                answers = self._refused(frame)
        return Received(frame, answers)

    def _command(self, command: Command) -> str:
        state = self._rooms.get(command.room_id, RoomState.OUTSIDE)
        verb = _verb(command)
        if verb not in CLIENT_ROOM[state]:
            where = {
                RoomState.OUTSIDE: "not a member",
                RoomState.ENTERING: "its join is not answered yet",
                RoomState.INSIDE: "already a member",
                RoomState.LEAVING: "its leave is not answered yet",
            }[state]
            raise LocalProtocolError(
                f"cannot {verb} room {command.room_id}: {where} (MC1-CLIENT-04)"
            )
        self._move(command.room_id, verb)
        self._unanswered.append(command)
        return encode(command)

    def _move(self, room: Room, by: RoomInput) -> None:
        state = self._rooms.get(room, RoomState.OUTSIDE)
        state = CLIENT_ROOM[state].get(by, state)
        if state is RoomState.OUTSIDE:
            self._rooms.pop(room, None)
        else:
            self._rooms[room] = state

    def _answered(self, verb: str, room: Room) -> Command | None:
        for command in self._unanswered:
            if _verb(command) == verb and command.room_id == room:
                self._unanswered.remove(command)
                return command
        return None

    def _echoed(self, frame: Message) -> Command | None:
        if frame.msg_type != MsgType.MESSAGE:
            return None
        if self._username is not None and frame.username != self._username:
            return None
        for command in self._unanswered:
            if (
                isinstance(command, Send)
                and command.room_id == frame.room
                and command.message == frame.message
            ):
                self._unanswered.remove(command)
                return command
        return None

    def _refused(self, frame: Error) -> Command | None:
        for command in self._unanswered:
            if frame.command is not None and frame.command != _verb(command):
                continue
            if frame.room is not None and frame.room != command.room_id:
                continue
            self._unanswered.remove(command)
            match command:
                case Join():
                    self._move(command.room_id, "join refused")
                case Leave():
                    self._move(command.room_id, "leave refused")
                case Send():
                    pass
            return command
        return None


def _verb(command: Command) -> Literal["join", "leave", "send"]:
    match command:
        case Join():
            return "join"
        case Leave():
            return "leave"
        case Send():
            return "send"


def _name(room: str | int) -> str | int:
    if room_id(room) is None:
        raise LocalProtocolError(f"{room!r} is no room's name (MC1-ROOM-02)")
    return room


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
