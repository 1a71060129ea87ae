"""Changing one's own password."""

import json

import httpx2
import pytest

from multichat_proto.exceptions import StoreUnavailable
from multichat_server.config import Settings
from multichat_server.passwords import TooManyChecks
from multichat_server.storage import Client, PasswordChanged, Verified
from tests.server.web.conftest import PASSWORD, Browser, Page, Site

PATH = "/accounts/password_change/"
NEW = "a horse and a staple"


async def change(
    browser: Browser, old: str = PASSWORD, new: str = NEW, **more: str
) -> httpx2.Response:
    data = {"old_password": old, "new_password1": new, "new_password2": new}
    return await browser.post(PATH, {**data, "csrfmiddlewaretoken": browser.token, **more})


@pytest.fixture
async def alice(browser: Browser) -> Browser:
    await browser.log_in()
    return browser


async def test_the_form_has_the_fields_of_djangos(alice: Browser) -> None:
    """So that programs which keep passwords know it, and whose password it is."""
    fields = Page((await alice.get(PATH)).text).fields

    assert {name: field.get("autocomplete") for name, field in fields.items()} == {
        "csrfmiddlewaretoken": None,
        "username": "username",
        "old_password": "current-password",
        "new_password1": "new-password",
        "new_password2": "new-password",
    }
    assert fields["username"]["value"] == "alice"


async def test_the_new_password_logs_in_and_the_old_one_does_not(
    alice: Browser, site: Site
) -> None:
    response = await change(alice)

    assert (response.status_code, response.headers["location"]) == (
        303,
        "/accounts/sessions/?notice=password-changed",
    )
    assert await site.store.check_password("alice", NEW) is not None
    assert await site.store.check_password("alice", PASSWORD) is None


async def test_all_sessions_end_and_this_one_goes_on_under_a_new_key(
    alice: Browser, site: Site
) -> None:
    """Whoever had planted or stolen a key has nothing of it any more."""
    elsewhere, before = site.browser(), alice.session
    await elsewhere.log_in()
    assert before is not None
    assert elsewhere.session is not None
    token = alice.token

    await change(alice)

    assert await site.store.session_user(before) is None
    assert await site.store.session_user(elsewhere.session) is None
    assert alice.session not in (None, before)
    assert alice.token != token
    assert (await alice.get("/")).status_code == 200
    assert (await elsewhere.get("/")).status_code == 302


async def test_it_is_in_force_in_the_chat_when_the_page_answers(alice: Browser, site: Site) -> None:
    before = site.chat.refreshes

    await change(alice)

    assert site.chat.refreshes == before + 1


async def test_the_new_session_knows_its_browser(alice: Browser, site: Site) -> None:
    alice.client.headers["user-agent"] = "Browser of alice"

    await change(alice)

    (session,) = await site.store.sessions_of(1)
    assert session.user_agent == "Browser of alice"


@pytest.mark.parametrize("is_asked_for", [True, False], ids=["asked-for", "left-alone"])
async def test_tokens_end_if_one_says_so(alice: Browser, site: Site, is_asked_for: bool) -> None:
    await site.store.tokens.add(1, "bot", lifetime=None, most=5)
    assert "tokens" in Page((await alice.get(PATH)).text).fields

    response = await change(alice, **({"tokens": "on"} if is_asked_for else {}))

    assert len(await site.store.tokens.of(1)) == (0 if is_asked_for else 1)
    said = (await alice.get(response.headers["location"])).text
    assert ("all tokens are revoked" in said) is is_asked_for


async def test_it_stands_in_the_audit_log_without_any_password(alice: Browser, site: Site) -> None:
    await site.store.tokens.add(1, "bot", lifetime=None, most=5)

    await change(alice, tokens="on")

    entries = await site.store.audit.recent()
    assert [(each.action, each.actor, each.subject) for each in entries] == [
        ("token.revoke", "alice", "bot"),
        ("user.password", "alice", "alice"),
    ]
    for each in entries:
        text = json.dumps([each.subject, dict(each.details)])
        assert PASSWORD not in text
        assert NEW not in text


async def test_the_old_password_is_asked_for(alice: Browser, site: Site) -> None:
    """A browser that was left open is not enough."""
    response = await change(alice, old="guess")

    assert (response.status_code, Page(response.text).errors) == (
        422,
        ["This is not your password."],
    )
    assert await site.store.check_password("alice", PASSWORD) is not None


