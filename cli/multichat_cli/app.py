"""
The command line as a whole: which commands there are, and nothing of what they do.

Only what ``--help`` needs is imported here. A command imports its own machinery when it runs.
"""

from typing import Annotated, Any

import typer
import typer.main
from typer.core import TyperGroup

from multichat_cli.admin import admin
from multichat_cli.conformance.app import conformance
from multichat_cli.exit_codes import table
from multichat_cli.join import EPILOG as JOIN_EPILOG
from multichat_cli.join import join
from multichat_cli.rooms import EPILOG as ROOMS_EPILOG
from multichat_cli.rooms import rooms
from multichat_cli.send import EPILOG as SEND_EPILOG
from multichat_cli.send import send

__all__ = ["app"]

EPILOG = f"""
Examples:

\b
  multichat serve --demo
  multichat rooms --user alice
  multichat join 1 --user alice
  multichat send 1 "The build is green." --user bot
  multichat admin room add "Tea kitchen"
  multichat conformance run ws://127.0.0.1:8000/chat/stream/

Data goes to stdout, everything else to stderr. NO_COLOR switches colours off. The server is
--url or MULTICHAT_URL, the user --user or MULTICHAT_USER, the password MULTICHAT_PASSWORD.

Exit codes ("multichat conformance" has its own):

\b
{table()}
"""


class _Commands(TyperGroup):
    """
    The commands, of which ``serve`` is loaded when it is called.

    Its flags are made from the server's settings, and nobody who only wants to chat should
    need the server's package for that, or wait for it.
    """

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[str | None, Any, list[str]]:
        name, command, rest = super().resolve_command(ctx, args)
        if name == "serve":
            from multichat_cli import serve

            command = typer.main.get_command(serve.app)
        return name, command, rest


app = typer.Typer(
    name="multichat",
    cls=_Commands,
    help="Chat from the terminal, run the server for it, and judge any server.",
    epilog=EPILOG,
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    # Local variables hold passwords.
    pretty_exceptions_show_locals=False,
)


@app.command()
def serve() -> None:
    """Run a chat server until it is stopped."""
    raise AssertionError("loaded in _Commands.resolve_command")


app.command(epilog=ROOMS_EPILOG)(rooms)
app.command(epilog=JOIN_EPILOG)(join)
app.command(epilog=SEND_EPILOG)(send)
app.add_typer(admin)
app.add_typer(conformance)


def _print_version(wanted: bool) -> None:
    if not wanted:
        return
    from importlib.metadata import version

    from multichat_spec import versions

    typer.echo(f"multichat {version('multichat')} (protocol {', '.join(versions())})")
    raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print the versions and exit."
        ),
    ] = False,
) -> None:
    pass
