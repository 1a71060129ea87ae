"""Who is in which room."""

from multichat_proto.messages import Room
from multichat_server.engine.hub import Hub
from multichat_server.engine.outbox import Outbox

from .fakes import FakeSink


def outbox(sink: FakeSink) -> Outbox:
    return Outbox(sink, limit=1000, schedule=lambda _: None, overflowed=lambda: None)


def test_a_frame_goes_to_the_members_of_its_room_and_nobody_else() -> None:
    hub, sinks = Hub(), [FakeSink() for _ in range(3)]
    boxes = [outbox(sink) for sink in sinks]
    hub.enter(Room("1"), boxes[0])
    hub.enter(Room("1"), boxes[1])
    hub.enter(Room("2"), boxes[2])

    reached = hub.broadcast(Room("1"), b"hi")

    for box in boxes:
        box.flush()
    assert reached == 2
    assert [sink.data for sink in sinks] == [b"hi", b"hi", b""]


def test_nothing_goes_to_one_who_left() -> None:
    hub, sink = Hub(), FakeSink()
    box = outbox(sink)
    hub.enter(Room("1"), box)

    hub.leave(Room("1"), box)

    assert hub.broadcast(Room("1"), b"hi") == 0
    assert box.size == 0


def test_leaving_a_room_that_is_gone_is_nothing() -> None:
    hub = Hub()
    box = outbox(FakeSink())
    hub.enter(Room("1"), box)

    hub.clear()
    hub.leave(Room("1"), box)

    assert hub.broadcast(Room("1"), b"hi") == 0


def test_one_of_two_members_leaves() -> None:
    hub = Hub()
    first, second = outbox(FakeSink()), outbox(FakeSink())
    hub.enter(Room("1"), first)
    hub.enter(Room("1"), second)

    hub.leave(Room("1"), first)

    assert hub.broadcast(Room("1"), b"hi") == 1
    assert second.size == 2
