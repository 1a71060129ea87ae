"""Servers on the loopback that do not even begin to be targets, each in a thread of its own."""

import base64
import hashlib
import json
import re
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from queue import SimpleQueue
from typing import TypeAlias

import trio

__all__ = [
    "Behaviour",
    "bad_server",
    "drops",
    "floods_the_handshake",
    "floods_with_frames",
    "never_answers",
    "never_answers_commands",
    "refuses_handshakes",
    "speaks_something_else",
]

Behaviour: TypeAlias = Callable[[trio.SocketStream], Awaitable[None]]

_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


async def never_answers(stream: trio.SocketStream) -> None:
    """Take whatever comes and say nothing."""
    while await stream.receive_some():
        pass


async def drops(stream: trio.SocketStream) -> None:
    """End each connection at its first bytes."""
    await stream.receive_some()


async def speaks_something_else(stream: trio.SocketStream) -> None:
    """Greet as a mail server does."""
    await stream.send_all(b"220 mail.example.org ESMTP\r\n\r\n")
    await never_answers(stream)


async def refuses_handshakes(stream: trio.SocketStream) -> None:
    """Answer all requests with 404."""
    await stream.receive_some()
    await stream.send_all(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")
    await never_answers(stream)


async def floods_the_handshake(stream: trio.SocketStream) -> None:
    """Answer with a head that never ends."""
    await stream.send_all(b"HTTP/1.1 101 Switching Protocols\r\n")
    while True:
        await stream.send_all(b"X-More: and more\r\n" * 1000)


async def never_answers_commands(stream: trio.SocketStream) -> None:
    """Accept handshakes, and take commands without a word."""
    await _accept(stream)
    await never_answers(stream)


async def floods_with_frames(stream: trio.SocketStream) -> None:
    """Send room messages without an end, whatever comes."""
    await _accept(stream)
    message = {"room": "1", "message": "more", "username": "alice", "msg_type": 0}
    text = json.dumps(message).encode()
    frames = (bytes([0x81, len(text)]) + text) * 100
    while True:
        await stream.send_all(frames)


async def _accept(stream: trio.SocketStream) -> None:
    head = b""
    while b"\r\n\r\n" not in head:
        data = await stream.receive_some()
        if not data:
            return
        head += data
    found = re.search(rb"(?i)sec-websocket-key: *(\S+)", head)
    assert found is not None
    key = base64.b64encode(hashlib.sha1(found[1] + _GUID).digest())  # noqa: S324  # RFC 6455
    await stream.send_all(
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Accept: " + key + b"\r\n\r\n"
    )


@contextmanager
def bad_server(behaviour: Behaviour) -> Iterator[int]:
    """Serve until the block is left; yields the port."""
    begun: SimpleQueue[tuple[int, trio.lowlevel.TrioToken, trio.CancelScope] | None] = SimpleQueue()

    async def handle(stream: trio.SocketStream) -> None:
        with suppress(trio.BrokenResourceError, trio.ClosedResourceError):
            async with stream:
                await behaviour(stream)

    async def serve() -> None:
        listeners = await trio.open_tcp_listeners(0, host="127.0.0.1")
        with trio.CancelScope() as scope:
            port = listeners[0].socket.getsockname()[1]
            begun.put((port, trio.lowlevel.current_trio_token(), scope))
            await trio.serve_listeners(handle, listeners)

    def run() -> None:
        try:
            trio.run(serve)
        finally:
            begun.put(None)  # if it has not begun, it never will

    thread = threading.Thread(target=run, name="bad server")
    thread.start()
    try:
        started = begun.get()
        if started is None:
            raise RuntimeError("the bad server did not start")
        port, token, scope = started
        try:
            yield port
        finally:
            token.run_sync_soon(scope.cancel)
    finally:
        thread.join()
