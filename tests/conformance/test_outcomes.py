"""What a run's outcomes come to: verdicts and exit codes, as a table."""

import pytest

from multichat_conformance.outcomes import ABOUT, ExitCode, Outcome, Verdict, exit_code, verdict

PASS, FAIL, WARN = Outcome.PASS, Outcome.FAIL, Outcome.WARN
OBSERVED, UNSTABLE = Outcome.OBSERVED, Outcome.UNSTABLE
NOT_APPLICABLE, NOT_TESTED = Outcome.NOT_APPLICABLE, Outcome.NOT_TESTED
EXPECTED, UNEXPECTED = Outcome.EXPECTED_FAILURE, Outcome.UNEXPECTED_PASS
HARNESS = Outcome.HARNESS_ERROR

YES, NO, OPEN = Verdict.CONFORMANT, Verdict.NOT_CONFORMANT, Verdict.INCOMPLETE


@pytest.mark.parametrize(
    ("outcomes", "judged", "code"),
    [
        ([PASS], YES, 0),
        ([PASS, WARN, OBSERVED, NOT_APPLICABLE], YES, 0),
        ([PASS, FAIL], NO, 1),
        ([PASS, UNSTABLE], NO, 1),
        ([PASS, UNEXPECTED], NO, 1),
        ([PASS, EXPECTED], NO, 0),
        ([PASS, NOT_TESTED], OPEN, 3),
        ([PASS, HARNESS], OPEN, 4),
        ([FAIL, HARNESS, NOT_TESTED], NO, 1),
        ([HARNESS, NOT_TESTED], OPEN, 4),
        ([EXPECTED, NOT_TESTED], NO, 3),
        ([EXPECTED, HARNESS], NO, 4),
        ([], OPEN, 3),
    ],
)
def test_a_whole_run(outcomes: list[Outcome], judged: Verdict, code: int) -> None:
    assert verdict(outcomes, whole=True) is judged
    assert exit_code(outcomes, whole=True) == code


@pytest.mark.parametrize(
    ("outcomes", "judged", "code"),
    [
        ([PASS], OPEN, 3),
        ([PASS, EXPECTED], NO, 3),
        ([FAIL], NO, 1),
        ([UNSTABLE], NO, 1),
        ([HARNESS], OPEN, 4),
        ([], OPEN, 3),
    ],
)
def test_a_narrowed_run_never_says_conformant(
    outcomes: list[Outcome], judged: Verdict, code: int
) -> None:
    assert verdict(outcomes, whole=False) is judged
    assert exit_code(outcomes, whole=False) == code


@pytest.mark.parametrize("outcome", Outcome)
def test_what_was_not_asked_for_is_not_judged(outcome: Outcome) -> None:
    assert verdict([outcome], whole=True, asked=False) is Verdict.NOT_JUDGED


def test_exit_codes_are_what_is_documented() -> None:
    assert {code.name: int(code) for code in ExitCode} == {
        "CONFORMANT": 0,
        "NOT_CONFORMANT": 1,
        "USAGE": 2,
        "INCOMPLETE": 3,
        "HARNESS": 4,
        "INTERRUPTED": 130,
    }


def test_each_outcome_has_its_words() -> None:
    assert set(ABOUT) == set(Outcome)
