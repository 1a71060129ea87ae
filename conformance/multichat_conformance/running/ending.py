"""The end of a run: verdicts, what was left out, and one sentence that says what to do."""

from collections import Counter
from collections.abc import Mapping, Sequence

from multichat_conformance.events import CheckFinished, LeftOut, RunFinished
from multichat_conformance.outcomes import ExitCode, Outcome, Verdict, exit_code, verdict

__all__ = ["finished"]

_BAD = frozenset({Outcome.FAIL, Outcome.UNSTABLE, Outcome.UNEXPECTED_PASS})


def finished(
    results: Sequence[CheckFinished],
    *,
    planned: int,
    filters: Sequence[str],
    level: str,
    complaints: Sequence[str],
    trouble: str,
    interrupted: bool,
    duration_ms: float,
) -> RunFinished:
    """
    Judge a run by what came of its checks.

    Args:
        results: Of every check that came to an end.
        planned: How many checks there were to be.
        filters: What narrowed the run.
        level: ``core`` or ``hardened``.
        complaints: What is wrong with the deviations file.
        trouble: Why the run was given up; empty if it was not.
        interrupted: Whether it was ended from outside.
        duration_ms: How long it took.

    """
    whole = not filters and len(results) == planned and not trouble
    outcomes = [result.outcome for result in results]
    core, hardened = (
        [result.outcome for result in results if result.profile == profile]
        for profile in ("core", "hardened")
    )
    core_verdict = verdict(core, whole=whole)
    hardened_verdict = verdict(hardened, whole=whole, asked=level == "hardened")
    code = ExitCode.INTERRUPTED if interrupted else exit_code(outcomes, whole=whole)
    if complaints and code in (ExitCode.CONFORMANT, ExitCode.INCOMPLETE):
        code = ExitCode.NOT_CONFORMANT
    return RunFinished(
        duration_ms=duration_ms,
        core=core_verdict,
        hardened=hardened_verdict,
        counts={
            profile: dict(Counter(r.outcome.value for r in results if r.profile == profile))
            for profile in ("core", "hardened")
        },
        clauses_failed=tuple(
            sorted({r.finding.clause or r.clauses[0] for r in results if r.finding and _counts(r)})
        ),
        left_out=_left_out(results, trouble),
        deviations=tuple(complaints),
        interrupted=interrupted or bool(trouble),
        exit_code=code,
        sentence=_sentence(
            results, code, level, core_verdict, hardened_verdict, filters, complaints, trouble
        ),
    )


def _counts(result: CheckFinished) -> bool:
    return result.outcome in _BAD or result.outcome is Outcome.EXPECTED_FAILURE


def _left_out(results: Sequence[CheckFinished], trouble: str) -> tuple[LeftOut, ...]:
    by_reason: dict[str, list[str]] = {}
    for result in results:
        if result.outcome is Outcome.NOT_TESTED:
            by_reason.setdefault(result.reason, []).append(result.id)
    found = []
    if trouble in by_reason:
        given_up = tuple(by_reason.pop(trouble))
        found.append(LeftOut("the run was given up", given_up, "see the last sentence"))
    # What costs most checks is worth most to add.
    for reason, ids in sorted(by_reason.items(), key=lambda item: -len(item[1])):
        what, _, remedy = reason.partition(": ")
        found.append(LeftOut(what, tuple(ids), remedy))
    return tuple(found)


def _sentence(
    results: Sequence[CheckFinished],
    code: ExitCode,
    level: str,
    core: Verdict,
    hardened: Verdict,
    filters: Sequence[str],
    complaints: Sequence[str],
    trouble: str,
) -> str:
    count = Counter(result.outcome for result in results)
    bad = [result for result in results if result.outcome in _BAD]
    if code is ExitCode.INTERRUPTED:
        return f"Interrupted: {_checks(len(results))} came to an end, the rest is not tested."
    if trouble:
        return f"The run was given up: {trouble}."
    if bad:
        first = bad[0]
        return (
            f"{_checks(len(bad))} of {len(results)} went against the target; begin with "
            f"{first.id}: {first.repeat}"
        )
    if complaints:
        return f"The deviations file is not right: {complaints[0]}"
    if code is ExitCode.HARNESS:
        first = next(r for r in results if r.outcome is Outcome.HARNESS_ERROR)
        return f"The suite itself went wrong in {first.id}, so there is no verdict: {first.reason}"
    if results and (filters or count[Outcome.NOT_TESTED]):
        return _no_verdict(results, filters)
    if count[Outcome.EXPECTED_FAILURE]:
        return (
            f"Core: {core}. Hardened: {hardened}. Nothing but the "
            f"{_checks(count[Outcome.EXPECTED_FAILURE])} that the deviations file lists."
        )
    if not results:
        return "No check was planned: there is nothing to judge."
    return _praise(count, level)


def _no_verdict(results: Sequence[CheckFinished], filters: Sequence[str]) -> str:
    """Return the sentence for a run in which nothing new failed, and that was not a whole one."""
    expected = sum(result.outcome is Outcome.EXPECTED_FAILURE for result in results)
    missed = [result for result in results if result.outcome is Outcome.NOT_TESTED]
    told = len(results) - len(missed)
    failed = "Nothing failed"
    if expected:
        failed = f"Nothing failed but the {_checks(expected)} that the deviations file lists"
    said = f"{failed} in {_checks(told)}" if filters else failed
    if not told:
        said = f"Nothing was tested: {_checks(len(missed))} could not be"
    elif missed:
        said += f", and {_checks(len(missed))} could not be tested"
    said += ". That is no verdict on the target"
    said += f": the run was narrowed ({', '.join(filters)})." if filters else "."
    return f"{said} For example, {missed[0].id} {missed[0].reason}." if missed else said


def _praise(count: Mapping[Outcome, int], level: str) -> str:
    """Return the sentence for a target against which nothing was found, and no more than that."""
    profile = ", in the profile core" if level == "core" else ""
    more = []
    if warned := count[Outcome.WARN]:
        more.append(f"{_checks(warned)} found a SHOULD not followed")
    if inapplicable := count[Outcome.NOT_APPLICABLE]:
        apply = "does" if inapplicable == 1 else "do"
        more.append(f"{_checks(inapplicable)} {apply} not apply to it")
    if more:
        return f"The target does what version 1 demands{profile}; {' and '.join(more)}."
    whole = "every check of that profile" if level == "core" else "every check there is"
    return f"The target does what version 1 asks for{profile}, in {whole}."


def _checks(number: int) -> str:
    return "1 check" if number == 1 else f"{number} checks"
