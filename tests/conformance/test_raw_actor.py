"""The actor on a bare socket: writes what it is told, and judges what a server sends."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from functools import partial

import pytest
import trio

from multichat_conformance.actors import Backdrop, PoliteActor, RawActor
from multichat_conformance.actors.handshake import accept_of, exchange, request_bytes
from multichat_conformance.actors.knock import knock
from multichat_conformance.actors.wire import Opcode, close_payload, frame
from multichat_conformance.findings import TargetGone, Violation
from multichat_conformance.patterns import Error
from multichat_conformance.secrets import Redactor
from multichat_conformance.target import Target
from multichat_conformance.timing import RoundTrips
from multichat_conformance.transcript import Transcript

Play = Callable[[trio.SocketStream], Awaitable[None]]

DENIED = b'{"error": "ROOM_ACCESS_DENIED"}'


def from_server(opcode: int, payload: bytes = b"", *, fin: bool = True) -> bytes:
    return frame(opcode, payload, fin=fin, masked=False)


async def head_of(stream: trio.SocketStream) -> bytes:
    """Read a request's head, a byte at a time, so that nothing behind it is lost."""
    data = b""
    while not data.endswith(b"\r\n\r\n"):
        more = await stream.receive_some(1)
        if not more:
            return b""
        data += more
    return data


def accepting(head: bytes, **headers: str) -> bytes:
    key = next(line for line in head.split(b"\r\n") if line.startswith(b"Sec-WebSocket-Key"))
    lines = {
        "Upgrade": "websocket",
        "Connection": "Upgrade",
        "Sec-WebSocket-Accept": accept_of(key.partition(b": ")[2].decode()),
    } | headers
    text = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    return f"HTTP/1.1 101 Switching Protocols\r\n{text}\r\n".encode()


def after_handshake(*sent: bytes, then: Play | None = None) -> Play:
    """Play a server that accepts, sends some bytes, and reads to the end."""

    async def play(stream: trio.SocketStream) -> None:
        await stream.send_all(accepting(await head_of(stream)) + b"".join(sent))
        if then is not None:
            await then(stream)
        async for _ in stream:
            pass

    return play


@asynccontextmanager
async def serving(
    play: Play, patience: float = 5.0
) -> AsyncIterator[tuple[Backdrop, trio.Nursery]]:
    """Serve one play to every connection, and yield what an actor needs."""

    async def handle(stream: trio.SocketStream) -> None:
        with suppress(trio.BrokenResourceError):  # the actor has let go
            await play(stream)

    async with trio.open_nursery() as nursery:
        listeners = await nursery.start(partial(trio.serve_tcp, handle, 0, host="127.0.0.1"))
        port = listeners[0].socket.getsockname()[1]
        yield backdrop(f"ws://127.0.0.1:{port}/chat/stream/", patience), nursery
        nursery.cancel_scope.cancel()


def backdrop(url: str, patience: float) -> Backdrop:
    return Backdrop(
        target=Target(url=url),
        transcript=Transcript(Redactor(), trio.current_time),
        round_trips=RoundTrips(patience),
        clause="MC1-FRAME-06",
        mark="mark",
    )


@asynccontextmanager
async def connected(play: Play) -> AsyncIterator[RawActor]:
    async with serving(play) as (scene, nursery):
        actor = await RawActor.connect(nursery, "raw", None, scene)
        yield actor
        await actor.vanish()


async def test_what_comes_right_behind_the_response_is_read() -> None:
    async with connected(after_handshake(from_server(Opcode.TEXT, DENIED))) as actor:
        await actor.receives(Error("ROOM_ACCESS_DENIED"))


async def test_parts_make_one_message() -> None:
    parts = (
        from_server(Opcode.TEXT, DENIED[:9], fin=False),
        from_server(Opcode.PING, b"p"),
        from_server(Opcode.CONTINUATION, DENIED[9:]),
    )
    async with connected(after_handshake(*parts)) as actor:
        await actor.receives(Error("ROOM_ACCESS_DENIED"))

        assert actor.pings == [b"p"]


async def test_its_bytes_are_those_that_it_was_told() -> None:
    got: list[bytes] = []
    whole = trio.Event()
    told = frame(3, b"", reserved=5, fin=False, masked=False) + b"xy"

    async def read(stream: trio.SocketStream) -> None:
        while len(b"".join(got)) < len(told):
            got.append(await stream.receive_some())
        whole.set()

    async with connected(after_handshake(then=read)) as actor:
        await actor.send_frame(3, b"", reserved=5, fin=False, masked=False)
        await actor.send_bytes(b"xy", "two letters", pieces=2)
        await whole.wait()

    assert b"".join(got) == told


