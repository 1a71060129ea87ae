"""``multichat conformance replay``: tell a recorded story again."""

from pathlib import Path
from typing import Annotated

import typer

from multichat_cli.conformance.exit_codes import table
from multichat_cli.conformance.options import (
    Account,
    Patience,
    Room,
    Staff,
    StaffRoom,
    TargetFile,
)

__all__ = ["EPILOG", "replay"]

EPILOG = f"""
Examples:

\b
  multichat conformance replay story.json --target target.toml

A model-based run that finds a failure makes the story as short as it can be and saves it; the
failure card names the file.

Exit codes:

\b
{table()}
"""


def replay(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The story.")],
    url: Annotated[
        str | None,
        typer.Argument(metavar="URL", help="The server's stream: a ws:// or wss:// URL."),
    ] = None,
    target: TargetFile = None,
    account: Account = None,
    staff: Staff = None,
    room: Room = None,
    staff_room: StaffRoom = None,
    patience: Patience = None,
) -> None:
    """Tell a story that a model-based run has saved, and show what comes of it."""
    from multichat_cli.conformance import choosing, replaying
    from multichat_cli.exit_codes import CommandFailed
    from multichat_cli.running import fail

    try:
        chosen = choosing.choose(
            url,
            target,
            accounts=account or (),
            staff=staff or (),
            rooms=room or (),
            staff_rooms=staff_room or (),
        )
        replaying.replay(file, chosen, patience=patience)
    except CommandFailed as exc:
        raise fail(exc) from exc
