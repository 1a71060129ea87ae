"""
From a message to a command: what a client's frame must be (sections 3 and 4 of the text).

The order is that of MC1-ERR-05: a frame, a whole command, a room, a text.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, NoReturn, TypeGuard

from tests.conformance.small_server.frames import Refused
from tests.conformance.small_server.limits import Limits

__all__ = ["Command", "Fraction", "Reading", "is_string"]

LOWEST, HIGHEST = -(2**63), 2**63 - 1  # MC1-ROOM-03
CANONICAL = re.compile(r"(?:0|-?[1-9][0-9]{0,18})")
STRING = re.compile(r'"(?:[^"\\]|\\.)*"', re.DOTALL)
BRACKET = re.compile(r"[][{}]")


@dataclass(frozen=True)
class Command:
    """A command that is whole; text None: it is no ``send``."""

    name: str
    room: int
    text: str | None


class Fraction(str):
    """A number that was written with a fraction or an exponent, as it was written."""

    __slots__ = ()


def is_string(value: Any) -> TypeGuard[str]:
    """Whether a value of a frame is a string."""
    return isinstance(value, str) and not isinstance(value, Fraction)


class Reading:
    """The rules of a client's frame, one a method."""

    members: Mapping[str, tuple[str, ...]] = MappingProxyType(
        {"join": ("room",), "leave": ("room",), "send": ("room", "message")}
    )
    """What each command needs."""

    max_depth = 64  # MC1-JSON-05

    def __init__(self, limits: Limits) -> None:
        self.limits = limits

    def read(self, content: str | bytes) -> Command:
        """
        Return the command of a message.

        Raises:
            Refused: It is none.

        """
        frame = self.frame(content)
        name = self.command(frame)
        room: int | None = None
        try:
            room = self.room(frame["room"])
            text = self.text(frame["message"]) if name == "send" else None
        except Refused as refused:
            refused.command, refused.room = name, room
            raise
        return Command(name, room, text)

    def frame(self, content: str | bytes) -> dict[str, Any]:
        """A frame is a text message with one JSON object (MC1-FRAME-03, MC1-JSON-01)."""
        if isinstance(content, bytes):
            raise Refused("FRAME_INVALID", "a binary message")
        self.check_depth(content)
        try:
            value = self.parse(content)
        except ValueError as exc:
            raise Refused("FRAME_INVALID", "no JSON") from exc
        if not isinstance(value, dict):
            raise Refused("FRAME_INVALID", "no JSON object")
        return value

    def check_depth(self, text: str) -> None:
        """Objects and arrays are nested 64 levels deep at most (MC1-JSON-05)."""
        depth = 0
        for bracket in BRACKET.findall(STRING.sub("", text)):
            depth += 1 if bracket in "[{" else -1
            if depth > self.max_depth:
                raise Refused("FRAME_INVALID", "nested too deep")

    def parse(self, text: str) -> Any:
        """JSON, strictly; ValueError if it is none."""
        return json.loads(
            text,
            parse_int=self.integer,
            parse_float=Fraction,
            parse_constant=self.constant,
            object_pairs_hook=self.object,
        )

    def integer(self, digits: str) -> int | Fraction:
        """An integer that no room and nothing else could have need not be counted out."""
        return int(digits) if len(digits) < 400 else Fraction(digits)

    def constant(self, word: str) -> NoReturn:
        """``NaN`` and ``Infinity`` are no JSON (MC1-JSON-02)."""
        raise ValueError(word)

    def object(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        """Of members of one name the last counts (MC1-JSON-04)."""
        for name, value in pairs:
            self.check_surrogates(name)
            self.check_surrogates(value)
        return dict(pairs)

    def check_surrogates(self, value: Any) -> None:
        """No string and no name holds half a character (MC1-JSON-03)."""
        if isinstance(value, str):
            value.encode()  # UnicodeEncodeError is a ValueError
        elif isinstance(value, list):
            for each in value:
                self.check_surrogates(each)

    def command(self, frame: dict[str, Any]) -> str:
        """A command is one of three, and has what it needs (MC1-ERR-08)."""
        name = frame.get("command")
        if not isinstance(name, str) or name not in self.members:
            raise Refused("COMMAND_INVALID", "no command, or an unknown one")
        for member in self.members[name]:
            if member not in frame:
                raise Refused("COMMAND_INVALID", f"{member} is missing", command=name)
        return name

    def room(self, value: Any) -> int:
        """A room is a canonical decimal string or a JSON integer (MC1-ROOM-01 to 04, 09)."""
        if is_string(value):
            if CANONICAL.fullmatch(value):
                return int(value)
        elif type(value) is int and LOWEST <= value <= HIGHEST:
            return value
        raise Refused("ROOM_INVALID", "this names no room")

    def text(self, value: Any) -> str:
        """A message is a string of allowed length (MC1-SEND-05, MC1-LIMIT-03)."""
        if not is_string(value):
            raise Refused("MESSAGE_INVALID", "the message is no string")
        if len(value) > self.limits.message_length:
            raise Refused("MESSAGE_TOO_LONG", "the message is too long")
        return value
