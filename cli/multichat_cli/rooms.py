"""``multichat rooms``: which rooms there are to join."""

from multichat_cli.exit_codes import CommandFailed, table
from multichat_cli.options import (
    DEFAULT_URL,
    AsJson,
    PasswordFile,
    PasswordStdin,
    Timeout,
    Url,
    Username,
)

__all__ = ["EPILOG", "rooms"]

EPILOG = f"""
Examples:

\b
  multichat rooms --user alice
  multichat rooms --url https://chat.example --user dave --json

A line is a room's number and its title, in the order of titles. With --json it prints one object
a room, whose member "event" is room.

The protocol itself has no list of rooms: it is read from /api/v1/rooms, which "multichat serve"
has. On a server that has no such list, one must know a room's number to join it.

Exit codes:

\b
{table()}
"""


def rooms(
    url: Url = DEFAULT_URL,
    username: Username = None,
    password_stdin: PasswordStdin = False,
    password_file: PasswordFile = None,
    timeout: Timeout = 10.0,
    as_json: AsJson = False,
) -> None:
    """
    List the rooms of a server that one may join.

    The password is MULTICHAT_PASSWORD, comes from a file or the input, or is asked for on a
    terminal.
    """
    from multichat_cli import listing, running, talking

    output = talking.Output(as_json=as_json)
    try:
        server = talking.server(
            url, username, stdin=password_stdin, file=password_file, timeout=timeout
        )
    except CommandFailed as exc:
        raise running.fail(exc) from exc
    running.run(output, lambda _: listing.list_rooms(server, output))
