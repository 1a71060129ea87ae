"""The home page: the rooms, for those who are logged in."""

import json
import re
from html import unescape

import pytest

from multichat_server.config import Settings

from .conftest import Browser, Page, Site


async def test_without_a_login_it_asks_for_one(browser: Browser) -> None:
    """H01."""
    response = await browser.get("/")

    assert (response.status_code, response.headers["location"]) == (
        302,
        "/accounts/login/?next=/",
    )
    assert "set-cookie" not in response.headers


@pytest.mark.parametrize("key", ["unknown", "", "x" * 10_000, "a=b", "\x7f"])
async def test_the_cookie_of_a_session_that_is_none_is_deleted(browser: Browser, key: str) -> None:
    """H06b."""
    response = await browser.get("/", cookie=f"sessionid={key}")

    assert response.headers["location"] == "/accounts/login/?next=/"
    assert response.headers["set-cookie"].startswith('sessionid=""; expires=')
    assert "Max-Age=0; Path=/" in response.headers["set-cookie"]


async def test_rooms_are_listed_by_title(browser: Browser) -> None:
    """H06."""
    await browser.log_in()

    response = await browser.get("/")

    page = Page(response.text)
    assert response.status_code == 200
    assert page.rooms == [("2", "<b>Тест</b> 😀"), ("1", "room 1")]
    assert "alice" in response.text
    # The title is text and nothing else.
    assert "b" not in page.tags
    assert "set-cookie" not in response.headers


async def test_staff_rooms_are_listed_to_staff(browser: Browser) -> None:
    await browser.log_in("admin", "secret")

    assert ("3", "staff room") in Page((await browser.get("/")).text).rooms


async def test_what_changed_shows_at_once(browser: Browser, site: Site) -> None:
    await browser.log_in()
    await site.store.change_user("alice", is_staff=True)
    await site.store.delete_room(1)
    await site.store.change_room(2, title="renamed")

    assert Page((await browser.get("/")).text).rooms == [("2", "renamed"), ("3", "staff room")]


async def test_where_there_are_no_rooms_it_says_so(browser: Browser, site: Site) -> None:
    for room_id in (1, 2, 3):
        await site.store.delete_room(room_id)
    await browser.log_in()

    response = await browser.get("/")

    assert '<p class="empty">' in response.text
    assert Page(response.text).rooms == []


@pytest.mark.parametrize("change", [{"is_active": False}, {"password": "new"}])
async def test_whoever_lost_the_right_is_asked_to_log_in(
    browser: Browser, site: Site, change: dict[str, object]
) -> None:
    await browser.log_in()

    await site.store.change_user("alice", **change)  # type: ignore[arg-type]  # one of the above

    assert (await browser.get("/")).status_code == 302


async def test_head_is_answered_as_get(browser: Browser) -> None:
    """H06c."""
    await browser.log_in()

    assert (await browser.client.head("/")).status_code == 200


async def test_nothing_can_be_posted_to_it(browser: Browser) -> None:
    """H06d: without a token the token is what is missing; with one, there is nothing to do."""
    await browser.log_in()

    assert (await browser.post("/", {})).status_code == 403
    response = await browser.post("/", {"csrfmiddlewaretoken": browser.token})
    assert (response.status_code, response.headers["allow"]) == (405, "GET, HEAD")


async def test_the_page_says_where_the_chat_is(browser: Browser) -> None:
    await browser.log_in()

    attributes = chat((await browser.get("/")).text)

    assert attributes == {
        "data-stream": "/chat/stream/",
        "data-username": "alice",
        "data-user-id": "1",
        "data-login": "/accounts/login/",
        "data-message-types": "{}",
        "data-rooms": "/api/v1/rooms",
    }


async def test_the_page_knows_the_names_of_the_deployments_types(site: Site) -> None:
    """MC1-TYPE-03; those of v1 it knows anyway."""
    site.settings = Settings(message_types=("6:celebration", "7:poll"))
    browser = site.browser()
    await browser.log_in()

    attributes = chat((await browser.get("/")).text)

    assert json.loads(attributes["data-message-types"]) == {"6": "celebration", "7": "poll"}


async def test_staff_are_led_from_an_empty_list_to_the_admin(browser: Browser, site: Site) -> None:
    for room_id in (1, 2, 3):
        await site.store.delete_room(room_id)
    add = "/admin/chat/room/add/"

    await browser.log_in("admin", "secret")
    assert add in Page((await browser.get("/")).text).links
    plain = site.browser()
    await plain.log_in()
    assert add not in Page((await plain.get("/")).text).links


def chat(text: str) -> dict[str, str]:
    """Return what the page tells its script."""
    (tag,) = re.findall(r'<div id="chat"([^>]*)>', text)
    return {name: unescape(value) for name, value in re.findall(r'(data-[a-z-]+)="([^"]*)"', tag)}


async def test_the_list_can_be_read_again_as_json(browser: Browser) -> None:
    """The page's script asks there, so that new rooms come up without a reload."""
    await browser.log_in()
    shown = await browser.get("/")
    address = re.search(r'data-rooms="([^"]*)"', shown.text)
    assert address is not None

    response = await browser.get(address[1], accept="application/json")

    listed = [(room["id"], room["title"]) for room in response.json()["rooms"]]
    assert listed == Page(shown.text).rooms
