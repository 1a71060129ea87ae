"""In-memory connections for the Trio shell."""

import math
import threading
from contextlib import suppress

import trio

from multichat_proto.address import Address
from multichat_proto.testing.links import Backend, Link
from multichat_proto.transport import OpenRequest

__all__ = ["MemoryConnector", "MemoryTransport", "connector"]


class MemoryTransport:
    """
    The client's end of an in-memory connection, under Trio.

    Args:
        link: The connection.
        close_timeout: How long a goodbye takes that nobody hears, in seconds.

    """

    def __init__(self, link: Link, close_timeout: float) -> None:
        self._link = link
        self._close_timeout = close_timeout
        self._token = trio.lowlevel.current_trio_token()
        self._thread = threading.get_ident()
        self._arrived = trio.Event()
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
        await trio.lowlevel.checkpoint()
        self._link.send_text(text, trio.current_time())

    async def ping(self) -> None:
        """Ping the server."""
        await trio.lowlevel.checkpoint()
        self._link.ping()

    async def receive(self) -> str | bytes:
        """Return the next message; cancelling this loses none."""
        await trio.lowlevel.checkpoint()
        while True:
            self._arrived = trio.Event()
            now = trio.current_time()
            message = self._link.take(now)
            if message is not None:
                return message
            due = self._link.due_at(now)
            with trio.move_on_at(math.inf if due is None else due):
                await self._arrived.wait()

    async def close(self, code: int = 1000, reason: str = "") -> None:
        """Say goodbye."""
        await trio.lowlevel.checkpoint()
        if self._link.is_half_open:
            await trio.sleep(self._close_timeout)
            self._link.abort()
        else:
            self._link.close(code, reason)

    def abort(self) -> None:
        """End the connection at once."""
        self._link.abort()

    def _wake(self) -> None:
        if threading.get_ident() == self._thread and trio.lowlevel.in_trio_run():
            self._see()
        else:
            with suppress(trio.RunFinishedError):
                self._token.run_sync_soon(self._see, idempotent=True)

    def _see(self) -> None:
        self._link.stamp(trio.current_time())
        self._arrived.set()


class MemoryConnector:
    """
    Connects the Trio shell to a server in memory; see :meth:`MemoryServer.connector`.

    Args:
        server: Which.
        username: Who connects; ``None`` goes by the credentials.

    """

    def __init__(self, server: Backend, username: str | None = None) -> None:
        self._server = server
        self._username = username

    async def open(self, request: OpenRequest) -> MemoryTransport:
        """Open a connection."""
        await trio.lowlevel.checkpoint()
        link = self._server.open_link(request, self._username)
        return MemoryTransport(link, request.close_timeout)

    async def login(self, address: Address, username: str, password: str) -> dict[str, str]:  # noqa: ARG002  # there is but one server
        """Return the cookies of a new session."""
        await trio.lowlevel.checkpoint()
        return self._server.log_in(username, password)


def connector(server: Backend, *, username: str | None = None) -> MemoryConnector:
    """
    Return what ``multichat_proto.trio.connect`` takes as ``transport``.

    ::

        async with connect("ws://test", transport=connector(server, username="alice")) as chat:
            ...
    """
    return MemoryConnector(server, username)
