"""
The small server: it listens, hands each connection on, looks again after changes, and stops.

It is put together from parts, each the rules of one thing. A fault is a subclass of a part that
breaks a rule; everything else is as it was.
"""

from collections.abc import Collection
from typing import TypeVar

import trio

from tests.conformance.small_server.commands import Commands
from tests.conformance.small_server.connection import Connection
from tests.conformance.small_server.framing import Framing
from tests.conformance.small_server.hall import Hall, QuietHall
from tests.conformance.small_server.handshake import Accepted, Handshake, Response
from tests.conformance.small_server.limits import Limits
from tests.conformance.small_server.reading import Reading
from tests.conformance.small_server.requests import Requests, Unreadable
from tests.conformance.small_server.store import Account, Room, Store
from tests.conformance.small_server.web import Web, encode

__all__ = ["PARTS", "Review", "Server"]

HOST = "127.0.0.1"
SEND_BUFFER = 65_536
"""What the system holds back for a slow reader, in bytes: little, so that the backlog shows."""


class Review:
    """What happens when a user, a room or a session was changed (section 9)."""

    def __init__(self, server: "Server") -> None:
        self.server = server

    def look_again(self) -> None:
        """Close what has lost its session, put out who has lost a room."""
        for connection in list(self.server.connections):
            if connection.session is not None and connection.session.has_ended:
                self.end_session(connection)
        for room in list(self.server.hall.rooms):
            losers = [
                member
                for member in self.server.hall.members(room)
                if not self.may_stay(member.account, self.server.store.rooms.get(room))
            ]
            self.server.hall.put_out(room, losers)

    def end_session(self, connection: Connection) -> None:
        """Close a connection whose session has ended (MC1-REVOKE-06)."""
        connection.close(1008, "the session has ended")

    def stop(self, connection: Connection) -> None:
        """Tell a client that the server stops, and no room (MC1-CLOSE-05, MC1-END-01)."""
        connection.close(1012, "the server stops", told=False)

    def stop_seconds(self) -> float:
        """How long a stop waits for clients."""
        return self.server.limits.stop_seconds

    def may_stay(self, account: Account | None, room: Room | None) -> bool:
        """Whether a member may be in a room still (MC1-REVOKE-01, MC1-REVOKE-05)."""
        if room is None or account is None or not account.is_active:
            return False
        return account.is_staff or not room.staff_only


Part = TypeVar("Part")


