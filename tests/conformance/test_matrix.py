"""
The judge judged: what the published matrix says is so.

The correct server passes every check; every fault is found by the checks that are declared for
it, and every check is declared for at least one fault. The whole matrix is played by hand
(``python -m tests.conformance.matrix --write``); here it is played where it says something new.
"""

import json
import os
from collections.abc import Mapping

import pytest

from multichat_conformance.catalogue import catalogue
from tests.conformance.matrix import CORRECT, DATA, FIRST_LOOK, Row, as_text, play, whole
from tests.conformance.matrix_page import PAGE, render
from tests.conformance.small_server.faults import FAULTS

CHECKS = {check.id: check for check in catalogue()}
FIXED = [id_ for id_, check in CHECKS.items() if not check.search]


def test_the_correct_server_passes_every_check() -> None:
    row = play(CORRECT, [FIRST_LOOK, *CHECKS], patience=10)

    assert row.caught == {}
    assert row.left_out == {}
    assert set(row.passed) == {FIRST_LOOK, *CHECKS}


def test_the_2016_originals_faults_are_none_in_core() -> None:
    """No false accusation: all that the original does wrong is wrong in hardened alone."""
    core = [id_ for id_, check in CHECKS.items() if check.profile == "core"]

    row = play("original-2016", [FIRST_LOOK, *core], patience=10)

    assert row.caught == {}


def test_what_is_declared_exists() -> None:
    for fault in FAULTS.values():
        assert fault.caught_by, f"no check is declared for {fault.name}"
        assert set(fault.caught_by) <= {FIRST_LOOK, *CHECKS}, fault.name


def test_every_check_finds_a_fault() -> None:
    declared = {check for fault in FAULTS.values() for check in fault.caught_by}

    assert CHECKS.keys() - declared == set()


def test_every_fault_is_found_by_its_checks() -> None:
    """Each declared check is played, on a server with the fault, and must not pass."""
    asked = {fault.name: [*fault.caught_by] for fault in FAULTS.values()}
    fixed = {
        name: [id_ for id_ in ids if id_ not in CHECKS or not CHECKS[id_].search]
        for name, ids in asked.items()
    }

    rows: Mapping[str, Row] = whole(fixed, patience=0.4, workers=3 * (os.cpu_count() or 1))

    missed = {
        name: sorted(set(ids) - rows[name].caught.keys())
        for name, ids in fixed.items()
        if set(ids) - rows[name].caught.keys()
    }
    assert missed == {}


@pytest.mark.slow
def test_every_fault_is_found_by_the_searches_that_are_declared_for_it() -> None:
    searches = {
        fault.name: [id_ for id_ in fault.caught_by if id_ in CHECKS and CHECKS[id_].search]
        for fault in FAULTS.values()
    }
    asked = {name: ids for name, ids in searches.items() if ids}

    rows = whole(asked, patience=1)

    assert {name: sorted(rows[name].caught) for name in asked} == asked


def test_what_is_published_is_current() -> None:
    """Run `python -m tests.conformance.matrix --write` when this fails."""
    data = json.loads(DATA.read_text(encoding="utf-8"))

    assert data["checks"] == list(CHECKS)
    assert list(data["faults"]) == list(FAULTS)
    for fault in FAULTS.values():
        assert set(fault.caught_by) <= set(data["faults"][fault.name]), fault.name
    assert PAGE.read_text(encoding="utf-8") == render(data["faults"])
    assert DATA.read_text(encoding="utf-8") == as_text(data)
