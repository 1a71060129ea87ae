"""An HTTP proxy on the loopback, which connects or does something else."""

import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial

import trio


@dataclass
class RunningProxy:
    """What the test knows of the proxy."""

    port: int = 0
    asked: list[str] = field(default_factory=list)


@asynccontextmanager
async def proxy(
    answer: bytes | None = None, *, ssl_context: ssl.SSLContext | None = None
) -> AsyncIterator[RunningProxy]:
    """
    Run a proxy until the block is left.

    Args:
        answer: What it answers instead of connecting; then it hangs up.
        ssl_context: Speak TLS with it.

    """
    running = RunningProxy()

    async def handle(stream: trio.abc.Stream) -> None:
        if ssl_context is not None:
            stream = trio.SSLStream(stream, ssl_context, server_side=True, https_compatible=True)
        try:
            async with stream:
                head = b""
                while b"\r\n\r\n" not in head:
                    head += await stream.receive_some()
                running.asked.append(head.decode())
                if answer is not None:
                    await stream.send_all(answer)
                    return
                host, _, port = head.split(b" ")[1].decode().rpartition(":")
                async with await trio.open_tcp_stream(host, int(port)) as server:
                    await stream.send_all(b"HTTP/1.1 200 Connection established\r\n\r\n")
                    await _relay(stream, server)
        except (trio.BrokenResourceError, trio.ClosedResourceError):
            pass  # one of the two went

    async with trio.open_nursery() as nursery:
        listeners = await nursery.start(partial(trio.serve_tcp, handle, 0, host="127.0.0.1"))
        running.port = listeners[0].socket.getsockname()[1]
        yield running
        nursery.cancel_scope.cancel()


async def _relay(one: trio.abc.Stream, other: trio.abc.Stream) -> None:
    async with trio.open_nursery() as nursery:

        async def pour(source: trio.abc.Stream, sink: trio.abc.Stream) -> None:
            while data := await source.receive_some():
                await sink.send_all(data)
            nursery.cancel_scope.cancel()

        nursery.start_soon(pour, one, other)
        nursery.start_soon(pour, other, one)