@pytest.mark.parametrize(
    ("data", "errors"),
    [
        ({}, ["This field is required."] * 2),
        ({"old_password": PASSWORD}, ["This field is required."]),
        (
            {"old_password": PASSWORD, "new_password1": "short", "new_password2": "short"},
            ["It needs at least 8 characters."],
        ),
        (
            {"old_password": PASSWORD, "new_password1": "alice2026", "new_password2": "alice2026"},
            ["It is too much like your user name."],
        ),
        (
            {"old_password": PASSWORD, "new_password1": PASSWORD, "new_password2": PASSWORD},
            ["It is the old one."],
        ),
        (
            {"old_password": PASSWORD, "new_password1": NEW, "new_password2": NEW + "!"},
            ["The two are not the same."],
        ),
    ],
    ids=["nothing", "only-the-old", "short", "name", "the-old-one", "typing-error"],
)
async def test_what_is_wrong_is_said(
    alice: Browser, site: Site, data: dict[str, str], errors: list[str]
) -> None:
    response = await alice.post(PATH, {**data, "csrfmiddlewaretoken": alice.token})

    assert (response.status_code, Page(response.text).errors) == (422, errors)
    assert await site.store.check_password("alice", PASSWORD) is not None


async def test_no_password_is_ever_sent_back(alice: Browser) -> None:
    text = (await change(alice, old="my old guess", new="my new password")).text

    assert "my old guess" not in text
    assert "my new password" not in text


async def test_guesses_at_the_old_password_are_counted(site: Site) -> None:
    site.settings = Settings(login_burst=2)
    alice = site.browser()
    await alice.log_in()
    for _ in range(2):
        await change(alice, old="guess")

    response = await change(alice)

    assert response.status_code == 429
    assert 1 <= int(response.headers["retry-after"]) <= 20
    (error,) = Page(response.text).errors
    assert error.startswith("Too many wrong passwords. Please try again in ")
    assert await site.store.check_password("alice", PASSWORD) is not None


async def test_mistakes_in_the_new_one_are_not_counted(site: Site) -> None:
    site.settings = Settings(login_burst=1)
    alice = site.browser()
    await alice.log_in()
    for _ in range(3):
        assert (await change(alice, new="short")).status_code == 422

    assert (await change(alice)).status_code == 303


async def test_whoever_comes_on_top_of_a_flood_is_told_so_and_loses_no_try(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.settings = Settings(login_burst=1)
    alice = site.browser()
    await alice.log_in()

    async def flooded(*_: object) -> None:
        raise TooManyChecks

    with monkeypatch.context() as patch:
        patch.setattr(site.store, "check_password", flooded)
        response = await change(alice)

    assert (response.status_code, response.headers["retry-after"]) == (503, "5")
    assert (await change(alice)).status_code == 303


async def test_without_its_database_nobody_loses_a_try(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.settings = Settings(login_burst=1)
    alice = site.browser()
    await alice.log_in()

    async def away(*_: object) -> None:
        raise StoreUnavailable

    with monkeypatch.context() as patch:
        patch.setattr(site.store, "check_password", away)
        assert (await change(alice)).status_code == 503

    assert (await change(alice)).status_code == 303


async def test_a_name_that_is_somebody_elses_by_now_changes_nothing(
    alice: Browser, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Renamed while the form was on its way, and the name given to another one."""
    other = await site.store.user(2)

    async def check_password(*_: object) -> object:
        return Verified(other.user, "its hash")

    monkeypatch.setattr(site.store, "check_password", check_password)

    assert (await change(alice)).status_code == 422


async def test_of_two_changes_at_once_the_first_is_made(
    alice: Browser, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Otherwise a thief's, by the same old password, would undo the owner's."""
    check_password = site.store.check_password

    async def and_then(username: str, password: str) -> object:
        verified = await check_password(username, password)
        await site.store.change_user("alice", password="the owner's own")
        return verified

    with monkeypatch.context() as patch:
        patch.setattr(site.store, "check_password", and_then)
        response = await change(alice)

    # Its session ended with the other change.
    assert response.status_code == 302
    assert response.headers["location"].startswith("/accounts/login/")
    assert await site.store.check_password("alice", "the owner's own") is not None
    assert await site.store.sessions_of(1) == []


async def test_an_old_password_that_is_another_by_now_is_a_wrong_one(
    alice: Browser, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def too_late(*_: object, **__: object) -> str:
        raise PasswordChanged("alice has another password by now")

    monkeypatch.setattr(site.store, "change_password", too_late)

    response = await change(alice)

    assert (response.status_code, Page(response.text).errors) == (
        422,
        ["This is not your password."],
    )


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_it_is_for_those_who_are_logged_in(browser: Browser, method: str) -> None:
    await browser.get("/accounts/login/")

    response = await (browser.get(PATH) if method == "GET" else change(browser))

    assert (response.status_code, response.headers["location"]) == (
        302,
        "/accounts/login/?next=/accounts/password_change/",
    )


async def test_a_form_of_another_site_changes_nothing(alice: Browser, site: Site) -> None:
    response = await change(alice, csrfmiddlewaretoken="x" * 64)

    assert response.status_code == 403
    assert await site.store.check_password("alice", PASSWORD) is not None
    assert (await site.store.sessions_of(1)) != []


async def test_a_session_that_ends_meanwhile_is_a_login_page(alice: Browser, site: Site) -> None:
    await site.store.end_sessions(1)
    await site.store.start_session(1, lifetime=10, client=Client())

    assert (await change(alice)).status_code == 302
