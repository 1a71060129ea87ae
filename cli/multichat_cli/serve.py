"""``multichat serve``: run the reference server; its flags are made from its settings."""

import inspect
from pathlib import Path
from typing import Annotated, Any, cast

import typer

from multichat_cli.exit_codes import CommandFailed, ExitCode, table
from multichat_cli.options import VARIABLES, AsJson, Config
from multichat_server.config import SETTINGS, SettingInfo

__all__ = ["app", "serve"]

EPILOG = f"""
Examples:

\b
  multichat serve --demo                   accounts, rooms, and what to try
  multichat serve --database-url sqlite:///chat.sqlite3
  multichat serve --config chat.toml --port 9000
  MULTICHAT_PORT=9000 multichat serve

Every setting may stand in the file (port = 9000), in the environment (MULTICHAT_PORT=9000) or
on the command line (--port 9000), which wins over the environment, which wins over the file.

SIGTERM or Ctrl-C stops it: everybody is closed with code 1012, within --shutdown-grace
seconds whatever clients do, and it exits with 0. A second Ctrl-C ends it at once.

With --json each line on stdout is an object whose member "event" is account, room, listening
or stopped; once listening is printed, connections are accepted.

Exit codes:

\b
{table(ExitCode.OK, ExitCode.ERROR, ExitCode.USAGE, ExitCode.INTERRUPTED)}
"""


def serve(**options: Any) -> None:
    """
    Run a chat server until it is stopped.

    Users and rooms are kept in a database; "multichat admin" changes them, also while the
    server runs.
    """
    # What the signature below says, in variables. The rest are the settings.
    config: Path | None = options.pop("config")
    demo: bool = options.pop("demo")
    as_json: bool = options.pop("as_json")

    import os

    from multichat_cli import running
    from multichat_server.config import ConfigError, load_settings

    try:
        settings = load_settings(
            file=config, environ=os.environ, flags=options, other_variables=VARIABLES
        )
        if demo and options["database_url"] is not None:
            raise CommandFailed(
                ExitCode.USAGE, "--demo brings its own database: leave --database-url away"
            )
    except ConfigError as exc:
        raise running.fail(CommandFailed(ExitCode.USAGE, str(exc))) from exc
    except CommandFailed as exc:
        raise running.fail(exc) from exc
    from multichat_cli import serving

    serving.run(settings, is_demo=demo, as_json=as_json)


def _flag(info: SettingInfo) -> inspect.Parameter:
    """Return the option that sets a setting; ``None``, its default, means not given."""
    default = ", ".join(info.default) if isinstance(info.default, tuple) else str(info.default)
    if isinstance(info.default, bool):
        flags = f"{info.flag}/--no-{info.flag.removeprefix('--')}"
        default = "yes" if info.default else "no"
        kind: object = bool | None
    else:
        flags = info.flag
        kind = str | None
    unit = f" {info.unit}" if info.unit and default else ""
    option = typer.Option(
        flags,
        metavar=None if isinstance(info.default, bool) else _metavar(info),
        help=f"{info.meaning} [default: {default or 'none'}{unit}]",
        show_default=False,
    )
    return inspect.Parameter(
        info.name,
        inspect.Parameter.KEYWORD_ONLY,
        default=None,
        annotation=Annotated[cast("type", kind), option],
    )


def _metavar(info: SettingInfo) -> str:
    match info.default:
        case tuple():
            return "TEXT,..."
        case str():
            return "TEXT"
        case _:
            return "NUMBER"


def _signature() -> inspect.Signature:
    def own(name: str, annotation: object, default: object) -> inspect.Parameter:
        return inspect.Parameter(
            name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation
        )

    demo = typer.Option("--demo", help="Serve a throw-away database with accounts and rooms.")
    return inspect.Signature(
        [
            own("demo", Annotated[bool, demo], default=False),
            own("config", Config, default=None),
            own("as_json", AsJson, default=False),
            *(_flag(info) for info in SETTINGS),
        ]
    )


# Typer reads the options from here. Written by hand, 21 flags would drift from 21 settings.
serve.__signature__ = _signature()  # type: ignore[attr-defined]  # inspect's own protocol
serve.__annotations__ = {}

app = typer.Typer(add_completion=False, rich_markup_mode=None)
app.command(name="serve", epilog=EPILOG)(serve)
