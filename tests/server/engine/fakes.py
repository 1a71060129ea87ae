"""Stand-ins for what is around the engine: a store in memory, a socket with a valve."""

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, replace

import trio

from multichat_proto.exceptions import StoreUnavailable
from multichat_proto.limits import Limits, TokenBucket
from multichat_proto.messages import Room
from multichat_proto.server import RoomAccess, ServerConnection
from multichat_server.engine.connection import Connection
from multichat_server.engine.hub import Hub
from multichat_server.engine.outbox import Outbox
from multichat_server.engine.timers import Timers

from . import wire

CLOSE_TIMEOUT = 5.0
SMALL_FRAME_BURST = 500


@dataclass(frozen=True)
class FakeUser:
    id: int
    username: str
    is_staff: bool = False
    is_active: bool = True


@dataclass(frozen=True)
class FakeRoom:
    id: int
    title: str
    staff_only: bool = False


class FakeAccounts:
    """Users alice, bob, staff, each with a session of that name; bob's token; rooms 1, 2, 3."""

    def __init__(self) -> None:
        self.users = {
            1: FakeUser(1, "alice"),
            2: FakeUser(2, "bob"),
            3: FakeUser(3, "staff", is_staff=True),
        }
        self.room_records = {
            1: FakeRoom(1, "room 1"),
            2: FakeRoom(2, "room 2"),
            3: FakeRoom(3, "staff room", staff_only=True),
        }
        self.sessions = {"alice": 1, "bob": 2, "staff": 3, "Bearer bobs": 2}
        self.version = 1
        self.is_down = False
        self.reads = 0
        self.asked_sessions: set[str] = set()
        self.before_answer: Callable[[str], Awaitable[None]] | None = None

    def change_user(self, user_id: int, **values: object) -> None:
        self.users[user_id] = replace(self.users[user_id], **values)  # type: ignore[arg-type]  # names of fields
        self.version += 1

    def change_room(self, room_id: int, **values: object) -> None:
        self.room_records[room_id] = replace(self.room_records[room_id], **values)  # type: ignore[arg-type]  # names of fields
        self.version += 1

    def delete_room(self, room_id: int) -> None:
        del self.room_records[room_id]
        self.version += 1

    def delete_user(self, user_id: int) -> None:
        del self.users[user_id]
        self.version += 1

    def end_session(self, key: str) -> None:
        del self.sessions[key]
        self.version += 1

    async def _answer(self, what: str) -> None:
        await trio.lowlevel.checkpoint()
        if self.before_answer is not None:
            await self.before_answer(what)
        if self.is_down:
            raise StoreUnavailable("the database is away")

    async def revision(self) -> int:
        found = self.version
        await self._answer("revision")
        return found

    async def rooms(self) -> list[FakeRoom]:
        self.reads += 1
        found = list(self.room_records.values())
        await self._answer("rooms")
        return found

    async def users_by_id(self, ids: Iterable[int]) -> dict[int, FakeUser]:
        found = {each: self.users[each] for each in ids if each in self.users}
        await self._answer("users")
        return found

    async def credential_user(self, key: str) -> FakeUser | None:
        user = self.users.get(self.sessions.get(key, 0))
        await self._answer("session")
        return user if user is not None and user.is_active else None

    async def live_credentials(self, keys: Iterable[str]) -> set[str]:
        self.asked_sessions = set(keys)
        found = {
            key
            for key in keys
            if (user := self.users.get(self.sessions.get(key, 0))) is not None and user.is_active
        }
        await self._answer("sessions")
        return found


class FakeSink:
    """A socket that takes `room` bytes (None: any number) and keeps them."""

    def __init__(self) -> None:
        self.room: int | None = None
        self.writes: list[bytes] = []
        self.is_finished = False
        self.is_aborted = False
        self.error: OSError | None = None
        self._writable = trio.Event()

    @property
    def data(self) -> bytes:
        return b"".join(self.writes)

    def frames(self) -> list[object]:
        """Return what was written, all of it whole frames, and forget it."""
        found = [wire.shown(frame) for frame in wire.server_frames(self.data)]
        self.writes.clear()
        return found

    def write(self, data: bytes | memoryview) -> int:
        if self.error is not None:
            raise self.error
        if self.is_aborted:
            raise BrokenPipeError
        if self.room is None:
            self.writes.append(bytes(data))
            return len(data)
        if not self.room:
            raise BlockingIOError
        taken = bytes(data[: self.room])
        self.room -= len(taken)
        self.writes.append(taken)
        return len(taken)

    def open(self, room: int | None = None) -> None:
        """Take this many more bytes, or any number, from now on."""
        self.room = room
        self._writable.set()
        self._writable = trio.Event()

    async def wait_writable(self) -> None:
        await self._writable.wait()
        if self.is_aborted:
            raise trio.ClosedResourceError
        if self.error is not None:
            raise self.error

    def finish(self) -> None:
        self.is_finished = True

    def abort(self) -> None:
        self.is_aborted = True
        self._writable.set()


class House:
    """Connections that share a hub, without sockets, tasks or a clock."""

    def __init__(
        self, *, announces: bool = True, limits: Limits | None = None, outbox_bytes: int = 1_000_000
    ) -> None:
        self.hub = Hub()
        self.timers = Timers()
        self.announces = announces
        self.limits = limits
        self.outbox_bytes = outbox_bytes
        self.due: list[Outbox] = []
        self.overflowed: list[str] = []
        self.max_frame_bytes = 10_000
        self.titles = {"1": "room 1", "2": "room 2"}

    def look_up(self, room: Room) -> RoomAccess | None:
        title = self.titles.get(room)
        return None if title is None else RoomAccess(title, allowed=True)

    def connect(self, username: str | None, now: float = 0.0) -> "Client":
        sink = FakeSink()
        outbox = Outbox(
            sink,
            limit=self.outbox_bytes,
            schedule=self.due.append,
            overflowed=lambda: self.overflowed.append(username or ""),
        )
        connection = Connection(
            chat=ServerConnection(username=username, look_up=self.look_up, limits=self.limits),
            outbox=outbox,
            hub=self.hub,
            timers=self.timers,
            announces=self.announces,
            max_frame_bytes=self.max_frame_bytes,
            ping_interval=20.0,
            ping_timeout=30.0,
            close_timeout=CLOSE_TIMEOUT,
            small_frames=TokenBucket(rate=50.0, burst=SMALL_FRAME_BURST),
            now=now,
        )
        return Client(self, connection, sink)

    def flush(self) -> None:
        while self.due:
            self.due.pop(0).flush()


class Client:
    """One end of a connection of a :class:`House`: what it sends, what it got."""

    def __init__(self, house: House, connection: Connection, sink: FakeSink) -> None:
        self.house = house
        self.connection = connection
        self.sink = sink

    def sends(self, *frames: bytes, now: float = 0.0) -> None:
        for frame in frames:
            self.connection.receive(frame, now=now)

    def got(self) -> list[object]:
        self.house.flush()
        return self.sink.frames()
