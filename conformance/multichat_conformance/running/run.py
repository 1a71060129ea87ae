"""
A run: begins with a look at the target, plays checks one by one, ends with a verdict.

The checks are played one after the other, because they share the target's few rooms; each is
told in a Trio run of its own, so that nothing of one story can outlive it. The caller (pytest,
see :mod:`multichat_conformance.pytest_plugin`) decides which comes next and may stop at any time.
"""

import hashlib
import json
import shlex
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from typing import Final

import multichat_spec
from multichat_conformance.catalogue import Check, Group, clause_ids, level_of
from multichat_conformance.context import Context
from multichat_conformance.deviations import Deviations
from multichat_conformance.events import (
    Attempt,
    CheckFinished,
    CheckStarted,
    Event,
    Finding,
    RunFinished,
    RunStarted,
    TargetReady,
)
from multichat_conformance.findings import StoryEnded
from multichat_conformance.outcomes import Outcome
from multichat_conformance.running.ending import finished
from multichat_conformance.running.needs import inapplicable, missing
from multichat_conformance.running.options import Options, groups_for
from multichat_conformance.running.preflight import look
from multichat_conformance.running.teller import LOOK, Teller
from multichat_conformance.running.telling import Told, tell_now
from multichat_conformance.secrets import Redactor, shown_url
from multichat_conformance.stage import Stage
from multichat_conformance.target.login import Sessions
from multichat_conformance.target.model import Target
from multichat_conformance.target.process import TargetProcess
from multichat_conformance.timing import LEAST_PATIENCE, RoundTrips

__all__ = ["Run", "spec_fingerprint"]

_BAD: Final[Mapping[str, Outcome]] = {
    "MUST": Outcome.FAIL,
    "SHOULD": Outcome.WARN,
    "MAY": Outcome.OBSERVED,
}
"""What a broken clause comes to by its key word, the most binding one first."""


def spec_fingerprint(name: str) -> str:
    """Return the SHA-256 of what a version asks for: its clauses and its schemas."""
    rows = [(row.id, row.keyword, row.profile, row.text) for row in multichat_spec.requirements()]
    whole = json.dumps([name, rows, multichat_spec.schemas()], sort_keys=True)
    return hashlib.sha256(whole.encode()).hexdigest()


