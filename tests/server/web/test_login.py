"""
Login, as the original answers it.

The ids in the docstrings (H02 …) are those of the recorded HTTP cases of the 2016 application.
"""

from http.cookies import SimpleCookie
from typing import Any

import httpx2
import pytest

from multichat_server.config import Settings
from multichat_server.passwords import TooManyChecks
from multichat_server.storage import Verified

from .conftest import LOGIN, Browser, Page, Site

WRONG = "Please enter a correct username and password. Note that both fields may be case-sensitive."
REQUIRED = "This field is required."


def cookies_of(response: httpx2.Response) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    for line in response.headers.get_list("set-cookie"):
        for name, morsel in SimpleCookie(line).items():
            found[name] = {key: str(value) for key, value in morsel.items() if value}
            found[name]["value"] = morsel.value
    return found


async def test_the_form_has_the_fields_of_the_original(browser: Browser) -> None:
    """H02."""
    response = await browser.get(LOGIN)

    form = Page(response.text)
    assert response.status_code == 200
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    assert set(form.fields) == {"username", "password", "csrfmiddlewaretoken"}
    assert form.fields["username"]["maxlength"] == "254"
    assert form.fields["password"]["type"] == "password"
    assert form.fields["csrfmiddlewaretoken"]["type"] == "hidden"
    assert form.errors == []


async def test_the_token_can_be_found_by_the_pattern_that_fits_the_originals_page(
    browser: Browser,
) -> None:
    """Django 1.10 writes the field with single quotes, and tokens of 64 letters and digits."""
    response = await browser.get(LOGIN)
    line = "<input type='hidden' name='csrfmiddlewaretoken' value='"

    token = response.text.partition(line)[2].partition("' />")[0]

    assert len(token) == 64
    assert token.isalnum()
    assert cookies_of(response)["csrftoken"]["value"] == token


async def test_the_csrf_cookie_is_the_originals_but_for_samesite(browser: Browser) -> None:
    """H02."""
    cookie = cookies_of(await browser.get(LOGIN))["csrftoken"]

    assert cookie["max-age"] == "31449600"
    assert cookie["path"] == "/"
    assert cookie["samesite"] == "lax"
    assert cookie["expires"]
    # Scripts may read it, and over plain HTTP it has to be sent.
    assert "httponly" not in cookie
    assert "secure" not in cookie


async def test_the_form_keeps_the_token_that_the_browser_has(browser: Browser) -> None:
    """Two tabs must not take each other's tokens away."""
    await browser.get(LOGIN)
    first = browser.token
    await browser.get(LOGIN)

    assert browser.token == first


async def test_the_right_password_logs_in(browser: Browser, site: Site) -> None:
    """H05."""
    response = await browser.log_in()

    cookies = cookies_of(response)
    assert (response.status_code, response.headers["location"]) == (302, "/")
    assert set(cookies) == {"csrftoken", "sessionid"}
    assert cookies["sessionid"]["httponly"] == "True"
    assert cookies["sessionid"]["max-age"] == "1209600"
    assert cookies["sessionid"]["path"] == "/"
    assert cookies["sessionid"]["samesite"] == "lax"
    assert "secure" not in cookies["sessionid"]
    user = await site.store.session_user(cookies["sessionid"]["value"])
    assert user is not None
    assert user.username == "alice"
    assert (await browser.get("/")).status_code == 200


async def test_the_csrf_token_is_renewed_at_login(browser: Browser) -> None:
    await browser.get(LOGIN)
    before = browser.token

    await browser.log_in()

    assert browser.token != before


async def test_behind_tls_cookies_can_be_secure(site: Site) -> None:
    site.settings = Settings(secure_cookies=True, session_lifetime=60)
    browser = site.browser()
    token = cookies_of(await browser.get(LOGIN))["csrftoken"]["value"]
    browser.client.cookies.clear()

    response = await browser.post(
        LOGIN,
        {"username": "alice", "password": "wonderland", "csrfmiddlewaretoken": token},
        cookie=f"csrftoken={token}",
    )

    cookies = cookies_of(response)
    assert cookies["csrftoken"]["secure"] == cookies["sessionid"]["secure"] == "True"
    assert cookies["sessionid"]["max-age"] == "60"


