"""The end of a run: verdicts, what was left out, and one sentence that says what to do."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from multichat_conformance.events import CheckFinished, RunFinished
from multichat_conformance.outcomes import ExitCode, Outcome, Verdict
from multichat_conformance.running.ending import finished
from tests.conformance.a_check import CORE, HARDENED, a_check, a_result

HARD = replace(a_check(name="hard"), clauses=(HARDENED,))


def end(
    *results: CheckFinished,
    planned: int | None = None,
    filters: Sequence[str] = (),
    level: str = "hardened",
    complaints: Sequence[str] = (),
    trouble: str = "",
    interrupted: bool = False,
) -> RunFinished:
    return finished(
        results,
        planned=len(results) if planned is None else planned,
        filters=filters,
        level=level,
        complaints=complaints,
        trouble=trouble,
        interrupted=interrupted,
        duration_ms=1.0,
    )


BOTH = (a_result(Outcome.PASS), a_result(Outcome.PASS, HARD))


def test_all_is_well() -> None:
    ended = end(*BOTH)

    assert (ended.core, ended.hardened) == (Verdict.CONFORMANT, Verdict.CONFORMANT)
    assert ended.exit_code == ExitCode.CONFORMANT
    assert ended.counts == {"core": {"pass": 1}, "hardened": {"pass": 1}}
    assert ended.clauses_failed == ()


def test_a_failure_of_one_profile_is_not_the_others() -> None:
    ended = end(a_result(Outcome.PASS), a_result(Outcome.FAIL, HARD))

    assert (ended.core, ended.hardened) == (Verdict.CONFORMANT, Verdict.NOT_CONFORMANT)
    assert ended.exit_code == ExitCode.NOT_CONFORMANT
    assert ended.clauses_failed == (HARDENED,)
    assert ended.sentence.endswith("begin with test.hard: repeat test.hard")


def test_core_alone_does_not_judge_hardened() -> None:
    ended = end(BOTH[0], level="core")

    assert (ended.core, ended.hardened) == (Verdict.CONFORMANT, Verdict.NOT_JUDGED)


@pytest.mark.parametrize(
    "how",
    [
        {"filters": ("join.*",)},
        {"planned": 3},
        {"trouble": "the target is gone"},
    ],
)
def test_less_than_whole_is_never_conformant(how: dict[str, object]) -> None:
    ended = end(*BOTH, **how)  # type: ignore[arg-type]  # arguments of end

    assert (ended.core, ended.hardened) == (Verdict.INCOMPLETE, Verdict.INCOMPLETE)
    assert ended.exit_code == ExitCode.INCOMPLETE


def test_trouble_is_the_sentence() -> None:
    ended = end(a_result(Outcome.FAIL), trouble="the target is gone: start it again")

    assert ended.sentence == "The run was given up: the target is gone: start it again."
    assert ended.interrupted
    assert ended.exit_code == ExitCode.NOT_CONFORMANT


def test_what_was_interrupted_has_its_own_code_whatever_came() -> None:
    ended = end(a_result(Outcome.FAIL), planned=5, interrupted=True)

    assert ended.exit_code == ExitCode.INTERRUPTED
    assert ended.core is Verdict.NOT_CONFORMANT
    assert "1 check came to an end" in ended.sentence


def test_a_wrong_deviations_file_turns_a_build_red() -> None:
    ended = end(*BOTH, complaints=("it lists no.such-check",))

    assert ended.exit_code == ExitCode.NOT_CONFORMANT
    assert ended.deviations == ("it lists no.such-check",)
    assert ended.sentence == "The deviations file is not right: it lists no.such-check"
    assert end(a_result(Outcome.HARNESS_ERROR), complaints=("x",)).exit_code == ExitCode.HARNESS


def test_a_fault_of_the_suite_accuses_nobody() -> None:
    ended = end(BOTH[1], a_result(Outcome.HARNESS_ERROR, reason="the hook failed"))

    assert ended.exit_code == ExitCode.HARNESS
    assert ended.core is Verdict.INCOMPLETE
    assert "test.made-up" in ended.sentence
    assert "the hook failed" in ended.sentence


def test_what_was_left_out_is_told_by_what_is_missing() -> None:
    first, second, third = (
        replace(a_result(Outcome.NOT_TESTED, reason=reason), id=f"test.{number}")
        for number, reason in enumerate(
            ("needs the hook stop: add it", "needs a room: add one", "needs the hook stop: add it")
        )
    )
    ended = end(first, second, third)

    assert [(left.what, left.checks, left.remedy) for left in ended.left_out] == [
        ("needs the hook stop", ("test.0", "test.2"), "add it"),
        ("needs a room", ("test.1",), "add one"),
    ]
    assert ended.exit_code == ExitCode.INCOMPLETE
    assert "Nothing was tested: 3 checks could not be" in ended.sentence
    assert "test.0 needs the hook stop" in ended.sentence


def test_expected_failures_are_counted_and_do_not_conform() -> None:
    ended = end(BOTH[0], a_result(Outcome.EXPECTED_FAILURE, HARD))

    assert ended.exit_code == ExitCode.CONFORMANT
    assert ended.hardened is Verdict.NOT_CONFORMANT
    assert ended.clauses_failed == (HARDENED,)
    assert "the 1 check that the deviations file lists" in ended.sentence


MISSED = a_result(Outcome.NOT_TESTED, HARD, reason="needs a room: add one")
LISTED = a_result(Outcome.EXPECTED_FAILURE)


@pytest.mark.parametrize(
    ("results", "filters", "said"),
    [
        (BOTH, ("join",), "Nothing failed in 2 checks. That is no verdict on the target: the run "),
        ((BOTH[0], MISSED), ("join",), "Nothing failed in 1 check, and 1 check could not be "),
        ((MISSED,), ("join",), "Nothing was tested: 1 check could not be. That is no verdict on "),
        ((MISSED, MISSED), (), "Nothing was tested: 2 checks could not be. That is no verdict on "),
        ((BOTH[0], MISSED), (), "Nothing failed, and 1 check could not be tested. That is no "),
        (
            (LISTED, MISSED),
            (),
            "Nothing failed but the 1 check that the deviations file lists, and 1 check could ",
        ),
        (
            (LISTED, BOTH[1]),
            ("x",),
            "Nothing failed but the 1 check that the deviations file lists in 2 checks. That is ",
        ),
    ],
)
def test_a_part_says_what_it_saw_and_no_more(
    results: Sequence[CheckFinished], filters: Sequence[str], said: str
) -> None:
    sentence = end(*results, filters=filters).sentence

    assert sentence.startswith(said)
    assert sentence.endswith(
        "For example, test.hard needs a room: add one."
        if MISSED in results
        else f"the run was narrowed ({filters[0]})."
    )


def test_a_warning_is_no_failure() -> None:
    ended = end(BOTH[1], a_result(Outcome.WARN))

    assert ended.exit_code == ExitCode.CONFORMANT
    assert ended.clauses_failed == ()
    assert CORE not in ended.sentence


def test_nothing_planned_is_nothing_judged() -> None:
    ended = end()

    assert ended.exit_code == ExitCode.INCOMPLETE
    assert "nothing to judge" in ended.sentence


WARNED = a_result(Outcome.WARN)
IDLE = a_result(Outcome.NOT_APPLICABLE, HARD)


@pytest.mark.parametrize(
    ("results", "level", "sentence"),
    [
        (BOTH, "hardened", "The target does what version 1 asks for, in every check there is."),
        (
            BOTH[:1],
            "core",
            (
                "The target does what version 1 asks for, in the profile core, "
                "in every check of that profile."
            ),
        ),
        (
            (*BOTH, WARNED),
            "hardened",
            "The target does what version 1 demands; 1 check found a SHOULD not followed.",
        ),
        (
            (BOTH[0], IDLE),
            "hardened",
            "The target does what version 1 demands; 1 check does not apply to it.",
        ),
        (
            (BOTH[0], WARNED, WARNED, IDLE, IDLE),
            "core",
            (
                "The target does what version 1 demands, in the profile core; 2 checks found a "
                "SHOULD not followed and 2 checks do not apply to it."
            ),
        ),
    ],
)
def test_praise_says_no_more_than_was_found(
    results: Sequence[CheckFinished], level: str, sentence: str
) -> None:
    assert end(*results, level=level).sentence == sentence
