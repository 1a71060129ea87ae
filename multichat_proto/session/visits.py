"""
The rooms of a session: which are wanted, which are joined, and what to do about the difference.

This is the one place that joins and leaves. A user's wish changes a record; a frame of the
server changes the same record; :meth:`Visits.next_command` makes commands of what differs. So
a wish that changes while a command is under way, or while there is no connection, needs no
case of its own.
"""

from collections.abc import Callable, Iterator
from typing import Any, Final

from multichat_proto.client import ClientConnection, Event, Received, Violation
from multichat_proto.events import (
    BadFrame,
    MemberEntered,
    MemberLeft,
    Refused,
    RoomEvent,
    RoomGap,
    RoomJoined,
    RoomLeft,
    RoomLost,
    RoomMessage,
    RoomRejoined,
    UnknownMessage,
)
from multichat_proto.exceptions import (
    LocalProtocolError,
    LoginRequired,
    MultichatError,
    NoAnswer,
    NotAMember,
    NotSent,
    RateLimited,
    Retry,
    RoomError,
    room_error,
)
from multichat_proto.messages import Command, Error, Joined, Left, Message, MsgType, Room
from multichat_proto.options import Options
from multichat_proto.session.commands import Commands, UnderWay
from multichat_proto.session.operations import Operation
from multichat_proto.session.rooms import RoomRecord, RoomView, Wish
from multichat_proto.session.streams import Streams
from multichat_proto.state import RoomState

__all__ = ["Visits"]

LOGIN_PAUSES: Final = (0.2, 0.4)
"""Seconds before a join is sent again that was answered with ``USER_HAS_TO_LOGIN`` although
there is a login: "a few times" (MC1-CLIENT-11)."""

MOST_CHARACTERS_SHOWN: Final = 1_024
"""A malformed frame is cut to so many characters: it may have any length, and many may come."""


