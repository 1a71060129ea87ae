"""
One client's connection without I/O: bytes in, frames in outboxes out.

Three things meet here. websockets' sans-I/O :class:`~websockets.protocol.Protocol` knows RFC
6455; :class:`~multichat_proto.server.ServerConnection` knows v1; the outbox and the hub know
who gets what. This module puts messages together from fragments, carries out what the core
decides, and keeps the connection's deadlines. It reads no clock and no socket: a driver passes
both in.

How a connection ends, always in this order: membership ends and the others are told; the close
frame, if one may still be sent, goes behind what waits (or instead of it); nothing is posted
any more; the peer has a bounded time to read it and to close in turn; the socket is closed.
"""

from collections.abc import Callable, Iterable
from typing import Final, assert_never

from websockets.frames import Frame, Opcode
from websockets.protocol import SEND_EOF, Protocol, Side, State

from multichat_proto.limits import TokenBucket
from multichat_proto.messages import CloseCode, Left, Message, MsgType, Room
from multichat_proto.server import (
    Action,
    Close,
    Enter,
    Exit,
    Reply,
    ServerConnection,
    Speak,
)
from multichat_server.engine.framing import frame
from multichat_server.engine.hub import Hub
from multichat_server.engine.outbox import Outbox

__all__ = ["CLOSE_TIMEOUT", "Connection", "put_out"]

CLOSE_TIMEOUT: Final = 5.0
"""Seconds that a peer has, after a close frame, to read it and to close in turn."""

CONTROL_FRAME_BYTES: Final = 125
"""RFC 6455 §5.5: the longest payload of a control frame. Allowed on top of what a message may
still have, because control frames come in the middle of messages."""

CLOSE_REASON_BYTES: Final = CONTROL_FRAME_BYTES - 2
"""What the close code leaves of it for the reason."""

PING_RATE: Final = 10.0
"""Pings and pongs a second from one peer in the long run. Each costs as much as a command, and
nobody needs more than one in some seconds."""

PING_BURST: Final = 100
"""Pings and pongs that may come at once."""


