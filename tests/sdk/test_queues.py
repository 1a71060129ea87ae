"""The bound of a stream, and each policy."""

from __future__ import annotations

import pytest

from multichat_proto.events import ChatEvent, Gap, Refused, RoomMessage
from multichat_proto.exceptions import ChatClosed, ConnectionFailed, QueueOverflow, RoomInvalid
from multichat_proto.messages import Room
from multichat_proto.options import Options, Overflow
from multichat_proto.session import EndOfEvents, EventQueue
from multichat_proto.session.queues import weight_of
from multichat_proto.session.streams import STREAMS_FULL, Streams

ONE = Room("1")


def said(number: int) -> RoomMessage:
    return RoomMessage(ONE, "bob", str(number))


def queue(
    overflow: Overflow, *, max_bytes: int = 10_000, space: list[EventQueue] | None = None
) -> EventQueue:
    made = EventQueue(
        ONE,
        max_queue=3,
        max_bytes=max_bytes,
        overflow=overflow,
        on_space=([] if space is None else space).append,
    )
    made.claim()
    return made


def put(events: EventQueue, event: ChatEvent) -> None:
    events.put(event, weight_of(event))


def taken(events: EventQueue) -> list[ChatEvent]:
    found: list[ChatEvent] = []
    while (event := events.take()) is not None:
        found.append(event)
    return found


def test_what_goes_in_comes_out_in_order() -> None:
    events = queue(Overflow.DROP_OLDEST)
    for number in range(3):
        put(events, said(number))

    assert len(events) == 3
    assert taken(events) == [said(0), said(1), said(2)]


def test_the_oldest_give_way_and_are_counted() -> None:
    events = queue(Overflow.DROP_OLDEST)
    for number in range(5):
        put(events, said(number))
    first = events.take()
    put(events, said(5))
    put(events, said(6))

    assert first == Gap(ONE, 2)
    assert len(events) == 4
    assert taken(events) == [Gap(ONE, 2), said(4), said(5), said(6)]


def test_nothing_is_missed_without_a_word() -> None:
    events = queue(Overflow.DROP_OLDEST)
    counted = 0
    for number in range(100):
        put(events, said(number))
        if number % 7 == 0:
            event = events.take()
            counted += event.dropped if isinstance(event, Gap) else 1
    for event in taken(events):
        counted += event.dropped if isinstance(event, Gap) else 1

    assert counted == 100


def test_a_reader_may_want_the_end_instead() -> None:
    events = queue(Overflow.CLOSE)
    for number in range(5):
        put(events, said(number))

    assert events.is_ended
    assert [events.take() for _ in range(3)] == [said(0), said(1), said(2)]
    for _ in range(2):
        with pytest.raises(QueueOverflow, match="room 1 was too slow"):
            events.take()


def test_blocking_asks_for_a_pause_and_loses_nothing() -> None:
    space: list[EventQueue] = []
    events = queue(Overflow.BLOCK, space=space)
    for number in range(3):
        assert not events.is_full(is_urgent=False)
        put(events, said(number))
    assert events.is_full(is_urgent=False)
    assert not events.is_full(is_urgent=True)
    for number in range(3, 15):
        put(events, said(number))
    assert events.is_full(is_urgent=True)

    assert taken(events) == [said(number) for number in range(15)]
    assert space == [events]


def test_even_a_blocking_queue_has_an_end() -> None:
    events = queue(Overflow.BLOCK)
    for number in range(100):
        put(events, said(number))

    assert len(events) == 19
    assert events.take() == Gap(ONE, 82)


def test_a_blocking_queue_that_nobody_reads_blocks_nobody() -> None:
    events = EventQueue(
        ONE, max_queue=3, max_bytes=100, overflow=Overflow.BLOCK, on_space=lambda _: None
    )
    for number in range(100):
        put(events, said(number))

    assert not events.is_full(is_urgent=False)
    assert events.take() == Gap(ONE, 97)


