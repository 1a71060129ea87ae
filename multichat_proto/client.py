"""
One conversation, as a client sees it: commands in, text out; text in, events out.

The core knows in which rooms the connection is and which commands are still unanswered. v1
has no command ids, so an answer is matched to its command by what it carries: a *joined* or
*left* frame names its room; one's own message comes back with its text; an *error* frame
names command and room where the server is kind, and where it does not it belongs to the
oldest unanswered command (MC1-CLIENT-05).

What cannot be told apart, and what comes of it:

- A *left* frame that puts one out while one's own ``leave`` is under way counts as the answer.
  The error that the ``leave`` then gets answers nothing.
- Where one's own name is not known, or has changed since, the same words of somebody else in
  the same room count as one's own message coming back.
- A server may stay silent: the original does where a session has ended, and drops messages
  under load. Such a command stays unanswered, and an error without members would be laid at
  its door. In closed loop (MC1-CLIENT-07) the next answer with members sets it right, as
  rooms always follow what the server says.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, Literal, assert_never

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
            same words of somebody else. ``None`` where it is not.
        max_unanswered: Most commands that are kept for want of an answer; beyond it the
            oldest is given up, and counts as refused.
        max_rooms: Most rooms that the connection may be in at once. A client that asks for
            more is told so; a server that puts it into more breaks v1.

    Attributes:
        last_command: The command that was made into a frame last; ``None`` before the first.

    """

    def __init__(
        self,
        *,
        username: str | None = None,
        max_unanswered: int = 1_000,
        max_rooms: int = 10_000,
    ) -> None:
        self._username = username
        self._max_unanswered = max_unanswered
        self._max_rooms = max_rooms
        self._rooms: dict[Room, RoomState] = {}
        self._unanswered: list[Command] = []
        self.last_command: Command | None = None

    @property
    def rooms(self) -> Mapping[Room, RoomState]:
        """Where one stands with each room, a live view; one that is not there is ``OUTSIDE``."""
        return MappingProxyType(self._rooms)

    @property
    def unanswered(self) -> tuple[Command, ...]:
        """The commands that the server has not answered yet, oldest first."""
        return tuple(self._unanswered)

    def join(self, room: str | int) -> str:
        """
        Return the frame that asks to join a room (MC1-JOIN-02).

        A room that one is in may be joined again: the answer brings its title of now.

        Raises:
            LocalProtocolError: It is no room's name, an answer is still due, or these are
                too many rooms.

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
        Return the frame that says something to a room one is in (MC1-JOIN-01).

        Raises:
            LocalProtocolError: One is not in that room, or the message is no Unicode text, or
                no text at all.

        """
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
                if self._is_full(room):
                    return Violation(text, f"the server put us into over {self._max_rooms} rooms")
                answers = self._answered(Join, room)
                self._move(room, "joined")
            case Left(room=room):
                answers = self._answered(Leave, room)
                self._move(room, "left")
            case Message():
                answers = self._echoed(frame)
            case Error():
                answers = self._refused(frame)
            case _:
                assert_never(frame)
        return Received(frame, answers)

    def forget(self, command: Command) -> None:
        """
        Wait no longer for the answer to this very command; it counts as refused.

        An answer that comes all the same answers nothing, or the next command like it.
        """
        for place, unanswered in enumerate(self._unanswered):
            if unanswered is command:
                self._give_up(place)
                return

    def _command(self, command: Command) -> str:
        verb, room = _VERBS[type(command)], command.room_id
        state = self._rooms.get(room, RoomState.OUTSIDE)
        if verb not in CLIENT_ROOM[state]:
            raise LocalProtocolError(f"cannot {verb} room {room}: {_WHERE[state]}")
        if verb == "join" and self._is_full(room):
            raise LocalProtocolError(
                f"cannot join room {room}: in {len(self._rooms)} rooms already"
            )
        # Last of what may fail, so that a failure changes nothing.
        text = encode(command)
        self._move(room, verb)
        self._unanswered.append(command)
        self.last_command = command
        if len(self._unanswered) > self._max_unanswered:
            self._give_up(0)
        return text

    def _is_full(self, room: Room) -> bool:
        return room not in self._rooms and len(self._rooms) >= self._max_rooms

    def _move(self, room: Room, by: RoomInput) -> None:
        state = self._rooms.get(room, RoomState.OUTSIDE)
        state = CLIENT_ROOM[state].get(by, state)
        if state is RoomState.OUTSIDE:
            self._rooms.pop(room, None)
        else:
            self._rooms[room] = state

    def _answered(self, kind: type[Join | Leave], room: Room) -> Command | None:
        for place, command in enumerate(self._unanswered):
            if type(command) is kind and command.room_id == room:
                return self._unanswered.pop(place)
        return None

    def _echoed(self, frame: Message) -> Command | None:
        if frame.msg_type != MsgType.MESSAGE or self._username not in (None, frame.username):
            return None
        for place, command in enumerate(self._unanswered):
            if (
                type(command) is Send
                and command.room_id == frame.room
                and command.message == frame.message
            ):
                return self._unanswered.pop(place)
        return None

    def _refused(self, frame: Error) -> Command | None:
        for place, command in enumerate(self._unanswered):
            if frame.command not in (None, _VERBS[type(command)]):
                continue
            if frame.room not in (None, command.room_id):
                continue
            return self._give_up(place)
        return None

    def _give_up(self, place: int) -> Command:
        command = self._unanswered.pop(place)
        if type(command) is Join:
            self._move(command.room_id, "join refused")
        elif type(command) is Leave:
            self._move(command.room_id, "leave refused")
        return command


_VERBS: Final[Mapping[type[Command], Literal["join", "leave", "send"]]] = {
    Join: "join",
    Leave: "leave",
    Send: "send",
}

_WHERE: Final = {
    RoomState.OUTSIDE: "not a member (MC1-JOIN-01)",
    RoomState.ENTERING: "its join is not answered yet",
    RoomState.INSIDE: "already a member",
    RoomState.LEAVING: "its leave is not answered yet",
}
"""What stands against a command, by the room's state."""


def _name(room: str | int) -> Room:
    # Always sent as the string: of the two spellings it is the one that no peer gets wrong.
    name = room_id(room)
    if name is None:
        raise LocalProtocolError(f"{room!r} is no room's name (MC1-ROOM-01, MC1-ROOM-02)")
    return name
