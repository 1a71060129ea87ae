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
from collections.abc import Callable, Mapping
from typing import Any, Final, cast

import msgspec

from multichat_proto.exceptions import CommandRefused, RemoteProtocolError
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

_decode_json = msgspec.json.Decoder().decode
_encode_json = msgspec.json.Encoder().encode

# A string, closed or running to the end of the text, or a bracket. Possessive, and with
# every text's end a valid one, so that hostile text costs linear time.
_BRACKETS: Final = re.compile(r'"(?:[^"\\]++|\\.)*+(?:"|\\?\Z)|([\[{])|([\]}])', re.DOTALL)

_COMMANDS: Final = ("join", "leave", "send")


class _NotAnObjectError(Exception):
    """The text is not one JSON object as v1 wants it; the argument says why."""


def encode(message: Command | ServerFrame) -> str:
    """Return the text of the frame that carries this message (MC1-FRAME-01)."""
    return _encode_json(message).decode()


def encode_bytes(message: Command | ServerFrame) -> bytes:
    """Return the same text as UTF-8, for those who frame it themselves."""
    return _encode_json(message)


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
        detail = "command is missing" if "command" not in members else "no such command"
        raise CommandRefused(ErrorCode.COMMAND_INVALID, detail=detail)
    if "room" not in members:
        raise CommandRefused(ErrorCode.COMMAND_INVALID, command=command, detail="room is missing")
    room = members["room"]
    name = room_id(room)
    if command == "send" and "message" not in members:
        raise CommandRefused(
            ErrorCode.COMMAND_INVALID, command=command, room=name, detail="message is missing"
        )
    if name is None:
        detail = "a room is named by an integer or by its decimal string, without spaces or zeros"
        raise CommandRefused(ErrorCode.ROOM_INVALID, command=command, detail=detail)
    spelled = cast("str | int", room)
    if command == "join":
        return Join(spelled)
    if command == "leave":
        return Leave(spelled)
    message = members["message"]
    if type(message) is not str:
        raise CommandRefused(
            ErrorCode.MESSAGE_INVALID, command=command, room=name, detail="message is no string"
        )
    return Send(spelled, message)


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
    kinds = [kind for kind in _READERS if kind in members]
    if not kinds:
        return None
    if len(kinds) > 1:
        raise RemoteProtocolError(f"the server sent one frame as {' and '.join(kinds)}")
    return _READERS[kinds[0]](members)


def _read_object(text: str) -> dict[str, Any]:
    # Fewer brackets than levels allowed: it cannot be too deep, and most frames have two.
    if text.count("{") + text.count("[") > MAX_DEPTH and _depth(text) > MAX_DEPTH:
        raise _NotAnObjectError(f"nested deeper than {MAX_DEPTH} levels")
    try:
        value = _decode_json(text)
    except msgspec.MsgspecError as exc:
        raise _NotAnObjectError(f"not JSON: {exc}") from None
    if type(value) is not dict:
        raise _NotAnObjectError("not a JSON object")
    return value


def _depth(text: str) -> int:
    depth = deepest = 0
    for found in _BRACKETS.finditer(text):
        if found[1]:
            depth += 1
            deepest = max(deepest, depth)
        elif found[2]:
            depth -= 1
    return deepest


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
    if type(msg_type) is not int or not 0 <= msg_type <= 2**53 - 1:
        raise RemoteProtocolError("the server sent a msg_type that is no natural number")
    text = members.get("message", ...)
    announces = msg_type in (MsgType.ENTER, MsgType.LEAVE)
    if not ((text is None and msg_type > MsgType.MUTED) or (type(text) is str and not announces)):
        raise RemoteProtocolError(f"the server sent a message of type {msg_type} with a wrong text")
    return Message(
        _room(members, "room"), cast("str | None", text), _string(members, "username"), msg_type
    )


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


_READERS: Final[Mapping[str, Callable[[dict[str, Any]], ServerFrame]]] = {
    "error": _error,
    "join": _joined,
    "leave": _left,
    "msg_type": _message,
}
"""The member that tells a frame's kind, and who reads that kind (MC1-FRAME-05)."""
