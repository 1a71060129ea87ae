"""A room's title that is not as the target file says: a finding of the checks about titles."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from multichat_conformance.catalogue import catalogue
from multichat_conformance.checks.join import shows_escaping
from multichat_conformance.events import CheckFinished, Event, TargetReady
from multichat_conformance.outcomes import Outcome
from multichat_conformance.running import Options, Run
from multichat_conformance.target import Hooks, Room, Target
from tests.conformance.small_server.faults import FAULTS
from tests.conformance.small_server.threaded import served

ABOUT_TITLES = ["join.open-room-is-joined", "join.title-comes-as-it-is"]
CHECKS = [*ABOUT_TITLES, "join.second-join-is-answered"]
PASS, FAIL = Outcome.PASS, Outcome.FAIL


def play(target: Target) -> tuple[list[CheckFinished], str]:
    """Return what came of some checks, and what the first look noted."""
    events: list[Event] = []
    run = Run(target, Options(patience=2.0, attempts=1), events.append)
    checks = [check for check in catalogue() if check.id in CHECKS]
    assert run.begin(checks), run.trouble
    for check in checks:
        run.play(check)
    run.finish()
    (ready,) = (event for event in events if isinstance(event, TargetReady))
    return run.results, " ".join(ready.notes)


def outcomes(results: Sequence[CheckFinished]) -> list[Outcome]:
    assert [result.id for result in results] == CHECKS
    return [result.outcome for result in results]


def test_escaped_titles_are_found_without_hooks() -> None:
    """By the rooms of the target file alone, as MC1-JOIN-03 and nothing else."""
    with served(FAULTS["titles-are-escaped"].parts) as target:
        results, notes = play(replace(target, hooks=Hooks()))

    assert outcomes(results) == [FAIL, FAIL, PASS]
    assert [one.finding.clause for one in results if one.finding] == ["MC1-JOIN-03"] * 2
    assert "room 4 has the title '&lt;b&gt;Тест&lt;/b&gt; 😀' on the target" in notes
    assert "either the target changes titles" in notes


def test_a_title_that_is_wrong_in_the_file_is_one_finding() -> None:
    with served() as target:
        rooms = (Room("1", "another"), *target.rooms[1:])
        results, notes = play(replace(target, rooms=rooms))

    assert outcomes(results) == [FAIL, PASS, PASS]
    assert results[0].finding is not None
    assert results[0].finding.clause == "MC1-JOIN-02"
    assert "put [[rooms]] right" in results[0].cause
    assert "'another' in the target file" in notes


@pytest.mark.parametrize(
    ("title", "shows"),
    [
        ("<b>Тест</b>", True),
        ("<b> &amp;", True),
        ("Tom & Jerry", True),
        # It may be what a server makes of another title, copied into the target file.
        ("&lt;b&gt;Тест", False),
        ("Тест", False),
    ],
)
def test_which_titles_show_escaping(title: str, shows: bool) -> None:
    assert shows_escaping(title) is shows


@pytest.mark.parametrize(
    ("fault", "hooks", "outcome"),
    [(None, True, PASS), ("titles-are-escaped", True, FAIL), (None, False, Outcome.NOT_TESTED)],
)
def test_without_a_room_to_show_it_one_is_made(
    fault: str | None, hooks: bool, outcome: Outcome
) -> None:
    with served(FAULTS[fault].parts if fault else ()) as target:
        plain = tuple(room for room in target.rooms if room.id != "4")
        known = replace(target, rooms=plain, hooks=target.hooks if hooks else Hooks())
        results, _ = play(known)

    assert outcomes(results)[1] is outcome
