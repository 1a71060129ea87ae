"""What xdist's workers have found, brought together and judged by those who started them."""

from collections.abc import Sequence

import pytest

from multichat_conformance.catalogue import Check, catalogue
from multichat_conformance.events import CheckFinished
from multichat_conformance.outcomes import ExitCode, Outcome, Verdict
from multichat_conformance.running import Options, Run
from multichat_conformance.running.gathering import Gatherer, attach, pack, unpack
from multichat_conformance.target import Target
from tests.conformance.a_check import a_result

CHECKS = catalogue()[:3]
IDS = [f"../site-packages/suite/checks/{check.area}.py::{check.name}" for check in CHECKS]


def a_report(check: Check, outcome: Outcome, trouble: str = "") -> pytest.TestReport:
    report = pytest.TestReport("x", ("x", None, "x"), {}, "passed", None, "call")
    attach(report, a_result(outcome, check), trouble)
    return report


def gathered(*reports: pytest.TestReport, narrowed: Sequence[str] = ()) -> Run:
    run = Run(Target(url="ws://127.0.0.1:1/"), Options(), lambda _: None)
    gatherer = Gatherer(run, lambda _: tuple(narrowed))
    gatherer.pytest_xdist_node_collection_finished(IDS)
    for report in reports:
        gatherer.pytest_runtest_logreport(report)
    run.finish()
    return run


@pytest.mark.parametrize("outcome", list(Outcome))
def test_a_result_comes_as_it_went_but_for_its_transcripts(outcome: Outcome) -> None:
    result: CheckFinished = a_result(outcome)

    assert unpack(pack(result)) == result


def test_results_in_any_order_make_a_whole_run() -> None:
    run = gathered(*(a_report(check, Outcome.PASS) for check in reversed(CHECKS)))

    assert run.ended is not None
    assert run.ended.exit_code == ExitCode.CONFORMANT
    assert Verdict.NOT_CONFORMANT not in (run.ended.core, run.ended.hardened)


@pytest.mark.parametrize("place", [0, 1, 2])
def test_what_no_worker_has_reported_is_not_tested(place: int) -> None:
    there = [check for check in CHECKS if check is not CHECKS[place]]
    run = gathered(*(a_report(check, Outcome.PASS) for check in there))

    left_out = [result.id for result in run.results if result.outcome is Outcome.NOT_TESTED]
    assert left_out == [CHECKS[place].id]
    assert run.ended is not None
    assert run.ended.exit_code == ExitCode.INCOMPLETE


def test_why_a_worker_gave_up_is_said() -> None:
    run = gathered(a_report(CHECKS[0], Outcome.NOT_TESTED, trouble="the target is gone"))

    assert run.ended is not None
    assert run.ended.sentence == "The run was given up: the target is gone."


def test_what_narrowed_the_run_makes_it_incomplete() -> None:
    reports = [a_report(check, Outcome.PASS) for check in CHECKS]
    run = gathered(*reports, narrowed=["pytest selected 3 of 4 checks"])

    assert run.ended is not None
    assert run.ended.exit_code == ExitCode.INCOMPLETE


def test_other_peoples_tests_are_no_checks() -> None:
    run = Run(Target(url="ws://127.0.0.1:1/"), Options(), lambda _: None)
    gatherer = Gatherer(run, lambda _: ())
    mine = pytest.TestReport("x", ("x", None, "x"), {}, "passed", None, "call")
    gatherer.pytest_xdist_node_collection_finished(["tests/test_mine.py::test_mine"])
    gatherer.pytest_runtest_logreport(mine)

    assert not run.begun
    assert run.results == []