@pytest.mark.parametrize(
    ("username", "password"),
    [
        ("alice", "wrong"),
        ("nobody", "wonderland"),
        ("ALICE", "wonderland"),
        ("alice", "Wonderland"),
        ("alice", " wonderland"),
        ("alice\x00", "wonderland"),
        ("x" * 30_000, "x" * 30_000),
    ],
)
async def test_anything_else_shows_the_form_again_with_the_same_words(
    browser: Browser, username: str, password: str
) -> None:
    """H04, H05e: 200, and not a word about which of the two is wrong."""
    response = await browser.log_in(username, password)

    assert response.status_code == 200
    assert Page(response.text).errors == [WRONG]
    assert browser.session is None
    assert set(cookies_of(response)) == {"csrftoken"}


async def test_an_inactive_user_is_answered_like_a_wrong_password(
    browser: Browser, site: Site
) -> None:
    """H04c."""
    await site.store.change_user("alice", is_active=False)

    response = await browser.log_in()

    assert (response.status_code, Page(response.text).errors) == (200, [WRONG])
    assert browser.session is None


async def test_a_user_deleted_at_the_last_moment_is_answered_the_same_way(
    browser: Browser, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As is one whose password was reset while it was being checked."""
    start_session = site.store.start_session

    async def just_deleted(who: int | Verified, **more: Any) -> str:
        await site.store.delete_user("alice")
        return await start_session(who, **more)

    monkeypatch.setattr(site.store, "start_session", just_deleted)

    response = await browser.log_in()

    assert (response.status_code, Page(response.text).errors) == (200, [WRONG])


@pytest.mark.parametrize(
    ("data", "errors"),
    [
        ({}, [REQUIRED, REQUIRED]),
        ({"username": "", "password": ""}, [REQUIRED, REQUIRED]),
        ({"username": "  ", "password": "x"}, [REQUIRED]),
        ({"username": "alice"}, [REQUIRED]),
    ],
)
async def test_missing_fields_are_asked_for(
    browser: Browser, data: dict[str, str], errors: list[str]
) -> None:
    """H04b."""
    await browser.get(LOGIN)

    response = await browser.post(LOGIN, {**data, "csrfmiddlewaretoken": browser.token})

    assert (response.status_code, Page(response.text).errors) == (200, errors)


async def test_what_was_typed_is_shown_again_and_cannot_break_out(browser: Browser) -> None:
    hostile = "\"'><script>alert(1)</script>"

    response = await browser.log_in(hostile, "wrong")

    page = Page(response.text)
    assert page.fields["username"]["value"] == hostile
    assert "script" not in page.tags
    # A password is never sent back.
    assert "value" not in page.fields["password"]


async def test_spaces_around_a_name_are_nobodys_intention(browser: Browser) -> None:
    assert (await browser.log_in(" alice ")).status_code == 302


async def test_a_form_in_parts_is_read_too(browser: Browser) -> None:
    await browser.get(LOGIN)

    response = await browser.client.post(
        LOGIN,
        files={
            "username": (None, "alice"),
            "password": (None, "wonderland"),
            "csrfmiddlewaretoken": (None, browser.token),
        },
    )

    assert response.status_code == 302


async def test_files_are_refused(browser: Browser) -> None:
    await browser.get(LOGIN)

    response = await browser.client.post(
        LOGIN, files={"username": ("alice.txt", b"alice")}, headers={"x-csrftoken": browser.token}
    )

    assert response.status_code == 400
    assert b"alice" not in response.content


async def test_a_form_with_too_many_fields_is_refused(browser: Browser) -> None:
    await browser.get(LOGIN)

    response = await browser.client.post(
        LOGIN,
        files=[("x", (None, "y"))] * 21,
        headers={"x-csrftoken": browser.token},
    )

    assert response.status_code == 400


async def test_the_form_is_shown_to_those_who_are_logged_in_too(browser: Browser) -> None:
    """H05f."""
    await browser.log_in()

    response = await browser.get(LOGIN)

    assert response.status_code == 200
    assert "username" in Page(response.text).fields


async def test_every_login_has_a_key_of_its_own_and_ends_the_one_before(
    browser: Browser, site: Site
) -> None:
    await browser.log_in()
    first = browser.session
    assert first is not None

    await browser.log_in()

    assert browser.session != first
    assert await site.store.session_user(first) is None
    assert site.ended == [first]


async def test_a_login_that_fails_leaves_the_session_as_it_is(browser: Browser, site: Site) -> None:
    await browser.log_in()
    before = browser.session
    assert before is not None

    await browser.log_in(password="wrong")

    assert browser.session == before
    assert await site.store.session_user(before) is not None
    assert site.ended == []


async def test_a_key_planted_beforehand_is_worth_nothing_afterwards(
    browser: Browser, site: Site
) -> None:
    """Session fixation: neither an invented key nor one of the attacker's own is taken over."""
    attacker = site.browser()
    await attacker.log_in("admin", "secret")
    for planted in ("invented", attacker.session):
        assert planted is not None
        browser.client.cookies.clear()
        browser.client.cookies.set("sessionid", planted)

        await browser.log_in()

        assert browser.client.cookies.get("sessionid", domain="chat.example") != planted
        assert await site.store.session_user(planted) is None


async def test_a_login_from_another_place_leaves_this_one_alone(
    browser: Browser, site: Site
) -> None:
    await browser.log_in()
    await site.browser().log_in()

    assert (await browser.get("/")).status_code == 200


@pytest.mark.parametrize("as_field", [True, False])
@pytest.mark.parametrize(
    ("target", "location"),
    [("/x/", "/x/"), ("/chat/?a=b#c", "/chat/?a=b#c"), ("http://evil.example/", "/"), ("", "/")],
)
async def test_a_local_next_is_obeyed_and_no_other(
    browser: Browser, as_field: bool, target: str, location: str
) -> None:
    """H05b, H05c, H05d."""
    path = LOGIN if as_field else str(httpx2.URL(LOGIN, params={"next": target}))
    more = {"next": target} if as_field else {}

    response = await browser.log_in(path=path, **more)

    assert (response.status_code, response.headers["location"]) == (302, location)


@pytest.mark.parametrize(
    "target",
    [
        "/accounts/logout/",
        "/accounts/logout",
        "/accounts/./logout/",
        "/accounts/%6cogout/",
        "/accounts/x/%2e%2e/logout/?next=/",
    ],
)
async def test_a_login_does_not_end_in_a_logout(browser: Browser, target: str) -> None:
    response = await browser.log_in(path=str(httpx2.URL(LOGIN, params={"next": target})))

    assert response.headers["location"] == "/"


async def test_the_field_wins_over_the_query(browser: Browser) -> None:
    response = await browser.log_in(path=f"{LOGIN}?next=/query/", next="/field/")

    assert response.headers["location"] == "/field/"


async def test_the_form_carries_next_along(browser: Browser) -> None:
    """The original's form posts to itself without it, and so loses it."""
    page = Page((await browser.get(f"{LOGIN}?next=/x/%3Fa")).text)
    assert page.fields["next"]["value"] == "/x/?a"

    for harmless in (LOGIN, f"{LOGIN}?next=//evil.example/"):
        assert "next" not in Page((await browser.get(harmless)).text).fields


async def test_head_is_answered_as_get(browser: Browser) -> None:
    assert (await browser.client.head(LOGIN)).status_code == 200


@pytest.mark.parametrize(
    ("path", "location"),
    [
        ("/accounts/login", "/accounts/login/"),
        ("/accounts/logout", "/accounts/logout/"),
        ("/admin", "/admin/"),
        ("/accounts/login?next=/x/&a=%20", "/accounts/login/?next=/x/&a=%20"),
    ],
)
async def test_a_missing_slash_is_added(browser: Browser, path: str, location: str) -> None:
    """H07, H07b: by a path alone, whatever the Host says."""
    response = await browser.get(path, host="evil.example")

    assert (response.status_code, response.headers["location"]) == (301, location)


async def test_whoever_comes_on_top_of_a_flood_is_told_so_at_once(
    browser: Browser, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The form says it, and keeps the name."""

    async def flooded(*_: object) -> None:
        raise TooManyChecks

    monkeypatch.setattr(site.store, "check_password", flooded)

    response = await browser.log_in()

    form = Page(response.text)
    assert response.status_code == 503
    assert response.headers["retry-after"] == "5"
    assert form.errors == ["Too many people are logging in just now. Please try again in a moment."]
    assert form.fields["username"]["value"] == "alice"
    assert browser.session is None
