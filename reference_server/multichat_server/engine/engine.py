"""
The chat on one node: every connection, and what connects them.

The engine owns no listener. It is given streams on which an upgrade was asked for, one task
each, and drives them until they end; :meth:`Engine.run` is its own task, which writes, keeps
deadlines and looks for changes.
"""

import contextlib
from functools import partial
from http import HTTPStatus
from typing import Final

import h11
import trio

from multichat_proto.exceptions import StoreUnavailable
from multichat_proto.limits import Limits, TokenBucket
from multichat_proto.messages import CloseCode, Message, Room
from multichat_proto.server import RoomAccess, ServerConnection
from multichat_server.config import Settings
from multichat_server.engine.connection import Connection, put_out
from multichat_server.engine.directory import Accounts, Directory, Visit
from multichat_server.engine.driver import READ_BYTES, SocketSink, drive
from multichat_server.engine.flusher import Flusher
from multichat_server.engine.framing import frame
from multichat_server.engine.handshake import Accepted, Refused, negotiate, refusal
from multichat_server.engine.hub import Hub
from multichat_server.engine.members import Member, inside
from multichat_server.engine.outbox import Outbox
from multichat_server.engine.timers import Timers

__all__ = ["Engine"]

REFUSED_READS: Final = 4
"""How often something is read of a client that was refused, before it is cut off."""


