"""The small server in a thread of its own, for a judge that has the main thread to itself."""

import threading
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from queue import SimpleQueue

import trio

from multichat_conformance.target import Target
from tests.conformance.small_server.limits import Limits
from tests.conformance.small_server.running import small_server

__all__ = ["served"]


@contextmanager
def served(
    parts: Collection[type] = (), *, limits: Limits | None = None, announces: bool = True
) -> Iterator[Target]:
    """
    Serve from a thread until the block is left; yields the target.

    Args:
        parts: What replaces parts of the server.
        limits: Its limits; None: the small ones.
        announces: Whether it sends ENTER and LEAVE.

    """
    begun: SimpleQueue[tuple[Target, trio.lowlevel.TrioToken, trio.Event] | None] = SimpleQueue()

    async def serve() -> None:
        end = trio.Event()
        async with small_server(parts, limits=limits, announces=announces) as running:
            begun.put((running.target, trio.lowlevel.current_trio_token(), end))
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
