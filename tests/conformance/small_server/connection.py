"""
One WebSocket connection, from the answer to its handshake to its end (sections 9 and 10).

Four tasks: one reads, one writes, one pings, one waits for the backlog to grow too long. A
frame is said by putting it into the outbox; the writer alone writes to the stream.
"""

import json
from collections import deque
from collections.abc import Collection
from typing import TYPE_CHECKING

import trio

from tests.conformance.small_server.frames import Frame
from tests.conformance.small_server.framing import (
    PING,
    PONG,
    TEXT,
    Broken,
    Closed,
    Event,
    Framing,
    Message,
    Ping,
    Pong,
    close_frame,
    server_frame,
)
from tests.conformance.small_server.limits import Bucket, pause
from tests.conformance.small_server.store import Account, Session

if TYPE_CHECKING:
    from tests.conformance.small_server.server import Server

__all__ = ["CHUNK", "Connection"]

CHUNK = 65_536


class Connection:
    """
    A connection and what it owes its client.

    Attributes:
        session: The session of the handshake; None: anonymous.
        commands: The bucket of messages.
        refusals: The bucket of ``RATE_LIMITED`` answers.
        is_closing: Whether the server's close frame is said, or nothing more can be.
        is_gone: Set at the very end.

    """

    def __init__(
        self, server: "Server", stream: trio.SocketStream, session: Session | None
    ) -> None:
        self.server = server
        self.limits = server.limits
        self.stream = stream
        self.session = session
        self.commands = Bucket(burst=self.limits.command_burst, rate=self.limits.command_rate)
        self.refusals = Bucket(burst=self.limits.refusal_burst, rate=self.limits.refusal_rate)
        self.is_closing = False
        self.is_gone = trio.Event()
        self._framing = server.part(Framing)(self.limits)
        self._scope = trio.CancelScope()
        self._outbox: deque[bytes] = deque()
        self._backlog = 0
        self._something_to_write = trio.Event()
        self._is_too_slow = trio.Event()
        self._no_more_from_client = trio.Event()
        self._heard = trio.current_time()

    @property
    def account(self) -> Account | None:
        """Who it is; None: nobody."""
        return None if self.session is None else self.session.account

    @property
    def everybody(self) -> Collection["Connection"]:
        """All connections of the server."""
        return list(self.server.connections)

    # What is said.

    def say(self, frame: Frame) -> None:
        """Send a frame, in order, as soon as the stream takes it."""
        if not self.is_closing:
            self.put(server_frame(TEXT, self.encode(frame)))

    def encode(self, frame: Frame) -> bytes:
        """One JSON object (MC1-FRAME-01)."""
        return json.dumps(frame, ensure_ascii=False).encode()

    def put(self, data: bytes) -> None:
        """Put bytes into the outbox."""
        self._outbox.append(data)
        self._backlog += len(data)
        self._something_to_write.set()
        if self._backlog > self.limits.backlog_bytes:
            self._is_too_slow.set()

    def close(self, code: int | None, reason: str = "", *, told: bool = True) -> None:
        """
        Say the server's close frame, once, and end all memberships.

        What of the closing handshake is not done in time, is not done (MC1-CLOSE-03).

        Args:
            code: Its code; None: none.
            reason: For the person who reads a log.
            told: Whether the rooms are told.

        """
        if self.is_closing:
            return
        self.end_memberships(told=told)
        self.put_close(code, reason)
        self.is_closing = True
        self.bound_the_end()

    def end_memberships(self, *, told: bool) -> None:
        """End all memberships, once."""
        self.server.hall.end(self, told=told)

    def put_close(self, code: int | None, reason: str) -> None:
        """Put the close frame into the outbox (MC1-CLOSE-02)."""
        self.put(close_frame(code, reason))

    def bound_the_end(self, seconds: float | None = None) -> None:
        """From now on, the end of the TCP connection has a time; None: the stated one."""
        seconds = self.limits.close_seconds if seconds is None else seconds
        self._scope.deadline = trio.current_time() + seconds

    def cut(self) -> None:
        """End the TCP connection at once: what a correct server never does."""
        self._scope.cancel()

    # What is done.

    async def run(self, early: bytes) -> None:
        """
        Serve the connection to its end.

        Args:
            early: What came right behind the handshake (MC1-HAND-06).

        """
        with self._scope:
            try:
                async with trio.open_nursery() as nursery:
                    nursery.start_soon(self._write)
                    nursery.start_soon(self._ping)
                    nursery.start_soon(self._watch_backlog)
                    await self._read(early)
                    nursery.cancel_scope.cancel()
            finally:
                self.ended()

    def ended(self) -> None:
        """The stream is at its end: by a close frame, without, by a reset (MC1-END-01)."""
        if not self.is_closing:
            self.is_closing = True
            self.end_memberships(told=True)

    async def _read(self, data: bytes) -> None:
        while True:
            if not self._no_more_from_client.is_set():
                self._heard = trio.current_time()
                self._take(data)
            try:
                data = await self.stream.receive_some(CHUNK)
            except trio.BrokenResourceError:
                return
            if not data:
                return

    def _take(self, data: bytes) -> None:
        try:
            for event in self._framing.receive(data):
                self.event(event)
                if self._no_more_from_client.is_set():
                    return  # MC1-CLOSE-07
        except Broken as broken:
            self.broken(broken)

    def broken(self, broken: Broken) -> None:
        """End a connection whose client broke a rule (MC1-FRAME-06 and 07, MC1-LIMIT-02)."""
        self.close(broken.code, broken.reason)
        self._no_more_from_client.set()

    def event(self, event: Event) -> None:
        """Do what one thing that the client sent asks for."""
        match event:
            case Closed(code):
                self.closed(code)
            case _ if self.is_closing:
                pass
            case Message(content):
                self.message(content)
            case Ping(payload):
                self.pong(payload)
            case Pong():
                pass

    def message(self, content: str | bytes) -> None:
        """Carry a message out."""
        self.server.commands.obey(self, content)

    def pong(self, payload: bytes) -> None:
        """Answer a ping (MC1-FRAME-08)."""
        self.put(server_frame(PONG, payload))

    def closed(self, code: int | None) -> None:
        """Answer the client's close frame (MC1-CLOSE-01)."""
        self.close(code)
        self._no_more_from_client.set()

    async def _write(self) -> None:
        while True:
            while self._outbox:
                data = self._outbox.popleft()
                try:
                    await self.transmit(data)
                except (trio.BrokenResourceError, trio.ClosedResourceError):
                    return  # the reader sees it, too, after what the client still said
                self._backlog -= len(data)
            if self.is_closing:
                await self._no_more_from_client.wait()
                await self.end_stream()
                return
            self._something_to_write = trio.Event()
            await self._something_to_write.wait()

    async def transmit(self, data: bytes) -> None:
        """Write to the stream."""
        await self.stream.send_all(data)

    async def end_stream(self) -> None:
        """End the TCP connection from this side (MC1-CLOSE-01)."""
        try:
            await self.stream.send_eof()
        except (trio.BrokenResourceError, trio.ClosedResourceError):
            return

    async def _ping(self) -> None:
        while True:
            await pause(self.limits.ping_seconds)
            if self.is_closing:
                return
            self.put(server_frame(PING, b"here?"))
            if trio.current_time() - self._heard > self.limits.silence_seconds:
                self.vanished()

    def vanished(self) -> None:
        """Nothing has come for too long (MC1-END-02)."""
        self.close(1011, "no sign of life")

    async def _watch_backlog(self) -> None:
        await self._is_too_slow.wait()
        self.too_slow()

    def too_slow(self) -> None:
        """Put a member out that reads too slowly (MC1-CLOSE-06, MC1-DELIV-02)."""
        self._outbox.clear()
        self.close(1013, "it reads too slowly")