async def test_early_bytes_follow_the_request() -> None:
    got: list[bytes] = []
    whole = trio.Event()

    async def play(stream: trio.SocketStream) -> None:
        head = await head_of(stream)
        got.append(await stream.receive_some(5))
        await stream.send_all(accepting(head))
        whole.set()

    async with serving(play) as (scene, nursery):
        actor = await RawActor.connect(nursery, "raw", None, scene, early=b"early")
        await whole.wait()
        await actor.vanish()

    assert got == [b"early"]


async def test_a_pong_must_carry_what_its_ping_did() -> None:
    pongs = (from_server(Opcode.PONG, b"one"), from_server(Opcode.PONG, b"two"))
    async with connected(after_handshake(*pongs)) as actor:
        await actor.has_pong(b"one")
        with pytest.raises(Violation, match="another payload"):
            await actor.has_pong(b"three", clause="MC1-FRAME-08")


async def test_a_close_frame_is_told_with_its_code_and_answered() -> None:
    answer: list[bytes] = []
    answered = trio.Event()

    async def read(stream: trio.SocketStream) -> None:
        answer.append(await stream.receive_some())
        await stream.send_eof()
        answered.set()

    bye = from_server(Opcode.CLOSE, close_payload(1002, "bye"))
    async with connected(after_handshake(bye, then=read)) as actor:
        ended = await actor.is_closed(1002)
        await answered.wait()
        await actor.stream_ends()

    assert (ended.code, ended.reason) == (1002, "bye")
    assert answer[0][0] == 0x80 | Opcode.CLOSE


async def test_another_close_code_is_a_finding() -> None:
    bye = from_server(Opcode.CLOSE, close_payload(1000))
    async with connected(after_handshake(bye)) as actor:
        with pytest.raises(Violation) as caught:
            await actor.is_closed(1002, clause="MC1-FRAME-06")

    assert caught.value.finding.expected == "1002"
    assert "1000" in caught.value.finding.got


async def test_an_end_without_a_close_frame_is_a_finding() -> None:
    async def hang_up(stream: trio.SocketStream) -> None:
        await stream.aclose()

    async def play(stream: trio.SocketStream) -> None:
        await stream.send_all(accepting(await head_of(stream)))
        await hang_up(stream)

    async with serving(play) as (scene, nursery):
        actor = await RawActor.connect(nursery, "raw", None, scene)
        with pytest.raises(Violation, match="ended in another way"):
            await actor.is_closed(1002)
        await actor.vanish()


@pytest.mark.parametrize(
    ("sent", "words"),
    [
        (frame(Opcode.TEXT, DENIED), "masked"),
        (from_server(Opcode.CONTINUATION, DENIED), "continuation"),
        (from_server(Opcode.CLOSE, b"\x03"), "half a code"),
        (from_server(Opcode.TEXT, b'{"error": "\xff"}'), "not UTF-8"),
        (from_server(Opcode.BINARY, DENIED), "binary"),
        (from_server(Opcode.TEXT, b"[]"), "not a JSON object"),
    ],
    # A mask is made anew each time; the test's name must not be.
    ids=["masked", "stray continuation", "short close", "no UTF-8", "binary", "array"],
)
async def test_what_a_server_may_not_send_is_a_finding(sent: bytes, words: str) -> None:
    async with connected(after_handshake(sent)) as actor:
        with pytest.raises(Violation, match=words):
            await actor.take(next(iter(actor._streams)))


@pytest.mark.parametrize(
    ("response", "words"),
    [
        (b"HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno", "status 403"),
        (b"HTTP/1.1 101 Switching Protocols\r\n\r\n", "Upgrade"),
    ],
)
async def test_a_handshake_that_is_not_accepted_is_a_finding(response: bytes, words: str) -> None:
    async def play(stream: trio.SocketStream) -> None:
        await head_of(stream)
        await stream.send_all(response)

    async with serving(play) as (scene, nursery):
        with pytest.raises(Violation) as caught:
            await RawActor.connect(nursery, "raw", None, scene)

    assert caught.value.finding.clause == "MC1-HAND-01"
    assert words in caught.value.finding.got


