"""
The judge judged: what the published matrix says is so.

The correct server passes every check; every fault is found by the checks that are declared for
it, and every check is declared for at least one fault. The whole matrix is played by hand
(``python -m tests.conformance.matrix --write``); here it is played where it says something new.
"""

import json
import os
from collections.abc import Collection, Mapping

import pytest

from multichat_conformance.catalogue import catalogue
from tests.conformance.matrix import CORRECT, DATA, FIRST_LOOK, as_text, play, published, whole
from tests.conformance.matrix_page import PAGE, render
from tests.conformance.small_server.faults import FAULTS

CHECKS = {check.id: check for check in catalogue()}
SLOW = {id_ for id_, check in CHECKS.items() if check.search} | {"deadlines.expiry-closes"}
"""What makes up its stories itself, and what waits for a minute by the text's own words."""

# Hundreds of servers are judged; a busy machine takes minutes.
pytestmark = pytest.mark.timeout(900)


def test_the_correct_server_passes_every_check() -> None:
    row = play(CORRECT, [FIRST_LOOK, *CHECKS], patience=10)

    assert row.caught == {}
    assert row.left_out == {}
    assert set(row.passed) == {FIRST_LOOK, *CHECKS}


@pytest.mark.parametrize("personality", ["original-2016", "reorders"])
def test_what_is_wrong_in_hardened_alone_is_no_fault_in_core(personality: str) -> None:
    """No false accusation of the 2016 original, nor of what reorders as it does."""
    core = [
        id_
        for id_, check in CHECKS.items()
        if check.profile == "core" and check.level != "MAY"  # which accuses nobody
    ]

    row = play(personality, [FIRST_LOOK, *core], patience=10)

    assert row.caught == {}


def test_what_is_declared_exists() -> None:
    for fault in FAULTS.values():
        assert fault.caught_by, f"no check is declared for {fault.name}"
        assert set(fault.caught_by) <= {FIRST_LOOK, *CHECKS}, fault.name


def test_every_check_finds_a_fault() -> None:
    declared = {check for fault in FAULTS.values() for check in fault.caught_by}

    assert CHECKS.keys() - declared == set()


def missed(
    asked: Mapping[str, Collection[str]], *, patience: float, workers: int
) -> dict[str, list[str]]:
    """Play checks on faults, and return the checks that did not find them, by the fault."""
    rows = whole(
        {name: ids for name, ids in asked.items() if ids}, patience=patience, workers=workers
    )
    return {
        name: not_found
        for name, row in rows.items()
        if (not_found := sorted(set(asked[name]) - row.caught.keys()))
    }


def test_every_fault_is_found_by_its_checks() -> None:
    """Each declared check is played, on a server with the fault, and must not pass."""
    asked = {
        name: [id_ for id_ in fault.caught_by if id_ not in SLOW] for name, fault in FAULTS.items()
    }

    again = missed(asked, patience=0.8, workers=4 * (os.cpu_count() or 1))
    # Some faults show only in a race, and a busy machine runs another one.
    assert not again or missed(again, patience=2.0, workers=1) == {}


@pytest.mark.slow
def test_every_fault_is_found_by_its_slow_checks() -> None:
    asked = {
        name: [id_ for id_ in fault.caught_by if id_ in SLOW] for name, fault in FAULTS.items()
    }

    again = missed(asked, patience=1.0, workers=2 * (os.cpu_count() or 1))
    # A search has a budget of time, in which a busy machine tells few stories.
    assert not again or missed(again, patience=2.0, workers=1) == {}


def test_what_is_published_is_current() -> None:
    """Run `python -m tests.conformance.matrix --write` when this fails."""
    data = json.loads(DATA.read_text(encoding="utf-8"))

    assert data["checks"] == list(CHECKS)
    assert list(data["faults"]) == list(FAULTS)
    for fault in FAULTS.values():
        assert set(fault.caught_by) <= set(data["faults"][fault.name]), fault.name
    assert PAGE.read_text(encoding="utf-8") == render(data["faults"])
    assert DATA.read_text(encoding="utf-8") == as_text(published(data["faults"]))
