"""What a tab keeps while one looks at another page, and what it forgets."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from .conftest import People, Server, log_in
from .scripted_stream import Stream
from .steps import connect, enter, listed

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.usefixtures("three_rooms")]


def look_elsewhere(page: Page) -> None:
    """At another page of the site, and back."""
    page.goto("/accounts/sessions/")
    page.go_back()
    expect(page.locator("#room-1")).to_be_visible()


def test_nothing_written_or_said_is_lost_on_the_way_elsewhere(
    person: People, stream: Stream
) -> None:
    page = person("alice")
    connect(page, stream)
    room = enter(page)
    stream.message("Are you there?")
    stream.refusals["send", "1"] = {"error": "RATE_LIMITED"}
    box = room.get_by_role("textbox")
    box.fill("not taken")
    box.press("Enter")
    expect(room.locator(".outbox .failed")).to_contain_text("Too much at once")
    box.fill("half a thought")

    look_elsewhere(page)

    expect(box).to_have_value("half a thought")
    expect(room.locator(".outbox .failed")).to_contain_text("not taken")
    expect(room.get_by_text("Are you there?")).to_be_visible()
    expect(room.locator(".mark.gap")).to_have_count(1)
    expect(page).to_have_title("Rooms – multichat")
    stream.refusals.clear()
    room.get_by_role("button", name="Send again").click()
    expect(room.locator(".own")).to_contain_text("not taken")
    look_elsewhere(page)
    expect(room.locator(".own .body")).to_have_text("not taken")
    expect(room.locator(".outbox .failed")).to_have_count(0)
    expect(room.locator(".mark.gap")).to_have_count(2)


def test_what_waits_for_its_answer_is_kept_as_uncertain(person: People, stream: Stream) -> None:
    page = person("alice")
    connect(page, stream)
    room = enter(page)
    stream.silent = True
    room.get_by_role("textbox").fill("hello?")
    room.get_by_role("textbox").press("Enter")
    expect(room.get_by_text("Sending…")).to_be_visible()
    stream.silent = False

    look_elsewhere(page)

    expect(room.locator(".outbox .failed")).to_contain_text("may not have been delivered")


def test_a_room_that_was_left_keeps_what_was_not_sent(person: People, stream: Stream) -> None:
    page = person("alice")
    connect(page, stream)
    room = enter(page)
    room.get_by_role("textbox").fill("half a thought")
    listed(page, "1").get_by_role("button", name="Leave").click()
    expect(room).to_have_count(0)
    page.reload()
    expect(page.locator("#line")).to_have_attribute("data-state", "open")
    expect(room).to_have_count(0)

    enter(page)

    expect(room.get_by_role("textbox")).to_have_value("half a thought")


def test_an_end_of_the_session_loses_nothing(person: People, server: Server) -> None:
    page = person("hanna")
    room = enter(page)
    room.get_by_role("textbox").fill("half a thought")
    server.change(lambda store: store.change_user("hanna", password="password of hanna"))
    page.locator("#line").get_by_role("link", name="Log in").click()

    log_in(page, "hanna")

    expect(room.get_by_role("textbox")).to_have_value("half a thought")


@pytest.mark.parametrize("where", ["/", "/accounts/sessions/"])
def test_logging_out_forgets_all_of_it(person: People, where: str) -> None:
    name = f"ivan{len(where)}"
    page = person(name)
    room = enter(page)
    room.get_by_role("textbox").fill("a secret")
    page.goto(where)
    page.locator("details.menu summary").click()

    page.get_by_role("link", name="Log out").click()

    page.get_by_label("Username").wait_for()
    assert page.evaluate("Object.keys(sessionStorage)") == []
    # The next one logs in anew.
    person.sessions.pop(name)


@pytest.mark.parametrize(
    "kept",
    ["", "{", "[]", "[1, null, [1], [2, {}]]", '[["1", {"isOpen": true, "history": [1, {}]}]]'],
)
def test_what_else_stands_in_the_memory_is_nothing(
    person: People, stream: Stream, kept: str
) -> None:
    page = person("alice")
    stream.attach(page)
    page.goto("/accounts/sessions/")
    page.evaluate("(kept) => sessionStorage.setItem('multichat:alice', kept)", kept)

    page.goto("/")

    enter(page)
    stream.message("hello")
    expect(page.get_by_text("hello")).to_be_visible()


def test_a_room_on_a_phone_is_there_again(person: People, stream: Stream) -> None:
    """After a reload, and by the browser's way forward; the way back leads to the list."""
    page = person("alice", phone=True)
    connect(page, stream)
    room = enter(page)
    page.reload()
    expect(room).to_be_visible()
    page.go_back()
    expect(room).to_be_hidden()
    expect(page.locator("ul.rooms")).to_be_visible()

    page.go_forward()

    expect(room).to_be_visible()
    expect(page.locator("ul.rooms")).to_be_hidden()
