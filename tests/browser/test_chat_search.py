"""A long list of rooms: finding one, by the keyboard as well."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from multichat_server.storage import Store

from .conftest import People, Server, shot

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.fixture(scope="module", autouse=True)
def many_rooms(server: Server) -> None:
    async def add(store: Store) -> None:
        for number in range(1, 12):
            await store.add_room(f"Room {number:02}")
        await store.add_room("Long " * 50)

    server.change(add)


def test_a_room_is_found_and_joined_by_the_keyboard(person: People) -> None:
    page = person("alice")
    search = page.get_by_label("Find a room")
    search.fill("05")
    expect(page.locator("li.room-link:visible")).to_have_count(1)
    search.press("ArrowDown")
    expect(page.locator("li.room-link:visible .enter")).to_be_focused()

    search.fill("07")
    search.press("Enter")

    expect(page.get_by_role("heading", name="Room 07")).to_be_visible()


def test_it_says_so_when_there_is_none(person: People) -> None:
    page = person("alice")

    page.get_by_label("Find a room").fill("kitchen")

    expect(page.get_by_text("No room has that in its title.")).to_be_visible()
    shot(page, "no-such-room")
    page.get_by_label("Find a room").fill("")
    expect(page.get_by_text("No room has that in its title.")).to_be_hidden()


def test_a_long_title_is_cut_short(person: People) -> None:
    page = person("alice")
    shown = page.locator("li.room-link", has_text="Long").locator(".title")

    box = shown.bounding_box()

    assert box is not None
    assert box["height"] < 60
    assert len(page.locator("li.room-link", has_text="Long").get_attribute("title") or "") > 200
    shot(page, "long-title")
