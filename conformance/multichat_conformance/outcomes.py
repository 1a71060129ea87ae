"""
What can come of a check, of a profile and of a run, and which exit code says so.

A check ends in one :class:`Outcome`. The outcomes of a profile's checks make its
:class:`Verdict`, and both profiles together the exit code of the run.
"""

from collections.abc import Collection, Mapping
from enum import IntEnum, StrEnum
from typing import Final

__all__ = ["ABOUT", "ExitCode", "Outcome", "Verdict", "exit_code", "verdict"]


class Outcome(StrEnum):
    """What came of one check."""

    PASS = "pass"  # noqa: S105  # an outcome
    FAIL = "fail"
    WARN = "warn"
    OBSERVED = "observed"
    NOT_APPLICABLE = "not_applicable"
    NOT_TESTED = "not_tested"
    EXPECTED_FAILURE = "expected_failure"
    UNEXPECTED_PASS = "unexpected_pass"  # noqa: S105  # an outcome
    UNSTABLE = "unstable"
    HARNESS_ERROR = "harness_error"


ABOUT: Final[Mapping[Outcome, str]] = {
    Outcome.PASS: "the target did what the clauses ask for",
    Outcome.FAIL: "the target broke a MUST, three times of three",
    Outcome.WARN: "the target does not follow a SHOULD",
    Outcome.OBSERVED: "the clause leaves it open; what the target does is recorded",
    Outcome.NOT_APPLICABLE: "the target does not claim what the clause is about",
    Outcome.NOT_TESTED: "something that the check needs is missing, so the run is incomplete",
    Outcome.EXPECTED_FAILURE: "the target broke the clause, and its deviations file says so",
    Outcome.UNEXPECTED_PASS: "its deviations file lists a failure, and it does not fail",
    Outcome.UNSTABLE: "the target kept a MUST in one attempt and broke it in another",
    Outcome.HARNESS_ERROR: "the suite itself, or a hook, went wrong; nothing is said of the target",
}
"""Each outcome in words, for reports and documentation."""


class Verdict(StrEnum):
    """What a run says of one profile."""

    CONFORMANT = "conformant"
    NOT_CONFORMANT = "not conformant"
    INCOMPLETE = "incomplete"
    NOT_JUDGED = "not judged"


class ExitCode(IntEnum):
    """What a run's exit code says."""

    CONFORMANT = 0
    NOT_CONFORMANT = 1
    USAGE = 2
    INCOMPLETE = 3
    HARNESS = 4
    INTERRUPTED = 130


_AGAINST: Final = frozenset({Outcome.FAIL, Outcome.UNSTABLE, Outcome.UNEXPECTED_PASS})
"""Outcomes that a conforming target with an honest deviations file does not have."""


def verdict(outcomes: Collection[Outcome], *, whole: bool, asked: bool = True) -> Verdict:
    """
    Judge a profile by the outcomes of its checks.

    A target with an expected failure is not conformant: the deviations file keeps its
    build green, not its record clean (see :func:`exit_code`).

    Args:
        outcomes: Of all checks of the profile that were planned.
        whole: Whether all checks of the profile were planned: a filtered run is not whole,
            and never says that a target is conformant.
        asked: Whether the run was to judge the profile at all.

    """
    if not asked:
        return Verdict.NOT_JUDGED
    if _AGAINST & set(outcomes) or Outcome.EXPECTED_FAILURE in outcomes:
        return Verdict.NOT_CONFORMANT
    if not whole or {Outcome.NOT_TESTED, Outcome.HARNESS_ERROR} & set(outcomes) or not outcomes:
        return Verdict.INCOMPLETE
    return Verdict.CONFORMANT


def exit_code(outcomes: Collection[Outcome], *, whole: bool) -> ExitCode:
    """
    Return the exit code of a run.

    A failure outweighs a fault of the suite, and that outweighs what was left out. Expected
    failures do not count: with a deviations file, only what is new turns a build red.

    Args:
        outcomes: Of all checks that were planned.
        whole: Whether all checks of the profiles asked for were planned.

    """
    seen = set(outcomes)
    if seen & _AGAINST:
        return ExitCode.NOT_CONFORMANT
    if Outcome.HARNESS_ERROR in seen:
        return ExitCode.HARNESS
    if not whole or Outcome.NOT_TESTED in seen or not seen:
        return ExitCode.INCOMPLETE
    return ExitCode.CONFORMANT
