"""What the login page does beyond the original's: it leads people on."""

import pytest

from multichat_proto.exceptions import StoreUnavailable
from multichat_server.config import Settings
from multichat_server.storage import Store
from tests.server.web.conftest import LOGIN, Browser, Page, Site


async def test_whoever_is_logged_in_can_go_on(browser: Browser) -> None:
    """A chat in another tab leads here when its session has got a new key."""
    await browser.log_in()

    text = (await browser.get(f"{LOGIN}?next=/accounts/tokens/")).text

    assert "You are logged in as" in text
    assert "/accounts/tokens/" in Page(text).links
    assert "/" in Page((await browser.get(LOGIN)).text).links


async def test_nobody_else_is_told_so(browser: Browser) -> None:
    assert "You are logged in" not in (await browser.get(LOGIN)).text


@pytest.mark.parametrize("next_", ["//evil.example/", "https://evil.example/", "javascript:x()"])
async def test_on_means_on_this_server(browser: Browser, next_: str) -> None:
    """Open redirects by a link that one clicks oneself are none either."""
    await browser.log_in()

    links = Page((await browser.client.get(LOGIN, params={"next": next_})).text).links

    assert "evil.example" not in str(links)
    assert "javascript" not in str(links)


async def test_the_cursor_is_where_something_is_to_be_typed(browser: Browser) -> None:
    fields = Page((await browser.get(LOGIN)).text).fields
    assert "autofocus" in fields["username"]
    assert "autofocus" not in fields["password"]

    fields = Page((await browser.log_in(password="wrong")).text).fields
    assert "autofocus" not in fields["username"]
    assert "autofocus" in fields["password"]


async def test_what_is_missing_is_said_at_its_field(browser: Browser) -> None:
    await browser.get(LOGIN)

    response = await browser.post(LOGIN, {"csrfmiddlewaretoken": browser.token})

    for name in ("username", "password"):
        field = Page(response.text).fields[name]
        assert field["aria-invalid"] == "true"
        assert f'id="{field["aria-describedby"]}"' in response.text


@pytest.mark.parametrize(
    "target",
    ["/accounts/logout/", "/accounts/logout", "/accounts/logout/?next=/x/"],
)
async def test_a_login_does_not_lead_straight_out_again(browser: Browser, target: str) -> None:
    response = await browser.log_in(next=target)

    assert response.headers["location"] == "/"


async def test_a_server_without_accounts_says_what_to_do() -> None:
    async with Store.open("sqlite://") as store:
        site = Site(store, Settings())
        text = (await site.browser().get(LOGIN)).text
        assert "<code>multichat admin user add NAME --staff</code>" in text

        await store.add_user("alice", "wonderland")
        text = (await site.browser().get(LOGIN)).text
        assert "multichat admin" not in text


async def test_without_its_database_the_form_is_shown_all_the_same(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away() -> bool:
        raise StoreUnavailable

    monkeypatch.setattr(site.store, "has_users", away)

    response = await site.browser().get(LOGIN)

    assert response.status_code == 200
    assert "multichat admin" not in response.text
