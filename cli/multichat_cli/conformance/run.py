"""``multichat conformance run``: judge a server."""

from pathlib import Path
from typing import Annotated

import typer

from multichat_cli.conformance.exit_codes import table
from multichat_cli.conformance.options import (
    Account,
    Depth,
    Groups,
    Level,
    Only,
    Patience,
    Room,
    Staff,
    StaffRoom,
    TargetFile,
    Url,
)

__all__ = ["EPILOG", "run"]

EPILOG = f"""
Examples:

\b
  multichat conformance run ws://127.0.0.1:8000/chat/stream/
  multichat conformance run ws://127.0.0.1:8000/chat/stream/ --account alice --account bob \\
      --room 1 --room 2
  multichat conformance run --target target.toml --junit report.xml --html report.html
  multichat conformance run --only join --only MC1-SEND-*
  multichat conformance run --profile deep --seed 42

A server on another machine is only asked what cannot hurt it, unless --group asks for more.
A failure is repeated until the story was told three times. A run that was narrowed, or that
could not test everything, never says "conformant".

FILE "-" is stdout; the report for people then goes to stderr. Passwords are never printed.

Exit codes:

\b
{table()}
"""

_Report = Path | None


def _file(name: str, what: str) -> object:
    return typer.Option(name, metavar="FILE", help=what)


def run(
    url: Url = None,
    target: TargetFile = None,
    account: Account = None,
    staff: Staff = None,
    room: Room = None,
    staff_room: StaffRoom = None,
    level: Annotated[
        Level, typer.Option(help="Judge core alone, or both profiles.")
    ] = Level.HARDENED,
    profile: Annotated[Depth, typer.Option(help="How much model-based testing.")] = Depth.QUICK,
    group: Groups = None,
    only: Only = None,
    seed: Annotated[
        int | None,
        typer.Option(min=0, metavar="NUMBER", help="Repeat the random choices of a run."),
    ] = None,
    patience: Patience = None,
    fail_fast: Annotated[
        bool, typer.Option("--fail-fast", help="End at the first failure.")
    ] = False,
    deviations: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="What the server is known to do wrong."),
    ] = None,
    update_deviations: Annotated[
        bool,
        typer.Option("--update-deviations", help="Write what failed into the deviations file."),
    ] = False,
    json_lines: Annotated[_Report, _file("--json-lines", "Write every event as JSON.")] = None,
    junit: Annotated[_Report, _file("--junit", "Write JUnit XML.")] = None,
    html: Annotated[_Report, _file("--html", "Write one HTML page.")] = None,
    markdown: Annotated[_Report, _file("--markdown", "Write a summary in Markdown.")] = None,
    badge: Annotated[
        _Report, _file("--badge", "Write a badge: a picture if FILE ends in .svg, else JSON.")
    ] = None,
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="Show failures and the verdict alone.")
    ] = False,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Show each check.")] = False,
) -> None:
    """
    Judge a server, and say what to do about it.

    Every check is a short story of users who join, talk and leave. Each failure is shown with
    the clause it is about, with what was sent and received, and with a likely cause.
    """
    from multichat_cli.conformance import choosing
    from multichat_cli.conformance.signals import both_signals
    from multichat_cli.exit_codes import CommandFailed, ExitCode
    from multichat_cli.running import fail
    from multichat_conformance.target.process import launched

    try:
        if quiet and verbose:
            raise CommandFailed(ExitCode.USAGE, "give --quiet or --verbose, not both")
        chosen = choosing.choose(
            url,
            target,
            accounts=account or (),
            staff=staff or (),
            rooms=room or (),
            staff_rooms=staff_room or (),
        )
        with both_signals(), launched(chosen.target) as process:
            # Imported while the target starts.
            from multichat_cli.conformance import judging

            judging.judge(
                chosen,
                judging.options(
                    level=level,
                    depth=profile,
                    groups=group,
                    only=only or (),
                    seed=seed,
                    patience=patience,
                    fail_fast=fail_fast,
                ),
                judging.Outputs(
                    {
                        "jsonl": json_lines,
                        "junit": junit,
                        "html": html,
                        "markdown": markdown,
                        "badge": badge,
                    },
                    quiet=quiet,
                    verbose=verbose,
                ),
                deviations=deviations,
                update=update_deviations,
                process=process,
            )
    except CommandFailed as exc:
        raise fail(exc) from exc
