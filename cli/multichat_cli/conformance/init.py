"""``multichat conformance init``: write a target file."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

__all__ = ["EPILOG", "init"]

EPILOG = """
Examples:

\b
  multichat conformance init
  multichat conformance init my-server.toml --url ws://127.0.0.1:8000/chat/stream/ \\
      --account alice --account bob --account carol --staff dave \\
      --room 1 --room 2 --room 4 --staff-room 3

Without --url it asks. Passwords are not asked for: the file names the environment variables
that will hold them. What to look at next: multichat conformance doctor.
"""


class Recipe(StrEnum):
    """How a session is had."""

    DJANGO_FORM = "django-form"
    HEADER = "header"
    COOKIE = "cookie"
    NONE = "none"


def init(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The target file to write.")] = Path(
        "target.toml"
    ),
    url: Annotated[
        str | None,
        typer.Option(metavar="URL", help="The server's stream. Without it, init asks."),
    ] = None,
    name: Annotated[str, typer.Option(metavar="TEXT", help="What reports call the server.")] = "",
    login: Annotated[Recipe, typer.Option(help="How a session is had.")] = Recipe.DJANGO_FORM,
    login_path: Annotated[
        str, typer.Option(metavar="PATH", help="Where the login form is.")
    ] = "/accounts/login/",
    account: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="A plain account, once for each; three are best."),
    ] = None,
    staff: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="A staff account.")
    ] = None,
    room: Annotated[
        list[str] | None,
        typer.Option(metavar="ID", help="An open room, once for each; three are best, two needed."),
    ] = None,
    staff_room: Annotated[
        list[str] | None, typer.Option(metavar="ID", help="A staff room.")
    ] = None,
    start: Annotated[
        str,
        typer.Option(metavar="COMMAND", help="What starts the server, at port {port} of the URL."),
    ] = "",
    hooks: Annotated[str, typer.Option(metavar="URL", help="Where hooks are pulled by HTTP.")] = "",
    force: Annotated[bool, typer.Option("--force", help="Overwrite the file.")] = False,
) -> None:
    """
    Write a target file, by asking or from options.

    It says how the suite reaches a server, who can log in and which rooms there are. Comments
    in it explain what else it can say.
    """
    from multichat_cli.conformance import asking
    from multichat_cli.exit_codes import CommandFailed
    from multichat_cli.running import fail
    from multichat_conformance.target.init import Answers

    try:
        asking.refuse_to_overwrite(file, force=force)
        if url is None:
            answers = asking.ask()
        else:
            answers = Answers(
                url=url,
                name=name,
                recipe=login.value,
                login_path=login_path,
                accounts=account or (),
                staff=staff or (),
                rooms=room or (),
                staff_rooms=staff_room or (),
                start=asking.words(start),
                hooks=hooks,
            )
        asking.write(file, answers)
    except CommandFailed as exc:
        raise fail(exc) from exc
