"""
The wire between a server in memory and one client: what a socket would be.

A :class:`Link` has two ends. The server's end puts frames in and ends the connection; the
client's end is what the three transports of this package stand on. It never waits and knows
no clock: whoever has one passes the time in. Any thread may use either end; all links of one
server share its lock.
"""

import threading
from collections import deque
from collections.abc import Callable
from typing import Protocol

import msgspec

from multichat_proto.exceptions import ConnectionClosed, MultichatError, RemoteProtocolError
from multichat_proto.messages import CloseCode
from multichat_proto.testing.faults import Misfortune
from multichat_proto.transport import OpenRequest

__all__ = ["Backend", "Link"]


class Backend(Protocol):
    """What answers in memory: :class:`MemoryServer`, :class:`ScriptedServer`."""

    @property
    def lock(self) -> threading.RLock:
        """Held whenever a link is used."""
        ...

    def open_link(self, request: OpenRequest, username: str | None) -> "Link":
        """
        Take a connection.

        Args:
            request: The handshake.
            username: Who it is, whatever the handshake says; ``None`` looks there.

        Raises:
            ConnectionFailed: It is refused.

        """
        ...

    def log_in(self, username: str, password: str) -> dict[str, str]:
        """
        Return the cookies of a new session.

        Raises:
            LoginFailed: The account is not taken.

        """
        ...

    def receive(self, link: "Link", text: str, now: float) -> None:
        """Take a client's text frame."""
        ...

    def lost(self, link: "Link") -> None:
        """Take it that the client has gone."""
        ...


class _Arrival(msgspec.Struct):
    what: str | bytes | MultichatError
    delay: float
    due: float | None = None


class Link:
    """
    One connection in memory.

    Args:
        backend: Who is at the server's end.
        username: Who is at the client's; ``None`` is nobody who is logged in.
        subprotocol: What the server selected.

    Attributes:
        username: As given.
        subprotocol: As given.
        pongs: How many pings were answered.
        delay: Seconds that whatever is put in from now on is on its way.
        misfortune: What spoils the frames; ``None`` for nothing.
        max_frame_bytes: Longest frame that the client reads; ``None`` reads any.
        is_half_open: Whether nothing gets through any more, and neither side is told.
        on_arrival: Called when something is put in. It must do no more than wake somebody up,
            and may be called by any thread.

    """

    def __init__(
        self, backend: Backend, *, username: str | None = None, subprotocol: str | None = None
    ) -> None:
        self.username = username
        self.subprotocol = subprotocol
        self.pongs = 0
        self.delay = 0.0
        self.misfortune: Misfortune | None = None
        self.max_frame_bytes: int | None = None
        self.is_half_open = False
        self.on_arrival: Callable[[], None] = _nothing
        self.lock = backend.lock
        self._backend = backend
        self._inbox: deque[_Arrival] = deque()
        self._is_open = True
        self._end: MultichatError | None = None

    @property
    def is_open(self) -> bool:
        """Whether the server takes the connection to be there."""
        return self._is_open

    @property
    def backlog(self) -> int:
        """How many frames the client has not read yet."""
        return len(self._inbox)

    # -- The server's end.

    def deliver(self, what: str | bytes) -> None:
        """Put a frame in."""
        with self.lock:
            if not self._is_open or self.is_half_open:
                return
            if self.misfortune is None:
                self._put(what)
            elif self.misfortune.cuts():
                self._lose()
            else:
                for frame in self.misfortune.spoil(what):
                    self._put(frame, self.misfortune.latency())
                if self.misfortune.reorders() and len(self._inbox) > 1:
                    before, last = self._inbox[-2], self._inbox[-1]
                    before.what, last.what = last.what, before.what

    def end(self, code: int, reason: str = "") -> None:
        """End the connection with a close frame, behind all that was put in before."""
        with self.lock:
            if self._is_open:
                self._is_open = False
                if not self.is_half_open:
                    self._put(ConnectionClosed(code, reason))

    def cut(self, error: MultichatError | None = None) -> None:
        """End it at once, without a word; what was on its way is lost."""
        with self.lock:
            self._is_open = False
            self._finish(error or ConnectionClosed(CloseCode.ABNORMAL))

    # -- The client's end.

    def stamp(self, now: float) -> None:
        """Take the time of what has been put in since."""
        with self.lock:
            latest = now
            for arrival in self._inbox:
                if arrival.due is None:
                    arrival.due = max(latest, now + arrival.delay)
                latest = max(latest, arrival.due)

    def take(self, now: float) -> str | bytes | None:
        """
        Return the next frame; ``None`` if none has arrived yet.

        Raises:
            MultichatError: The connection has ended.

        """
        with self.lock:
            if self._end is not None:
                raise self._end.with_traceback(None)
            due = self.due_at(now)
            if due is None or due > now:
                return None
            what = self._inbox.popleft().what
            if isinstance(what, MultichatError):
                self._finish(what)
                raise what.with_traceback(None)
            most = self.max_frame_bytes
            if most is not None and len(what if isinstance(what, bytes) else what.encode()) > most:
                error = RemoteProtocolError(f"the server sent a frame of more than {most} bytes")
                self._leave(error)
                raise error
            return what

    def due_at(self, now: float) -> float | None:
        """Return when the next frame arrives; ``None`` if none is on its way."""
        with self.lock:
            self.stamp(now)
            return self._inbox[0].due if self._inbox else None

    def send_text(self, text: str, now: float) -> None:
        """
        Hand a frame to the server.

        Raises:
            MultichatError: The connection has ended, and the client knows it.

        """
        with self.lock:
            if self._end is not None:
                raise self._end.with_traceback(None)
            if not self._is_open or self.is_half_open:
                return
            if self.misfortune is not None and self.misfortune.tears():
                self._lose()
            else:
                self._backend.receive(self, text, now)

    def ping(self) -> None:
        """Send a ping, which is answered at once unless nothing gets through."""
        with self.lock:
            if self._end is not None:
                raise self._end.with_traceback(None)
            if self._is_open and not self.is_half_open:
                self.pongs += 1
                self.on_arrival()

    def close(self, code: int, reason: str) -> None:
        """Say goodbye, as a client."""
        with self.lock:
            if self._end is None:
                self._leave(ConnectionClosed(code, reason))

    def abort(self) -> None:
        """Go without a word, as a client."""
        with self.lock:
            if self._end is None:
                self._leave(ConnectionClosed(CloseCode.ABNORMAL))

    def _leave(self, error: MultichatError) -> None:
        was_open, self._is_open = self._is_open, False
        self._finish(error)
        if was_open:
            self._backend.lost(self)

    def _lose(self) -> None:
        self.cut()
        self._backend.lost(self)

    def _put(self, what: str | bytes | MultichatError, delay: float = 0.0) -> None:
        self._inbox.append(_Arrival(what, self.delay + delay))
        self.on_arrival()

    def _finish(self, error: MultichatError) -> None:
        self._inbox.clear()
        if self._end is None:
            self._end = error
        self.on_arrival()


def _nothing() -> None:
    """Nobody waits yet."""
