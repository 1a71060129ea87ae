"""
What the exit codes mean: one table, which ``--help`` shows and the tests compare.

0, 1, 2 and 128 + signal are what shells expect; the rest is ours and does not change.
"""

from collections.abc import Mapping
from enum import IntEnum
from types import MappingProxyType
from typing import Final

__all__ = ["MEANINGS", "CommandFailed", "ExitCode", "table"]


class ExitCode(IntEnum):
    """How a command ended."""

    OK = 0
    ERROR = 1
    USAGE = 2
    TIMEOUT = 3
    LOGIN_REFUSED = 4
    REFUSED = 5
    CONNECTION = 6
    PROTOCOL = 7
    UNCONFIRMED = 8
    INCOMPLETE = 9
    INTERRUPTED = 130
    TERMINATED = 143


MEANINGS: Final[Mapping[ExitCode, str]] = MappingProxyType(
    {
        ExitCode.OK: "all went well",
        ExitCode.ERROR: "something went wrong here: a file, the database, the output",
        ExitCode.USAGE: "the command line or a setting is wrong",
        ExitCode.TIMEOUT: "the server did not answer in time",
        ExitCode.LOGIN_REFUSED: "the server did not accept the login",
        ExitCode.REFUSED: "the server refused: the room, a message, or one's stay",
        ExitCode.CONNECTION: "the server cannot be reached, or the connection was lost",
        ExitCode.PROTOCOL: "what answers does not speak the protocol",
        ExitCode.UNCONFIRMED: "a message was sent and never confirmed: it may be lost",
        ExitCode.INCOMPLETE: "not all could be brought over; the rest was",
        ExitCode.INTERRUPTED: "ended by Ctrl-C",
        ExitCode.TERMINATED: "ended by SIGTERM",
    }
)


class CommandFailed(Exception):
    """
    A command cannot go on.

    Attributes:
        code: What it exits with: of :class:`ExitCode`, or of the suite's own table.
        sentence: What the person is told; it may hold text from the network.

    """

    def __init__(self, code: IntEnum, sentence: str) -> None:
        super().__init__(code, sentence)
        self.code = code
        self.sentence = sentence

    def __str__(self) -> str:
        return self.sentence


def table(*codes: ExitCode) -> str:
    """Return the lines of the table for some codes, or for all; for ``--help``."""
    shown = codes or tuple(ExitCode)
    return "\n".join(f"  {code:>3}  {MEANINGS[code]}" for code in shown)
