"""Waits are made from measured round trips, within bounds."""

import pytest
import trio
from trio.testing import MockClock

from multichat_conformance.timing import LEAST_PATIENCE, MOST_PATIENCE, RoundTrips, quiet_window


def measured(*seconds: float, patience: float | None = None) -> RoundTrips:
    trips = RoundTrips(patience)
    for each in seconds:
        trips.add(each)
    return trips


def test_median_and_slowest() -> None:
    trips = measured(0.3, 0.1, 0.2)

    assert (trips.median, trips.slowest) == (0.2, 0.3)
    assert (measured().median, measured().slowest) == (0.0, 0.0)


@pytest.mark.parametrize(
    ("slowest", "patience"),
    [(0.001, LEAST_PATIENCE), (0.2, LEAST_PATIENCE), (1.0, 20.0), (10.0, MOST_PATIENCE)],
)
def test_patience_grows_with_the_slowest_round_trip(slowest: float, patience: float) -> None:
    assert measured(0.001, slowest).patience == pytest.approx(patience)


def test_one_stall_does_not_loosen_every_bound() -> None:
    calm = measured(*[0.01] * 40)
    stalled = measured(*[0.01] * 39, 3.0)

    assert stalled.slowest == 3.0
    assert (stalled.patience, stalled.grace) == (calm.patience, calm.grace)
    # Stalls that come again and again are how the target is.
    assert measured(*[0.01, 3.0] * 20).patience == pytest.approx(60.0)


def test_what_is_measured_apart_stays_apart() -> None:
    trips = measured(0.2)
    apart = trips.copy()
    apart.add(9.0)

    assert (apart.slowest, trips.slowest) == (9.0, 0.2)


def test_a_busy_machine_is_not_held_against_the_target() -> None:
    assert measured().patience >= 5.0


def test_patience_that_was_asked_for_is_kept() -> None:
    assert measured(10.0, patience=0.5).patience == 0.5


def test_a_hurry_is_some_median_round_trips_and_never_longer_than_patience() -> None:
    assert measured(0.1, 0.1, 4.0).in_a_hurry(1.0).patience == pytest.approx(2.0)
    assert measured(0.01).in_a_hurry(1.0).patience == 1.0
    assert measured(1.0, patience=0.5).in_a_hurry(1.0).patience == 0.5


def test_the_quiet_window_is_some_median_round_trips() -> None:
    assert measured(0.2, 0.2, 5.0).quiet == pytest.approx(1.0)
    assert measured().quiet > 0


async def test_a_quiet_window_is_waited_in_full(autojump_clock: MockClock) -> None:
    assert autojump_clock.autojump_threshold == 0
    began = trio.current_time()
    await quiet_window(3.0)

    assert trio.current_time() - began == pytest.approx(3.0)
