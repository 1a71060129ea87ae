"""However many events come, for however many rooms: what waits is bounded, and counted."""

# ruff: noqa: ARG001  # a handler is given more than some of them need

# what a handler is given is not what each one needs

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from multichat_proto import Connected, Gap, Room, RoomMessage
from multichat_proto.bots.backlog import Backlog
from multichat_proto.bots.lanes import Lane, Lanes
from multichat_proto.events import ChatEvent
from tests.sdk.bots.stage import Stage, on_both

ROOM = Room("1")


def message(number: int, room: str = "1") -> RoomMessage:
    return RoomMessage(Room(room), "alice", str(number))


def drained(backlog: Backlog) -> list[ChatEvent]:
    events = []
    while (event := backlog.take()) is not None:
        events.append(event)
    return events


@given(most=st.integers(1, 5), puts=st.lists(st.integers(0, 3), max_size=30))
def test_a_backlog_loses_nothing_uncounted(most: int, puts: list[int]) -> None:
    """0 takes an event, 1 and 2 put a message, 3 puts a gap of 10 that came from below."""
    backlog, put, taken = Backlog(ROOM, most), 0, 0

    def count(event: ChatEvent | None) -> int:
        return 0 if event is None else event.dropped if isinstance(event, Gap) else 1

    for number, kind in enumerate(puts):
        if kind == 0:
            taken += count(backlog.take())
        else:
            event = Gap(ROOM, 10) if kind == 3 else message(number)
            backlog.put(event)
            put += count(event)
        assert len(backlog) <= most + 1
    copied = drained(backlog.copy())
    rest = drained(backlog)

    assert copied == rest
    assert taken + sum(map(count, rest)) == put
    assert len(backlog) == 0


def test_a_gap_stands_where_the_events_were() -> None:
    backlog = Backlog(ROOM, 2)
    for number in range(5):
        backlog.put(message(number))

    assert drained(backlog) == [Gap(ROOM, 3), message(3), message(4)]


@on_both
async def test_rooms_that_come_and_go_are_bounded(stage: Stage) -> None:
    """A server that invents rooms faster than anybody handles them fills no memory."""
    gate = stage.runtime.event()
    seen: list[ChatEvent] = []

    async def handle(lane: Lane, event: ChatEvent) -> None:
        await gate.wait()
        seen.append(event)

    async with stage.runtime.tasks() as tasks:
        lanes = Lanes(
            handle,
            runtime=stage.runtime,
            tasks=tasks,
            handled=frozenset({RoomMessage, Gap}),
            max_workers=2,
            max_queue=10,
            max_lanes=5,
        )
        for number in range(1_000):
            lanes.put(message(number, str(number)))
        assert len(lanes) == 5
        await stage.settle()

        gate.set()
        await lanes.idle()
        assert len(lanes) == 0

    assert sorted(seen, key=repr) == sorted(
        [*(message(n, str(n)) for n in range(5)), Gap(None, 995)], key=repr
    )


@on_both
async def test_what_nobody_handles_is_not_kept(stage: Stage) -> None:
    async def handle(lane: Lane, event: ChatEvent) -> None:
        raise AssertionError("nobody asked for it")

    async with stage.runtime.tasks() as tasks:
        lanes = Lanes(
            handle,
            runtime=stage.runtime,
            tasks=tasks,
            handled=frozenset({Gap}),
            max_workers=2,
            max_queue=10,
            max_lanes=5,
        )
        lanes.put(message(1))
        lanes.put(Connected())
        assert len(lanes) == 0
        await stage.settle()


@on_both
async def test_a_busy_room_does_not_starve_another(stage: Stage) -> None:
    """One worker takes the rooms in turns, and lets the reader have its own."""
    seen: list[str] = []
    turns: list[int] = []

    async def handle(lane: Lane, event: ChatEvent) -> None:
        assert isinstance(event, RoomMessage)
        seen.append(event.room)

    async def other() -> None:
        await stage.runtime.sleep(0)
        turns.append(len(seen))

    async with stage.runtime.tasks() as tasks:
        lanes = Lanes(
            handle,
            runtime=stage.runtime,
            tasks=tasks,
            handled=frozenset({RoomMessage}),
            max_workers=1,
            max_queue=1_000,
            max_lanes=5,
        )
        for number in range(1_000):
            lanes.put(message(number, "1"))
        lanes.put(message(0, "2"))
        tasks.start(other)
        await lanes.idle()

    assert seen.index("2") <= 2
    assert len(seen) == 1_001
    assert turns[0] < 1_001


@on_both
async def test_nothing_is_left_of_a_room_that_is_quiet(stage: Stage) -> None:
    """10,000 rooms, one after another: what is kept does not grow."""

    async def handle(lane: Lane, event: ChatEvent) -> None:
        await stage.runtime.sleep(0)

    async with stage.runtime.tasks() as tasks:
        lanes = Lanes(
            handle,
            runtime=stage.runtime,
            tasks=tasks,
            handled=frozenset({RoomMessage}),
            max_workers=10,
            max_queue=10,
            max_lanes=100,
        )
        for number in range(100):
            for room in range(100):
                lanes.put(message(number, f"{number}-{room}"))
            await lanes.idle()
            assert len(lanes) == 0
