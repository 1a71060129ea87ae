"""
A session with a chat server: what is wanted, across as many connections as it takes.

The session does nothing by itself. A *shell* tells it what happens: a connection opened, a
frame came, time passed, the user wants something. And the shell's one *driver* asks it what to
do next (:meth:`Session.next_effect`), does that, and asks again. A frame counts as handed over
from the moment that the driver was given it; until then it can be taken back.

Which rooms one is to be in is the session's state, not the connection's. After each connect
the session joins, one by one, the rooms that are wanted and not joined, and leaves those that
are joined and not wanted; only when nothing is left to do it says ``Connected`` or
``Reconnected``. What was said in between is missed, as v1 has no history, and each room's
stream says so (``RoomRejoined``).

Time is whatever number of seconds the shell passes as ``now``; it must not run backwards.
"""

from collections import deque
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from multichat_proto.client import ClientConnection
from multichat_proto.events import (
    ChatEvent,
    Connected,
    ConnectFailed,
    Disconnected,
    Reconnected,
    RoomMessage,
    Unconfirmed,
)
from multichat_proto.exceptions import (
    ChatClosed,
    ConnectionClosed,
    ConnectionFailed,
    DeliveryUnknown,
    LocalProtocolError,
    MultichatError,
    NotAMember,
    NotSent,
    RemoteProtocolError,
)
from multichat_proto.messages import CloseCode, Room, room_id
from multichat_proto.options import Options, Overflow
from multichat_proto.session.commands import Commands, UnderWay, WaitingSend
from multichat_proto.session.effects import (
    AbortConnection,
    CloseConnection,
    Effect,
    Open,
    SendPing,
    SendText,
    Stopped,
)
from multichat_proto.session.keepalive import KeepAlive
from multichat_proto.session.operations import Operation
from multichat_proto.session.queues import EventQueue
from multichat_proto.session.reconnecting import Reconnecting
from multichat_proto.session.rooms import RoomView
from multichat_proto.session.states import SessionState
from multichat_proto.session.streams import Streams
from multichat_proto.session.visits import Visits

__all__ = ["Session"]


