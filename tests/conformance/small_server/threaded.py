"""The small server in a thread of its own, for a judge that has the main thread to itself."""

import threading
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import replace
from queue import SimpleQueue

import trio

from multichat_conformance.target import Target
from tests.conformance.small_server.limits import Limits
from tests.conformance.small_server.running import small_server
from tests.conformance.small_server.server import HOST
from tests.conformance.small_server.slow_line import slow_line

__all__ = ["served"]


@contextmanager
def served(
    parts: Collection[type] = (),
    *,
    limits: Limits | None = None,
    announces: bool = True,
    line: float | None = None,
) -> Iterator[Target]:
    """
    Serve from a thread until the block is left; yields the target.

    Args:
        parts: What replaces parts of the server.
        limits: Its limits; None: the small ones.
        announces: Whether it sends ENTER and LEAVE.
        line: Seconds that each byte is on its way to the server, and from it; None: no line is
            in between. Hooks do not go over it.

    """
    begun: SimpleQueue[tuple[Target, trio.lowlevel.TrioToken, trio.Event] | None] = SimpleQueue()

    async def serve() -> None:
        end = trio.Event()
        async with small_server(parts, limits=limits, announces=announces) as running:
            token = trio.lowlevel.current_trio_token()
            if line is None:
                begun.put((running.target, token, end))
                await end.wait()
                return
            address = running.server.address
            async with slow_line(int(address.rpartition(":")[2]), line) as port:
                behind = replace(
                    running.target,
                    url=f"ws://{HOST}:{port}/chat/stream/",
                    origin=f"http://{address}",
                )
                begun.put((behind, token, end))
                await end.wait()

    def run() -> None:
        try:
            trio.run(serve)
        finally:
            begun.put(None)  # if it has not begun, it never will

    thread = threading.Thread(target=run, name="small server")
    thread.start()
    try:
        started = begun.get()
        if started is None:
            raise RuntimeError("the small server did not start")
        target, token, end = started
        try:
            yield target
        finally:
            token.run_sync_soon(end.set)
    finally:
        thread.join()
