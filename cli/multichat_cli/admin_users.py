"""``multichat admin user``: who may log in, and who is staff."""

from typing import TYPE_CHECKING, Annotated

import typer

from multichat_cli.exit_codes import CommandFailed
from multichat_cli.options import AsJson, Config, DatabaseUrl, PasswordFile, PasswordStdin

if TYPE_CHECKING:
    from multichat_cli.output import Event
    from multichat_server.storage import Store

__all__ = ["users"]

users = typer.Typer(
    help="Add, list, change and delete users.", no_args_is_help=True, rich_markup_mode=None
)

Name = Annotated[str, typer.Argument(metavar="NAME", help="The user's name.")]


@users.command()
def add(
    name: Name,
    staff: Annotated[bool, typer.Option("--staff", help="May enter staff rooms.")] = False,
    password_stdin: PasswordStdin = False,
    password_file: PasswordFile = None,
    database_url: DatabaseUrl = None,
    config: Config = None,
    as_json: AsJson = False,
) -> None:
    """Add a user; the password is asked for, or comes by --password-stdin and the like."""
    from multichat_cli import administration

    administration.argument(name, "the user name")
    password = _password(name, stdin=password_stdin, file=password_file)

    async def work(store: "Store") -> "list[Event]":
        return [
            administration.user_event(
                await store.add_user(name, password, is_staff=staff, by=administration.COMMAND_LINE)
            )
        ]

    administration.run(
        work, database_url=database_url, config=config, as_json=as_json, may_create=True
    )


@users.command(name="list")
def list_(database_url: DatabaseUrl = None, config: Config = None, as_json: AsJson = False) -> None:
    """List the users, by name."""
    from multichat_cli import administration

    async def work(store: "Store") -> "list[Event]":
        return [administration.user_event(user) for user in await store.users()]

    administration.run(work, database_url=database_url, config=config, as_json=as_json)


@users.command()
def change(
    name: Name,
    rename: Annotated[
        str | None, typer.Option(metavar="NEW", help="Call the user this from now on.")
    ] = None,
    staff: Annotated[
        bool | None, typer.Option("--staff/--no-staff", help="May enter staff rooms, or not.")
    ] = None,
    active: Annotated[
        bool | None, typer.Option("--active/--no-active", help="May log in and chat, or not.")
    ] = None,
    password: Annotated[
        bool, typer.Option("--password", help="Ask for a new password; it ends all sessions.")
    ] = False,
    password_stdin: PasswordStdin = False,
    password_file: PasswordFile = None,
    database_url: DatabaseUrl = None,
    config: Config = None,
    as_json: AsJson = False,
) -> None:
    """Change what is given; the rest stays."""
    from multichat_cli import administration

    administration.argument(name, "the user name")
    if rename is not None:
        administration.argument(rename, "the new user name")
    wants_password = password or password_stdin or password_file is not None
    administration.ask_for_change(rename, staff, active, wants_password or None)
    secret = _password(name, stdin=password_stdin, file=password_file) if wants_password else None

    async def work(store: "Store") -> "list[Event]":
        changed = await store.change_user(
            name,
            new_username=rename,
            password=secret,
            is_staff=staff,
            is_active=active,
            by=administration.COMMAND_LINE,
        )
        return [administration.user_event(changed)]

    administration.run(work, database_url=database_url, config=config, as_json=as_json)


@users.command()
def delete(
    name: Name,
    database_url: DatabaseUrl = None,
    config: Config = None,
    as_json: AsJson = False,
) -> None:
    """Delete a user; connections that are open are put out of their rooms."""
    from multichat_cli import administration

    administration.argument(name, "the user name")

    async def work(store: "Store") -> "list[Event]":
        await store.delete_user(name, by=administration.COMMAND_LINE)
        return [{"event": "user_deleted", "username": name}]

    administration.run(work, database_url=database_url, config=config, as_json=as_json)


def _password(name: str, *, stdin: bool, file: PasswordFile) -> str:
    from multichat_cli import options, running

    try:
        return options.new_password(name, stdin=stdin, file=file)
    except CommandFailed as exc:
        raise running.fail(exc) from exc
