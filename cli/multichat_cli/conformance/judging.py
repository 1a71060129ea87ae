"""Judge a target: which reports are written where, and what the exit code is."""

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final, NoReturn, TextIO

import typer

from multichat_cli.conformance.choosing import Chosen
from multichat_cli.conformance.options import Depth, Group, Level
from multichat_cli.exit_codes import CommandFailed, ExitCode
from multichat_cli.output import Output, discard
from multichat_conformance.deviations import Deviations, DeviationsError, load_deviations
from multichat_conformance.events import CheckFinished
from multichat_conformance.outcomes import ExitCode as Judged
from multichat_conformance.reports.console import ConsoleReport
from multichat_conformance.reports.report import FORMATS, Report, report_to
from multichat_conformance.running import Options, suite

if TYPE_CHECKING:
    from multichat_conformance.events import Event
    from multichat_conformance.reports.console import Verbosity
    from multichat_conformance.target.process import TargetProcess

__all__ = [
    "Guarded",
    "Outputs",
    "closed",
    "emitter",
    "judge",
    "opened",
    "options",
]

_STDOUT: Final = Path("-")

_TROUBLES: Final = (
    OSError,
    ArithmeticError,
    AttributeError,
    LookupError,
    RuntimeError,
    TypeError,
    ValueError,
)
"""What a report may raise: files that cannot be written, and its own mistakes."""


def options(
    *,
    level: Level,
    depth: Depth,
    groups: Sequence[Group] | None,
    only: Sequence[str],
    seed: int | None,
    patience: float | None,
    fail_fast: bool,
) -> Options:
    """
    Return what is asked of a run.

    Raises:
        CommandFailed: A pattern fits no check.

    """
    from multichat_conformance import catalogue
    from multichat_conformance.running.options import planned

    chosen = Options(
        level=level.value,
        depth=depth.value,
        groups=None if groups is None else tuple(catalogue.Group(group) for group in groups),
        only=tuple(only),
        patience=patience,
        fail_fast=fail_fast,
    )
    if seed is not None:
        chosen = replace(chosen, seed=seed)
    for pattern in only:
        if not planned(catalogue.catalogue(), Options(only=(pattern,), depth="deep")):
            raise CommandFailed(
                ExitCode.USAGE,
                f"--only {pattern} fits no check: see multichat conformance list",
            )
    return chosen


@dataclass(frozen=True)
class Outputs:
    """
    Where the reports go.

    Attributes:
        files: For each format its file; ``-`` is stdout, None is nowhere.
        quiet: Whether people see failures and the verdict alone.
        verbose: Whether they see each check.

    """

    files: Mapping[str, Path | None]
    quiet: bool = False
    verbose: bool = False


def judge(
    chosen: Chosen,
    asked: Options,
    outputs: Outputs,
    *,
    deviations: Path | None = None,
    update: bool = False,
    process: "TargetProcess | None" = None,
) -> NoReturn:
    """
    Judge a target, write the reports and exit.

    Args:
        chosen: The target.
        asked: What is asked for.
        outputs: Where the reports go.
        deviations: The deviations file; None: the one that the target file names, if any.
        update: Whether what failed is written into it.
        process: The target's process, if it was launched before.

    Raises:
        CommandFailed: The run cannot even begin.
        typer.Exit: Otherwise always.

    """
    file = deviations or chosen.target.deviations
    known = _known(file, update=update, is_asked_for=deviations is not None)
    results = _Results()
    reports = opened(outputs)
    try:
        ended = suite.judge(
            chosen.target,
            asked,
            [*reports, results],
            asked_as=chosen.asked_as,
            deviations=known,
            process=process,
        )
    finally:
        trouble = closed(reports)
    code = int(ended.exit_code)
    if update and file is not None:
        trouble += _update(file, results.checks)
    for sentence in trouble:
        Output(as_json=False).talk(f"multichat: {sentence}")
        if code in (Judged.CONFORMANT, Judged.INCOMPLETE):
            code = Judged.HARNESS
    raise typer.Exit(code)


