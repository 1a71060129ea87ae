"""
The rooms of a session: which are wanted, which are joined, and what to do about the difference.

This is the one place that joins and leaves. A user's wish changes a record; a frame of the
server changes the same record; :meth:`Visits.next_command` makes commands of what differs. So
a wish that changes while a command is under way, or while there is no connection, needs no
case of its own.
"""

from collections.abc import Callable, Iterator
from typing import Any, cast

from multichat_proto.client import ClientConnection
from multichat_proto.events import (
    RoomLeft,
    RoomLost,
)
from multichat_proto.exceptions import (
    LocalProtocolError,
    MultichatError,
    NoAnswer,
    NotAMember,
    NotSent,
    Retry,
    RoomError,
)
from multichat_proto.messages import Command, Room
from multichat_proto.options import Options
from multichat_proto.session.backoff import longest_wait
from multichat_proto.session.commands import Commands, UnderWay
from multichat_proto.session.operations import Operation
from multichat_proto.session.rooms import RoomRecord, RoomView, Wish
from multichat_proto.session.streams import Streams
from multichat_proto.state import RoomState

__all__ = ["Visits", "succeed"]


class Visits:
    """
    The rooms of one session.

    Args:
        options: Limits and times.
        streams: Where events go.
        commands: Where commands under way are noted.
        random: Returns a number from 0 up to, but not including, 1.

    Attributes:
        records: All rooms that are wanted or joined.
        last_refusal: Why the last join that is tried again was refused.
        refusals: Why rooms were given up that were wanted whoever waited for them.

    """

    def __init__(
        self,
        options: Options,
        streams: Streams,
        commands: Commands,
        *,
        random: Callable[[], float],
    ) -> None:
        self._options = options
        self._streams = streams
        self._commands = commands
        self._random = random
        self.records: dict[Room, RoomRecord] = {}
        self._unsettled: dict[Room, RoomRecord] = {}
        self._late_joins: list[tuple[float, Operation[RoomView], RoomRecord]] = []
        self.last_refusal: RoomError | None = None
        self.refusals: dict[Room, RoomError] = {}

    # -- Wishes.

    def want(self, room: Room) -> None:
        """
        Want a room from the start.

        Raises:
            LocalProtocolError: These are too many rooms.

        """
        record = self.record(room)
        record.wish = Wish.IN
        record.is_promised = True
        self._unsettled[room] = record

    def join(self, room: Room, operation: Operation[RoomView], now: float) -> None:
        """
        Want a room, and have the operation succeed when one is in.

        Raises:
            LocalProtocolError: These are too many rooms.

        """
        record = self.record(room)
        record.wish = Wish.IN
        if record.is_joined and not record.is_leaving:
            # A leave that was not handed over yet has been overtaken.
            self._unsettled.pop(room, None)
            succeed(record.leaves)
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
        self.forget(record)

    def abandon(self, operation: Operation[Any]) -> bool:
        """Nobody waits for this join or leave any more; return whether it is under way."""
        for record in self.records.values():
            if operation in record.leaves:
                record.leaves = [each for each in record.leaves if each is not operation]
                return record.is_leaving
            if operation in record.joins:
                record.joins = [each for each in record.joins if each is not operation]
                self._want_no_more(record)
                return record.is_entering
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
                self.lose(record, None)
                continue
            self._hand_over(record, cast("Command", client.last_command), now)  # just now
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

    # -- What becomes of them.

    def unanswered(self, late: UnderWay) -> bool:
        """
        Take it that a join or leave was not answered in time.

        Returns:
            Whether somebody could be told. If not, the connection is good for nothing.

        """
        record = self.records.get(late.room)
        if record is None:
            # One that was late before it has ended the connection, and this visit with it.
            return True
        record.is_entering = False
        if late.kind == "leave":
            return False
        if record.wish is Wish.IN and (record.was_joined or record.is_promised):
            return False
        for operation in record.joins:
            operation.fail(NoAnswer("join", record.room))
        record.joins.clear()
        self.forget(record)
        return True

    def lose_connection(self, since: float) -> None:
        """
        Take it that all memberships have ended with the connection (MC1-MEMB-03).

        Args:
            since: When the connection gave its last sign of life, in Unix seconds.

        """
        for record in list(self.records.values()):
            record.is_entering = record.is_leaving = False
            record.next_try, record.tries = 0.0, 0
            record.members_seen.forget()
            if record.wish is Wish.OUT:
                if record.is_joined:
                    self._streams.tell_chat(RoomLeft(record.room))
                self.forget(record)
            elif record.wish is Wish.AS_SERVER_LIKES:
                self.lose(record, None)
            else:
                if record.is_joined:
                    record.is_joined = False
                    record.lost_at = since
                succeed(record.leaves)
                self._unsettled[record.room] = record

    def let_go(self, error: MultichatError) -> None:
        """Tell everybody who waits that nothing will come any more."""
        for record in self.records.values():
            for operation in record.joins:
                operation.fail(error)
            record.joins.clear()
            succeed(record.leaves)
            record.is_joined = False

    # -- For those who hear what the server says.

    def record(self, room: Room) -> RoomRecord:
        """
        Return the room's record, a new one if there was none.

        Raises:
            LocalProtocolError: These are too many rooms.

        """
        record = self.records.get(room)
        if record is None:
            if len(self.records) >= self._options.max_rooms:
                raise LocalProtocolError(
                    f"cannot join room {room}: in {len(self.records)} rooms already"
                )
            record = RoomRecord(room, self._streams.subscribe(room), self._options.max_members)
            self.records[room] = record
            self.refusals.pop(room, None)
        return record

    def refuse(self, record: RoomRecord, error: RoomError, now: float) -> None:
        """Take it that a join was refused, and decide whether to try it again."""
        is_wanted_anyway = record.was_joined or record.is_promised
        if error.retry is Retry.LATER and is_wanted_anyway:
            longest = longest_wait(self._options.backoff, record.tries)
            record.next_try = now + self._random() * longest
            record.tries += 1
            self.last_refusal = error
            return
        for operation in record.joins:
            operation.fail(error)
        record.joins.clear()
        if is_wanted_anyway:
            while len(self.refusals) >= self._options.max_rooms:
                del self.refusals[next(iter(self.refusals))]
            self.refusals[record.room] = error
            self._streams.on_warning(f"room {record.room} was refused: {str(error)!a}")
            self.lose(record, error)
        else:
            self.forget(record)

    def settle(self, record: RoomRecord) -> None:
        """Note that the room is as it is wanted."""
        self._unsettled.pop(record.room, None)

    def unsettle(self, record: RoomRecord) -> None:
        """Note that the room is not as it is wanted."""
        self._unsettled[record.room] = record

    def lose(self, record: RoomRecord, error: RoomError | None) -> None:
        """Say that one is out of the room against one's wish, and why; then forget it."""
        self._streams.tell_room(record.room, RoomLost(record.room, error))
        self.forget(record)

    def forget(self, record: RoomRecord) -> None:
        """Have done with a room: its stream ends, and whoever waits is told."""
        record.wish = Wish.OUT
        record.is_joined = False
        self.records.pop(record.room, None)
        self._unsettled.pop(record.room, None)
        self._streams.end_room(record.room)
        for send in self._commands.remove_room(record.room):
            send.operation.fail(NotAMember(record.room))
        succeed(record.leaves)

    # -- What it comes to.

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

    def _want_no_more(self, record: RoomRecord) -> None:
        """Drop a room that nobody waits for and that was never joined."""
        if record.joins or record.was_joined or record.is_promised:
            return
        record.wish = Wish.OUT
        if record.is_joined or record.is_entering:
            self._unsettled[record.room] = record
        else:
            self.forget(record)


def succeed(operations: list[Operation[None]]) -> None:
    """Tell all who wait for one thing that it is done."""
    for operation in operations:
        operation.succeed(None)
    operations.clear()
