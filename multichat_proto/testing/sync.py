"""In-memory connections for the sync shell."""

import threading

from multichat_proto.address import Address
from multichat_proto.sync import Clock
from multichat_proto.testing.links import Backend, Link
from multichat_proto.transport import OpenRequest

__all__ = ["MemoryConnector", "MemoryTransport", "connector"]


class MemoryTransport:
    """
    The client's end of an in-memory connection, for threads.

    Args:
        link: The connection.
        close_timeout: How long a goodbye takes that nobody hears, in seconds.
        clock: The time.

    """

    def __init__(self, link: Link, close_timeout: float, clock: Clock) -> None:
        self._link = link
        self._close_timeout = close_timeout
        self._clock = clock
        # The link's own lock: whoever puts something in holds it already.
        self._arrived = threading.Condition(link.lock)
        link.on_arrival = self._wake

    @property
    def subprotocol(self) -> str | None:
        """What the server selected, or ``None``."""
        return self._link.subprotocol

    @property
    def pongs(self) -> int:
        """How many pongs have come so far."""
        return self._link.pongs

    def send_text(self, text: str) -> None:
        """Hand a frame to the server."""
        self._link.send_text(text, self._clock.now())

    def ping(self) -> None:
        """Ping the server."""
        self._link.ping()

    def receive(self) -> str | bytes:
        """Return the next message."""
        with self._arrived:
            while True:
                now = self._clock.now()
                message = self._link.take(now)
                if message is not None:
                    return message
                due = self._link.due_at(now)
                self._clock.wait(self._arrived, None if due is None else due - now)

    def close(self, code: int = 1000, reason: str = "") -> None:
        """Say goodbye."""
        with self._arrived:
            if self._link.is_half_open:
                until = self._clock.now() + self._close_timeout
                while self._link.is_open and (left := until - self._clock.now()) > 0:
                    self._clock.wait(self._arrived, left)
                self._link.abort()
            else:
                self._link.close(code, reason)

    def abort(self) -> None:
        """End the connection at once; any thread may."""
        self._link.abort()

    def _wake(self) -> None:
        with self._arrived:
            self._link.stamp(self._clock.now())
            self._arrived.notify_all()


class MemoryConnector:
    """
    Connects the sync shell to a server in memory; see :meth:`MemoryServer.connector`.

    Args:
        server: Which.
        username: Who connects; ``None`` goes by the credentials.
        clock: The same that ``connect`` has.

    """

    def __init__(
        self, server: Backend, username: str | None = None, clock: Clock | None = None
    ) -> None:
        self._server = server
        self._username = username
        self._clock = clock or Clock()

    def open(self, request: OpenRequest) -> MemoryTransport:
        """Open a connection."""
        link = self._server.open_link(request, self._username)
        return MemoryTransport(link, request.close_timeout, self._clock)

    def login(self, address: Address, username: str, password: str) -> dict[str, str]:  # noqa: ARG002  # there is but one server
        """Return the cookies of a new session."""
        return self._server.log_in(username, password)


def connector(
    server: Backend, *, username: str | None = None, clock: Clock | None = None
) -> MemoryConnector:
    """
    Return what ``multichat_proto.sync.connect`` takes as ``transport``.

    ::

        with connect("ws://test", transport=connector(server, username="alice")) as chat:
            ...
    """
    return MemoryConnector(server, username, clock)
