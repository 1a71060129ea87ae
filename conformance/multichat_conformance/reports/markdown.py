"""
The report for a pull request: a short summary in GitHub's Markdown.

What the target sent stands in code only, spans or blocks: in there nothing is a link, a mention,
a picture or HTML. A block's fence is longer than any run of backticks in it; a ``|`` in a table
stands outside of its span, as an entity. Words of our own, in which its name may occur, have all
their punctuation escaped.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Final, TextIO

from multichat_conformance.events import CheckFinished, Event
from multichat_conformance.outcomes import Outcome, Verdict
from multichat_conformance.reports import words
from multichat_conformance.reports.card import card_of
from multichat_conformance.reports.card_text import card_text
from multichat_conformance.reports.escape import cut, visible
from multichat_conformance.reports.record import CARDS, Record

__all__ = ["MarkdownReport", "block", "code", "prose"]

_MOST: Final = 60_000
"""Characters of the whole: GitHub takes comments of up to 65,536."""

_MOST_ROWS: Final = 30
_MOST_TEXT: Final = 300

_VERDICTS: Final = {
    Verdict.CONFORMANT: "✅",
    Verdict.NOT_CONFORMANT: "❌",
    Verdict.INCOMPLETE: "⚠️",
    Verdict.NOT_JUDGED: "➖",
}

_SPECIAL: Final = re.compile(r"""[#$&*<>@\[\\\]^_`{|}~"]|:(?=//)|(?<=www)\.""", re.IGNORECASE)
"""What means something in Markdown within a line, or would make an address a link."""


class MarkdownReport:
    """Writes a summary when it is closed: the verdict, a table of failures, their cards folded."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._record = Record()
        self._closed = False

    def event(self, event: Event) -> None:
        """Take the next event."""
        self._record.event(event)

    def close(self) -> None:
        """Write the summary, once."""
        if self._closed:
            return
        self._closed = True
        parts = ["\n".join(part) for part in (self._verdict(), self._table(), self._listed())]
        room = _MOST - sum(map(len, parts))
        shown = 0
        failures = self._record.of(*CARDS)
        for check in failures:
            card = _folded(check)
            if len(card) > room:
                break
            room -= len(card)
            shown += 1
            parts.append(card)
        if shown < len(failures):
            number = words.checks(len(failures) - shown)
            parts.append(f"The cards of {number} more do not fit here; the HTML report has them.")
        parts.append("\n".join(self._about()))
        self._stream.write("\n\n".join(part for part in parts if part) + "\n")

    def _verdict(self) -> Iterator[str]:
        record = self._record
        started, finished = record.started, record.finished
        spec = started.spec if started else ""
        target = code((started.target or started.url) if started else "unknown")
        yield f"### multichat {prose(spec)} conformance of {target}"
        yield ""
        if record.broken_off:
            yield f"⚠️ **The run was broken off:** {record.progress}."
            yield ""
        yield "| Profile | Verdict | Checks |"
        yield "|---|---|---|"
        for profile, verdict in record.verdicts():
            counts = record.counts(profile)
            if finished and profile in finished.counts:
                counts = finished.counts[profile]
            said = words.counted(counts) or "none"
            yield f"| {profile} | {_VERDICTS[verdict]} {verdict.value} | {said} |"
        yield ""
        yield prose(_short(record.sentence))

    def _table(self) -> Iterator[str]:
        failures = self._record.of(*CARDS)
        if not failures:
            return
        yield "| Check | What it checks | Clause | Outcome |"
        yield "|---|---|---|---|"
        for check in failures[:_MOST_ROWS]:
            finding = check.finding
            clause = finding.clause if finding and finding.clause else "".join(check.clauses[:1])
            failed, of = check.failed_of
            label = f" {failed}/{of}" if failed else ""
            outcome = check.outcome.replace("_", " ")
            title = prose(_short(check.title))
            yield f"| {code(_short(check.id))} | {title} | {code(clause)} | {outcome}{label} |"
        if len(failures) > _MOST_ROWS:
            yield f"| … | {len(failures) - _MOST_ROWS} more | | |"

    def _listed(self) -> Iterator[str]:
        finished = self._record.finished
        for complaint in finished.deviations[:_MOST_ROWS] if finished else ():
            yield f"- ❌ deviations file: {prose(_short(complaint))}"
        for check in self._record.of(Outcome.WARN)[:_MOST_ROWS]:
            yield f"- ⚠️ {code(_short(check.id))}: {code(_short(check.reason))}"
        for check in self._record.of(Outcome.EXPECTED_FAILURE)[:_MOST_ROWS]:
            yield f"- failed as expected: {code(_short(check.id))}: {code(_short(check.reason))}"
        for left in finished.left_out[:_MOST_ROWS] if finished else ():
            yield f"- left out: {prose(_short(words.left_out(left)))}"

    def _about(self) -> Iterator[str]:
        started, finished = self._record.started, self._record.finished
        ready = self._record.ready
        if not started:
            return
        yield "<details><summary>About this run</summary>"
        yield ""
        yield f"- target {code(started.url)}, suite {code(started.suite)}, seed {started.seed}"
        yield f"- specification {code(started.spec)}, sha256 {code(started.spec_sha256)}"
        yield f"- {prose(_short(words.scope(started)))}"
        if started.filters:
            yield f"- only {code(_short(', '.join(started.filters)))}"
        if ready:
            yield f"- round trip {words.duration(ready.round_trip_ms)}; fence {words.fence(ready)}"
            if ready.warm_ups:
                yield f"- {prose(words.warm_ups(ready))}"
        if finished:
            took, meaning = finished.duration_ms, words.EXIT_CODES.get(finished.exit_code, "")
            yield f"- {words.duration(took)}, exit code {finished.exit_code}: {meaning}"
        yield ""
        yield "</details>"


def code(text: str) -> str:
    r"""Return a text as a code span that fits into a table's cell as well: without a ``|``."""
    return "&#124;".join(_span(piece) for piece in visible(text).split("|"))


def block(text: str) -> str:
    """Return lines, each of them visible, as a fenced block that they cannot end."""
    lines = [visible(line) for line in text.split("\n")]
    fence = "`" * max(3, 1 + _longest_run("\n".join(lines)))
    return "\n".join([f"{fence}text", *lines, fence])


def prose(text: str) -> str:
    """Return a text as words that mean nothing in Markdown and call nobody."""
    return _SPECIAL.sub(_entity, visible(text))


def _short(text: str) -> str:
    return cut(visible(text), _MOST_TEXT)


def _span(text: str) -> str:
    if not text:
        return ""
    ticks = "`" * (1 + _longest_run(text))
    # A span sheds one space at both ends if it has them, unless it is nothing but spaces.
    pad = " " if text[0] in "` " or text[-1] in "` " else ""
    return f"{ticks}{pad}{text}{pad}{ticks}" if text.strip() else ""


def _longest_run(text: str) -> int:
    return max(map(len, re.findall("`+", text)), default=0)


def _entity(match: re.Match[str]) -> str:
    character = match[0]
    # A mention or a reference is found in the finished page: only an empty element parts it.
    after = "<!-- -->" if character in "@#" else ""
    return f"&#{ord(character)};{after}"


def _folded(check: CheckFinished) -> str:
    card = card_of(check)
    label = f" {card.label}" if card.label else ""
    summary = f"{prose(check.id)} {check.outcome.replace('_', ' ')}{label}"
    # The blank lines matter: without them the block would be HTML, not Markdown.
    lines: Iterable[str] = (
        f"<details><summary>{summary}</summary>",
        "",
        block(card_text(card, width=110)),
        "",
        "</details>",
    )
    return "\n".join(lines)
