"""What waits to be written: whole frames, bounded, never torn."""

import pytest
import trio
from hypothesis import given
from hypothesis import strategies as st
from trio.testing import wait_all_tasks_blocked

from multichat_server.engine.outbox import EAGER_BYTES, GATHER_BYTES, Outbox

from .fakes import FakeSink


class Case:
    def __init__(self, *, limit: int = 1_000_000) -> None:
        self.sink = FakeSink()
        self.scheduled: list[Outbox] = []
        self.overflows = 0
        self.outbox = Outbox(
            self.sink, limit=limit, schedule=self.scheduled.append, overflowed=self.overflow
        )

    def overflow(self) -> None:
        self.overflows += 1


def test_frames_of_one_turn_leave_in_one_write() -> None:
    case = Case()

    case.outbox.post(b"one")
    case.outbox.post(b"two")

    assert case.scheduled == [case.outbox]
    assert case.sink.writes == []
    case.outbox.flush()
    assert case.sink.writes == [b"onetwo"]
    assert case.outbox.size == 0


def test_a_single_frame_is_written_without_being_copied() -> None:
    case = Case()
    frame = b"x" * 1000
    written: list[object] = []

    def write(data: bytes | memoryview) -> int:
        written.append(data)
        return len(data)

    case.sink.write = write  # type: ignore[method-assign]  # to see the object itself

    case.outbox.post(frame)
    case.outbox.flush()

    assert written[0] is frame


def test_it_is_scheduled_anew_after_a_flush() -> None:
    case = Case()

    case.outbox.post(b"one")
    case.outbox.flush()
    case.outbox.post(b"two")

    assert case.scheduled == [case.outbox] * 2


def test_what_a_sink_does_not_take_stays_and_is_not_scheduled_again() -> None:
    case = Case()
    case.sink.room = 4
    case.outbox.post(b"one")
    case.outbox.post(b"two")

    case.outbox.flush()
    case.outbox.post(b"three")

    assert case.outbox.is_blocked
    assert case.sink.data == b"onet"
    assert case.scheduled == [case.outbox]
    assert case.outbox.size == 7
    case.sink.room = None
    case.outbox.flush()
    assert case.sink.data == b"onetwothree"
    assert not case.outbox.is_blocked


def test_the_limit_counts_what_waits() -> None:
    case = Case(limit=EAGER_BYTES * 2)
    case.sink.room = 0
    frame = b"x" * EAGER_BYTES

    case.outbox.post(frame)
    case.outbox.post(frame)
    assert case.overflows == 0
    case.outbox.post(b"y")

    assert case.overflows == 1
    assert case.outbox.is_sealed
    case.outbox.post(b"z")
    assert case.overflows == 1, "said once"


def test_large_frames_within_one_turn_do_not_put_out_a_good_reader() -> None:
    case = Case(limit=EAGER_BYTES * 2)

    for _ in range(10):
        case.outbox.post(b"x" * (EAGER_BYTES + 1))

    assert case.overflows == 0
    assert len(case.sink.data) == 10 * (EAGER_BYTES + 1)


def test_what_blocks_in_the_middle_of_a_turn_is_still_flushed_later() -> None:
    """Writing early must not make the flusher believe that somebody else waits."""
    case = Case(limit=EAGER_BYTES * 4)
    case.sink.room = 10

    case.outbox.post(b"x" * (EAGER_BYTES + 1))

    assert case.outbox.is_blocked
    assert case.scheduled == [case.outbox]
    case.outbox.flush()
    assert case.outbox.is_scheduled, "whoever flushed waits for it now"


def test_a_close_frame_after_a_discarded_backlog_is_not_torn() -> None:
    case = Case()
    case.sink.room = 2
    case.outbox.post(b"first")
    case.outbox.post(b"second")
    case.outbox.flush()

    case.outbox.seal(b"CLOSE", discard=True)
    case.sink.room = None
    case.outbox.flush()

    assert case.sink.data == b"firstCLOSE"
    assert case.outbox.size == 0


def test_a_backlog_of_which_nothing_was_written_is_discarded_whole() -> None:
    case = Case()
    case.outbox.post(b"first")

    case.outbox.seal(b"CLOSE", discard=True)
    case.outbox.flush()

    assert case.sink.data == b"CLOSE"


def test_a_close_frame_is_taken_after_an_overflow() -> None:
    case = Case(limit=EAGER_BYTES)
    case.sink.room = 0
    case.outbox.post(b"x" * (EAGER_BYTES + 1))
    assert case.overflows == 1

    case.outbox.seal(b"CLOSE", discard=True)
    case.sink.room = None
    case.outbox.flush()

    assert case.sink.data == b"CLOSE"


def test_nothing_follows_a_close_frame() -> None:
    case = Case()

    case.outbox.seal(b"CLOSE")
    case.outbox.post(b"late")
    case.outbox.seal(b"AGAIN")
    case.outbox.flush()

    assert case.sink.data == b"CLOSE"


