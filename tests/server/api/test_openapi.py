"""The published description: well-formed, current, and strict enough to find a wrong answer."""

import json
from typing import Any

import httpx2
import jsonschema
import openapi_spec_validator
import pytest
from openapi_spec_validator.validation.exceptions import OpenAPIValidationError

from multichat_proto.handshake import CSRF_COOKIE, SESSION_COOKIE
from multichat_server.api.openapi import described
from multichat_server.api.operation import Operation, Who
from multichat_server.api.table import OPERATIONS

from .conftest import World
from .contract import FILE, check

DOCUMENT: dict[str, Any] = json.loads(FILE.read_text())


def test_the_file_is_what_the_table_says() -> None:
    """Run `make docs` when this fails."""
    assert FILE.read_bytes() == described(OPERATIONS)


def test_it_is_openapi() -> None:
    assert DOCUMENT["openapi"] == "3.1.0"

    openapi_spec_validator.validate(DOCUMENT, cls=openapi_spec_validator.OpenAPIV31SpecValidator)


def test_what_is_no_openapi_is_found() -> None:
    document = DOCUMENT | {"paths": {"rooms": {}}}

    with pytest.raises(OpenAPIValidationError):
        openapi_spec_validator.validate(
            document, cls=openapi_spec_validator.OpenAPIV31SpecValidator
        )


async def test_it_is_served_to_everybody(world: World) -> None:
    response = await world.program().ask("GET", "/openapi.json")

    assert response.content == FILE.read_bytes()


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda each: each.name)
def test_each_operation_is_described(operation: Operation) -> None:
    described = DOCUMENT["paths"][operation.path][operation.method.lower()]

    assert described["operationId"] == operation.name
    assert described["summary"].endswith(".")
    assert (described["security"] == []) is (operation.who is Who.EVERYBODY)
    assert ("requestBody" in described) is (operation.method in ("POST", "PATCH"))
    needs_csrf = any("csrf" in way for way in described["security"])
    assert needs_csrf is (operation.method != "GET")


def test_names_of_operations_are_names() -> None:
    """Programs that are made of the description call functions so."""
    names = [operation.name for operation in OPERATIONS]

    assert len(set(names)) == len(names)
    assert len({(each.method, each.path) for each in OPERATIONS}) == len(OPERATIONS)


def test_credentials_have_the_names_of_the_pages() -> None:
    schemes = DOCUMENT["components"]["securitySchemes"]

    assert schemes["session"]["name"] == SESSION_COOKIE
    assert CSRF_COOKIE in schemes["csrf"]["description"]


def test_what_comes_in_has_no_other_members() -> None:
    bodies = {
        operation["requestBody"]["content"]["application/json"]["schema"]["$ref"].rpartition("/")[2]
        for path in DOCUMENT["paths"].values()
        for operation in path.values()
        if "requestBody" in operation
    }

    schemas = DOCUMENT["components"]["schemas"]
    assert bodies == {"NewRoom", "RoomChange", "Announcement", "NewUser", "UserChange"}
    assert all(schemas[name]["additionalProperties"] is False for name in bodies)


ROOM = {"id": "1", "title": "x", "staff_only": False}
USER = {"id": "1", "username": "x", "is_staff": True, "is_active": True, "last_login_at": None}
WRONG: dict[str, tuple[str, str, int, object]] = {
    "number-id": ("GET", "/rooms/1", 200, ROOM | {"id": 1}),
    "zero-id": ("GET", "/rooms/1", 200, ROOM | {"id": "01"}),
    "no-title": ("GET", "/rooms/1", 200, {"id": "1", "staff_only": False}),
    "local-time": ("GET", "/users/1", 200, USER | {"last_login_at": "2026-11-22 10:00"}),
    "status": ("GET", "/rooms/1", 201, ROOM),
    "no-room-as-in-users": ("GET", "/rooms/1", 404, {"error": "NOT_FOUND", "detail": "x"}),
    "foreign-code": ("GET", "/rooms/1", 403, {"error": "NAME_TAKEN", "detail": "x"}),
    "no-detail": ("GET", "/rooms/1", 404, {"error": "ROOM_INVALID"}),
    "unknown-code": ("GET", "/nothing", 404, {"error": "GONE", "detail": "x"}),
    "found-nothing": ("GET", "/nothing", 200, {}),
    "unknown-method": ("PUT", "/rooms/1", 404, {"error": "NOT_FOUND", "detail": "x"}),
    "body-of-nothing": ("DELETE", "/rooms/1", 204, {}),
    "no-location": ("POST", "/rooms", 201, ROOM),
    "no-challenge": ("GET", "/me", 401, {"error": "USER_HAS_TO_LOGIN", "detail": "x"}),
}


@pytest.mark.parametrize(("method", "path", "status", "answer"), WRONG.values(), ids=list(WRONG))
def test_a_wrong_answer_is_found(method: str, path: str, status: int, answer: object) -> None:
    """Otherwise the other tests of this folder would hold nothing to it."""
    request = httpx2.Request(method, f"http://x/api/v1{path}", json={"title": "x"})
    response = httpx2.Response(status, json=answer, headers={"cache-control": "no-store"})

    with pytest.raises((AssertionError, jsonschema.ValidationError)):
        check(request, response)


def test_a_right_answer_is_none_of_these() -> None:
    headers = {"cache-control": "no-store"}
    for path, answer in (("/rooms/1", ROOM), ("/users/1", USER)):
        request = httpx2.Request("GET", f"http://x/api/v1{path}")

        check(request, httpx2.Response(200, json=answer, headers=headers))


def test_a_body_that_is_taken_must_be_described() -> None:
    request = httpx2.Request("POST", "http://x/api/v1/rooms", json={"name": "x"})
    headers = {"cache-control": "no-store", "location": "/api/v1/rooms/1"}

    with pytest.raises(jsonschema.ValidationError):
        check(request, httpx2.Response(201, json=ROOM, headers=headers))