class Run:
    """
    One run against one target.

    Args:
        target: As its file or the command line describes it.
        options: What is asked for.
        emit: Is given every event in order.
        deviations: What the target is known to do wrong.
        asked_as: The arguments that named the target, for the command that repeats a check.
        process: The target's process, if it was launched before; None: the run makes it.

    Attributes:
        results: What came of the checks so far.
        begun: Whether it has begun.
        ended: How it ended; None while it has not.

    """

    def __init__(
        self,
        target: Target,
        options: Options,
        emit: Callable[[Event], None],
        *,
        deviations: Deviations | None = None,
        asked_as: Sequence[str] = (),
        process: TargetProcess | None = None,
    ) -> None:
        self.options = options
        self.groups = groups_for(target, options)
        self.results: list[CheckFinished] = []
        self.begun = False
        self.ended: RunFinished | None = None
        self._emit = emit
        self._deviations = deviations or Deviations({})
        self._asked_as = tuple(map(shown_url, asked_as or (target.url,)))
        self._began = time.monotonic()
        self._planned: Sequence[Check] = ()
        redactor = Redactor()
        redactor.hide_query(target.url)
        if process is None and target.start:
            process = TargetProcess(target)
        if process is not None:
            target = process.target
        self._context = Context(
            target=target,
            redactor=redactor,
            sessions=Sessions(target, redactor, patience=options.patience or LEAST_PATIENCE),
            round_trips=RoundTrips(options.patience),
            process=process,
            seed=options.seed,
            depth=options.depth,
            stories=options.stories,
            groups=self.groups,
        )
        self._teller = Teller(self._context, self._deviations, options.attempts)

    @property
    def trouble(self) -> str:
        """Why the run was given up; empty if it was not."""
        return self._teller.trouble

    @property
    def context(self) -> Context:
        """What is known of the run."""
        return self._context

    def begin(self, planned: Sequence[Check]) -> bool:
        """
        Start the target if need be, look at it, and return whether it can be tested.

        Args:
            planned: The checks that will be played.

        """
        self.begun = True
        self._planned = planned
        context, target = self._context, self._context.target
        self._emit(
            RunStarted(
                time=datetime.now(UTC).isoformat(timespec="seconds"),
                suite=_suite_version(),
                spec=target.version,
                spec_sha256=spec_fingerprint(target.version),
                # Without another, its address is its name.
                target=shown_url(target.name or target.url),
                url=shown_url(target.url),
                seed=self.options.seed,
                level=self.options.level,
                depth=self.options.depth,
                groups=tuple(self.groups),
                filters=self.options.filters,
                planned=len(planned),
            )
        )
        try:
            self._teller.start()
        except StoryEnded as exc:
            self._teller.trouble = context.redactor.clean(str(exc))
            return False
        told = self._look()
        self._teller.trouble = self._why_not(told)
        if self.trouble:
            return False
        trips = context.round_trips
        self._emit(
            TargetReady(
                round_trip_ms=_ms(trips.median),
                slowest_ms=_ms(trips.slowest),
                patience_ms=_ms(trips.patience),
                fence="order" if context.keeps_order else "quiet",
                quiet_ms=0.0 if context.keeps_order else _ms(trips.quiet),
                warm_ups=context.warm_ups,
                notes=(*told.notes, *_seen_by(told)),
            )
        )
        to_tell = [check for check in planned if not self._why_not_told(check)[1]]
        self._teller.aside.begin(to_tell, known=self._teller.is_known)
        return True

    def gather(self, planned: Sequence[Check], *, narrowed: Sequence[str]) -> None:
        """
        Begin a run that other processes play, each a part of it; see :meth:`take`.

        Args:
            planned: The checks that they will play.
            narrowed: What makes the run less than whole, in words.

        """
        self.begun = True
        self._planned = planned
        self.options = replace(self.options, narrowed=tuple(narrowed))

    def take(self, result: CheckFinished, trouble: str = "") -> None:
        """
        Take what came of a check in another process.

        Args:
            result: What came of it.
            trouble: Why that process has given its run up; empty if it has not.

        """
        self._keep(result)
        self._teller.trouble = self.trouble or trouble

    def play(self, check: Check) -> CheckFinished:
        """Tell a check's story as often as it takes, and say what came of it."""
        self._emit(CheckStarted(check.id, check.title, check.area))
        began = time.monotonic()
        outcome, reason = self._why_not_told(check)
        if reason:
            return self._close(check, outcome, reason)
        told = self._teller.tell(check)
        attempts = tuple(one.attempt for one in told)
        notes = tuple(dict.fromkeys(note for one in told for note in one.notes))
        outcome, reason = _outcome(check, told)
        if self.trouble:
            # What could not be repeated is not held against the target: somebody may have
            # stopped it just then.
            outcome, reason = Outcome.NOT_TESTED, self.trouble
        link = ""
        if outcome in (Outcome.PASS, Outcome.FAIL, Outcome.WARN, Outcome.UNSTABLE):
            failed = sum(attempt.finding is not None for attempt in attempts)
            outcome, said, link = self._deviations.apply(
                check.id, outcome, failed, len(attempts), datetime.now(UTC).date()
            )
            reason = said or reason
        return self._close(
            check,
            outcome,
            reason,
            attempts=attempts,
            notes=notes,
            link=link,
            seconds=time.monotonic() - began,
        )

    def _why_not_told(self, check: Check) -> tuple[Outcome, str]:
        if self.trouble:
            return Outcome.NOT_TESTED, self.trouble
        if reason := inapplicable(check, self._context.target):
            return Outcome.NOT_APPLICABLE, reason
        return Outcome.NOT_TESTED, missing(check, self._context, self.groups)

    def harness_error(self, check: Check, reason: str) -> CheckFinished:
        """Say that the suite itself went wrong in a check."""
        return self._close(check, Outcome.HARNESS_ERROR, self._context.redactor.clean(reason))

    def finish(self, *, interrupted: bool = False) -> RunFinished:
        """End the target if the suite has started it, and say what came of the run."""
        try:
            self._teller.aside.close()
        finally:
            if self._context.process is not None:
                self._context.process.stop()
        if not interrupted:
            came = {result.id for result in self.results}
            for check in self._planned:
                if check.id not in came:
                    reason = self.trouble or "the run ended before it"
                    self._close(check, Outcome.NOT_TESTED, reason)
        known = {check.id for check in self._planned}
        complaints = self._deviations.complaints(
            {result.id: result.outcome for result in self.results},
            known | _all_ids(),
            datetime.now(UTC).date(),
            whole=not self.options.filters and not self.trouble,
        )
        found = finished(
            self.results,
            planned=len(self._planned),
            filters=self.options.filters,
            level=self.options.level,
            complaints=complaints,
            trouble=self.trouble,
            interrupted=interrupted,
            duration_ms=_ms(time.monotonic() - self._began),
        )
        self.ended = found
        self._emit(found)
        return found

    def _look(self) -> Told:
        context = self._context

        async def story(stage: Stage) -> None:
            for note in (await look(stage, context)).notes:
                stage.note(note)

        return tell_now(LOOK, context, story=story)

    def _why_not(self, told: Told) -> str:
        if told.trouble or told.not_tested:
            return told.trouble or told.not_tested
        finding = told.attempt.finding
        # What is only wrong is for the checks to find, with the clause and the frames.
        if finding is None or not (told.gone or told.hopeless):
            return ""
        return f"{finding.summary}; start the target, or check the url"

    def _close(
        self,
        check: Check,
        outcome: Outcome,
        reason: str,
        *,
        attempts: tuple[Attempt, ...] = (),
        notes: tuple[str, ...] = (),
        link: str = "",
        seconds: float = 0.0,
    ) -> CheckFinished:
        result = CheckFinished(
            id=check.id,
            title=check.title,
            area=check.area,
            profile=check.profile,
            level=check.level,
            group=check.group,
            clauses=check.clauses,
            outcome=outcome,
            reason=reason,
            cause=check.cause,
            link=link,
            duration_ms=_ms(seconds),
            attempts=attempts,
            notes=notes,
            repeat=self._repeat(check),
        )
        self._keep(result)
        self._emit(result)
        return result

    def _keep(self, result: CheckFinished) -> None:
        """Keep what came of a check; the last word on it counts."""
        self.results[:] = [kept for kept in self.results if kept.id != result.id] + [result]

    def _repeat(self, check: Check) -> str:
        if saved := self._teller.saved.get(check.id):
            return shlex.join(["multichat", "conformance", "replay", str(saved), *self._asked_as])
        words = ["multichat", "conformance", "run", *self._asked_as, "--only", check.id]
        if check.group is Group.LOAD:
            words += ["--group", check.group]
        if check.search:
            words += ["--seed", str(self.options.seed)]
        return shlex.join(words)


