"""
The seam between the client and whatever carries its text.

A *connector* opens connections, a *transport* is one of them. The three shells bring their
own, over sockets; tests put others in their place. Every error that leaves them is ours.
"""

import dataclasses
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final, Protocol, runtime_checkable

from multichat_proto.address import Address

if TYPE_CHECKING:
    import ssl

__all__ = [
    "OWN_ORIGIN",
    "AsyncConnector",
    "AsyncLogin",
    "AsyncTransport",
    "OpenRequest",
    "SyncConnector",
    "SyncLogin",
    "SyncTransport",
]

OWN_ORIGIN: Final = "own"
"""Stands for the origin of the server's own pages, which every server takes (MC1-HAND-12)."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class OpenRequest:
    """
    What a connector needs to know to open a connection.

    Attributes:
        address: The server.
        headers: More headers of the handshake, ``Cookie`` among them.
        origin: The ``Origin`` header; ``None`` sends none.
        subprotocols: What to offer, best first (MC1-CLIENT-01).
        ssl_context: For ``wss``; ``None`` means the system's certificates.
        proxy: The URL of a proxy; ``None`` means none, not the environment's.
        max_frame_bytes: Longest message that is read; a longer one ends the connection.
        close_timeout: Longest wait, in seconds, for the other side's part of a goodbye.

    """

    address: Address
    headers: Mapping[str, str] = dataclasses.field(repr=False)
    origin: str | None
    subprotocols: tuple[str, ...]
    ssl_context: "ssl.SSLContext | None"
    proxy: str | None = dataclasses.field(repr=False)
    max_frame_bytes: int
    close_timeout: float


class AsyncTransport(Protocol):
    """One connection that is open, under Trio or asyncio."""

    @property
    def subprotocol(self) -> str | None:
        """What the server selected, or ``None``."""
        ...

    @property
    def pongs(self) -> int:
        """How many pongs have come so far."""
        ...

    async def send_text(self, text: str) -> None:
        """
        Hand a frame to the system.

        Cancelled before the frame is whole, it ends the connection: nothing torn stays open.

        Raises:
            ConnectionClosed: The connection has ended.

        """
        ...

    async def ping(self) -> None:
        """Hand a ping to the system; do not wait for the pong."""
        ...

    async def receive(self) -> str | bytes:
        """
        Return the next message; cancelling this loses none.

        Raises:
            ConnectionClosed: The connection has ended; said each time.
            RemoteProtocolError: It has ended because the server broke WebSocket.

        """
        ...

    async def close(self, code: int = 1000, reason: str = "") -> None:
        """Say goodbye, and wait a bounded time for the other side to."""
        ...

    def abort(self) -> None:
        """End the connection at once; :meth:`receive` then says 1006. Twice is once."""
        ...


class AsyncConnector(Protocol):
    """Opens connections, under Trio or asyncio."""

    async def open(self, request: OpenRequest) -> AsyncTransport:
        """
        Open a connection; cancelling it leaves nothing open.

        Raises:
            ConnectionFailed: It did not come about.
            RemoteProtocolError: What answers does not speak WebSocket.

        """
        ...


@runtime_checkable
class AsyncLogin(Protocol):
    """A connector that also logs in; without it, the shells use the login form over HTTP."""

    async def login(self, address: Address, username: str, password: str) -> dict[str, str]:
        """
        Return the cookies of a new session.

        Raises:
            LoginFailed: The account was not taken.

        """
        ...


class SyncTransport(Protocol):
    """One connection that is open; :meth:`abort` may be called from any thread."""

    @property
    def subprotocol(self) -> str | None:
        """What the server selected, or ``None``."""
        ...

    @property
    def pongs(self) -> int:
        """How many pongs have come so far."""
        ...

    def send_text(self, text: str) -> None:
        """
        Hand a frame to the system.

        Raises:
            ConnectionClosed: The connection has ended.

        """
        ...

    def ping(self) -> None:
        """Hand a ping to the system; do not wait for the pong."""
        ...

    def receive(self) -> str | bytes:
        """
        Return the next message.

        Raises:
            ConnectionClosed: The connection has ended; said each time.
            RemoteProtocolError: It has ended because the server broke WebSocket.

        """
        ...

    def close(self, code: int = 1000, reason: str = "") -> None:
        """Say goodbye, and wait a bounded time for the other side to."""
        ...

    def abort(self) -> None:
        """End the connection at once; what waits in another method then raises."""
        ...


class SyncConnector(Protocol):
    """Opens connections, without an event loop."""

    def open(self, request: OpenRequest) -> SyncTransport:
        """
        Open a connection.

        Raises:
            ConnectionFailed: It did not come about.
            RemoteProtocolError: What answers does not speak WebSocket.

        """
        ...


@runtime_checkable
class SyncLogin(Protocol):
    """A connector that also logs in; without it, the shell uses the login form over HTTP."""

    def login(self, address: Address, username: str, password: str) -> dict[str, str]:
        """
        Return the cookies of a new session.

        Raises:
            LoginFailed: The account was not taken.

        """
        ...
