"""
The report for build servers: JUnit XML.

JUnit knows passed, failed, in error and skipped. A failure of the target is a ``failure``, one of
the suite an ``error``; what could not be tested, does not apply or is expected to fail is
``skipped`` with a message that begins with which of these it is, and each check that was not
tested is a property of its suite as well, because many servers do not show why a test was
skipped. The transcripts are in ``system-out``.
"""

import xml.etree.ElementTree as ET
from collections.abc import Iterable
from typing import TextIO

from multichat_conformance.events import CheckFinished, Event
from multichat_conformance.outcomes import ExitCode, Outcome
from multichat_conformance.reports import words
from multichat_conformance.reports.card import Card, card_of, steps_of
from multichat_conformance.reports.card_text import card_text, transcript_rows
from multichat_conformance.reports.escape import visible
from multichat_conformance.reports.record import Record

__all__ = ["JUnitReport"]

_WIDTH = 120

_SKIPPED = {
    Outcome.NOT_TESTED: "not tested",
    Outcome.NOT_APPLICABLE: "not applicable",
    Outcome.EXPECTED_FAILURE: "expected failure",
}
"""How the message of a skipped test begins."""

_FAILED = (Outcome.FAIL, Outcome.UNSTABLE, Outcome.UNEXPECTED_PASS)


class JUnitReport:
    """Writes JUnit XML when it is closed: one suite an area, one test case a check."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._record = Record()
        self._closed = False

    def event(self, event: Event) -> None:
        """Take the next event."""
        self._record.event(event)

    def close(self) -> None:
        """Write the file, once."""
        if self._closed:
            return
        self._closed = True
        root = self._tree()
        ET.indent(root)
        self._stream.write('<?xml version="1.0" encoding="UTF-8"?>\n')
        self._stream.write(ET.tostring(root, encoding="unicode"))
        self._stream.write("\n")

    def _tree(self) -> ET.Element:
        suites = [self._area(area, found) for area, found in self._record.areas().items()]
        suites += self._whole_run()
        root = ET.Element("testsuites", name="multichat conformance")
        root.set("time", _seconds(sum(check.duration_ms for check in self._record.checks)))
        for name in ("tests", "failures", "errors"):
            root.set(name, str(sum(int(suite.get(name, "0")) for suite in suites)))
        root.extend(suites)
        return root

    def _area(self, area: str, found: list[CheckFinished]) -> ET.Element:
        properties = [
            *self._properties(),
            *(
                ("not_tested", f"{check.id}: {check.reason}")
                for check in found
                if check.outcome is Outcome.NOT_TESTED
            ),
        ]
        milliseconds = sum(check.duration_ms for check in found)
        return self._suite(area, [_case(check) for check in found], milliseconds, properties)

    def _suite(
        self,
        name: str,
        cases: list[ET.Element],
        milliseconds: float,
        properties: Iterable[tuple[str, str]],
    ) -> ET.Element:
        suite = ET.Element("testsuite", name=visible(name), tests=str(len(cases)))
        for attribute, tag in (
            ("failures", "failure"),
            ("errors", "error"),
            ("skipped", "skipped"),
        ):
            suite.set(attribute, str(sum(case.find(tag) is not None for case in cases)))
        suite.set("time", _seconds(milliseconds))
        if self._record.started:
            suite.set("timestamp", visible(self._record.started.time.removesuffix("Z")))
        stated = ET.SubElement(suite, "properties")
        for key, value in properties:
            ET.SubElement(stated, "property", name=key, value=visible(value))
        suite.extend(cases)
        return suite

    def _properties(self) -> Iterable[tuple[str, str]]:
        started, ready = self._record.started, self._record.ready
        if started:
            yield "target", started.target
            yield "url", started.url
            yield "suite", started.suite
            yield "spec", started.spec
            yield "spec_sha256", started.spec_sha256
            yield "seed", str(started.seed)
            yield "scope", words.scope(started)
            if started.filters:
                yield "filters", ", ".join(started.filters)
        if ready:
            yield "round_trip_ms", f"{ready.round_trip_ms:g}"
            yield "fence", words.fence(ready)
        for profile, verdict in self._record.verdicts():
            yield f"verdict_{profile}", verdict.value

    def _whole_run(self) -> Iterable[ET.Element]:
        """Yield a suite for what no check can say: the deviations file, a run cut short."""
        finished = self._record.finished
        cases = []
        for complaint in finished.deviations if finished else ():
            case = _blank("run", "deviations file", 0.0)
            ET.SubElement(case, "failure", type="deviations", message=visible(complaint))
            cases.append(case)
        if self._record.broken_off:
            case = _blank("run", "the run came to its end", 0.0)
            message = visible(f"interrupted: {self._record.sentence}")
            ET.SubElement(case, "error", type="interrupted", message=message)
            cases.append(case)
        elif finished and finished.exit_code in (ExitCode.HARNESS, ExitCode.USAGE):
            case = _blank("run", "the target could be judged", 0.0)
            message = visible(finished.sentence)
            ET.SubElement(case, "error", type="harness_error", message=message)
            cases.append(case)
        if cases:
            yield self._suite("run", cases, 0.0, self._properties())


def _blank(area: str, name: str, milliseconds: float) -> ET.Element:
    return ET.Element(
        "testcase",
        classname=f"multichat.{visible(area)}",
        name=visible(name),
        time=_seconds(milliseconds),
    )


def _case(check: CheckFinished) -> ET.Element:
    case = _blank(check.area, check.id, check.duration_ms)
    card = card_of(check)
    message = visible(f"{check.title}: {card.summary or check.reason}".rstrip(": "))
    if check.outcome in _FAILED or check.outcome is Outcome.HARNESS_ERROR:
        tag = "error" if check.outcome is Outcome.HARNESS_ERROR else "failure"
        label = f" ({card.label})" if card.label else ""
        said = ET.SubElement(case, tag, type=check.outcome.value, message=f"{message}{label}")
        said.text = f"\n{card_text(card, width=_WIDTH)}\n"
    elif check.outcome in _SKIPPED:
        why = visible(check.reason)
        ET.SubElement(
            case,
            "skipped",
            type=check.outcome.value,
            message=f"{_SKIPPED[check.outcome]}: {why}",
        )
    said_out = _out(check, card)
    if said_out:
        ET.SubElement(case, "system-out").text = f"\n{said_out}\n"
    return case


def _out(check: CheckFinished, card: Card) -> str:
    """Return the transcripts of a check that did not just pass, and whatever it wants known."""
    lines = [f"note: {visible(note)}" for note in check.notes]
    if check.outcome in (Outcome.WARN, Outcome.EXPECTED_FAILURE):
        lines += [*card_text(card, width=_WIDTH).split("\n"), ""]
    elif check.outcome is Outcome.OBSERVED:
        lines.append(f"observed: {visible(check.reason)}")
    if any(attempt.finding for attempt in check.attempts):
        for attempt in check.attempts:
            how = "failed" if attempt.finding else "passed"
            lines.append(f"attempt {attempt.number}: {how}")
            rows = transcript_rows(steps_of(attempt), width=4000)
            lines += ["".join(text for text, _ in row).rstrip() for row in rows]
    return "\n".join(lines)


def _seconds(milliseconds: float) -> str:
    return f"{milliseconds / 1000:.3f}"
