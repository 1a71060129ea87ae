"""The chat without a mouse, and what a screen reader is told."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from multichat_server.storage import Store

from .conftest import People, Server, shot

pytestmark = [pytest.mark.browser, pytest.mark.slow]

MANY = 12


@pytest.fixture(scope="module", autouse=True)
def rooms(server: Server) -> None:
    async def add(store: Store) -> None:
        for number in range(1, MANY + 1):
            await store.add_room(f"Room {number:02}")

    server.change(add)


def focused(page: Page) -> str:
    return str(page.evaluate("document.activeElement.id || document.activeElement.innerText"))


def test_everything_can_be_done_with_the_keyboard(person: People) -> None:
    page = person("alice")
    page.get_by_role("searchbox", name="Find a room").focus()
    page.keyboard.press("Tab")
    assert focused(page) == "Room 01"

    page.keyboard.press("ArrowDown")
    assert focused(page) == "Room 02"
    page.keyboard.press("End")
    assert focused(page) == f"Room {MANY}"
    page.keyboard.press("Home")
    page.keyboard.press("Enter")
    box = page.get_by_role("textbox", name="Message to Room 01")
    expect(box).to_be_focused()
    page.keyboard.type("one")
    page.keyboard.press("Shift+Enter")
    page.keyboard.type("two")
    page.keyboard.press("Enter")
    expect(page.locator(".message.own .body")).to_have_text("one\ntwo")
    expect(box).to_have_value("")
    expect(box).to_be_focused()


def test_keys_lead_from_room_to_room(person: People) -> None:
    page = person("alice")
    for number in ("01", "02", "03"):
        page.locator("li.room-link", has_text=f"Room {number}").locator(".enter").click()
        expect(page.get_by_role("textbox", name=f"Message to Room {number}")).to_be_focused()

    page.keyboard.press("Alt+ArrowDown")
    expect(page.get_by_role("textbox", name="Message to Room 01")).to_be_focused()
    page.keyboard.press("Alt+ArrowUp")
    expect(page.get_by_role("textbox", name="Message to Room 03")).to_be_focused()
    page.keyboard.press("Alt+ArrowUp")
    expect(page.get_by_role("textbox", name="Message to Room 02")).to_be_focused()
    page.locator("#room-2").get_by_role("button", name="Leave").press("Enter")
    expect(page.locator("#room-2")).to_have_count(0)
    expect(page.locator('[data-room-id="2"] .enter')).to_be_focused()


def test_rooms_can_be_searched(person: People) -> None:
    page = person("alice")

    page.get_by_role("searchbox").fill("room 1")

    expect(page.locator("li.room-link:visible")).to_have_count(3)


def test_enter_that_ends_a_composition_sends_nothing(person: People) -> None:
    """Input methods of many languages end a word with Enter."""
    page = person("alice")
    page.locator("li.room-link .enter").first.click()
    box = page.get_by_role("textbox")
    box.fill("にほん")

    box.dispatch_event("keydown", {"key": "Enter", "isComposing": True})
    box.dispatch_event("keydown", {"key": "Enter", "keyCode": 229})

    expect(box).to_have_value("にほん")
    box.press("Enter")
    expect(page.locator(".message.own .body")).to_have_text("にほん")


def test_parts_have_roles_and_names(person: People) -> None:
    page = person("alice")
    page.locator("li.room-link .enter").first.click()
    room = page.get_by_role("region", name="Room 01")

    expect(room.get_by_role("log", name="Room 01")).to_be_visible()
    expect(room.get_by_role("button", name="Leave Room 01")).to_be_visible()
    expect(page.locator("#line").get_by_role("status")).to_have_text("Connected")
    expect(page.locator("li.room-link .enter").first).to_contain_text("joined")
    expect(page.locator("li.room-link .enter").first).to_have_attribute("aria-current", "true")


def test_it_fits_the_narrowest_screen_and_large_type(person: People) -> None:
    page = person("alice")
    page.set_viewport_size({"width": 320, "height": 480})
    page.locator("li.room-link .enter").first.click()
    expect(page.get_by_role("textbox", name="Message to Room 01")).to_be_visible()
    shot(page, "narrow")

    assert page.evaluate("document.documentElement.scrollWidth") == 320


def test_without_rooms_staff_are_led_to_the_admin(person: People, server: Server) -> None:
    async def delete(store: Store) -> None:
        for room in await store.rooms():
            await store.delete_room(room.id)

    server.change(delete)
    alice, dave = person("alice"), person("dave", staff=True)

    expect(alice.get_by_text("There are no rooms yet.")).to_be_visible()
    expect(alice.get_by_role("link", name="Add the first room")).to_have_count(0)
    link = dave.get_by_role("link", name="Add the first room")
    expect(link).to_have_attribute("href", "/admin/chat/room/add/")
    shot(alice, "empty")
    shot(dave, "empty-staff")
