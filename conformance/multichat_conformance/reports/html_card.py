"""
Parts of the HTML report: elements, and the failure card made of them.

A page is built as a tree of elements and written by the standard library, so that no text can be
anything but text; what cannot be seen in it is shown as an escape first.
"""

import re
import xml.etree.ElementTree as ET
from typing import Final, TypeAlias

from multichat_conformance.events import Attempt, CheckFinished
from multichat_conformance.outcomes import Outcome
from multichat_conformance.reports.card import Card, Step, card_of, steps_of
from multichat_conformance.reports.escape import visible
from multichat_conformance.reports.words import UNICODE

__all__ = ["TONES", "Child", "anchor", "card_element", "el", "link", "transcript", "with_code"]

Child: TypeAlias = "ET.Element | str | None"

TONES: Final = {
    Outcome.PASS: "good",
    Outcome.FAIL: "bad",
    Outcome.WARN: "warn",
    Outcome.OBSERVED: "calm",
    Outcome.NOT_APPLICABLE: "calm",
    Outcome.NOT_TESTED: "warn",
    Outcome.EXPECTED_FAILURE: "calm",
    Outcome.UNEXPECTED_PASS: "warn",
    Outcome.UNSTABLE: "warn",
    Outcome.HARNESS_ERROR: "bad",
}
"""The class of an outcome in ``page.css``."""

_ARROWS: Final = {"sent": UNICODE.sent, "received": UNICODE.received}
_SPOKEN: Final = {"sent": "sent", "received": "received"}


def el(tag: str, *children: Child, **attributes: str) -> ET.Element:
    """
    Return an element; children of None are left out.

    Attributes that are words of Python end in ``_``; an ``_`` within is a ``-``.
    """
    named = {key.rstrip("_").replace("_", "-"): visible(value) for key, value in attributes.items()}
    element = ET.Element(tag, named)
    last: ET.Element | None = None
    for child in children:
        if isinstance(child, ET.Element):
            element.append(child)
            last = child
        elif child:
            text = "\n".join(map(visible, child.split("\n"))) if tag == "pre" else visible(child)
            if last is None:
                element.text = (element.text or "") + text
            else:
                last.tail = (last.tail or "") + text
    return element


def anchor(name: str) -> str:
    """Return the id of a check's element, a word whatever the check is called."""
    return "check-" + re.sub(r"[^a-z0-9._-]", lambda match: f"{ord(match[0]):x}", name)


def link(target: str) -> ET.Element:
    """Return a link to a page, or the text alone if it is no address of one."""
    if re.match(r"https?://", target):
        return el("a", target, href=target, rel="noreferrer noopener nofollow")
    return el("span", target)


def with_code(text: str) -> list[Child]:
    """Return the text of a clause with what stands between backticks as code."""
    return [
        el("code", piece) if place % 2 else piece for place, piece in enumerate(text.split("`"))
    ]


def card_element(check: CheckFinished) -> ET.Element:
    """Return the card of a check with all its attempts, nothing left out."""
    card = card_of(check)
    tone = TONES[card.outcome]
    label = f"{card.label} attempts failed" if card.label else ""
    others = [each for each in check.attempts if each.number != card.attempt and each.transcript]
    return el(
        "article",
        el(
            "header",
            el("span", UNICODE.outcomes[card.outcome], class_=tone, aria_hidden="true"),
            el("code", card.id),
            el("span", card.outcome.replace("_", " "), class_=f"pill {tone}"),
            el("span", label, class_="soft") if label else None,
        ),
        el("p", card.title),
        _facts(card),
        _chart(card.actors, card.steps, card.attempt) if card.steps else None,
        *(_attempt(each) for each in others),
        _commands(card),
        class_=f"card {tone}",
        id=anchor(card.id),
    )


