"""How a connection comes about, what it carries, and how it ends."""

import json
import socket
import ssl

import pytest
import trio
import trio.testing
import trustme
from websockets.exceptions import InvalidStatus

from multichat_proto import (
    ConnectionClosed,
    ConnectionFailed,
    Joined,
    LocalProtocolError,
    Received,
    RemoteProtocolError,
    RoomState,
    Send,
    Violation,
)
from multichat_proto.trio import connect
from tests.support.scripted import Peer, accept, response, serve

JOINED = {"join": "1", "title": "room 1"}


async def until_closed(peer: Peer) -> None:
    while await peer.frame() is not None:
        pass


async def test_a_conversation() -> None:
    async def script(peer: Peer) -> None:
        assert await peer.command() == {"command": "join", "room": "1"}
        await peer.say(JOINED)
        assert await peer.command() == {"command": "send", "room": "1", "message": "hé 😀"}
        await peer.say({"room": "1", "message": "hé 😀", "username": "alice", "msg_type": 0})
        await until_closed(peer)

    async with (
        serve(script) as server,
        connect(server.url, username="alice") as connection,
    ):
        await connection.join(1)
        joined = await connection.receive()
        await connection.send(1, "hé 😀")
        echo = await connection.receive()

        assert isinstance(joined, Received)
        assert isinstance(joined.frame, Joined)
        assert list(connection.rooms.values()) == [RoomState.INSIDE]
        assert isinstance(echo, Received)
        assert echo.answers == Send("1", "hé 😀")
        assert connection.unanswered == ()


async def test_the_handshake_says_where_it_comes_from() -> None:
    """Origin is the server's own (MC1-HAND-12); v1 is offered; headers are added, not doubled."""
    async with (
        serve(until_closed) as server,
        connect(server.url, headers={"Cookie": "sessionid=abc", "origin": "http://x"}),
        connect(server.url),
    ):
        first, second = (peer.request for peer in server.peers)

        assert first.path == "/chat/stream/"
        assert first.headers["Cookie"] == "sessionid=abc"
        assert first.headers.get_all("Origin") == ["http://x"]
        assert second.headers["Origin"] == server.origin
        assert second.headers["Sec-WebSocket-Protocol"] == "multichat.v1"
        assert "Sec-WebSocket-Extensions" not in second.headers


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
    text = json.dumps(JOINED).encode()
    frames = b"\x81" + bytes([len(text)]) + text + b"\x88\x02" + (1012).to_bytes(2, "big")
    async with serve(until_closed) as server:
        stream = Hasty(await trio.open_tcp_stream("127.0.0.1", server.port), frames)
        async with connect(server.url, stream=stream) as connection:
            event = await connection.receive()
            with pytest.raises(ConnectionClosed) as caught:
                await connection.receive()

    assert isinstance(event, Received)
    assert isinstance(event.frame, Joined)
    assert caught.value.code == 1012


@pytest.mark.parametrize(("code", "reason"), [(1012, "restart"), (1008, "logged out"), (4000, "")])
async def test_a_close_code_comes_after_all_events(code: int, reason: str) -> None:
    async def script(peer: Peer) -> None:
        peer.protocol.send_text(json.dumps(JOINED).encode())
        await peer.close(code, reason)

    async with serve(script) as server, connect(server.url) as connection:
        assert isinstance(await connection.receive(), Received)
        with pytest.raises(ConnectionClosed) as caught:
            await connection.receive()
        with pytest.raises(ConnectionClosed):
            await connection.join(1)

    assert (caught.value.code, caught.value.reason) == (code, reason)


async def test_a_connection_that_just_ends_is_1006() -> None:
    async def script(peer: Peer) -> None:
        await peer.stream.aclose()

    async with serve(script) as server, connect(server.url) as connection:
        with pytest.raises(ConnectionClosed) as caught:
            await connection.receive()

    assert caught.value.code == 1006


async def test_a_close_without_a_code_is_1005() -> None:
    async def script(peer: Peer) -> None:
        await peer.stream.send_all(b"\x88\x00")
        await until_closed(peer)

    async with serve(script) as server, connect(server.url) as connection:
        with pytest.raises(ConnectionClosed) as caught:
            await connection.receive()

    assert caught.value.code == 1005


@pytest.mark.parametrize(
    ("data", "reason", "code"),
    [
        (b"\x81\x02\xff\xfe", "invalid start byte", 1007),
        (b"\x01\x01\xc3\x80\x01\x28", "invalid continuation byte", 1007),
        (b"\x81\x7f" + (2**40).to_bytes(8, "big"), "exceeds limit of", 1009),
        (b"\xb1\x00", "reserved bits must be 0", 1002),
        (b"\x80\x00", "unexpected continuation frame", 1002),
    ],
)
async def test_a_server_that_breaks_websocket_is_told_so(
    data: bytes, reason: str, code: int
) -> None:
    answered: list[int] = []

    async def script(peer: Peer) -> None:
        await peer.say(JOINED)
        await peer.stream.send_all(data)
        await until_closed(peer)
        assert peer.protocol.close_rcvd is not None
        answered.append(peer.protocol.close_rcvd.code)

    async with serve(script) as server, connect(server.url) as connection:
        assert isinstance(await connection.receive(), Received)
        with pytest.raises(RemoteProtocolError, match=reason):
            await connection.receive()

    assert answered == [code]