class Visits:
    """
    The rooms of one session.

    Args:
        options: Limits and times.
        streams: Where events go.
        commands: Where commands under way are noted.
        random: Returns a number from 0 up to, but not including, 1.
        username: One's own name, or ``None``.
        wall_offset: What makes Unix seconds of the session's time.
        has_login: Whether the handshake names a user.

    Attributes:
        records: All rooms that are wanted or joined.
        login_error: A join was answered with ``USER_HAS_TO_LOGIN``, again and again.
        last_refusal: Why the last join that is tried again was refused.

    """

    def __init__(
        self,
        options: Options,
        streams: Streams,
        commands: Commands,
        *,
        random: Callable[[], float],
        username: str | None,
        wall_offset: float,
        has_login: bool,
    ) -> None:
        self._options = options
        self._streams = streams
        self._commands = commands
        self._random = random
        self._username = username
        self._wall_offset = wall_offset
        self._has_login = has_login
        self.records: dict[Room, RoomRecord] = {}
        self._unsettled: dict[Room, RoomRecord] = {}
        self._late_joins: list[tuple[float, Operation[RoomView], RoomRecord]] = []
        self._gaps: list[RoomGap] = []
        self.login_error: RoomError | None = None
        self._refused_login: RoomRecord | None = None
        self.last_refusal: RoomError | None = None

    # -- Wishes.

    def want(self, room: Room) -> None:
        """
        Want a room from the start.

        Raises:
            LocalProtocolError: These are too many rooms.

        """
        record = self._record(room)
        record.wish = Wish.IN
        record.is_promised = True
        self._unsettled[room] = record

    def join(self, room: Room, operation: Operation[RoomView], now: float) -> None:
        """
        Want a room, and have the operation succeed when one is in.

        Raises:
            LocalProtocolError: These are too many rooms.

        """
        record = self._record(room)
        record.wish = Wish.IN
        if record.is_joined and not record.is_leaving:
            # A leave that was not handed over yet has been overtaken.
            self._unsettled.pop(room, None)
            _succeed(record.leaves)
            operation.succeed(record)
            return
        record.joins.append(operation)
        self._unsettled[room] = record
        if self._options.send_timeout is not None:
            deadline = now + self._options.send_timeout
            self._late_joins.append((deadline, operation, record))

    def leave(self, room: Room, operation: Operation[None]) -> None:
        """Want a room no longer, and have the operation succeed when one is out."""
        record = self.records.get(room)
        if record is None:
            operation.succeed(None)
            return
        record.wish = Wish.OUT
        for waiting in record.joins:
            waiting.fail(NotSent(room, "the room was left meanwhile"))
        record.joins.clear()
        for send in self._commands.remove_room(room):
            send.operation.fail(NotSent(room, "the room was left meanwhile"))
        record.leaves.append(operation)
        if record.is_joined or record.is_entering:
            self._unsettled[room] = record
            return
        if record.was_joined:
            # The membership ended with the connection; now it is not to begin again, either.
            self._streams.tell_chat(RoomLeft(room))
        self._forget(record)

    def abandon(self, operation: Operation[Any], client: ClientConnection | None) -> bool:
        """Nobody waits for this join or leave any more; return whether it is under way."""
        for record in self.records.values():
            if operation in record.leaves:
                record.leaves = [each for each in record.leaves if each is not operation]
                return record.is_leaving
            if operation in record.joins:
                record.joins = [each for each in record.joins if each is not operation]
                self._want_no_more(record)
                return record.is_entering and client is not None
        return False

    def is_visited(self, room: Room) -> bool:
        """Return whether a message for this room may wait for its turn."""
        record = self.records.get(room)
        return record is not None and record.wish is not Wish.OUT

    def is_joined(self, room: Room) -> bool:
        """Return whether a message for this room may be handed over now."""
        record = self.records.get(room)
        return (
            record is not None
            and record.is_joined
            and not record.is_leaving
            and record.wish is not Wish.OUT
        )

    # -- What to do next.

    @property
    def is_settled(self) -> bool:
        """Whether every wanted room is joined."""
        return not any(record.wish is Wish.IN for record in self._unsettled.values())

    def next_command(self, client: ClientConnection, now: float) -> str | None:
        """Return the next ``join`` or ``leave`` to hand over; ``None`` if none is due."""
        for record in list(self._unsettled.values()):
            if not self._is_due(record, client) or record.next_try > now:
                continue
            if not self._commands.take_tokens(now):
                return None
            try:
                if record.wish is Wish.IN:
                    text = client.join(record.room)
                else:
                    text = client.leave(record.room)
            except LocalProtocolError as exc:
                # The server has put us into so many rooms that no more are taken.
                for operation in record.joins:
                    operation.fail(exc)
                record.joins.clear()
                self._lose(record, None)
                continue
            command = client.last_command
            if command is not None:
                self._hand_over(record, command, now)
            return text
        return None

    def due(self, client: ClientConnection) -> Iterator[float]:
        """Return when :meth:`next_command` may have something."""
        if self._commands.may_hand_over:
            for record in self._unsettled.values():
                if self._is_due(record, client):
                    yield max(record.next_try, self._commands.tokens_at())

    def deadlines(self) -> Iterator[float]:
        """Return when :meth:`give_up_late_joins` is due."""
        for deadline, operation, _ in self._late_joins:
            if not operation.is_done:
                yield deadline
                return

    def give_up_late_joins(self, now: float) -> None:
        """Give up the joins that had no chance in time."""
        while self._late_joins and (
            self._late_joins[0][1].is_done or self._late_joins[0][0] <= now
        ):
            _, operation, record = self._late_joins.pop(0)
            if operation.is_done or operation not in record.joins:
                continue
            record.joins.remove(operation)
            operation.fail(
                NoAnswer("join", record.room)
                if record.is_entering
                else self.last_refusal or NotSent(record.room, "there was no chance to in time")
            )
            self._want_no_more(record)

    # -- What the server says.

    def receive(self, event: Event, now: float) -> bool:
        """Take what a frame came to; return whether there may be something to do about it."""
        if isinstance(event, Received):
            frame, answers = event.frame, event.answers
            if isinstance(frame, Message):
                return self._message(frame, answers)
            answered = None if answers is None else self._commands.answered(answers)
            if isinstance(frame, Joined):
                self._joined(frame, now, was_asked=answered is not None)
            elif isinstance(frame, Left):
                self._left(frame.room, was_asked=answered is not None)
            else:
                self._refused(frame, answered, now)
            return True
        if isinstance(event, Violation):
            text = event.text[:MOST_CHARACTERS_SHOWN]
            self._streams.tell_chat(BadFrame(text, event.reason))
        return False

    def receive_binary(self) -> None:
        """Take a binary frame, of which v1 has none."""
        self._streams.tell_chat(BadFrame("", "the server sent a binary message"))

    def unanswered(self, late: UnderWay) -> bool:
        """
        Take it that a join or leave was not answered in time.

        Returns:
            Whether somebody could be told. If not, the connection is good for nothing.

        """
        record = self.records.get(late.room)
        if record is None:
            return True
        record.is_entering = False
        if late.kind == "leave":
            return False
        if record.wish is Wish.IN and (record.was_joined or record.is_promised):
            return False
        for operation in record.joins:
            operation.fail(NoAnswer("join", record.room))
        record.joins.clear()
        self._forget(record)
        return True

    def believe_login_error(self) -> None:
        """Take it for true that one has to log in: no new login will help."""
        error, record = self.login_error, self._refused_login
        self.login_error = self._refused_login = None
        if error is not None and record is not None:
            self._refuse(record, error, 0.0)

    def lose_connection(self, since: float) -> None:
        """
        Take it that all memberships have ended with the connection (MC1-MEMB-03).

        Args:
            since: When the connection gave its last sign of life.

        """
        self.login_error = self._refused_login = None
        for record in list(self.records.values()):
            record.is_entering = record.is_leaving = False
            record.next_try, record.tries = 0.0, 0
            record.members_seen.forget()
            if record.wish is Wish.OUT:
                if record.is_joined:
                    self._streams.tell_chat(RoomLeft(record.room))
                self._forget(record)
            elif record.wish is Wish.AS_SERVER_LIKES:
                self._lose(record, None)
            else:
                if record.is_joined:
                    record.is_joined = False
                    record.lost_at = since + self._wall_offset
                _succeed(record.leaves)
                self._unsettled[record.room] = record

    def take_gaps(self) -> tuple[RoomGap, ...]:
        """Return, and forget, what was missed."""
        gaps = tuple(self._gaps)
        self._gaps.clear()
        return gaps

    def let_go(self, error: MultichatError) -> None:
        """Tell everybody who waits that nothing will come any more."""
        for record in self.records.values():
            for operation in record.joins:
                operation.fail(error)
            record.joins.clear()
            _succeed(record.leaves)
            record.is_joined = False

    # -- What it comes to.

    def _record(self, room: Room) -> RoomRecord:
        record = self.records.get(room)
        if record is None:
            if len(self.records) >= self._options.max_rooms:
                raise LocalProtocolError(
                    f"cannot join room {room}: in {len(self.records)} rooms already"
                )
            record = RoomRecord(room, self._streams.subscribe(room), self._options.max_members)
            self.records[room] = record
        return record

    def _is_due(self, record: RoomRecord, client: ClientConnection) -> bool:
        state = client.rooms.get(record.room, RoomState.OUTSIDE)
        return state is (RoomState.OUTSIDE if record.wish is Wish.IN else RoomState.INSIDE)

    def _hand_over(self, record: RoomRecord, command: Command, now: float) -> None:
        deadline = now + self._options.answer_timeout
        if record.wish is Wish.IN:
            record.is_entering = True
            self._commands.hand_over(UnderWay("join", command, deadline))
        else:
            record.is_leaving = True
            self._commands.hand_over(UnderWay("leave", command, deadline))

    def _message(self, frame: Message, answers: Command | None) -> bool:
        room, username, msg_type = frame.room, frame.username, frame.msg_type
        answered = None if answers is None else self._commands.answered(answers)
        record = self.records.get(room)
        if record is None or not record.is_joined:
            reason = f"a message of room {room}, which we are not in"
            self._streams.tell_chat(BadFrame("", reason))
            return answered is not None
        event: RoomEvent
        if msg_type == MsgType.MESSAGE:
            is_own = answered is not None or username == self._username
            event = said = RoomMessage(room, username, frame.message or "", msg_type, is_own)
            record.members_seen.spoke(username)
            self._streams.tell_room(room, event)
            if answered is not None and answered.operation is not None:
                answered.operation.succeed(said)
            return answered is not None
        if msg_type == MsgType.ENTER:
            record.members_seen.entered(username)
            event = MemberEntered(room, username)
        elif msg_type == MsgType.LEAVE:
            record.members_seen.left(username)
            event = MemberLeft(room, username)
        elif MsgType.MESSAGE < msg_type <= MsgType.MUTED:
            event = RoomMessage(room, username, frame.message or "", msg_type)
        else:
            event = UnknownMessage(room, username, frame.message, msg_type)
        self._streams.tell_room(room, event)
        return False

    def _joined(self, frame: Joined, now: float, *, was_asked: bool) -> None:
        record = self.records.get(frame.room)
        if record is None:
            try:
                record = self._record(frame.room)
            except LocalProtocolError as exc:
                self._streams.tell_chat(BadFrame("", str(exc)))
                return
            # What nobody wants any more is left; what nobody has asked for is as it is.
            record.wish = Wish.OUT if was_asked else Wish.AS_SERVER_LIKES
        record.is_entering = False
        record.title = frame.title
        record.tries, record.next_try = 0, 0.0
        was_inside, record.is_joined = record.is_joined, True
        if record.wish is Wish.OUT:
            self._unsettled[record.room] = record
            return
        if not record.is_leaving:
            self._unsettled.pop(record.room, None)
        if not was_inside:
            self._welcome(record, now)
        for operation in record.joins:
            operation.succeed(record)
        record.joins.clear()

    def _welcome(self, record: RoomRecord, now: float) -> None:
        record.was_joined = True
        if self._username is not None:
            record.members_seen.entered(self._username)
        if record.lost_at is None:
            asked = record.wish is Wish.IN
            self._streams.tell_chat(RoomJoined(record.room, record.title, asked))
            return
        until = now + self._wall_offset
        gap = RoomGap(record.room, record.lost_at, until)
        self._gaps.append(gap)
        record.lost_at = None
        self._streams.tell_room(
            record.room, RoomRejoined(record.room, record.title, gap.since, until)
        )

    def _left(self, room: Room, *, was_asked: bool) -> None:
        record = self.records.get(room)
        if record is None or not record.is_joined:
            return
        record.is_joined = record.is_leaving = False
        record.members_seen.forget()
        if not was_asked and record.wish is not Wish.OUT:
            self._lose(record, None)
            return
        self._streams.tell_chat(RoomLeft(room))
        if record.wish is Wish.IN:
            _succeed(record.leaves)
            self._unsettled[room] = record
        else:
            self._forget(record)

    def _refused(self, frame: Error, answered: UnderWay | None, now: float) -> None:
        if answered is None:
            self._streams.tell_chat(Refused(room_error(frame)))
            return
        error = room_error(frame, answered.kind, answered.room)
        if isinstance(error, RateLimited):
            self._commands.pause(now)
        if answered.kind == "send":
            if answered.operation is not None:
                answered.operation.fail(error)
            return
        record = self.records.get(answered.room)
        if record is None:
            return
        if answered.kind == "leave":
            self._stay(record, error)
            return
        record.is_entering = False
        if record.wish is Wish.OUT:
            self._forget(record)
        elif not isinstance(error, LoginRequired):
            self._refuse(record, error, now)
        elif self._has_login and record.tries < len(LOGIN_PAUSES):
            record.next_try = now + LOGIN_PAUSES[record.tries]
            record.tries += 1
        else:
            self.login_error, self._refused_login = error, record

    def _stay(self, record: RoomRecord, error: RoomError) -> None:
        """Take it that a leave was refused."""
        record.is_leaving = False
        self._unsettled.pop(record.room, None)
        record.wish = Wish.IN if record.leaves or record.wish is Wish.IN else Wish.AS_SERVER_LIKES
        for operation in record.leaves:
            operation.fail(error)
        record.leaves.clear()
        for waiting in record.joins:
            waiting.succeed(record)
        record.joins.clear()

    def _refuse(self, record: RoomRecord, error: RoomError, now: float) -> None:
        """Take it that a join was refused, and decide whether to try it again."""
        is_wanted_anyway = record.was_joined or record.is_promised
        if error.retry is Retry.LATER and is_wanted_anyway:
            backoff = self._options.backoff
            longest = min(backoff.cap, backoff.first * backoff.factor ** min(record.tries, 30))
            record.next_try = now + self._random() * longest
            record.tries += 1
            self.last_refusal = error
            return
        for operation in record.joins:
            operation.fail(error)
        record.joins.clear()
        if is_wanted_anyway:
            self._lose(record, error)
        else:
            self._forget(record)

    def _want_no_more(self, record: RoomRecord) -> None:
        """Drop a room that nobody waits for and that was never joined."""
        if record.joins or record.was_joined or record.is_promised:
            return
        record.wish = Wish.OUT
        if record.is_joined or record.is_entering:
            self._unsettled[record.room] = record
        else:
            self._forget(record)

    def _lose(self, record: RoomRecord, error: RoomError | None) -> None:
        self._streams.tell_room(record.room, RoomLost(record.room, error))
        self._forget(record)

    def _forget(self, record: RoomRecord) -> None:
        record.wish = Wish.OUT
        record.is_joined = False
        self.records.pop(record.room, None)
        self._unsettled.pop(record.room, None)
        self._streams.end_room(record.room)
        for send in self._commands.remove_room(record.room):
            send.operation.fail(NotAMember(record.room))
        _succeed(record.leaves)


def _succeed(operations: list[Operation[None]]) -> None:
    for operation in operations:
        operation.succeed(None)
    operations.clear()