def _seen_by(look: Told) -> tuple[str, ...]:
    finding = look.attempt.finding
    if finding is None:
        return ()
    return (f"the first look has already seen something wrong: {finding.summary}",)


def _outcome(check: Check, told: Sequence[Told]) -> tuple[Outcome, str]:
    last = told[-1]
    if last.trouble:
        return Outcome.HARNESS_ERROR, last.trouble
    if last.not_tested:
        return Outcome.NOT_TESTED, last.not_tested
    findings = [one.attempt.finding for one in told if one.attempt.finding is not None]
    if not findings:
        seen = dict.fromkeys(text for one in told for text in one.observed)
        return (Outcome.OBSERVED, "; ".join(seen)) if seen else (Outcome.PASS, "")
    words = [_key_word(check, finding) for finding in findings]
    word = next(word for word in _BAD if word in words)
    summary = findings[words.index(word)].summary
    if word == "MUST" and words.count(word) < len(told):
        # What a SHOULD or a MAY is about is not held against a target that does it now and then.
        return Outcome.UNSTABLE, summary
    return _BAD[word], summary


def _key_word(check: Check, finding: Finding) -> str:
    """
    Return how binding what was broken is.

    In the story of a SHOULD a MUST may be broken. A clause that only gives a liberty excuses no
    answer beyond it: a check of a MUST stays one.
    """
    words = {check.level}
    if finding.clause in clause_ids():
        words.add(level_of(finding.clause))
    return next(word for word in _BAD if word in words)


def _all_ids() -> set[str]:
    from multichat_conformance.catalogue import catalogue

    return {check.id for check in catalogue()}


def _suite_version() -> str:
    try:
        return version("multichat")
    except PackageNotFoundError:
        return "unknown"


def _ms(seconds: float) -> float:
    return round(seconds * 1000, 1)
