"""``multichat admin import-django``: the users and rooms of the original's database."""

from typing import Annotated

import typer

from multichat_cli.exit_codes import ExitCode, table
from multichat_cli.options import AsJson, Config, DatabaseUrl

__all__ = ["EPILOG", "import_django"]

EPILOG = f"""
Examples:

\b
  multichat admin import-django db.sqlite3 --dry-run
  multichat admin import-django db.sqlite3
  multichat admin import-django postgresql://django@db.example/site --room-table forum_room

What is here already stays as it is, so that the command can be run again. Django's database is
only read. Each user or room that could not be brought over whole gets a line that says why; all
the others come in one transaction, or none of them. With --json that line is an object whose
member "event" is import_note, and the last line is import_done.

A password in the URL can be seen by other users of the machine: PostgreSQL's own PGPASSWORD and
password file work, too.

Exit codes:

\b
{table(ExitCode.OK, ExitCode.ERROR, ExitCode.USAGE, ExitCode.INCOMPLETE, ExitCode.INTERRUPTED)}
"""


def import_django(
    django: Annotated[
        str,
        typer.Argument(
            metavar="PATH_OR_URL", help="Django's database: a SQLite file, or postgresql://…"
        ),
    ],
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be done, and do nothing.")
    ] = False,
    room_table: Annotated[
        str | None, typer.Option(metavar="TABLE", help="Its rooms, if they are not in chat_room.")
    ] = None,
    user_table: Annotated[
        str | None, typer.Option(metavar="TABLE", help="Its users, if they are not in auth_user.")
    ] = None,
    database_url: DatabaseUrl = None,
    config: Config = None,
    as_json: AsJson = False,
) -> None:
    """Bring users, with their passwords, and rooms over from the original's database."""
    from multichat_cli import django_importing

    django_importing.run(
        django,
        dry_run=dry_run,
        room_table=room_table,
        user_table=user_table,
        database_url=database_url,
        config=config,
        as_json=as_json,
    )
