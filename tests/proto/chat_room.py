"""
A server in memory, and a second opinion of what it should do.

:class:`Hub` joins client cores to server cores: it carries out the actions of the server cores
in the order given, as a real driver does, over links on which frames wait until they are
taken. :class:`Model` is told the same commands and says, from the text of the specification
alone, what each connection is owed. It knows neither actions nor state tables.
"""

import json
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, NamedTuple, assert_never

from multichat_proto import (
    ClientConnection,
    Error,
    Left,
    Limits,
    Message,
    MsgType,
    Room,
    RoomAccess,
    ServerConnection,
    ServerFrame,
    encode,
)
from multichat_proto.server import Action, Close, Enter, Exit, Reply, Speak

__all__ = ["LIMITS", "NO_FRAMES", "Due", "Hub", "Link", "Model", "World"]

LIMITS = Limits(
    max_message_length=3,
    max_rooms=2,
    command_rate=1.0,
    command_burst=6,
    refusal_rate=1.0,
    refusal_burst=2,
)
"""Small enough to be met."""

BINARY = "binary"
"""Stands for a binary message on a link."""

NO_FRAMES = (BINARY, "", "[]", "{", '{"command": NaN}')
"""What a client may send and no server takes for a frame."""


@dataclass
class World:
    """What server and model both look at: rooms, users, time."""

    titles: dict[str, str] = field(default_factory=lambda: {"1": "one", "2": "two", "3": "three"})
    staff_only: set[str] = field(default_factory=lambda: {"3"})
    staff: set[str] = field(default_factory=set)
    logged_out: set[str] = field(default_factory=set)
    now: int = 0

    def admits(self, user: str, room: str) -> bool:
        """Tell whether the user may be in the room now."""
        exists, is_open = room in self.titles, room not in self.staff_only
        return user not in self.logged_out and exists and (is_open or user in self.staff)


@dataclass(eq=False)
class Link:
    """One connection: a client core, a server core, and what is on the way between them."""

    user: str
    client: ClientConnection
    server: ServerConnection
    to_server: deque[str] = field(default_factory=deque)
    to_client: deque[str] = field(default_factory=deque)
    close_code: int | None = None