class Connection:
    """
    A client's connection after the handshake.

    Args:
        chat: What v1 says about it.
        outbox: Where its frames go; the connection seals it.
        hub: Who is in which room.
        announces: Whether ENTER and LEAVE are announced.
        max_frame_bytes: Longest message, however many frames it comes in; a longer one closes
            the connection with 1009.
        ping_interval: Seconds without a sign of life before a ping.
        ping_timeout: Seconds for a sign of life after that; then the connection is lost, which
            bounds how long a vanished member stays (MC1-END-02).
        close_timeout: Seconds between a close frame and the end of the connection, whatever the
            peer does.
        now: The time in seconds, of the clock that all other times are of.
        deadline_moved: Called when :meth:`check` must be called sooner than it said.

    Attributes:
        chat: What v1 says about it.
        outbox: Where its frames go.

    """

    __slots__ = (
        "_announces",
        "_close_by",
        "_close_timeout",
        "_controls",
        "_deadline_moved",
        "_heard_at",
        "_hub",
        "_is_pinged",
        "_is_text",
        "_max_frame_bytes",
        "_message",
        "_ping_interval",
        "_ping_timeout",
        "_protocol",
        "chat",
        "name",
        "outbox",
    )

    def __init__(
        self,
        *,
        chat: ServerConnection,
        outbox: Outbox,
        hub: Hub,
        announces: bool,
        max_frame_bytes: int,
        ping_interval: float,
        ping_timeout: float,
        now: float,
        deadline_moved: Callable[[float], None],
        close_timeout: float = CLOSE_TIMEOUT,
    ) -> None:
        self.chat = chat
        self.outbox = outbox
        self.name = chat.username or ""
        self._hub = hub
        self._announces = announces
        self._max_frame_bytes = max_frame_bytes
        self._ping_interval = ping_interval
        self._ping_timeout = ping_timeout
        self._close_timeout = close_timeout
        self._deadline_moved = deadline_moved
        self._protocol = Protocol(Side.SERVER, max_size=max_frame_bytes + CONTROL_FRAME_BYTES)
        self._message: bytearray | None = None  # of which some fragments have come
        self._is_text = True  # what the fragments are of
        self._controls = TokenBucket(rate=PING_RATE, burst=PING_BURST)
        self._heard_at = now
        self._is_pinged = False
        self._close_by: float | None = None

    @property
    def is_open(self) -> bool:
        """Whether the client's commands are still obeyed."""
        return self._close_by is None

    # What comes in

    def receive(self, data: bytes, *, now: float) -> None:
        """
        Take bytes from the peer, and carry out what they ask for.

        Args:
            data: The bytes; not empty.
            now: The time.

        """
        self.sign_of_life(now)
        self._protocol.receive_data(data)
        for event in self._protocol.events_received():
            if self._close_by is not None:
                break
            if isinstance(event, Frame):  # after the handshake, all are
                self._receive_frame(event, now)
        self._settle(now)

    def receive_eof(self, *, now: float) -> None:
        """Take note that the peer sends nothing more; it counts as gone, half-closed or not."""
        self._protocol.receive_eof()
        self._settle(now)

    def sign_of_life(self, now: float) -> None:
        """Take note that the peer is there: it sent something, or took what waited for it."""
        self._heard_at = now
        self._is_pinged = False

    def lost(self) -> None:
        """End it at once, without a close frame. Calling it again does nothing."""
        self._leave_all()
        self._close_by = self._close_by or 0.0
        self.outbox.kill()

    # What goes out

    def close(
        self, code: CloseCode, reason: str, *, now: float, abrupt: bool = False
    ) -> None:
        """
        End membership everywhere, and send a close frame with this code.

        Args:
            code: The close code.
            reason: A sentence for whoever reads the client's log; cut to what fits.
            now: The time.
            abrupt: Do not wait for the frames that are due to the client, nor look at what it
                sends: it floods or does not read.

        """
        if self._close_by is not None:
            return
        self._leave_all()
        fitting = reason.encode()[:CLOSE_REASON_BYTES].decode(errors="ignore")
        if abrupt:
            self._protocol.fail(code, fitting)
        elif self._protocol.state is State.OPEN:
            self._protocol.send_close(code, fitting)
        self._settle(now, discard=abrupt)

    def put_out_slow(self, *, now: float) -> None:
        """Close it because its backlog has passed the limit (MC1-LIMIT-04)."""
        reason = "reads too slowly: too much is waiting to be sent to it"
        self.close(CloseCode.TRY_AGAIN_LATER, reason, now=now, abrupt=True)

    def rename(self, name: str) -> None:
        """Let later messages carry another name: the user's account has been renamed."""
        self.name = self.chat.username = name

    # Deadlines

    def next_check(self) -> float:
        """Return when :meth:`check` has something to do."""
        if self._close_by is not None:
            return self._close_by
        wait = self._ping_interval + (self._ping_timeout if self._is_pinged else 0)
        return self._heard_at + wait

    def check(self, now: float) -> float | None:
        """
        Do what is due: ping an idle peer, give up on a silent one.

        Returns:
            When to call again, or ``None`` if the connection is over.

        """
        due = self.next_check()
        if now < due:
            return due
        if self._close_by is not None or self._is_pinged:
            self.lost()
            return None
        self._is_pinged = True
        self._protocol.send_ping(b"")
        self._settle(now)
        return self.next_check()

    # Inside

    def _receive_frame(self, event: Frame, now: float) -> None:
        opcode = event.opcode
        if opcode is Opcode.TEXT or opcode is Opcode.BINARY:
            self._is_text = opcode is Opcode.TEXT
            if event.fin:
                self._receive_message(event.data, now)
            else:
                self._message = bytearray(event.data)
                self._check_size(len(event.data))
        elif opcode is Opcode.CONT:
            assert self._message is not None  # the protocol object has refused anything else
            self._message += event.data
            if not self._check_size(len(self._message)):
                return
            if event.fin:
                message, self._message = self._message, None
                self._receive_message(message, now)
        elif opcode is not Opcode.CLOSE and not self._controls.take(now):
            self.close(
                CloseCode.POLICY_VIOLATION, "flood: too many pings", now=now, abrupt=True
            )

    def _check_size(self, size: int) -> bool:
        if size <= self._max_frame_bytes:
            return True
        self._message = None
        self._protocol.fail(CloseCode.TOO_BIG, f"longer than {self._max_frame_bytes} bytes")
        return False

    def _receive_message(self, data: bytes | bytearray | memoryview, now: float) -> None:
        if not self._check_size(len(data)):
            return
        if not self._is_text:
            self._perform(self.chat.receive_binary(now=now), now)
            return
        try:
            text = str(data, "utf-8")
        except UnicodeDecodeError as exc:
            # RFC 6455 §8.1, MC1-FRAME-02
            reason = f"not UTF-8: {exc.reason} at position {exc.start}"
            self._protocol.fail(CloseCode.INVALID_TEXT, reason)
            return
        self._perform(self.chat.receive_text(text, now=now), now)

    def _perform(self, actions: Iterable[Action], now: float) -> None:
        for action in actions:
            match action:
                case Speak(room=room, message=message):
                    spoken = Message(room, message, self.name, MsgType.MESSAGE)
                    self._hub.broadcast(room, frame(spoken))
                case Reply(frame=reply):
                    self.outbox.post(frame(reply))
                case Enter(room=room):
                    self._announce(room, MsgType.ENTER)
                    self._hub.enter(room, self.outbox)
                case Exit(room=room, told=told):
                    if told:
                        self._announce(room, MsgType.LEAVE)
                        self._hub.leave(room, self.outbox)
                    else:
                        self._hub.leave(room, self.outbox)
                        self._announce(room, MsgType.LEAVE)
                case Close(code=code, reason=reason):
                    self.close(code, reason, now=now, abrupt=True)
                case _:
                    assert_never(action)

    def _announce(self, room: Room, msg_type: MsgType) -> None:
        if self._announces:
            self._hub.broadcast(room, frame(Message(room, None, self.name, msg_type)))

    def _leave_all(self) -> None:
        self._perform(self.chat.disconnect(), now=self._heard_at)

    def _settle(self, now: float, *, discard: bool = False) -> None:
        """Post what the protocol object wants to send; notice if that ends the connection."""
        writes = self._protocol.data_to_send()
        if self._protocol.state is State.OPEN:
            for write in writes:
                self.outbox.post(write)
            return
        # A close frame was sent or received, or the stream has ended.
        is_news = self._close_by is None
        if is_news:
            self._leave_all()
            self._close_by = now + self._close_timeout
        finish = SEND_EOF in writes
        self.outbox.seal(b"".join(writes), discard=discard, finish=finish)
        if is_news:
            self._deadline_moved(self._close_by or now)


def put_out(losses: Iterable[tuple[Connection, Room]]) -> None:
    """
    End memberships whose right is lost, all at the same instant (MC1-REVOKE-01).

    All are removed before anybody is told, so that nobody who has lost a room sees anything of
    it any more. Then those who remain get a LEAVE for each, and those put out get ``leave``.
    """
    exits: list[tuple[Connection, Room]] = []
    for connection, room in losses:
        if connection.chat.put_out(room):
            connection._hub.leave(room, connection.outbox)
            exits.append((connection, room))
    for connection, room in exits:
        connection._announce(room, MsgType.LEAVE)
        connection.outbox.post(frame(Left(room)))
