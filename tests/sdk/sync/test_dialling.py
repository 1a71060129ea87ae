"""How the asyncio and the sync shell reach a server, and what they say when they cannot."""

import errno
import logging
import os
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import pytest
import trustme
from websockets.datastructures import Headers
from websockets.exceptions import ConnectionClosedError, PayloadTooBig
from websockets.http11 import Request, Response

from multichat_proto import (
    Authorization,
    CertificateInvalid,
    Connected,
    ConnectFailed,
    ConnectionClosed,
    ConnectionFailed,
    Cookies,
    Disconnected,
    Fault,
    HandshakeRefused,
    LocalProtocolError,
    MultichatError,
    Options,
    RemoteProtocolError,
    Retry,
    Room,
    RoomJoined,
)
from multichat_proto.failures import closing_error
from tests.sdk.sync.shells import ONCE, Visit
from tests.support.threaded import Peer, serve, serve_raw, shake_hands, until_gone


def failure(visit: Visit, url: str, **arguments: object) -> MultichatError:
    """Return what a connect raises, which is never a group."""
    with pytest.raises(MultichatError) as caught:
        visit(url, **{"options": ONCE, **arguments})
    return caught.value


def response(status: int, headers: dict[str, str] | None = None) -> Response:
    body = b"no"
    return Response(
        status, "Whatever", Headers({"Content-Length": str(len(body)), **(headers or {})}), body
    )


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def server_context(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    return context


@pytest.fixture
def client_context(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.create_default_context()
    authority.configure_trust(context)
    return context


def test_the_handshake_says_what_it_was_asked_to(visit: Visit) -> None:
    """Origin is the server's own (MC1-HAND-12), v1 is offered (MC1-CLIENT-01)."""
    with serve() as server:
        visit(server.url, headers={"X-Colour": "blue"}, credentials=Cookies({"sessionid": "abc"}))
        visit(
            server.url, origin=None, subprotocols=(), credentials=Authorization("Bearer 1", "alice")
        )
        visit(server.url, origin="https://elsewhere.example")
        first, second, third = (peer.request for peer in server.peers)

        assert first.path == "/chat/stream/"
        assert first.headers["Host"] == f"127.0.0.1:{server.port}"
        assert first.headers.get_all("Origin") == [server.origin]
        assert first.headers["Sec-WebSocket-Protocol"] == "multichat.v1"
        assert first.headers["Cookie"] == "sessionid=abc"
        assert first.headers["X-Colour"] == "blue"
        assert "Sec-WebSocket-Extensions" not in first.headers
        assert "Origin" not in second.headers
        assert "Sec-WebSocket-Protocol" not in second.headers
        assert second.headers["Authorization"] == "Bearer 1"
        assert third.headers.get_all("Origin") == ["https://elsewhere.example"]


def test_tls_with_a_certificate_that_is_trusted(
    visit: Visit, server_context: ssl.SSLContext, client_context: ssl.SSLContext
) -> None:
    with serve(ssl_context=server_context) as server:
        found = visit(server.url, Connected, rooms=[1], ssl_context=client_context)
        origin = server.peers[0].request.headers["Origin"]

    assert isinstance(found[-1], Connected)
    assert origin == server.origin
    assert origin.startswith("https://")


def test_a_certificate_that_is_not_trusted(visit: Visit, server_context: ssl.SSLContext) -> None:
    with serve(ssl_context=server_context) as server:
        error = failure(visit, server.url)

    assert isinstance(error, CertificateInvalid)
    assert "its certificate is not trusted" in str(error)
    assert (error.fault, error.retry) == (Fault.SERVER, Retry.NO)


def test_a_certificate_of_somebody_else(
    visit: Visit, authority: trustme.CA, client_context: ssl.SSLContext
) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("elsewhere.example").configure_cert(context)
    with serve(ssl_context=context) as server:
        error = failure(visit, server.url, ssl_context=client_context)

    assert isinstance(error, CertificateInvalid)
    assert "127.0.0.1" in str(error)


def test_a_port_without_tls(visit: Visit) -> None:
    def speak_http(connection: socket.socket) -> None:
        connection.recv(65_536)
        connection.sendall(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
        until_gone(connection)

    with serve_raw(speak_http) as address:
        error = failure(visit, f"wss://{address}/")

    assert isinstance(error, CertificateInvalid)
    assert "it does not speak TLS" in str(error)


def hang_up(connection: socket.socket) -> None:
    connection.recv(65_536)


@pytest.mark.parametrize("secure", [False, True], ids=["tcp", "tls"])
def test_a_server_that_hangs_up_in_the_handshake(visit: Visit, secure: bool) -> None:
    with serve_raw(hang_up) as address:
        error = failure(visit, f"{'wss' if secure else 'ws'}://{address}/")

    assert type(error) is ConnectionFailed
    assert error.retry is Retry.LATER
    if not secure:
        assert str(error) == "the server hung up during the WebSocket handshake"


def test_a_server_that_hangs_up_before_anything_is_said(visit: Visit) -> None:
    with serve_raw(lambda _: None) as address:
        error = failure(visit, f"ws://{address}/")

    assert type(error) is ConnectionFailed


@pytest.mark.parametrize(
    "answer", [b"SSH-2.0-x\r\n\r\n", b"HTTP/1.1 101 \r\n\r\n"], ids=["ssh", "bare"]
)
def test_what_does_not_speak_websocket(visit: Visit, answer: bytes) -> None:
    def speak(connection: socket.socket) -> None:
        connection.recv(65_536)
        connection.sendall(answer)
        until_gone(connection)

    with serve_raw(speak) as address:
        error = failure(visit, f"ws://{address}/")

    assert isinstance(error, RemoteProtocolError)
    assert str(error).startswith("what answers there does not speak WebSocket: ")


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
        return port


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_nobody_listens(visit: Visit, host: str) -> None:
    """A name with several addresses gives one plain sentence, too."""
    port = free_port()

    error = failure(visit, f"ws://{host}:{port}/")

    assert type(error) is ConnectionFailed
    assert str(error) == f"cannot reach {host} port {port}: {os.strerror(errno.ECONNREFUSED)}"
    assert (error.fault, error.retry) == (Fault.NETWORK, Retry.LATER)


def test_a_name_that_is_not_known(visit: Visit, monkeypatch: pytest.MonkeyPatch) -> None:
    def look_up(*_: object, **__: object) -> list[object]:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    error = failure(visit, "ws://nowhere.example/")

    assert type(error) is ConnectionFailed
    assert str(error) == "cannot reach nowhere.example port 80: no such host"


def test_a_name_that_no_host_can_have(visit: Visit) -> None:
    error = failure(visit, f"ws://{'a' * 70}.example/")

    assert isinstance(error, LocalProtocolError)


@pytest.mark.parametrize(
    ("status", "headers", "retry", "retry_after"),
    [
        (401, {}, Retry.AFTER_LOGIN, None),
        (403, {}, Retry.AFTER_LOGIN, None),
        (404, {}, Retry.NO, None),
        (429, {"Retry-After": "7"}, Retry.LATER, 7.0),
        (503, {"Retry-After": "99999999999"}, Retry.LATER, None),
        (503, {"Retry-After": "999999999"}, Retry.LATER, 86_400.0),
        (503, {"Retry-After": "Wed, 21 Oct 2015 07:28:00 GMT"}, Retry.LATER, None),
        (503, {"Retry-After": "-1"}, Retry.LATER, None),
    ],
    ids=["401", "403", "404", "429", "503-absurd", "503-long", "503-date", "503-negative"],
)
def test_a_handshake_that_is_refused(
    visit: Visit, status: int, headers: dict[str, str], retry: Retry, retry_after: float | None
) -> None:
    with serve(refuse=lambda _: response(status, headers)) as server:
        error = failure(visit, server.url)

    assert isinstance(error, HandshakeRefused)
    assert (error.status, error.retry, error.retry_after) == (status, retry, retry_after)


@pytest.mark.parametrize("where", ["/chat/other/", "ws://127.0.0.1:1/"], ids=["same", "elsewhere"])
def test_no_redirect_is_followed(visit: Visit, where: str) -> None:
    """Cookies go to the address that was given, and to no other."""
    asked: list[str] = []

    def redirect(request: Request) -> Response:
        asked.append(request.path)
        return response(302, {"Location": where})

    with serve(refuse=redirect) as server:
        error = failure(visit, server.url, credentials=Cookies({"sessionid": "abc"}))

    assert isinstance(error, HandshakeRefused)
    assert error.status == 302
    assert asked == ["/chat/stream/"]


def test_a_subprotocol_that_was_not_offered(visit: Visit) -> None:
    """MC1-HAND-09."""

    def select_another(connection: socket.socket) -> None:
        head = connection.recv(65_536).decode()
        key = next(
            line.split(": ")[1]
            for line in head.split("\r\n")
            if line.lower().startswith("sec-websocket-key")
        )
        from websockets.utils import accept_key

        connection.sendall(
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Accept: {accept_key(key)}\r\nSec-WebSocket-Protocol: x\r\n\r\n".encode()
        )
        until_gone(connection)

    with serve_raw(select_another) as address:
        error = failure(visit, f"ws://{address}/")

    assert isinstance(error, RemoteProtocolError)


def test_a_server_that_never_answers(visit: Visit) -> None:
    with serve_raw(until_gone) as address:
        error = failure(
            visit, f"ws://{address}/", options=Options(reconnect=False, open_timeout=0.1)
        )

    assert type(error) is ConnectionFailed
    assert "in time" in str(error)


@contextmanager
def black_hole() -> Iterator[str]:
    """Yield the address of a port that takes no more connections, and refuses none."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        crowd = [socket.socket() for _ in range(4)]
        for sock in crowd:
            sock.setblocking(False)
            sock.connect_ex(listener.getsockname())
        yield "{}:{}".format(*listener.getsockname())
        for sock in crowd:
            sock.close()


def test_an_attempt_to_connect_that_hangs_is_given_up(visit: Visit) -> None:
    with black_hole() as address:
        error = failure(
            visit, f"ws://{address}/", options=Options(reconnect=False, open_timeout=0.1)
        )

    assert type(error) is ConnectionFailed
    assert "in time" in str(error)


def test_all_attempts_together_have_their_time(visit: Visit) -> None:
    """``connect_timeout`` ends an attempt in the middle."""
    with black_hole() as address:
        error = failure(visit, f"ws://{address}/", options=Options(connect_timeout=0.1))

    assert isinstance(error, ConnectionFailed)


def test_an_attempt_that_fails_is_told_and_made_again(visit: Visit) -> None:
    """A server that is stopping comes back."""
    left = [response(503), response(503)]

    with serve(refuse=lambda _: left.pop() if left else None) as server:
        found = visit(server.url, Connected, random=lambda: 0.0)

    assert [type(event) for event in found] == [ConnectFailed, ConnectFailed, Connected]


FRAMES = {
    "text-too-long": b"\x81\x7e\x04\x01" + b"x" * 1_025,
    "invalid-utf-8": b"\x81\x01\xff",
    "reserved-bit": b"\xc1\x01x",
    "unknown-opcode": b"\x83\x01x",
    "masked": b"\x81\x81abcdx",
    "fragment-of-nothing": b"\x80\x01x",
    "too-many-fragments": b"\x01\x00" + b"\x00\x00" * 5_000,
}


@pytest.mark.parametrize("frame", FRAMES.values(), ids=FRAMES)
def test_a_server_that_breaks_websocket_ends_the_session(visit: Visit, frame: bytes) -> None:
    def speak(connection: socket.socket) -> None:
        shake_hands(connection)
        connection.sendall(frame)
        until_gone(connection)

    options = Options(max_frame_bytes=1_024, close_timeout=0.1)
    with serve_raw(speak) as address:
        found = visit(f"ws://{address}/", Disconnected, options=options)

    lost = found[-1]
    assert isinstance(lost, Disconnected)
    assert isinstance(lost.error, RemoteProtocolError)
    assert lost.retry_in is None


def test_a_server_that_breaks_websocket_and_goes_on_ends_the_session(visit: Visit) -> None:
    """How the network fails then does not hide why."""

    def speak(connection: socket.socket) -> None:
        shake_hands(connection)
        connection.sendall(FRAMES["text-too-long"])
        while True:
            connection.sendall(b"x" * 65_536)

    options = Options(max_frame_bytes=1_024, close_timeout=0.1)
    with serve_raw(speak) as address:
        found = visit(f"ws://{address}/", Disconnected, options=options)

    lost = found[-1]
    assert isinstance(lost, Disconnected)
    assert isinstance(lost.error, RemoteProtocolError)


def test_the_parser_knows_better_than_the_network() -> None:
    closed = ConnectionClosedError(None, None)
    closed.__cause__ = ConnectionResetError()

    assert isinstance(closing_error(closed, PayloadTooBig(2, 1)), RemoteProtocolError)
    assert closing_error(closed).args == (1006, "")


@pytest.mark.parametrize(
    ("frame", "code", "reason"),
    [
        (b"\x88\x09" + (1012).to_bytes(2, "big") + b"restart", 1012, "restart"),
        (b"\x88\x00", 1005, ""),
        (b"", 1006, ""),
    ],
    ids=["1012", "1005", "1006"],
)
def test_how_a_connection_ends_is_told(visit: Visit, frame: bytes, code: int, reason: str) -> None:
    def speak(connection: socket.socket) -> None:
        shake_hands(connection)
        connection.sendall(frame)
        if frame:
            connection.recv(65_536)

    with serve_raw(speak) as address:
        found = visit(f"ws://{address}/", Disconnected, random=lambda: 1.0)

    lost = found[-1]
    assert isinstance(lost, Disconnected)
    assert isinstance(lost.error, ConnectionClosed)
    assert (lost.error.code, lost.error.reason) == (code, reason)


def test_a_goodbye_of_a_server_that_stays_on_the_line(visit: Visit) -> None:
    """It is to close the TCP connection after its close frame; here it never does."""

    def speak(connection: socket.socket) -> None:
        shake_hands(connection)
        connection.sendall(b"\x88\x02" + (1012).to_bytes(2, "big"))
        until_gone(connection)

    options = Options(close_timeout=0.1, ping_interval=None)
    with serve_raw(speak) as address:
        found = visit(f"ws://{address}/", Disconnected, random=lambda: 1.0, options=options)

    lost = found[-1]
    assert isinstance(lost, Disconnected)
    assert isinstance(lost.error, ConnectionClosed)
    assert lost.error.code == 1012


def test_a_frame_right_behind_the_handshake_is_not_lost(visit: Visit) -> None:
    def speak(connection: socket.socket) -> None:
        shake_hands(connection)
        text = b'{"join": "7", "title": "seven"}'
        connection.sendall(b"\x81" + bytes([len(text)]) + text)
        until_gone(connection)

    with serve_raw(speak) as address:
        found = visit(f"ws://{address}/", RoomJoined, options=Options(close_timeout=0.1))

    assert found[-1] == RoomJoined(Room("7"), "seven", asked=False)


def test_silence_is_asked_about_and_believed_in_the_end(visit: Visit) -> None:
    """Staleness is 1006, and the next connection is tried."""

    def say_nothing(connection: socket.socket) -> None:
        shake_hands(connection)
        until_gone(connection)

    options = Options(ping_interval=0.05, ping_timeout=0.05, reconnect=False)
    with serve_raw(say_nothing) as address:
        found = visit(f"ws://{address}/", Disconnected, options=options)

    lost = found[-1]
    assert isinstance(lost, Disconnected)
    assert isinstance(lost.error, ConnectionClosed)
    assert lost.error.code == 1006


def test_a_server_that_answers_pings_is_alive(visit: Visit) -> None:
    pings = 0

    def answer_pings(connection: socket.socket) -> None:
        nonlocal pings
        shake_hands(connection)
        while data := connection.recv(65_536):
            # A ping of 4 bytes, masked: its answer is the same, unmasked.
            if data[0] != 0x89:
                return
            mask, payload = data[2:6], data[6:10]
            connection.sendall(
                b"\x8a\x04" + bytes(a ^ b for a, b in zip(payload, mask, strict=True))
            )
            pings += 1
            if pings == 5:
                connection.sendall(b"\x88\x02" + (1000).to_bytes(2, "big"))

    options = Options(ping_interval=0.01, ping_timeout=5, close_timeout=0.1, reconnect=False)
    with serve_raw(answer_pings) as address:
        found = visit(f"ws://{address}/", Disconnected, options=options)

    lost = found[-1]
    assert isinstance(lost, Disconnected)
    assert isinstance(lost.error, ConnectionClosed)
    assert lost.error.code == 1000


def test_the_log_holds_no_secret_and_no_message(
    visit: Visit, caplog: pytest.LogCaptureFixture
) -> None:
    """Not even where everything is logged at the finest level."""

    def speak(peer: Peer) -> None:
        peer.answer(peer.command() or {})
        peer.say({"room": "1", "message": "SECRET-words", "username": "bob", "msg_type": 0})
        peer.close(1012, "first line\nsecond line")

    caplog.set_level(logging.DEBUG)
    with serve(speak) as server:
        visit(
            server.url,
            Disconnected,
            rooms=[1],
            credentials=Cookies({"sessionid": "SECRET-cookie"}),
            random=lambda: 1.0,
        )
    ours = [record for record in caplog.records if record.name.startswith("multichat_proto")]

    assert ours
    assert "SECRET" not in "".join(record.getMessage() for record in ours)
    assert "\n" not in "".join(record.getMessage() for record in ours)


# -- Proxies.


@contextmanager
def tunnel(answer: bytes = b"HTTP/1.1 200 OK\r\n\r\n") -> Iterator[tuple[str, list[str]]]:
    """An HTTP proxy; yields its address, and the first lines of what it was asked."""
    asked: list[str] = []

    def pass_on(connection: socket.socket) -> None:
        head = connection.recv(65_536).decode()
        asked.append(head.split("\r\n")[0])
        connection.sendall(answer)
        if b" 200 " not in answer:
            return
        host, _, port = head.split()[1].rpartition(":")
        with socket.create_connection((host, int(port))) as onwards:
            back = threading.Thread(target=pump, args=(onwards, connection))
            back.start()
            pump(connection, onwards)
            back.join()

    with serve_raw(pass_on) as address:
        yield f"http://{address}", asked


def pump(source: socket.socket, sink: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(65_536):
            sink.sendall(data)
    with suppress(OSError):
        sink.shutdown(socket.SHUT_RDWR)


def test_a_proxy_is_used_where_one_is_named(visit: Visit) -> None:
    with serve() as server, tunnel() as (proxy, asked):
        visit(server.url, Connected, rooms=[1], proxy=proxy)

    assert asked == [f"CONNECT 127.0.0.1:{server.port} HTTP/1.1"]


def test_no_proxy_is_used_where_none_is_named(
    visit: Visit, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever the environment says: it names one where nobody listens."""
    for name in ("http_proxy", "https_proxy", "all_proxy", "socks_proxy", "ws_proxy"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{free_port()}")

    with serve() as server:
        visit(server.url, Connected, rooms=[1])


def test_a_proxy_that_does_not_let_us_through(visit: Visit) -> None:
    with tunnel(b"HTTP/1.1 407 No\r\nContent-Length: 0\r\n\r\n") as (proxy, _):
        error = failure(visit, "ws://chat.example/", proxy=proxy)

    assert type(error) is ConnectionFailed
    assert "proxy" in str(error)
    assert "407" in str(error)


@pytest.mark.parametrize(
    "proxy", ["ftp://x:1", "http://", "http://a:SECRET@", "http://x:99999", "http://u@x:1"]
)
def test_an_address_of_a_proxy_that_is_none(visit: Visit, proxy: str) -> None:
    """It is refused before anything is tried, and a password in it is not repeated."""
    with pytest.raises(LocalProtocolError) as caught:
        visit("ws://chat.example/", proxy=proxy)

    assert "SECRET" not in str(caught.value)


def test_a_socks_proxy_needs_one_more_package(visit: Visit) -> None:
    error = failure(visit, "ws://chat.example/", proxy="socks5://127.0.0.1:1")

    assert isinstance(error, LocalProtocolError)
    assert "python-socks" in str(error)