class Engine:
    """
    The chat on one node.

    Args:
        accounts: Users, rooms and sessions.
        settings: The limits, and whether ENTER and LEAVE are announced.
        watch: The same, for looking at changes, where strangers cannot hold it up; see
            :class:`~multichat_server.engine.directory.Directory`.

    """

    def __init__(
        self, accounts: Accounts, settings: Settings, *, watch: Accounts | None = None
    ) -> None:
        self._settings = settings
        self._limits = Limits(
            max_message_length=settings.max_message_length,
            max_rooms=settings.max_rooms_per_connection,
            command_rate=settings.command_rate,
            command_burst=settings.command_burst,
            refusal_rate=settings.refusal_rate,
            refusal_burst=settings.refusal_burst,
        )
        self._hub = Hub()
        self._flusher = Flusher()
        self._timers = Timers()
        self._directory = Directory(
            accounts,
            watch=watch,
            poll=settings.directory_poll,
            stale_after=settings.stale_after,
        )
        self._connections: dict[Connection, None] = {}
        self._visitors = 0
        self._is_stopping = False
        self._is_empty = trio.Event()

    @property
    def connections(self) -> int:
        """How many connections there are, those in their handshake included."""
        return self._visitors

    async def run(self) -> None:
        """
        Do the engine's own work until cancelled; call :meth:`refresh` first.

        Cancelling it leaves connections as they are, but nothing is written any more: end them
        before, by :meth:`stop`.
        """
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._flusher.run)
            nursery.start_soon(self._timers.run)
            nursery.start_soon(self._directory.run)

    async def upgrade(
        self, stream: trio.SocketStream, request: h11.Request, trailing: bytes
    ) -> None:
        """
        Serve one client from its upgrade request to its end, whatever that is.

        Cancelling it ends the connection at once, and the others are told. The stream is closed
        in any case.

        Args:
            stream: The client's connection, the request read from it.
            request: The request.
            trailing: What came in behind the request.

        """
        self._visitors += 1
        try:
            async with stream:
                await self._serve(stream, request, trailing)
        finally:
            self._visitors -= 1
            if not self._visitors:
                self._is_empty.set()

    def announce(self, room_id: int, msg_type: int, text: str, username: str) -> int:
        """
        Send a message of another type than a user's to a room (MC1-TYPE-03).

        Args:
            room_id: The room; if nobody is in it, nothing happens.
            msg_type: 1 to 3, or a type that the deployment defines.
            text: What it says.
            username: As whom it is said.

        Returns:
            How many members it is sent to.

        Raises:
            ValueError: The type is one that has another meaning: 0, 4, 5 or negative.

        """
        if msg_type < 1 or msg_type in (4, 5):
            raise ValueError(f"message type {msg_type} is not one for announcements")
        room = Room(str(room_id))
        return self._hub.broadcast(room, frame(Message(room, text, username, msg_type)))

    def members(self, room_id: int) -> list[Member]:
        """Return who is in a room, by name; several connections of one user are several."""
        return [member for member, _ in inside(self._directory.visits, Room(str(room_id)))]

    def occupancy(self) -> dict[int, int]:
        """Return how many members each room has that has any."""
        return {int(room): count for room, count in self._hub.occupancy().items()}

    def put_out(self, room_id: int, connection: int) -> Member | None:
        """
        Put a member out of a room, as if it had lost the right (MC1-REVOKE-01).

        Nothing keeps it from joining again: that is what rights are for.

        Args:
            room_id: The room.
            connection: Which member; see :attr:`Member.connection`.

        Returns:
            Who was put out; ``None`` if no such connection is in the room.

        """
        room = Room(str(room_id))
        for member, found in inside(self._directory.visits, room):
            if member.connection == connection:
                put_out([(found, room)])
                return member
        return None

    @property
    def next_change(self) -> trio.Event:
        """
        What is set at the next change of a room, or of a name or right of somebody connected.

        Take it before looking at what may change. It is also set when the server stops.
        """
        return self._directory.next_change

    def session_ended(self, key: str) -> None:
        """Close the connections of a session that has ended, at once (MC1-REVOKE-06)."""
        self._directory.session_ended(key)

    async def refresh(self) -> None:
        """
        Return when changes made to the store before this call are in force.

        Raises:
            StoreUnavailable: The store cannot be reached.

        """
        await self._directory.refresh()

    async def stop(self, *, grace: float) -> None:
        """
        Close every connection with 1012, and return when all are gone (MC1-CLOSE-05).

        Nobody is announced to leave: everybody does. New handshakes are refused from now on.

        Args:
            grace: Seconds after which those that are still there are cut off.

        """
        self._is_stopping = True
        self._directory.wake()
        now = trio.current_time()
        with trio.move_on_after(grace):
            # All memberships end before anybody is closed.
            self._hub.clear()
            for connection in list(self._connections):
                connection.close(CloseCode.SERVICE_RESTART, "the server stops", now=now)
            while self._visitors:
                self._is_empty = trio.Event()
                await self._is_empty.wait()
        for connection in list(self._connections):
            connection.lost()

    async def _serve(
        self, stream: trio.SocketStream, request: h11.Request, trailing: bytes
    ) -> None:
        judged = self._judge(request)
        if isinstance(judged, Refused):
            await self._refuse(stream, judged)
            return
        visit = self._directory.enter(judged.credential)
        try:
            if not await self._identify(visit):
                unknown = "Users and rooms cannot be reached just now."
                await self._refuse(stream, refusal(HTTPStatus.SERVICE_UNAVAILABLE, unknown))
                return
            if judged.shows_token and visit.user is None:
                # A page's script could not see why it is refused (MC1-AUTH-04); a bot can.
                wrong = "This token is not known, has run out or was revoked."
                await self._refuse(stream, refusal(HTTPStatus.UNAUTHORIZED, wrong))
                return
            if self._is_stopping:
                return
            # No checkpoint from here on, so that no change is missed (see the directory).
            connection = visit.connection = self._connect(visit, stream.socket)
            self._connections[connection] = None
            try:
                connection.outbox.post(judged.response)
                await drive(connection, stream.socket, trailing)
            finally:
                del self._connections[connection]
        finally:
            self._directory.forget(visit)

    def _judge(self, request: h11.Request) -> Accepted | Refused:
        if self._is_stopping:
            return refusal(HTTPStatus.SERVICE_UNAVAILABLE, "The server stops.")
        if self._visitors > self._settings.max_connections:
            return refusal(HTTPStatus.SERVICE_UNAVAILABLE, "Too many connections; try again later.")
        return negotiate(request, allowed_origins=self._settings.allowed_origins)

    async def _identify(self, visit: Visit) -> bool:
        with trio.move_on_after(self._settings.handshake_timeout):
            try:
                await self._directory.identify(visit)
            except StoreUnavailable:
                return False
            return True
        return False

    def _connect(self, visit: Visit, sock: trio.socket.SocketType) -> Connection:
        settings = self._settings

        def look_up(room: Room) -> RoomAccess | None:
            return self._directory.access(room, visit.user)

        def put_out_slow() -> None:
            connection.put_out_slow(now=trio.current_time())

        connection = Connection(
            chat=ServerConnection(
                username=None if visit.user is None else visit.user.username,
                look_up=look_up,
                limits=self._limits,
            ),
            outbox=Outbox(
                SocketSink(sock),
                limit=settings.outbox_bytes,
                schedule=self._flusher.schedule,
                overflowed=partial(self._flusher.call_soon, put_out_slow),
            ),
            hub=self._hub,
            timers=self._timers,
            announces=settings.announce,
            max_frame_bytes=settings.max_frame_bytes,
            ping_interval=settings.ping_interval,
            ping_timeout=settings.ping_timeout,
            close_timeout=settings.close_timeout,
            small_frames=TokenBucket(
                rate=settings.small_frame_rate, burst=settings.small_frame_burst
            ),
            now=trio.current_time(),
        )
        return connection

    async def _refuse(self, stream: trio.SocketStream, refused: Refused) -> None:
        """Send a refusal, and let the client take it in before the connection is closed."""
        with (
            trio.move_on_after(self._settings.handshake_timeout),
            contextlib.suppress(trio.BrokenResourceError),
        ):
            await stream.send_all(refused.response)
            await stream.send_eof()
            # Closing while there is something unread would reset the connection, and the
            # client might never see why.
            for _ in range(REFUSED_READS):
                if not await stream.receive_some(READ_BYTES):
                    break
