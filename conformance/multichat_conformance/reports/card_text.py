"""
The failure card in plain text: for the console, for pytest, for JUnit.

:func:`card_rows` lays it out as rows of spans, each span a text with the name of a style, so
that colours stay the console's business; :func:`card_text` joins them. Every text of a span is
visible and on one line (see :mod:`~multichat_conformance.reports.escape`).
"""

import textwrap
from collections.abc import Iterator
from typing import Final, TypeAlias

from rich.cells import cell_len, chop_cells

from multichat_conformance.events import Line
from multichat_conformance.outcomes import Outcome
from multichat_conformance.reports.card import Card, Step, gaps
from multichat_conformance.reports.escape import cut
from multichat_conformance.reports.words import UNICODE, Signs

__all__ = ["MOST_STEPS", "Row", "card_rows", "card_text", "fit", "transcript_rows"]

Row: TypeAlias = tuple[tuple[str, str], ...]
"""Texts with the name of their style: bad, good, warn, strong, dim, or empty for none."""

MOST_STEPS: Final = 24
"""Lines of a chart before its middle is cut: with the rest of the card one screen."""

_MOST_TEXT: Final = 600
"""Characters of what was expected and what came; a frame may have millions."""

_ROOM: Final = 56
"""Cells for a frame in the last actor's column: a room message without its text takes as many."""

_COLUMN: Final = range(8, 17)
"""Cells from one actor's column to the next; if there are fewer, names stand in one column."""

_LABEL: Final = 10
_TIME: Final = 10

_STYLE: Final = {
    Outcome.FAIL: "bad",
    Outcome.HARNESS_ERROR: "bad",
    Outcome.PASS: "good",
    Outcome.NOT_APPLICABLE: "dim",
    Outcome.OBSERVED: "dim",
    Outcome.EXPECTED_FAILURE: "dim",
}


def card_text(card: Card, *, width: int = 100, signs: Signs = UNICODE) -> str:
    """Return a card as text of a width in cells."""
    rows = card_rows(card, width=width, signs=signs)
    return "\n".join("".join(text for text, _ in row).rstrip() for row in rows)


def card_rows(card: Card, *, width: int, signs: Signs = UNICODE) -> list[Row]:
    """Lay a card out in rows of at most a width in cells."""
    style = _STYLE.get(card.outcome, "warn")
    sign = signs.outcomes[card.outcome]
    label = f"  {card.label} attempts failed" if card.label else ""
    head = signs.show(card.id)
    outcome = card.outcome.replace("_", " ")
    rows: list[Row] = [((f"{sign} ", style), (head, "strong"), (f"  {outcome}", style))]
    if cell_len(f"{sign} {head}  {outcome}{label}") <= width:
        rows = [(*rows[0], (label, "dim"))]
    elif label:
        rows.append(((label, "dim"),))
    rows += [((f"  {line}", ""),) for line in _wrapped(card.title, width - 2, signs)]
    rows.append(())
    if card.clauses:
        clause, *others = card.clauses
        where = f"  {clause.profile}, section {clause.section}" if clause.profile else ""
        where = fit(where, max(width - _LABEL - 2 - len(clause.id), 0), signs).rstrip()
        rows.append(((_labelled("clause"), "dim"), (clause.id, "strong"), (where, "dim")))
        rows += _prose("", clause.text, width, signs)
        rows += _prose("also", ", ".join(each.id for each in others), width, signs, style="dim")
    rows += _prose("found", card.summary, width, signs, style="strong")
    rows += _facts(card, width, signs)
    rows += _prose("fault" if card.summary else "means", card.fault, width, signs)
    rows += _prose("listed", f"{card.reason} {card.link}".strip(), width, signs)
    rows += _chart(card, width, signs)
    rows += _prose("cause", card.cause, width, signs)
    for note in card.notes:
        rows += _prose("note", note, width, signs, style="dim")
    # Commands stay on one line, to be copied, however wide that is.
    for word, command in (("repeat", card.repeat), ("explain", card.explain)):
        if command:
            rows.append(((_labelled(word), "dim"), (signs.show(command), "")))
    return rows


def transcript_rows(steps: tuple[Step, ...], *, width: int, signs: Signs = UNICODE) -> list[Row]:
    """Lay a frame chart out in one column, with names, nothing left out."""
    names = max((cell_len(signs.show(step.line.actor)) for step in steps), default=0)
    return [_one_column(step, min(names, 16), width, signs) for step in steps]


def fit(text: str, width: int, signs: Signs = UNICODE) -> str:
    """Return a text in exactly ``width`` cells: cut with a mark, or filled up with spaces."""
    if cell_len(text) > width:
        room = max(width - cell_len(signs.cut), 0)
        text = (chop_cells(text, room)[0] if room else "") + signs.cut[:width]
    return text + " " * (width - cell_len(text))


