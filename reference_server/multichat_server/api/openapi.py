"""
The description of the API in OpenAPI 3.1, made of the table of operations and of their types.

``openapi.json`` beside this file is the same, for those who would rather read a file (`make docs`
writes it, and a test compares it).
"""

import json
import re
from collections import defaultdict
from collections.abc import Sequence
from functools import cache
from http import HTTPStatus
from typing import Any, Final

import msgspec

from multichat_proto.handshake import CSRF_COOKIE, SESSION_COOKIE
from multichat_server.api.errors import PROBLEMS, Code
from multichat_server.api.models import Failure
from multichat_server.api.operation import PREFIX, Operation, Who

__all__ = ["described", "description"]

_REFERENCE: Final = "#/components/schemas/{name}"
_PART: Final = re.compile(r"\{(\w+)\}")

_ABOUT: Final = """\
Rooms, who is in them, announcements and accounts, for programs. The chat itself is a WebSocket at \
the path that `GET /server` names, and speaks the multichat protocol.

A program shows a token, which a person makes on the page of tokens: `Authorization: Bearer \
mct_…`. A page shows the cookie of its session; what changes something then also takes the header \
`X-CSRFToken`, which repeats the cookie `csrftoken`. Where there is a token, no cookie counts.

Ids are strings, times are in UTC. A body has no members but those described; an answer may get \
more in time. Each answer of status 400 and above is a `Failure`. What is refused before it is \
looked at comes as plain text: 431 and 413 for what is too large, 400 for what is broken, 408 for \
what is slow.\
"""

_PARAMETERS: Final = {
    "room_id": "The room's id.",
    "connection": "The connection, as in the list of members.",
    "user_id": "The account's id.",
}

_SECURITY: Final = {
    "token": {
        "type": "http",
        "scheme": "bearer",
        "description": "A token, which carries the rights of the user who made it.",
    },
    "session": {
        "type": "apiKey",
        "in": "cookie",
        "name": SESSION_COOKIE,
        "description": "The session of somebody who has logged in with a browser.",
    },
    "csrf": {
        "type": "apiKey",
        "in": "header",
        "name": "X-CSRFToken",
        "description": f"The same as in the cookie {CSRF_COOKIE}.",
    },
}


@cache
def described(operations: Sequence[Operation]) -> bytes:
    """Return the description as JSON, in lines, such as the file has it."""
    return (json.dumps(description(operations), indent=2, ensure_ascii=False) + "\n").encode()


def description(operations: Sequence[Operation]) -> dict[str, Any]:
    """Return the description of some operations."""
    kinds = {
        kind: None
        for each in operations
        for kind in (None if each.is_safe else each.takes, each.gives)
        if kind is not None and kind is not msgspec.Raw
    }
    _, schemas = msgspec.json.schema_components([*kinds, Failure], ref_template=_REFERENCE)
    paths: dict[str, dict[str, Any]] = defaultdict(dict)
    for each in operations:
        paths[each.path][each.method.lower()] = _operation(each)
    return {
        "openapi": "3.1.0",
        "info": {"title": "multichat", "version": "1", "description": _ABOUT},
        "servers": [{"url": PREFIX}],
        "paths": dict(paths),
        "components": {"schemas": schemas, "securitySchemes": _SECURITY},
    }


def _operation(operation: Operation) -> dict[str, Any]:
    summary, _, more = operation.about.partition("\n")
    found: dict[str, Any] = {"operationId": operation.name, "summary": summary}
    if more.strip():
        found["description"] = " ".join(more.split())
    found["tags"] = [_tag(operation)]
    found["security"] = _security(operation)
    if parameters := [*_path_parameters(operation), *_query_parameters(operation)]:
        found["parameters"] = parameters
    if operation.takes is not None and not operation.is_safe:
        found["requestBody"] = {
            "required": True,
            "content": _content(_reference(operation.takes)),
        }
    found["responses"] = _responses(operation)
    return found


def _tag(operation: Operation) -> str:
    word = operation.path.split("/")[1]
    return word if word in ("rooms", "users") else "server"


def _security(operation: Operation) -> list[dict[str, list[str]]]:
    match operation.who, operation.is_safe:
        case Who.EVERYBODY, _:
            return []
        case _, True:
            return [{"token": []}, {"session": []}]
        case _:
            return [{"token": []}, {"session": [], "csrf": []}]


def _path_parameters(operation: Operation) -> list[dict[str, Any]]:
    return [
        {
            "name": name,
            "in": "path",
            "required": True,
            "description": _PARAMETERS[name],
            "schema": {"type": "string"},
        }
        for name in _PART.findall(operation.path)
    ]


def _query_parameters(operation: Operation) -> list[dict[str, Any]]:
    if operation.takes is None or not operation.is_safe:
        return []
    _, components = msgspec.json.schema_components([operation.takes])
    schema = components[operation.takes.__name__]
    return [
        {
            "name": name,
            "in": "query",
            "required": name in schema["required"],
            "description": value.pop("description"),
            "schema": value,
        }
        for name, value in schema["properties"].items()
    ]


def _responses(operation: Operation) -> dict[str, Any]:
    responses: dict[str, Any] = {}
    success: dict[str, Any] = {"description": operation.status.phrase}
    if operation.location is not None:
        success["headers"] = {
            "Location": {"description": "Where it is.", "schema": {"type": "string"}}
        }
    if operation.gives is msgspec.Raw:
        success["content"] = _content({"type": "object"})
    elif operation.gives is not None:
        success["content"] = _content(_reference(operation.gives))
    responses[str(operation.status.value)] = success

    by_status: dict[HTTPStatus, list[Code]] = defaultdict(list)
    for code in operation.codes:
        by_status[PROBLEMS[code].status].append(code)
    for status, codes in sorted(by_status.items()):
        responses[str(status.value)] = _failure(status, codes)
    return responses


def _failure(status: HTTPStatus, codes: Sequence[Code]) -> dict[str, Any]:
    meanings = "\n".join(f"- `{code}`: {PROBLEMS[code].meaning}" for code in codes)
    schema = {
        "allOf": [_reference(Failure)],
        "properties": {"error": {"enum": [code.value for code in codes]}},
    }
    failure: dict[str, Any] = {"description": meanings}
    if status is HTTPStatus.UNAUTHORIZED:
        failure["headers"] = {
            "WWW-Authenticate": {"description": "Bearer.", "schema": {"type": "string"}}
        }
    if status is HTTPStatus.SERVICE_UNAVAILABLE:
        failure["headers"] = {
            "Retry-After": {"description": "In how many seconds.", "schema": {"type": "string"}}
        }
    failure["content"] = _content(schema)
    return failure


def _content(schema: dict[str, Any]) -> dict[str, Any]:
    return {"application/json": {"schema": schema}}


def _reference(kind: Any) -> dict[str, Any]:
    return {"$ref": _REFERENCE.format(name=kind.__name__)}