def transcript(attempt: Attempt) -> ET.Element | None:
    """Return the transcript of an attempt, folded; None if there is none."""
    if not attempt.transcript:
        return None
    lines = [
        f"{line.at_ms:9.1f} ms  {line.actor or 'suite'}  {_ARROWS.get(line.direction, '·')} "
        f"{'' if line.kind in ('text', 'note') else f'{line.kind} '}{visible(line.text)}"
        for line in attempt.transcript
    ]
    how = "failed" if attempt.finding else "passed"
    return el(
        "details",
        el("summary", f"attempt {attempt.number}, {how}", class_="soft"),
        el("pre", "\n".join(lines), class_="transcript"),
    )


def _facts(card: Card) -> ET.Element:
    facts = el("dl", class_="facts")

    def fact(name: str, *children: Child) -> None:
        if any(child is not None and child != "" for child in children):
            facts.append(el("dt", name))
            facts.append(el("dd", *children))

    for clause in card.clauses:
        where = f" {clause.profile}, section {clause.section}" if clause.profile else ""
        text = el("blockquote", *with_code(clause.text))
        fact("clause", el("strong", clause.id), el("span", where, class_="soft"), text)
    if card.summary:
        fact("found", el("strong", card.summary))
    if card.difference:
        named = {"-": "minus", "+": "plus", " ": "same"}
        lines = [el("span", f"{mark} {text}", class_=named[mark]) for mark, text in card.difference]
        legend = el("span", "- expected, + got", class_="soft")
        fact("difference", legend, el("code", *lines, class_="diff"))
    fact("expected", el("code", card.expected) if card.expected else None)
    fact("got", el("code", card.got) if card.got else None)
    fact("fault" if card.summary else "means", card.fault)
    fact("listed", f"{card.reason} " if card.reason else "", link(card.link) if card.link else None)
    fact("likely cause", card.cause)
    for note in card.notes:
        fact("note", note)
    return facts


def _commands(card: Card) -> ET.Element:
    commands = [command for command in (card.repeat, card.explain) if command]
    return el(
        "dl",
        *(
            each
            for name, command in zip(("repeat", "explain"), commands, strict=False)
            for each in (el("dt", name), el("dd", el("code", command)))
        ),
        class_="facts",
    )


def _attempt(attempt: Attempt) -> ET.Element:
    how = "failed too" if attempt.finding else "passed"
    names = tuple(dict.fromkeys(line.actor for line in attempt.transcript if line.actor))
    return el(
        "details",
        el("summary", f"attempt {attempt.number}, which {how}", class_="soft"),
        _chart(names, steps_of(attempt), attempt.number),
    )


def _chart(actors: tuple[str, ...], steps: tuple[Step, ...], number: int) -> ET.Element:
    names = actors or ("suite",)
    # A row holds one frame, which may take all the room to the right of its actor's column.
    columns = el("colgroup", el("col", class_="at"), *(el("col") for _ in names))
    head = el("tr", el("th", "time", scope="col"))
    head.extend(el("th", name, scope="col") for name in names)
    body = el("tbody", *(_row(step, names) for step in steps))
    caption = el("caption", f"Attempt {number}: → to the server, ← from the server")
    table = el("table", caption, columns, el("thead", head), body, class_="chart")
    return el(
        "div",
        table,
        class_="scroll",
        tabindex="0",
        role="region",
        aria_label=f"frame chart of attempt {number}",
    )


def _row(step: Step, names: tuple[str, ...]) -> ET.Element:
    line = step.line
    kind = "" if line.kind in ("text", "note") else f"{line.kind} "
    spoken = _SPOKEN.get(line.direction, "note")
    text: list[Child] = [
        el("span", _ARROWS.get(line.direction, "·"), aria_label=spoken, role="img"),
        f" {kind}{line.text}",
    ]
    row = el("tr", el("td", f"{line.at_ms:.1f} ms", class_="at"))
    place = names.index(line.actor) if line.actor in names else 0
    who: Child = None if line.actor in names else el("span", "suite ", class_="soft")
    row.extend(el("td", class_="lane") for _ in range(place))
    row.append(el("td", who, *text, class_="wire", colspan=str(len(names) - place)))
    if step.guilty:
        row.set("class", "guilty")
        row.set("aria-label", "the frame in question")
    return row
