"""Reports of made-up runs as text, as the tests of this folder and the golden files want them."""

import io
from collections.abc import Iterable, Mapping

from multichat_conformance.events import Event
from multichat_conformance.reports.console import ConsoleReport, Verbosity
from multichat_conformance.reports.report import FORMATS


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


def written(form: str, events: Iterable[Event]) -> str:
    """Return what a report that is a file holds."""
    stream = io.StringIO()
    report = FORMATS[form](stream)
    for event in events:
        report.event(event)
    report.close()
    return stream.getvalue()


def printed(
    events: Iterable[Event],
    *,
    verbosity: Verbosity = "normal",
    width: int | None = 100,
    stream: io.TextIOBase | None = None,
    environ: Mapping[str, str] | None = None,
    redraw: bool | None = False,
) -> str:
    """Return what the console report prints; on a stream of its own if none is given."""
    out = stream or io.StringIO()
    report = ConsoleReport(
        out,  # type: ignore[arg-type]  # StringIO and TextIOWrapper are what TextIO stands for
        verbosity=verbosity,
        width=width,
        redraw=redraw,
        ticking=False,
        clock=lambda: 0.0,
        environ=environ or {},
    )
    for event in events:
        report.event(event)
    report.close()
    out.seek(0)
    return out.read()
