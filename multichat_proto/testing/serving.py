"""How a server in memory carries out commands: who is where, and who is told what."""

import itertools
import threading
from collections import deque
from collections.abc import Callable, Collection, Iterable, Mapping

import msgspec

from multichat_proto.codec import decode_command, encode
from multichat_proto.exceptions import (
    CommandRefused,
    LocalProtocolError,
    LoginFailed,
    MultichatError,
)
from multichat_proto.handshake import SESSION_COOKIE, SUBPROTOCOL
from multichat_proto.limits import Limits
from multichat_proto.messages import (
    CloseCode,
    Command,
    Error,
    Message,
    MsgType,
    Room,
    ServerFrame,
    room_id,
)
from multichat_proto.server import (
    Action,
    Close,
    Enter,
    Exit,
    Reply,
    RoomAccess,
    ServerConnection,
    Speak,
)
from multichat_proto.testing.faults import Misfortune
from multichat_proto.testing.links import Link
from multichat_proto.testing.plans import Plan, Plans
from multichat_proto.transport import OpenRequest

__all__ = ["MemoryConnection", "ReceivedCommand", "Serving", "StaffRoom", "canonical"]


class StaffRoom(msgspec.Struct, frozen=True):
    """
    A room for staff alone.

    ::

        MemoryServer({"1": "Lobby", "2": StaffRoom("Office")}, staff={"dave"})

    Attributes:
        title: Its title.

    """

    title: str


class ReceivedCommand(msgspec.Struct, frozen=True):
    """
    A command that came in, whatever became of it.

    ::

        assert server.received[-1] == ReceivedCommand("alice", Send("1", "hello"))

    Attributes:
        username: Whose connection it came by; ``None`` if nobody was logged in.
        command: ``Join``, ``Leave`` or ``Send``; the frame's text if it was no command.

    """

    username: str | None
    command: Command | str


class MemoryConnection(Link):
    """
    One client of a :class:`MemoryServer`, as the server sees it.

    ::

        (connection,) = server.connections
        assert (connection.username, connection.rooms) == ("alice", {"1"})
    """

    core: ServerConnection

    @property
    def rooms(self) -> frozenset[Room]:
        """The rooms that it is in."""
        return frozenset(self.core.rooms)


