"""Holds each answer, and each request that was carried out, to the published description."""

import json
import re
from http import HTTPStatus
from typing import Any

import httpx2
import jsonschema
from referencing import Registry
from referencing.jsonschema import DRAFT202012

from multichat_server.api import PREFIX
from tests.house.repository import ROOT

__all__ = ["FILE", "check"]

FILE = ROOT / "reference_server/multichat_server/api/openapi.json"

_DOCUMENT: dict[str, Any] = json.loads(FILE.read_text())
_REGISTRY: Registry[Any] = Registry().with_resource(
    "urn:api", DRAFT202012.create_resource(_DOCUMENT)
)
_PATHS = {
    re.compile(PREFIX + re.sub(r"\{\w+\}", "[^/]+", path)): path for path in _DOCUMENT["paths"]
}
_CONTENT = ("content", "application/json", "schema")
_FAILURE = ("components", "schemas", "Failure")


def check(request: httpx2.Request, response: httpx2.Response) -> None:
    """Raise AssertionError or ValidationError if the answer is not one that is described."""
    assert response.headers["cache-control"] == "no-store"
    path = request.url.path
    template = next((path_ for found, path_ in _PATHS.items() if found.fullmatch(path)), None)
    if request.method == "OPTIONS" and template is not None:
        assert (response.status_code, response.content) == (HTTPStatus.NO_CONTENT, b"")
        return
    if request.method == "HEAD":
        assert response.content == b""
        return
    if response.status_code != HTTPStatus.NO_CONTENT:
        assert response.headers["content-type"] == "application/json"
        assert int(response.headers["content-length"]) == len(response.content)

    operations = _DOCUMENT["paths"].get(template or "", {})
    method = request.method.lower()
    if template is None or method not in operations:
        expected = HTTPStatus.METHOD_NOT_ALLOWED if template else HTTPStatus.NOT_FOUND
        assert response.status_code == expected
        _validate(response.json(), *_FAILURE)
        return

    here = ("paths", template, method)
    status = str(response.status_code)
    described = operations[method]["responses"]
    assert status in described, f"{method} {template} does not say that it answers {status}"
    for header in described[status].get("headers", {}):
        assert header in response.headers
    if "content" in described[status]:
        _validate(response.json(), *here, "responses", status, *_CONTENT)
    else:
        assert response.content == b""
    if response.is_success and "requestBody" in operations[method]:
        _validate(json.loads(request.content), *here, "requestBody", *_CONTENT)


def _validate(value: object, *place: str) -> None:
    pointer = "/".join(part.replace("~", "~0").replace("/", "~1") for part in place)
    jsonschema.Draft202012Validator(
        {"$ref": f"urn:api#/{pointer}"},
        registry=_REGISTRY,
        format_checker=jsonschema.Draft202012Validator.FORMAT_CHECKER,
    ).validate(value)
