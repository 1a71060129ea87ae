"""
The report to keep and to send: one HTML file that needs nothing else.

It loads nothing, runs no script and forbids both to whatever might get into it (its
Content-Security-Policy allows the one style sheet that is in it, by its hash). Everything is in
it: cards first, then every check with its transcripts, folded.
"""

import base64
import hashlib
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from importlib.resources import files
from typing import Final, TextIO

from multichat_conformance.events import CheckFinished, Event
from multichat_conformance.outcomes import ABOUT, Outcome, Verdict
from multichat_conformance.reports import words
from multichat_conformance.reports.html_card import (
    TONES,
    Child,
    anchor,
    card_element,
    el,
    link,
    transcript,
    with_code,
)
from multichat_conformance.reports.record import CARDS, Record
from multichat_conformance.reports.words import UNICODE

__all__ = ["HtmlReport"]

_VERDICTS: Final = {
    Verdict.CONFORMANT: "good",
    Verdict.NOT_CONFORMANT: "bad",
    Verdict.INCOMPLETE: "warn",
    Verdict.NOT_JUDGED: "calm",
}

_SHOWN_AS_CARD: Final = (*CARDS, Outcome.WARN)
_QUIET: Final = (Outcome.PASS, Outcome.NOT_APPLICABLE, Outcome.OBSERVED)


