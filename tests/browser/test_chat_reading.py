"""What the page does for somebody who reads, and what it keeps."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

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

    for number in range(1250):
        stream.message(f"message {number}")

    expect(room.get_by_text("message 1249")).to_be_in_viewport()
    assert 1000 <= room.locator(".messages > *").count() <= 1100
    expect(room.locator(".mark").first).to_contain_text("not shown any more")


def test_nothing_is_taken_away_from_who_reads_back(person: People, stream: Stream) -> None:
    page = person("alice")
    page.add_init_script(CATCH_SOCKETS)
    connect(page, stream)
    room = enter(page)
    for number in range(60):
        stream.message(f"message {number}")
    read = room.get_by_text("message 20", exact=True)
    read.scroll_into_view_if_needed()
    expect(room.get_by_role("button", name="To the newest")).to_be_visible()
    place = read.bounding_box()

    flood(page, 5000)

    jump = room.get_by_role("button", name="5000 new messages")
    expect(jump).to_be_visible()
    assert read.bounding_box() == place
    assert room.locator(".messages > *").count() <= 3100
    jump.click()
    expect(room.get_by_text("flood 4999")).to_be_in_viewport()
    expect(room.get_by_text("flood 4900", exact=True)).to_have_count(1)
    assert room.locator(".messages > *").count() <= 1100
    expect(room.locator(".mark").first).to_contain_text("not shown any more")


def test_a_flood_costs_one_layout_a_frame(person: People, stream: Stream) -> None:
    """Whatever is asked of the layout for each message makes a page hang in a full room."""
    page = person("alice")
    page.add_init_script(CATCH_SOCKETS)
    page.add_init_script(COUNT_LAYOUTS)
    connect(page, stream)
    enter(page)

    flood(page, 900)

    expect(page.get_by_text("flood 899")).to_be_in_viewport()
    assert page.evaluate("window.layouts") < 100


# The page's sockets, to be found by a test.
CATCH_SOCKETS = """
window.chatSockets = [];
const listen = EventTarget.prototype.addEventListener;
EventTarget.prototype.addEventListener = function (type, ...more) {
  if (type === "message" && String(this.url).includes("/chat/stream/")) {
    window.chatSockets.push(this);
  }
  return listen.call(this, type, ...more);
};
"""

# What makes a browser lay out what has changed.
COUNT_LAYOUTS = """
window.layouts = 0;
for (const [kind, name] of [[Element, "scrollHeight"], [Element, "scrollTop"],
    [Element, "clientHeight"], [HTMLElement, "offsetParent"]]) {
  const found = Object.getOwnPropertyDescriptor(kind.prototype, name);
  Object.defineProperty(kind.prototype, name, {
    ...found,
    get() { window.layouts += 1; return found.get.call(this); },
  });
}
"""


def flood(page: Page, count: int) -> None:
    """Let a room be full of people: so many messages, faster than a test could send them."""
    page.evaluate(
        """(count) => {
          const socket = window.chatSockets.at(-1);
          for (let number = 0; number < count; number += 1) {
            const frame = { room: "1", message: `flood ${number}`, username: "bob", msg_type: 0 };
            socket.dispatchEvent(new MessageEvent("message", { data: JSON.stringify(frame) }));
          }
        }""",
        count,
    )


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
    expect(page.locator("[aria-live=polite]")).to_have_text(re.compile("new messages? in Lobby"))
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
