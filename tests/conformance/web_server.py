"""A web server that answers what a test wants, right or wrong, and keeps what it was asked."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

import trio

__all__ = ["Asked", "WebServer", "page", "web_server"]


@dataclass(frozen=True)
class Asked:
    """A request."""

    method: str
    path: str
    headers: dict[str, str]
    body: str


@dataclass
class WebServer:
    """Where it is, and what it was asked."""

    address: str
    asked: list[Asked] = field(default_factory=list)


def page(status: int, text: str = "", *headers: str) -> bytes:
    """Return a response."""
    body = text.encode()
    lines = [f"HTTP/1.1 {status} Said", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join([*lines, "Connection: close", "", ""]).encode() + body


@asynccontextmanager
async def web_server(answer: Callable[[Asked], bytes | None]) -> AsyncIterator[WebServer]:
    """
    Serve on the loopback until the block is left.

    Args:
        answer: Returns the bytes to send, after which the connection ends; None: none ever come.

    """

    async def handle(stream: trio.SocketStream) -> None:
        data = b""
        while b"\r\n\r\n" not in data:
            more = await stream.receive_some()
            if not more:
                return
            data += more
        head, _, body = data.partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        headers = {n.lower(): v.strip() for n, _, v in (line.partition(":") for line in lines)}
        while len(body) < int(headers.get("content-length", 0)):
            body += await stream.receive_some()
        method, path, _ = first.split(" ")
        asked = Asked(method, path, headers, body.decode())
        server.asked.append(asked)
        if (response := answer(asked)) is None:
            await trio.sleep_forever()
        with suppress(trio.BrokenResourceError):
            await stream.send_all(response)

    async with trio.open_nursery() as nursery:
        listeners = await trio.open_tcp_listeners(0, host="127.0.0.1")
        port = listeners[0].socket.getsockname()[1]
        server = WebServer(f"127.0.0.1:{port}")
        nursery.start_soon(trio.serve_listeners, handle, listeners)
        yield server
        nursery.cancel_scope.cancel()
