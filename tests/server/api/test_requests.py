"""HTTP: methods, what a client accepts, what it brings, what is not there, what goes wrong."""

import logging

import pytest

from multichat_proto.exceptions import StoreUnavailable
from multichat_server.api.reading import accepts_json

from .conftest import Program, World

NEW = {"title": "Kitchen"}


@pytest.mark.parametrize(
    ("path", "allow"),
    [
        ("/openapi.json", "GET, HEAD, OPTIONS"),
        ("/me", "GET, HEAD, OPTIONS"),
        ("/rooms", "GET, POST, HEAD, OPTIONS"),
        ("/rooms/1", "GET, PATCH, DELETE, HEAD, OPTIONS"),
        ("/rooms/1/members/17", "DELETE, OPTIONS"),
        ("/rooms/1/announcements", "POST, OPTIONS"),
        ("/users/1", "GET, PATCH, DELETE, HEAD, OPTIONS"),
    ],
)
async def test_methods_are_those_that_are_allowed(world: World, path: str, allow: str) -> None:
    stranger = world.program()
    options = await stranger.ask("OPTIONS", path)

    assert (options.status_code, options.headers["allow"]) == (204, allow)
    for method in {"GET", "POST", "PUT", "PATCH", "DELETE", "TRACE"} - set(allow.split(", ")):
        response = await stranger.ask(method, path)

        assert (response.status_code, response.headers["allow"]) == (405, allow)
        assert response.json()["error"] == "METHOD_NOT_ALLOWED"


@pytest.mark.parametrize("path", ["/rooms", "/rooms/1", "/me", "/server", "/openapi.json"])
async def test_head_is_get_without_the_body(alice: Program, path: str) -> None:
    whole, head = await alice.ask("GET", path), await alice.ask("HEAD", path)

    assert head.status_code == 200
    assert head.headers["content-length"] == whole.headers["content-length"]


@pytest.mark.parametrize(
    "path",
    ["", "/", "/nothing", "/rooms/", "/rooms/1/", "/rooms//members", "/Rooms", "/x%0a", "/%0a/x"],
)
@pytest.mark.parametrize("method", ["GET", "POST", "OPTIONS"])
async def test_what_is_not_there_says_so_in_json(admin: Program, method: str, path: str) -> None:
    assert await admin.refused(method, path) == (404, "NOT_FOUND")


@pytest.mark.parametrize("path", ["/rooms/1%0a", "/rooms/1%0a/members", "/rooms/%0a1/members/1"])
async def test_a_line_break_is_part_of_an_id_that_is_none(admin: Program, path: str) -> None:
    method = "DELETE" if path.endswith("members/1") else "GET"

    assert await admin.refused(method, path) == (404, "ROOM_INVALID")


async def test_other_versions_are_none_of_the_api(world: World) -> None:
    response = await world.program().client.get("/api/v2/rooms")

    assert response.status_code == 404
    assert response.headers["content-type"].startswith("text/html")


@pytest.mark.parametrize(
    ("accept", "is_json"),
    [
        ([], True),
        ([""], True),
        (["*/*"], True),
        (["application/json"], True),
        (["Application/JSON; charset=utf-8"], True),
        (["text/html, application/json;q=0.1"], True),
        (["text/html", "application/*"], True),
        (["text/html;q=1, */*;q=0.001"], True),
        (["*/*;q=0, application/json"], True),
        (["application/json; q=1.0"], True),
        (["text/html"], False),
        (["application/xml, text/*"], False),
        (["application/json;q=0"], False),
        (["*/*, application/json;q=0.000"], False),
        (["*/*, application/*; Q=0.0"], False),
        (["json"], False),
        ([";;,,;q="], True),
    ],
)
def test_what_a_client_accepts(accept: list[str], is_json: bool) -> None:
    """RFC 9110, section 12.5.1: the most exact range counts."""
    assert accepts_json(accept) is is_json


async def test_who_cannot_read_json_gets_nothing_done(world: World, admin: Program) -> None:
    refused = await admin.refused("DELETE", "/rooms/1", accept="text/html")

    assert refused == (406, "NOT_ACCEPTABLE")
    assert len(await world.store.rooms()) == 3


@pytest.mark.parametrize(
    "kind",
    [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/json; charset=utf-16",
        "application/jsonx",
        "text/json",
        "",
    ],
)
async def test_a_body_is_json(world: World, admin: Program, kind: str) -> None:
    """A form of another site can send three of these without asking, and none of them is JSON."""
    body = b'{"title": "Kitchen"}'

    assert await admin.refused("POST", "/rooms", content=body, content_type=kind) == (
        415,
        "TYPE_NOT_JSON",
    )
    assert len(await world.store.rooms()) == 3


async def test_a_body_without_a_type_is_no_json(admin: Program) -> None:
    assert await admin.refused("POST", "/rooms", content=b"{}") == (415, "TYPE_NOT_JSON")


async def test_a_body_of_two_types_is_of_none(admin: Program) -> None:
    kinds = [("content-type", "application/json"), ("content-type", "text/plain")]
    request = admin.client.build_request(
        "POST", "/api/v1/rooms", content=b"{}", headers=[*admin.headers.items(), *kinds]
    )

    assert (await admin.client.send(request)).status_code == 415


async def test_a_packed_body_is_not_unpacked(admin: Program) -> None:
    refused = await admin.refused("POST", "/rooms", json=NEW, content_encoding="gzip")

    assert refused == (415, "TYPE_NOT_JSON")