class Serving:
    """
    The inside of a :class:`MemoryServer`.

    Args:
        rooms: Title, or :class:`StaffRoom`, by the room's id.
        users: Password by name; ``None`` takes anybody.
        staff: Who may enter staff rooms.
        authorizations: Name of the user by the value of the ``Authorization`` header.
        announces: Whether ENTER and LEAVE are announced.
        limits: What a connection may do.
        max_backlog: Frames that wait for a client that does not read.

    Attributes:
        lock: Held whenever anything here is used.
        staff: As given; may be changed.

    """

    def __init__(
        self,
        rooms: Mapping[str, str | StaffRoom],
        users: Mapping[str, str] | None,
        *,
        staff: Collection[str],
        authorizations: Mapping[str, str] | None,
        announces: bool,
        limits: Limits | None,
        max_backlog: int,
    ) -> None:
        self.lock = threading.RLock()
        self.staff = set(staff)
        self._announces = announces
        self._limits = limits or Limits()
        self._max_backlog = max_backlog
        self._users = None if users is None else dict(users)
        self._authorizations = dict(authorizations or {})
        self._keys = (f"session-{number}" for number in itertools.count(1))
        self._sessions: dict[str, str] = {}
        self._connections: dict[MemoryConnection, None] = {}
        self._puppets: dict[str, MemoryConnection] = {}
        self._members: dict[Room, dict[MemoryConnection, None]] = {}
        self._refusals: deque[MultichatError] = deque()
        self._is_down: MultichatError | None = None
        self._plans = Plans()
        self._delay = 0.0
        self._misfortune: Misfortune | None = None
        self._received: list[ReceivedCommand] = []
        self._messages: list[Message] = []
        self._watchers: list[Callable[[], None]] = []
        self._handshakes: list[OpenRequest] = []
        self._rooms: dict[Room, str | StaffRoom] = {}
        for room, title in rooms.items():
            self._rooms[canonical(room)] = title

    # -- What links ask.

    def open_link(self, request: OpenRequest, username: str | None) -> Link:
        """Take a connection; for connectors."""
        with self.lock:
            self._handshakes.append(request)
            error = self._refusals.popleft() if self._refusals else self._is_down
            if error is not None:
                raise error.with_traceback(None)
            name = self._who(request.headers) if username is None else username
            offered = SUBPROTOCOL in request.subprotocols
            link = self._new_link(name, self._limits)
            link.subprotocol = SUBPROTOCOL if offered else None
            link.max_frame_bytes = request.max_frame_bytes
            link.delay = self._delay
            link.misfortune = self._misfortune
            self._connections[link] = None
            return link

    def session(self, username: str) -> dict[str, str]:
        """Return the cookies of a new session, as ``Cookies`` takes them."""
        with self.lock:
            key = next(self._keys)
            self._sessions[key] = username
            return {SESSION_COOKIE: key}

    def log_in(self, username: str, password: str) -> dict[str, str]:
        """Return the cookies of a new session; for connectors."""
        with self.lock:
            if self._users is not None and self._users.get(username) != password:
                raise LoginFailed("the server did not take this name and password")
            return self.session(username)

    def receive(self, link: Link, text: str, now: float) -> None:
        """Take a client's frame; for links."""
        with self.lock:
            if not isinstance(link, MemoryConnection) or link not in self._connections:
                return
            command = _read(text)
            self._received.append(
                ReceivedCommand(link.username, text if command is None else command)
            )
            plan = self._plans.take(link.username, command)
            match plan:
                case Plan(what="tear"):
                    link.cut()
                    self.lost(link)
                case Plan(what="ignore"):
                    pass
                case Plan(what="refuse", verb=verb, code=code) if command is not None:
                    self._tell([link], Error(code, verb, command.room_id))
                case Plan(what="cut"):
                    # What the server does is seen by the others, but by this client no more.
                    link.is_half_open = True
                    self._carry_out(link, link.core.receive_text(text, now=now))
                    link.cut()
                    self.lost(link)
                case _:
                    self._carry_out(link, link.core.receive_text(text, now=now))

    def lost(self, link: Link) -> None:
        """Take it that a client has gone; for links."""
        with self.lock:
            if isinstance(link, MemoryConnection) and link in self._connections:
                del self._connections[link]
                self._carry_out(link, link.core.disconnect())

    # -- What it comes to.

    def _new_link(self, username: str | None, limits: Limits) -> MemoryConnection:
        link = MemoryConnection(self, username=username)

        def look_up(room: Room) -> RoomAccess | None:
            title = self._rooms.get(room)
            if isinstance(title, StaffRoom):
                return RoomAccess(title.title, link.username in self.staff)
            return None if title is None else RoomAccess(title, allowed=True)

        link.core = ServerConnection(username=username, look_up=look_up, limits=limits)
        return link

    def _who(self, headers: Mapping[str, str]) -> str | None:
        lower = {name.lower(): value for name, value in headers.items()}
        if (value := lower.get("authorization")) is not None:
            return self._authorizations.get(value)
        for pair in lower.get("cookie", "").split(";"):
            name, _, value = pair.strip().partition("=")
            if name == SESSION_COOKIE:
                return self._sessions.get(value)
        return None

    def _links_of(self, username: str) -> list[MemoryConnection]:
        return [link for link in self._connections if link.username == username]

    def _act(self, username: str, command: Command) -> None:
        with self.lock:
            link = self._puppets.get(username)
            if link is None:
                # Whoever is no client has no rate, and is refused by an exception.
                limits = msgspec.structs.replace(self._limits, command_rate=0.0)
                link = self._puppets[username] = self._new_link(username, limits)
            actions = link.core.receive_text(encode(command), now=0.0)
            for action in actions:
                if isinstance(action, Reply) and isinstance(action.frame, Error):
                    error = action.frame
                    raise CommandRefused(error.code, error.command, error.room, error.detail)
            self._carry_out(link, actions)

    def _put_out(self, room: Room, links: list[MemoryConnection]) -> None:
        actions = [(link, link.core.put_out(room)) for link in links]
        # All memberships end before any LEAVE is announced (MC1-REVOKE-07).
        for link in links:
            self._members[room].pop(link, None)
        for link, done in actions:
            self._carry_out(link, done)

    def _carry_out(self, link: MemoryConnection, actions: Iterable[Action]) -> None:
        for action in actions:
            match action:
                case Reply(frame=frame):
                    self._tell([link], frame)
                case Enter(room=room):
                    members = self._members.setdefault(room, {})
                    self._notice(room, link, MsgType.ENTER)
                    members[link] = None
                case Exit(room=room, told=told):
                    if told:
                        self._notice(room, link, MsgType.LEAVE)
                    self._members.get(room, {}).pop(link, None)
                    if not told:
                        self._notice(room, link, MsgType.LEAVE)
                case Speak(room=room, message=text):
                    name = link.username or ""
                    message = Message(room, text, name, MsgType.MESSAGE)
                    self._messages.append(message)
                    self._tell(self._members.get(room, ()), message)
                    for call in self._watchers:
                        call()
                case Close(code=code, reason=reason):
                    link.end(code, reason)
                    self.lost(link)

    def _notice(self, room: Room, link: MemoryConnection, kind: MsgType) -> None:
        if self._announces and link.username is not None:
            self._tell(self._members.get(room, ()), Message(room, None, link.username, kind))

    def _tell(self, links: Iterable[MemoryConnection], frame: ServerFrame) -> None:
        text = encode(frame)
        for link in list(links):
            if link not in self._connections:
                continue  # somebody who has no client
            if link.backlog >= self._max_backlog:
                link.end(CloseCode.TRY_AGAIN_LATER, "too slow")
                self.lost(link)
                continue
            link.deliver(text)


def canonical(room: str | int) -> Room:
    """
    Return a room's id.

    Raises:
        LocalProtocolError: It is none.

    """
    name = room_id(room)
    if name is None:
        raise LocalProtocolError(f"{room!r} is no room's name (MC1-ROOM-01, MC1-ROOM-02)")
    return name


def _read(text: str) -> Command | None:
    try:
        return decode_command(text)
    except CommandRefused:
        return None
