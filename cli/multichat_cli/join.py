"""``multichat join``: be in a room, see what happens there, say what is typed or piped."""

import sys
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

__all__ = ["EPILOG", "join"]

EPILOG = f"""
Examples:

\b
  multichat join 1 --user alice            talk; Ctrl-D or Ctrl-C leaves
  multichat join 1 --user bot < lines.txt  say each line, then leave
  multichat join 1 --user bot --json --linger < /dev/null
                                           watch, for a program
  multichat join 3 --url https://chat.example --user dave

Input. Each line is one message; on a terminal an empty line is none. A message is confirmed
when the server sends it back, and the next one is sent after that. At the end of the input
the command has waited for every confirmation; it leaves the room and exits with 0 if all
were confirmed, 5 if the server refused one, 8 if one was never confirmed. With --linger it
stays until it is stopped.

Output. What happens in the room goes to stdout, a line each; everything else goes to stderr.
Control characters in what others write are shown as escapes. With --json each line is an
object whose member "event" is joined, left, message, enter, leave, confirmed, unconfirmed,
error, violation or closed.

Exit codes:

\b
{table()}
"""


def join(
    room: Room,
    url: Url = DEFAULT_URL,
    username: Username = None,
    password_stdin: PasswordStdin = False,
    password_file: PasswordFile = None,
    timeout: Timeout = 10.0,
    linger: Annotated[
        bool, typer.Option("--linger", help="At the end of the input, stay in the room.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """
    Join a room: print what happens there, send what is typed or piped.

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
    except CommandFailed as exc:
        raise running.fail(exc) from exc
    is_typed = sys.stdin is not None and sys.stdin.isatty()
    running.run(
        output,
        lambda interruption: talking.stay(
            interruption,
            server,
            number,
            output,
            linger=linger,
            is_typed=is_typed,
        ),
    )
