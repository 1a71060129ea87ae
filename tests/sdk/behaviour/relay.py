"""A piece of network between a client and a server, which can be cut, silenced and taken away."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine
from contextlib import suppress
from types import TracebackType
from typing import Any, Self, TypeVar

__all__ = ["Relay", "Relays"]

T = TypeVar("T")
_PATIENCE = 10.0


class Relay:
    """
    Passes bytes on, both ways, from a port of its own to a server.

    Args:
        host: The server.
        port: Its port.

    Attributes:
        port: Where it listens.

    """

    def __init__(self, host: str, port: int) -> None:
        self._to = host, port
        self._tasks: set[asyncio.Task[None]] = set()
        self._writers: set[asyncio.StreamWriter] = set()
        self._is_down = False
        self._is_silent: set[asyncio.StreamWriter] = set()
        self.port = 0

    async def start(self) -> None:
        """Listen."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Stop listening, and cut what is open."""
        self._server.close()
        await self.cut()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def cut(self) -> None:
        """Reset all connections."""
        for writer in self._writers:
            writer.transport.abort()

    async def silence(self) -> None:
        """Pass nothing on any more of the connections that are open."""
        self._is_silent |= self._writers

    async def down(self) -> None:
        """Take no connections any more."""
        self._is_down = True

    async def up(self) -> None:
        """Take connections again."""
        self._is_down = False

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self._writers.add(writer)
        try:
            if self._is_down:
                writer.transport.abort()
                return
            other_reader, other = await asyncio.open_connection(*self._to)
            self._writers.add(other)
            try:
                await asyncio.gather(self._pump(reader, other), self._pump(other_reader, writer))
            finally:
                self._writers.discard(other)
                other.transport.abort()
        finally:
            self._tasks.discard(task)
            self._writers.discard(writer)
            writer.transport.abort()

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while data := await reader.read(65_536):
                if writer not in self._is_silent:
                    writer.write(data)
                    await writer.drain()
            if writer not in self._is_silent:
                writer.write_eof()


class Relays:
    """Runs relays in a thread of its own; a context manager."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="relays")
        self._relays: list[Relay] = []

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        for relay in self._relays:
            self.run(relay.stop)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(_PATIENCE)
        self._loop.close()

    def open(self, host: str, port: int) -> Relay:
        """Start a relay to a server."""
        relay = Relay(host, port)
        self.run(relay.start)
        self._relays.append(relay)
        return relay

    def run(self, what: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """Run something in the thread, and wait for it."""
        return asyncio.run_coroutine_threadsafe(what(), self._loop).result(_PATIENCE)
