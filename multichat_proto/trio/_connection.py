"""
One open connection: a reader task, a writer task, and the core between them.

The reader feeds bytes to the WebSocket protocol and text to the core, and puts events in a
bounded queue; it runs no code of the user. When the queue is full it stops reading, and the
server feels that by TCP, as it should. The writer is the only one who writes, see
``_writer.py``.
"""

import math
from collections.abc import Callable, Mapping
from typing import Final, cast

import trio
from websockets.client import ClientProtocol
from websockets.frames import Frame, Opcode
from websockets.protocol import OPEN

from multichat_proto.client import ClientConnection, Event, Violation
from multichat_proto.exceptions import ConnectionClosed, RemoteProtocolError
from multichat_proto.messages import CloseCode, Command, Room
from multichat_proto.state import RoomState
from multichat_proto.trio._writer import FrameWriter

__all__ = ["Connection"]

_CHUNK: Final = 65_536
"""Bytes read at once: what Linux hands over at most for one default-sized receive window."""


class Connection:
    """
    A connection to a chat server; made by :func:`multichat_proto.trio.connect`.

    Any number of tasks may send. One task receives.

    Attributes:
        username: One's own name, or ``None`` where it is not known.
        subprotocol: What the server selected, such as ``multichat.v1``, or ``None``.

    """

    def __init__(
        self,
        stream: trio.abc.Stream,
        protocol: ClientProtocol,
        *,
        username: str | None,
        max_events: int,
        close_timeout: float,
    ) -> None:
        self.username = username
        self.subprotocol = protocol.subprotocol
        self._stream = stream
        self._protocol = protocol
        self._core = ClientConnection(username=username)
        self._writer = FrameWriter(stream)
        self._close_timeout = close_timeout
        self._turn = trio.Lock()
        self._inbox, self._events = trio.open_memory_channel[Event](max_events)
        self._reading = trio.CancelScope()
        self._read_all = trio.Event()
        self._fragments: list[bytes] = []

    @property
    def rooms(self) -> Mapping[Room, RoomState]:
        """Where one stands with each room; a room that is not there is ``OUTSIDE``."""
        return self._core.rooms

    @property
    def unanswered(self) -> tuple[Command, ...]:
        """The commands that the server has not answered yet, oldest first."""
        return self._core.unanswered

    @property
    def is_open(self) -> bool:
        """Whether commands can be sent."""
        return self._protocol.state is OPEN

    async def join(self, room: str | int) -> Command:
        """
        Ask to join a room (MC1-JOIN-02); the answer comes as an event.

        The command is returned: the event that answers it names it. A call that is cancelled
        has sent nothing, or has ended the connection; so have :meth:`leave` and :meth:`send`.

        Raises:
            LocalProtocolError: It is no room's name, or an answer is still due.
            ConnectionClosed: The connection has ended; the command was not carried out.

        """
        return await self._command(lambda: self._core.join(room))

    async def leave(self, room: str | int) -> Command:
        """
        Ask to leave a room (MC1-LEAVE-01); the answer comes as an event.

        Raises:
            LocalProtocolError: It is no room's name, or an answer is still due.
            ConnectionClosed: The connection has ended.

        """
        return await self._command(lambda: self._core.leave(room))

    async def send(self, room: str | int, message: str) -> Command:
        """
        Say something to a room one is in (MC1-SEND-01).

        That it returns means that the system has taken it, not that anybody got it: the
        server confirms a message by sending it back (an event that answers this command).

        Raises:
            LocalProtocolError: One is not in that room, or the text is no Unicode text.
            ConnectionClosed: The connection has ended.

        """
        return await self._command(lambda: self._core.send(room, message))

    async def receive(self) -> Event:
        """
        Return the next event. Cancelling it loses none.

        Raises:
            ConnectionClosed: The connection has ended, and all that came has been received.
            RemoteProtocolError: It has ended because the server broke the WebSocket protocol.

        """
        try:
            return await self._events.receive()
        except (trio.EndOfChannel, trio.ClosedResourceError):
            raise self._ending() from None

    async def aclose(self) -> None:
        """
        Close the connection: say goodbye, and wait a bounded time for the other side to.

        What was not received yet is dropped. Cancelling it ends the connection at once.
        """
        self._events.close()
        try:
            if self.is_open:
                self._protocol.send_close(CloseCode.NORMAL)
                self._writer.post(self._data_to_send())
                self._limit_reading()
            await self._read_all.wait()
        finally:
            self._writer.abort()

    async def run_reader(self) -> None:
        """Read until the connection ends. For :func:`connect`; cancelling it ends reading."""
        try:
            with self._reading, self._inbox:
                await self._process()  # what came right behind the handshake's response
                while not self._protocol.reader.eof:
                    try:
                        data = await self._stream.receive_some(_CHUNK)
                    except (trio.BrokenResourceError, trio.ClosedResourceError):
                        data = b""
                    if data:
                        self._protocol.receive_data(data)
                    else:
                        self._protocol.receive_eof()
                    await self._process()
        finally:
            self._protocol.receive_eof()
            self._read_all.set()
            self._writer.abort()

    async def run_writer(self) -> None:
        """Write until the connection ends, then close it. For :func:`connect`."""
        try:
            await self._writer.run()
        finally:
            self._reading.cancel()

    async def _command(self, make: Callable[[], str]) -> Command:
        async with self._turn:
            # From the core's change to the writer's queue there is no point where a
            # cancellation could come between.
            await trio.lowlevel.checkpoint_if_cancelled()
            if not self.is_open:
                raise self._closed()
            text = make()
            command = cast("Command", self._core.last_command)  # just now
            self._protocol.send_text(text.encode())
            try:
                await self._writer.write(self._data_to_send())
            except trio.BrokenResourceError:
                raise self._closed() from None
            return command

    def _data_to_send(self) -> bytes:
        return b"".join(self._protocol.data_to_send())

    async def _process(self) -> None:
        """Answer and deliver what the protocol has read."""
        replies = [frame for frame in self._protocol.data_to_send() if frame]
        frames = self._protocol.events_received()
        if self.is_open:
            if replies:
                self._writer.post_pong(replies[-1])
        else:
            for reply in replies:
                self._writer.post(reply)
        for frame in frames:
            if isinstance(frame, Frame) and not await self._receive_frame(frame):
                break
        if not self.is_open:
            # The end is known, with its code: say so before the stream itself has ended.
            self._inbox.close()
            self._limit_reading()

    async def _receive_frame(self, frame: Frame) -> bool:
        """Take one frame; return False if it ended the connection."""
        match frame.opcode:
            case Opcode.TEXT:
                self._fragments = [bytes(frame.data)]
            case Opcode.CONT if self._fragments:
                self._fragments.append(bytes(frame.data))
            case Opcode.BINARY:
                await self._deliver(Violation("", "the server sent a binary message"))
                return True
            case _:
                return True
        if frame.fin:
            data, self._fragments = b"".join(self._fragments), []
            try:
                text = data.decode()
            except UnicodeDecodeError as exc:
                # RFC 6455, section 8.1: "that endpoint MUST _Fail the WebSocket Connection_".
                self._protocol.parser_exc = exc
                self._protocol.fail(CloseCode.INVALID_TEXT, "invalid UTF-8")
                self._writer.post(self._data_to_send())
                return False
            await self._deliver(self._core.receive_text(text))
        return True

    async def _deliver(self, event: Event) -> None:
        try:
            await self._inbox.send(event)
        except (trio.BrokenResourceError, trio.ClosedResourceError):
            return  # Closing: nobody wants events any more, but the peer's close frame counts.

    def _limit_reading(self) -> None:
        if self._reading.deadline == math.inf:
            self._reading.deadline = trio.current_time() + self._close_timeout

    def _ending(self) -> ConnectionClosed | RemoteProtocolError:
        broke = self._protocol.parser_exc
        if broke is not None and not isinstance(broke, EOFError):
            return RemoteProtocolError(f"the server broke the WebSocket protocol: {broke}")
        return self._closed()

    def _closed(self) -> ConnectionClosed:
        close = self._protocol.close_rcvd
        if close is None:
            return ConnectionClosed(CloseCode.ABNORMAL)
        return ConnectionClosed(close.code, close.reason)
