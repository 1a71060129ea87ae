"""``multichat admin``: users and rooms, in the database itself."""

import typer

from multichat_cli import admin_import, admin_rooms, admin_users
from multichat_cli.exit_codes import ExitCode, table

__all__ = ["admin"]

EPILOG = f"""
Examples:

\b
  multichat admin user add alice
  multichat admin user add dave --staff --password-stdin < password.txt
  multichat admin user change alice --no-active
  multichat admin room add "Staff room" --staff-only
  multichat admin room list --json
  multichat admin import-django db.sqlite3

These commands work on the database itself, so they also work while a server runs on it, which
sees the change at once: who may no longer be in a room is put out. Which database that is
stands in --database-url, in MULTICHAT_DATABASE_URL, or in the file of --config.

With --json each line on stdout is an object whose member "event" is user, user_deleted, room,
room_deleted, import_note or import_done.

Exit codes:

\b
{table(ExitCode.OK, ExitCode.ERROR, ExitCode.USAGE, ExitCode.INCOMPLETE, ExitCode.INTERRUPTED)}
"""

admin = typer.Typer(
    name="admin",
    help="Add, list, change and delete users and rooms; bring them over from Django.",
    epilog=EPILOG,
    no_args_is_help=True,
    rich_markup_mode=None,
)
admin.add_typer(admin_users.users, name="user")
admin.add_typer(admin_rooms.rooms, name="room")
admin.command(name="import-django", epilog=admin_import.EPILOG)(admin_import.import_django)
