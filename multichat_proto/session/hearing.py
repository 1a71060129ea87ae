"""
What the server says, and what it comes to: events for the streams, answers for those who wait.

A frame changes the record of its room; what is to be done about it is decided elsewhere, by
comparing what is with what is wanted (:mod:`multichat_proto.session.visits`).
"""

from typing import Final

from multichat_proto.client import Event, Received, Violation
from multichat_proto.events import (
    BadFrame,
    MemberEntered,
    MemberLeft,
    Refused,
    RoomEvent,
    RoomGap,
    RoomJoined,
    RoomLeft,
    RoomMessage,
    RoomRejoined,
    UnknownMessage,
)
from multichat_proto.exceptions import (
    LocalProtocolError,
    LoginRequired,
    RateLimited,
    RoomError,
    room_error,
)
from multichat_proto.messages import Command, Error, Joined, Left, Message, MsgType, Room
from multichat_proto.session.commands import Commands, UnderWay
from multichat_proto.session.rooms import RoomRecord, Wish
from multichat_proto.session.streams import Streams
from multichat_proto.session.visits import Visits, succeed

__all__ = ["Hearing"]

LOGIN_PAUSES: Final = (0.2, 0.4)
"""Seconds before a join is sent again that was answered with ``USER_HAS_TO_LOGIN`` although
there is a login: "a few times" (MC1-CLIENT-11)."""

MOST_CHARACTERS_SHOWN: Final = 1_024
"""A malformed frame is cut to so many characters: it may have any length, and many may come."""


class Hearing:
    """
    The server's words to one session.

    Args:
        visits: The rooms.
        streams: Where events go.
        commands: Where commands under way are noted.
        username: One's own name, or ``None``.
        wall_offset: What makes Unix seconds of the session's time.
        has_login: Whether the handshake names a user.

    Attributes:
        login_refusal: The room whose ``join`` was answered with ``USER_HAS_TO_LOGIN`` again
            and again, and the last such answer; ``None`` if there is none to be dealt with.

    """

    def __init__(
        self,
        visits: Visits,
        streams: Streams,
        commands: Commands,
        *,
        username: str | None,
        wall_offset: float,
        has_login: bool,
    ) -> None:
        self._visits = visits
        self._streams = streams
        self._commands = commands
        self._username = username
        self._wall_offset = wall_offset
        self._has_login = has_login
        self._gaps: list[RoomGap] = []
        self.login_refusal: tuple[RoomRecord, RoomError] | None = None

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

    def lose_connection(self, since: float) -> None:
        """
        Take it that all memberships have ended with the connection (MC1-MEMB-03).

        Args:
            since: When the connection gave its last sign of life.

        """
        self.login_refusal = None
        self._visits.lose_connection(since + self._wall_offset)

    def take_gaps(self) -> tuple[RoomGap, ...]:
        """Return, and forget, what was missed."""
        gaps = tuple(self._gaps)
        self._gaps.clear()
        return gaps

    def _message(self, frame: Message, answers: Command | None) -> bool:
        room, username, msg_type = frame.room, frame.username, frame.msg_type
        answered = None if answers is None else self._commands.answered(answers)
        record = self._visits.records.get(room)
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
        record = self._visits.records.get(frame.room)
        if record is None:
            try:
                record = self._visits.record(frame.room)
            except LocalProtocolError as exc:
                self._streams.tell_chat(BadFrame("", str(exc)))
                return
            # What nobody wants any more is left; what nobody has asked for is as it is.
            record.wish = Wish.OUT if was_asked else Wish.AS_SERVER_LIKES
        record.is_entering = False
        record.title = frame.title
        record.tries, record.next_try = 0, 0.0
        was_inside, record.is_joined = record.is_joined, True
        if not was_inside:
            self._welcome(record, now)
        if record.is_leaving:
            return
        if record.wish is Wish.OUT:
            self._visits.unsettle(record)
            return
        self._visits.settle(record)
        for operation in record.joins:
            operation.succeed(record)
        record.joins.clear()

    def _welcome(self, record: RoomRecord, now: float) -> None:
        record.was_joined = True
        if self._username is not None:
            record.members_seen.entered(self._username)
        if record.lost_at is None:
            asked = record.wish is not Wish.AS_SERVER_LIKES
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
        record = self._visits.records.get(room)
        if record is None or not record.is_joined:
            return
        record.is_joined = record.is_leaving = False
        record.members_seen.forget()
        if not was_asked and record.wish is not Wish.OUT:
            self._visits.lose(record, None)
            return
        self._streams.tell_chat(RoomLeft(room))
        if record.wish is Wish.IN:
            succeed(record.leaves)
            self._visits.unsettle(record)
        else:
            self._visits.forget(record)

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
        # What is under way keeps its room's record.
        record = self._visits.records[answered.room]
        if answered.kind == "leave":
            self._stay(record, error)
            return
        record.is_entering = False
        if record.wish is Wish.OUT:
            self._visits.forget(record)
        elif not isinstance(error, LoginRequired):
            self._visits.refuse(record, error, now)
        elif self._has_login and record.tries < len(LOGIN_PAUSES):
            record.next_try = now + LOGIN_PAUSES[record.tries]
            record.tries += 1
        else:
            self.login_refusal = record, error

    def _stay(self, record: RoomRecord, error: RoomError) -> None:
        """Take it that a leave was refused."""
        record.is_leaving = False
        self._visits.settle(record)
        record.wish = Wish.IN if record.leaves or record.wish is Wish.IN else Wish.AS_SERVER_LIKES
        for operation in record.leaves:
            operation.fail(error)
        record.leaves.clear()
        for waiting in record.joins:
            waiting.succeed(record)
        record.joins.clear()
