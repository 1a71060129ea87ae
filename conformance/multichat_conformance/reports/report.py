"""What every report is, and the ones that are written to a file, by name."""

import io
import os
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final, Protocol, TextIO

from multichat_conformance.events import Event

__all__ = ["FORMATS", "Report", "report_to", "write_atomically"]


class Report(Protocol):
    """Something that is made from the events of a run."""

    def event(self, event: Event) -> None:
        """
        Take the next event.

        Raises:
            OSError: The report cannot be written.

        """

    def close(self) -> None:
        """
        End the report; may be called at any time and more than once.

        A report that is closed before :class:`~multichat_conformance.events.RunFinished` came
        says that the run was broken off.

        Raises:
            OSError: The report cannot be written.

        """


def _json_lines(stream: TextIO) -> Report:
    from multichat_conformance.reports.json_lines import JsonLinesReport

    return JsonLinesReport(stream)


def _junit(stream: TextIO) -> Report:
    from multichat_conformance.reports.junit import JUnitReport

    return JUnitReport(stream)


def _html(stream: TextIO) -> Report:
    from multichat_conformance.reports.html import HtmlReport

    return HtmlReport(stream)


def _markdown(stream: TextIO) -> Report:
    from multichat_conformance.reports.markdown import MarkdownReport

    return MarkdownReport(stream)


def _badge(stream: TextIO) -> Report:
    from multichat_conformance.reports.badge import BadgeReport

    return BadgeReport(stream)


def _badge_svg(stream: TextIO) -> Report:
    from multichat_conformance.reports.badge import BadgeReport

    return BadgeReport(stream, svg=True)


FORMATS: Final[Mapping[str, Callable[[TextIO], Report]]] = {
    "jsonl": _json_lines,
    "junit": _junit,
    "html": _html,
    "markdown": _markdown,
    "badge": _badge,
    "badge-svg": _badge_svg,
}
"""Every report that is a file, by the name that a command line gives it."""


def report_to(path: Path, form: str) -> Report:
    """
    Make a report that is written to a file.

    JSON Lines grow as the run goes on, so that they can be followed. Every other report is
    written when it is closed, all at once: nobody ever reads half of one.

    Args:
        path: The file; it is written anew. Its folder must exist.
        form: A name of :data:`FORMATS`.

    Raises:
        KeyError: No report has that name.
        OSError: The file cannot be written.

    """
    make = FORMATS[form]
    if form == "jsonl":
        # Closed by _Streamed.close, which every user of a report calls.
        stream = path.open("w", encoding="utf-8", newline="\n")
        return _Streamed(make(stream), stream)
    if path.is_dir():
        raise IsADirectoryError(21, "is a folder, not a file", str(path))
    if not path.parent.is_dir():
        raise FileNotFoundError(2, "there is no such folder", str(path.parent))
    return _AtOnce(make, path)


class _Streamed:
    def __init__(self, report: Report, stream: TextIO) -> None:
        self._report, self._stream = report, stream

    def event(self, event: Event) -> None:
        self._report.event(event)

    def close(self) -> None:
        if not self._stream.closed:
            with self._stream:
                self._report.close()


class _AtOnce:
    def __init__(self, make: Callable[[TextIO], Report], path: Path) -> None:
        self._path, self._text, self._closed = path, io.StringIO(), False
        self._report = make(self._text)

    def event(self, event: Event) -> None:
        self._report.event(event)

    def close(self) -> None:
        if self._closed:
            return
        self._closed = True
        self._report.close()
        write_atomically(self._path, self._text.getvalue())


def write_atomically(path: Path, text: str) -> None:
    """
    Write a file so that whoever reads it finds the old text or the new one, never a part.

    The file keeps its permissions; a symbolic link stays one.

    Raises:
        OSError: It cannot be written; the old file is as it was.

    """
    goal = path.resolve()
    if goal.exists() and not goal.is_file():
        # A device or a pipe cannot be replaced: whoever names one wants it written to.
        goal.write_text(text, encoding="utf-8", newline="")
        return
    handle, name = tempfile.mkstemp(prefix=f".{goal.name}.", dir=goal.parent)
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="") as file:
            file.write(text)
        Path(name).chmod(goal.stat().st_mode & 0o777 if goal.exists() else 0o644)
        Path(name).replace(goal)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
