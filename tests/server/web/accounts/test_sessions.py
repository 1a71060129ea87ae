"""The list of one's sessions, and ending them."""

import time

import httpx2
import pytest

from multichat_server.storage import Client
from multichat_server.web.accounts.sessions import MOST_SHOWN
from tests.server.web.conftest import LOGIN, Browser, Page, Site

PATH = "/accounts/sessions/"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0"


async def end(browser: Browser, which: str, **more: str) -> httpx2.Response:
    return await browser.post(
        PATH, {"session": which, "csrfmiddlewaretoken": browser.token, **more}
    )


@pytest.fixture
async def alice(browser: Browser) -> Browser:
    browser.client.headers["user-agent"] = FIREFOX
    await browser.log_in()
    return browser


@pytest.fixture
async def elsewhere(site: Site) -> str:
    """The key of another session of the same user."""
    client = Client("192.0.2.7", "Elsewhere/1.0")
    return await site.store.start_session(1, lifetime=1000, client=client)


def id_of(site: Site, key: str | None) -> str:
    assert key is not None
    return site.store.session_id(key)


async def test_each_session_says_where_it_is(alice: Browser, elsewhere: str) -> None:
    text = (await alice.get(PATH)).text

    assert text.count('<li class="card">') == 2
    assert "Firefox on Linux" in text
    assert "Elsewhere/1.0" in text
    assert "192.0.2.7" in text
    assert text.count("<dt>Last seen</dt><dd><time datetime=") == 2
    assert elsewhere not in text


