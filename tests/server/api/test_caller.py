"""Who asks: tokens, sessions, and what keeps other sites' pages out."""

import pytest
from starlette.requests import Request

from multichat_server.api.errors import Refused
from multichat_server.api.operation import Call
from multichat_server.credentials import bearer

from .conftest import CSRF, ORIGIN, Program, World

NEW = {"title": "Kitchen"}


async def test_nobody_is_asked_to_log_in(world: World) -> None:
    response = await world.program().ask("GET", "/me")

    assert response.status_code == 401
    assert response.headers["www-authenticate"] == "Bearer"
    assert response.json()["error"] == "USER_HAS_TO_LOGIN"


@pytest.mark.parametrize(
    "authorization",
    [
        "Bearer mct_unknown",
        "Bearer",
        "Bearer ",
        "Bearer two words",
        "bearer ;",
        "Bearer " + "x" * 600,
    ],
    ids=["unknown", "none", "blank", "words", "letters", "long"],
)
async def test_a_bad_token_is_nobody_whatever_cookie_there_is(
    world: World, authorization: str
) -> None:
    page = await world.page("admin")

    response = await page.ask("GET", "/me", authorization=authorization)

    assert response.status_code == 401
    assert response.headers["www-authenticate"] == 'Bearer error="invalid_token"'


async def test_two_tokens_are_none(alice: Program) -> None:
    value = alice.headers["authorization"]
    request = alice.client.build_request(
        "GET", "/api/v1/me", headers=[("authorization", value), ("authorization", value)]
    )

    assert (await alice.client.send(request)).status_code == 401


async def test_a_proxys_own_login_is_not_for_us(world: World) -> None:
    page = await world.page("alice")

    response = await page.ask("GET", "/me", authorization="Basic eDp5")

    assert response.json()["authenticated_by"] == "session"


async def test_a_token_counts_and_no_cookie_beside_it(world: World) -> None:
    page, bot = await world.page("admin"), await world.bot("alice")

    response = await page.ask("GET", "/me", authorization=bot.headers["authorization"])

    assert response.json()["username"] == "alice"


@pytest.mark.parametrize("end", ["revoked", "inactive", "run-out"])
async def test_a_token_ends(world: World, end: str) -> None:
    user = (await world.account("alice")).user
    lifetime = 0 if end == "run-out" else None
    token, secret = await world.store.tokens.add(user.id, "bot", lifetime=lifetime, most=9)
    if end == "revoked":
        await world.store.tokens.revoke(user.id, token.id)
    if end == "inactive":
        await world.store.change_user("alice", is_active=False)
    bot = world.program(authorization=f"Bearer {secret}")

    assert await bot.refused("GET", "/rooms") == (401, "USER_HAS_TO_LOGIN")


async def test_a_session_ends(world: World) -> None:
    page = await world.page("alice")
    await world.store.end_sessions(1)

    assert await page.refused("GET", "/rooms") == (401, "USER_HAS_TO_LOGIN")


async def test_a_tokens_secret_is_no_session(world: World, alice: Program) -> None:
    credential = alice.headers["authorization"]
    for value in (credential, credential.removeprefix("Bearer ")):
        program = world.program(cookie=f'sessionid="{value}"')

        assert await program.refused("GET", "/me") == (401, "USER_HAS_TO_LOGIN")


async def test_a_sessions_key_is_no_token(world: World) -> None:
    key = await world.store.start_session(1, lifetime=100)
    program = world.program(authorization=f"Bearer {key}")

    assert await program.refused("GET", "/me") == (401, "USER_HAS_TO_LOGIN")


async def test_a_program_with_a_token_needs_nothing_else(admin: Program) -> None:
    foreign = await admin.ask("POST", "/rooms", json=NEW, origin="https://elsewhere.example")

    assert foreign.status_code == 201


async def test_a_page_of_ours_changes_things(world: World) -> None:
    page = await world.page("admin")

    assert (await page.ask("POST", "/rooms", json=NEW)).status_code == 201


@pytest.mark.parametrize(
    "headers",
    [
        {"x_csrftoken": ""},
        {"x_csrftoken": "d" * 64},
        {"x_csrftoken": "x"},
        {"origin": "https://elsewhere.example"},
        {"origin": "null"},
        {"origin": "http://chat.example:8080"},
    ],
    ids=["no-token", "other-token", "short", "foreign", "null", "other-port"],
)
@pytest.mark.parametrize(
    ("method", "path", "json"),
    [("POST", "/rooms", NEW), ("PATCH", "/rooms/1", NEW), ("DELETE", "/rooms/1", None)],
    ids=["post", "patch", "delete"],
)
async def test_a_page_of_another_site_changes_nothing(
    world: World, method: str, path: str, json: object, headers: dict[str, str]
) -> None:
    page = await world.page("admin", **headers)
    revision = await world.store.revision()

    assert await page.refused(method, path, json=json) == (403, "CSRF_FAILED")
    assert await world.store.revision() == revision


async def test_the_token_of_forms_must_be_in_the_cookie_too(world: World) -> None:
    key = await world.store.start_session(2, lifetime=100)
    program = world.program(cookie=f"sessionid={key}", x_csrftoken=CSRF, origin=ORIGIN)

    assert await program.refused("POST", "/rooms", json=NEW) == (403, "CSRF_FAILED")


async def test_a_field_in_the_body_is_no_token_of_forms(world: World) -> None:
    page = await world.page("admin", x_csrftoken="")
    body = NEW | {"csrfmiddlewaretoken": CSRF}

    assert await page.refused("POST", "/rooms", json=body) == (403, "CSRF_FAILED")


async def test_reading_by_cookie_needs_no_token_of_forms(world: World) -> None:
    page = await world.page("alice", x_csrftoken="")

    assert (await page.get("/me"))["username"] == "alice"


async def test_another_sites_page_cannot_read_the_answers(world: World) -> None:
    """No answer says that it is for other origins."""
    page = await world.page("alice", origin="https://elsewhere.example")

    for method in ("GET", "OPTIONS"):
        response = await page.ask(method, "/rooms")

        assert not [name for name in response.headers if name.startswith("access-control")]
        assert response.headers["cross-origin-resource-policy"] == "same-origin"


async def test_the_use_of_a_credential_is_noted(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    noted: list[str] = []
    monkeypatch.setattr(world.site.sightings, "note", noted.append)
    page, bot = await world.page("alice"), await world.bot("alice")

    await page.get("/me")
    await bot.get("/me")
    await world.program(authorization="Bearer mct_x").ask("GET", "/me")
    await world.program(cookie="sessionid=x").ask("GET", "/me")
    await world.program().ask("GET", "/server")

    key = page.headers["cookie"].partition(";")[0].removeprefix("sessionid=")
    secret = bot.headers["authorization"].removeprefix("Bearer ")
    assert noted == [key, bearer(secret)]


async def test_who_was_not_asked_is_nobody(world: World) -> None:
    """Should an operation for everybody look at its caller, it finds none."""
    call = Call(world.site, Request({"type": "http"}), None)

    with pytest.raises(Refused, match="USER_HAS_TO_LOGIN"):
        _ = call.known
