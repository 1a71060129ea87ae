"""Who gets which event: the streams of a session, of the chat and of each room."""

from collections.abc import Callable, Iterator
from itertools import chain
from typing import Final

from multichat_proto.events import ChatEvent
from multichat_proto.exceptions import LocalProtocolError, MultichatError
from multichat_proto.messages import Room
from multichat_proto.options import Options, Overflow, overflow_of
from multichat_proto.session.queues import EventQueue, weight_of

__all__ = ["STREAMS_FULL", "Streams"]

STREAMS_FULL: Final = 8
"""How many times ``max_queue_bytes`` all streams of a session may hold together: a server may put
one into a thousand rooms, and fill the stream of each."""


class Streams:
    """
    All streams of one session.

    Args:
        options: Length and policy, where a subscriber does not say otherwise.

    Attributes:
        on_space: Called when nothing is too full any more to read from the connection.
        chat: The chat's own stream.
        on_warning: Called with a sentence for the log.

    """

    def __init__(self, options: Options) -> None:
        self._options = options
        self.on_space: Callable[[], None] = _nothing
        self._chat: list[EventQueue] = []
        self._rooms: dict[Room, list[EventQueue]] = {}
        self.on_warning: Callable[[str], None] = _ignore
        self._full: set[EventQueue] = set()
        self._seen_full: dict[EventQueue, tuple[int, float]] = {}
        self._put_since = 0
        self._is_ended = False
        self._end: MultichatError | None = None
        self.chat = self.subscribe(None)

    def subscribe(
        self,
        room: Room | None,
        *,
        max_queue: int | None = None,
        overflow: Overflow | None = None,
    ) -> EventQueue:
        """
        Return a new stream, of one room or, with ``None``, of everything.

        Raises:
            LocalProtocolError: There is no such policy, or the stream is to keep nothing.

        """
        if max_queue is not None and max_queue < 1:
            raise LocalProtocolError("max_queue must be at least 1")
        queue = EventQueue(
            room,
            max_queue=self._options.max_queue if max_queue is None else max_queue,
            max_bytes=self._options.max_queue_bytes,
            overflow=self._options.overflow if overflow is None else overflow_of(overflow),
            on_space=self._has_space,
        )
        if self._is_ended:
            queue.end(self._end)
        elif room is None:
            self._chat.append(queue)
        else:
            self._rooms.setdefault(room, []).append(queue)
        return queue

    def unsubscribe(self, queue: EventQueue) -> None:
        """End a stream and forget it."""
        queue.end()
        among = self._chat if queue.room is None else self._rooms.get(queue.room, [])
        if queue in among:
            among.remove(queue)
        if queue.room is not None and not among:
            self._rooms.pop(queue.room, None)

    def tell_room(self, room: Room, event: ChatEvent) -> None:
        """Put an event in the streams of a room, and in those of the chat."""
        weight = weight_of(event)
        for queue in self._rooms.get(room, ()):
            self._put(queue, event, weight)
        for queue in self._chat:
            self._put(queue, event, weight)

    def tell_chat(self, event: ChatEvent) -> None:
        """Put an event in the streams of the chat alone."""
        weight = weight_of(event)
        for queue in self._chat:
            self._put(queue, event, weight)

    def end_room(self, room: Room) -> None:
        """End the streams of a room, in order."""
        for queue in self._rooms.pop(room, ()):
            queue.end()

    def end_all(self, error: MultichatError | None) -> None:
        """End every stream, and each that will be asked for."""
        self._is_ended = True
        self._end = error
        for queue in self._chat:
            queue.end(error)
        for queues in self._rooms.values():
            for queue in queues:
                queue.end(error)
        self._chat.clear()
        self._rooms.clear()

    def have_space(self, *, is_urgent: bool) -> bool:
        """
        Return whether the session may read on.

        Args:
            is_urgent: Whether somebody waits for the answer to a command.

        """
        return not self._full or not any(queue.is_full(is_urgent=is_urgent) for queue in self._full)

    def watch(self, now: float) -> bool:
        """
        Give up the readers that have taken nothing from a full stream for too long.

        Returns:
            Whether there is a new one among :meth:`deadlines`.

        """
        timeout = self._options.block_timeout
        if not self._full or timeout is None:
            return False
        is_new = False
        for queue in list(self._full):
            taken, since = self._seen_full.get(queue, (-1, now))
            if taken != queue.taken:
                self._seen_full[queue] = queue.taken, now
                is_new = True
            elif now >= since + timeout:
                whose = "the chat" if queue.room is None else f"room {queue.room}"
                self.on_warning(
                    f"nobody has read the stream of {whose} for {timeout:g} s, and it is full: "
                    "from now on it drops its oldest events"
                )
                queue.give_up_reader()
        return is_new

    def deadlines(self) -> Iterator[float]:
        """Return when :meth:`watch` is due."""
        timeout = self._options.block_timeout
        if timeout is not None:
            for _, since in self._seen_full.values():
                yield since + timeout

    def _put(self, queue: EventQueue, event: ChatEvent, weight: int) -> None:
        queue.put(event, weight)
        self._put_since += weight
        if self._put_since > self._options.max_queue_bytes:
            self._keep_limit()
        if queue.is_full(is_urgent=False):
            self._full.add(queue)

    def _keep_limit(self) -> None:
        """Have the heaviest streams give way while all of them hold too much."""
        # Counted once in a while, and not with each event: there may be a thousand streams.
        self._put_since = 0
        queues = [*self._chat, *chain.from_iterable(self._rooms.values())]
        total = sum(queue.weight for queue in queues)
        while total > STREAMS_FULL * self._options.max_queue_bytes:
            heaviest = max(queues, key=lambda queue: queue.weight)
            total -= heaviest.weight
            heaviest.shed()
            total += heaviest.weight

    def _has_space(self, queue: EventQueue) -> None:
        self._full.discard(queue)
        self._seen_full.pop(queue, None)
        if not self._full:
            self.on_space()


def _nothing() -> None:
    pass


def _ignore(_: str) -> None:
    pass
