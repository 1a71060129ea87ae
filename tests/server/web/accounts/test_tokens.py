"""Tokens for bots: made, shown once, listed and revoked."""

import re

import httpx2
import pytest

from multichat_server.config import Settings
from tests.server.web.conftest import LOGIN, Browser, Page, Site

PATH = "/accounts/tokens/"
DAY = 86_400


async def post(browser: Browser, **data: str) -> httpx2.Response:
    return await browser.post(PATH, {"csrfmiddlewaretoken": browser.token, **data})


async def make(browser: Browser, name: str = "bot", days: str = "30") -> httpx2.Response:
    return await post(browser, action="add", name=name, days=days)


@pytest.fixture
async def alice(browser: Browser) -> Browser:
    await browser.log_in()
    return browser


async def test_the_secret_is_shown_once_and_works(alice: Browser, site: Site) -> None:
    response = await make(alice)

    assert response.status_code == 200
    (secret,) = re.findall(r"mct_[\w-]+", response.text)
    user = await site.store.tokens.user(secret)
    assert user is not None
    assert user.username == "alice"
    assert response.headers["cache-control"] == "no-store"
    assert "mct_" not in (await alice.get(PATH)).text


@pytest.mark.parametrize(("days", "lifetime"), [("30", 30 * DAY), ("3650", 3650 * DAY)])
async def test_it_lives_as_long_as_asked_for(
    alice: Browser, site: Site, days: str, lifetime: int
) -> None:
    await make(alice, days=days)

    (token,) = await site.store.tokens.of(1)
    assert token.expires_at is not None
    assert token.expires_at - token.created_at == lifetime


async def test_or_for_ever(alice: Browser, site: Site) -> None:
    await make(alice, days="")

    (token,) = await site.store.tokens.of(1)
    assert token.expires_at is None
    assert "<dt>Runs out</dt><dd>never</dd>" in (await alice.get(PATH)).text


@pytest.mark.parametrize(
    "days", ["0", "3651", "-1", "1.5", "x", "٣", "²", "9" * 5000, "1e1"], ids=lambda text: text[:9]
)
async def test_days_that_are_none_are_refused(alice: Browser, site: Site, days: str) -> None:
    response = await make(alice, days=days)

    assert (response.status_code, Page(response.text).errors) == (
        422,
        ["A number from 1 to 3650, or nothing at all."],
    )
    assert await site.store.tokens.of(1) == []


@pytest.mark.parametrize(
    ("name", "error"),
    [
        ("", "A token's name cannot be blank."),
        ("  ", "A token's name cannot be blank."),
        ("x" * 101, "A token's name has at most 100 characters."),
        ("a\nb", "A token's name has no control characters in it, unlike 'a\\nb'."),
    ],
    ids=["empty", "blank", "long", "control"],
)
async def test_names_that_are_none_are_refused(
    alice: Browser, site: Site, name: str, error: str
) -> None:
    response = await make(alice, name)

    assert (response.status_code, Page(response.text).errors) == (422, [error])
    assert await site.store.tokens.of(1) == []


async def test_what_was_typed_is_shown_again(alice: Browser) -> None:
    fields = Page((await make(alice, "my bot", days="x")).text).fields
    assert (fields["name"]["value"], fields["days"]["value"]) == ("my bot", "x")

    # Nothing is not the suggestion: it means for ever.
    fields = Page((await make(alice, "", days="")).text).fields
    assert fields["days"]["value"] == ""


async def test_a_name_is_given_once(alice: Browser, site: Site) -> None:
    """Else a page that is reloaded would make another token each time."""
    await make(alice)

    response = await make(alice, " bot ")

    assert (response.status_code, Page(response.text).errors) == (
        422,
        ["You have a token of this name."],
    )
    assert len(await site.store.tokens.of(1)) == 1


async def test_a_name_is_text(alice: Browser) -> None:
    hostile = "<script>alert(1)</script>"

    text = (await make(alice, hostile)).text

    assert hostile not in text
    assert text.count("&lt;script&gt;alert(1)") == 3


async def test_there_are_only_so_many(site: Site) -> None:
    site.settings = Settings(max_tokens=2)
    alice = site.browser()
    await alice.log_in()
    for name in ("a", "b"):
        await make(alice, name)

    response = await make(alice, "c")

    assert (response.status_code, Page(response.text).errors) == (
        422,
        ["A user has at most 2 tokens; revoke one first."],
    )
    text = (await alice.get(PATH)).text
    assert "2 tokens are all that a user may have" in text
    assert "days" not in Page(text).fields


