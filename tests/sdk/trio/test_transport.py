"""What one connection carries, and how it ends."""

import json

import pytest
import trio
import trio.testing
from websockets.frames import Opcode

from multichat_proto import ConnectionClosed, RemoteProtocolError
from multichat_proto.options import Options
from multichat_proto.trio._dial import Dialler, shake_hands
from tests.sdk.trio.rooms import silent
from tests.sdk.trio.streams import URL, CancelAtStep, opened, request_to
from tests.support.scripted import Peer, accept, serve

JOINED = {"join": "1", "title": "room 1"}
TEXT = json.dumps(JOINED)


class Hasty(trio.abc.Stream):
    """Has frames arrive in one piece with the handshake's response."""

    def __init__(self, stream: trio.abc.Stream, frames: bytes) -> None:
        self.stream = stream
        self.frames = frames

    async def send_all(self, data: bytes | bytearray | memoryview) -> None:
        await self.stream.send_all(data)

    async def wait_send_all_might_not_block(self) -> None:
        raise NotImplementedError

    async def receive_some(self, max_bytes: int | None = None) -> bytes | bytearray:
        data = await self.stream.receive_some(max_bytes)
        return data + self.frames if data.startswith(b"HTTP/") else data

    async def aclose(self) -> None:
        await self.stream.aclose()


async def test_frames_right_behind_the_response_are_not_lost() -> None:
    text = TEXT.encode()
    frames = b"\x81" + bytes([len(text)]) + text + b"\x88\x02" + (1012).to_bytes(2, "big")
    ours, theirs = trio.testing.memory_stream_pair()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(accept, theirs)
        transport = await shake_hands(Hasty(ours, frames), request_to(URL))
        nursery.start_soon(transport.run)
        first = await transport.receive()
        with pytest.raises(ConnectionClosed) as caught:
            await transport.receive()
        transport.abort()

    assert first == TEXT
    assert caught.value.code == 1012


@pytest.mark.parametrize(
    ("code", "reason"), [(1012, "restart"), (1008, "logged out"), (4000, "")], ids=str
)
async def test_a_close_code_comes_after_all_messages_and_stays(code: int, reason: str) -> None:
    async def script(peer: Peer) -> None:
        peer.protocol.send_text(TEXT.encode())
        await peer.close(code, reason)

    async with serve(script) as server, opened(request_to(server.url)) as transport:
        assert await transport.receive() == TEXT
        for use in (
            transport.receive,
            lambda: transport.send_text("x"),
            transport.ping,
            transport.receive,
        ):
            with pytest.raises(ConnectionClosed) as caught:
                await use()
            assert (caught.value.code, caught.value.reason) == (code, reason)


@pytest.mark.parametrize(
    ("data", "code"), [(b"", 1006), (b"\x88\x00", 1005)], ids=["just-gone", "without-a-code"]
)
async def test_an_end_without_words(data: bytes, code: int) -> None:
    async def script(peer: Peer) -> None:
        if data:
            await peer.stream.send_all(data)
            await silent(peer)

    async with serve(script) as server, opened(request_to(server.url)) as transport:
        with pytest.raises(ConnectionClosed) as caught:
            await transport.receive()

    assert caught.value.code == code