def _facts(card: Card, width: int, signs: Signs) -> Iterator[Row]:
    if card.difference:
        yield ((_labelled("diff"), "dim"), ("- expected  ", "good"), ("+ got", "bad"))
        shown = card.difference if len(card.difference) <= 16 else card.difference[:15]
        for mark, text in shown:
            style = {"-": "good", "+": "bad"}.get(mark, "dim")
            line = fit(f"{mark} {signs.show(text)}", width - _LABEL - 2, signs).rstrip()
            yield (" " * (_LABEL + 2), ""), (line, style)
        if len(shown) < len(card.difference):
            yield ((f"{'':<{_LABEL + 2}}{len(card.difference) - 15} more lines", "dim"),)
    else:
        yield from _prose("expected", card.expected, width, signs, style="good")
        yield from _prose("got", card.got, width, signs, style="bad")


def _prose(label: str, text: str, width: int, signs: Signs, *, style: str = "") -> Iterator[Row]:
    """Yield a paragraph beside its label; nothing for an empty text."""
    if not text:
        return
    lines = _wrapped(cut(text, _MOST_TEXT, signs.cut), width - _LABEL - 2, signs)
    for place, line in enumerate(lines):
        yield (_labelled("" if place else label), "dim"), (line, style)


def _labelled(label: str) -> str:
    return f"  {label:<{_LABEL}}"


def _wrapped(text: str, room: int, signs: Signs) -> list[str]:
    """Break a text at spaces; textwrap counts characters, so what is wide is cut after it."""
    room = max(room, 20)
    return [
        piece
        for line in textwrap.wrap(signs.show(text), room, break_on_hyphens=False)
        for piece in (chop_cells(line, room) if cell_len(line) > room else [line])
    ]


def _chart(card: Card, width: int, signs: Signs) -> Iterator[Row]:
    if not card.steps:
        return
    yield ()
    which = f"attempt {card.attempt}"
    arrows = f"{signs.sent} to the server, {signs.received} from the server"
    guilty = any(step.guilty for step in card.steps)
    legend = f"{which}: {arrows}{f', {signs.guilty} the frame in question' * guilty}"
    for line in _wrapped(legend, width - 2, signs):
        yield ((f"  {line}", "dim"),)
    # Each row holds one frame, so an actor's column may end where the screen does.
    column = (width - _TIME - 2 - _ROOM) // max(len(card.actors) - 1, 1)
    column = min(column, _COLUMN.stop - 1)
    in_columns = column in _COLUMN and len(card.actors) > 1
    if in_columns:
        heads = [fit(signs.show(name), column - 1, signs) for name in card.actors]
        yield (" " * (_TIME + 2), ""), (" ".join(heads).rstrip(), "strong")
    names = max((cell_len(signs.show(name)) for name in card.actors), default=0)
    for step in gaps(card.steps, MOST_STEPS):
        if isinstance(step, int):
            text = "1 more line" if step == 1 else f"{step} more lines"
            yield ((f"{'':<{_TIME + 2}}{signs.cut} {text} {signs.cut}", "dim"),)
        elif in_columns and step.line.actor:
            yield _in_columns(step, card.actors.index(step.line.actor), column, width, signs)
        else:
            yield _one_column(step, 0 if in_columns else min(names, 16), width, signs)
    yield ()


def _in_columns(step: Step, place: int, column: int, width: int, signs: Signs) -> Row:
    before = fit(signs.stem, column, signs) * place
    room = width - _TIME - 2 - column * place
    text = fit(_frame(step.line, signs), room, signs).rstrip()
    return *_time(step, signs), (before, "dim"), (text, _frame_style(step))


def _one_column(step: Step, names: int, width: int, signs: Signs) -> Row:
    who = fit(signs.show(step.line.actor or "suite"), names, signs) + "  " if names else ""
    room = max(width - _TIME - 2 - cell_len(who), 10)
    text = fit(_frame(step.line, signs), room, signs).rstrip()
    return *_time(step, signs), (who, "strong"), (text, _frame_style(step))


def _time(step: Step, signs: Signs) -> Row:
    mark = signs.guilty if step.guilty else " "
    at = step.line.at_ms
    shown = f"{at:.1f} ms" if at < 10_000 else f"{at:.0f} ms"
    return (f"{mark} ", "bad"), (f"{shown:>{_TIME - 1}} ", "dim")


def _frame(line: Line, signs: Signs) -> str:
    arrow = {"sent": signs.sent, "received": signs.received}.get(line.direction, signs.note)
    # A text frame is what one expects; every other kind is named.
    kind = "" if line.kind in ("text", "note") else f"{line.kind} "
    return f"{arrow} {kind}{signs.show(cut(line.text, 3000, signs.cut))}"


def _frame_style(step: Step) -> str:
    if step.guilty:
        return "bad"
    return "dim" if step.line.direction == "note" else ""