class Session:
    """
    The client's side of a chat, without I/O, clock or tasks.

    Args:
        options: Every limit and time.
        now: The time.
        random: Returns a number from 0 up to, but not including, 1.
        wall_offset: What makes Unix seconds of ``now``.
        username: One's own name, where it is known: it tells one's own messages from the
            same words of somebody else.
        rooms: The rooms that are wanted from the start.
        has_login: Whether the handshake names a user (MC1-CLIENT-11).
        can_login: Whether :class:`Open` may ask for a new login.

    Attributes:
        on_effect: Called when :meth:`next_effect` may have something new, or
            :attr:`wake_at` came nearer. It must do no more than wake the driver up.
        state: Where the session stands.
        failure: Why it ended by itself; ``None`` while it has not.
        events: The chat's own stream.

    Raises:
        LocalProtocolError: One of the rooms is no room's name, or they are too many.

    """

    def __init__(
        self,
        options: Options,
        *,
        now: float,
        random: Callable[[], float],
        wall_offset: float = 0.0,
        username: str | None = None,
        rooms: tuple[str | int, ...] = (),
        has_login: bool = False,
        can_login: bool = False,
    ) -> None:
        self._options = options
        self._username = username
        self.on_effect: Callable[[], None] = _nothing
        self.state = SessionState.CONNECTING
        self.failure: MultichatError | None = None
        self._streams = Streams(options)
        self._commands = Commands(options)
        self._reconnecting = Reconnecting(options, random, can_login=can_login)
        self._keepalive = KeepAlive(options)
        self._visits = Visits(
            options,
            self._streams,
            self._commands,
            random=random,
            username=username,
            wall_offset=wall_offset,
            has_login=has_login,
        )
        self.events = self._streams.chat
        self._effects: deque[Effect] = deque()
        self._ready: list[Operation[None]] = []
        self._connect_by = (
            None if options.connect_timeout is None else now + options.connect_timeout
        )
        self._last_error: MultichatError | None = None
        self._was_connected = False
        self._held_at: float | None = None
        self._open_at = 0.0
        self._connection = 0
        self._attempts = 0
        self._logged_in_anew = False
        self._client: ClientConnection | None = None
        for name in rooms:
            self._visits.want(_name(name))
        self._attempt()

    # -- What the reader and the driver ask.

    @property
    def on_readable(self) -> Callable[[], None]:
        """Called when :attr:`wants_frames` has become true again; it may only wake up."""
        return self._streams.on_space

    @on_readable.setter
    def on_readable(self, call: Callable[[], None]) -> None:
        self._streams.on_space = call

    @property
    def rooms(self) -> Mapping[Room, RoomView]:
        """The rooms that are wanted, or that the server put one into; a live view."""
        return MappingProxyType(self._visits.records)

    @property
    def wants_frames(self) -> bool:
        """Whether the reader is to read on; if not, a ``block`` stream is full."""
        return self._streams.have_space(is_urgent=self._commands.is_urgent)

    @property
    def wake_at(self) -> float | None:
        """When :meth:`tick` is due at the latest; ``None`` if nothing is awaited."""
        times = [*self._commands.deadlines(), *self._visits.deadlines()]
        if self.state is SessionState.WAITING:
            times.append(self._open_at)
        if self._client is not None:
            times.extend(self._keepalive.deadlines(is_reading=self.wants_frames))
            times.extend(self._visits.due(self._client))
            if self._commands.may_hand_over:
                send = self._commands.next_send(self._visits.is_joined)
                if send is not None:
                    times.append(self._commands.tokens_at(send.tokens))
        if self._held_at is not None:
            times.append(self._held_at)
        if self._connect_by is not None and not self._was_connected:
            times.append(self._connect_by)
        return None if self.state is SessionState.CLOSED else min(times, default=None)

    def next_effect(self, now: float) -> Effect | None:
        """
        Return what the driver is to do next; ``None`` if it has to wait.

        A command that this returns counts as handed over.
        """
        self.tick(now)
        if self._effects:
            return self._effects.popleft()
        if self._client is None or self.state is SessionState.CLOSING:
            return None
        if self.wants_frames and self._keepalive.ask(now):
            return SendPing(self._connection, self._options.write_timeout)
        if not self._commands.may_hand_over:
            return None
        text = self._visits.next_command(self._client, now)
        if text is None:
            text = self._next_send(self._client, now)
        if text is None:
            return None
        self._streams.on_space()  # while a command is under way, more is read
        return SendText(self._connection, text, self._options.write_timeout)

    # -- What the driver and the reader tell.

    def opened(self, connection: int, now: float) -> None:
        """The connection is open."""
        if connection != self._connection or self.state is not SessionState.CONNECTING:
            self._effects.appendleft(AbortConnection(connection))
            self.on_effect()
            return
        self._reconnecting.opened()
        self._client = ClientConnection(
            # A server may put one into rooms; one's own are never too many then.
            username=self._username,
            max_rooms=2 * self._options.max_rooms,
        )
        self._keepalive.begin(now)
        self.state = SessionState.RESTORING
        self._look_around(now)
        self.on_effect()

    def open_failed(self, connection: int, error: MultichatError, now: float) -> None:
        """The attempt to open the connection has failed."""
        if connection != self._connection or self.state is not SessionState.CONNECTING:
            return
        self._last_error = error
        wait = self._reconnecting.wait_after(error, was_fresh=self._logged_in_anew)
        self._streams.tell_chat(ConnectFailed(error, self._attempts, wait))
        self._wait_or_fail(error, wait, now)

    def receive_text(self, connection: int, text: str, now: float) -> None:
        """The server sent a text frame."""
        client = self._client
        if connection != self._connection or client is None:
            return
        self._keepalive.heard(now)
        if self.state is SessionState.CLOSING:
            return
        changed = self._visits.receive(client.receive_text(text), now)
        if changed:
            if self._visits.login_error is not None:
                self._login_anew(now)
            self._look_around(now)
            self.on_effect()

    def receive_binary(self, connection: int, now: float) -> None:
        """The server sent a binary frame, of which v1 has none."""
        if connection == self._connection and self._client is not None:
            self._keepalive.heard(now)
            self._visits.receive_binary()

    def pong(self, connection: int, now: float) -> None:
        """The server has answered a ping."""
        if connection == self._connection:
            self._keepalive.heard(now)

    def connection_lost(
        self, connection: int, error: ConnectionClosed | RemoteProtocolError, now: float
    ) -> None:
        """The connection has ended."""
        if connection != self._connection or self._client is None:
            return
        if self.state is SessionState.CLOSING:
            self._client = None
            self._close()
        else:
            self._lose(error, now)

    def tick(self, now: float) -> None:
        """Time has passed."""
        if self._is_over:
            return
        for send in self._commands.remove_late(now):
            send.operation.fail(NotSent(send.room, "there was no chance to in time"))
        self._visits.give_up_late_joins(now)
        for late in self._commands.unanswered(now):
            self._give_up(late, now)
        if self._client is not None and self._keepalive.is_stale(now, is_reading=self.wants_frames):
            self._abort("no sign of life", now)
        if self._held_at is not None and now >= self._held_at:
            self._held_at = None
            self._reconnecting.held()
        if (
            self._connect_by is not None
            and not self._was_connected
            and now >= self._connect_by
            and not self._is_over
        ):
            error = self._visits.last_refusal or self._last_error
            self._fail(error or ConnectionFailed("the server did not let us in in time"))
        if self.state is SessionState.WAITING and now >= self._open_at:
            self._attempt()

    # -- What the user asks, through the shell.

    def ready(self, now: float) -> Operation[None]:  # noqa: ARG002  # as all the others have it
        """Wait until every wanted room is joined for the first time, or that has failed."""
        operation: Operation[None] = Operation()
        if self._was_connected:
            operation.succeed(None)
        elif self._is_over:
            operation.fail(self._gone())
        else:
            self._ready.append(operation)
        return operation

    def join(self, room: str | int, now: float) -> Operation[RoomView]:
        """Want to be in a room (MC1-JOIN-02); it stays wanted across connections."""
        operation: Operation[RoomView] = Operation()
        if self._is_over:
            operation.fail(self._gone())
            return operation
        try:
            self._visits.join(_name(room), operation, now)
        except LocalProtocolError as exc:
            operation.fail(exc)
        self.on_effect()
        return operation

    def leave(self, room: str | int, now: float) -> Operation[None]:
        """Want to be in a room no longer (MC1-LEAVE-01); messages that wait are not sent."""
        operation: Operation[None] = Operation()
        if self._is_over:
            operation.succeed(None)
            return operation
        try:
            self._visits.leave(_name(room), operation)
        except LocalProtocolError as exc:
            operation.fail(exc)
        self._look_around(now)
        self.on_effect()
        return operation

    def send(self, room: str | int, text: str, now: float) -> Operation[RoomMessage]:
        """Say something (MC1-SEND-01), as soon as there is a connection and one is in."""
        operation: Operation[RoomMessage] = Operation()
        try:
            name = _name(room)
            if self._is_over:
                raise self._gone()
            if not self._visits.is_visited(name):
                raise NotAMember(name)
            if self._commands.is_crowded:
                raise NotSent(name, f"{self._options.max_waiting} commands wait already")
            wait = self._options.send_timeout
            deadline = None if wait is None else now + wait
            self._commands.wait(WaitingSend(name, text, operation, deadline))
        except MultichatError as exc:
            operation.fail(exc)
        else:
            self.on_effect()
        return operation

    def abandon(self, operation: Operation[Any], now: float) -> bool:
        """
        Nobody waits for this any more: take it back if that is still possible.

        Returns:
            Whether it was handed over already. The chat's stream then has an ``Unconfirmed``
            for a ``send``.

        """
        if operation.is_done:
            return True
        found = self._commands.find(operation)
        if isinstance(found, WaitingSend):
            self._commands.remove(found)
            return False
        if isinstance(found, UnderWay):
            found.operation = None
            self._streams.tell_chat(Unconfirmed(found.room, found.text))
            return True
        was_under_way = self._visits.abandon(operation, self._client)
        self._look_around(now)
        self.on_effect()
        return was_under_way

    def subscribe(
        self,
        room: Room | None,
        *,
        max_queue: int | None = None,
        overflow: Overflow | None = None,
    ) -> EventQueue:
        """Return a new stream, of one room or, with ``None``, of everything."""
        return self._streams.subscribe(room, max_queue=max_queue, overflow=overflow)

    def unsubscribe(self, queue: EventQueue) -> None:
        """End a stream that :meth:`subscribe` gave."""
        self._streams.unsubscribe(queue)

    def reconnect_now(self, now: float) -> None:
        """Try at once to connect, if the session waits to; waits begin small again."""
        if self.state is SessionState.WAITING:
            self._reconnecting.hurry()
            self._open_at = now
            self.on_effect()

    def stop(self, now: float) -> None:  # noqa: ARG002  # as all the others have it
        """End the session in order: say goodbye where there is somebody to say it to."""
        if self._is_over:
            return
        for lost in self._commands.lose_connection():
            _unknown(lost)
        self._effects.clear()
        self.state = SessionState.CLOSING
        self._let_go(None)
        if self._client is None:
            self._close()
        else:
            self._effects.append(
                CloseConnection(
                    self._connection,
                    CloseCode.NORMAL,
                    "",
                    self._options.close_timeout + self._options.write_timeout,
                )
            )
            self.on_effect()

    # -- What it comes to.

    @property
    def _is_over(self) -> bool:
        return self.state in (SessionState.CLOSED, SessionState.CLOSING)

    def _next_send(self, client: ClientConnection, now: float) -> str | None:
        send = self._commands.next_send(self._visits.is_joined)
        if send is None or not self._commands.take_tokens(now, send.tokens):
            return None
        text = client.send(send.room, send.text)
        command = client.last_command
        self._commands.remove(send)
        if command is not None:
            self._commands.hand_over(
                UnderWay(
                    "send", command, now + self._options.answer_timeout, send.text, send.operation
                )
            )
        return text

    def _attempt(self) -> None:
        self._connection += 1
        self._attempts += 1
        self.state = SessionState.CONNECTING
        self._logged_in_anew = self._reconnecting.needs_login
        self._effects.append(
            Open(self._connection, self._logged_in_anew, self._options.open_timeout)
        )

    def _look_around(self, now: float) -> None:
        """Say so if every wanted room is joined."""
        if self.state is not SessionState.RESTORING or not self._visits.is_settled:
            return
        self.state = SessionState.CONNECTED
        self._held_at = now + self._options.backoff.stable_after
        gaps = self._visits.take_gaps()
        event: ChatEvent = Connected()
        if self._was_connected:
            event = Reconnected(gaps, self._attempts)
        self._was_connected = True
        self._attempts = 0
        self._streams.tell_chat(event)
        for operation in self._ready:
            operation.succeed(None)
        self._ready.clear()

    def _give_up(self, late: UnderWay, now: float) -> None:
        if self._client is not None:
            self._client.forget(late.command)
        if late.kind == "send":
            _unknown(late)
        elif not self._visits.unanswered(late):
            # A server that does not answer a rejoin is as good as gone.
            self._abort("a join was not answered", now)

    def _login_anew(self, now: float) -> None:
        error = self._visits.login_error
        if error is None or self._client is None or not self._reconnecting.may_login:
            self._visits.believe_login_error()
            return
        self._visits.login_error = None
        self._effects.append(
            CloseConnection(self._connection, CloseCode.NORMAL, "", self._options.close_timeout)
        )
        self._lose(error, now)

    def _abort(self, reason: str, now: float) -> None:
        if self._client is not None:
            self._effects.append(AbortConnection(self._connection))
            self._lose(ConnectionClosed(CloseCode.ABNORMAL, reason), now)

    def _lose(self, error: MultichatError, now: float) -> None:
        self._client = None
        self._held_at = None
        self._last_error = error
        wait = self._reconnecting.wait_after(error, was_fresh=False)
        self._streams.tell_chat(Disconnected(error, wait))
        for lost in self._commands.lose_connection():
            _unknown(lost)
        self._visits.lose_connection(self._keepalive.heard_at)
        self._wait_or_fail(error, wait, now)

    def _wait_or_fail(self, error: MultichatError, wait: float | None, now: float) -> None:
        if wait is None:
            self._fail(error)
        else:
            self.state = SessionState.WAITING
            self._open_at = now + wait
            self.on_effect()

    def _fail(self, error: MultichatError) -> None:
        self.failure = error
        for lost in self._commands.lose_connection():
            _unknown(lost)
        self._let_go(error)
        if self._client is not None:
            self._client = None
            self._effects.append(AbortConnection(self._connection))
        self._close()

    def _let_go(self, error: MultichatError | None) -> None:
        """Tell everybody who waits that nothing will come any more."""
        gone = error or ChatClosed("the chat was left")
        for operation in self._ready:
            operation.fail(gone)
        self._ready.clear()
        for send in self._commands.remove_all():
            send.operation.fail(error or NotSent(send.room, "the chat was left"))
        self._visits.let_go(gone)
        self._streams.end_all(error)

    def _close(self) -> None:
        self.state = SessionState.CLOSED
        self._effects.append(Stopped())
        self.on_effect()

    def _gone(self) -> MultichatError:
        return self.failure or ChatClosed("the chat was left")


def _name(room: str | int) -> Room:
    name = room_id(room)
    if name is None:
        raise LocalProtocolError(f"{room!r} names no room (MC1-ROOM-02)")
    return name


def _unknown(lost: UnderWay) -> None:
    if lost.operation is not None:
        lost.operation.fail(DeliveryUnknown(lost.room, lost.text))


def _nothing() -> None:
    pass