@pytest.mark.parametrize(
    ("data", "reason", "code"),
    [
        pytest.param(b"\x81\x02\xff\xfe", "invalid start byte", 1007, id="no-utf-8"),
        pytest.param(
            b"\x01\x01\xc3\x80\x01\x28", "invalid continuation byte", 1007, id="in-fragments"
        ),
        pytest.param(
            b"\x81\x7f" + (2**40).to_bytes(8, "big"), "exceeds limit of", 1009, id="too-big"
        ),
        pytest.param(
            b"\x01\x7e\x03\x00" + b"x" * 768 + b"\x80\x7e\x03\x00" + b"x" * 768,
            "exceeds limit of",
            1009,
            id="too-big-in-fragments",
        ),
        pytest.param(
            b"\x01\x01x" + b"\x00\x00" * 4_096,
            "exceeds limit of 4096 frames",
            1009,
            id="too-many-fragments",
        ),
        pytest.param(b"\xb1\x00", "reserved bits must be 0", 1002, id="reserved-bits"),
        pytest.param(b"\x80\x00", "unexpected continuation frame", 1002, id="continuation"),
    ],
)
async def test_a_server_that_breaks_websocket_is_told_so(
    data: bytes, reason: str, code: int
) -> None:
    answered: list[int] = []

    async def script(peer: Peer) -> None:
        await peer.say(JOINED)
        await peer.stream.send_all(data)
        await silent(peer)
        assert peer.protocol.close_rcvd is not None
        answered.append(peer.protocol.close_rcvd.code)

    options = Options(max_frame_bytes=1024)
    async with (
        serve(script) as server,
        opened(request_to(server.url, options=options)) as transport,
    ):
        assert await transport.receive() == TEXT
        with pytest.raises(RemoteProtocolError, match=reason):
            await transport.receive()

    assert answered == [code]


async def test_fragments_make_one_message() -> None:
    """Each byte on its own, an empty fragment after each, a ping in the middle."""
    text = json.dumps({"join": "1", "title": "ü"}, ensure_ascii=False)

    async def script(peer: Peer) -> None:
        data = text.encode()  # the ü is cut in two
        for i, byte in enumerate(data):
            await peer.stream.send_all(bytes([0 if i else 1, 1, byte, 0, 0]))
            if i == len(data) // 2:
                await peer.stream.send_all(b"\x89\x00")
        await peer.stream.send_all(b"\x80\x00")
        await silent(peer)

    async with serve(script) as server, opened(request_to(server.url)) as transport:
        assert await transport.receive() == text


async def test_empty_fragments_without_an_end_take_no_memory() -> None:
    ours, theirs = trio.testing.memory_stream_pair()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(accept, theirs)
        transport = await shake_hands(ours, request_to(URL))
        nursery.start_soon(transport.run)
        nursery.start_soon(theirs.send_all, b"\x01\x01x" + b"\x00\x00" * 4_000)
        with trio.CancelScope() as scope:
            nursery.start_soon(_cancel_when_idle, scope)
            await transport.receive()
        assert transport._fragments == [b"x"]
        await theirs.send_all(b"\x80\x01y")
        assert await transport.receive() == "xy"
        transport.abort()


async def _cancel_when_idle(scope: trio.CancelScope) -> None:
    await trio.testing.wait_all_tasks_blocked()
    scope.cancel()


async def test_a_binary_message_is_handed_over_as_it_is() -> None:
    async def script(peer: Peer) -> None:
        peer.protocol.send_binary(b"{\xff}")
        await peer.say(JOINED)
        await silent(peer)

    async with serve(script) as server, opened(request_to(server.url)) as transport:
        assert await transport.receive() == b"{\xff}"
        assert await transport.receive() == TEXT


async def test_pings_are_answered_and_pongs_counted() -> None:
    heard: list[tuple[Opcode, bytes]] = []

    async def script(peer: Peer) -> None:
        peer.protocol.send_ping(b"are you there")
        await peer.flush()
        frames = [await peer.frame(), await peer.frame()]
        heard.extend((frame.opcode, bytes(frame.data)) for frame in frames if frame is not None)
        await peer.say(JOINED)
        await silent(peer)

    async with serve(script) as server, opened(request_to(server.url)) as transport:
        await transport.ping()
        await transport.receive()

        assert transport.pongs == 1
    assert sorted(heard) == [(Opcode.PING, b""), (Opcode.PONG, b"are you there")]


async def test_who_does_not_receive_slows_the_server_down() -> None:
    """Nothing is dropped and no memory grows: nobody reads ahead of the reader."""
    ours, theirs = trio.testing.memory_stream_pair()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(accept, theirs)
        transport = await shake_hands(ours, request_to(URL))
        nursery.start_soon(transport.run)
        await theirs.send_all(b"\x81\x01x" * 60_000)
        await trio.testing.wait_all_tasks_blocked()
        assert len(transport._messages) == 0
        assert [await transport.receive() for _ in range(60_000)] == ["x"] * 60_000
        transport.abort()


