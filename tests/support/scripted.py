"""
A server on the loopback that follows a script: right, wrong or silent, as a test wants it.

It serves the login form of the original at ``/accounts/login/`` and hands each WebSocket
connection to the test's script.
"""

import json
import secrets
import ssl
import urllib.parse
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial

import trio
from websockets.frames import Frame, Opcode
from websockets.http11 import Request
from websockets.protocol import OPEN
from websockets.server import ServerProtocol

ACCOUNTS = {"alice": "wonderland", "bob": "builder"}

FORM = """<form method="post" action="."><input type="hidden" name="csrfmiddlewaretoken"
value="{token}"><input name="username"><input type="password" name="password"></form>"""


class Peer:
    """The server's side of one WebSocket connection."""

    def __init__(self, stream: trio.abc.Stream, protocol: ServerProtocol, request: Request) -> None:
        self.stream = stream
        self.protocol = protocol
        self.request = request
        self._received: list[Frame] = []
        # The script answers while the test itself may speak.
        self._writing = trio.Lock()

    async def frame(self) -> Frame | None:
        """Return the next data or close frame, or None at the end of the stream."""
        while not self._received:
            data = await self.stream.receive_some()
            if data:
                self.protocol.receive_data(data)
            else:
                self.protocol.receive_eof()
            await self.flush()
            self._received += [f for f in self.protocol.events_received() if isinstance(f, Frame)]
            if not data and not self._received:
                return None
        return self._received.pop(0)

    async def command(self) -> dict[str, object] | None:
        """Return the next command, or None at the end."""
        while (frame := await self.frame()) is not None:
            if frame.opcode is Opcode.TEXT:
                command: dict[str, object] = json.loads(bytes(frame.data))
                return command
            if frame.opcode is Opcode.CLOSE:
                return None
        return None

    async def say(self, *frames: object) -> None:
        """Send frames: objects as JSON, strings as they are."""
        for frame in frames:
            text = frame if isinstance(frame, str) else json.dumps(frame)
            self.protocol.send_text(text.encode())
        await self.flush()

    async def close(self, code: int, reason: str = "") -> None:
        self.protocol.send_close(code, reason)
        await self.flush()

    async def flush(self) -> None:
        async with self._writing:
            for data in self.protocol.data_to_send():
                if data:
                    await self.stream.send_all(data)
                elif isinstance(self.stream, trio.abc.HalfCloseableStream):
                    await self.stream.send_eof()


Script = Callable[[Peer], Awaitable[None]]


@dataclass
class ScriptedServer:
    """What the test knows of the running server."""

    port: int = 0
    secure: bool = False
    sessions: dict[str, str] = field(default_factory=dict)
    requests: list[tuple[str, str, Mapping[str, str], bytes]] = field(default_factory=list)
    peers: list[Peer] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"{'wss' if self.secure else 'ws'}://127.0.0.1:{self.port}/chat/stream/"

    @property
    def origin(self) -> str:
        return f"{'https' if self.secure else 'http'}://127.0.0.1:{self.port}"

    def user(self, request: Request) -> str | None:
        cookies = dict(
            pair.split("=", 1) for pair in request.headers.get("Cookie", "").split("; ") if pair
        )
        return self.sessions.get(cookies.get("sessionid", ""))


@asynccontextmanager
async def serve(
    script: Script,
    *,
    pages: Mapping[tuple[str, str], bytes] | None = None,
    ssl_context: ssl.SSLContext | None = None,
) -> AsyncIterator[ScriptedServer]:
    """
    Serve until the block is left.

    Args:
        script: What to do with each WebSocket connection, after the handshake.
        pages: Whole HTTP responses by method and path, in place of the login form's own.
        ssl_context: Serve TLS with it.

    """
    server = ScriptedServer(secure=ssl_context is not None)

    async def handle(stream: trio.abc.Stream) -> None:
        if ssl_context is not None:
            stream = trio.SSLStream(stream, ssl_context, server_side=True, https_compatible=True)
        try:
            async with stream:
                await _converse(stream, server, script, pages or {})
        except (trio.BrokenResourceError, trio.ClosedResourceError):
            pass  # the other side went

    async with trio.open_nursery() as nursery:
        listeners = await nursery.start(partial(trio.serve_tcp, handle, 0, host="127.0.0.1"))
        server.port = listeners[0].socket.getsockname()[1]
        yield server
        nursery.cancel_scope.cancel()


async def _converse(
    stream: trio.abc.Stream,
    server: ScriptedServer,
    script: Script,
    pages: Mapping[tuple[str, str], bytes],
) -> None:
    received = b""
    while b"\r\n\r\n" not in received:
        data = await stream.receive_some()
        if not data or data.startswith(b"\x16\x03"):  # a TLS handshake is no HTTP
            return
        received += data
    head, _, body = received.partition(b"\r\n\r\n")
    request_line, *lines = head.decode("latin-1").split("\r\n")
    method, path, _ = request_line.split(" ")
    headers = {name.lower(): value.strip() for name, value in (x.split(":", 1) for x in lines)}
    if "upgrade" in headers and (method, path) not in pages:
        protocol = ServerProtocol(
            subprotocols=None, select_subprotocol=_select, max_size=None, origins=None
        )
        protocol.receive_data(received)
        request = protocol.events_received()[0]
        assert isinstance(request, Request)
        protocol.send_response(protocol.accept(request))
        assert protocol.state is OPEN
        peer = Peer(stream, protocol, request)
        server.peers.append(peer)
        await peer.flush()
        await script(peer)
        return
    while len(body) < int(headers.get("content-length", "0")):
        body += await stream.receive_some()
    server.requests.append((method, path, headers, body))
    page = pages.get((method, path))
    await stream.send_all(page if page is not None else _log_in(server, method, path, body))


def _select(_: ServerProtocol, __: object) -> None:
    return None


def _log_in(server: ScriptedServer, method: str, path: str, body: bytes) -> bytes:
    if path != "/accounts/login/":
        return response(404, "not found")
    if method == "GET":
        return response(200, FORM.format(token="t0ken"), "Set-Cookie: csrftoken=t0ken; Path=/")
    form = {name: values[0] for name, values in urllib.parse.parse_qs(body.decode()).items()}
    if form.get("csrfmiddlewaretoken") != "t0ken":
        return response(403, "CSRF")
    if ACCOUNTS.get(form.get("username", "")) != form.get("password"):
        return response(200, FORM.format(token="t0ken"))
    key = secrets.token_hex(8)
    server.sessions[key] = form["username"]
    return response(302, "", f"Set-Cookie: sessionid={key}; HttpOnly; Path=/", "Location: /")


def response(status: int, text: str, *headers: str) -> bytes:
    """Return a whole HTTP response."""
    body = text.encode()
    lines = [f"HTTP/1.1 {status} Scripted", f"Content-Length: {len(body)}", "Connection: close"]
    return "\r\n".join([*lines, *headers, "", ""]).encode() + body


async def accept(stream: trio.abc.Stream) -> Peer:
    """Do the server's side of the opening handshake on a stream; return the connection."""
    protocol = ServerProtocol(max_size=None)
    requests: list[object] = []
    while not requests:
        data = await stream.receive_some()
        if not data:
            raise trio.BrokenResourceError("the client went before it had asked")
        protocol.receive_data(data)
        requests += protocol.events_received()
    request = requests[0]
    assert isinstance(request, Request)
    protocol.send_response(protocol.accept(request))
    peer = Peer(stream, protocol, request)
    await peer.flush()
    return peer
