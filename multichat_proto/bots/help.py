"""The command ``help``: which commands there are, and what words they take."""

from collections.abc import Iterable
from typing import Final

from multichat_proto.bots.commands import Command, Commands
from multichat_proto.bots.context import Context
from multichat_proto.bots.exceptions import UsageError
from multichat_proto.bots.plan import Handler
from multichat_proto.events import RoomMessage

__all__ = ["answer"]

_LONGEST: Final = 4_000
"""Characters of an answer; well below what any server takes."""


def answer(
    context: Context[RoomMessage], handlers: Iterable[Handler], commands: Commands, name: str | None
) -> str:
    """
    Return the words that answer ``!help`` or ``!help name``.

    Only what the asker may call where they ask is told. No line of it is first that begins with
    the prefix: another bot with the same one would take it for a command.

    Raises:
        UsageError: There is no such command.

    """
    known = [
        handler.command
        for handler in handlers
        if handler.command is not None
        and handler.filter.lets_through(context.event, context.chat.username)
    ]
    if name is None:
        listed = sorted(
            (command for command in known if not command.is_hidden),
            key=lambda command: command.name.casefold(),
        )
        return _cut(
            "\n".join(["commands:", *(_line(command, commands.prefix) for command in listed)])
        )
    command = commands.get(name)
    if command is None or command not in known:
        raise UsageError("there is no command of that name")
    lines = [f"usage: {commands.prefix}{command.usage}"]
    if command.aliases:
        lines.append(f"also called: {', '.join(command.aliases)}")
    if command.description:
        lines.append(command.description)
    return _cut("\n".join(lines))


def _line(command: Command, prefix: str) -> str:
    usage = f"{prefix}{command.usage}"
    return f"{usage} – {command.help}" if command.help else usage


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
