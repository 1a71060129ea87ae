"""
The failure card: all that a person needs to understand one failure, and to repeat it.

It is made once, here, as plain data, and shown alike by the console, pytest, JUnit, HTML and
Markdown, so that a failure on a build server reads like the one at one's own desk. Its texts
are as they were sent: whoever shows a card escapes them.
"""

import difflib
import functools
import json
from dataclasses import dataclass
from typing import Literal

import multichat_spec
from multichat_conformance.events import Attempt, CheckFinished, Finding, Line
from multichat_conformance.outcomes import ABOUT, Outcome

__all__ = ["Card", "Clause", "Step", "card_of", "difference", "gaps", "steps_of"]

_LARGEST_DIFF = 20_000
"""Characters of a frame beyond which a diff by line says nothing that a person would read."""


@dataclass(frozen=True, slots=True)
class Clause:
    """A clause with its whole text; of an unknown one the text says that."""

    id: str
    section: str
    profile: str
    text: str


@dataclass(frozen=True, slots=True)
class Step:
    """A line of the frame chart. ``guilty`` is the frame that the finding is about."""

    line: Line
    guilty: bool


@dataclass(frozen=True, slots=True)
class Card:
    """
    One failure.

    Attributes:
        id: The check's id.
        title: What it checks.
        outcome: What came of it.
        label: How many attempts failed, ``3/3`` or ``1/3``; empty if there was none.
        clauses: What it checks; the clause that was broken first.
        summary: One sentence: who, what and where.
        expected: What the clause asks for here.
        got: What came instead.
        difference: The diff of both by line, a mark (``-`` is only expected, ``+`` only came)
            with a text each; empty unless both are JSON objects.
        actor: At whom it was seen; empty for nobody.
        fault: Whose mistake it is, or what the outcome means.
        cause: The likely cause; empty if the check names none.
        reason: The reason that a deviations file gives.
        link: Its link.
        attempt: The number of the attempt that is shown.
        actors: Who took part in it, in the order of appearance.
        steps: Its frame chart.
        notes: What the story wants known.
        repeat: The command that repeats just this check.
        explain: The command that explains it.

    """

    id: str
    title: str
    outcome: Outcome
    label: str
    clauses: tuple[Clause, ...]
    summary: str
    expected: str
    got: str
    difference: tuple[tuple[Literal[" ", "-", "+"], str], ...]
    actor: str
    fault: str
    cause: str
    reason: str
    link: str
    attempt: int
    actors: tuple[str, ...]
    steps: tuple[Step, ...]
    notes: tuple[str, ...]
    repeat: str
    explain: str


def card_of(check: CheckFinished) -> Card:
    """Return the card of a check; of one without a finding it has no expected and got."""
    finding = check.finding
    failed, of = check.failed_of
    attempt = next((each for each in check.attempts if each.finding), None)
    if attempt is None and check.attempts:
        attempt = check.attempts[0]
    ids = list(check.clauses)
    if finding and finding.clause:
        ids = [finding.clause, *(each for each in ids if each != finding.clause)]
    listed = check.outcome in (Outcome.EXPECTED_FAILURE, Outcome.UNEXPECTED_PASS)
    return Card(
        id=check.id,
        title=check.title,
        outcome=check.outcome,
        label=f"{failed}/{of}" if of and failed else "",
        clauses=tuple(map(_clause, ids)),
        summary=finding.summary if finding else ("" if listed else check.reason),
        expected=finding.expected if finding else "",
        got=finding.got if finding else "",
        difference=difference(finding.expected, finding.got) if finding else (),
        actor=finding.actor if finding else "",
        fault=_fault(check, finding),
        cause=check.cause if finding and finding.side == "server" else "",
        reason=check.reason if listed or check.link else "",
        link=check.link,
        attempt=attempt.number if attempt else 0,
        actors=_actors(attempt),
        steps=steps_of(attempt),
        notes=check.notes,
        repeat=check.repeat,
        explain=f"multichat conformance explain {check.id}",
    )


def steps_of(attempt: Attempt | None) -> tuple[Step, ...]:
    """Return the frame chart of an attempt, with the guilty frame marked if there is one."""
    if attempt is None:
        return ()
    guilty = _guilty(attempt.transcript, attempt.finding) if attempt.finding else None
    return tuple(Step(line, n == guilty) for n, line in enumerate(attempt.transcript))


