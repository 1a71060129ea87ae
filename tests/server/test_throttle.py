"""Wrong passwords are counted, by account and by network, on a clock that the tests move."""

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from multichat_server.throttle import NETWORK_FACTOR, LoginThrottle, TooManyFailures

RATE = 0.05
BURST = 3
HOME, AWAY = "192.0.2.1", "203.0.113.9"


@dataclass
class Clock:
    now: float = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def throttle(clock: Clock) -> LoginThrottle:
    return LoginThrottle(rate=RATE, burst=BURST, clock=clock)


def fail(throttle: LoginThrottle, name: str, network: str, times: int = 1) -> None:
    """Try a wrong password; a try that is not given back is one."""
    for _ in range(times):
        throttle.begin(name, network)


def wait(throttle: LoginThrottle, name: str, network: str) -> float:
    """Return how long one has to wait; 0 if not at all."""
    try:
        throttle.begin(name, network).not_made()
    except TooManyFailures as exc:
        return exc.wait
    return 0


def test_an_account_has_so_many_tries_at_once(throttle: LoginThrottle) -> None:
    fail(throttle, "alice", HOME, BURST)

    with pytest.raises(TooManyFailures, match=r"^too many wrong passwords; try again in 20 s$"):
        throttle.begin("alice", HOME)


def test_then_one_after_each_wait(throttle: LoginThrottle, clock: Clock) -> None:
    fail(throttle, "alice", HOME, BURST)
    assert wait(throttle, "alice", HOME) == pytest.approx(1 / RATE, abs=1e-4)

    clock.now += 1 / RATE - 1
    assert wait(throttle, "alice", HOME) == pytest.approx(1, abs=1e-4)
    clock.now += 1.001
    fail(throttle, "alice", HOME)
    assert wait(throttle, "alice", HOME) == pytest.approx(1 / RATE, abs=0.01)


def test_whoever_waits_as_long_as_told_has_not_waited_in_vain(
    throttle: LoginThrottle, clock: Clock
) -> None:
    fail(throttle, "alice", HOME, BURST)

    clock.now += wait(throttle, "alice", HOME)

    assert wait(throttle, "alice", HOME) == 0


def test_to_be_refused_costs_nothing(throttle: LoginThrottle) -> None:
    """Who goes on trying does not wait longer for it, and keeps nobody else waiting longer."""
    fail(throttle, "alice", HOME, BURST)
    before = wait(throttle, "alice", HOME)

    for _ in range(100):
        with pytest.raises(TooManyFailures):
            throttle.begin("alice", HOME)

    assert wait(throttle, "alice", HOME) == before
    assert wait(throttle, "bob", HOME) == 0


def test_an_account_is_guarded_wherever_the_guesses_come_from(throttle: LoginThrottle) -> None:
    for number in range(BURST):
        fail(throttle, "alice", f"203.0.113.{number}")

    assert wait(throttle, "alice", "203.0.113.200") > 0


def test_a_network_has_more_tries_and_no_more(throttle: LoginThrottle) -> None:
    """One password tried on all accounts comes to its end, too."""
    for number in range(BURST * NETWORK_FACTOR):
        fail(throttle, f"user{number}", AWAY)

    assert wait(throttle, "another", AWAY) > 0
    assert wait(throttle, "another", HOME) == 0


def test_where_an_account_is_at_home_strangers_cannot_lock_it_out(throttle: LoginThrottle) -> None:
    throttle.begin("alice", HOME).succeeded()

    for number in range(BURST):
        fail(throttle, "alice", f"203.0.113.{number}")

    assert wait(throttle, "alice", AWAY) > 0
    assert wait(throttle, "alice", HOME) == 0


def test_one_is_at_home_where_one_is_logged_in(throttle: LoginThrottle) -> None:
    """Also after a restart, which forgets where one has logged in."""
    throttle.at_home("alice", HOME)
    fail(throttle, "alice", AWAY, BURST)

    assert wait(throttle, "alice", AWAY) > 0
    assert wait(throttle, "alice", HOME) == 0


def test_neither_can_others_on_the_same_network(throttle: LoginThrottle) -> None:
    throttle.begin("alice", HOME).succeeded()

    for number in range(BURST * NETWORK_FACTOR):
        fail(throttle, f"user{number}", HOME)

    assert wait(throttle, "another", HOME) > 0
    assert wait(throttle, "alice", HOME) == 0


def test_at_home_there_are_no_more_tries_than_elsewhere(throttle: LoginThrottle) -> None:
    throttle.begin("alice", HOME).succeeded()
    fail(throttle, "alice", HOME, BURST)

    assert wait(throttle, "alice", HOME) == pytest.approx(1 / RATE, abs=1e-4)


def test_success_gives_back_its_own_try_and_no_other(throttle: LoginThrottle) -> None:
    """Logging in to an account of one's own in between buys no more guesses at others."""
    for number in range(BURST * NETWORK_FACTOR - 1):
        fail(throttle, f"user{number}", AWAY)
    throttle.begin("mallory", AWAY).succeeded()
    throttle.begin("mallory", AWAY).succeeded()

    fail(throttle, "another", AWAY)

    assert wait(throttle, "one more", AWAY) > 0