class Server:
    """
    The server.

    Attributes:
        connections: Those that are open, in the order of their handshakes.
        is_running: Whether it listens.
        announces: Whether it sends ENTER and LEAVE.

    """

    def __init__(
        self,
        parts: Collection[type] = (),
        *,
        limits: Limits | None = None,
        announces: bool = True,
    ) -> None:
        self._parts = {base: _combined(base, parts) for base in PARTS}
        self._port = 0
        self._scope = trio.CancelScope()
        self._gone = trio.Event()
        self._stopped = trio.Event()
        self.limits = Limits() if limits is None else limits
        self.announces = announces
        self.is_running = False
        self.connections: dict[Connection, None] = {}
        self.store = self.part(Store)(self.limits)
        self.hall = self.part(Hall)() if announces else QuietHall()
        self.commands = self.part(Commands)(
            self.store, self.hall, self.part(Reading)(self.limits), self.limits
        )
        self.handshake = self.part(Handshake)(self)
        self.requests = self.part(Requests)(self.limits)
        self.review = self.part(Review)(self)
        self.web = self.part(Web)(self.store)

    def part(self, base: type[Part]) -> type[Part]:
        """Return the class that stands for a part: the correct one, or a faulty one."""
        return self._parts[base]

    @property
    def address(self) -> str:
        """Host and port."""
        return f"{HOST}:{self._port}"

    @property
    def origins(self) -> Collection[str]:
        """The origins of its own pages."""
        return (f"http://{self.address}", f"http://localhost:{self._port}")

    async def run(self, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Listen, at the port of the last time, and serve until it is stopped."""
        self._scope = trio.CancelScope()
        self._gone = trio.Event()
        self._stopped = trio.Event()
        listeners = await trio.open_tcp_listeners(self._port, host=HOST)
        self._port = listeners[0].socket.getsockname()[1]
        self.is_running = True
        try:
            async with trio.open_nursery() as nursery:
                await nursery.start(self._listen, listeners)
                task_status.started()
                # The connections outlive the listening, for their last words.
                await self._gone.wait()
                nursery.cancel_scope.cancel()
        finally:
            self.is_running = False
            self._stopped.set()

    async def _listen(
        self,
        listeners: list[trio.SocketListener],
        task_status: trio.TaskStatus[list[trio.SocketListener]],
    ) -> None:
        async with trio.open_nursery() as nursery:
            with self._scope:
                await trio.serve_listeners(
                    self._serve, listeners, handler_nursery=nursery, task_status=task_status
                )

    def begin_stop(self) -> None:
        """Listen no more, and say good-bye to everybody (MC1-CLOSE-05)."""
        self._scope.cancel()
        for connection in list(self.connections):
            self.review.stop(connection)

    async def stop(self) -> None:
        """Stop in good order: everybody gets 1012, and a time to take it."""
        if not self.is_running:
            return
        self.begin_stop()
        with trio.move_on_after(self.review.stop_seconds()):
            while self.connections:
                await next(iter(self.connections)).is_gone.wait()
        self._gone.set()
        await self._stopped.wait()

    async def stopped(self) -> None:
        """Wait until the server has ended."""
        await self._stopped.wait()

    def die(self) -> None:
        """End at once, as a process that is killed: what a correct server never does."""
        self._gone.set()
        for connection in list(self.connections):
            connection.cut()

    async def _serve(self, stream: trio.SocketStream) -> None:
        stream.setsockopt(trio.socket.SOL_SOCKET, trio.socket.SO_SNDBUF, SEND_BUFFER)
        async with stream:
            try:
                request, early = await self.requests.read(stream)
            except Unreadable as unreadable:
                if unreadable.response is not None:
                    await self._answer(stream, unreadable.response)
                return
            if not self.handshake.is_ours(request.path):
                await self._answer(stream, self.web.answer(request))
                self.review.look_again()
                return
            if self._scope.cancel_called:
                await self._answer(stream, Response(503, "The server stops."))
                return
            match self.handshake.judge(request):
                case Response() as response:
                    await self._answer(stream, response)
                case Accepted() as accepted:
                    await self._converse(stream, accepted, early)

    async def _answer(self, stream: trio.SocketStream, response: Response) -> None:
        """Answer, and let the client take it in before the connection ends."""
        with trio.move_on_after(self.limits.close_seconds):
            try:
                await stream.send_all(encode(response))
                await stream.send_eof()
                while await stream.receive_some():
                    pass
            except trio.BrokenResourceError:
                return

    async def _converse(self, stream: trio.SocketStream, accepted: Accepted, early: bytes) -> None:
        lines = ["HTTP/1.1 101 Switching Protocols"]
        lines += [f"{name}: {value}" for name, value in accepted.headers]
        connection = self.part(Connection)(self, stream, accepted.session)
        self.connections[connection] = None
        try:
            await stream.send_all("\r\n".join([*lines, "", ""]).encode())
            await connection.run(early)
        except trio.BrokenResourceError:
            return  # the client went before it was answered
        finally:
            del self.connections[connection]
            connection.is_gone.set()


PARTS: tuple[type, ...] = (
    Commands,
    Connection,
    Framing,
    Hall,
    Handshake,
    Reading,
    Requests,
    Review,
    Store,
    Web,
)
"""What a server is made of, and what a fault may replace."""


def _combined(base: type, parts: Collection[type]) -> type:
    """Return a part with all that is to replace something of it."""
    classes = tuple(part for part in parts if issubclass(part, base))
    return type(base.__name__, classes, {}) if classes else base