class Hub:
    """Carries out what the server cores say."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._members: dict[Room, list[Link]] = {}

    def connect(self, user: str) -> Link:
        """Return a new connection of a user."""

        def look_up(room: Room) -> RoomAccess | None:
            if room not in self._world.titles:
                return None
            allowed = room not in self._world.staff_only or user in self._world.staff
            return RoomAccess(self._world.titles[room], allowed)

        username = None if user in self._world.logged_out else user
        server = ServerConnection(username=username, look_up=look_up, limits=LIMITS)
        return Link(user, ClientConnection(username=user), server)

    def take(self, link: Link) -> None:
        """Let the server take one frame of the client."""
        text = link.to_server.popleft()
        now = float(self._world.now)
        if text == BINARY:
            self._perform(link, link.server.receive_binary(now=now))
        else:
            self._perform(link, link.server.receive_text(text, now=now))

    def disconnect(self, link: Link) -> None:
        """End a connection."""
        self._perform(link, link.server.disconnect())

    def put_out(self, losses: Iterable[tuple[Link, Room]]) -> None:
        """End memberships whose right is lost: all of them before anybody is told."""
        lost = [(link, room) for link, room in losses if link.server.put_out(room)]
        for link, room in lost:
            self._members[room].remove(link)
        for link, room in lost:
            self._announce(link, room, MsgType.LEAVE)
            self._post([link], Left(room))

    def _perform(self, link: Link, actions: Iterable[Action]) -> None:
        for action in actions:
            match action:
                case Reply(frame=frame):
                    self._post([link], frame)
                case Enter(room=room):
                    self._announce(link, room, MsgType.ENTER)
                    self._members.setdefault(room, []).append(link)
                case Exit(room=room, told=told):
                    if told:
                        self._announce(link, room, MsgType.LEAVE)
                        self._members[room].remove(link)
                    else:
                        self._members[room].remove(link)
                        self._announce(link, room, MsgType.LEAVE)
                case Speak(room=room, message=message):
                    said = Message(room, message, link.user, MsgType.MESSAGE)
                    self._post(self._members[room], said)
                case Close(code=code):
                    link.close_code = code
                case _:
                    assert_never(action)

    def _announce(self, link: Link, room: Room, msg_type: MsgType) -> None:
        self._post(self._members.get(room, []), Message(room, None, link.user, msg_type))

    @staticmethod
    def _post(links: Iterable[Link], frame: ServerFrame) -> None:
        # An error's words are not the protocol's.
        if isinstance(frame, Error):
            frame = Error(frame.code, frame.command, frame.room)
        for link in links:
            link.to_client.append(encode(frame))


class Due(NamedTuple):
    """
    A frame that a connection is owed.

    Attributes:
        frame: The frame.
        answers: Which of the connection's commands it answers, counted from 0; ``None`` if none.

    """

    frame: dict[str, Any]
    answers: int | None


@dataclass(eq=False)
class _Seat:
    """What the model keeps of one connection."""

    tokens: int = LIMITS.command_burst
    refusals: int = LIMITS.refusal_burst
    tokens_at: int = 0
    refusals_at: int = 0
    taken: int = 0
    is_closed: bool = False
    due: deque[Due] = field(default_factory=deque)


class Model:
    """What the specification says that each connection is owed."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._seats: dict[Link, _Seat] = {}
        self._inside: dict[str, set[Link]] = {}

    def connect(self, link: Link) -> None:
        """A connection starts with no membership (MC1-MEMB-03)."""
        self._seats[link] = _Seat()

    def due(self, link: Link) -> deque[Due]:
        """Return what the connection is owed, in order."""
        return self._seats[link].due

    def is_closed(self, link: Link) -> bool:
        """Tell whether the connection is over as a flood (MC1-LIMIT-07)."""
        return self._seats[link].is_closed

    def rooms(self, link: Link) -> set[str]:
        """Return the rooms that the connection is in."""
        return {room for room, inside in self._inside.items() if link in inside}

    def may_no_longer(self) -> list[tuple[Link, str]]:
        """Return who is in which room without the right to it."""
        return [
            (link, room)
            for room, inside in self._inside.items()
            for link in inside
            if not self._world.admits(link.user, room)
        ]

    def take(self, link: Link, text: str) -> None:
        """One frame of the client comes in."""
        seat, world = self._seats[link], self._world
        if seat.is_closed:
            return
        number, seat.taken = seat.taken, seat.taken + 1
        seat.tokens = min(LIMITS.command_burst, seat.tokens + world.now - seat.tokens_at)
        seat.tokens_at = world.now
        if seat.tokens == 0:
            # MC1-LIMIT-05, MC1-LIMIT-07
            seat.refusals = min(LIMITS.refusal_burst, seat.refusals + world.now - seat.refusals_at)
            seat.refusals_at = world.now
            if seat.refusals == 0:
                seat.is_closed = True
            else:
                seat.refusals -= 1
                self._owe(link, {"error": "RATE_LIMITED"}, number)
            return
        seat.tokens -= 1
        if text in NO_FRAMES:
            self._owe(link, {"error": "FRAME_INVALID"}, number)  # MC1-JSON-01, MC1-FRAME-03
            return
        command = json.loads(text)
        code = self._carry_out(link, number, **command)
        if code is not None:
            about = {"command": command["command"], "room": command["room"]}
            self._owe(link, {"error": code, **about}, number)  # MC1-ERR-01, MC1-ERR-02

    def put_out(self) -> None:
        """Whoever may no longer be in a room is put out of it (MC1-REVOKE-01 to -03)."""
        lost = self.may_no_longer()
        for link, room in lost:
            self._inside[room].remove(link)
        for link, room in lost:
            self._announce(link, room, MsgType.LEAVE)
            self._owe(link, {"leave": room}, None)

    def disconnect(self, link: Link) -> None:
        """The others of each room see one LEAVE (MC1-END-01)."""
        for room in sorted(self.rooms(link)):
            self._inside[room].remove(link)
            self._announce(link, room, MsgType.LEAVE)

    def _carry_out(
        self, link: Link, number: int, command: str, room: str, message: str = ""
    ) -> str | None:
        world, inside = self._world, self._inside.setdefault(room, set())
        if command == "send":
            if len(message) > LIMITS.max_message_length:
                return "MESSAGE_TOO_LONG"  # MC1-LIMIT-03
            if link not in inside:
                return "ROOM_ACCESS_DENIED"  # MC1-SEND-03
        if link.user in world.logged_out:
            return "USER_HAS_TO_LOGIN"  # MC1-AUTH-03, MC1-REVOKE-05
        if room not in world.titles:
            return "ROOM_INVALID"  # MC1-ROOM-06
        if not world.admits(link.user, room):
            return "ROOM_ACCESS_DENIED"  # MC1-ROOM-07
        if command == "send":
            frame = {"room": room, "message": message, "username": link.user, "msg_type": 0}
            for member in inside:  # MC1-SEND-01, MC1-SEND-02, MC1-SEND-06
                self._owe(member, frame, number if member is link else None)
        elif command == "join":
            if link not in inside:
                if len(self.rooms(link)) == LIMITS.max_rooms:
                    return "RATE_LIMITED"  # MC1-LIMIT-05
                self._announce(link, room, MsgType.ENTER)  # MC1-ANN-01, MC1-ANN-02
                inside.add(link)
            self._owe(link, {"join": room, "title": world.titles[room]}, number)
        else:
            if link in inside:
                self._announce(link, room, MsgType.LEAVE)  # MC1-ANN-03, MC1-LEAVE-04
                inside.remove(link)
            self._owe(link, {"leave": room}, number)
        return None

    def _announce(self, link: Link, room: str, msg_type: MsgType) -> None:
        frame = {"room": room, "message": None, "username": link.user, "msg_type": msg_type.value}
        for member in self._inside[room]:
            self._owe(member, frame, None)

    def _owe(self, link: Link, frame: dict[str, Any], answers: int | None) -> None:
        self._seats[link].due.append(Due(frame, answers))
