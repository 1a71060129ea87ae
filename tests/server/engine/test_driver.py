"""The task that reads a connection."""

import contextlib
import socket

import pytest
import trio
from trio.testing import wait_all_tasks_blocked

from multichat_proto.limits import TokenBucket
from multichat_server.engine.connection import Connection
from multichat_server.engine.driver import SocketSink, drive
from multichat_server.engine.flusher import Flusher
from multichat_server.engine.outbox import Outbox

from . import wire
from .fakes import Client, FakeSink, House


class Case:
    """A connection that is driven over one end of a socket pair, and writes to a fake sink."""

    def __init__(self, *, outbox_bytes: int = 100_000) -> None:
        self.house = House()
        self.flusher = Flusher()
        near, far = socket.socketpair()
        self.near = trio.socket.from_stdlib_socket(near)
        self.far = trio.socket.from_stdlib_socket(far)
        self.sink = ClosingSink(self.far)
        client = self.house.connect("alice")
        self.connection = Connection(
            chat=client.connection.chat,
            outbox=Outbox(
                self.sink,
                limit=outbox_bytes,
                schedule=self.flusher.schedule,
                overflowed=lambda: None,
            ),
            hub=self.house.hub,
            timers=self.house.timers,
            announces=True,
            max_frame_bytes=100_000,
            ping_interval=20,
            ping_timeout=30,
            close_timeout=5,
            small_frames=TokenBucket(rate=50, burst=500),
            now=trio.current_time(),
        )
        self.client = Client(self.house, self.connection, self.sink)


class ClosingSink(FakeSink):
    def __init__(self, sock: trio.socket.SocketType) -> None:
        super().__init__()
        self._socket = sock

    def abort(self) -> None:
        super().abort()
        self._socket.close()


async def test_who_does_not_read_its_own_answers_is_not_read_either() -> None:
    """Backpressure: it is held up, not put out, and everything is answered in the end."""
    case = Case()
    case.sink.room = 0
    async with trio.open_nursery() as nursery:
        nursery.start_soon(case.flusher.run)
        nursery.start_soon(drive, case.connection, case.far, wire.join())
        nursery.start_soon(_send_all, case.near, wire.send("x" * 9_000) * 100 + wire.close())
        await wait_all_tasks_blocked()

        held = case.connection.outbox.size
        assert 50_000 < held < 80_000
        case.sink.open()
        await wait_all_tasks_blocked()
        case.near.close()
        await wait_all_tasks_blocked()
        nursery.cancel_scope.cancel()

    frames = case.sink.frames()
    assert len(frames) == 102
    assert frames[-1] == (1000, "")


@pytest.mark.parametrize("how", ["cancelled", "killed"])
async def test_one_that_is_held_up_can_be_ended(how: str) -> None:
    case = Case()
    case.sink.room = 0
    with trio.CancelScope() as scope:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(
                drive, case.connection, case.far, wire.join() + wire.send("x" * 60_000)
            )
            await wait_all_tasks_blocked()
            assert case.connection.is_open
            if how == "cancelled":
                scope.cancel()
            else:
                case.connection.lost()

    assert not case.connection.is_open
    assert case.sink.is_aborted
    case.near.close()


async def test_the_end_of_the_stream_waits_for_what_is_due() -> None:
    """A client that has said all it wants to say still gets its answers."""
    case = Case()
    case.sink.room = 0
    async with trio.open_nursery() as nursery:
        nursery.start_soon(case.flusher.run)
        nursery.start_soon(drive, case.connection, case.far, wire.join())
        case.near.shutdown(socket.SHUT_WR)
        await wait_all_tasks_blocked()
        assert not case.connection.is_open, "the others are told at once"
        assert not case.sink.is_aborted
        case.sink.open()
        await wait_all_tasks_blocked()
        assert case.sink.is_aborted
        nursery.cancel_scope.cancel()

    assert case.sink.frames() == [{"join": "1", "title": "room 1"}]
    case.near.close()


async def test_a_socket_takes_what_it_can_and_then_blocks() -> None:
    near, far = (trio.socket.from_stdlib_socket(each) for each in socket.socketpair())
    sink = SocketSink(far)
    sent = fill(sink)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(sink.wait_writable)
        await wait_all_tasks_blocked()
        while sent:
            sent -= len(await near.recv(min(sent, 1_000_000)))
    sink.write(memoryview(b"more"))
    sink.finish()
    assert await near.recv(100) == b"more"
    assert await near.recv(100) == b""
    near.close()
    far.close()


async def test_a_closed_socket_gives_errors_and_never_another_descriptor() -> None:
    near, far = (trio.socket.from_stdlib_socket(each) for each in socket.socketpair())
    sink = SocketSink(far)
    sink.abort()
    sink.abort()
    other_near, other_far = socket.socketpair()  # takes the number that is free now

    with pytest.raises(OSError, match="Bad file descriptor"):
        sink.write(b"not for you")
    sink.finish()

    other_near.setblocking(False)
    other_far.setblocking(False)
    for each in (other_near, other_far):
        with pytest.raises(BlockingIOError):
            each.recv(100)
    for sock in (near, other_near, other_far):
        sock.close()


async def test_whoever_waits_for_a_socket_is_woken_when_it_is_closed() -> None:
    near, far = (trio.socket.from_stdlib_socket(each) for each in socket.socketpair())
    sink = SocketSink(far)
    fill(sink)
    outcome: list[str] = []

    async def wait() -> None:
        try:
            await sink.wait_writable()
        except trio.ClosedResourceError:
            outcome.append("closed")

    async with trio.open_nursery() as nursery:
        nursery.start_soon(wait)
        await wait_all_tasks_blocked()
        sink.abort()

    assert outcome == ["closed"]
    near.close()


def fill(sink: SocketSink) -> int:
    """Write until the socket takes no more; return how many bytes that were."""
    sent = 0
    with contextlib.suppress(BlockingIOError):
        for _ in range(1000):
            sent += sink.write(b"x" * 100_000)
    assert sent < 100_000_000, "it never blocked"
    return sent


async def _send_all(sock: trio.socket.SocketType, data: bytes) -> None:
    while data:
        data = data[await sock.send(data) :]
