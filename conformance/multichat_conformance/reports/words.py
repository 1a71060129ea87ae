"""The words and signs that all reports use for outcomes, verdicts and exit codes."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from multichat_conformance.events import LeftOut, RunStarted, TargetReady
from multichat_conformance.outcomes import ExitCode, Outcome
from multichat_conformance.reports.escape import visible

__all__ = [
    "ASCII",
    "BROKEN_OFF",
    "COUNTED",
    "EXIT_CODES",
    "UNICODE",
    "Signs",
    "checks",
    "counted",
    "duration",
    "fence",
    "left_out",
    "link",
    "place",
    "scope",
    "signs_for",
    "warm_ups",
]

COUNTED: Final[Mapping[Outcome, str]] = {
    Outcome.PASS: "passed",
    Outcome.FAIL: "failed",
    Outcome.UNSTABLE: "unstable",
    Outcome.UNEXPECTED_PASS: "passed unexpectedly",
    Outcome.EXPECTED_FAILURE: "failed as expected",
    Outcome.WARN: "warned",
    Outcome.HARNESS_ERROR: "stopped by a harness error",
    Outcome.NOT_TESTED: "not tested",
    Outcome.NOT_APPLICABLE: "not applicable",
    Outcome.OBSERVED: "observed",
}
"""The word for checks of an outcome behind their number, in the order of a summary."""

EXIT_CODES: Final[Mapping[int, str]] = {
    ExitCode.CONFORMANT: "everything asked for was checked, and nothing failed but what the "
    "deviations file lists",
    ExitCode.NOT_CONFORMANT: "the target broke the specification, or its deviations file is out "
    "of date",
    ExitCode.USAGE: "the command, the target file or the deviations file is wrong",
    ExitCode.INCOMPLETE: "nothing unexpected failed, but not everything was tested",
    ExitCode.HARNESS: "the suite or the target's surroundings went wrong; the target is not judged",
    ExitCode.INTERRUPTED: "the run was interrupted",
}
"""What each exit code says."""

BROKEN_OFF: Final = "The run was broken off before its end; what is missing was not judged."


@dataclass(frozen=True, slots=True)
class Signs:
    """
    The characters that a report in plain text draws with.

    Attributes:
        outcomes: One character for each outcome.
        branch: Before a leaf that others follow.
        last: Before the last leaf.
        stem: Before what belongs to a leaf that others follow.
        sent: From the actor to the server.
        received: From the server to the actor.
        note: Neither.
        guilty: Before the frame that was wrong.
        cut: Where text is missing.
        dot: Between two facts.
        rule: What a line is drawn with.
        full: The done part of a bar.
        empty: The rest of it.
        encoding: What the text will be written in.

    """

    outcomes: Mapping[Outcome, str]
    branch: str
    last: str
    stem: str
    sent: str
    received: str
    note: str
    guilty: str
    cut: str
    dot: str
    rule: str
    full: str
    empty: str
    encoding: str = "utf-8"

    def show(self, text: str) -> str:
        """Return a text on one line, visible, in characters that the encoding has."""
        return visible(text).encode(self.encoding, "backslashreplace").decode(self.encoding)


UNICODE: Final = Signs(
    outcomes={
        Outcome.PASS: "✔",
        Outcome.FAIL: "✘",
        Outcome.WARN: "!",
        Outcome.OBSERVED: "○",
        Outcome.NOT_APPLICABLE: "–",
        Outcome.NOT_TESTED: "?",
        Outcome.EXPECTED_FAILURE: "✗",
        Outcome.UNEXPECTED_PASS: "↑",
        Outcome.UNSTABLE: "±",
        Outcome.HARNESS_ERROR: "⊘",
    },
    branch="├─ ",
    last="└─ ",
    stem="│  ",
    sent="→",
    received="←",
    note="·",
    guilty="▶",
    cut="…",
    dot="·",
    rule="─",
    full="━",
    empty="─",
)
"""For terminals and files of our time."""

ASCII: Final = Signs(
    outcomes={
        Outcome.PASS: "+",
        Outcome.FAIL: "x",
        Outcome.WARN: "!",
        Outcome.OBSERVED: "o",
        Outcome.NOT_APPLICABLE: "-",
        Outcome.NOT_TESTED: "?",
        Outcome.EXPECTED_FAILURE: "~",
        Outcome.UNEXPECTED_PASS: "^",
        Outcome.UNSTABLE: "%",
        Outcome.HARNESS_ERROR: "E",
    },
    branch="|- ",
    last="`- ",
    stem="|  ",
    sent=">",
    received="<",
    note=".",
    guilty="*",
    cut="...",
    dot="-",
    rule="-",
    full="#",
    empty=".",
    encoding="ascii",
)
"""For where nothing else can be written."""


def signs_for(encoding: str | None) -> Signs:
    """Return :data:`UNICODE` where an encoding can write all of it, else :data:`ASCII`."""
    drawn = [getattr(UNICODE, name) for name in Signs.__slots__ if name != "outcomes"]
    try:
        "".join([*drawn, *UNICODE.outcomes.values()]).encode(encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return ASCII
    return UNICODE


def counted(counts: Mapping[str, int]) -> str:
    """Return counts of outcomes as words: ``12 passed, 1 failed``; nothing for nothing."""
    parts = [f"{counts[each]} {word}" for each, word in COUNTED.items() if counts.get(each)]
    return ", ".join(parts)


def left_out(left: LeftOut) -> str:
    """Say what was left out, how much of the run that is, and how to get it."""
    said = f"{left.what}: {left.remedy}" if left.remedy else left.what
    return f"{checks(len(left.checks))}: {said}" if left.checks else said


def place(started: RunStarted) -> str:
    """Name the target and where it is; once, if it has no name but its address."""
    if started.target in ("", started.url):
        return started.url
    return f"{started.target} at {started.url}"


def checks(number: int) -> str:
    """Return ``1 check``, ``2 checks``."""
    return f"{number} check" if number == 1 else f"{number} checks"


def duration(milliseconds: float) -> str:
    """Return a duration in the unit that suits it: ``<0.1 ms``, ``12 ms``, ``4.2 s``, ``3 min``."""
    if milliseconds < 0.05:
        return "<0.1 ms"
    if milliseconds < 9.95:
        return f"{milliseconds:.1f} ms"
    if milliseconds < 999.5:
        return f"{milliseconds:.0f} ms"
    if milliseconds < 99_950:
        return f"{milliseconds / 1000:.1f} s"
    return f"{milliseconds / 60_000:.0f} min"


def scope(started: RunStarted) -> str:
    """Say in words what a run covers."""
    profiles = "core and hardened" if started.level == "hardened" else "core"
    depth = "no model-based run" if started.depth == "none" else f"model-based run {started.depth}"
    return f"{profiles}; groups {', '.join(started.groups) or 'none'}; {depth}"


def link(ready: TargetReady) -> str:
    """Say in words what was measured."""
    return (
        f"round trip {duration(ready.round_trip_ms)}, slowest {duration(ready.slowest_ms)}; "
        f"what must come has {duration(ready.patience_ms)}"
    )


def fence(ready: TargetReady) -> str:
    """Say in words how the suite shows that something does not come."""
    if ready.fence == "order":
        return "by order: a later message that must arrive shows that nothing came before it"
    return (
        f"by quiet: the target was not seen to keep order, so {duration(ready.quiet_ms)} in which "
        "nothing comes must do, which is weaker"
    )


def warm_ups(ready: TargetReady) -> str:
    """Say in words how connections were warmed up; empty if that was not needed."""
    if not ready.warm_ups:
        return ""
    times = "once" if ready.warm_ups == 1 else f"{ready.warm_ups} times"
    return f"{times} a first command was answered USER_HAS_TO_LOGIN and sent again (MC1-CLIENT-11)"
