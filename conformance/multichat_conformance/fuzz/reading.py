"""
What the clauses make of a text that a client has sent: a command, or a fault and its code.

This is the suite's own reading, from the text of the specification and its schemas; it shares no
code with any server or client. The order of the looks is that of MC1-ERR-05. Where clauses allow
more than one thing (SHOULD, MAY), all of them are returned, what SHOULD be first.
"""

import json
import math
import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, Final, NoReturn

import multichat_spec
from multichat_conformance.judging import is_valid
from multichat_conformance.model.records import Meaning
from multichat_conformance.target.model import Limits

__all__ = ["is_well_formed", "meanings_of"]

DEEPEST: Final = 64
LEAST_LENGTH: Final = 4_096
SAFE_INTEGER: Final = 2**53 - 1
COMMANDS: Final = ("join", "leave", "send")

_STRINGS = re.compile(r'"(?:[^"\\]|\\.)*"?', re.DOTALL)


def meanings_of(text: str, limits: Limits) -> tuple[Meaning, ...]:
    """
    Return everything that a text message of a client may be taken for.

    Args:
        text: The message.
        limits: What the server states; the length of messages counts here.

    """
    reader = _Reader()
    try:
        members = reader.read(text)
    except _Refused as refused:
        return (_fault("FRAME_INVALID", refused.clause),)
    found = _command(members, limits)
    if reader.beyond:
        # The only liberty that a frame as a whole leaves (MC1-JSON-06).
        found = (*found, _fault("FRAME_INVALID", "MC1-JSON-06"))
    return found


def is_well_formed(text: str) -> bool:
    """Return whether a text is what section 1.2 calls well-formed, so that core speaks of it."""
    reader = _Reader()
    try:
        members = reader.read(text)
    except _Refused:
        return False
    room = members.get("room")
    return (
        not reader.beyond
        and not reader.twice
        and not isinstance(room, Decimal)
        and is_valid("client", members)
        and (not isinstance(room, int) or abs(room) <= SAFE_INTEGER)
        and all(isinstance(value, str) for name, value in members.items() if name != "room")
    )


class _Refused(Exception):
    def __init__(self, clause: str) -> None:
        super().__init__(clause)
        self.clause = clause


class _Reader:
    """Reads JSON as strictly as section 3.2 asks for."""

    def __init__(self) -> None:
        self.beyond = False
        self.twice = False

    def read(self, text: str) -> Mapping[str, Any]:
        if _depth(text) > DEEPEST:
            raise _Refused("MC1-JSON-05")
        try:
            value = json.loads(
                text,
                parse_float=self._fraction,
                parse_int=self._integer,
                parse_constant=self._constant,
                object_pairs_hook=self._object,
            )
        except (ValueError, RecursionError):
            raise _Refused("MC1-JSON-01") from None
        if not isinstance(value, dict):
            raise _Refused("MC1-JSON-01")
        return value

    def _object(self, pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
        for name, value in pairs:
            _see_surrogates(name)
            _see_surrogates(value)
        members = dict(pairs)
        self.twice = self.twice or len(members) < len(pairs)
        return members

    def _fraction(self, digits: str) -> Decimal:
        # 1.0 names no room, 1 does: Decimal keeps the two apart.
        self._measure(digits)
        return Decimal(digits)

    def _integer(self, digits: str) -> int | Decimal:
        self._measure(digits)
        # A minus zero is an integer to some parsers and a fraction to others.
        return Decimal(digits) if digits == "-0" or len(digits) > 400 else int(digits)

    def _measure(self, digits: str) -> None:
        self.beyond = self.beyond or math.isinf(float(digits))

    def _constant(self, _: str) -> NoReturn:
        raise _Refused("MC1-JSON-02")


def _see_surrogates(value: object) -> None:
    if isinstance(value, str):
        try:
            value.encode()
        except UnicodeEncodeError:
            raise _Refused("MC1-JSON-03") from None
    elif isinstance(value, list):
        for one in value:
            _see_surrogates(one)


def _depth(text: str) -> int:
    depth = deepest = 0
    for character in _STRINGS.sub("", text):
        if character in "[{":
            depth += 1
            deepest = max(deepest, depth)
        elif character in "]}":
            depth -= 1
    return deepest


def _command(members: Mapping[str, Any], limits: Limits) -> tuple[Meaning, ...]:
    command = members.get("command")
    if not isinstance(command, str) or command not in COMMANDS:
        return (_fault("COMMAND_INVALID", "MC1-ERR-08"),)
    needed = multichat_spec.schema(f"client/{command}")["required"]
    if any(name not in members for name in needed):
        return (_fault("COMMAND_INVALID", "MC1-ERR-08"),)
    found: list[Meaning] = []
    for room, code, clause in _rooms(members["room"]):
        if code:
            found.append(_fault(code, clause))
        elif command == "send":
            found += _sends(room, members["message"], limits)
        else:
            found.append(Meaning(command, room))
    return tuple(dict.fromkeys(found))


def _rooms(value: object) -> list[tuple[str, str, str]]:
    """Return what a value may name: a room, or a code and its clause."""
    invalid = ("", "ROOM_INVALID", "MC1-ROOM-03")
    if isinstance(value, Decimal):
        if value.is_finite() and abs(value) < 2**63 and value == int(value):
            return [("", "ROOM_INVALID", "MC1-ROOM-04"), (str(int(value)), "", "")]
        return [invalid]
    if isinstance(value, bool) or not is_valid("room", value):
        return [invalid]
    if isinstance(value, int) and abs(value) > SAFE_INTEGER:
        return [(str(value), "", ""), ("", "ROOM_INVALID", "MC1-ROOM-09")]
    return [(str(value), "", "")]


def _sends(room: str, message: object, limits: Limits) -> list[Meaning]:
    if not isinstance(message, str):
        return [_fault("MESSAGE_INVALID", "MC1-SEND-05")]
    said = Meaning("send", room, message)
    too_long = _fault("MESSAGE_TOO_LONG", "MC1-LIMIT-03")
    limit = limits.message_length
    if limit is None:
        return [said, too_long] if len(message) > LEAST_LENGTH else [said]
    return [too_long] if limit is not False and len(message) > limit else [said]


def _fault(code: str, clause: str) -> Meaning:
    return Meaning(code=code, clause=clause)
