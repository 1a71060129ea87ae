"""
Text to messages and back.

What comes from the network is hostile until it has passed here. A frame is read in a fixed
order, so that each bad one has one answer (MC1-ERR-05): is it one JSON object, is it a
command that is whole, does ``room`` name a room, is ``message`` a string.

JSON is taken strictly (RFC 8259 and, for strings, RFC 7493): no ``NaN``, no byte order mark,
nothing behind the object, no lone surrogates, and no nesting that would make a recursive
parser fail. Duplicate names are the one thing where strictness would ask more of other
implementations than their parsers tell them; the last one counts, as it always did.
"""

import re
from collections.abc import Callable
from itertools import accumulate
from typing import Any, Final

import msgspec

from multichat_proto.exceptions import CommandRefused, LocalProtocolError, RemoteProtocolError
from multichat_proto.limits import MAX_DEPTH
from multichat_proto.messages import (
    Command,
    Error,
    ErrorCode,
    Join,
    Joined,
    Leave,
    Left,
    Message,
    MsgType,
    Room,
    Send,
    ServerFrame,
    room_id,
)

__all__ = ["decode_command", "decode_frame", "encode", "encode_bytes"]

_decode_json: Final = msgspec.json.Decoder().decode
_encode_json: Final = msgspec.json.Encoder().encode

# The first is the most frequent: it is looked for first.
_COMMANDS: Final = ("send", "join", "leave")

_ANNOUNCEMENTS: Final = frozenset({MsgType.ENTER.value, MsgType.LEAVE.value})
_LAST_WITH_TEXT: Final = MsgType.MUTED.value
_MOST_MSG_TYPE: Final = 2**53 - 1
"""The greatest integer that every JSON parser keeps exact (RFC 7493, section 2.2)."""

# A string, closed or running to the end of the text. Possessive, and with every text's end
# a valid one, so that hostile text costs linear time.
_STRING: Final = re.compile(rb'"(?:[^"\\]++|\\.)*+(?:"|\\?\Z)', re.DOTALL)
_STEPS: Final = {ord("{"): 1, ord("["): 1, ord("}"): -1, ord("]"): -1}
_NOT_BRACKETS: Final = bytes(set(range(256)) - _STEPS.keys())


class _NotAnObjectError(Exception):
    """The text is not one JSON object as v1 wants it; the argument says why."""


def encode(message: Command | ServerFrame) -> str:
    """
    Return the text of the frame that carries this message (MC1-FRAME-01).

    Raises:
        LocalProtocolError: A string of it is no Unicode text: it has a lone surrogate. Or what
            is to be said is no string at all (MC1-SEND-05).

    """
    return encode_bytes(message).decode()


def encode_bytes(message: Command | ServerFrame) -> bytes:
    """
    Return the same text as UTF-8, for those who frame it themselves.

    Raises:
        LocalProtocolError: A string of it is no Unicode text: it has a lone surrogate. Or what
            is to be said is no string at all (MC1-SEND-05).

    """
    if type(message) is Send and type(message.message) is not str:
        # The JSON encoder would make something of bytes, of None and of numbers.
        kind = type(message.message).__name__
        raise LocalProtocolError(f"what is said must be a str, not {kind}")
    try:
        return _encode_json(message)
    except UnicodeEncodeError:
        raise LocalProtocolError("cannot encode text with a lone surrogate (MC1-JSON-03)") from None


def decode_command(text: str) -> Command:
    """
    Return the command that a client's text frame carries.

    Raises:
        CommandRefused: It carries none; the code is the one that v1 names (MC1-ERR-05).

    """
    try:
        members = _read_object(text)
    except _NotAnObjectError as exc:
        raise CommandRefused(ErrorCode.FRAME_INVALID, detail=str(exc)) from None
    command = members.get("command")
    if command not in _COMMANDS:
        detail = "no such command" if "command" in members else "command is missing"
        raise CommandRefused(ErrorCode.COMMAND_INVALID, detail=detail)
    try:
        room = members["room"]
        message = members["message"] if command == "send" else None
    except KeyError as exc:
        name, detail = room_id(members.get("room")), f"{exc.args[0]} is missing"
        raise CommandRefused(ErrorCode.COMMAND_INVALID, command, name, detail) from None
    name = room_id(room)
    if name is None:
        detail = "a room is named by an integer or by its decimal string, without spaces or zeros"
        raise CommandRefused(ErrorCode.ROOM_INVALID, command, None, detail)
    if command == "join":
        return Join(room)
    if command == "leave":
        return Leave(room)
    if type(message) is not str:
        raise CommandRefused(ErrorCode.MESSAGE_INVALID, command, name, "message is no string")
    return Send(room, message)


