"""
The report for people at a terminal: a tree, the failures, a verdict.

Areas are the branches, printed when their last check has ended; passes are folded into a number
unless all are asked for. On a terminal one status line at the bottom says what runs; into a file
or a pipe nothing is ever drawn twice. Colours follow ``NO_COLOR`` and ``FORCE_COLOR``.
"""

import io
import os
import shutil
import time
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Final, Literal, TextIO

from rich.cells import cell_len
from rich.console import Console
from rich.live import Live
from rich.text import Text

from multichat_conformance.events import (
    CheckFinished,
    CheckStarted,
    Event,
    RunFinished,
    RunStarted,
    TargetReady,
)
from multichat_conformance.outcomes import Outcome, Verdict
from multichat_conformance.reports import words
from multichat_conformance.reports.card import card_of
from multichat_conformance.reports.card_text import card_rows, fit
from multichat_conformance.reports.record import CARDS, Record
from multichat_conformance.reports.words import counted, duration, signs_for

if TYPE_CHECKING:
    from multichat_conformance.reports.card_text import Row

__all__ = ["ConsoleReport", "Verbosity"]

Verbosity = Literal["quiet", "normal", "verbose"]

_STYLES: Final[Mapping[str, str]] = {
    "": "",
    "bad": "bold red",
    "good": "green",
    "warn": "yellow",
    "dim": "dim",
    "strong": "bold",
}

_OUTCOMES: Final[Mapping[Outcome, str]] = {
    Outcome.PASS: "good",
    Outcome.FAIL: "bad",
    Outcome.WARN: "warn",
    Outcome.OBSERVED: "dim",
    Outcome.NOT_APPLICABLE: "dim",
    Outcome.NOT_TESTED: "warn",
    Outcome.EXPECTED_FAILURE: "dim",
    Outcome.UNEXPECTED_PASS: "warn",
    Outcome.UNSTABLE: "warn",
    Outcome.HARNESS_ERROR: "bad",
}

_VERDICTS: Final[Mapping[Verdict, str]] = {
    Verdict.CONFORMANT: "good",
    Verdict.NOT_CONFORMANT: "bad",
    Verdict.INCOMPLETE: "warn",
    Verdict.NOT_JUDGED: "dim",
}

# One leaf each only when all is to be seen: their number says enough.
# What was left out is listed at the end, by what it takes to have it.
_FOLDED: Final = (Outcome.PASS, Outcome.NOT_APPLICABLE, Outcome.OBSERVED, Outcome.NOT_TESTED)

_BAR: Final = 20


