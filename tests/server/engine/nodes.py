"""An engine that runs behind a real port, and clients that talk to it in bytes."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import trio
from starlette.types import Receive, Scope, Send

from multichat_server.config import Settings
from multichat_server.engine import Engine
from multichat_server.http.front import serve_http

from . import wire
from .fakes import FakeAccounts

DEADLINE = 60
"""Seconds after which a test that waits for the network has failed."""


def handshake(
    session: str | None = None,
    *,
    path: str = "/chat/stream/",
    host: str = "chat.test",
    extra: str = "",
) -> bytes:
    """Return an upgrade request."""
    cookie = "" if session is None else f"Cookie: a=b; sessionid={session}\r\n"
    return (
        f"GET {path} HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\n"
        "Connection: keep-alive, Upgrade\r\nSec-WebSocket-Version: 13\r\n"
        f"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n{cookie}{extra}\r\n"
    ).encode()


class Peer:
    """A client: writes bytes, reads frames."""

    def __init__(self, stream: trio.SocketStream) -> None:
        self.stream = stream
        self._data = bytearray()

    async def send(self, *frames: bytes) -> None:
        await self.stream.send_all(b"".join(frames))

    async def receive_head(self) -> str:
        """Return the head of an HTTP response."""
        while b"\r\n\r\n" not in self._data:
            data = await self.stream.receive_some()
            assert data, f"no response, but {bytes(self._data)!r}"
            self._data += data
        head, _, rest = bytes(self._data).partition(b"\r\n\r\n")
        self._data[:] = rest
        return head.decode()

    async def frame(self) -> Any:
        """Return the next frame as `wire.shown` shows it."""
        while (taken := wire.take_frame(self._data)) is None:
            data = await self.stream.receive_some()
            assert data, f"the stream ended with {bytes(self._data)!r}"
            self._data += data
        frame, size = taken
        del self._data[:size]
        return wire.shown(frame)

    async def frames(self, count: int) -> list[Any]:
        return [await self.frame() for _ in range(count)]

    async def rest(self) -> list[Any]:
        """Return all frames until the end of the stream, which must not tear one."""
        while data := await self.stream.receive_some():
            self._data += data
        frames = wire.server_frames(bytes(self._data))
        self._data.clear()
        return [wire.shown(frame) for frame in frames]

    async def join(self, room: str = "1") -> None:
        """Join and wait for the answer, which must be the next frame."""
        await self.send(wire.join(room))
        joined = await self.frame()
        assert joined["join"] == room, joined

    async def say(self, message: str, room: str = "1") -> None:
        await self.send(wire.send(message, room))

    async def hears(self, message: str) -> None:
        """Check that the next frame is this message."""
        frame = await self.frame()
        assert frame["message"] == message, frame


class Node:
    """A running engine."""

    def __init__(
        self, engine: Engine, accounts: FakeAccounts, settings: Settings, port: int
    ) -> None:
        self.engine = engine
        self.accounts = accounts
        self.settings = settings
        self.port = port
        self.accepting = trio.CancelScope()
        self._peers: list[Peer] = []

    async def open(self) -> Peer:
        """Open a TCP connection."""
        peer = Peer(await trio.open_tcp_stream("127.0.0.1", self.port))
        self._peers.append(peer)
        return peer

    async def ask(self, request: bytes) -> tuple[Peer, str]:
        """Send a request and return the head of the response."""
        peer = await self.open()
        await peer.send(request)
        return peer, await peer.receive_head()

    async def connect(self, session: str | None = None, *, room: str | None = None) -> Peer:
        """Return a connected client, in a room if one is given."""
        peer, head = await self.ask(handshake(session))
        assert head.startswith("HTTP/1.1 101 "), head
        if room is not None:
            await peer.join(room)
        return peer

    async def aclose(self) -> None:
        for peer in self._peers:
            await peer.stream.aclose()


async def _no_pages(_: Scope, __: Receive, send: Send) -> None:
    await send({"type": "http.response.start", "status": 404, "headers": []})
    await send({"type": "http.response.body", "body": b""})


@asynccontextmanager
async def running(**settings: Any) -> AsyncIterator[Node]:
    """Run an engine with these settings behind a port; everything has ended afterwards."""
    accounts = FakeAccounts()
    chosen = Settings(**settings)
    engine = Engine(accounts, chosen)
    await engine.refresh()
    (listener,) = await trio.open_tcp_listeners(0, host="127.0.0.1")
    node = Node(engine, accounts, chosen, listener.socket.getsockname()[1])
    serve = partial(serve_http, app=_no_pages, settings=chosen, upgrade=engine.upgrade)

    async def accept() -> None:
        with node.accepting:
            await trio.serve_listeners(serve, [listener], handler_nursery=nursery)

    with trio.fail_after(DEADLINE):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(engine.run)
            nursery.start_soon(accept)
            try:
                yield node
            finally:
                with trio.CancelScope(shield=True):
                    await node.aclose()
            nursery.cancel_scope.cancel()