class HtmlReport:
    """Writes the page when it is closed."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._record = Record()
        self._closed = False

    def event(self, event: Event) -> None:
        """Take the next event."""
        self._record.event(event)

    def close(self) -> None:
        """Write the page, once."""
        if self._closed:
            return
        self._closed = True
        page = el("html", self._head(), el("body", *self._body()), lang="en")
        for element in page.iter():
            # A line for each block keeps the source readable and changes nothing.
            if element.tag in ("article", "details", "section", "tr", "dd", "p", "table", "div"):
                element.tail = f"{element.tail or ''}\n"
        self._stream.write("<!doctype html>\n")
        self._stream.write(ET.tostring(page, encoding="unicode", method="html"))
        self._stream.write("\n")

    def _head(self) -> ET.Element:
        css = (
            files("multichat_conformance.reports").joinpath("page.css").read_text(encoding="utf-8")
        )
        digest = base64.b64encode(hashlib.sha256(css.encode()).digest()).decode()
        policy = (
            f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
        )
        style = el("style")
        style.text = css
        started = self._record.started
        name = (started.target or started.url) if started else "a target"
        return el(
            "head",
            el("meta", charset="utf-8"),
            el("meta", http_equiv="Content-Security-Policy", content=policy),
            el("meta", name="viewport", content="width=device-width, initial-scale=1"),
            el("meta", name="referrer", content="no-referrer"),
            el("title", f"multichat conformance of {name}"),
            style,
        )

    def _body(self) -> Iterator[ET.Element]:
        record = self._record
        yield el("header", *self._top())
        cards = record.of(*_SHOWN_AS_CARD)
        if cards:
            yield el(
                "section",
                el("h2", f"What went wrong ({len(cards)})"),
                *(card_element(check) for check in cards),
            )
        yield from self._left_out()
        if record.checks:
            areas = record.areas().items()
            yield el(
                "section",
                el("h2", f"All {words.checks(len(record.checks))}"),
                *(self._area(area, found) for area, found in areas),
            )
        yield el("section", el("h2", "About this run"), self._about())
        yield el(
            "footer",
            "The signs: ",
            *(
                el(
                    "span",
                    f"{UNICODE.outcomes[each]} {each.replace('_', ' ')}; ",
                    title=ABOUT[each],
                )
                for each in words.COUNTED
            ),
            "point at one for its meaning.",
        )

    def _top(self) -> Iterator[ET.Element]:
        record = self._record
        started = record.started
        yield el("h1", f"multichat {started.spec if started else ''} conformance")
        if started:
            yield el(
                "p",
                el("strong", words.place(started)),
                el("span", f", {started.time}", class_="soft"),
            )
        yield el("div", *self._tiles(), class_="tiles")
        yield el("p", *with_code(record.sentence), class_="sentence")
        if record.broken_off:
            ended = record.progress
            running = ", ".join(record.running)
            text = f"{ended}; not ended: {running}" if running else ended
            yield el("p", el("strong", "The run was broken off: "), text, class_="alert")
        if started and started.filters:
            text = f"{', '.join(started.filters)}. A part never says conformant."
            yield el("p", el("strong", "Only a part was run: "), text, class_="alert")
        for complaint in record.finished.deviations if record.finished else ():
            yield el("p", el("strong", "Deviations file: "), complaint, class_="alert")

    def _tiles(self) -> Iterator[ET.Element]:
        finished = self._record.finished
        for profile, verdict in self._record.verdicts():
            counts = self._record.counts(profile)
            if finished and profile in finished.counts:
                counts = finished.counts[profile]
            tone = _VERDICTS[verdict]
            yield el(
                "div",
                el("div", f"profile {profile}", class_="name"),
                el("div", verdict.value, class_=f"verdict {tone}"),
                _bar(dict(counts)),
                el("div", words.counted(counts) or "nothing tested", class_="soft"),
                class_=f"tile {tone}",
            )

    def _left_out(self) -> Iterator[ET.Element]:
        finished = self._record.finished
        if not finished or not finished.left_out:
            return
        items = [
            el(
                "li",
                f"{words.left_out(left)} ",
                el("span", ", ".join(left.checks), class_="soft"),
            )
            for left in finished.left_out
        ]
        yield el("section", el("h2", "Left out"), el("ul", *items))

    def _area(self, area: str, found: list[CheckFinished]) -> ET.Element:
        counts = [
            el("span", f"{UNICODE.outcomes[each]} {number}  ", class_=TONES[each])
            for each in words.COUNTED
            if (number := sum(check.outcome is each for check in found))
        ]
        head = ("outcome", "check", "clauses", "time")
        table = el(
            "table",
            el("thead", el("tr", *(el("th", name, scope="col") for name in head))),
            el("tbody", *(self._check(check) for check in found)),
        )
        summary = el("summary", area, el("span", *counts, class_="counts"))
        details = el("details", summary, table, class_="area")
        if any(check.outcome not in _QUIET for check in found):
            details.set("open", "open")
        return details

    def _check(self, check: CheckFinished) -> ET.Element:
        tone = TONES[check.outcome]
        shown = check.outcome in _SHOWN_AS_CARD
        name = el("code", check.id)
        said: list[Child] = [
            el("a", name, href=f"#{anchor(check.id)}") if shown else name,
            el("div", check.title, class_="soft"),
        ]
        if check.reason and not shown:
            said.append(el("div", check.reason, class_=tone))
        if check.link:
            said.append(el("div", link(check.link)))
        if not shown:
            said += [el("div", note, class_="soft") for note in check.notes]
            said += [transcript(attempt) for attempt in check.attempts]
        failed, of = check.failed_of
        label = f"{failed}/{of}, " if failed else ""
        outcome = check.outcome.replace("_", " ")
        sign = el("span", UNICODE.outcomes[check.outcome], class_=tone, title=outcome, role="img")
        sign.set("aria-label", outcome)
        return el(
            "tr",
            el("td", sign),
            el("td", *said),
            el("td", ", ".join(check.clauses), el("div", check.profile, class_="soft")),
            el("td", f"{label}{words.duration(check.duration_ms)}", class_="time"),
        )

    def _about(self) -> ET.Element:
        started, ready = self._record.started, self._record.ready
        finished = self._record.finished
        facts: list[tuple[str, str]] = []
        if started:
            facts += [
                ("suite", started.suite),
                ("specification", f"{started.spec}, sha256 {started.spec_sha256}"),
                ("scope", words.scope(started)),
                ("seed", str(started.seed)),
                ("planned", words.checks(started.planned)),
            ]
        if ready:
            facts += [
                ("link", words.link(ready)),
                ("fence", words.fence(ready)),
                ("warm-up", words.warm_ups(ready) or "not needed"),
                *(("note", note) for note in ready.notes),
            ]
        if finished:
            meaning = words.EXIT_CODES.get(finished.exit_code, "")
            facts += [
                ("took", words.duration(finished.duration_ms)),
                ("exit code", f"{finished.exit_code}: {meaning}"),
                ("clauses broken", ", ".join(finished.clauses_failed) or "none"),
            ]
        rows = [each for name, text in facts for each in (el("dt", name), el("dd", text))]
        return el("dl", *rows, class_="facts")


def _bar(counts: dict[str, int]) -> ET.Element | None:
    """Return the outcomes of a profile as a bar, which says no more than the words below it."""
    whole = sum(counts.values())
    if not whole:
        return None
    drawn, at = [], 0
    for outcome in words.COUNTED:
        number = counts.get(outcome, 0)
        if number:
            rect = el("rect", x=str(at), y="0", width=str(number), height="1")
            rect.set("class", TONES[outcome])
            drawn.append(rect)
            at += number
    svg = el("svg", *drawn, viewBox=f"0 0 {whole} 1", preserveAspectRatio="none", class_="bar")
    svg.set("aria-hidden", "true")
    return svg