def test_the_owners_success_elsewhere_buys_guessers_nothing(throttle: LoginThrottle) -> None:
    fail(throttle, "alice", AWAY, BURST - 1)
    throttle.begin("alice", HOME).succeeded()
    fail(throttle, "alice", AWAY)

    assert wait(throttle, "alice", AWAY) > 0


def test_many_at_once_have_no_more_tries_than_one_after_another(throttle: LoginThrottle) -> None:
    """A try is gone while the password is being looked at, not only afterwards."""
    running = [throttle.begin("alice", HOME) for _ in range(BURST)]

    with pytest.raises(TooManyFailures):
        throttle.begin("alice", HOME)
    running[0].not_made()
    throttle.begin("alice", HOME)


def test_names_are_told_apart_as_accounts_are(throttle: LoginThrottle) -> None:
    """Two spellings of one name are one account (NFKC); two cases are two."""
    fail(throttle, "\N{LATIN SMALL LIGATURE FI}nn", HOME, BURST)

    assert wait(throttle, "finn", HOME) > 0
    assert wait(throttle, "Finn", HOME) == 0


def test_a_name_may_be_anything(throttle: LoginThrottle) -> None:
    for name in ("", "\ud800", "x" * 60_000):
        fail(throttle, name, "", BURST)
        assert wait(throttle, name, HOME) > 0


def test_those_who_are_logged_in_are_counted_apart(throttle: LoginThrottle) -> None:
    """Strangers cannot keep somebody from changing the password, nor the other way round."""
    fail(throttle, "alice", AWAY, BURST)
    for _ in range(BURST):
        throttle.begin_logged_in("alice", AWAY)

    with pytest.raises(TooManyFailures):
        throttle.begin_logged_in("alice", HOME)
    assert wait(throttle, "alice", HOME) > 0
    assert wait(throttle, "bob", AWAY) == 0


def test_whoever_has_shown_the_password_once_more_is_at_home(throttle: LoginThrottle) -> None:
    throttle.begin_logged_in("alice", HOME).succeeded()
    fail(throttle, "alice", AWAY, BURST)

    assert wait(throttle, "alice", HOME) == 0


def remembered(throttle: LoginThrottle) -> int:
    kinds = (throttle._accounts, throttle._networks, throttle._at_home, throttle._logged_in)
    return max(len(buckets) for buckets in kinds)


def test_what_is_remembered_is_bounded(clock: Clock) -> None:
    throttle = LoginThrottle(rate=RATE, burst=BURST, clock=clock, most=10)
    for number in range(50):
        name, network = f"user{number}", f"10.0.0.{number}"
        throttle.begin(name, network).succeeded()
        fail(throttle, name, network)
        fail(throttle, name, AWAY + name)
        throttle.begin_logged_in(name, network)

    assert remembered(throttle) == 10
    assert len(throttle._homes._keys) == 10


def test_the_longest_unused_is_forgotten_first(clock: Clock) -> None:
    throttle = LoginThrottle(rate=RATE, burst=2, clock=clock, most=3)
    fail(throttle, "alice", "1")
    for number in range(2):
        fail(throttle, f"user{number}", f"{number}")
    fail(throttle, "alice", "2")
    fail(throttle, "user2", "3")

    assert wait(throttle, "alice", "4") > 0


def test_an_attempt_that_outlives_its_bucket_does_no_harm(clock: Clock) -> None:
    throttle = LoginThrottle(rate=RATE, burst=BURST, clock=clock, most=1)
    attempt = throttle.begin("alice", HOME)
    fail(throttle, "bob", AWAY)

    attempt.succeeded()

    assert remembered(throttle) == 1


def test_a_flood_that_is_refused_drives_nothing_out(clock: Clock) -> None:
    """Names without number from a network that has no tries left."""
    throttle = LoginThrottle(rate=RATE, burst=1, clock=clock, most=NETWORK_FACTOR + 1)
    fail(throttle, "alice", HOME)
    for number in range(NETWORK_FACTOR):
        fail(throttle, f"user{number}", AWAY)

    for number in range(100):
        with pytest.raises(TooManyFailures):
            throttle.begin(f"other{number}", AWAY)

    assert wait(throttle, "alice", "198.51.100.1") > 0


def test_what_was_not_looked_at_drives_nothing_out(clock: Clock) -> None:
    """A flood on top of which no password is looked at cannot make the throttle forget."""
    throttle = LoginThrottle(rate=RATE, burst=1, clock=clock, most=2)
    fail(throttle, "alice", HOME)

    for number in range(100):
        throttle.begin(f"other{number}", f"10.0.0.{number}").not_made()

    assert wait(throttle, "alice", AWAY) > 0


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["alice", "bob"]), st.sampled_from([HOME, AWAY]), st.integers(0, 30)
        ),
        max_size=60,
    )
)
def test_an_account_never_has_more_than_burst_and_rate(
    tries: list[tuple[str, str, int]],
) -> None:
    """Whatever the order, as long as nobody knows the password."""
    clock = Clock()
    throttle = LoginThrottle(rate=RATE, burst=BURST, clock=clock)
    made = {"alice": 0, "bob": 0}
    for name, network, gap in tries:
        clock.now += gap
        told = wait(throttle, name, network)
        assert 0 <= told <= 1 / RATE + 1e-3
        if told == 0:
            fail(throttle, name, network)
            made[name] += 1

    allowed = BURST + (clock.now - 1000) * RATE + 1e-6
    assert max(made.values()) <= allowed
