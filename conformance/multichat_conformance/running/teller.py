"""
Tells a check's story as often as it takes, on a target that may die of it.

A failure is told until there are three attempts, so that it can be said how often it happens.
In between the target must be there again: the suite waits for it, or starts it if it may.
"""

import time
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Final

import trio

from multichat_conformance.catalogue import Check, Group, Needs
from multichat_conformance.context import Context
from multichat_conformance.deviations import Deviations
from multichat_conformance.events import Attempt
from multichat_conformance.findings import HarnessError, NotTested, StoryEnded
from multichat_conformance.running.aside import Aside
from multichat_conformance.running.preflight import look
from multichat_conformance.running.telling import Told, tell_now
from multichat_conformance.running.workshop import Workshop
from multichat_conformance.stage import Stage
from multichat_conformance.target.hooks import pull
from multichat_conformance.timing import RoundTrips, pause

__all__ = ["LOOK", "Teller"]

RECOVERY: Final = 15.0
"""Seconds that a target may take to be there again after a story that has hurt it."""

_DEATH: Final = 1.0
"""Seconds that the process of a target is given to end when all signs are that it does."""

_LOOKS_AGAIN_AFTER: Final = 0.1
"""Seconds from one look whether a target is there again to the next."""

KNOWN_PATIENCE: Final = 1.0
"""Seconds that are waited, at least, for what a target is known not to do."""

REPEATED_PATIENCE: Final = 2.0
"""Seconds that are waited, at least, for what did not come the first time."""

_OFTEN: Final = 5
"""Checks that have waited in vain after which all others are less patient, too."""

LOOK: Final = Check(
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
"""In whose name the target is looked at; it is in no catalogue."""


class Teller:
    """
    Tells stories, again where need be.

    Args:
        context: What is known of the run.
        deviations: What the target is known to do wrong.
        attempts: How often the story of a failure is told.

    Attributes:
        aside: The stories that almost only wait, told beside the others.
        saved: Files of stories that searches have found, by check.
        trouble: Why no more can be told; empty if it can.

    """

    def __init__(self, context: Context, deviations: Deviations, attempts: int) -> None:
        self.aside = Aside(context)
        self.saved: dict[str, Path] = {}
        self.trouble = ""
        self._context = context
        self._deviations = deviations
        self._attempts = attempts
        self._in_vain = 0

    def is_known(self, check: Check) -> bool:
        """Tell whether the deviations file lists a check as one that fails."""
        return self._deviations.expects_failure(check.id, datetime.now(UTC).date())

    def tell(self, check: Check) -> list[Told]:
        """Tell a check's story, or have it search, until it is known what comes of it."""
        if self._context.owed and (reason := trio.run(self._settle_debts)):
            self.trouble = self._context.redactor.clean(
                f"a hook cannot put back what a story has changed: {reason}"
            )
            return [Told(Attempt(1, 0.0, None, ()), not_tested=self.trouble)]
        return self._search(check) if check.search else self._tell(check)

    async def _settle_debts(self) -> str:
        """Try again to put back what could not be; return what is wrong, or an empty text."""
        context = self._context
        while context.owed:
            name, arguments = context.owed[0]
            try:
                await pull(context.target, context.redactor, name, arguments)
            except (HarnessError, NotTested) as exc:
                return str(exc)
            context.owed.pop(0)
            context.changed = time.monotonic()
        return ""

    def start(self) -> None:
        """
        Start the target, if that is for the suite to do.

        Raises:
            NotTested: It does not start.

        """
        process = self._context.process
        if process is not None:
            self._context.reach(process.start())

    def _tell(self, check: Check) -> list[Told]:
        beside = self.aside.take(check)
        if beside is not None:
            return [beside]
        told: list[Told] = []
        trips, attempts = self._ways(check)
        for number in range(1, attempts + 1):
            if number > 1 or self._in_vain >= _OFTEN:
                # What was waited for with all patience once need not be again and again.
                trips = trips.in_a_hurry(REPEATED_PATIENCE)
            last = tell_now(check, self._context, number=number, round_trips=trips)
            self._in_vain += number == 1 and last.hopeless
            if last.attempt.finding is not None and last.trouble and self._is_gone():
                # What could not be put back is no fault of the suite when the target has died.
                last = replace(last, trouble="")
                if self._context.process is not None:
                    # It begins anew, without what it was changed to.
                    self._context.owed.clear()
            told.append(last)
            if last.attempt.finding is None or last.trouble or last.not_tested:
                # Passed at once; or passed now and not before, which two more would not mend.
                if len(told) == 1 or last.trouble or last.not_tested:
                    break
                continue
            if not self._recover(check):
                break
        return told

    def _ways(self, check: Check) -> tuple[RoundTrips, int]:
        """Return what the waits for a check are made of, and how often it is told if it fails."""
        trips = self._context.round_trips
        if not self.is_known(check):
            return trips, self._attempts
        # An expected failure is not told three times, nor waited for as long.
        return trips.in_a_hurry(KNOWN_PATIENCE), 1

    def _search(self, check: Check) -> list[Told]:
        trips, attempts = self._ways(check)
        workshop = Workshop(
            check,
            self._context,
            attempts=attempts,
            round_trips=trips,
            recover=partial(self._recover, check),
        )
        check.story(workshop)
        notes = tuple(workshop.notes)
        if workshop.saved is not None:
            self.saved[check.id] = workshop.saved
        if not workshop.attempts:
            return [
                Told(
                    Attempt(1, 0.0, None, ()),
                    trouble=workshop.trouble,
                    not_tested=workshop.not_tested,
                    notes=notes,
                )
            ]
        self._recover(check)
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
        context = self._context
        apart = RoundTrips(context.round_trips.patience).in_a_hurry(REPEATED_PATIENCE)
        role = next(iter(context.cast()), None)

        async def is_there(stage: Stage) -> None:
            if role is None:
                await stage.handshake()
            else:
                await stage.actor(role)

        told = tell_now(LOOK, context, story=is_there, round_trips=apart)
        finding = told.attempt.finding
        # One that speaks badly is there all the same.
        if finding is not None and (told.gone or told.hopeless):
            return finding.summary
        return told.not_tested

    def _recover(self, check: Check) -> bool:
        """See that the target is there after a failure; start it again if the suite may."""
        context = self._context
        until = time.monotonic() + RECOVERY
        while True:
            try:
                self._start_if_ended()
            except StoryEnded as exc:
                absence = context.redactor.clean(str(exc))
                break
            if not (absence := self._absence()):
                return True
            if time.monotonic() > until:
                break
            trio.run(pause, _LOOKS_AGAIN_AFTER)
        context.gone = True
        remedy = "start it again" if context.process is None else "see why"
        self.trouble = (
            f"the target did not come back within {RECOVERY:.0f} s after the story of {check.id} "
            f"({absence}); {remedy}, and repeat that check alone"
        )
        return False

    def _start_if_ended(self) -> None:
        process = self._context.process
        if process is not None and not process.runs:
            self._context.sessions.forget()
            self.start()
