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
from collections.abc import Callable
from typing import cast

from multichat_proto.client import ClientConnection
from multichat_proto.events import (
    ChatEvent,
    Connected,
    ConnectFailed,
    Disconnected,
    Reconnected,
)
from multichat_proto.exceptions import (
    ConnectionClosed,
    ConnectionFailed,
    DeliveryUnknown,
    MultichatError,
    NotSent,
    RemoteProtocolError,
    RoomError,
    let_go,
)
from multichat_proto.messages import CloseCode, Command
from multichat_proto.options import Options
from multichat_proto.session.asking import Asking
from multichat_proto.session.commands import UnderWay
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
from multichat_proto.session.reconnecting import Reconnecting
from multichat_proto.session.rooms import RoomRecord
from multichat_proto.session.states import SessionState

__all__ = ["Session"]


class Session(Asking):
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
        on_warning: Called with a sentence for the log; what the server said is quoted in it.
        can_login: Whether :class:`Open` may ask for a new login.

    Attributes:
        on_effect: Called when :meth:`next_effect` may have something new, or
            :attr:`wake_at` came nearer. It must do no more than wake the driver up.
        state: Where the session stands.
        failure: Why it ended by itself; ``None`` while it has not.
        events: The chat's own stream.

    Raises:
        LocalProtocolError: One of the rooms is no room's name, or they are too many; or the
            options or the user name are none.

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
        on_warning: Callable[[str], None] | None = None,
    ) -> None:
        super().__init__(
            options,
            random=random,
            wall_offset=wall_offset,
            username=username,
            rooms=rooms,
            has_login=has_login,
        )
        if on_warning is not None:
            self._streams.on_warning = on_warning
        self._username = username
        self._reconnecting = Reconnecting(options, random, can_login=can_login)
        self._keepalive = KeepAlive(options)
        self._effects: deque[Effect] = deque()
        self._connect_by = (
            None if options.connect_timeout is None else now + options.connect_timeout
        )
        self._last_error: MultichatError | None = None
        self._held_at: float | None = None
        self._open_at = 0.0
        self._connection = 0
        self._attempts = 0
        self._logged_in_anew = False
        self._client: ClientConnection | None = None
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
        times.extend(self._streams.deadlines())
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
            username=self._username,
            max_unanswered=self._options.max_unanswered,
            # A server may put one into rooms; one's own are never too many then.
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
        let_go(error)
        self._last_error = _bare(error)
        wait = self._reconnecting.wait_after(error, was_fresh=self._logged_in_anew)
        self._streams.tell_chat(ConnectFailed(error, self._attempts, wait))
        self._wait_or_fail(error, wait, now)

    def receive_text(self, connection: int, text: str, now: float) -> None:
        """The server sent a text frame."""
        client = self._client
        if connection != self._connection or client is None:
            return
        self._hear(now)
        if self.state is SessionState.CLOSING:
            return
        changed = self._hearing.receive(client.receive_text(text), now)
        if self._streams.watch(now):
            self.on_effect()
        if changed:
            if self._hearing.login_refusal is not None:
                self._login_anew(*self._hearing.login_refusal, now)
            self._look_around(now)
            self.on_effect()

    def receive_binary(self, connection: int, now: float) -> None:
        """The server sent a binary frame, of which v1 has none."""
        if connection == self._connection and self._client is not None:
            self._hear(now)
            self._hearing.receive_binary()
            if self._streams.watch(now):
                self.on_effect()

    def pong(self, connection: int, now: float) -> None:
        """The server has answered a ping."""
        if connection == self._connection:
            self._hear(now)

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
            self._lose(_bare(error), now)

    def tick(self, now: float) -> None:
        """Time has passed."""
        if self._is_over:
            return
        self._streams.watch(now)
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
        self._look_around(now)

    # -- What the user asks, through the shell; the rest of it is in the base class.

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
            self._say_goodbye()
            self.on_effect()

    # -- What it comes to.

    def _hear(self, now: float) -> None:
        if self._keepalive.heard(now):
            # The next ping may be due sooner than the answer to this one was.
            self.on_effect()

    def _next_send(self, client: ClientConnection, now: float) -> str | None:
        send = self._commands.next_send(self._visits.is_joined)
        if send is None or not self._commands.take_tokens(now, send.tokens):
            return None
        text = client.send(send.room, send.text)
        command = cast("Command", client.last_command)  # just now
        self._commands.remove(send)
        deadline = now + self._options.answer_timeout
        self._commands.hand_over(UnderWay("send", command, deadline, send.text, send.operation))
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
        gaps = self._hearing.take_gaps()
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

    def _login_anew(self, record: RoomRecord, error: RoomError, now: float) -> None:
        self._hearing.login_refusal = None
        if self._reconnecting.may_login:
            self._say_goodbye()
            self._lose(error, now)
        else:
            self._visits.refuse(record, error, now)

    def _say_goodbye(self) -> None:
        timeout = self._options.write_timeout + self._options.close_timeout
        self._effects.append(CloseConnection(self._connection, CloseCode.NORMAL, "", timeout))

    def _abort(self, reason: str, now: float) -> None:
        if self._client is not None:
            self._effects.append(AbortConnection(self._connection))
            self._lose(ConnectionClosed(CloseCode.ABNORMAL, reason), now)

    def _lose(self, error: MultichatError, now: float) -> None:
        self._client = None
        self._held_at = None
        let_go(error)
        self._last_error = error
        wait = self._reconnecting.wait_after(error, was_fresh=False)
        self._streams.tell_chat(Disconnected(error, wait))
        for lost in self._commands.lose_connection():
            _unknown(lost)
        self._hearing.lose_connection(self._keepalive.heard_at)
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

    def _close(self) -> None:
        self.state = SessionState.CLOSED
        self._effects.append(Stopped())
        self.on_effect()


def _bare(error: MultichatError) -> MultichatError:
    """
    Return an error that is to be kept, without what it holds on to.

    Its traceback, its cause and its context have the frames of whoever raised it, and those the
    dead connection with its socket and buffers: a thousand events would keep a thousand.
    """
    error.__traceback__ = error.__context__ = error.__cause__ = None
    return error


def _unknown(lost: UnderWay) -> None:
    if lost.operation is not None:
        lost.operation.fail(DeliveryUnknown(lost.room, lost.text))