async def test_a_wrong_proof_is_a_finding() -> None:
    async def play(stream: trio.SocketStream) -> None:
        accept = {"Sec-WebSocket-Accept": accept_of("another")}
        await stream.send_all(accepting(await head_of(stream), **accept))

    async with serving(play) as (scene, nursery):
        with pytest.raises(Violation) as caught:
            await RawActor.connect(nursery, "raw", None, scene)

    assert "Sec-WebSocket-Accept" in caught.value.finding.got


async def test_no_answer_at_all_is_a_target_that_is_gone() -> None:
    async def play(stream: trio.SocketStream) -> None:
        await head_of(stream)

    async with serving(play) as (scene, nursery):
        with pytest.raises(TargetGone):
            await RawActor.connect(nursery, "raw", None, scene)


UNACCEPTABLE = {
    "refused": (b"HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno", "status 403"),
    "bare": (b"HTTP/1.1 101 Switching Protocols\r\n\r\n", "Upgrade"),
}


@pytest.mark.parametrize("name", UNACCEPTABLE)
async def test_a_polite_actor_is_told_what_is_wrong_with_a_response(name: str) -> None:
    response, words = UNACCEPTABLE[name]

    async def play(stream: trio.SocketStream) -> None:
        await head_of(stream)
        await stream.send_all(response)

    async with serving(play) as (scene, nursery):
        with pytest.raises(Violation) as caught:
            await PoliteActor.connect(nursery, "alice", None, scene)

    assert caught.value.finding.clause == "MC1-HAND-01"
    assert words in caught.value.finding.got


async def test_a_subprotocol_that_nobody_offered_is_a_finding() -> None:
    async def play(stream: trio.SocketStream) -> None:
        chosen = {"Sec-WebSocket-Protocol": "multichat.v1"}
        await stream.send_all(accepting(await head_of(stream), **chosen))

    async with serving(play) as (scene, nursery):
        with pytest.raises(Violation) as caught:
            await PoliteActor.connect(nursery, "alice", None, scene)

    assert caught.value.finding.clause == "MC1-HAND-09"


@pytest.mark.parametrize("garbage", [b"", b"\0" * 50, b"HTTP/1.1 no\r\n\r\n"])
async def test_garbage_is_a_target_that_is_gone(garbage: bytes) -> None:
    async def play(stream: trio.SocketStream) -> None:
        await head_of(stream)
        await stream.send_all(garbage)

    async with serving(play) as (scene, nursery):
        with pytest.raises(TargetGone):
            await PoliteActor.connect(nursery, "alice", None, scene)


async def test_a_polite_actor_hears_what_came_with_the_response() -> None:
    play = after_handshake(from_server(Opcode.TEXT, DENIED))
    async with serving(play) as (scene, nursery):
        actor = await PoliteActor.connect(nursery, "alice", None, scene)

        await actor.receives(Error("ROOM_ACCESS_DENIED"))
        await actor.vanish()


async def test_a_request_may_be_written_in_pieces() -> None:
    async def play(stream: trio.SocketStream) -> None:
        await stream.send_all(accepting(await head_of(stream)))

    async with serving(play) as (scene, _):
        request = request_bytes(scene.target)
        response = await exchange(scene.target, request, pieces=3)

    assert response.fault(request) is None


async def test_a_knock_tells_how_it_ends() -> None:
    async def play(stream: trio.SocketStream) -> None:
        assert await stream.receive_some(3) == b"GET"
        await stream.send_all(b"HTTP/1.1 408 Request Timeout\r\n\r\n")

    async with serving(play) as (scene, _), knock(scene, "a beginning") as one:
        await one.write(b"GET")

        assert await one.is_answered(within=5)
        assert await one.ends(within=5)
        assert one.response.status == 408
        assert not await one.write(b"more")


async def test_a_knock_that_is_let_in_has_not_ended() -> None:
    async def play(stream: trio.SocketStream) -> None:
        await stream.receive_some(3)
        await trio.sleep_forever()

    async with serving(play) as (scene, _), knock(scene, "a beginning") as one:
        assert await one.write(b"GET")

        assert not await one.is_answered(within=0)
        assert not await one.ends(within=0)
        assert one.response.status is None


async def test_a_knock_is_answered_before_it_ends() -> None:
    async def play(stream: trio.SocketStream) -> None:
        await stream.send_all(b"HTTP/1.1 431 Too Large\r\n\r\n")
        await trio.sleep_forever()

    async with serving(play) as (scene, _), knock(scene, "a beginning") as one:
        assert await one.is_answered(within=5)
        assert not one.ended
        assert one.response.status == 431
