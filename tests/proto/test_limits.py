"""The bucket lets through what it holds, and fills with the time that it is told."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from multichat_proto import Limits
from multichat_proto.limits import TokenBucket


def test_the_defaults_leave_room_for_what_every_server_must_take() -> None:
    """Messages of 4,096 code points, 32 commands at once (MC1-LIMIT-04, MC1-LIMIT-06)."""
    limits = Limits()

    assert limits.max_message_length >= 4_096
    assert limits.command_burst >= 32
    assert limits.max_rooms >= 2


def test_a_bucket_starts_full() -> None:
    """A burst is let through whenever the first comes (MC1-LIMIT-06)."""
    bucket = TokenBucket(rate=1.0, burst=3)

    assert [bucket.take(1e9) for _ in range(4)] == [True, True, True, False]


@pytest.mark.parametrize("start", [0.0, -5.0, 1e9])
def test_a_bucket_fills_at_its_rate(start: float) -> None:
    """Tokens a second, whatever the clock's zero."""
    bucket = TokenBucket(rate=2.0, burst=2)
    assert [bucket.take(start) for _ in range(3)] == [True, True, False]

    assert not bucket.take(start + 0.25)
    assert bucket.take(start + 0.5)
    assert not bucket.take(start + 0.75)
    assert bucket.take(start + 1.0)


def test_a_bucket_holds_no_more_than_its_burst() -> None:
    """A long pause buys one burst."""
    bucket = TokenBucket(rate=10.0, burst=2)
    assert bucket.take(0.0)

    assert [bucket.take(1_000.0) for _ in range(3)] == [True, True, False]


def test_a_bucket_without_a_rate_never_fills_again() -> None:
    """So many, and then none."""
    bucket = TokenBucket(rate=0.0, burst=1)

    assert bucket.take(0.0)
    assert not bucket.take(float(2**53))


def test_a_clock_that_goes_back_gives_nothing_and_takes_nothing() -> None:
    """It does not fill meanwhile, and goes on where it was."""
    bucket = TokenBucket(rate=1.0, burst=1)
    assert bucket.take(10.0)

    assert not bucket.take(0.0)
    assert not bucket.take(10.5)
    assert bucket.take(11.0)


def test_when_there_will_be_enough() -> None:
    """Whoever waits until then does not wait for nothing."""
    bucket = TokenBucket(rate=3.0, burst=2)

    assert bucket.full_at(2) == 0.0
    assert bucket.take(10.0, 2)
    for tokens, seconds in ((1, 1 / 3), (2, 2 / 3), (50, 2 / 3)):
        assert bucket.full_at(tokens) == pytest.approx(10.0 + seconds, abs=1e-5)
    assert bucket.take(bucket.full_at())
    bucket.take(100.0)
    assert bucket.full_at() <= 100.0


def test_what_was_taken_for_nothing_can_be_put_back() -> None:
    """And no more than the bucket can hold."""
    bucket = TokenBucket(rate=1.0, burst=2)
    assert bucket.take(10.0, 2)

    bucket.put_back()
    assert bucket.take(10.0)
    assert not bucket.take(10.0)
    bucket.put_back(50)
    assert bucket.take(10.0, 2)
    assert not bucket.take(10.0)


def test_the_other_side_may_ask_for_a_pause() -> None:
    bucket = TokenBucket(rate=4.0, burst=2)
    bucket.empty(10.0, seconds=1.0)

    assert not bucket.take(11.0)
    assert not bucket.take(11.2)
    assert bucket.take(11.25)


@given(
    st.integers(1, 8),
    st.integers(1, 8),
    st.lists(st.integers(0, 10), min_size=1, max_size=50),
)
def test_never_more_than_burst_and_rate_allow(rate: int, burst: int, gaps: list[int]) -> None:
    """In any stretch of time: the burst, and what has come in since."""
    bucket = TokenBucket(rate=float(rate), burst=burst)
    now, passed = 0, []
    for gap in gaps:
        now += gap
        if bucket.take(now / 8):
            passed.append(now)

    for first, start in enumerate(passed):
        for last, end in enumerate(passed[first:], first):
            assert last - first + 1 <= burst + rate * (end - start) / 8
