"""
The event stream of a run: all that reports are made from.

The runner emits these in order: one :class:`RunStarted`, one :class:`TargetReady` (or none,
if the target cannot be used), for each check a :class:`CheckStarted` and a
:class:`CheckFinished`, one :class:`RunFinished`. A run that is interrupted ends with
:class:`RunFinished` all the same. Every text in them is free of secrets; it may hold anything
else that the target has sent, so whoever shows it escapes it for where it is shown.

:func:`to_json` gives the form that the JSON Lines report writes, which
``reports/events.schema.json`` describes.
"""

import dataclasses
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from multichat_conformance.outcomes import Outcome, Verdict

__all__ = [
    "Attempt",
    "CheckFinished",
    "CheckStarted",
    "Event",
    "Finding",
    "LeftOut",
    "Line",
    "RunFinished",
    "RunStarted",
    "TargetReady",
    "to_json",
]


@dataclass(frozen=True, slots=True)
class Line:
    """
    One line of a transcript: what an actor sent, received or went through.

    Attributes:
        at_ms: Milliseconds since the attempt began.
        actor: Who; empty for the suite itself (hooks, notes).
        direction: ``sent`` and ``received`` are traffic, ``note`` says what happened.
        kind: ``text``, ``binary``, ``ping``, ``pong``, ``close``, ``bytes``, ``handshake``,
            ``end``, ``hook`` or ``note``.
        text: The frame's text as it was on the wire, or words; cut after some thousand
            characters with a mark that says so.

    """

    at_ms: float
    actor: str
    direction: Literal["sent", "received", "note"]
    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class Finding:
    """
    What was wrong in one attempt.

    Attributes:
        clause: The clause that was broken; empty if the suite itself went wrong.
        summary: One sentence with who, what and where.
        expected: What the clause asks for here, in words or as a frame.
        got: What came instead.
        actor: At whom it was seen.
        side: Whose mistake it is.

    """

    clause: str
    summary: str
    expected: str
    got: str
    actor: str = ""
    side: Literal["server", "suite"] = "server"


@dataclass(frozen=True, slots=True)
class Attempt:
    """One telling of a check's story."""

    number: int
    duration_ms: float
    finding: Finding | None
    transcript: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class RunStarted:
    """
    A run begins.

    Attributes:
        time: When, as RFC 3339 in UTC.
        suite: Version of the suite.
        spec: Version of the specification, such as ``v1``.
        spec_sha256: Its fingerprint, as ``spec/v1.sha256`` has it.
        target: The target's name.
        url: Where it is.
        seed: What made the random choices of this run.
        level: ``hardened`` judges both profiles, ``core`` that one alone.
        depth: How much model-based testing: ``none``, ``quick`` or ``deep``.
        groups: The groups of checks that may run.
        filters: What narrowed the run; empty for a whole one.
        planned: How many checks the run consists of.

    """

    time: str
    suite: str
    spec: str
    spec_sha256: str
    target: str
    url: str
    seed: int
    level: Literal["core", "hardened"]
    depth: str
    groups: tuple[str, ...]
    filters: tuple[str, ...]
    planned: int


@dataclass(frozen=True, slots=True)
class TargetReady:
    """
    The target answers, and was measured.

    Attributes:
        round_trip_ms: Median of the measured round trips.
        slowest_ms: The longest of them.
        patience_ms: How long the suite waits for what must come.
        fence: How absence is shown: ``order`` by a later message that must arrive, ``quiet``
            where the target does not keep order: by a window in which nothing comes.
        quiet_ms: That window; 0 with ``order``.
        warm_ups: How often a first command was answered USER_HAS_TO_LOGIN and sent again.
        notes: What else a reader of the results should know, a sentence each.

    """

    round_trip_ms: float
    slowest_ms: float
    patience_ms: float
    fence: Literal["order", "quiet"]
    quiet_ms: float
    warm_ups: int
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CheckStarted:
    """A check begins."""

    id: str
    title: str
    area: str


@dataclass(frozen=True, slots=True)
class CheckFinished:
    """
    What came of a check.

    Attributes:
        id: The permanent id, ``area.what-is-checked``.
        title: What is checked, one sentence.
        area: The module it lives in; reports group by it.
        profile: ``core`` or ``hardened``.
        level: The key word of its clauses: ``MUST``, ``SHOULD`` or ``MAY``.
        group: ``safe``, ``intrusive``, ``lifecycle`` or ``load``.
        clauses: The clauses it checks, the most important one first.
        outcome: What came of it.
        reason: One sentence: why it was not tested or does not apply, the reason of a
            deviation, what was observed; of a failure its summary. Empty for a pass.
        cause: The likely cause of a failure, written by who wrote the check.
        link: The deviation's link; empty if there is none.
        duration_ms: Of all attempts.
        attempts: Each telling of the story; empty if it was not told.
        notes: What the story wants known even when it passes, a sentence each.
        repeat: The command line that repeats just this check.

    """

    id: str
    title: str
    area: str
    profile: Literal["core", "hardened"]
    level: Literal["MUST", "SHOULD", "MAY"]
    group: str
    clauses: tuple[str, ...]
    outcome: Outcome
    reason: str
    cause: str
    link: str
    duration_ms: float
    attempts: tuple[Attempt, ...]
    notes: tuple[str, ...]
    repeat: str

    @property
    def finding(self) -> Finding | None:
        """The first thing that was wrong, if any."""
        return next((attempt.finding for attempt in self.attempts if attempt.finding), None)

    @property
    def failed_of(self) -> tuple[int, int]:
        """How many attempts failed, and how many there were: 3 of 3, 1 of 3."""
        return sum(attempt.finding is not None for attempt in self.attempts), len(self.attempts)


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Something that a whole run would have, and how to get it."""

    what: str
    checks: tuple[str, ...]
    remedy: str


@dataclass(frozen=True, slots=True)
class RunFinished:
    """
    The end of a run.

    Attributes:
        duration_ms: Of the whole run.
        core: The verdict on the profile core.
        hardened: The verdict on the profile hardened.
        counts: Number of checks for each outcome that occurred, for ``core`` and ``hardened``.
        clauses_failed: Every clause that a failure of this run was about.
        left_out: What was not tested, by what is missing.
        deviations: What is wrong with the deviations file, a sentence each (stale, unmatched
            or expired entries); any of them makes the run fail.
        interrupted: Whether the run was ended from outside or given up.
        exit_code: The exit code.
        sentence: The verdict in one sentence, with what to do next.

    """

    duration_ms: float
    core: Verdict
    hardened: Verdict
    counts: dict[str, dict[str, int]]
    clauses_failed: tuple[str, ...]
    left_out: tuple[LeftOut, ...]
    deviations: tuple[str, ...]
    interrupted: bool
    exit_code: int
    sentence: str


Event: TypeAlias = RunStarted | TargetReady | CheckStarted | CheckFinished | RunFinished

_NAMES = {
    RunStarted: "run_started",
    TargetReady: "target_ready",
    CheckStarted: "check_started",
    CheckFinished: "check_finished",
    RunFinished: "run_finished",
}


def to_json(event: Event) -> dict[str, Any]:
    """Return an event as a JSON object: its name as ``event``, then its fields."""
    return {"event": _NAMES[type(event)], **dataclasses.asdict(event)}
