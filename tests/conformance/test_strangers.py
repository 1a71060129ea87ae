"""With nothing but an address, all is tested that a stranger can see."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager

import pytest

from multichat_conformance.catalogue import Group, catalogue
from multichat_conformance.context import Context
from multichat_conformance.events import Event, TargetReady
from multichat_conformance.outcomes import Outcome
from multichat_conformance.running import Options, Run
from multichat_conformance.target import Account, Room, Target
from tests.conformance.on_stage import context_of
from tests.conformance.small_server.commands import Commands
from tests.conformance.small_server.connection import Connection
from tests.conformance.small_server.faults import FAULTS
from tests.conformance.small_server.frames import Frame
from tests.conformance.small_server.threaded import served

STRANGERS = ("handshake", "subprotocol", "origin", "framing")
"""Areas in which nothing takes an account."""


@contextmanager
def judged(parts: Collection[type] = ()) -> Iterator[tuple[Run, list[Event]]]:
    """Begin a run against a server of which only the address is known."""
    events: list[Event] = []
    with served(parts) as target:
        alone = Target(target.url, groups=tuple(Group))
        run = Run(alone, Options(patience=2.0, attempts=1), events.append)
        assert run.begin([]), run.trouble
        yield run, events
        run.finish()


def outcomes(run: Run, areas: Sequence[str]) -> Mapping[str, tuple[Outcome, str]]:
    """Play the checks of some areas, and return what came of them with the reason."""
    checks = [check for check in catalogue() if check.area in areas]
    results = [run.play(check) for check in checks]
    return {result.id: (result.outcome, result.reason) for result in results}


def test_a_stranger_tells_what_takes_no_account() -> None:
    with judged() as (run, events):
        found = outcomes(run, STRANGERS)

    left_out = {name: reason for name, (_, reason) in found.items() if reason}
    assert all("needs the stated limit" in reason for reason in left_out.values()), left_out
    assert all("to a target file" in reason for reason in left_out.values())
    told = {name: outcome for name, (outcome, reason) in found.items() if not reason}
    assert set(told.values()) == {Outcome.PASS}, told
    assert len(told) >= 35
    (ready,) = (event for event in events if isinstance(event, TargetReady))
    assert ready.fence == "order"
    assert ready.round_trip_ms > 0


@pytest.mark.parametrize(
    ("fault", "finds"),
    [
        ("any-origin", "origin.foreign-origin-is-refused"),
        ("any-path", "handshake.other-paths-are-not-found"),
        ("plain-request-is-welcome", "handshake.plain-request-gets-426"),
        ("early-frames-are-lost", "handshake.first-command-may-come-with-the-handshake"),
        (
            "first-subprotocol-is-selected",
            "subprotocol.only-the-protocols-own-name-is-selected",
        ),
        ("session-from-the-url", ""),
    ],
)
def test_a_stranger_finds_faults(fault: str, finds: str) -> None:
    with judged(FAULTS[fault].parts) as (run, _):
        found = outcomes(run, STRANGERS)

    failed = [name for name, (outcome, _) in found.items() if outcome is Outcome.FAIL]
    assert finds in failed or (not finds and not failed)


def test_where_strangers_are_refused_that_is_the_reason() -> None:
    with judged(FAULTS["anonymous-is-refused"].parts) as (run, events):
        found = outcomes(run, ("origin",))

    assert {outcome for outcome, _ in found.values()} == {Outcome.NOT_TESTED}
    (reason,) = {reason for _, reason in found.values()}
    assert "needs an account for alice and an open room, since the target refuses strangers" in (
        reason
    )
    (ready,) = (event for event in events if isinstance(event, TargetReady))
    assert any("strangers are refused (status 403)" in note for note in ready.notes)
    assert any("order is kept was not looked at" in note for note in ready.notes)


class SaysNothing(Connection):
    """Answers no command."""

    def say(self, frame: Frame) -> None:
        """Say nothing."""


def test_handshakes_are_judged_where_nothing_is_answered() -> None:
    with judged((SaysNothing,)) as (run, events):
        found = outcomes(run, ("handshake",))

    assert found["handshake.plain-request-gets-426"] == (Outcome.PASS, "")
    assert found["handshake.query-string-changes-nothing"][0] is Outcome.FAIL
    (ready,) = (event for event in events if isinstance(event, TargetReady))
    assert any("already seen something wrong" in note for note in ready.notes)


class RefusesAllAlike(Commands):
    """Tells a stranger to log in, whatever it wants."""

    def check_membership(self, connection: Connection, room: int) -> None:
        self.user(connection)
        super().check_membership(connection, room)


LOOKED_AT = 5
"""Joins that are answered before order is looked at."""


class AnswersSendsFirst(Connection):
    """Has answers to joins overtaken by others."""

    late: Frame | None = None
    told = 0

    def say(self, frame: Frame) -> None:
        if (
            frame.get("error") == "USER_HAS_TO_LOGIN"
            and self.late is None
            and self.told > LOOKED_AT
        ):
            self.late = frame
            return
        self.told += 1
        super().say(frame)
        if self.late is not None:
            late, self.late = self.late, None
            super().say(late)


@pytest.mark.parametrize(
    ("part", "fence", "could_be_seen"),
    [(RefusesAllAlike, "quiet", False), (AnswersSendsFirst, "quiet", True)],
)
def test_order_is_judged_by_what_was_seen(part: type, fence: str, could_be_seen: bool) -> None:
    with judged((part,)) as (_, events):
        pass

    (ready,) = (event for event in events if isinstance(event, TargetReady))
    assert ready.fence == fence
    assert could_be_seen is not any("could not be seen" in note for note in ready.notes)


@pytest.mark.parametrize(
    ("accounts", "rooms", "visitor"),
    [
        ((Account("a"),), (Room("1"),), "alice"),
        ((Account("a"),), (), None),
        ((), (Room("1"),), None),
        ((Account("d", staff=True),), (Room("1"),), None),
        ((Account("a"),), (Room("1", staff_only=True),), None),
    ],
)
def test_who_the_visitor_is(
    accounts: tuple[Account, ...], rooms: tuple[Room, ...], visitor: str | None
) -> None:
    context: Context = context_of(Target("ws://127.0.0.1:1/", accounts=accounts, rooms=rooms))

    assert context.visitor == visitor


def test_with_an_account_and_no_room_a_stranger_is_tried() -> None:
    with served() as target:
        known = Target(target.url, accounts=target.accounts[:1], groups=tuple(Group))
        run = Run(known, Options(patience=2.0, attempts=1), lambda _: None)
        assert run.begin([]), run.trouble
        found = outcomes(run, ("subprotocol",))
        run.finish()

    assert {outcome for outcome, _ in found.values()} == {Outcome.PASS}, found
