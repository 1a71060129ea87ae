"""
A chat server in memory: the rules of v1 without a socket, and a lever for each misfortune.

It stands on the same core as a real server (:class:`multichat_proto.server.ServerConnection`),
so what a client sees of it is v1. One object serves clients of all three shells at once, also
from several threads.
"""

from collections.abc import Callable, Collection, Mapping

from multichat_proto.exceptions import (
    HandshakeRefused,
    MultichatError,
)
from multichat_proto.limits import Limits
from multichat_proto.messages import (
    CloseCode,
    Join,
    Leave,
    Message,
    MsgType,
    Send,
)
from multichat_proto.testing.connecting import Connectable
from multichat_proto.testing.faults import Faults, Misfortune
from multichat_proto.testing.plans import Plan, Verb
from multichat_proto.testing.serving import (
    MemoryConnection,
    ReceivedCommand,
    Serving,
    StaffRoom,
    canonical,
)
from multichat_proto.transport import OpenRequest

__all__ = ["MemoryConnection", "MemoryServer", "ReceivedCommand", "StaffRoom"]


class MemoryServer(Serving, Connectable):
    """
    A server in memory.

    ::

        server = MemoryServer({"1": "Lobby", "2": StaffRoom("Office")}, staff={"dave"})
        async with connect("ws://test", transport=server.connector("trio", "alice")) as chat:
            room = await chat.join("1")
            server.say("bob", "1", "hello")
            assert server.said("1") == [("bob", "hello")]

    Args:
        rooms: Title, or :class:`StaffRoom`, by the room's id.
        users: Password by name, for those who log in; ``None`` takes anybody.
        staff: Who may enter staff rooms.
        authorizations: Name of the user by the value of the ``Authorization`` header.
        announces: Whether ENTER and LEAVE are announced (MC1-ANN-04).
        limits: What a connection may do; ``None`` means the reference server's defaults.
        max_backlog: Frames that wait for a client that does not read, before it is put out
            with 1013 (MC1-CLOSE-06).

    Raises:
        LocalProtocolError: A room's id is none.

    """

    def __init__(
        self,
        rooms: Mapping[str, str | StaffRoom] | None = None,
        users: Mapping[str, str] | None = None,
        *,
        staff: Collection[str] = (),
        authorizations: Mapping[str, str] | None = None,
        announces: bool = True,
        limits: Limits | None = None,
        max_backlog: int = 10_000,
    ) -> None:
        super().__init__(
            {"1": "Lobby"} if rooms is None else rooms,
            users,
            staff=staff,
            authorizations=authorizations,
            announces=announces,
            limits=limits,
            max_backlog=max_backlog,
        )

    # -- Clients.

    def log_out(self, username: str) -> None:
        """End all sessions of a user, and close the connections with 1008 (MC1-REVOKE-06)."""
        with self.lock:
            for key in [key for key, name in self._sessions.items() if name == username]:
                del self._sessions[key]
            self.close(username, CloseCode.POLICY_VIOLATION, "the session has ended")

    # -- What was seen.

    @property
    def connections(self) -> tuple[MemoryConnection, ...]:
        """The clients that are connected, in the order in which they came."""
        with self.lock:
            return tuple(self._connections)

    @property
    def received(self) -> list[ReceivedCommand]:
        """Every command that came in, in order; a copy."""
        with self.lock:
            return list(self._received)

    @property
    def handshakes(self) -> list[OpenRequest]:
        """Every attempt to connect, the refused ones included; a copy."""
        with self.lock:
            return list(self._handshakes)

    def watch(self, call: Callable[[], None]) -> None:
        """Have something called each time that something is said; it may only wake up."""
        with self.lock:
            self._watchers.append(call)

    def unwatch(self, call: Callable[[], None]) -> None:
        """Have it called no longer."""
        with self.lock:
            self._watchers.remove(call)

    @property
    def messages(self) -> list[Message]:
        """Everything that was said, in order; a copy."""
        with self.lock:
            return list(self._messages)

    def said(self, room: str | int) -> list[tuple[str, str]]:
        """Return who said what in a room, in order."""
        name = canonical(room)
        return [
            (message.username, message.message or "")
            for message in self.messages
            if message.room == name
        ]

    def members(self, room: str | int) -> frozenset[str]:
        """Return who is in a room."""
        with self.lock:
            members = self._members.get(canonical(room), {})
            return frozenset(link.username for link in members if link.username is not None)

    # -- People who have no client in the test.

    def enter(self, username: str, room: str | int) -> None:
        """
        Have somebody enter a room who has no client in the test.

        Raises:
            CommandRefused: The room does not exist, or is for staff.

        """
        self._act(username, Join(canonical(room)))

    def say(self, username: str, room: str | int, text: str) -> None:
        """
        Have somebody say something who has no client in the test, entering the room first.

        Raises:
            CommandRefused: The room does not exist, or is for staff; the text is too long.

        """
        with self.lock:
            self.enter(username, room)
            self._act(username, Send(canonical(room), text))

    def leave(self, username: str, room: str | int) -> None:
        """Have somebody leave who came by :meth:`enter` or :meth:`say`."""
        self._act(username, Leave(canonical(room)))

    # -- The operator.

    def set_room(self, room: str | int, title: str | StaffRoom) -> None:
        """Add a room, or change it; who may not be there any more is put out (MC1-REVOKE-01)."""
        with self.lock:
            name = canonical(room)
            self._rooms[name] = title
            if isinstance(title, StaffRoom):
                members = self._members.get(name, ())
                self._put_out(name, [link for link in members if link.username not in self.staff])

    def remove_room(self, room: str | int) -> None:
        """Delete a room, and put everybody out of it (MC1-REVOKE-01)."""
        with self.lock:
            name = canonical(room)
            self._rooms.pop(name, None)
            self._put_out(name, list(self._members.get(name, ())))

    def announce(
        self,
        room: str | int,
        text: str | None,
        msg_type: int = MsgType.ALERT,
        username: str = "operator",
    ) -> None:
        """
        Say something as the operator (MC1-TYPE-03).

        Args:
            room: Where.
            text: What; ``None`` only with types beyond v1's.
            msg_type: 1 WARNING, 2 ALERT, 3 MUTED, or a number that v1 does not know.
            username: Whose name it bears.

        """
        with self.lock:
            name = canonical(room)
            frame = Message(name, text, username, int(msg_type))
            self._tell(self._members.get(name, ()), frame)

    def put_out(self, username: str, room: str | int) -> None:
        """Put somebody out of a room, who may join it again at once (MC1-REVOKE-01)."""
        with self.lock:
            name = canonical(room)
            self._put_out(
                name,
                [link for link in self._members.get(name, ()) if link.username == username],
            )

    # -- Misfortunes.

    def restart(self, reason: str = "service restart") -> None:
        """Close every client with 1012, and forget who was where (MC1-CLOSE-05)."""
        with self.lock:
            for link in list(self._connections):
                self._connections.pop(link)
                link.end(CloseCode.SERVICE_RESTART, reason)
            # A server's own stop is told to nobody but by 1012 (MC1-END-01).
            for members in self._members.values():
                for link in [link for link in members if link not in self._puppets.values()]:
                    members.pop(link)

    def close(self, username: str, code: int, reason: str = "") -> None:
        """Close a user's connections with a code."""
        with self.lock:
            for link in self._links_of(username):
                link.end(code, reason)
                self.lost(link)

    def cut(self, username: str, *, after_next_command: bool = False) -> None:
        """
        Cut a user's connections: the client is told nothing, and takes it for 1006.

        Args:
            username: Whose.
            after_next_command: Whether only then: the command is carried out, and its answer
                never comes.

        """
        with self.lock:
            if after_next_command:
                self._plans.add(username, Plan("cut"))
                return
            for link in self._links_of(username):
                link.cut()
                self.lost(link)

    def tear(self, username: str) -> None:
        """Cut a user's connection in the middle of its next frame, which is not carried out."""
        with self.lock:
            self._plans.add(username, Plan("tear"))

    def half_open(self, username: str) -> None:
        """
        Let nothing through any more, either way, without telling the client.

        Its connections stay members until the client gives up, or is cut.
        """
        with self.lock:
            for link in self._links_of(username):
                link.is_half_open = True

    def delay(self, seconds: float) -> None:
        """Have whatever the server says from now on take so long to arrive."""
        with self.lock:
            self._delay = seconds
            for link in self._connections:
                link.delay = seconds

    def spoil(self, faults: Faults | None) -> None:
        """Have these faults happen to all connections from now on; ``None`` ends them."""
        with self.lock:
            self._misfortune = None if faults is None else Misfortune(faults)
            for link in self._connections:
                link.misfortune = self._misfortune

    def refuse(self, how: int | MultichatError, times: int | None = 1) -> None:
        """
        Refuse connections.

        Args:
            how: An HTTP status, or the very error that the client gets.
            times: How many; ``None`` refuses all, until :meth:`accept`.

        """
        error = HandshakeRefused(how) if isinstance(how, int) else how
        with self.lock:
            if times is None:
                self._is_down = error
            else:
                self._refusals.extend([error] * times)

    def accept(self) -> None:
        """Refuse connections no longer."""
        with self.lock:
            self._refusals.clear()
            self._is_down = None

    def refuse_command(self, username: str, verb: Verb, code: str, times: int = 1) -> None:
        """Answer a user's next ``join``, ``leave`` or ``send`` with this error code."""
        with self.lock:
            for _ in range(times):
                self._plans.add(username, Plan("refuse", verb, code))

    def ignore_command(self, username: str, verb: Verb | None = None) -> None:
        """Carry out nothing of, and stay silent to, a user's next command of this kind."""
        with self.lock:
            self._plans.add(username, Plan("ignore", verb))

    def inject(self, username: str, frame: str | bytes) -> None:
        """Send a user this very frame, whatever it is; bytes make a binary one."""
        with self.lock:
            for link in self._links_of(username):
                link.deliver(frame)
