"""
A second reading of v1's frames, from the schemas alone.

It shares no code with ``multichat_proto``: JSON is read by :mod:`json`, made strict, and
judged by ``jsonschema``. What both agree on is likelier to be what the text says.
"""

import json
import math
from collections.abc import Mapping
from decimal import Decimal
from functools import cache
from typing import Any, Literal, NoReturn

from jsonschema import Draft202012Validator
from referencing import Registry
from referencing.jsonschema import DRAFT202012, SchemaRegistry

from multichat_spec import schemas

__all__ = ["Verdict", "read_command", "read_server_frame", "strict_json", "validator"]

MAX_DEPTH = 64

Verdict = Literal["valid", "ignore", "violation"]


def read_command(text: str) -> str | None:
    """Return the error code that v1 names for a client's text frame; ``None``: it is a command."""
    try:
        # A number with a point or an exponent names no room, whatever its value, and JSON
        # Schema takes 1.0 for an integer: Decimal keeps the two apart.
        members = strict_json(text, parse_float=_decimal)
    except ValueError:
        return "FRAME_INVALID"
    if not isinstance(members, dict):
        return "FRAME_INVALID"
    code = _command_code(members)
    assert (code is None) == validator("client").is_valid(members), text
    return code


def read_server_frame(text: str) -> Verdict:
    """Return what v1 says of a server's text frame."""
    try:
        members = strict_json(text, parse_float=_float)
    except ValueError:
        return "violation"
    if validator("server").is_valid(members):
        return "valid"
    known = {"error", "join", "leave", "msg_type"}
    return "ignore" if isinstance(members, dict) and not known & members.keys() else "violation"


def strict_json(text: str, *, parse_float: Any) -> Any:
    """
    Return the JSON value of a text that v1 would read.

    Raises:
        ValueError: It is no JSON, or one that v1 refuses.

    """
    if _depth(text) > MAX_DEPTH:
        raise ValueError("too deep")
    value = json.loads(
        text, parse_float=parse_float, parse_int=_integer, parse_constant=_no_constant
    )
    # A lone surrogate cannot be encoded; an escaped pair has become one character.
    json.dumps(value, ensure_ascii=False, default=str).encode()
    return value


@cache
def validator(name: str) -> Draft202012Validator:
    """Return the validator of a schema of v1."""
    found = schemas()
    registry: SchemaRegistry = Registry().with_resources(
        (schema["$id"], DRAFT202012.create_resource(schema)) for schema in found.values()
    )
    return Draft202012Validator(found[name], registry=registry)


def _command_code(members: Mapping[str, Any]) -> str | None:
    command = members.get("command")
    if not isinstance(command, str) or command not in ("join", "leave", "send"):
        return "COMMAND_INVALID"
    if any(name not in members for name in schemas()[f"client/{command}"]["required"]):
        return "COMMAND_INVALID"
    if not validator("room").is_valid(members["room"]):
        return "ROOM_INVALID"
    if command == "send" and not isinstance(members["message"], str):
        return "MESSAGE_INVALID"
    return None


def _depth(text: str) -> int:
    depth = deepest = 0
    quoted = escaped = False
    for character in text:
        if quoted:
            quoted = escaped or character != '"'
            escaped = not escaped and character == "\\"
        elif character == '"':
            quoted = True
        elif character in "[{":
            depth += 1
            deepest = max(deepest, depth)
        elif character in "]}":
            depth -= 1
    return deepest


def _decimal(text: str) -> Decimal:
    _float(text)
    return Decimal(text)


def _float(text: str) -> float:
    value = float(text)
    if math.isinf(value):
        raise ValueError("beyond binary64")
    return value


def _integer(text: str) -> int:
    _float(text)
    return int(text)


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")