def _known(file: Path | None, *, update: bool, is_asked_for: bool) -> Deviations | None:
    if file is None:
        if update:
            raise CommandFailed(
                ExitCode.USAGE, "--update-deviations needs a file: give --deviations FILE"
            )
        return None
    if is_asked_for and not update and not file.exists():
        raise CommandFailed(ExitCode.USAGE, f"there is no deviations file {file}")
    try:
        return load_deviations(file)
    except DeviationsError as exc:
        raise CommandFailed(ExitCode.USAGE, str(exc)) from exc


def _update(file: Path, checks: "Sequence[CheckFinished]") -> list[str]:
    """Bring the deviations file up to date, and say what went wrong, if anything did."""
    from multichat_conformance.deviations_update import update_deviations

    before = file.read_bytes() if file.exists() else b""
    try:
        update_deviations(file, checks)
    except (DeviationsError, OSError) as exc:
        return [f"the deviations file was not updated: {exc}"]
    after = file.read_bytes() if file.exists() else b""
    said = "is as it was" if after == before else "is up to date: say why in each new entry"
    Output(as_json=False).talk(f"{file} {said}")
    return []


def emitter(reports: "Sequence[Guarded]") -> "Callable[[Event], None]":
    """Return what hands an event to every report."""

    def emit(event: "Event") -> None:
        for report in reports:
            report.event(event)

    return emit


def closed(reports: "Sequence[Guarded]") -> list[str]:
    """Close every report, and return what went wrong with any of them, a sentence each."""
    for report in reports:
        report.close()
    return [report.trouble for report in reports if report.trouble]


def opened(outputs: Outputs) -> "list[Guarded]":
    """
    Open every report.

    Raises:
        CommandFailed: A file cannot be written, or two reports want stdout.

    """
    wanted = {form: file for form, file in outputs.files.items() if file is not None}
    on_stdout = [form for form, file in wanted.items() if file == _STDOUT]
    if len(on_stdout) > 1:
        raise CommandFailed(ExitCode.USAGE, 'only one report can go to stdout ("-")')
    found = []
    people = sys.stderr if on_stdout else sys.stdout
    if people is not None:
        verbosity: Verbosity = (
            "quiet" if outputs.quiet else "verbose" if outputs.verbose else "normal"
        )
        found.append(Guarded(ConsoleReport(people, verbosity=verbosity), "the output", people))
    for form, file in wanted.items():
        if form == "badge" and file.suffix == ".svg":
            form = "badge-svg"
        if file == _STDOUT:
            if sys.stdout is None:
                raise CommandFailed(Judged.HARNESS, "cannot write the output: it is closed")
            found.append(Guarded(FORMATS[form](sys.stdout), "the output", sys.stdout))
            continue
        try:
            found.append(Guarded(report_to(file, form), str(file)))
        except OSError as exc:
            raise CommandFailed(Judged.HARNESS, f"cannot write {file}: {exc.strerror}") from exc
    return found


class Guarded:
    """A report whose troubles end neither the run nor the other reports."""

    def __init__(self, report: Report, place: str, stream: TextIO | None = None) -> None:
        self._report = report
        self._place = place
        self._stream = stream
        self.trouble = ""

    def event(self, event: "Event") -> None:
        """Hand an event on."""
        if self.trouble:
            return
        try:
            self._report.event(event)
        except _TROUBLES as exc:
            self._fail(exc)

    def close(self) -> None:
        """End the report, and see that all of it is written."""
        if self.trouble:
            return
        try:
            self._report.close()
            if self._stream is not None:
                self._stream.flush()
        except _TROUBLES as exc:
            self._fail(exc)

    def _fail(self, exc: Exception) -> None:
        match exc:
            case BrokenPipeError():
                self.trouble = "nobody reads the output any more"
            case OSError():
                self.trouble = f"cannot write {self._place}: {exc.strerror or exc}"
            case _:
                # A mistake of the report, which is no check's.
                self.trouble = f"cannot write {self._place}: {type(exc).__name__}: {exc}"
        if self._stream is not None:
            discard(self._stream)


class _Results:
    """Keeps what came of the checks."""

    def __init__(self) -> None:
        self.checks: list[CheckFinished] = []

    def event(self, event: "Event") -> None:
        """Keep the end of a check."""
        if isinstance(event, CheckFinished):
            self.checks.append(event)

    def close(self) -> None:
        """Do nothing."""