async def test_ones_own_is_the_first_and_marked(
    alice: Browser, elsewhere: str, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Though the other was in use later."""
    with monkeypatch.context() as patch:
        patch.setattr(site.store, "_clock", lambda: time.time() + 100)
        await site.store.credentials_seen([elsewhere])

    text = (await alice.get(PATH)).text

    assert text.count("This one") == 1
    assert text.index("Firefox on Linux") < text.index("This one") < text.index("Elsewhere/1.0")


async def test_of_very_many_only_the_latest_are_shown(alice: Browser, site: Site) -> None:
    for _ in range(MOST_SHOWN):
        await site.store.start_session(1, lifetime=1000)

    text = (await alice.get(PATH)).text

    assert text.count('<li class="card">') == MOST_SHOWN
    assert "This one" in text
    assert "And 1 more" in text


async def test_a_browser_that_says_nothing_of_itself(alice: Browser, site: Site) -> None:
    await site.store.start_session(1, lifetime=1000)

    text = (await alice.get(PATH)).text

    assert "Unknown device" in text
    assert "unknown address" in text


async def test_what_a_browser_says_of_itself_is_text(alice: Browser, site: Site) -> None:
    hostile = "<script>alert(1)</script>"
    await site.store.start_session(1, lifetime=1000, client=Client("", hostile))

    text = (await alice.get(PATH)).text

    assert hostile not in text
    assert "&lt;script&gt;alert(1)" in text


async def test_another_session_can_be_ended(alice: Browser, elsewhere: str, site: Site) -> None:
    before = site.chat.refreshes

    response = await end(alice, id_of(site, elsewhere))

    assert (response.status_code, response.headers["location"]) == (
        303,
        f"{PATH}?notice=session-ended",
    )
    assert await site.store.session_user(elsewhere) is None
    assert (await alice.get(PATH)).status_code == 200
    assert site.chat.refreshes == before + 1


async def test_ones_own_can_be_ended_too(alice: Browser, elsewhere: str, site: Site) -> None:
    response = await end(alice, id_of(site, alice.session))

    assert response.headers["location"] == f"{LOGIN}?notice=session-ended"
    assert alice.session is None
    assert await site.store.session_user(elsewhere) is not None
    assert "The session has ended." in (await alice.get(response.headers["location"])).text


async def test_all_others_can_be_ended(alice: Browser, elsewhere: str, site: Site) -> None:
    response = await end(alice, "others")

    assert response.headers["location"] == f"{PATH}?notice=sessions-others-ended"
    assert await site.store.session_user(elsewhere) is None
    response = await alice.get(PATH)
    assert response.status_code == 200
    assert "End all other sessions" not in response.text


async def test_one_can_log_out_everywhere(alice: Browser, elsewhere: str, site: Site) -> None:
    await site.store.tokens.add(1, "bot", lifetime=None, most=5)
    before = site.chat.refreshes

    response = await end(alice, "all")

    assert response.headers["location"] == f"{LOGIN}?notice=sessions-all-ended"
    assert alice.session is None
    assert await site.store.sessions_of(1) == []
    assert await site.store.session_user(elsewhere) is None
    assert len(await site.store.tokens.of(1)) == 1
    assert site.chat.refreshes == before + 1
    assert "logged out everywhere" in (await alice.get(response.headers["location"])).text


async def test_tokens_can_go_with_them(alice: Browser, site: Site) -> None:
    assert "tokens" not in Page((await alice.get(PATH)).text).fields
    await site.store.tokens.add(1, "bot", lifetime=None, most=5)
    assert "tokens" in Page((await alice.get(PATH)).text).fields

    response = await end(alice, "all", tokens="on")

    assert response.headers["location"] == f"{LOGIN}?notice=sessions-all-ended-with-tokens"
    assert await site.store.tokens.of(1) == []


@pytest.mark.parametrize("which", ["", "x", "\ud800", "0" * 20], ids=ascii)
async def test_what_is_no_session_ends_nothing(alice: Browser, which: str, site: Site) -> None:
    data = f"session={which if which.isprintable() else '%ED%A0%80'}"
    response = await alice.client.post(
        PATH,
        content=f"{data}&csrfmiddlewaretoken={alice.token}",
        headers={"content-type": "application/x-www-form-urlencoded"},
    )

    assert response.headers["location"] == f"{PATH}?notice=session-gone"
    assert len(await site.store.sessions_of(1)) == 1


async def test_nobody_ends_another_users_session(alice: Browser, site: Site) -> None:
    other = await site.store.start_session(2, lifetime=1000)

    response = await end(alice, id_of(site, other))

    assert response.headers["location"] == f"{PATH}?notice=session-gone"
    assert await site.store.session_user(other) is not None
    for which in ("others", "all"):
        await end(alice, which)
    assert await site.store.session_user(other) is not None


async def test_it_stands_in_the_audit_log(alice: Browser, elsewhere: str, site: Site) -> None:
    await end(alice, id_of(site, elsewhere))
    await end(alice, "all")

    entries = await site.store.audit.recent()
    assert [(each.action, each.actor, dict(each.details)) for each in entries] == [
        ("user.sessions_end", "alice", {"ended": 1}),
        ("user.sessions_end", "alice", {"ended": 1}),
    ]


@pytest.mark.parametrize("which", ["all", "others"])
async def test_a_form_of_another_site_ends_nothing(
    alice: Browser, elsewhere: str, which: str, site: Site
) -> None:
    response = await end(alice, which, csrfmiddlewaretoken="x" * 64)

    assert response.status_code == 403
    assert await site.store.session_user(elsewhere) is not None
    assert len(await site.store.sessions_of(1)) == 2


async def test_it_is_for_those_who_are_logged_in(browser: Browser) -> None:
    response = await browser.get(PATH)

    assert response.headers["location"] == f"{LOGIN}?next={PATH}"


async def test_the_menu_leads_to_all_of_it(alice: Browser) -> None:
    links = Page((await alice.get("/")).text).links

    assert [link for link in links if link.startswith("/accounts/")] == [
        PATH,
        "/accounts/password_change/",
        "/accounts/tokens/",
        "/accounts/logout/",
    ]


@pytest.mark.parametrize("path", [PATH, "/accounts/password_change/", "/accounts/tokens/"])
async def test_menu_and_tabs_say_where_one_is(alice: Browser, path: str) -> None:
    text = (await alice.get(path)).text

    assert text.count(f'<a href="{path}" aria-current="page">') == 2
    assert text.count("aria-current") == 2
    assert '<summary class="current">' in text
