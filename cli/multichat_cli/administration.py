"""What ``admin`` does once its command lines are read: one change, or one look."""

import os
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

from multichat_cli import running
from multichat_cli.exit_codes import CommandFailed, ExitCode
from multichat_cli.options import VARIABLES, valid_text
from multichat_cli.output import Event, Output
from multichat_cli.running import Interruption
from multichat_proto.exceptions import StoreUnavailable
from multichat_server.config import ConfigError, Settings, load_settings
from multichat_server.passwords import Passwords
from multichat_server.storage import COMMAND_LINE, RoomRecord, Store, StoreError, User

__all__ = ["COMMAND_LINE", "argument", "ask_for_change", "room_event", "run", "user_event"]


def run(
    work: Callable[[Store], Awaitable[list[Event]]],
    *,
    database_url: str | None,
    config: Path | None,
    as_json: bool,
    may_create: bool = False,
    is_dry_run: bool = False,
    prepare: Callable[[Settings], Awaitable[None]] | None = None,
    exit_code: Callable[[Sequence[Event]], ExitCode] = lambda _: ExitCode.OK,
) -> None:
    """
    Open the database, work on it, print what came of it, and exit.

    Args:
        work: What to do; returns what to print.
        database_url: From the command line; ``None`` means from the settings.
        config: The server's settings; ``None`` if there is no file.
        as_json: See :class:`Output`.
        may_create: Whether a database that is not there is made. Otherwise that is an error:
            it would be an empty one beside the one that was meant.
        is_dry_run: Whether instead of a database that is not there an empty one is taken, in
            memory.
        prepare: What to do before the database is opened, or made; ``None`` for nothing.
        exit_code: What the command exits with, by what it printed.

    Raises:
        typer.Exit: Always.

    """
    try:
        settings = load_settings(
            file=config,
            environ=os.environ,
            flags={"database_url": database_url},
            other_variables=VARIABLES,
        )
    except ConfigError as exc:
        raise running.fail(CommandFailed(ExitCode.USAGE, str(exc))) from exc
    output = Output(as_json=as_json)

    async def command(_: Interruption) -> ExitCode:
        try:
            if prepare is not None:
                await prepare(settings)
            new = _missing_file(settings, may_create=may_create)
            in_memory = is_dry_run and new is not None
            async with Store.open(
                "sqlite://" if in_memory else settings.database_url,
                passwords=Passwords(threads=settings.password_threads),
            ) as store:
                if new is not None and not in_memory:
                    output.talk(f"made a new database, {new.absolute()}")
                events = await work(store)
                for event in events:
                    output.show(event)
        except (StoreError, StoreUnavailable) as exc:
            raise CommandFailed(ExitCode.ERROR, str(exc)) from exc
        return exit_code(events)

    running.run(output, command)


def argument(text: str, what: str) -> str:
    """
    Return a text of the command line as it is.

    Args:
        text: A name or a title.
        what: What it is called where it is refused.

    Raises:
        typer.Exit: It is not valid UTF-8.

    """
    try:
        return valid_text(text, what)
    except CommandFailed as exc:
        raise running.fail(exc) from exc


def ask_for_change(*changes: object) -> None:
    """
    Refuse a change that changes nothing.

    Args:
        changes: What the options say; ``None`` where one was not given.

    Raises:
        typer.Exit: None of the options was given.

    """
    if all(change is None for change in changes):
        raise running.fail(
            CommandFailed(ExitCode.USAGE, "nothing to change: give an option, see --help")
        )


def user_event(user: User) -> Event:
    """Return a user as an event of the output."""
    return {
        "event": "user",
        "id": user.id,
        "username": user.username,
        "is_staff": user.is_staff,
        "is_active": user.is_active,
    }


def room_event(room: RoomRecord) -> Event:
    """Return a room as an event of the output."""
    return {"event": "room", "id": room.id, "title": room.title, "staff_only": room.staff_only}


def _missing_file(settings: Settings, *, may_create: bool) -> Path | None:
    """Return the database's file if it is not there yet and is about to be made."""
    scheme, _, rest = settings.database_url.partition(":///")
    place = rest.partition("?")[0]
    if scheme != "sqlite" or Path(place).exists():
        return None
    if not may_create:
        raise CommandFailed(
            ExitCode.ERROR,
            f"there is no database {place}: name the server's with --database-url or --config",
        )
    return Path(place)
