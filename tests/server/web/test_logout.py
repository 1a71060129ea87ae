"""Logout: a link suffices, but only one of our own."""

import pytest

from .conftest import LOGIN, LOGOUT, Browser, Page, Site


async def test_a_link_logs_out(browser: Browser, site: Site) -> None:
    """H13, H13b."""
    await browser.log_in()
    key = browser.session
    assert key is not None

    response = await browser.get(LOGOUT)

    assert (response.status_code, response.headers["location"]) == (302, "/")
    assert response.headers["set-cookie"].startswith('sessionid=""; expires=')
    assert "Max-Age=0" in response.headers["set-cookie"]
    assert browser.session is None
    assert await site.store.session_user(key) is None
    assert site.ended == [key]
    assert (await browser.get("/")).headers["location"] == "/accounts/login/?next=/"


async def test_whoever_is_not_logged_in_is_sent_home_too(browser: Browser, site: Site) -> None:
    """H13c."""
    response = await browser.get(LOGOUT)

    assert (response.status_code, response.headers["location"]) == (302, "/")
    assert "set-cookie" not in response.headers
    assert site.ended == []


@pytest.mark.parametrize(
    ("target", "location"), [("/x/", "/x/"), ("//evil.example/", "/"), ("http://evil/", "/")]
)
async def test_a_local_next_is_obeyed(browser: Browser, target: str, location: str) -> None:
    """H13e."""
    await browser.log_in()

    response = await browser.get(f"{LOGOUT}?next={target}")

    assert (response.status_code, response.headers["location"]) == (302, location)


@pytest.mark.parametrize(
    "headers",
    [
        {"sec_fetch_site": "cross-site"},
        {"sec_fetch_site": "same-site"},
        {"sec_fetch_site": "same-origin", "sec_purpose": "prefetch;prerender"},
        {"purpose": "prefetch"},
    ],
)
async def test_a_link_that_nobody_here_clicked_does_nothing(
    browser: Browser, site: Site, headers: dict[str, str]
) -> None:
    """<img src="…/accounts/logout/"> on another site's page must not log its visitors out."""
    await browser.log_in()

    response = await browser.get(LOGOUT, **headers)

    assert response.status_code == 403
    assert site.ended == []
    assert (await browser.get("/")).status_code == 200


async def test_such_a_link_leads_to_a_button(browser: Browser, site: Site) -> None:
    await browser.log_in()
    response = await browser.get(LOGOUT, sec_fetch_site="cross-site")
    token = Page(response.text).fields["csrfmiddlewaretoken"]["value"]

    response = await browser.post(
        LOGOUT, {"csrfmiddlewaretoken": token}, sec_fetch_site="same-origin"
    )

    assert (response.status_code, response.headers["location"]) == (302, "/")
    assert browser.session is None
    assert len(site.ended) == 1


@pytest.mark.parametrize("site_header", ["none", "same-origin"])
async def test_a_link_of_our_own_and_the_address_bar_log_out(
    browser: Browser, site_header: str
) -> None:
    await browser.log_in()

    await browser.get(LOGOUT, sec_fetch_site=site_header)

    assert browser.session is None


async def test_a_form_without_token_logs_nobody_out(browser: Browser, site: Site) -> None:
    """H13d."""
    await browser.log_in()

    assert (await browser.post(LOGOUT, {})).status_code == 403
    assert site.ended == []


async def test_head_changes_nothing(browser: Browser, site: Site) -> None:
    await browser.log_in()

    assert (await browser.client.head(LOGOUT)).status_code == 302
    assert site.ended == []


async def test_logging_out_in_one_place_leaves_the_other_alone(
    browser: Browser, site: Site
) -> None:
    other = site.browser()
    await browser.log_in()
    await other.log_in()

    await browser.get(LOGOUT)

    assert (await other.get("/")).status_code == 200


async def test_the_page_links_to_it(browser: Browser) -> None:
    await browser.log_in()

    assert LOGOUT in Page((await browser.get("/")).text).links
    assert LOGOUT not in Page((await browser.get(LOGIN)).text).links
