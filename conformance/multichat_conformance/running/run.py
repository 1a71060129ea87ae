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
from pathlib import Path
from typing import Final

import trio

import multichat_spec
from multichat_conformance.catalogue import Check, Group, Needs
from multichat_conformance.context import Context
from multichat_conformance.deviations import Deviations
from multichat_conformance.events import (
    Attempt,
    CheckFinished,
    CheckStarted,
    Event,
    RunFinished,
    RunStarted,
    TargetReady,
)
from multichat_conformance.findings import StoryEnded
from multichat_conformance.outcomes import Outcome
from multichat_conformance.running.aside import Aside
from multichat_conformance.running.ending import finished
from multichat_conformance.running.needs import inapplicable, missing
from multichat_conformance.running.options import Options, groups_for
from multichat_conformance.running.preflight import look
from multichat_conformance.running.telling import Told, tell_now
from multichat_conformance.running.workshop import Workshop
from multichat_conformance.secrets import Redactor
from multichat_conformance.stage import Stage
from multichat_conformance.target.login import Sessions
from multichat_conformance.target.model import Target
from multichat_conformance.target.process import TargetProcess
from multichat_conformance.timing import LEAST_PATIENCE, RoundTrips, pause

__all__ = ["Run", "spec_fingerprint"]

RECOVERY: Final = 20.0
"""Seconds that a target may take to be there again after a story that has hurt it."""

_DEATH: Final = 1.0
"""Seconds that the process of a target is given to end when all signs are that it does."""

_LOOKS_AGAIN_AFTER: Final = 0.1
"""Seconds from one look whether a target is there again to the next."""

KNOWN_PATIENCE: Final = 1.0
"""Seconds that are waited, at least, for what a target is known not to do."""

