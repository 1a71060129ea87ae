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

from collections.abc import Iterable
from typing import Final, assert_never

from websockets.frames import Frame, Opcode
from websockets.protocol import SEND_EOF, Protocol, Side, State

from multichat_proto.limits import TokenBucket
from multichat_proto.messages import CloseCode, Message, MsgType, Room
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
from multichat_server.engine.timers import Timers

__all__ = ["Connection", "end_all", "put_out"]

CONTROL_FRAME_BYTES: Final = 125
"""RFC 6455 §5.5: the longest payload of a control frame. Allowed on top of what a message may
still have, because control frames come in the middle of messages."""

CLOSE_REASON_BYTES: Final = CONTROL_FRAME_BYTES - 2
"""What the close code leaves of it for the reason."""

CONTROL: Final = (Opcode.PING, Opcode.PONG, Opcode.CLOSE)

SMALL_FRAME_BYTES: Final = CONTROL_FRAME_BYTES
"""Up to this size a fragment costs more to take apart than it carries, like a ping."""


class Connection:
    """
    A client's connection after the handshake.

    Args:
        chat: What v1 says about it.
        outbox: Where its frames go; the connection seals it.
        hub: Who is in which room.
        timers: Who calls when something is due.
        announces: Whether ENTER and LEAVE are announced.
        max_frame_bytes: Longest message, however many frames it comes in; a longer one closes
            the connection with 1009.
        ping_interval: Seconds without a sign of life before a ping.
        ping_timeout: Seconds for a sign of life after that; then the connection is lost, which
            bounds how long a vanished member stays (MC1-END-02).
        close_timeout: Seconds between a close frame and the end of the connection, whatever the
            peer does.
        small_frames: Counts pings, pongs and small fragments. Each costs as much as a command
            does, and none of them is one that the core could count.
        now: The time in seconds, of the clock that all other times are of.

    Attributes:
        chat: What v1 says about it.
        outbox: Where its frames go.

    """

    __slots__ = (
        "_announces",
        "_close_by",
        "_close_timeout",
        "_heard_at",
        "_hub",
        "_is_text",
        "_max_frame_bytes",
        "_message",
        "_ping_interval",
        "_ping_timeout",
        "_pinged_at",
        "_protocol",
        "_small_frames",
        "_timer",
        "_timers",
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
        timers: Timers,
        announces: bool,
        max_frame_bytes: int,
        ping_interval: float,
        ping_timeout: float,
        close_timeout: float,
        small_frames: TokenBucket,
        now: float,
    ) -> None:
        self.chat = chat
        self.outbox = outbox
        self.name = chat.username or ""
        self._hub = hub
        self._timers = timers
        self._announces = announces
        self._max_frame_bytes = max_frame_bytes
        self._ping_interval = ping_interval
        self._ping_timeout = ping_timeout
        self._close_timeout = close_timeout
        self._protocol = Protocol(Side.SERVER, max_size=max_frame_bytes + CONTROL_FRAME_BYTES)
        self._message: bytearray | None = None  # of which some fragments have come
        self._is_text = True  # what the fragments are of
        self._small_frames = small_frames
        self._heard_at = now
        self._pinged_at: float | None = None
        self._close_by: float | None = None
        self._timer = timers.start(now + ping_interval, self._check)

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
        self._heard_at = now
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

    def lost(self) -> None:
        """End it at once, without a close frame. Calling it again does nothing."""
        self._leave_all()
        self._close_by = self._close_by or 0.0
        self._timer.cancel()
        self.outbox.kill()
        # Half a message may be large, and this object may wait long for the cycle collector.
        self._message = None
        self._protocol.reader.discard()

    # What goes out

    def close(self, code: CloseCode, reason: str, *, now: float, abrupt: bool = False) -> None:
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
        """Close it because its backlog has passed the limit (MC1-CLOSE-06)."""
        reason = "reads too slowly: too much is waiting to be sent to it"
        self.close(CloseCode.TRY_AGAIN_LATER, reason, now=now, abrupt=True)

    def rename(self, name: str | None) -> None:
        """
        Let later messages carry another name, since the user's account has been renamed.

        Args:
            name: The new name; ``None`` if there is no such user any more: from now on the
                connection is an anonymous one (MC1-REVOKE-05).

        """
        self.chat.username = name
        self.name = name or ""

    def vacate(self, room: Room) -> None:
        """Send it nothing more of a room; the core, or a close to come, ends the membership."""
        self._hub.leave(room, self.outbox)

    # Deadlines

    def _check(self, now: float) -> float | None:
        """Ping an idle peer, put out a silent one (MC1-END-02), cut off one that lingers."""
        if now >= self._next_check():
            if self._close_by is not None:
                self.lost()
                return None
            if self._is_pinged:
                # The code that websockets has for this, too.
                reason = "no answer to a ping"
                self.close(CloseCode.INTERNAL_ERROR, reason, now=now, abrupt=True)
                return None  # the close has a deadline, and a timer, of its own
            self._pinged_at = now
            self._protocol.send_ping(b"")
            self._settle(now)
        # Not later than a ping could be due if the peer gave a sign of life right now.
        return min(self._next_check(), now + self._ping_interval)

    def _next_check(self) -> float:
        if self._close_by is not None:
            return self._close_by
        wait = self._ping_interval + (self._ping_timeout if self._is_pinged else 0)
        return self._alive_at + wait

    @property
    def _alive_at(self) -> float:
        """When the peer last gave a sign of life: sent something, or took what waited for it."""
        return max(self._heard_at, self.outbox.drained_at)

    @property
    def _is_pinged(self) -> bool:
        return self._pinged_at is not None and self._pinged_at > self._alive_at

    # Inside

    def _receive_frame(self, event: Frame, now: float) -> None:
        opcode, data = event.opcode, event.data
        if (
            (opcode in CONTROL or not event.fin)
            and len(data) <= SMALL_FRAME_BYTES
            and not self._small_frames.take(now)
        ):
            reason = "flood: too many pings or small fragments"
            self.close(CloseCode.POLICY_VIOLATION, reason, now=now, abrupt=True)
            return
        if opcode in CONTROL:
            return  # the protocol object has answered it
        if opcode is not Opcode.CONT:
            self._is_text = opcode is Opcode.TEXT
        if event.fin and self._message is None:
            message: bytes | bytearray | memoryview = data
        else:
            # A bytearray, not a list of fragments: empty ones must not cost memory.
            if self._message is None:
                self._message = bytearray()
            self._message += data
            message = self._message
        if len(message) > self._max_frame_bytes:
            self._message = None
            self._fail(CloseCode.TOO_BIG, f"longer than {self._max_frame_bytes} bytes", now)
        elif event.fin:
            self._message = None
            self._receive_message(message, now)

    def _receive_message(self, data: bytes | bytearray | memoryview, now: float) -> None:
        if not self._is_text:
            self.perform(self.chat.receive_binary(now=now))
            return
        try:
            text = str(data, "utf-8")
        except UnicodeDecodeError as exc:
            # RFC 6455 §8.1, MC1-FRAME-07
            reason = f"not UTF-8: {exc.reason} at position {exc.start}"
            self._fail(CloseCode.INVALID_TEXT, reason, now)
            return
        self.perform(self.chat.receive_text(text, now=now))

    def _fail(self, code: CloseCode, reason: str, now: float) -> None:
        """Close without throwing away what is due to the client; read nothing more of it."""
        self._protocol.fail(code, reason)
        self._settle(now)

    def perform(self, actions: Iterable[Action]) -> None:
        """Carry out what the core has decided, in that order."""
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
                    # What was answered before still goes out: MC1-LIMIT-05 owes it.
                    self._fail(code, reason, self._heard_at)
                case _:
                    assert_never(action)

    def _announce(self, room: Room, msg_type: MsgType) -> None:
        if self._announces:
            self._hub.broadcast(room, frame(Message(room, None, self.name, msg_type)))

    def _leave_all(self) -> None:
        self.perform(self.chat.disconnect())

    def _settle(self, now: float, *, discard: bool = False) -> None:
        """Post what the protocol object wants to send; notice if that ends the connection."""
        writes = self._protocol.data_to_send()
        if self._protocol.state is State.OPEN:
            for write in writes:
                self.outbox.post(write)
            return
        # A close frame was sent or received, or the stream has ended.
        if self._close_by is None:
            self._leave_all()
            self._close_by = now + self._close_timeout
            self._timer.cancel()
            self._timer = self._timers.start(self._close_by, self._check)
        self.outbox.seal(b"".join(writes), discard=discard, finish=SEND_EOF in writes)


def put_out(losses: Iterable[tuple[Connection, Room]]) -> None:
    """
    End memberships whose right is lost, all at the same instant (MC1-REVOKE-07).

    All are removed before anybody is told, so that nobody who has lost a room sees anything of
    it any more. Then those who remain get a LEAVE for each, and those put out get ``leave``.
    """
    ended = [(connection, connection.chat.put_out(room), room) for connection, room in losses]
    for connection, actions, room in ended:
        if actions:
            connection.vacate(room)
    for connection, actions, _ in ended:
        connection.perform(actions)


def end_all(connections: Iterable[Connection], code: CloseCode, reason: str, *, now: float) -> None:
    """
    Close several connections at the same instant: none of them sees another go.

    The close is what ends their memberships; no ``leave`` goes before it (MC1-REVOKE-06).
    """
    connections = list(connections)
    for connection in connections:
        for room in connection.chat.rooms:
            connection.vacate(room)
    for connection in connections:
        connection.close(code, reason, now=now)
