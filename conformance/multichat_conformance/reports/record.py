"""What a run has said so far: the events, kept for reports that are written at its end."""

from collections import Counter
from collections.abc import Iterator, Mapping

from multichat_conformance.events import (
    CheckFinished,
    CheckStarted,
    Event,
    RunFinished,
    RunStarted,
    TargetReady,
)
from multichat_conformance.outcomes import ExitCode, Outcome, Verdict, verdict
from multichat_conformance.reports import words

__all__ = ["CARDS", "Record"]

CARDS = (Outcome.FAIL, Outcome.UNSTABLE, Outcome.UNEXPECTED_PASS, Outcome.HARNESS_ERROR)
"""The outcomes that every report shows a failure card for, the worst first."""


class Record:
    """
    The events of a run, sorted.

    Attributes:
        started: How the run began; None: it did not.
        ready: How the target answered; None: it did not, or not yet.
        running: Checks that have begun and not ended, by id.
        checks: Checks that have ended.
        finished: How the run ended; None: it did not.

    """

    def __init__(self) -> None:
        self.started: RunStarted | None = None
        self.ready: TargetReady | None = None
        self.running: dict[str, CheckStarted] = {}
        self.checks: list[CheckFinished] = []
        self.finished: RunFinished | None = None

    def event(self, event: Event) -> None:
        """Take the next event."""
        match event:
            case RunStarted():
                self.started = event
            case TargetReady():
                self.ready = event
            case CheckStarted():
                self.running[event.id] = event
            case CheckFinished():
                self.running.pop(event.id, None)
                self.checks.append(event)
            case RunFinished():
                self.finished = event

    @property
    def broken_off(self) -> bool:
        """Whether the run did not come to its end."""
        return self.finished is None or self.finished.interrupted

    @property
    def given_up(self) -> bool:
        """Whether the run itself saw that it could not go on, and nobody interrupted it."""
        return (
            self.finished is not None
            and self.finished.interrupted
            and self.finished.exit_code != ExitCode.INTERRUPTED
        )

    @property
    def progress(self) -> str:
        """How far a run came that did not come to its end, in words."""
        whole = words.checks(self.planned)
        if not self.given_up:
            return f"{len(self.checks)} of {whole} had ended"
        # All others were closed then, without a try.
        told = sum(bool(c.attempts) or c.outcome is not Outcome.NOT_TESTED for c in self.checks)
        return f"{told} of {whole} had ended" if told else f"none of {whole} had begun"

    @property
    def planned(self) -> int:
        """How many checks the run was to have."""
        return max(self.started.planned if self.started else 0, len(self.checks))

    @property
    def sentence(self) -> str:
        """The verdict in one sentence, with what to do next."""
        return self.finished.sentence if self.finished else words.BROKEN_OFF

    def areas(self) -> dict[str, list[CheckFinished]]:
        """Return the checks that ended by area, both in the order in which they came."""
        found: dict[str, list[CheckFinished]] = {}
        for check in self.checks:
            found.setdefault(check.area, []).append(check)
        return found

    def of(self, *outcomes: Outcome) -> list[CheckFinished]:
        """Return the checks with some outcomes, in the order of the outcomes given."""
        return [check for wanted in outcomes for check in self.checks if check.outcome is wanted]

    def counts(self, profile: str | None = None) -> Mapping[str, int]:
        """Count the checks of a profile by outcome; None: of both."""
        return Counter(
            check.outcome.value for check in self.checks if profile in (None, check.profile)
        )

    def verdicts(self) -> Iterator[tuple[str, Verdict]]:
        """Yield the profiles with the verdict on each; of a run without an end: a part's."""
        for profile in ("core", "hardened"):
            if self.finished:
                yield profile, Verdict(getattr(self.finished, profile))
            else:
                outcomes = [check.outcome for check in self.checks if check.profile == profile]
                level = self.started.level if self.started else "hardened"
                yield profile, verdict(outcomes, whole=False, asked=level in (profile, "hardened"))
