"""The options that commands share, each written once, and what they come to."""

import os
import sys
from pathlib import Path
from typing import Annotated, Final

import typer

from multichat_cli.exit_codes import CommandFailed, ExitCode

__all__ = [
    "DEFAULT_URL",
    "VARIABLES",
    "AsJson",
    "Config",
    "DatabaseUrl",
    "PasswordFile",
    "PasswordStdin",
    "Room",
    "Timeout",
    "Url",
    "Username",
    "can_ask",
    "new_password",
    "read_password",
    "valid_text",
]

VARIABLES: Final = frozenset(
    {"MULTICHAT_CONFIG", "MULTICHAT_PASSWORD", "MULTICHAT_URL", "MULTICHAT_USER"}
)
"""Environment variables of the commands that are no settings of the server."""

DEFAULT_URL: Final = "ws://127.0.0.1:8000/chat/stream/"
"""Where ``multichat serve`` listens when nothing else is said."""

_MAX_PASSWORD_BYTES: Final = 4096

Url = Annotated[
    str,
    typer.Option(
        envvar="MULTICHAT_URL",
        metavar="URL",
        help="The server: a ws, wss, http or https URL, or HOST:PORT.",
    ),
]
Username = Annotated[
    str | None,
    typer.Option(
        "--user",
        envvar="MULTICHAT_USER",
        metavar="NAME",
        help="Log in as this user; without one, connect as nobody.",
    ),
]
PasswordStdin = Annotated[
    bool,
    typer.Option("--password-stdin", help="Read the password from the first line of the input."),
]
PasswordFile = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="Read the password from the first line of a file."),
]
Timeout = Annotated[
    float,
    typer.Option(min=0.1, metavar="SECONDS", help="Longest wait for each answer of the server."),
]
AsJson = Annotated[
    bool, typer.Option("--json", help="Print one JSON object a line, with exact content.")
]
Config = Annotated[
    Path | None,
    typer.Option(envvar="MULTICHAT_CONFIG", metavar="FILE", help="Read settings from a TOML file."),
]
DatabaseUrl = Annotated[
    str | None,
    typer.Option(
        metavar="URL",
        help="Where users and rooms are kept; also MULTICHAT_DATABASE_URL.",
    ),
]
Room = Annotated[str, typer.Argument(metavar="ROOM", help="The room's number.")]


def valid_text(text: str, what: str) -> str:
    """
    Return a text of the command line or the environment as it is.

    Python passes bytes that are not UTF-8 on as lone surrogates, which can be sent nowhere.

    Args:
        text: As Python got it.
        what: What it is called where it is refused; the text itself may be secret.

    Raises:
        CommandFailed: It is not valid UTF-8.

    """
    try:
        text.encode()
    except UnicodeEncodeError:
        is_text = False
    else:
        is_text = True
    if not is_text:  # outside "except": the error would carry the text
        raise CommandFailed(ExitCode.USAGE, f"{what} is not valid UTF-8")
    return text


def can_ask() -> bool:
    """Tell whether a person can be asked: there is a terminal, and it is ours."""
    if sys.stdin is not None and sys.stdin.isatty():
        return True
    if sys.stderr is None or not sys.stderr.isatty():
        return False
    try:
        os.close(os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY))
    except OSError:
        return False
    return True


def read_password(prompt: str, *, stdin: bool, file: Path | None) -> str:
    """
    Return the password: from the input, a file, ``MULTICHAT_PASSWORD``, or the person.

    Never from the command line, which every user of the machine can read.

    Raises:
        CommandFailed: There is none, or it cannot be read.

    """
    if stdin and file is not None:
        raise CommandFailed(
            ExitCode.USAGE, "--password-stdin and --password-file exclude each other"
        )
    if stdin:
        return _first_line(_read_line_of_stdin(), "the input")
    if file is not None:
        try:
            with file.open("rb") as opened:
                return _first_line(opened.readline(_MAX_PASSWORD_BYTES + 1), str(file))
        except OSError as exc:
            raise CommandFailed(
                ExitCode.ERROR, f"cannot read the password from {file}: {exc.strerror}"
            ) from exc
    if "MULTICHAT_PASSWORD" in os.environ:
        return valid_text(os.environ["MULTICHAT_PASSWORD"], "the password in MULTICHAT_PASSWORD")
    if not can_ask():
        raise CommandFailed(
            ExitCode.USAGE,
            "there is no password, and no terminal to ask for it: set MULTICHAT_PASSWORD, "
            "or use --password-stdin or --password-file",
        )
    from getpass import getpass

    return getpass(prompt)


def new_password(username: str, *, stdin: bool, file: Path | None) -> str:
    """Return a new password; a person is asked twice, since it cannot be seen."""
    is_asked = not stdin and file is None and "MULTICHAT_PASSWORD" not in os.environ
    password = read_password(f"New password for {username}: ", stdin=stdin, file=file)
    if is_asked and password != read_password("The same again: ", stdin=False, file=None):
        raise CommandFailed(ExitCode.ERROR, "the two are not the same; nothing was changed")
    return password


def _read_line_of_stdin() -> bytes:
    # Byte by byte and past Python's buffer: what follows the line is for the command.
    line = bytearray()
    while len(line) <= _MAX_PASSWORD_BYTES and not line.endswith(b"\n"):
        try:
            byte = os.read(0, 1)
        except OSError:
            break
        if not byte:
            break
        line += byte
    return bytes(line)


def _first_line(line: bytes, place: str) -> str:
    if len(line) > _MAX_PASSWORD_BYTES:
        raise CommandFailed(ExitCode.ERROR, f"the first line of {place} is too long for a password")
    try:
        password = line.decode().rstrip("\r\n")
    except UnicodeDecodeError:
        raise CommandFailed(ExitCode.ERROR, f"the password in {place} is not UTF-8") from None
    if not password:
        raise CommandFailed(ExitCode.ERROR, f"there is no password in {place}")
    return password
