"""
Make the AsyncAPI 3.0 export of a version.

It serves tools that draw or scaffold from AsyncAPI. It cannot say order, state or limits,
so it replaces nothing of the text. The schemas are carried inside it, their references
turned into references to ``#/components/schemas``; they use no keyword that AsyncAPI's own
schema dialect (a superset of draft 07) reads otherwise than 2020-12 does.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from multichat_spec.model import Json

__all__ = ["asyncapi"]

_BASE = re.compile(r"(?:\.\./)*(?P<file>[^#]*)(?P<pointer>#?.*)")


def asyncapi(version: str, schemas: Mapping[str, Json], errors: Sequence[Json]) -> Json:
    """
    Return the AsyncAPI document of a version.

    Args:
        version: The version's name, such as ``v1``.
        schemas: The schemas by name; those below ``client/`` and ``server/`` are messages.
        errors: The rows of ``errors.json``.

    """
    sides = {
        side: [name for name in schemas if name.startswith(f"{side}/")]
        for side in ("client", "server")
    }
    messages = [*sides["client"], *sides["server"]]
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": f"multichat {version}",
            "version": version.removeprefix("v") + ".0.0",
            "description": (
                "Rooms to join, leave and send to, over one WebSocket connection. Generated from "
                "the schemas; order, state and limits are in the text of the specification only."
            ),
            "license": {"name": "MIT"},
        },
        "defaultContentType": "application/json",
        "channels": {
            "stream": {
                "address": "/chat/stream/",
                "title": "The stream",
                "description": f"One connection; subprotocol multichat.{version}, where offered.",
                "messages": {_key(name): _ref("messages", name) for name in messages},
                "bindings": {"ws": {"method": "GET", "bindingVersion": "0.1.0"}},
            }
        },
        "operations": {
            "receiveCommand": _operation("receive", "What a client may send.", sides["client"]),
            "sendFrame": _operation("send", "What a server may send.", sides["server"]),
        },
        "components": {
            "messages": {_key(name): _message(name, schemas[name], errors) for name in messages},
            "schemas": {_key(name): _inlined(name, schemas[name]) for name in schemas},
        },
    }


def _operation(action: str, summary: str, names: Sequence[str]) -> Json:
    return {
        "action": action,
        "summary": summary,
        "channel": {"$ref": "#/channels/stream"},
        "messages": [{"$ref": f"#/channels/stream/messages/{_key(name)}"} for name in names],
    }


def _message(name: str, schema: Json, errors: Sequence[Json]) -> Json:
    message: Json = {
        "name": name,
        "title": schema["title"],
        "summary": schema["description"],
        "payload": _ref("schemas", name),
        "examples": [{"payload": example} for example in schema["examples"]],
    }
    if name == "server/error":
        # Codes may be added without a new version, so they are listed, not enumerated.
        message["description"] = "\n".join(
            f"- `{row['code']}` ({row['profile']}): {row['meaning']}" for row in errors
        )
    return message


def _inlined(name: str, schema: Json) -> Json:
    kept = {key: value for key, value in schema.items() if key not in ("$schema", "$id")}
    inlined: Json = _rewritten(kept, name)
    return inlined


def _rewritten(value: Any, name: str) -> Any:  # any JSON value
    if isinstance(value, list):
        return [_rewritten(item, name) for item in value]
    if not isinstance(value, dict):
        return value
    if "$ref" in value:
        return {"$ref": _target(value["$ref"], name)}
    return {key: _rewritten(item, name) for key, item in value.items()}


def _target(reference: str, name: str) -> str:
    match = _BASE.fullmatch(reference)
    file = match["file"] if match is not None else ""
    pointer = match["pointer"].removeprefix("#") if match is not None else ""
    return f"#/components/schemas/{_key(file.removesuffix('.json') or name)}{pointer}"


def _ref(kind: str, name: str) -> Json:
    return {"$ref": f"#/components/{kind}/{_key(name)}"}


def _key(name: str) -> str:
    # A component's name has no slash in AsyncAPI.
    return name.replace("/", "-")