async def test_where_there_are_to_be_none_there_is_no_form(site: Site) -> None:
    site.settings = Settings(max_tokens=0)
    alice = site.browser()
    await alice.log_in()

    text = (await alice.get(PATH)).text

    assert "Tokens are not in use on this server." in text
    assert "days" not in Page(text).fields


async def test_the_list_says_what_was_used_and_what_has_run_out(alice: Browser, site: Site) -> None:
    _, secret = await site.store.tokens.add(1, "used", lifetime=None, most=5)
    await site.store.credentials_seen([f"Bearer {secret}"])
    await site.store.tokens.add(1, "old", lifetime=-10, most=5)
    await site.store.tokens.add(2, "another user's", lifetime=None, most=5)

    text = (await alice.get(PATH)).text

    assert text.count('<li class="card">') == 2
    assert text.count("Run out<") == 1
    assert text.index(">old</h2>") < text.index("Run out<") < text.index(">used</h2>")
    assert text.count("<dt>Last used</dt><dd>never</dd>") == 1
    assert text.count("<dt>Last used</dt><dd><time") == 1
    assert "another user" not in text


async def test_a_token_can_be_revoked(alice: Browser, site: Site) -> None:
    kept, _ = await site.store.tokens.add(1, "kept", lifetime=None, most=5)
    token, secret = await site.store.tokens.add(1, "bot", lifetime=None, most=5)
    before = site.chat.refreshes

    response = await post(alice, action="revoke", token=str(token.id))

    assert (response.status_code, response.headers["location"]) == (
        303,
        f"{PATH}?notice=token-revoked",
    )
    assert await site.store.tokens.user(secret) is None
    assert await site.store.tokens.of(1) == [kept]
    assert site.chat.refreshes == before + 1


async def test_all_can_be_revoked(alice: Browser, site: Site) -> None:
    for name in ("a", "b"):
        await make(alice, name)
    assert "Revoke all 2" in (await alice.get(PATH)).text

    response = await post(alice, action="revoke", token="all")

    assert response.headers["location"] == f"{PATH}?notice=tokens-all-revoked"
    assert await site.store.tokens.of(1) == []


async def test_nobody_revokes_another_users_token(alice: Browser, site: Site) -> None:
    token, secret = await site.store.tokens.add(2, "bot", lifetime=None, most=5)

    response = await post(alice, action="revoke", token=str(token.id))
    await post(alice, action="revoke", token="all")

    assert response.headers["location"] == f"{PATH}?notice=token-gone"
    assert await site.store.tokens.user(secret) is not None


@pytest.mark.parametrize("which", ["", "0", "x", "٣", "9" * 19, "9" * 5000], ids=lambda t: t[:9])
async def test_what_is_no_token_is_gone(alice: Browser, which: str) -> None:
    response = await post(alice, action="revoke", token=which)

    assert response.headers["location"] == f"{PATH}?notice=token-gone"


@pytest.mark.parametrize("action", ["", "x"])
async def test_what_is_not_known_is_not_done(alice: Browser, action: str) -> None:
    response = await post(alice, action=action, name="bot")

    assert (response.status_code, Page(response.text).errors) == (
        422,
        ["Nothing was chosen to do."],
    )


async def test_it_stands_in_the_audit_log_without_the_secret(alice: Browser, site: Site) -> None:
    (secret,) = re.findall(r"mct_[\w-]+", (await make(alice)).text)
    await post(alice, action="revoke", token="1")

    entries = await site.store.audit.recent()
    assert [(each.action, each.actor, each.subject) for each in entries] == [
        ("token.revoke", "alice", "bot"),
        ("token.add", "alice", "bot"),
    ]
    assert secret not in str(entries)


async def test_a_form_of_another_site_makes_none(alice: Browser, site: Site) -> None:
    response = await post(alice, action="add", name="bot", days="1", csrfmiddlewaretoken="x" * 64)

    assert response.status_code == 403
    assert await site.store.tokens.of(1) == []


async def test_it_is_for_those_who_are_logged_in(browser: Browser) -> None:
    response = await browser.get(PATH)

    assert response.headers["location"] == f"{LOGIN}?next={PATH}"


async def test_a_token_in_the_cookie_opens_no_page(site: Site) -> None:
    _, secret = await site.store.tokens.add(1, "bot", lifetime=None, most=5)
    for key in (secret, f"Bearer {secret}"):
        response = await site.browser().get(PATH, cookie=f"sessionid={key}")

        assert response.status_code == 302
