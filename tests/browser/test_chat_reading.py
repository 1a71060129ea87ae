"""What the page does for somebody who reads, and what it keeps."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from .conftest import People, shot
from .scripted_stream import Stream
from .steps import connect, enter, listed

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.usefixtures("three_rooms")]


def test_reading_back_is_not_disturbed(person: People, stream: Stream) -> None:
    """The text in sight stays where it is; what came is counted, and a button leads there."""
    page = person("alice")
    connect(page, stream)
    room = enter(page)
    for number in range(60):
        stream.message(f"message {number}")
    expect(room.get_by_text("message 59")).to_be_in_viewport()
    read = room.get_by_text("message 20", exact=True)
    read.scroll_into_view_if_needed()
    expect(room.get_by_role("button", name="To the newest")).to_be_visible()
    place = read.bounding_box()

    for number in range(60, 63):
        stream.message(f"message {number}")

    jump = room.get_by_role("button", name="3 new messages")
    expect(jump).to_be_visible()
    assert read.bounding_box() == place
    expect(page).to_have_title("(3) Rooms – multichat")
    expect(listed(page, "1")).to_contain_text("3 new messages")
    expect(room.locator(".mark.new")).to_have_count(1)
    shot(page, "reading-back")
    jump.click()
    expect(room.get_by_text("message 62")).to_be_in_viewport()
    expect(page).to_have_title("Rooms – multichat")
    expect(jump).to_be_hidden()


def test_saying_something_leads_to_the_newest(person: People, stream: Stream) -> None:
    page = person("alice")
    connect(page, stream)
    room = enter(page)
    for number in range(60):
        stream.message(f"message {number}")
    room.get_by_text("message 20", exact=True).scroll_into_view_if_needed()

    room.get_by_role("textbox").fill("and now?")
    room.get_by_role("textbox").press("Enter")

    expect(room.locator(".message", has_text="and now?")).to_be_in_viewport()


def test_the_page_does_not_grow_for_ever(person: People, stream: Stream) -> None:
    page = person("alice")
    connect(page, stream)
    room = enter(page)

    for number in range(1100):
        stream.message(f"message {number}")

    expect(room.get_by_text("message 1099")).to_be_visible()
    expect(room.locator(".messages > *")).to_have_count(1000)
    expect(room.locator(".mark").first).to_contain_text("not shown any more")


def test_a_room_on_a_phone_takes_the_whole_screen(person: People, stream: Stream) -> None:
    """The way back is the browser's own; what comes meanwhile is counted in the list."""
    page = person("alice", phone=True)
    connect(page, stream)
    room = enter(page)
    expect(page.locator("ul.rooms")).to_be_hidden()
    page.go_back()
    expect(page.locator("ul.rooms")).to_be_visible()
    expect(room).to_be_hidden()

    stream.message("Are you there?")
    stream.message("Hello?")

    expect(listed(page, "1")).to_contain_text("2 new messages")
    expect(page.locator("[aria-live=polite]")).to_have_text("1 new message in Lobby")
    shot(page, "phone-unread")
    listed(page, "1").locator(".enter").click()
    expect(room.get_by_text("Hello?")).to_be_visible()
    expect(page).to_have_title("Rooms – multichat")
    room.get_by_role("button", name="All rooms").click()
    expect(page.locator("ul.rooms")).to_be_visible()


def test_open_rooms_are_remembered_over_a_reload(person: People, stream: Stream) -> None:
    page = person("alice")
    connect(page, stream)
    enter(page)
    enter(page, "Tea kitchen", "2")
    enter(page)

    page.reload()

    expect(page.locator(".room")).to_have_count(2)
    page.locator("#room-1").get_by_role("button", name="Leave").click()
    expect(page.locator(".room")).to_have_count(1)
    page.reload()
    expect(page.locator("#room-2")).to_be_visible()
    expect(page.locator(".room")).to_have_count(1)
