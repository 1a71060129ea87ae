"""How a connection comes about, and why it does not."""

import socket
import ssl
from contextlib import suppress

import pytest
import trio
import trio.testing
import trustme
from websockets.exceptions import InvalidStatus

from multichat_proto import (
    CertificateInvalid,
    ConnectionFailed,
    Fault,
    HandshakeRefused,
    LocalProtocolError,
    RemoteProtocolError,
    Retry,
)
from multichat_proto.trio import connect
from multichat_proto.trio._dial import Dialler, shake_hands
from multichat_proto.trio._proxy import HttpProxy, open_tunnel
from multichat_proto.trio._transport import TrioTransport
from tests.sdk.trio.proxies import proxy
from tests.sdk.trio.rooms import silent
from tests.sdk.trio.streams import URL, CancelAtStep, opened, request_to, tasks
from tests.support.scripted import accept, response, serve

PATH = ("GET", "/chat/stream/")


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="module")
def server_context(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    return context


@pytest.fixture(scope="module")
def client_context(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.create_default_context()
    authority.configure_trust(context)
    return context


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


async def test_the_handshake_says_where_it_comes_from_and_what_it_speaks() -> None:
    """Origin is the server's own unless said otherwise (MC1-HAND-12, MC1-HAND-09)."""
    async with serve(silent) as server:
        for request in (
            request_to(server.url, headers={"Cookie": "sessionid=abc", "origin": "http://x"}),
            request_to(server.url),
            request_to(server.url, origin=None, subprotocols=("two", "one")),
        ):
            async with opened(request) as transport:
                assert transport.subprotocol is None

        first, second, third = (peer.request.headers for peer in server.peers)

    assert server.peers[0].request.path == "/chat/stream/"
    assert first["Cookie"] == "sessionid=abc"
    assert first.get_all("Origin") == ["http://x"]
    assert second["Origin"] == server.origin
    assert second["Sec-WebSocket-Protocol"] == "multichat.v1"
    assert "Sec-WebSocket-Extensions" not in second
    assert "Origin" not in third
    assert third["Sec-WebSocket-Protocol"] == "two, one"


@pytest.mark.parametrize(
    ("status", "sentence", "fault", "retry"),
    [
        (401, "HTTP 401 (it wants a login first)", Fault.USER, Retry.AFTER_LOGIN),
        (403, "HTTP 403 (it wants a login first, or", Fault.USER, Retry.AFTER_LOGIN),
        (404, "HTTP 404 (there is no chat at this path)", Fault.SERVER, Retry.NO),
        (503, "HTTP 503 (it is overloaded or stopping)", Fault.SERVER, Retry.LATER),
        (500, "HTTP 500", Fault.SERVER, Retry.LATER),
        (200, "HTTP 200", Fault.SERVER, Retry.NO),
    ],
    ids=str,
)
async def test_a_refused_handshake(status: int, sentence: str, fault: Fault, retry: Retry) -> None:
    async with serve(silent, pages={PATH: response(status, "no")}) as server:
        with pytest.raises(HandshakeRefused) as caught:
            await Dialler().open(request_to(server.url))

    assert sentence in str(caught.value)
    assert (caught.value.status, caught.value.retry_after) == (status, None)
    assert (caught.value.fault, caught.value.retry) == (fault, retry)
    assert not isinstance(caught.value.__context__, InvalidStatus)


@pytest.mark.parametrize(
    ("lines", "seconds"),
    [
        (["Retry-After: 7"], 7.0),
        (["Retry-After: 999999999"], 86_400.0),
        (["Retry-After: -1"], None),
        (["Retry-After: Wed, 21 Oct 2026 07:28:00 GMT"], None),
        (["Retry-After: \u0662"], None),
        (["Retry-After: 1", "Retry-After: 2"], None),
        ([], None),
    ],
    ids=["seconds", "ages", "negative", "date", "other-digits", "twice", "none"],
)
async def test_when_to_come_back(lines: list[str], seconds: float | None) -> None:
    async with serve(silent, pages={PATH: response(503, "no", *lines)}) as server:
        with pytest.raises(HandshakeRefused) as caught:
            await Dialler().open(request_to(server.url))

    assert caught.value.retry_after == seconds


@pytest.mark.parametrize(
    "page",
    [b"220 mail.example ESMTP\r\n", b"\x00\xff" * 10_000, b"HTTP/1.1 101 OK\r\n\r\n"],
    ids=["mail", "noise", "no-accept"],
)
async def test_what_does_not_speak_websocket(page: bytes) -> None:
    async with serve(silent, pages={PATH: page}) as server:
        with pytest.raises(RemoteProtocolError, match="does not speak WebSocket"):
            await Dialler().open(request_to(server.url))


@pytest.mark.parametrize("page", [b"", b"HTTP/1.1 101 Swi"], ids=["at-once", "in-the-middle"])
async def test_a_server_that_hangs_up_during_the_handshake(page: bytes) -> None:
    async with serve(silent, pages={PATH: page}) as server:
        with pytest.raises(ConnectionFailed, match="hung up during the WebSocket") as caught:
            await Dialler().open(request_to(server.url))

    assert caught.value.retry is Retry.LATER


async def test_nobody_listens() -> None:
    port = free_port()

    with pytest.raises(
        ConnectionFailed, match=f"cannot reach 127.0.0.1 port {port}: Connection refused"
    ) as caught:
        await Dialler().open(request_to(f"ws://127.0.0.1:{port}"))

    assert (caught.value.fault, caught.value.retry) == (Fault.NETWORK, Retry.LATER)


async def test_there_is_no_such_host() -> None:
    class NoSuchHost(trio.abc.HostnameResolver):
        async def getaddrinfo(self, *_: object, **__: object) -> list[object]:  # type: ignore[override]  # of no use here
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

        async def getnameinfo(
            self, sockaddr: tuple[str, int] | tuple[str, int, int, int], flags: int
        ) -> tuple[str, str]:
            raise NotImplementedError

    previous = trio.socket.set_custom_hostname_resolver(NoSuchHost())
    try:
        with pytest.raises(ConnectionFailed, match=r"cannot reach chat\.example.*no such host"):
            await Dialler().open(request_to(URL))
    finally:
        trio.socket.set_custom_hostname_resolver(previous)


async def test_a_name_that_no_host_can_have() -> None:
    with pytest.raises(LocalProtocolError, match="no name that a host can have"):
        await Dialler().open(request_to(f"ws://{'a' * 70}.example"))


async def test_tls(server_context: ssl.SSLContext, client_context: ssl.SSLContext) -> None:
    async with serve(silent, ssl_context=server_context) as server:
        async with opened(request_to(server.url, ssl_context=client_context)) as transport:
            await transport.send_text("x" * 300_000)
        assert server.peers[0].request.headers["Origin"] == server.origin
        with pytest.raises(CertificateInvalid, match="certificate is not trusted") as caught:
            await Dialler().open(request_to(server.url))

    assert caught.value.retry is Retry.NO


async def test_a_certificate_for_another_host(
    authority: trustme.CA, client_context: ssl.SSLContext
) -> None:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("other.example").configure_cert(context)
    async with serve(silent, ssl_context=context) as server:
        with pytest.raises(CertificateInvalid, match="certificate is not trusted"):
            await Dialler().open(request_to(server.url, ssl_context=client_context))


async def test_tls_to_a_server_without() -> None:
    async with serve(silent) as server:
        with pytest.raises(ConnectionFailed, match="no encrypted connection"):
            await Dialler().open(request_to(server.url.replace("ws:", "wss:")))


async def test_a_server_that_speaks_something_else_than_tls() -> None:
    async def mail(stream: trio.SocketStream) -> None:
        async with stream:
            await stream.send_all(b"220 mail.example ESMTP\r\n")
            await stream.receive_some()

    async with trio.open_nursery() as nursery:
        listeners = await nursery.start(trio.serve_tcp, mail, 0)
        port = listeners[0].socket.getsockname()[1]
        with pytest.raises(CertificateInvalid, match="it does not speak TLS"):
            await Dialler().open(request_to(f"wss://127.0.0.1:{port}"))
        nursery.cancel_scope.cancel()


async def test_cancelled_at_every_step_of_the_handshake_nothing_stays_open() -> None:
    came_to_its_end = False
    for steps in range(1, 200):
        ours, theirs = trio.testing.memory_stream_pair()
        scope = trio.CancelScope()
        cutter = CancelAtStep(scope, steps)
        before = tasks()
        found: list[TrioTransport] = []
        async with trio.open_nursery() as nursery:
            nursery.start_soon(_accept_if_it_can, theirs)
            with cutter, scope:
                found.append(await shake_hands(ours, request_to(URL)))
            for transport in found:
                nursery.start_soon(transport.run)
                transport.abort()
                await trio.testing.wait_all_tasks_blocked()
            nursery.cancel_scope.cancel()
        with pytest.raises(trio.ClosedResourceError):
            await ours.send_all(b"x")
        assert tasks() == before
        if found and cutter.left > 0:
            came_to_its_end = True
            break

    assert came_to_its_end


async def _accept_if_it_can(stream: trio.abc.Stream) -> None:
    with suppress(trio.BrokenResourceError, trio.ClosedResourceError):  # cut
        await accept(stream)


@pytest.mark.parametrize("is_encrypted", [False, True], ids=["ws", "wss"])
@pytest.mark.parametrize("account", ["", "user:p%40ss@"], ids=["no-account", "account"])
async def test_through_a_proxy(
    server_context: ssl.SSLContext,
    client_context: ssl.SSLContext,
    is_encrypted: bool,
    account: str,
) -> None:
    """The proxy sees the address and its own account, and nothing of ours."""
    context = server_context if is_encrypted else None
    async with serve(silent, ssl_context=context) as server, proxy() as through:
        request = request_to(
            server.url,
            headers={"Cookie": "sessionid=secret"},
            ssl_context=client_context,
            proxy=f"http://{account}127.0.0.1:{through.port}",
        )
        async with opened(request) as transport:
            await transport.send_text("hello")
        assert server.peers[0].request.headers["Cookie"] == "sessionid=secret"

    (asked,) = through.asked
    assert asked.startswith(f"CONNECT 127.0.0.1:{server.port} HTTP/1.1\r\n")
    assert "secret" not in asked
    assert ("Proxy-Authorization: Basic dXNlcjpwQHNz" in asked) == bool(account)


async def test_through_an_encrypted_proxy(
    server_context: ssl.SSLContext, client_context: ssl.SSLContext
) -> None:
    """TLS in TLS. What the proxy's own certificate is trusted by is the system."""
    dialler = Dialler()
    dialler._system_trust = client_context
    async with (
        serve(silent, ssl_context=server_context) as server,
        proxy(ssl_context=server_context) as through,
        trio.open_nursery() as nursery,
    ):
        transport = await dialler.open(
            request_to(
                server.url,
                ssl_context=client_context,
                proxy=f"https://127.0.0.1:{through.port}",
            )
        )
        nursery.start_soon(transport.run)
        await transport.send_text("hello")
        await transport.close()


@pytest.mark.parametrize(
    ("answer", "sentence", "retry"),
    [
        (b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n", "HTTP 407", Retry.NO),
        (b"HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno", "HTTP 403", Retry.NO),
        (b"HTTP/1.0 502 Bad Gateway\r\n\r\n", "HTTP 502", Retry.LATER),
        (b"HTTP/1.1 429 Slow down\r\n\r\n", "HTTP 429", Retry.LATER),
        (b"SSH-2.0-OpenSSH_9\r\n", "does not speak HTTP", Retry.LATER),
        (b"\xff" * 20_000, "does not speak HTTP", Retry.LATER),
        (b"HTTP/1.1 200 OK\r\n" + b"a: b\r\n" * 20_000, "(without an end|speak HTTP)", Retry.LATER),
        (b"HTTP/1.1 500 No\r\n\r\n" + b"x" * 100_000, "HTTP 500", Retry.LATER),
        (
            b"HTTP/1.1 200 OK\r\n" + (b"a: " + b"b" * 8_000 + b"\r\n") * 20,
            "without an end",
            Retry.LATER,
        ),
        (b"", "hung up", Retry.LATER),
        (b"HTTP/1.1 200 OK\r\n\r\nHTTP/1.1 101 OK\r\n\r\n", "of its own", Retry.LATER),
    ],
    ids=[
        "407",
        "403",
        "502",
        "429",
        "ssh",
        "noise",
        "headers",
        "body",
        "long-headers",
        "nothing",
        "more",
    ],
)
async def test_a_proxy_that_does_not_connect(answer: bytes, sentence: str, retry: Retry) -> None:
    async with proxy(answer) as through:
        request = request_to(URL, proxy=f"http://user:pass@127.0.0.1:{through.port}")
        with pytest.raises(ConnectionFailed, match=sentence) as caught:
            await Dialler().open(request)

    assert f"the proxy at 127.0.0.1 port {through.port}" in str(caught.value)
    assert "pass" not in str(caught.value)
    assert caught.value.retry is retry


async def test_a_proxy_that_is_not_there() -> None:
    port = free_port()

    with pytest.raises(ConnectionFailed, match=f"cannot reach 127.0.0.1 port {port}"):
        await Dialler().open(request_to(URL, proxy=f"http://127.0.0.1:{port}"))


async def test_a_proxy_and_a_server_that_take_nothing() -> None:
    ours, theirs = trio.testing.memory_stream_pair()
    await theirs.aclose()
    through = HttpProxy.parse("http://proxy.example")
    request = request_to(URL)

    with pytest.raises(ConnectionFailed, match=r"the proxy at proxy\.example port 80 hung up"):
        await open_tunnel(ours, through, request.address)
    ours, theirs = trio.testing.memory_stream_pair()
    await theirs.aclose()
    with pytest.raises(ConnectionFailed, match="the server hung up during the WebSocket"):
        await shake_hands(ours, request)


async def test_cancelled_in_the_middle_of_a_tls_handshake_nothing_stays_open() -> None:
    ended = trio.Event()

    async def silent_server(stream: trio.SocketStream) -> None:
        async with stream:
            assert await stream.receive_some() != b""
            scope.cancel()
            assert await stream.receive_some() == b""
            ended.set()

    async with trio.open_nursery() as nursery:
        listeners = await nursery.start(trio.serve_tcp, silent_server, 0)
        port = listeners[0].socket.getsockname()[1]
        with trio.CancelScope() as scope:
            await Dialler().open(request_to(f"wss://127.0.0.1:{port}"))
        await ended.wait()
        nursery.cancel_scope.cancel()

    assert scope.cancelled_caught


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("socks5://me:hunter2@localhost:1080", "socks5 proxies are not supported"),
        ("ftp://me:hunter2@localhost", "the proxy has no address such as"),
        ("http://", "the proxy has no address such as"),
        ("http://me:hunter2@h:port", "the proxy has no address such as"),
        ("localhost:3128", "the proxy has no address such as"),
    ],
    ids=["socks", "ftp", "no-host", "no-port", "no-scheme"],
)
def test_what_is_no_proxy(url: str, sentence: str) -> None:
    """The mistake is told at once, and without the password."""
    with pytest.raises(LocalProtocolError, match=sentence) as caught:
        connect(URL, proxy=url)

    assert "hunter2" not in str(caught.value)
    assert caught.value.__context__ is None or caught.value.__suppress_context__