async def test_cancelling_receive_at_every_step_loses_nothing() -> None:
    for steps in range(12):
        ours, theirs = trio.testing.memory_stream_pair()
        received: list[str | bytes] = []
        async with trio.open_nursery() as nursery:
            nursery.start_soon(accept, theirs)
            transport = await shake_hands(ours, request_to(URL))
            nursery.start_soon(transport.run)
            scope = trio.CancelScope()
            with CancelAtStep(scope, steps + 1), scope:
                nursery.start_soon(theirs.send_all, b"\x81\x011\x81\x012")
                received.append(await transport.receive())
                received.append(await transport.receive())
            while len(received) < 2:
                received.append(await transport.receive())
            transport.abort()

        assert received == ["1", "2"]


async def test_closing_says_goodbye_even_with_messages_unread() -> None:
    closed: list[int] = []

    async def script(peer: Peer) -> None:
        for i in range(50):
            await peer.say({"join": str(i), "title": "x" * 5000})
        await silent(peer)
        assert peer.protocol.close_rcvd is not None
        closed.append(peer.protocol.close_rcvd.code)

    async with serve(script) as server, opened(request_to(server.url)):
        pass

    assert closed == [1000]


async def test_closing_while_somebody_receives() -> None:
    ends: list[ConnectionClosed] = []

    async with serve(silent) as server, trio.open_nursery() as nursery:
        transport = await Dialler().open(request_to(server.url))
        nursery.start_soon(transport.run)

        async def receive() -> None:
            try:
                await transport.receive()
            except ConnectionClosed as exc:
                ends.append(exc)

        nursery.start_soon(receive)
        await trio.testing.wait_all_tasks_blocked()
        await transport.close(4001, "bye")

    assert len(ends) == 1
    assert server.peers[0].protocol.close_rcvd is not None
    assert server.peers[0].protocol.close_rcvd.code == 4001


async def test_two_who_close_wait_for_the_same_end(
    autojump_clock: trio.testing.MockClock,  # noqa: ARG001 - pytest-trio wants it as an argument
) -> None:
    """Neither keeps the other from reading, nor the program busy: the clock could not jump."""
    ours, theirs = trio.testing.memory_stream_pair()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(accept, theirs)
        transport = await shake_hands(ours, request_to(URL))
        nursery.start_soon(transport.run)
        async with trio.open_nursery() as closers:
            closers.start_soon(transport.close)
            closers.start_soon(transport.close)
            await trio.testing.wait_all_tasks_blocked()
            await theirs.send_all(b"\x81\x01x")

    assert trio.current_time() == pytest.approx(2)


async def test_aborting_wakes_who_receives_and_is_twice_what_it_is_once() -> None:
    ours, theirs = trio.testing.memory_stream_pair()
    codes: list[int] = []

    async with trio.open_nursery() as nursery:
        nursery.start_soon(accept, theirs)
        transport = await shake_hands(ours, request_to(URL))
        nursery.start_soon(transport.run)

        async def receive() -> None:
            with pytest.raises(ConnectionClosed) as caught:
                await transport.receive()
            codes.append(caught.value.code)

        nursery.start_soon(receive)
        await trio.testing.wait_all_tasks_blocked()
        transport.abort()
        transport.abort()
        await transport.close()

    assert codes == [1006]


async def test_a_server_that_ignores_the_goodbye_is_left_in_time(
    autojump_clock: trio.testing.MockClock,  # noqa: ARG001 - pytest-trio wants it as an argument
) -> None:
    """The clock jumps: what is shown is that only the stated time is waited for."""
    ours, theirs = trio.testing.memory_stream_pair()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(accept, theirs)
        transport = await shake_hands(ours, request_to(URL, options=Options(close_timeout=7)))
        nursery.start_soon(transport.run)
        await transport.close()

    assert trio.current_time() == pytest.approx(7)