def difference(expected: str, got: str) -> tuple[tuple[Literal[" ", "-", "+"], str], ...]:
    """
    Compare two JSON objects by line.

    Returns nothing if one of them is none, if one is too large, or if they say the same in
    different characters, which only the texts themselves can show.
    """
    left, right = _pretty(expected), _pretty(got)
    if left is None or right is None or left == right:
        return ()
    found: list[tuple[Literal[" ", "-", "+"], str]] = []
    for line in difflib.ndiff(left, right):
        match line[:1]:
            case "-":
                found.append(("-", line[2:]))
            case "+":
                found.append(("+", line[2:]))
            case " ":
                found.append((" ", line[2:]))
    return tuple(found)


def gaps(steps: tuple[Step, ...], most: int) -> list[Step | int]:
    """
    Cut a long chart in its middle: return what stays, and for each gap its number of lines.

    The beginning, the end and the surroundings of the guilty frame stay, ``most`` lines with
    those of the gaps, and of lines that are all alike the first.
    """
    if len(steps) <= most:
        return list(steps)
    telling = [
        n for n, step in enumerate(steps) if n == 0 or step.guilty or not _alike(step, steps[n - 1])
    ]
    end = len(telling) - 1
    guilty = next((place for place, n in enumerate(telling) if steps[n].guilty), end)
    # Lines by how much they tell: next to the guilty frame, then the end, then the beginning.
    worth = sorted(
        range(len(telling)),
        key=lambda place: min(abs(place - guilty) * 1.0, (end - place) * 1.5, place * 2.0),
    )
    for number in range(most, 1, -1):
        found = _shown(steps, {telling[place] for place in worth[:number]})
        if len(found) <= most:
            return found
    return _shown(steps, {telling[worth[0]]})


def _alike(step: Step, other: Step) -> bool:
    one, two = step.line, other.line
    return (one.actor, one.direction, one.kind, one.text) == (
        two.actor,
        two.direction,
        two.kind,
        two.text,
    )


def _shown(steps: tuple[Step, ...], kept: set[int]) -> list[Step | int]:
    found: list[Step | int] = []
    for n, step in enumerate(steps):
        if n in kept:
            found.append(step)
        elif found and isinstance(found[-1], int):
            found[-1] += 1
        else:
            found.append(1)
    return found


def _fault(check: CheckFinished, finding: Finding | None) -> str:
    if finding is None or check.outcome is Outcome.UNSTABLE:
        return ABOUT[check.outcome]
    if finding.side == "suite" or check.outcome is Outcome.HARNESS_ERROR:
        return ABOUT[Outcome.HARNESS_ERROR]
    where = f", seen at {finding.actor}" if finding.actor else ""
    return f"the server's mistake{where}"


def _actors(attempt: Attempt | None) -> tuple[str, ...]:
    lines = attempt.transcript if attempt else ()
    return tuple(dict.fromkeys(line.actor for line in lines if line.actor))


def _guilty(transcript: tuple[Line, ...], finding: Finding) -> int | None:
    """Find the frame that a finding quotes: the last one that reads just so, at that actor."""
    if not finding.got:
        return None
    came = [
        (n, line)
        for n, line in enumerate(transcript)
        if line.direction == "received" and finding.actor in ("", line.actor)
    ]
    for n, line in reversed(came):
        if line.text == finding.got:
            return n
    for n, line in reversed(came):
        if line.text and line.text in finding.got:
            return n
    return None


@functools.cache
def _clause(name: str) -> Clause:
    try:
        found = multichat_spec.requirement(name)
    except multichat_spec.UnknownName:
        return Clause(name, "", "", "the specification at hand has no such clause")
    return Clause(
        found.id, f"{found.section.number} {found.section.title}", found.profile, found.text
    )


def _pretty(text: str) -> list[str] | None:
    if len(text) > _LARGEST_DIFF or not text.lstrip().startswith("{"):
        return None
    try:
        value = json.loads(text)
        # Members in one order: that they differ in their order is no difference.
        return json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False).split("\n")
    except (ValueError, RecursionError):
        return None
