"""Which server a command is about: that of a target file, or an address with accounts."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from getpass import getpass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from multichat_cli.exit_codes import CommandFailed, ExitCode
from multichat_cli.options import can_ask, valid_text
from multichat_cli.output import Output

if TYPE_CHECKING:
    from multichat_conformance.target import Target

__all__ = ["FOUND", "Chosen", "choose"]

FOUND: Final = ("multichat-target.toml", "target.toml")
"""Names under which a target file is found in the folder, the first one first."""


@dataclass(frozen=True)
class Chosen:
    """
    A target, and how it was named.

    Attributes:
        target: The target.
        asked_as: The arguments that name it, for a command that repeats something.

    """

    target: "Target"
    asked_as: tuple[str, ...]


def choose(
    url: str | None,
    file: Path | None,
    *,
    accounts: Sequence[str] = (),
    staff: Sequence[str] = (),
    rooms: Sequence[str] = (),
    staff_rooms: Sequence[str] = (),
) -> Chosen:
    """
    Return the target that a command line names.

    Raises:
        CommandFailed: It names none, or two, or one that no target can be.

    """
    extras = [*accounts, *staff, *rooms, *staff_rooms]
    if url is not None:
        if file is not None:
            raise _usage("give a URL or --target, not both: the target file has a url itself")
        return _by_url(url, accounts, staff, rooms, staff_rooms)
    if extras:
        raise _usage(
            "--account, --staff, --room and --staff-room go with a URL; else they stand "
            "in the target file"
        )
    if file is None:
        file = _found()
    return Chosen(_load(file), ("--target", str(file)))


def _found() -> Path:
    for name in FOUND:
        if Path(name).is_file():
            Output(as_json=False).talk(f"using {name}, which lies in this folder")
            return Path(name)
    raise _usage(
        "which server? give its ws:// URL, or --target FILE "
        '("multichat conformance init" writes a target file)'
    )


def _load(file: Path) -> "Target":
    from multichat_conformance.target.file import TargetFileError, load_target

    try:
        return load_target(file)
    except TargetFileError as exc:
        raise _usage(str(exc)) from exc


def _by_url(
    url: str,
    accounts: Sequence[str],
    staff: Sequence[str],
    rooms: Sequence[str],
    staff_rooms: Sequence[str],
) -> Chosen:
    from multichat_conformance.target import Account, Room, Target
    from multichat_conformance.target.file import is_room_id, wrong_url

    if wrong := wrong_url(valid_text(url, "the URL")):
        raise _usage(f"{wrong}; a stream is like ws://127.0.0.1:8000/chat/stream/")
    names = [*accounts, *staff]
    if doubled := {name for name in names if names.count(name) > 1}:
        raise _usage(f"the account {min(doubled)} is given twice")
    for room in (*rooms, *staff_rooms):
        if not is_room_id(room):
            raise _usage(f"{room!r} is no room's id: a number such as 1")
    asked_as = [url]
    for option, values in (
        ("--account", accounts),
        ("--staff", staff),
        ("--room", rooms),
        ("--staff-room", staff_rooms),
    ):
        asked_as += [word for value in values for word in (option, value)]
    target = Target(
        url=url,
        name=url,
        accounts=(
            *(Account(name, _password(name)) for name in accounts),
            *(Account(name, _password(name), staff=True) for name in staff),
        ),
        rooms=(
            *(Room(id=room) for room in rooms),
            *(Room(id=room, staff_only=True) for room in staff_rooms),
        ),
    )
    return Chosen(target, tuple(asked_as))


def _password(username: str) -> str:
    """Return an account's password: from the environment, or from the person."""
    from multichat_conformance.target.init import variable_of

    variable = variable_of(valid_text(username, "the name of an account"))
    if password := os.environ.get(variable):
        return valid_text(password, f"the password in {variable}")
    if not can_ask():
        raise _usage(
            f"there is no password for {username}, and no terminal to ask for it: set {variable}"
        )
    if password := getpass(f"Password of {username}: "):
        return password
    raise _usage(f"there is no password for {username}")


def _usage(sentence: str) -> CommandFailed:
    return CommandFailed(ExitCode.USAGE, sentence)
