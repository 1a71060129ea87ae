"""In-memory connections for the asyncio shell."""

import asyncio
import threading
from contextlib import suppress

from multichat_proto.address import Address
from multichat_proto.testing.links import Backend, Link
from multichat_proto.transport import OpenRequest

__all__ = ["MemoryConnector", "MemoryTransport", "connector"]


class MemoryTransport:
    """
    The client's end of an in-memory connection, under asyncio.

    Args:
        link: The connection.
        close_timeout: How long a goodbye takes that nobody hears, in seconds.

    """

    def __init__(self, link: Link, close_timeout: float) -> None:
        self._link = link
        self._close_timeout = close_timeout
        self._loop = asyncio.get_running_loop()
        self._thread = threading.get_ident()
        self._arrived = asyncio.Event()
        link.on_arrival = self._wake

    @property
    def subprotocol(self) -> str | None:
        """What the server selected, or ``None``."""
        return self._link.subprotocol

    @property
    def pongs(self) -> int:
        """How many pongs have come so far."""
        return self._link.pongs

    async def send_text(self, text: str) -> None:
        """Hand a frame to the server."""
        await asyncio.sleep(0)
        self._link.send_text(text, self._loop.time())

    async def ping(self) -> None:
        """Ping the server."""
        await asyncio.sleep(0)
        self._link.ping()

    async def receive(self) -> str | bytes:
        """Return the next message; cancelling this loses none."""
        await asyncio.sleep(0)
        while True:
            self._arrived.clear()
            now = self._loop.time()
            message = self._link.take(now)
            if message is not None:
                return message
            with suppress(TimeoutError):
                async with asyncio.timeout_at(self._link.due_at(now)):
                    await self._arrived.wait()

    async def close(self, code: int = 1000, reason: str = "") -> None:
        """Say goodbye."""
        if self._link.is_half_open:
            await asyncio.sleep(self._close_timeout)
            self._link.abort()
        else:
            await asyncio.sleep(0)
            self._link.close(code, reason)

    def abort(self) -> None:
        """End the connection at once."""
        self._link.abort()

    def _wake(self) -> None:
        if threading.get_ident() == self._thread:
            self._see()
        else:
            with suppress(RuntimeError):  # the loop is closed, and nobody waits
                self._loop.call_soon_threadsafe(self._see)

    def _see(self) -> None:
        self._link.stamp(self._loop.time())
        self._arrived.set()


class MemoryConnector:
    """
    Connects the asyncio shell to a server in memory; see :meth:`MemoryServer.connector`.

    Args:
        server: Which.
        username: Who connects; ``None`` goes by the credentials.

    """

    def __init__(self, server: Backend, username: str | None = None) -> None:
        self._server = server
        self._username = username

    async def open(self, request: OpenRequest) -> MemoryTransport:
        """Open a connection."""
        await asyncio.sleep(0)
        link = self._server.open_link(request, self._username)
        return MemoryTransport(link, request.close_timeout)

    async def login(self, address: Address, username: str, password: str) -> dict[str, str]:  # noqa: ARG002  # there is but one server
        """Return the cookies of a new session."""
        await asyncio.sleep(0)
        return self._server.log_in(username, password)


def connector(server: Backend, *, username: str | None = None) -> MemoryConnector:
    """
    Return what ``multichat_proto.asyncio.connect`` takes as ``transport``.

    ::

        async with connect("ws://test", transport=connector(server, username="alice")) as chat:
            ...
    """
    return MemoryConnector(server, username)
