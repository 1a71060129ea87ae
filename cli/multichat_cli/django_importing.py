"""What ``admin import-django`` does once its command line is read."""

import os
from collections.abc import Sequence
from pathlib import Path

from multichat_cli import administration
from multichat_cli.exit_codes import CommandFailed, ExitCode
from multichat_cli.output import Event, Output
from multichat_server.config import Settings
from multichat_server.django_import import Report, Source, import_django, read_django
from multichat_server.storage import COMMAND_LINE, Store

__all__ = ["run"]


def run(
    django: str,
    *,
    dry_run: bool,
    room_table: str | None,
    user_table: str | None,
    database_url: str | None,
    config: Path | None,
    as_json: bool,
) -> None:
    """
    Read Django's database, bring it over, print what came of it, and exit.

    Args:
        django: A SQLite file, or a URL.
        dry_run: Only say what would be done.
        room_table: Where its rooms are; ``None`` to look for them.
        user_table: Where its users are; ``None`` to look for them.
        database_url: As for :func:`administration.run`.
        config: As for :func:`administration.run`.
        as_json: See :class:`Output`.

    Raises:
        typer.Exit: Always.

    """
    administration.argument(django, "the name of the database")
    for table in (room_table, user_table):
        if table is not None:
            administration.argument(table, "the table's name")
    # Called in the thread that reads; stderr bears that.
    talk = Output(as_json=as_json).talk
    found: list[Source] = []

    async def prepare(settings: Settings) -> None:
        _refuse_itself(django, settings.database_url)
        found.append(
            await read_django(django, user_table=user_table, room_table=room_table, progress=talk)
        )

    async def work(store: Store) -> list[Event]:
        report = await import_django(store, found[0], by=COMMAND_LINE, dry_run=dry_run)
        return _events(report, dry_run=dry_run)

    administration.run(
        work,
        database_url=database_url,
        config=config,
        as_json=as_json,
        may_create=True,
        is_dry_run=dry_run,
        prepare=prepare,
        exit_code=_exit_code,
    )


def _refuse_itself(django: str, database_url: str) -> None:
    """Refuse to make our tables in what is only to be read."""
    files = [
        each.partition(":///")[2].partition("?")[0] if "://" in each else each
        for each in (django, database_url)
    ]
    is_same_file = all(map(os.path.exists, files)) and Path(files[0]).samefile(files[1])
    if is_same_file or django == database_url:
        raise CommandFailed(
            ExitCode.USAGE,
            "that is the database to bring over, which is only read: name another one with "
            "--database-url",
        )


def _events(report: Report, *, dry_run: bool) -> list[Event]:
    notes: list[Event] = [
        {
            "event": "import_note",
            "thing": note.thing,
            "id": note.id,
            "name": note.name,
            "code": note.code,
            "detail": note.sentence,
            "is_loss": note.is_loss,
        }
        for note in report.notes
    ]
    done: Event = {
        "event": "import_done",
        "dry_run": dry_run,
        "users_added": report.users.added,
        "users_present": report.users.present,
        "users_left_out": report.users.left_out,
        "users_without_password": report.users.without_password,
        "rooms_added": report.rooms.added,
        "rooms_present": report.rooms.present,
        "rooms_left_out": report.rooms.left_out,
        "is_complete": report.is_complete,
    }
    return [*notes, done]


def _exit_code(events: Sequence[Event]) -> ExitCode:
    return ExitCode.OK if events[-1]["is_complete"] else ExitCode.INCOMPLETE
