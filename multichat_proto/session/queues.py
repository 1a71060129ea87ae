"""
A stream's queue: bounded, with a stated answer to a reader that is too slow.

``drop-oldest`` gives up the oldest event for each new one, and puts one :class:`Gap` in front
with their number. ``close`` ends the stream. ``block`` asks the session to read no more; while
it must read all the same, because somebody waits for the answer to a command, the queue grows
to :data:`OVERDRAFT` times more. A ``block`` stream that nobody has begun to read drops the
oldest instead: it would stop everything otherwise. So does one whose reader has gone.

A queue is as full as its events are many, or as their text is long, whichever is more: a server
may send a thousand messages of a megabyte as well as a thousand of ten bytes.
"""

from collections import deque
from collections.abc import Callable
from typing import Final

from msgspec.structs import astuple

from multichat_proto.events import ChatEvent, Gap
from multichat_proto.exceptions import ChatClosed, MultichatError, QueueOverflow, RoomError
from multichat_proto.messages import Room
from multichat_proto.options import Overflow

__all__ = ["OVERDRAFT", "EndOfEvents", "EventQueue", "weight_of"]

OVERDRAFT: Final = 4
"""How many times its length a ``block`` queue may grow beyond it while a command waits."""


def weight_of(event: ChatEvent) -> int:
    """Return the bytes that an event's text takes in memory, at most."""
    weight = 0
    for value in astuple(event):
        text = value.detail if isinstance(value, RoomError) else value
        if isinstance(text, str):
            # A text with one character beyond ASCII may take four bytes for each.
            weight += len(text) if text.isascii() else 4 * len(text)
    return weight


class EndOfEvents(Exception):
    """The stream has ended in order; for shells, which make a ``StopAsyncIteration`` of it."""


class EventQueue:
    """
    The events of one reader.

    Args:
        room: The room; ``None`` for all of the chat.
        max_queue: Events that are kept.
        max_bytes: Bytes of text that are kept; one event is, however long it is.
        overflow: What happens when there are more.
        on_space: Called with a ``block`` queue that has space again, or has ended.

    Attributes:
        room: As given.
        weight: The bytes of text that wait in it.
        taken: How many events were taken from it.
        on_ready: Called when something can be taken, or the end has come. It must do no more
            than wake somebody up.

    """

    __slots__ = (
        "_dropped",
        "_end",
        "_ended",
        "_events",
        "_is_claimed",
        "_max_bytes",
        "_max_queue",
        "_on_space",
        "_overflow",
        "_was_read",
        "on_ready",
        "room",
        "taken",
        "weight",
    )

    def __init__(
        self,
        room: Room | None,
        *,
        max_queue: int,
        max_bytes: int,
        overflow: Overflow,
        on_space: Callable[["EventQueue"], None],
    ) -> None:
        self.room = room
        self.on_ready: Callable[[], None] | None = None
        self.weight = 0
        self.taken = 0
        self._max_queue = max_queue
        self._max_bytes = max_bytes
        self._overflow = overflow
        self._on_space = on_space
        self._events: deque[tuple[ChatEvent, int]] = deque()
        self._dropped = 0
        self._ended = False
        self._end: MultichatError | None = None
        self._is_claimed = False
        self._was_read = False

    def __len__(self) -> int:
        return len(self._events) + (self._dropped > 0)

    @property
    def is_ended(self) -> bool:
        """Whether nothing more is put in; what is in it can still be taken."""
        return self._ended

    def is_full(self, *, is_urgent: bool) -> bool:
        """
        Return whether the session is to read no more because of this queue.

        Args:
            is_urgent: Whether somebody waits for the answer to a command.

        """
        if self._overflow is not Overflow.BLOCK or not self._was_read or self._ended:
            return False
        return self._holds(1 + OVERDRAFT if is_urgent else 1)

    def take(self) -> ChatEvent | None:
        """
        Return the next event; ``None`` if there is none just now.

        Raises:
            EndOfEvents: The stream has ended in order.
            MultichatError: It has ended in this way.

        """
        self.taken += 1
        if self._dropped:
            gap, self._dropped = Gap(self.room, self._dropped), 0
            return gap
        if self._events:
            if self._overflow is not Overflow.BLOCK:
                return self._pop()
            was_full = self._holds(1)
            event = self._pop()
            if was_full and not self._holds(1):
                self._on_space(self)
            return event
        if not self._ended:
            return None
        if self._end is not None:
            raise self._end.with_traceback(None)
        raise EndOfEvents

    def claim(self) -> None:
        """
        Become the one reader.

        Raises:
            ChatClosed: There is one.

        """
        if self._is_claimed:
            raise ChatClosed("somebody else reads this stream; subscribe for one of your own")
        self._is_claimed = True
        self._was_read = True

    def release(self) -> None:
        """Let somebody else read."""
        self._is_claimed = False

    def give_up_reader(self) -> None:
        """Take it that nobody reads any more: a ``block`` stream drops the oldest from now on."""
        self._was_read = False
        self._on_space(self)

    def put(self, event: ChatEvent, weight: int) -> None:
        """
        Add an event, for the session.

        Args:
            event: The event.
            weight: Its :func:`weight_of`, which the session finds once for all queues.

        """
        if self._ended:
            return
        if len(self._events) >= self._max_queue or self.weight + weight > self._max_bytes:
            self._give_way(weight)
            if self._ended:
                return
        self._events.append((event, weight))
        self.weight += weight
        if self.on_ready is not None:
            self.on_ready()

    def _give_way(self, weight: int) -> None:
        """Have the policy deal with an event, of so many bytes, for which there is no space."""
        if self._overflow is Overflow.CLOSE:
            if self._events:
                self.end(QueueOverflow(self.room))
            return
        most = 1
        if self._overflow is Overflow.BLOCK and self._was_read:
            # What one piece of data holds comes in whole; hence the last item.
            most = 1 + OVERDRAFT + 1
        while self._events and self._holds(most, weight):
            self._drop()

    def shed(self) -> None:
        """Give up the older half of the text: all streams together hold too much."""
        half = self.weight // 2
        while self.weight > half:
            self._drop()
        if self._overflow is Overflow.CLOSE:
            self.end(QueueOverflow(self.room))
        elif self._overflow is Overflow.BLOCK and not self._holds(1):
            self._on_space(self)

    def end(self, error: MultichatError | None = None) -> None:
        """End the stream, after what is in it; with this error, or in order."""
        if not self._ended:
            self._ended = True
            self._end = error
            if self.on_ready is not None:
                self.on_ready()
            if self._overflow is Overflow.BLOCK:
                self._on_space(self)

    def _holds(self, times: int, more: int = 0) -> bool:
        """Return whether so many times what is kept is in it, if so many bytes were added."""
        limit = self._max_bytes * times
        return len(self._events) >= self._max_queue * times or (
            self.weight + more > limit if more else self.weight >= limit
        )

    def _pop(self) -> ChatEvent:
        event, weight = self._events.popleft()
        self.weight -= weight
        return event

    def _drop(self) -> None:
        self._pop()
        self._dropped += 1