def decode_frame(text: str) -> ServerFrame | None:
    """
    Return what a server's text frame carries.

    Returns:
        The message, or ``None`` if the frame is of no kind that v1 knows: a client ignores
        it (MC1-CLIENT-02).

    Raises:
        RemoteProtocolError: The frame is of a kind that v1 knows, and malformed.

    """
    try:
        members = _read_object(text)
    except _NotAnObjectError as exc:
        raise RemoteProtocolError(f"the server sent a malformed frame: {exc}") from None
    found = None
    for kind, read in _READERS:
        if kind in members:
            if found is not None:
                raise RemoteProtocolError(f"the server sent one frame as {found[0]} and {kind}")
            found = kind, read
    return None if found is None else found[1](members)


def _read_object(text: str) -> dict[str, Any]:
    # Fewer brackets than levels allowed: it cannot be too deep, and most frames have two.
    if ("[" in text or text.count("{") > MAX_DEPTH) and _is_too_deep(text):
        raise _NotAnObjectError(f"nested deeper than {MAX_DEPTH} levels")
    try:
        value = _decode_json(text)
    except (msgspec.MsgspecError, UnicodeEncodeError) as exc:
        raise _NotAnObjectError(f"not JSON: {exc}") from None
    if type(value) is not dict:
        raise _NotAnObjectError("not a JSON object")
    return value


def _is_too_deep(text: str) -> bool:
    """
    Tell whether a parser would come to a level that v1 does not allow (MC1-JSON-05).

    Asked before the text is parsed, so that no parser's stack depends on the network. Text
    that is no JSON may get either answer: it is refused by the parser as well.
    """
    if text.count("{") + text.count("[") <= MAX_DEPTH:
        return False
    brackets = _STRING.sub(b"", text.encode(errors="replace")).translate(None, _NOT_BRACKETS)
    # The depth changes by one, so whoever goes beyond the limit comes by the level behind it.
    return MAX_DEPTH + 1 in accumulate(map(_STEPS.__getitem__, brackets))


def _error(members: dict[str, Any]) -> Error:
    if "command" in members and members["command"] not in _COMMANDS:
        raise RemoteProtocolError("the server sent an error whose command is none of v1's")
    return Error(
        _code(members["error"]),
        command=members.get("command"),
        room=_room(members, "room") if "room" in members else None,
        detail=_string(members, "detail") if "detail" in members else None,
    )


def _joined(members: dict[str, Any]) -> Joined:
    return Joined(_room(members, "join"), _string(members, "title"))


def _left(members: dict[str, Any]) -> Left:
    return Left(_room(members, "leave"))


def _message(members: dict[str, Any]) -> Message:
    msg_type = members["msg_type"]
    if type(msg_type) is float and msg_type.is_integer():
        msg_type = int(msg_type)  # 4.0 is an integer to JSON Schema, and so to v1
    if type(msg_type) is not int or not 0 <= msg_type <= _MOST_MSG_TYPE:
        raise RemoteProtocolError("the server sent a msg_type that is no natural number")
    text = members.get("message", ...)
    if type(text) is str:
        is_right = msg_type not in _ANNOUNCEMENTS
    else:
        is_right = text is None and msg_type > _LAST_WITH_TEXT
    if not is_right:
        raise RemoteProtocolError(f"the server sent a message of type {msg_type} with a wrong text")
    return Message(_room(members, "room"), text, _string(members, "username"), msg_type)


def _code(value: object) -> str:
    if type(value) is not str or not re.fullmatch(r"[A-Z][A-Z0-9_]{0,63}", value):
        raise RemoteProtocolError("the server sent an error whose code is none")
    return value


def _room(members: dict[str, Any], name: str) -> Room:
    value = members.get(name)
    room = room_id(value) if type(value) is str else None
    if room is None:
        raise RemoteProtocolError(f"the server sent a frame whose {name} is no room")
    return room


def _string(members: dict[str, Any], name: str) -> str:
    value = members.get(name)
    if type(value) is not str:
        raise RemoteProtocolError(f"the server sent a frame whose {name} is no string")
    return value


_READERS: Final[tuple[tuple[str, Callable[[dict[str, Any]], ServerFrame]], ...]] = (
    ("error", _error),
    ("join", _joined),
    ("leave", _left),
    ("msg_type", _message),
)
"""The member that tells a frame's kind, and who reads that kind (MC1-FRAME-05)."""