def test_the_end_of_the_stream_comes_after_everything_is_written() -> None:
    case = Case()
    case.sink.room = 2
    case.outbox.seal(b"CLOSE", finish=True)

    case.outbox.flush()
    assert not case.sink.is_finished
    case.sink.room = None
    case.outbox.flush()

    assert case.sink.is_finished


def test_the_end_of_the_stream_may_be_asked_for_later() -> None:
    case = Case()
    case.outbox.seal(b"CLOSE")
    case.outbox.flush()

    case.outbox.seal(finish=True)
    case.outbox.flush()

    assert case.sink.is_finished


def test_an_error_ends_the_connection_and_raises_nothing() -> None:
    case = Case()
    case.sink.error = ConnectionResetError()
    case.outbox.post(b"x")

    case.outbox.flush()

    assert case.sink.is_aborted
    assert case.outbox.is_sealed
    assert case.outbox.size == 0
    assert not case.outbox.is_blocked


def test_a_large_backlog_is_not_copied_as_a_whole_for_each_write() -> None:
    case = Case(limit=10 * GATHER_BYTES)
    case.sink.room = 0
    for _ in range(5):
        case.outbox.post(b"x" * (GATHER_BYTES // 2))
    case.outbox.post(b"y" * (GATHER_BYTES + 1))
    case.outbox.post(b"z")
    case.sink.open(None)

    case.outbox.flush()

    assert max(map(len, case.sink.writes)) <= GATHER_BYTES + 1
    assert case.sink.data[-1:] == b"z"
    assert len(case.sink.data) == 5 * (GATHER_BYTES // 2) + GATHER_BYTES + 2


async def test_draining_ends_when_everything_is_written(mock_clock: trio.testing.MockClock) -> None:
    case = Case()
    case.sink.room = 0
    case.outbox.post(b"hello")
    case.outbox.flush()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(case.outbox.drain)
        await wait_all_tasks_blocked()
        mock_clock.jump(5)
        case.sink.open(2)
        await wait_all_tasks_blocked()
        assert case.sink.data == b"he"
        assert case.outbox.drained_at == trio.current_time()
        case.sink.open()

    assert case.sink.data == b"hello"


@pytest.mark.parametrize("how", ["abort", "error"])
async def test_draining_ends_when_the_connection_does(how: str) -> None:
    case = Case()
    case.sink.room = 0
    case.outbox.post(b"hello")
    case.outbox.flush()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(case.outbox.drain)
        await wait_all_tasks_blocked()
        if how == "abort":
            case.outbox.kill()
        else:
            case.sink.error = ConnectionResetError()
            case.sink.open()

    assert case.sink.is_aborted


async def test_waiting_for_relief_and_for_the_end() -> None:
    case = Case(limit=100)
    case.sink.room = 0
    case.outbox.post(b"x" * 60)
    case.outbox.flush()
    steps: list[str] = []

    async def wait() -> None:
        await case.outbox.wait_relief()
        steps.append("relief")
        await case.outbox.wait_empty()
        steps.append("empty")

    async with trio.open_nursery() as nursery:
        nursery.start_soon(case.outbox.drain)
        nursery.start_soon(wait)
        await wait_all_tasks_blocked()
        assert steps == []
        case.sink.open(5)
        await wait_all_tasks_blocked()
        assert steps == []
        case.sink.open(10)
        await wait_all_tasks_blocked()
        assert steps == ["relief"]
        case.sink.open()

    assert steps == ["relief", "empty"]


async def test_whoever_waits_is_woken_by_the_end_of_the_connection() -> None:
    case = Case(limit=100)
    case.sink.room = 0
    case.outbox.post(b"x" * 60)
    case.outbox.flush()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(case.outbox.wait_empty)
        await wait_all_tasks_blocked()
        case.outbox.kill()


@given(
    frames=st.lists(st.binary(min_size=1, max_size=40), max_size=30),
    openings=st.lists(st.integers(0, 50), max_size=60),
    cut=st.integers(0, 60),
)
def test_whole_frames_in_order_whatever_the_socket_takes(
    frames: list[bytes], openings: list[int], cut: int
) -> None:
    """At any boundary: what is written is a prefix of the frames, and a close frame stays whole."""
    case = Case()
    waiting = list(frames)
    for step, opening in enumerate(openings):
        if waiting:
            case.outbox.post(waiting.pop(0))
        case.sink.room = opening
        case.outbox.flush()
        if step == cut:
            break
    posted = frames[: len(frames) - len(waiting)]
    sent = case.sink.data
    assert b"".join(posted).startswith(sent)

    case.outbox.seal(b"CLOSE", discard=True)
    case.sink.room = None
    case.outbox.flush()

    boundaries = [b"".join(posted[:count]) for count in range(len(posted) + 1)]
    assert case.sink.data.endswith(b"CLOSE")
    assert case.sink.data[: -len(b"CLOSE")] in boundaries
    assert case.sink.data.startswith(sent)
