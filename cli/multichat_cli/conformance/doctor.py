"""``multichat conformance doctor``: look whether a target can be judged."""

from multichat_cli.conformance.options import (
    Account,
    Patience,
    Room,
    Staff,
    StaffRoom,
    TargetFile,
    Url,
)

__all__ = ["EPILOG", "doctor"]

EPILOG = """
Examples:

\b
  multichat conformance doctor --target target.toml
  multichat conformance doctor ws://127.0.0.1:8000/chat/stream/ --account alice --room 1

It looks at the file, the name, the connection, TLS, the handshake, each login, each room, the
hooks, order and round trips, and ends at the first thing that is wrong, with what to do. It is
harmless: a hook is pulled only where it changes nothing.

Exit codes:

\b
    0  all is well
    1  something is wrong, and the last line says what to do
    2  the command line or the target file is wrong
  130  ended by Ctrl-C
"""


def doctor(
    url: Url = None,
    target: TargetFile = None,
    account: Account = None,
    staff: Staff = None,
    room: Room = None,
    staff_room: StaffRoom = None,
    patience: Patience = None,
) -> None:
    """Look at a server and its target file, step by step, and say what is wrong."""
    from multichat_cli.conformance import choosing, examining
    from multichat_cli.exit_codes import CommandFailed
    from multichat_cli.running import fail

    try:
        chosen = choosing.choose(
            url,
            target,
            accounts=account or (),
            staff=staff or (),
            rooms=room or (),
            staff_rooms=staff_room or (),
        )
        examining.examine(chosen, patience=patience)
    except CommandFailed as exc:
        raise fail(exc) from exc
