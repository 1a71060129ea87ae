"""Show what the doctor finds."""

import sys
import textwrap
from typing import Final, NoReturn

import typer

from multichat_cli.conformance.choosing import Chosen
from multichat_cli.conformance.printing import lines, width
from multichat_cli.exit_codes import ExitCode
from multichat_cli.output import Output
from multichat_conformance.reports.escape import visible
from multichat_conformance.target.doctor import Step
from multichat_conformance.target.doctor import examine as look_at
from multichat_conformance.timing import LEAST_PATIENCE

__all__ = ["examine"]

_SIGNS: Final = {"well": "ok", "note": "note", "wrong": "WRONG"}
_NAME: Final = 20
_INDENT: Final = " " * (7 + _NAME + 2)


def examine(chosen: Chosen, *, patience: float | None) -> NoReturn:
    """
    Examine a target and exit.

    Raises:
        typer.Exit: Always.

    """
    file = chosen.target.file
    if file is not None:
        accounts, rooms = len(chosen.target.accounts), len(chosen.target.rooms)
        _show(Step("file", "well", f"{file}: {accounts} accounts, {rooms} rooms", 0.0))
    try:
        is_well = look_at(chosen.target, _show, patience=patience or LEAST_PATIENCE)
    except KeyboardInterrupt:
        raise typer.Exit(ExitCode.INTERRUPTED) from None
    if not is_well:
        raise typer.Exit(ExitCode.ERROR)
    command = " ".join(("multichat conformance run", *chosen.asked_as))
    Output(as_json=False).talk(f"All is well. Next: {command}")
    raise typer.Exit(ExitCode.OK)


def _show(step: Step) -> None:
    took = f" ({step.seconds * 1000:.0f} ms)" if step.seconds >= 0.0005 else ""
    first = f"{_SIGNS[step.state]:<7}{visible(step.name):<{_NAME}}  "
    lines(
        textwrap.wrap(
            visible(step.says) + took,
            max(width(sys.stdout), len(_INDENT) + 30),
            initial_indent=first,
            subsequent_indent=_INDENT,
            break_on_hyphens=False,
        )
    )
