"""
The command line as a whole: which commands there are, and nothing of what they do.

Only what ``--help`` needs is imported here. A command imports its own machinery when it runs.
"""

from typing import Annotated

import typer

from multichat_cli.admin import admin
from multichat_cli.exit_codes import table
from multichat_cli.join import EPILOG as JOIN_EPILOG
from multichat_cli.join import join
from multichat_cli.send import EPILOG as SEND_EPILOG
from multichat_cli.send import send
from multichat_cli.serve import EPILOG as SERVE_EPILOG
from multichat_cli.serve import serve

__all__ = ["app"]

EPILOG = f"""
Examples:

\b
  multichat serve --demo
  multichat join 1 --user alice
  multichat send 1 "The build is green." --user bot
  multichat admin room add "Tea kitchen"

Data goes to stdout, everything else to stderr. NO_COLOR switches colours off. The server is
--url or MULTICHAT_URL, the user --user or MULTICHAT_USER, the password MULTICHAT_PASSWORD.

Exit codes:

\b
{table()}
"""

app = typer.Typer(
    name="multichat",
    help="Chat from the terminal, and run the server for it.",
    epilog=EPILOG,
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    # Local variables hold passwords.
    pretty_exceptions_show_locals=False,
)
app.command(epilog=SERVE_EPILOG)(serve)
app.command(epilog=JOIN_EPILOG)(join)
app.command(epilog=SEND_EPILOG)(send)
app.add_typer(admin)


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