class TestBytes:
    """The same bounds for few events with much text."""

    def test_the_oldest_give_way_to_long_ones(self) -> None:
        events = queue(Overflow.DROP_OLDEST, max_bytes=100)
        for text in ("a" * 60, "b" * 30, "c" * 60):
            put(events, RoomMessage(ONE, "bob", text))

        assert events.weight == 90 + 2 * len("1bob")
        assert taken(events)[0] == Gap(ONE, 1)
        assert events.weight == 0

    def test_one_is_kept_however_long_it_is(self) -> None:
        events = queue(Overflow.DROP_OLDEST, max_bytes=100)
        longest = RoomMessage(ONE, "bob", "a" * 1_000)
        for _ in range(2):
            put(events, longest)

        assert taken(events) == [Gap(ONE, 1), longest]

    def test_one_that_is_too_long_ends_no_stream_that_is_empty(self) -> None:
        events = queue(Overflow.CLOSE, max_bytes=100)
        longest = RoomMessage(ONE, "bob", "a" * 1_000)
        put(events, longest)

        assert not events.is_ended
        assert taken(events) == [longest]

    def test_a_character_beyond_ascii_makes_all_of_them_wide(self) -> None:
        assert weight_of(RoomMessage(ONE, "bob", "a" * 99)) == 99 + len("1bob")
        assert weight_of(RoomMessage(ONE, "bob", "a" * 99 + "\U0001f600")) == 400 + len("1bob")
        assert weight_of(Refused(RoomInvalid("X", detail="a" * 50))) == 50
        assert weight_of(Gap(None, 1)) == 0

    def test_too_many_bytes_end_a_stream_that_wants_it(self) -> None:
        events = queue(Overflow.CLOSE, max_bytes=100)
        for _ in range(2):
            put(events, RoomMessage(ONE, "bob", "a" * 60))

        assert events.is_ended

    def test_too_many_bytes_ask_for_a_pause(self) -> None:
        space: list[EventQueue] = []
        events = queue(Overflow.BLOCK, max_bytes=100, space=space)
        for _ in range(2):
            put(events, RoomMessage(ONE, "bob", "a" * 60))
        assert events.is_full(is_urgent=False)
        assert not events.is_full(is_urgent=True)
        for _ in range(100):
            put(events, RoomMessage(ONE, "bob", "a" * 60))
        assert events.weight <= 600

        assert isinstance(events.take(), Gap)
        while events.is_full(is_urgent=False):
            assert space == []
            events.take()
        assert space == [events]

    def test_all_streams_together_have_a_limit(self) -> None:
        """A server may put one into any number of rooms, and fill the stream of each."""
        streams = Streams(Options(max_queue_bytes=1_000))
        rooms = [Room(str(number)) for number in range(50)]
        queues = [streams.subscribe(room) for room in rooms]
        for room in rooms:
            for _ in range(10):
                streams.tell_room(room, RoomMessage(room, "bob", "a" * 90))
        held = streams.chat.weight + sum(events.weight for events in queues)

        assert held <= (STREAMS_FULL + 1) * 1_000
        assert any(isinstance(events.take(), Gap) for events in queues)

    def test_whatever_their_policy(self) -> None:
        space: list[EventQueue] = []
        closing, blocking = queue(Overflow.CLOSE), queue(Overflow.BLOCK, space=space)
        for events in (closing, blocking):
            for _ in range(3):
                put(events, said(1))
            events.shed()
            assert taken_or_ended(events) == [Gap(ONE, 2), said(1)]

        assert closing.is_ended
        assert space == [blocking]


def taken_or_ended(events: EventQueue) -> list[ChatEvent]:
    found: list[ChatEvent] = []
    for _ in range(len(events)):
        event = events.take()
        assert event is not None
        found.append(event)
    return found


def test_the_end_comes_after_what_is_in_it() -> None:
    events = queue(Overflow.DROP_OLDEST)
    put(events, said(1))
    events.end()
    events.end(ConnectionFailed("too late to say"))
    put(events, said(2))

    assert events.take() == said(1)
    for _ in range(2):
        with pytest.raises(EndOfEvents):
            events.take()


def test_the_end_may_be_an_error() -> None:
    events = queue(Overflow.DROP_OLDEST)
    events.end(ConnectionFailed("gone"))

    with pytest.raises(ConnectionFailed, match="gone"):
        events.take()


def test_a_reader_is_woken() -> None:
    woken: list[str] = []
    events = queue(Overflow.DROP_OLDEST)
    events.on_ready = lambda: woken.append("up")
    put(events, said(1))
    events.end()

    assert woken == ["up", "up"]


def test_one_reads_at_a_time() -> None:
    events = queue(Overflow.DROP_OLDEST)

    with pytest.raises(ChatClosed, match="subscribe"):
        events.claim()
    events.release()
    events.claim()


def test_a_stream_of_ones_own() -> None:
    streams = Streams(Options(max_queue=2))
    mine = streams.subscribe(ONE, max_queue=5)
    everything = streams.subscribe(None)
    other = streams.subscribe(Room("2"))
    for number in range(4):
        streams.tell_room(ONE, said(number))

    assert len(mine) == 4
    assert taken(everything) == [Gap(None, 2), said(2), said(3)]
    assert len(other) == 0
    streams.unsubscribe(mine)
    streams.unsubscribe(mine)
    streams.unsubscribe(everything)
    streams.tell_room(ONE, said(4))
    assert len(mine) == 4
    assert len(streams.chat) == 3


def test_the_fullest_stream_decides() -> None:
    space: list[bool] = []
    streams = Streams(Options(max_queue=1, overflow=Overflow.BLOCK))
    streams.on_space = lambda: space.append(True)
    two = [streams.subscribe(ONE), streams.subscribe(ONE)]
    for events in two:
        events.claim()
    streams.tell_room(ONE, said(1))
    two[0].take()

    assert not streams.have_space(is_urgent=False)
    assert space == []
    two[1].take()
    assert streams.have_space(is_urgent=False)
    assert space == [True]


def test_after_the_end_there_are_no_new_streams() -> None:
    streams = Streams(Options())
    room = streams.subscribe(ONE)
    streams.end_all(ConnectionFailed("gone"))

    for events in (room, streams.chat, streams.subscribe(None), streams.subscribe(ONE)):
        with pytest.raises(ConnectionFailed):
            events.take()
