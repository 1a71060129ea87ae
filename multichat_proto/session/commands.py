"""
Commands on their way: those that wait to be handed over, and those that wait for an answer.

Before a command is handed over, nobody but us has seen it, and it can be taken back without
a trace. After that only an answer tells what became of it.
"""

from collections import deque
from collections.abc import Callable, Iterator
from typing import Final, Literal, Protocol

from multichat_proto.codec import encode_bytes
from multichat_proto.events import RoomMessage
from multichat_proto.limits import TokenBucket
from multichat_proto.messages import Command, Room, Send
from multichat_proto.options import Options
from multichat_proto.session.operations import Operation

__all__ = ["Commands", "UnderWay", "WaitingSend"]

BYTES_A_TOKEN: Final = 1_024
"""A frame counts as one command for each so many bytes: what every server takes 32 of
(MC1-LIMIT-06)."""

PAUSE_SECONDS: Final = 1.0
"""How long nothing is sent after the server has said ``RATE_LIMITED``."""


class WaitingSend:
    """A message that was not handed over yet."""

    __slots__ = ("deadline", "operation", "room", "text", "tokens")

    def __init__(
        self, room: Room, text: str, operation: Operation[RoomMessage], deadline: float | None
    ) -> None:
        self.room = room
        self.text = text
        self.operation = operation
        self.deadline = deadline
        self.tokens = 1 + (len(encode_bytes(Send(room, text))) - 1) // BYTES_A_TOKEN


class UnderWay:
    """
    A command that was handed over.

    Attributes:
        kind: Which command.
        room: The room that it is about.
        command: The command itself.
        deadline: When its answer is waited for no longer.
        text: The message of a ``send``.
        operation: Who waits for the echo of a ``send``; ``None`` if nobody does any more.

    """

    __slots__ = ("command", "deadline", "kind", "operation", "room", "text")

    def __init__(
        self,
        kind: Literal["join", "leave", "send"],
        command: Command,
        deadline: float,
        text: str = "",
        operation: Operation[RoomMessage] | None = None,
    ) -> None:
        self.kind = kind
        self.room = command.room_id
        self.command = command
        self.deadline = deadline
        self.text = text
        self.operation = operation


class _Bucket(Protocol):
    def take(self, now: float, tokens: int = 1) -> bool: ...
    def full_at(self, tokens: int = 1) -> float: ...
    def empty(self, now: float, seconds: float) -> None: ...


class Commands:
    """
    The commands of one session.

    Args:
        options: How many, how fast, how long.

    """

    def __init__(self, options: Options) -> None:
        self._options = options
        self._waiting: deque[WaitingSend] = deque()
        self._under_way: dict[int, UnderWay] = {}
        self._bucket: _Bucket = (
            TokenBucket(rate=options.command_rate, burst=options.command_burst)
            if options.command_rate > 0
            else _Bottomless()
        )

    @property
    def is_urgent(self) -> bool:
        """Whether somebody waits for an answer."""
        return bool(self._under_way)

    @property
    def may_hand_over(self) -> bool:
        """Whether one more command may be under way."""
        return len(self._under_way) < self._options.max_unanswered

    @property
    def is_crowded(self) -> bool:
        """Whether no more may wait."""
        return len(self._waiting) >= self._options.max_waiting

    def wait(self, send: WaitingSend) -> None:
        """Have a message wait for its turn."""
        self._waiting.append(send)

    def next_send(self, is_open: Callable[[Room], bool]) -> WaitingSend | None:
        """Return, and keep, the first message whose room is open."""
        for send in self._waiting:
            if is_open(send.room):
                return send
        return None

    def take_tokens(self, now: float, tokens: int = 1) -> bool:
        """Return whether so much may be sent now, and count it if so."""
        return self._bucket.take(now, tokens)

    def tokens_at(self, tokens: int = 1) -> float:
        """Return when so much may be sent."""
        return self._bucket.full_at(tokens)

    def pause(self, now: float) -> None:
        """Send nothing for a moment: the server has asked for it."""
        self._bucket.empty(now, PAUSE_SECONDS)

    def remove(self, send: WaitingSend) -> None:
        """Take a message back, or out because it is handed over."""
        self._waiting.remove(send)

    def remove_room(self, room: Room) -> list[WaitingSend]:
        """Take back, and return, all messages for a room."""
        gone = [send for send in self._waiting if send.room == room]
        self._waiting = deque(send for send in self._waiting if send.room != room)
        return gone

    def remove_all(self) -> list[WaitingSend]:
        """Take back, and return, all messages."""
        gone = list(self._waiting)
        self._waiting.clear()
        return gone

    def remove_late(self, now: float) -> Iterator[WaitingSend]:
        """Take back the messages that have waited too long."""
        while self._waiting:
            deadline = self._waiting[0].deadline
            if deadline is None or deadline > now:
                return
            yield self._waiting.popleft()

    def find(self, operation: object) -> WaitingSend | UnderWay | None:
        """Return the message that somebody waits for."""
        for send in self._waiting:
            if send.operation is operation:
                return send
        for command in self._under_way.values():
            if command.operation is operation:
                return command
        return None

    def hand_over(self, command: UnderWay) -> None:
        """Note that a command is under way."""
        self._under_way[id(command.command)] = command

    def answered(self, command: Command) -> UnderWay | None:
        """Return, and forget, what is known of a command that was answered."""
        return self._under_way.pop(id(command), None)

    def unanswered(self, now: float) -> list[UnderWay]:
        """Return, and forget, the commands whose answer is overdue."""
        late = [each for each in self._under_way.values() if each.deadline <= now]
        for each in late:
            del self._under_way[id(each.command)]
        return late

    def lose_connection(self) -> list[UnderWay]:
        """Return, and forget, all that was under way."""
        lost = list(self._under_way.values())
        self._under_way.clear()
        return lost

    def deadlines(self) -> Iterator[float]:
        """Return when something here is overdue."""
        if self._waiting and self._waiting[0].deadline is not None:
            yield self._waiting[0].deadline
        for command in self._under_way.values():
            yield command.deadline


class _Bottomless:
    """A bucket for those who want no limit."""

    def take(self, now: float, tokens: int = 1) -> bool:  # noqa: ARG002  # as a bucket has it
        return True

    def full_at(self, tokens: int = 1) -> float:  # noqa: ARG002  # as a bucket has it
        return 0.0

    def empty(self, now: float, seconds: float) -> None:
        pass