@pytest.mark.parametrize("kind", ["application/json; charset=UTF-8", "APPLICATION/JSON"])
async def test_a_type_can_be_written_in_other_ways(admin: Program, kind: str) -> None:
    response = await admin.ask("POST", "/rooms", json=NEW, content_type=kind)

    assert response.status_code == 201


BODIES = {
    "nothing": b"",
    "half": b'{"title": "Kitchen"',
    "two": b'{"title": "Kitchen"}{}',
    "null": b"null",
    "list": b'[{"title": "Kitchen"}]',
    "empty": b"{}",
    "unknown-member": b'{"title": "Kitchen", "stafonly": true}',
    "long-member": b'{"' + b"x" * 30_000 + b'": 1}',
    "number": b'{"title": 1}',
    "null-title": b'{"title": null}',
    "number-flag": b'{"title": "Kitchen", "staff_only": 1}',
    "null-flag": b'{"title": "Kitchen", "staff_only": null}',
    "deep-value": b'{"title": ' + b"[" * 60_000,
    "deep": b"[" * 60_000,
    "deep-objects": b'{"title":' * 6_000,
    "not-utf-8": b'{"title": "\xff"}',
    "byte-order-mark": b'\xef\xbb\xbf{"title": "Kitchen"}',
    "utf-16": '{"title": "Kitchen"}'.encode("utf-16"),
    "surrogate": b'{"title": "\\ud800"}',
    "nan": b'{"title": NaN}',
    "comment": b'{"title": "Kitchen" /* */}',
}


@pytest.mark.parametrize("body", BODIES.values(), ids=list(BODIES))
@pytest.mark.parametrize(("method", "path"), [("POST", "/rooms"), ("POST", "/users")])
async def test_a_body_that_is_something_else_is_refused(
    world: World, admin: Program, method: str, path: str, body: bytes
) -> None:
    response = await admin.ask(method, path, content=body, content_type="application/json")

    assert (response.status_code, response.json()["error"]) == (422, "BODY_INVALID")
    assert len(response.json()["detail"]) < 400
    assert len(await world.store.rooms()) == 3


async def test_what_is_wrong_with_a_body_is_said(admin: Program) -> None:
    response = await admin.ask("PATCH", "/rooms/1", json={"title": 5})

    assert response.json()["detail"] == "Expected `str`, got `int` - at `$.title`."


async def test_a_body_that_is_too_large_is_not_read(world: World, admin: Program) -> None:
    """The front refuses it before anything here hears of it, so not in JSON."""
    body = b'{"title": "' + b"x" * world.settings.http_body_bytes + b'"}'
    request = admin.client.build_request(
        "POST", "/api/v1/rooms", content=body, headers=admin.headers
    )

    assert (await admin.client.send(request)).status_code == 413


async def test_a_body_where_none_is_needed_is_left_alone(admin: Program) -> None:
    response = await admin.ask("DELETE", "/rooms/1", content=b"{", content_type="text/plain")

    assert response.status_code == 204


@pytest.mark.parametrize(
    ("method", "path", "json"),
    [
        ("GET", "/me", None),
        ("GET", "/rooms", None),
        ("POST", "/rooms", NEW),
        ("DELETE", "/users/1", None),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
async def test_without_the_store_one_is_to_come_back(
    world: World,
    admin: Program,
    monkeypatch: pytest.MonkeyPatch,
    method: str,
    path: str,
    json: object,
) -> None:
    async def user(_: str) -> None:
        raise StoreUnavailable

    monkeypatch.setattr(world.store.tokens, "user", user)

    response = await admin.ask(method, path, json=json)

    assert (response.status_code, response.headers["retry-after"]) == (503, "5")
    assert response.json()["error"] == "SERVER_UNAVAILABLE"


async def test_a_change_is_done_when_only_the_chat_cannot_see_it_yet(
    world: World, admin: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def refresh() -> None:
        raise StoreUnavailable

    monkeypatch.setattr(world.chat, "refresh", refresh)

    assert (await admin.ask("POST", "/rooms", json=NEW)).status_code == 201


async def test_a_failure_of_ours_is_json_and_logged(
    world: World, alice: Program, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def rooms() -> None:
        raise RuntimeError("something with a secret in it")

    monkeypatch.setattr(world.store, "rooms", rooms)

    with caplog.at_level(logging.ERROR):
        response = await alice.ask("GET", "/rooms")

    assert (response.status_code, response.json()) == (
        500,
        {"error": "SERVER_FAILED", "detail": "The server has failed here; this was logged."},
    )
    assert "something with a secret in it" in caplog.text


async def test_a_pages_failure_is_a_page(
    world: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def session_user(_: str) -> None:
        raise RuntimeError

    monkeypatch.setattr(world.store, "session_user", session_user)

    with caplog.at_level(logging.ERROR):
        response = await (await world.page("alice")).client.get(
            "/", headers={"cookie": "sessionid=x"}
        )

    assert response.status_code == 500
    assert response.headers["content-type"].startswith("text/html")


async def test_answers_carry_the_headers_of_all_answers(alice: Program) -> None:
    for response in (await alice.ask("GET", "/me"), await alice.ask("GET", "/nothing")):
        assert response.headers["x-content-type-options"] == "nosniff"
        assert response.headers["content-security-policy"].startswith("default-src 'none'")


async def test_markup_in_a_name_comes_as_text(admin: Program) -> None:
    await admin.ask("PATCH", "/rooms/1", json={"title": "</script><img src=x onerror=alert(1)>"})

    response = await admin.ask("GET", "/rooms/1")

    assert response.json()["title"] == "</script><img src=x onerror=alert(1)>"
    assert response.headers["content-type"] == "application/json"
