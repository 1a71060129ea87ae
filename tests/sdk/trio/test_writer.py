"""A write that is cancelled was not sent, or the connection is gone: at every checkpoint."""

import pytest
import trio
import trio.testing
from websockets.frames import Opcode

from multichat_proto import ConnectionClosed
from multichat_proto.trio._dial import shake_hands
from multichat_proto.trio._transport import TrioTransport
from multichat_proto.trio._writer import FrameWriter
from tests.sdk.trio.streams import URL, CancelAtStep, Slow, request_to
from tests.support.scripted import Peer, accept

FIRST = "first " * 10


async def collect(stream: trio.abc.Stream, messages: list[str]) -> None:
    peer: Peer = await accept(stream)
    while True:
        try:
            frame = await peer.frame()
        except trio.BrokenResourceError:
            return
        if frame is None or frame.opcode is Opcode.CLOSE:
            return
        if frame.opcode is Opcode.TEXT:
            messages.append(bytes(frame.data).decode())


async def transport_over(stream: trio.abc.Stream) -> TrioTransport:
    return await shake_hands(stream, request_to(URL, origin=None, subprotocols=()))


async def say(transport: TrioTransport, text: str) -> str:
    try:
        await transport.send_text(text)
    except ConnectionClosed:
        return "closed"
    return "sent"


@pytest.mark.parametrize("queued", [False, True], ids=["first-in-line", "second-in-line"])
async def test_cancelled_at_every_step(queued: bool) -> None:
    """Cut before step 1, after it, after 2, 3, …, until a cut comes too late to matter."""
    seen: set[tuple[str, bool]] = set()
    came_to_its_end = False

    for steps in range(200):
        ours, theirs = trio.testing.memory_stream_pair()
        messages: list[str] = []
        outcome = "cancelled"
        scope = trio.CancelScope()
        cutter = CancelAtStep(scope, steps)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(collect, theirs, messages)
            transport = await transport_over(Slow(ours, 8))
            nursery.start_soon(transport.run)
            if queued:
                nursery.start_soon(say, transport, "zeroth")
                await trio.testing.wait_all_tasks_blocked()
            if steps == 0:
                scope.cancel()
            with cutter, scope:
                outcome = await say(transport, FIRST)
            open_after = await say(transport, "last") == "sent"
            await transport.close()

        texts = [message for message in messages if "zeroth" not in message]
        first = FIRST in texts
        if outcome == "sent":
            assert texts == [FIRST, "last"]
        elif open_after:
            assert outcome == "cancelled"
            assert not first, "a cancelled send was sent, and the connection is open"
            assert texts == ["last"]
        else:
            assert "last" not in texts, "something came after a torn frame"
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
        transport = await transport_over(Slow(ours, 3))
        nursery.start_soon(transport.run)
        async with trio.open_nursery() as senders:
            for i in range(20):
                senders.start_soon(say, transport, f"message {i}")
        await transport.close()

    assert sorted(messages) == sorted(f"message {i}" for i in range(20))