class ConsoleReport:
    """
    Prints a run while it goes on.

    Args:
        stream: Where to.
        verbosity: ``quiet`` prints failures and the verdict, ``verbose`` a line for each check.
        width: In cells; None: that of the terminal, or 100.
        redraw: Whether there is a status line; None: if the stream is a terminal.
        ticking: Whether the status line is redrawn while nothing happens, by a thread of its own.
        clock: The time in seconds, for how long a check has been running.
        environ: Where ``NO_COLOR``, ``FORCE_COLOR``, ``TERM`` and ``COLUMNS`` are looked up.

    """

    def __init__(
        self,
        stream: TextIO,
        *,
        verbosity: Verbosity = "normal",
        width: int | None = None,
        redraw: bool | None = None,
        ticking: bool = True,
        clock: Callable[[], float] = time.monotonic,
        environ: Mapping[str, str] = os.environ,
    ) -> None:
        terminal = stream.isatty() and environ.get("TERM") != "dumb"
        colours = not environ.get("NO_COLOR") and (terminal or bool(environ.get("FORCE_COLOR")))
        self._signs = signs_for(getattr(stream, "encoding", None) or "utf-8")
        self._verbosity = verbosity
        self._width = _width(stream, environ) if width is None else width
        # Whoever shows text in a character set that lacks a letter gets an escape.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
        self._redraw = (terminal if redraw is None else redraw) and verbosity != "quiet"
        self._console = Console(
            file=stream,
            width=self._width,
            color_system="standard" if colours else None,
            force_terminal=self._redraw or colours,
            no_color=not colours,
            highlight=False,
            markup=False,
            emoji=False,
            legacy_windows=False,
        )
        self._clock = clock
        self._ticking = ticking
        self._live: Live | None = None
        self._record = Record()
        self._open: dict[str, list[CheckFinished]] = {}
        self._printed: set[str] = set()
        self._since: dict[str, float] = {}
        self._closed = False

    def event(self, event: Event) -> None:
        """Take the next event and print what is due."""
        self._record.event(event)
        match event:
            case RunStarted():
                self._header(event)
            case TargetReady():
                self._measured(event)
            case CheckStarted():
                self._since[event.id] = self._clock()
                self._print_areas(current=event.area)
                self._draw()
            case CheckFinished():
                self._since.pop(event.id, None)
                self._open.setdefault(event.area, []).append(event)
                self._draw()
            case RunFinished():
                self.close()

    def close(self) -> None:
        """Print what is left: open branches, failure cards, the verdict. Once."""
        if self._closed:
            return
        self._closed = True
        if self._live is not None:
            self._live.stop()
        self._print_areas(current=None)
        self._cards()
        self._footer()

    # The beginning

    def _header(self, started: RunStarted) -> None:
        if self._verbosity == "quiet":
            return
        self._row(
            ("multichat conformance", "strong"),
            (f" {started.suite}, specification {started.spec}", ""),
            (f"  sha256 {started.spec_sha256[:12]}", "dim"),
        )
        self._fact("target", words.place(started))
        self._fact("scope", words.scope(started))
        if started.filters:
            self._fact("only", f"{', '.join(started.filters)} (a part never says conformant)")
        self._fact("seed", f"{started.seed}, {words.checks(started.planned)}")

    def _measured(self, ready: TargetReady) -> None:
        if self._verbosity == "quiet":
            return
        self._fact("link", words.link(ready))
        self._fact("fence", words.fence(ready))
        if ready.warm_ups:
            self._fact("warm-up", words.warm_ups(ready))
        for note in ready.notes:
            self._fact("note", note)
        self._row()

    # The tree

    def _print_areas(self, *, current: str | None) -> None:
        """Print the branches that nothing will be added to; with None, all."""
        busy = {check.area for check in self._record.running.values()} if current else set()
        for area in [each for each in self._open if each != current and each not in busy]:
            found = self._open.pop(area)
            if self._verbosity != "quiet":
                self._branch(area, found)
            self._printed.add(area)

    def _branch(self, area: str, found: list[CheckFinished]) -> None:
        signs = self._signs
        everything = self._verbosity == "verbose"
        leaves = [check for check in found if everything or check.outcome not in _FOLDED]
        again = " (continued)" if area in self._printed else ""
        head: list[tuple[str, str]] = [(fit(signs.show(area) + again, 18, signs) + " ", "strong")]
        for outcome in words.COUNTED:
            number = sum(check.outcome is outcome for check in found)
            if number:
                head.append((f"{signs.outcomes[outcome]} {number}  ", _OUTCOMES[outcome]))
        self._row(*self._spread(head, _took(found)))
        for place, check in enumerate(leaves, 1):
            self._leaf(check, last=place == len(leaves))

    def _leaf(self, check: CheckFinished, *, last: bool) -> None:
        signs = self._signs
        style = _OUTCOMES[check.outcome]
        name = signs.show(check.id.removeprefix(f"{check.area}."))
        failed, of = check.failed_of
        label = f"{failed}/{of}  " if failed else ""
        row = [
            (signs.last if last else signs.branch, "dim"),
            (f"{signs.outcomes[check.outcome]} ", style),
            (name, "" if style == "dim" else style),
            (f"  {signs.show(check.title)}", "dim"),
        ]
        self._row(*self._spread(row, f"{label}{_took([check])}"))
        stem = "   " if last else signs.stem
        said = [check.reason] if check.outcome not in CARDS and check.reason else []
        if check.link:
            said.append(check.link)
        if self._verbosity == "verbose":
            said += check.notes
        for text in said:
            self._row((f"{stem}  ", "dim"), (fit(signs.show(text), self._width - 6, signs), style))

    def _spread(self, row: "Iterable[tuple[str, str]]", right: str) -> "Row":
        """Return a row with something at its right edge, cut where both do not fit."""
        room = self._width - cell_len(right) - 2
        spans: list[tuple[str, str]] = []
        for text, style in row:
            length = cell_len(text)
            if length > room:
                spans.append((fit(text, room, self._signs), style))
                room = 0
                break
            spans.append((text, style))
            room -= length
        return *spans, (" " * (room + 2), ""), (right, "dim")

    # The status line

    def _draw(self) -> None:
        if not self._redraw or self._closed:
            return
        if self._live is None:
            self._live = Live(
                get_renderable=self._status,
                console=self._console,
                auto_refresh=self._ticking,
                refresh_per_second=4,
                transient=True,
                redirect_stdout=False,
                redirect_stderr=False,
            )
            self._live.start()
        self._live.refresh()

    def _status(self) -> Text:
        done, planned = len(self._record.checks), self._record.planned
        full = _BAR * done // max(planned, 1)
        spans = [
            (self._signs.full * full, "good"),
            (self._signs.empty * (_BAR - full), "dim"),
            (f" {done} of {planned}  ", "strong"),
        ]
        counts = self._record.counts()
        for outcome in words.COUNTED:
            if counts.get(outcome) and outcome not in (Outcome.NOT_APPLICABLE, Outcome.OBSERVED):
                sign = self._signs.outcomes[outcome]
                spans.append((f"{sign} {counts[outcome]}  ", _OUTCOMES[outcome]))
        # A copy: the thread that redraws reads it while checks come and go.
        running = list(self._since.items())
        if running:
            name, since = running[-1]
            others = f" and {len(running) - 1} more" if len(running) > 1 else ""
            seconds = int(self._clock() - since)
            waited = f"  {seconds} s" if seconds else ""
            spans.append((f"{self._signs.show(name)}{others}{waited}", "dim"))
        line = Text(no_wrap=True, overflow="crop", end="")
        room = self._width - 1
        for text, style in spans:
            piece = fit(text, room, self._signs) if cell_len(text) > room else text
            line.append(piece, _STYLES[style])
            room -= cell_len(piece)
        return line

    # The end

    def _cards(self) -> None:
        failures = self._record.of(*CARDS)
        if self._verbosity == "verbose":
            failures += [check for check in self._record.of(Outcome.WARN) if check.finding]
        for check in failures:
            self._row()
            self._row((self._signs.rule * self._width, "dim"))
            for row in card_rows(card_of(check), width=self._width, signs=self._signs):
                self._row(*row)
        if failures:
            self._row()
            self._row((self._signs.rule * self._width, "dim"))

    def _footer(self) -> None:
        finished = self._record.finished
        if self._record.started is None and finished is None:
            return
        self._row()
        for profile, verdict in self._record.verdicts():
            counts = self._record.counts(profile)
            if finished and profile in finished.counts:
                counts = finished.counts[profile]
            said = counted(counts) or "nothing tested"
            number = f"{words.checks(sum(counts.values()))}: " if counts else ""
            style = _VERDICTS[verdict]
            self._prose(
                [(f"{profile:<9} ", "strong"), (f"{verdict.value:<15} ", style)],
                f"{number}{said}" if verdict is not Verdict.NOT_JUDGED else "",
            )
        if finished is None:
            self._unfinished()
            return
        if finished.clauses_failed and self._verbosity != "quiet":
            self._prose([("broken    ", "strong")], ", ".join(finished.clauses_failed))
        for complaint in finished.deviations:
            self._prose([("deviation ", "bad")], complaint)
        if finished.left_out and self._verbosity != "quiet":
            self._row()
            self._row(("left out", "strong"))
            for left in finished.left_out:
                self._prose([("  ", "")], words.left_out(left))
        self._row()
        if finished.interrupted:
            how = "given up" if self._record.given_up else "interrupted"
            self._row((f"{how}  ", "warn"), (self._missing(), ""))
        style = {0: "good", 1: "bad", 4: "bad"}.get(finished.exit_code, "warn")
        self._prose([], finished.sentence, style)
        meaning = words.EXIT_CODES.get(finished.exit_code, "")
        took = f"{duration(finished.duration_ms)}, " if self._verbosity != "quiet" else ""
        self._prose([], f"{took}exit code {finished.exit_code}: {meaning}", "dim")

    def _unfinished(self) -> None:
        self._row()
        self._prose([], f"{words.BROKEN_OFF} {self._missing()}", "warn")

    def _missing(self) -> str:
        record = self._record
        text = record.progress
        running = ", ".join(record.running)
        return self._signs.show(f"{text}; this one had not: {running}." if running else f"{text}.")

    def _fact(self, label: str, text: str) -> None:
        self._prose([(f"  {label:<8} ", "dim")], text)

    def _prose(self, lead: list[tuple[str, str]], text: str, style: str = "") -> None:
        """Print words that are broken at spaces, all lines but the first below the first."""
        indent = sum(cell_len(each) for each, _ in lead)
        shown = Text(self._signs.show(text), style=_STYLES[style])
        lines = shown.wrap(self._console, max(self._width - indent, 20), overflow="fold")
        first = Text.assemble(*((each, _STYLES[name]) for each, name in lead))
        if not lines:
            self._print(first)
        for place, line in enumerate(lines):
            line.rstrip()
            self._print((first if place == 0 else Text(" " * indent)) + line)

    def _row(self, *spans: tuple[str, str]) -> None:
        self._print(Text.assemble(*((text, _STYLES[style]) for text, style in spans)))

    def _print(self, text: Text) -> None:
        text.rstrip()
        self._console.print(text, soft_wrap=True)


def _took(found: Iterable[CheckFinished]) -> str:
    """Return how long checks took; nothing for those that were not told, which took no time."""
    told = [check.duration_ms for check in found if check.duration_ms or check.attempts]
    return duration(sum(told)) if told else ""


def _width(stream: TextIO, environ: Mapping[str, str]) -> int:
    columns = environ.get("COLUMNS", "")
    if columns.isascii() and columns.isdecimal() and int(columns) > 0:
        width = int(columns)
    elif stream.isatty():
        width = shutil.get_terminal_size((100, 40)).columns
    else:
        width = 100
    return min(max(width, 40), 140)
