"""A user's password, sessions and tokens, seen to by staff."""

import pytest

from multichat_server.storage import Client

from .conftest import USERS, Admin

HOSTILE = "<script>alert(1)</script>"


async def test_a_lost_password_is_replaced(admin: Admin) -> None:
    store = admin.site.store
    key = await store.start_session(1, lifetime=100)
    _, secret = await store.tokens.add(1, "bot", lifetime=None, most=1)
    assert "Also revoke the token of its bot" in (await admin.get(f"{USERS}1/password/")).text

    answer = await admin.post(f"{USERS}1/password/", password="a new one", again="a new one")

    assert (answer.status, answer.location) == (303, f"{USERS}1/change/?notice=user-password")
    assert await store.check_password("alice", "a new one") is not None
    assert await store.session_user(key) is None
    assert await store.tokens.user(secret) is not None
    (entry,) = await admin.log()
    assert (entry.action, entry.subject, entry.details) == ("user.password", "alice", {})
    assert admin.site.chat.refreshes == 1


async def test_tokens_go_with_the_old_password_if_asked_for(admin: Admin) -> None:
    store = admin.site.store
    _, secret = await store.tokens.add(1, "bot", lifetime=None, most=1)

    await admin.post(f"{USERS}1/password/", password="a new one", tokens="on")

    assert await store.tokens.user(secret) is None
    revoked, changed = await admin.log()
    assert (revoked.action, revoked.subject, revoked.details) == (
        "token.revoke",
        "bot",
        {"username": "alice"},
    )
    assert changed.action == "user.password"


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({}, "A password cannot be empty."),
        ({"password": "x" * 4097}, "A password has at most 4096 characters."),
        ({"password": "password1"}, "It is one of those that everybody tries first."),
        (
            {"password": "tea at four", "again": "tea at five"},
            "The two passwords are not the same.",
        ),
    ],
    ids=["empty", "long", "known", "different"],
)
async def test_a_password_that_cannot_be_is_refused(
    admin: Admin, fields: dict[str, str], error: str
) -> None:
    await admin.site.store.tokens.add(1, "bot", lifetime=None, most=1)

    answer = await admin.post(f"{USERS}1/password/", **fields, tokens="on")

    assert (answer.status, answer.page.errors) == (422, [error])
    assert answer.is_checked("tokens")
    assert await admin.site.store.check_password("alice", "wonderland") is not None
    assert await admin.log() == []


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_ones_own_password_is_changed_where_the_old_one_is_asked_for(
    admin: Admin, method: str
) -> None:
    path = f"{USERS}2/password/"

    answer = await (admin.get(path) if method == "GET" else admin.post(path, password="new"))

    assert (answer.status, answer.location) == (303, "/accounts/password_change/")
    assert await admin.site.store.check_password("admin", "secret") is not None


async def test_sessions_and_tokens_are_listed_as_text(admin: Admin) -> None:
    store = admin.site.store
    browser = Client(address="192.0.2.7", user_agent=HOSTILE)
    await store.start_session(1, lifetime=100, client=browser)
    await store.tokens.add(1, f"bot {HOSTILE}", lifetime=None, most=1)

    answer = await admin.get(f"{USERS}1/sessions/")

    assert answer.rows == [f"{HOSTILE}192.0.2.7"]
    assert f"bot {HOSTILE}" in answer.text
    assert "<script>" not in answer.html


async def test_only_the_last_of_many_sessions_are_shown(admin: Admin) -> None:
    for _ in range(51):
        await admin.site.store.start_session(1, lifetime=100)

    answer = await admin.get(f"{USERS}1/sessions/")

    assert len(answer.rows) == 50
    assert "These are the 50 last used of 51." in answer.text


async def test_a_browser_is_called_by_its_name(admin: Admin) -> None:
    chrome = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/126.0 Safari/537.36"
    await admin.site.store.start_session(1, lifetime=100, client=Client(user_agent=chrome))

    assert (await admin.get(f"{USERS}1/sessions/")).rows == ["Chrome on Linux"]


async def test_sessions_are_ended(admin: Admin) -> None:
    store = admin.site.store
    keys = [await store.start_session(1, lifetime=100) for _ in range(3)]
    _, secret = await store.tokens.add(1, "bot", lifetime=None, most=1)

    answer = await admin.post(f"{USERS}1/sessions/")

    assert (answer.status, answer.location) == (303, f"{USERS}1/sessions/?notice=user-sessions")
    assert [await store.session_user(key) for key in keys] == [None] * 3
    assert await store.tokens.user(secret) is not None
    (entry,) = await admin.log()
    assert (entry.action, entry.details) == ("user.sessions_end", {"ended": 3})
    assert admin.site.chat.refreshes == 1


async def test_tokens_are_revoked_too_if_asked_for(admin: Admin) -> None:
    store = admin.site.store
    _, secret = await store.tokens.add(1, "bot", lifetime=None, most=1)

    answer = await admin.post(f"{USERS}1/sessions/", tokens="on")

    assert answer.location == f"{USERS}1/sessions/?notice=user-sessions-tokens"
    assert await store.tokens.user(secret) is None
    assert "Not logged in anywhere." in (await admin.get(answer.location)).text


async def test_of_ones_own_sessions_this_one_goes_on(admin: Admin) -> None:
    store = admin.site.store
    other = await store.start_session(2, lifetime=100)
    form = await admin.get(f"{USERS}2/sessions/")
    assert form.text.count("this one") == 1
    assert "End all other sessions" in form.text

    answer = await admin.post(f"{USERS}2/sessions/")

    assert answer.location == f"{USERS}2/sessions/?notice=user-own-sessions"
    assert await store.session_user(other) is None
    assert (await admin.get(answer.location)).status == 200
