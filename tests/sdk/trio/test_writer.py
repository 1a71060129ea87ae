"""A write that is cancelled was not sent, or the connection is gone: at every checkpoint."""

import pytest
import trio
import trio.testing
from websockets.frames import Opcode

from multichat_proto import ConnectionClosed
from multichat_proto.trio import Connection, connect
from multichat_proto.trio._writer import FrameWriter
from tests.support.scripted import Peer, accept

FIRST = "first " * 10


class Slow(trio.abc.Stream):
    """Takes some bytes at a time, with a checkpoint between: a write can be cut anywhere."""

    def __init__(self, stream: trio.abc.Stream, piece: int) -> None:
        self.stream = stream
        self.piece = piece

    async def send_all(self, data: bytes | bytearray | memoryview) -> None:
        for start in range(0, len(data), self.piece):
            await self.stream.send_all(data[start : start + self.piece])
            await trio.lowlevel.checkpoint()

    async def wait_send_all_might_not_block(self) -> None:
        raise NotImplementedError

    async def receive_some(self, max_bytes: int | None = None) -> bytes | bytearray:
        return await self.stream.receive_some(max_bytes)

    async def aclose(self) -> None:
        await self.stream.aclose()


class CancelAtStep(trio.abc.Instrument):
    """Cancels a scope after so many steps of any task."""

    def __init__(self, scope: trio.CancelScope, steps: int) -> None:
        self.scope = scope
        self.left = steps

    def after_task_step(self, task: trio.lowlevel.Task) -> None:  # noqa: ARG002
        self.left -= 1
        if self.left == 0:
            self.scope.cancel()


async def collect(stream: trio.abc.Stream, messages: list[str]) -> None:
    peer: Peer = await accept(stream)
    await peer.say({"join": "1", "title": "room 1"})
    while True:
        try:
            frame = await peer.frame()
        except trio.BrokenResourceError:
            return
        if frame is None or frame.opcode is Opcode.CLOSE:
            return
        if frame.opcode is Opcode.TEXT:
            messages.append(bytes(frame.data).decode())


async def say(connection: Connection, text: str) -> str:
    try:
        await connection.send(1, text)
    except ConnectionClosed:
        return "closed"
    return "sent"


@pytest.mark.parametrize("queued", [False, True], ids=["first in line", "second in line"])
async def test_cancelled_at_every_step(queued: bool) -> None:
    """Cut after step 1, 2, 3, …, until a cut comes too late to matter."""
    seen: set[tuple[str, bool]] = set()
    came_to_its_end = False

    for steps in range(1, 200):
        ours, theirs = trio.testing.memory_stream_pair()
        messages: list[str] = []
        outcome = "cancelled"
        scope = trio.CancelScope()
        cutter = CancelAtStep(scope, steps)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(collect, theirs, messages)
            async with connect("ws://x", stream=Slow(ours, 8)) as connection:
                await connection.receive()
                if queued:
                    nursery.start_soon(say, connection, "zeroth")
                    await trio.testing.wait_all_tasks_blocked()
                trio.lowlevel.add_instrument(cutter)
                with scope:
                    outcome = await say(connection, FIRST)
                trio.lowlevel.remove_instrument(cutter)
                open_after = connection.is_open and await say(connection, "last") == "sent"

        texts = [message for message in messages if "zeroth" not in message]
        first = any(FIRST in text for text in texts)
        if outcome == "sent":
            assert first
            assert len(texts) == 2
        elif open_after:
            assert outcome == "cancelled"
            assert not first, "a cancelled send was sent, and the connection is open"
            assert len(texts) == 1
        else:
            assert not any("last" in text for text in texts), "something came after a torn frame"
        seen.add((outcome, open_after))
        if outcome == "sent" and cutter.left > 0:
            came_to_its_end = True
            break

    assert came_to_its_end
    assert ("cancelled", True) in seen
    assert ("cancelled", False) in seen
    assert ("sent", True) in seen


async def test_a_peer_that_pings_and_does_not_read_costs_one_pong() -> None:
    ours, _ = trio.testing.lockstep_stream_pair()
    writer = FrameWriter(ours)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(writer.run)
        for i in range(1000):
            writer.post_pong(b"%d" % i)
            await trio.testing.wait_all_tasks_blocked()

        assert [frame.data for frame in writer._frames] == [b"999"]
        writer.abort()


async def test_a_broken_stream_fails_who_waits_and_who_comes_later() -> None:
    ours, theirs = trio.testing.memory_stream_pair()
    await theirs.aclose()
    writer = FrameWriter(ours)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(writer.run)
        with pytest.raises(trio.BrokenResourceError):
            await writer.write(b"one")
        with pytest.raises(trio.BrokenResourceError):
            await writer.write(b"two")
        writer.post(b"three")
        writer.abort()


async def test_two_writers_never_interleave() -> None:
    ours, theirs = trio.testing.memory_stream_pair()
    messages: list[str] = []
    async with trio.open_nursery() as nursery:
        nursery.start_soon(collect, theirs, messages)
        async with connect("ws://x", stream=Slow(ours, 3)) as connection:
            await connection.receive()
            async with trio.open_nursery() as senders:
                for i in range(20):
                    senders.start_soon(say, connection, f"message {i}")

    assert len(messages) == 20
