"""``multichat send``: say one thing in a room, and know whether it got there."""

from typing import Annotated

import typer

from multichat_cli.exit_codes import CommandFailed, table
from multichat_cli.options import (
    DEFAULT_URL,
    AsJson,
    PasswordFile,
    PasswordStdin,
    Room,
    Timeout,
    Url,
    Username,
)

__all__ = ["EPILOG", "send"]

EPILOG = f"""
Examples:

\b
  multichat send 1 "The build is green." --user bot
  make 2>&1 | tail -20 | multichat send 1 - --user bot
  multichat send 1 hi --user bot --json

It joins the room, sends, waits until the server sends the message back, leaves, and exits
with 0 only if that came. TEXT "-" reads the whole input as one message, without the line end
at its very end. With --json it prints one object whose member "event" is confirmed,
unconfirmed or error.

Exit codes:

\b
{table()}
"""


def send(
    room: Room,
    text: Annotated[str, typer.Argument(metavar="TEXT", help='The message; "-" reads the input.')],
    url: Url = DEFAULT_URL,
    username: Username = None,
    password_stdin: PasswordStdin = False,
    password_file: PasswordFile = None,
    timeout: Timeout = 10.0,
    as_json: AsJson = False,
) -> None:
    """
    Send one message to a room and wait until the server confirms it.

    The password is MULTICHAT_PASSWORD, comes from a file or the input, or is asked for on a
    terminal.
    """
    from multichat_cli import running, talking

    output = talking.Output(as_json=as_json)
    try:
        server = talking.server(
            url, username, stdin=password_stdin, file=password_file, timeout=timeout
        )
        number = talking.room_number(room)
        message = talking.message(text)
    except CommandFailed as exc:
        raise running.fail(exc) from exc
    running.run(
        output,
        lambda interruption: talking.say_once(interruption, server, number, output, text=message),
    )
