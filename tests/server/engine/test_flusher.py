"""The one writer."""

import trio
from trio.testing import wait_all_tasks_blocked

from multichat_server.engine.flusher import BATCH, Flusher
from multichat_server.engine.outbox import Outbox

from .fakes import FakeSink


def outbox(flusher: Flusher, sink: FakeSink) -> Outbox:
    return Outbox(sink, limit=1000, schedule=flusher.schedule, overflowed=lambda: None)


async def test_everything_posted_in_a_turn_leaves_at_its_end(nursery: trio.Nursery) -> None:
    flusher, sink = Flusher(), FakeSink()
    box = outbox(flusher, sink)
    nursery.start_soon(flusher.run)
    await wait_all_tasks_blocked()

    box.post(b"one")
    box.post(b"two")
    await wait_all_tasks_blocked()

    assert sink.writes == [b"onetwo"]


async def test_nobody_waits_for_a_blocked_one(nursery: trio.Nursery) -> None:
    """MC1-DELIV-02."""
    flusher, slow, good = Flusher(), FakeSink(), FakeSink()
    slow.room = 1
    boxes = [outbox(flusher, slow), outbox(flusher, good)]
    nursery.start_soon(flusher.run)
    for frame in (b"one", b"two"):
        for box in boxes:
            box.post(frame)
        await wait_all_tasks_blocked()

    assert good.data == b"onetwo"
    assert slow.data == b"o"
    slow.open()
    await wait_all_tasks_blocked()
    assert slow.data == b"onetwo"


async def test_a_blocked_one_that_drained_is_flushed_as_before(nursery: trio.Nursery) -> None:
    flusher, sink = Flusher(), FakeSink()
    sink.room = 1
    box = outbox(flusher, sink)
    nursery.start_soon(flusher.run)
    box.post(b"one")
    await wait_all_tasks_blocked()
    sink.open()
    await wait_all_tasks_blocked()

    box.post(b"two")
    await wait_all_tasks_blocked()

    assert sink.writes == [b"o", b"ne", b"two"]


async def test_others_get_their_turn_between_many_outboxes(nursery: trio.Nursery) -> None:
    flusher = Flusher()
    sinks = [FakeSink() for _ in range(BATCH * 3)]
    boxes = [outbox(flusher, sink) for sink in sinks]
    nursery.start_soon(flusher.run)
    await wait_all_tasks_blocked()
    seen: list[int] = []

    async def another() -> None:
        while not sinks[-1].data:
            seen.append(sum(bool(sink.data) for sink in sinks))
            await trio.lowlevel.checkpoint()

    for box in boxes:
        box.post(b"x")
    nursery.start_soon(another)
    await wait_all_tasks_blocked()

    assert {BATCH, 2 * BATCH} & set(seen)
    assert all(sink.data == b"x" for sink in sinks)


async def test_chores_are_done_before_the_flush_and_may_cause_others(
    nursery: trio.Nursery,
) -> None:
    flusher, sink = Flusher(), FakeSink()
    box = outbox(flusher, sink)
    nursery.start_soon(flusher.run)

    def second() -> None:
        box.post(b"second")

    def first() -> None:
        box.post(b"first ")
        flusher.call_soon(second)

    flusher.call_soon(first)
    await wait_all_tasks_blocked()

    assert sink.writes == [b"first second"]