_LOOK: Final = Check(
    area="target",
    name="first-look",
    title="The target can be reached, logged in to and measured",
    about="",
    clauses=(),
    group=Group.SAFE,
    needs=Needs(),
    cause="",
    search=False,
    story=look,
)


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

    Attributes:
        results: What came of the checks so far.
        trouble: Why the run was given up; empty if it was not.
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
    ) -> None:
        self.options = options
        self.groups = groups_for(target, options)
        self.results: list[CheckFinished] = []
        self.trouble = ""
        self.begun = False
        self.ended: RunFinished | None = None
        self._emit = emit
        self._deviations = deviations or Deviations({})
        self._asked_as = tuple(asked_as) or (target.url,)
        self._began = time.monotonic()
        self._planned: Sequence[Check] = ()
        self._saved: dict[str, Path] = {}
        redactor = Redactor()
        process = TargetProcess(target) if target.start else None
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
        )
        self._aside = Aside(self._context)

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
                target=target.name or target.url,
                url=target.url,
                seed=self.options.seed,
                level=self.options.level,
                depth=self.options.depth,
                groups=tuple(self.groups),
                filters=self.options.filters,
                planned=len(planned),
            )
        )
        try:
            self._start()
        except StoryEnded as exc:
            self.trouble = context.redactor.clean(str(exc))
            return False
        told = self._look()
        self.trouble = self._why_not(told)
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
                notes=told.notes,
            )
        )
        self._aside.begin(
            (check for check in planned if not self._why_not_told(check)[1]), known=self._is_known
        )
        return True

    def play(self, check: Check) -> CheckFinished:
        """Tell a check's story as often as it takes, and say what came of it."""
        self._emit(CheckStarted(check.id, check.title, check.area))
        began = time.monotonic()
        outcome, reason = self._why_not_told(check)
        if reason:
            return self._close(check, outcome, reason)
        told = self._search(check) if check.search else self._tell(check)
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
        self._aside.close()
        if self._context.process is not None:
            self._context.process.stop()
        if not interrupted:
            for check in self._planned[len(self.results) :]:
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

    def _start(self) -> None:
        process = self._context.process
        if process is not None:
            self._context.reach(process.start())

    def _look(self) -> Told:
        context = self._context

        async def story(stage: Stage) -> None:
            for note in (await look(stage, context)).notes:
                stage.note(note)

        return tell_now(_LOOK, context, story=story)

    def _why_not(self, told: Told) -> str:
        if told.trouble or told.not_tested:
            return told.trouble or told.not_tested
        finding = told.attempt.finding
        if finding is None:
            return ""
        return f"{finding.summary}; start the target, or check the url"

    def _is_known(self, check: Check) -> bool:
        """Tell whether the deviations file lists a check as one that fails."""
        return self._deviations.expects_failure(check.id, datetime.now(UTC).date())

    def _tell(self, check: Check) -> list[Told]:
        aside = self._aside.take(check)
        if aside is not None:
            return [aside]
        told: list[Told] = []
        context, attempts = self._ways(check)
        for number in range(1, attempts + 1):
            last = tell_now(check, context, number=number)
            if last.attempt.finding is not None and last.trouble and self._is_gone():
                # What could not be put back is no fault of the suite when the target has died.
                last = replace(last, trouble="")
            told.append(last)
            if last.attempt.finding is None or last.trouble or last.not_tested:
                # Passed at once; or passed now and not before, which two more would not mend.
                if len(told) == 1 or last.trouble or last.not_tested:
                    break
                continue
            if not self._recover():
                break
        return told

    def _ways(self, check: Check) -> tuple[Context, int]:
        """Return what a check is told with, and how often at most if it fails."""
        context = self._context
        if not self._is_known(check):
            return context, self.options.attempts
        # An expected failure is not told three times, nor waited for as long.
        trips = context.round_trips.in_a_hurry(KNOWN_PATIENCE)
        return replace(context, round_trips=trips), 1

    def _search(self, check: Check) -> list[Told]:
        context, attempts = self._ways(check)
        workshop = Workshop(check, context, attempts=attempts, recover=self._recover)
        check.story(workshop)
        notes = tuple(workshop.notes)
        if workshop.saved is not None:
            self._saved[check.id] = workshop.saved
        if not workshop.attempts:
            return [
                Told(
                    Attempt(1, 0.0, None, ()),
                    trouble=workshop.trouble,
                    not_tested=workshop.not_tested,
                    notes=notes,
                )
            ]
        self._recover()
        return [
            Told(attempt, trouble=workshop.trouble, notes=notes) for attempt in workshop.attempts
        ]

    def _is_gone(self) -> bool:
        process = self._context.process
        # One that has just been killed may take a moment to end.
        return (process is not None and process.ends_within(_DEATH)) or bool(self._absence())

    def _absence(self) -> str:
        """Look whether the target can be reached; return what is wrong, or an empty text."""
        # A target that gets up again is slow, and that says nothing of its round trips.
        context = replace(self._context, round_trips=RoundTrips(self._context.round_trips.patience))
        role = next(iter(context.cast()), None)

        async def is_there(stage: Stage) -> None:
            if role is None:
                await stage.handshake()
            else:
                await stage.actor(role)

        told = tell_now(_LOOK, context, story=is_there)
        finding = told.attempt.finding
        return finding.summary if finding else told.not_tested

    def _recover(self) -> bool:
        """See that the target is there after a failure; start it again if the suite may."""
        context = self._context
        until = time.monotonic() + RECOVERY
        process = context.process
        if process is not None and not process.runs:
            try:
                context.sessions.forget()
                self._start()
            except StoryEnded as exc:
                self.trouble = context.redactor.clean(str(exc))
                return False
        while absence := self._absence():
            if time.monotonic() > until:
                break
            trio.run(pause, _LOOKS_AGAIN_AFTER)
        else:
            return True
        self.trouble = (
            f"the target did not come back within {RECOVERY:.0f} s after a story ({absence}); "
            "start it again and repeat that check alone, or give the suite a [start] command"
        )
        return False

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
        self.results.append(result)
        self._emit(result)
        return result

    def _repeat(self, check: Check) -> str:
        if saved := self._saved.get(check.id):
            return shlex.join(["multichat", "conformance", "replay", str(saved), *self._asked_as])
        words = ["multichat", "conformance", "run", *self._asked_as, "--only", check.id]
        if check.group is Group.LOAD:
            words += ["--group", check.group]
        if check.search:
            words += ["--seed", str(self.options.seed)]
        return shlex.join(words)


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
    if len(findings) < len(told):
        return Outcome.UNSTABLE, findings[0].summary
    kinds: Mapping[str, Outcome] = {"MUST": Outcome.FAIL, "SHOULD": Outcome.WARN}
    return kinds.get(check.level, Outcome.OBSERVED), findings[0].summary


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