async def test_fragments_make_one_message() -> None:
    async def script(peer: Peer) -> None:
        text = json.dumps({"join": "1", "title": "ü"}, ensure_ascii=False).encode()
        for i, byte in enumerate(text):  # cuts the ü in two
            last = i == len(text) - 1
            await peer.stream.send_all(bytes([(0x80 if last else 0) | (0 if i else 1), 1, byte]))
        await until_closed(peer)

    async with serve(script) as server, connect(server.url) as connection:
        event = await connection.receive()

        assert event == Received(Joined(next(iter(connection.rooms)), "ü"))


async def test_a_binary_message_is_a_violation_and_the_connection_goes_on() -> None:
    async def script(peer: Peer) -> None:
        peer.protocol.send_binary(b"{}")
        await peer.say(JOINED)
        await until_closed(peer)

    async with serve(script) as server, connect(server.url) as connection:
        assert isinstance(await connection.receive(), Violation)
        assert isinstance(await connection.receive(), Received)


async def test_pings_are_answered_while_nobody_receives() -> None:
    answered = trio.Event()

    async def script(peer: Peer) -> None:
        peer.protocol.send_ping(b"are you there")
        await peer.flush()
        frame = await peer.frame()
        assert frame is not None
        assert frame.data == b"are you there"
        answered.set()
        await until_closed(peer)

    async with serve(script) as server, connect(server.url):
        await answered.wait()


async def test_a_receiver_that_is_busy_slows_the_server_down() -> None:
    """Nothing is dropped and no memory grows: the reader stops reading."""
    count = 1000

    async def script(peer: Peer) -> None:
        for i in range(count):
            await peer.say({"join": str(i), "title": "x" * 5000})
        await peer.close(1000)

    async with serve(script) as server, connect(server.url, max_events=1) as connection:
        titles = [await connection.receive() for _ in range(count)]

        assert [e.frame.room for e in titles if isinstance(e, Received)] == [
            str(i) for i in range(count)
        ]


async def test_closing_says_goodbye_even_with_events_unread() -> None:
    closed: list[int] = []

    async def script(peer: Peer) -> None:
        for i in range(50):
            await peer.say({"join": str(i), "title": "x"})
        await until_closed(peer)
        assert peer.protocol.close_rcvd is not None
        closed.append(peer.protocol.close_rcvd.code)

    async with serve(script) as server, connect(server.url, max_events=1):
        pass

    assert closed == [1000]


async def test_a_server_that_ignores_the_goodbye_is_left_in_time(
    autojump_clock: trio.testing.MockClock,  # noqa: ARG001 - pytest-trio wants it as an argument
) -> None:
    """The clock jumps: what is shown is that only the stated time is waited for."""
    ours, theirs = trio.testing.memory_stream_pair()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(accept, theirs)
        async with connect("ws://x/", stream=ours, close_timeout=7):
            pass

    assert trio.current_time() == pytest.approx(7)


async def test_what_the_block_raises_comes_out_as_it_is() -> None:
    class OwnError(Exception):
        pass

    async with serve(until_closed) as server:
        with pytest.raises(OwnError):
            async with connect(server.url):
                raise OwnError


@pytest.mark.parametrize(
    ("status", "sentence"),
    [
        (403, r"HTTP 403 \(it wants a login first, or does not serve this origin\)"),
        (404, r"HTTP 404 \(there is no chat at this path\)"),
        (500, "HTTP 500$"),
        (200, "HTTP 200$"),
    ],
)
async def test_a_refused_handshake(status: int, sentence: str) -> None:
    pages = {("GET", "/chat/stream/"): response(status, "no")}
    async with serve(until_closed, pages=pages) as server:
        with pytest.raises(ConnectionFailed, match=sentence) as caught:
            async with connect(server.url):
                pass

    assert not isinstance(caught.value.__context__, InvalidStatus)


async def test_what_does_not_speak_websocket() -> None:
    page = {("GET", "/chat/stream/"): b"220 mail.example ESMTP\r\n"}
    async with serve(until_closed, pages=page) as server:
        with pytest.raises(RemoteProtocolError, match="does not speak WebSocket"):
            async with connect(server.url):
                pass


async def test_a_server_that_hangs_up_during_the_handshake() -> None:
    async with serve(until_closed, pages={("GET", "/chat/stream/"): b""}) as server:
        with pytest.raises(ConnectionFailed, match="hung up during the WebSocket handshake"):
            async with connect(server.url):
                pass


async def test_nobody_listens() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]

    with pytest.raises(
        ConnectionFailed, match=f"cannot reach 127.0.0.1 port {port}: Connection refused"
    ):
        async with connect(f"ws://127.0.0.1:{port}"):
            pass


async def test_tls() -> None:
    authority = trustme.CA()
    server_context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1").configure_cert(server_context)
    client_context = ssl.create_default_context()
    authority.configure_trust(client_context)

    async def script(peer: Peer) -> None:
        await peer.say(JOINED)
        await until_closed(peer)

    async with serve(script, ssl_context=server_context) as server:
        async with connect(server.url, ssl_context=client_context) as connection:
            assert isinstance(await connection.receive(), Received)
        assert server.peers[0].request.headers["Origin"] == server.origin
        with pytest.raises(ConnectionFailed, match="certificate is not trusted"):
            async with connect(server.url):
                pass


async def test_tls_to_a_server_without() -> None:
    async with serve(until_closed) as server:
        with pytest.raises(ConnectionFailed, match="no encrypted connection"):
            async with connect(server.url.replace("ws:", "wss:")):
                pass


def test_a_header_cannot_smuggle_another() -> None:
    with pytest.raises(LocalProtocolError, match="Cookie"):
        connect("ws://localhost", headers={"Cookie": "a\r\nX-Admin: yes"})
