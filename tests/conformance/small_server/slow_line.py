"""
A line that takes its time: a proxy that passes bytes on, each a while after it came.

It holds a bounded number of them, as lines do: who does not read is felt at the other end.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

import trio

from tests.conformance.small_server.limits import pause

__all__ = ["slow_line"]

HOST = "127.0.0.1"

_ON_THE_WAY = 16
"""Reads, of 64 KiB at most, that are on their way in one direction."""


@asynccontextmanager
async def slow_line(port: int, seconds: float) -> AsyncIterator[int]:
    """
    Pass connections on to a port of the loopback, until the block is left.

    Args:
        port: Where to.
        seconds: How long each byte is on its way, in each direction.

    Yields:
        The port to connect to instead.

    """

    async def serve(near: trio.SocketStream) -> None:
        far = await trio.open_tcp_stream(HOST, port)
        async with near, far, trio.open_nursery() as nursery:
            nursery.start_soon(_pass_on, near, far, seconds)
            nursery.start_soon(_pass_on, far, near, seconds)

    async with trio.open_nursery() as nursery:
        listeners = await nursery.start(partial(trio.serve_tcp, serve, 0, host=HOST))
        yield listeners[0].socket.getsockname()[1]
        nursery.cancel_scope.cancel()


async def _pass_on(here: trio.SocketStream, there: trio.SocketStream, seconds: float) -> None:
    """Pass one direction on, to its end and with it."""
    give, take = trio.open_memory_channel[tuple[float, bytes]](_ON_THE_WAY)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(_write, there, take)
        async with give:
            data = b"?"
            while data:
                try:
                    data = await here.receive_some()
                except trio.BrokenResourceError:
                    data = b""
                await give.send((trio.current_time() + seconds, data))


async def _write(
    stream: trio.SocketStream, take: trio.MemoryReceiveChannel[tuple[float, bytes]]
) -> None:
    async for due, data in take:
        await pause(due - trio.current_time())
        try:
            if data:
                await stream.send_all(data)
            else:
                await stream.send_eof()
        except (trio.BrokenResourceError, trio.ClosedResourceError):
            return
