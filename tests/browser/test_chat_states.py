"""What the page shows in each state, with a server that does exactly what the test says."""

from __future__ import annotations

import json
import re

import pytest
from playwright.sync_api import Route, expect

from tests.house.repository import ROOT

from .conftest import People, check_accessibility, shot
from .scripted_stream import Stream
from .steps import connect, enter, listed, talk

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.usefixtures("three_rooms")]


def test_every_type_of_message_is_shown(person: People, stream: Stream) -> None:
    """Types 0 to 5 as what they are, others plainly (MC1-TYPE-03, MC1-TYPE-04); own marked."""
    page = person("alice")
    connect(page, stream)
    room = enter(page)
    talk(stream)

    messages = room.locator(".message")
    expect(messages).to_have_count(10)
    texts = [re.sub(r"\s*\d\d:\d\d", "", text) for text in messages.all_inner_texts()]
    assert [re.sub(r"\s+", " ", text).strip() for text in texts] == [
        "bob joined the room",
        "bob Good morning! Did anybody see the draft?",
        "bob It was on the table yesterday.",
        "alice (you) Yes, I have it here. I will send the notes before lunch.",
        "Warning admin The kitchen is closed from noon.",
        "Alert admin Please leave the building.",
        "Muted admin This room was muted for a while.",
        "celebration admin Hurrah!",
        "Type 77 admin",
        "bob left the room",
    ]
    expect(room.locator(".message.own")).to_have_count(1)
    expect(room.locator(".message time[datetime]")).to_have_count(10)
    expect(room.get_by_role("log", name="Lobby")).to_be_visible()


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("phone", [False, True], ids=["desktop", "phone"])
def test_it_looks_good(person: People, stream: Stream, phone: bool, dark: bool) -> None:
    """Pictures for people to look at; here, only that nothing sticks out."""
    page = person("alice", phone=phone, dark=dark)
    where = f"{'phone' if phone else 'desktop'}-{'dark' if dark else 'light'}"
    connect(page, stream)
    shot(page, f"chat-none-{where}")
    if not phone:
        enter(page, "Tea kitchen", "2")
        stream.message("Tea?", room="2", by="carol")
    room = enter(page)
    talk(stream)
    expect(room.locator(".message")).to_have_count(10)
    stream.refusals["send", "1"] = {"error": "MESSAGE_TOO_LONG"}
    room.get_by_role("textbox").fill("A very long story")
    room.get_by_role("button", name="Send").click()
    expect(room.get_by_text("too long")).to_be_visible()
    shot(page, f"chat-room-{where}")
    stream.close(1012)
    expect(page.locator("#line")).to_have_attribute("data-state", re.compile("waiting|connecting"))
    expect(room.locator(".mark.gap")).to_be_visible()
    stream.say(leave="1")
    shot(page, f"chat-gap-and-put-out-{where}")
    if phone:
        room.get_by_role("button", name="All rooms").click()
        shot(page, f"chat-list-{where}")

    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("phone", [False, True], ids=["desktop", "phone"])
def test_everybody_can_use_it(person: People, stream: Stream, phone: bool, dark: bool) -> None:
    """In each state of the page."""
    page = person("alice", phone=phone, dark=dark)
    connect(page, stream)
    check_accessibility(page)
    stream.refusals["join", "2"] = {"error": "ROOM_ACCESS_DENIED"}
    listed(page, "2").locator(".enter").click()
    check_accessibility(page)
    room = enter(page)
    talk(stream)
    stream.refusals["send", "1"] = {"error": "MESSAGE_TOO_LONG"}
    room.get_by_role("textbox").fill("A very long story")
    room.get_by_role("button", name="Send").click()
    expect(room.get_by_text("too long")).to_be_visible()
    check_accessibility(page)
    stream.close(1012)
    expect(room.locator(".mark.gap")).to_be_visible()
    check_accessibility(page)
    stream.say(leave="1")
    expect(room.get_by_role("button", name="Join again")).to_be_visible()
    check_accessibility(page)
    stream.close(1008, "session ended")
    expect(page.locator("#line")).to_have_attribute("data-state", "closed")
    check_accessibility(page)


def test_a_refused_join_is_shown_at_its_room(person: People, stream: Stream) -> None:
    """The refusal stands under the room, and goes when one tries again."""
    page = person("alice")
    stream.refusals["join", "2"] = {"error": "ROOM_ACCESS_DENIED", "command": "join", "room": "2"}
    connect(page, stream)

    listed(page, "2").locator(".enter").click()

    expect(listed(page, "2").get_by_role("alert")).to_have_text("You may not be in this room.")
    expect(page.locator(".room")).to_have_count(0)
    shot(page, "refused")
    stream.refusals.clear()
    enter(page, "Tea kitchen", "2")
    expect(listed(page, "2").get_by_role("alert")).to_have_count(0)


def test_a_code_that_is_not_known_is_shown_as_it_is(person: People, stream: Stream) -> None:
    page = person("alice")
    stream.refusals["join", "2"] = {"error": "FULL_MOON", "detail": "<b>come back</b>"}
    connect(page, stream)

    listed(page, "2").locator(".enter").click()

    expect(listed(page, "2").get_by_role("alert")).to_have_text(
        "The server refused this: FULL_MOON (<b>come back</b>)"
    )


def test_an_error_about_nothing_known_is_shown(person: People, stream: Stream) -> None:
    page = person("alice")
    connect(page, stream)

    stream.say(error="FRAME_INVALID", command="leave", room="9")

    expect(page.locator("#line").get_by_role("alert")).to_contain_text("could not read this")


def test_what_is_refused_can_be_sent_again_or_changed(person: People, stream: Stream) -> None:
    """Nothing typed is lost."""
    page = person("alice")
    connect(page, stream)
    room = enter(page)
    stream.refusals["send", "1"] = {"error": "RATE_LIMITED"}
    box = room.get_by_role("textbox")
    box.fill("first")
    box.press("Enter")
    failed = room.locator(".outbox .failed")
    expect(failed).to_contain_text("first")
    expect(box).to_have_value("")
    failed.get_by_role("button", name="Edit").click()
    expect(box).to_have_value("first")
    expect(box).to_be_focused()
    box.press("Enter")
    expect(failed).to_contain_text("Too much at once")

    stream.refusals.clear()
    failed.get_by_role("button", name="Send again").click()

    expect(room.locator(".message.own")).to_have_text(re.compile("first"))
    expect(failed).to_have_count(0)


def test_who_is_put_out_is_told_and_can_come_back(person: People, stream: Stream) -> None:
    page = person("alice")
    connect(page, stream)
    room = enter(page)
    stream.message("Read this first.")
    room.get_by_role("textbox").fill("unfinished")

    stream.say(leave="1")

    expect(room.locator(".room-note")).to_have_text("You were taken out of this room.")
    expect(listed(page, "1").get_by_role("alert")).to_be_visible()
    expect(room.get_by_text("Read this first.")).to_be_visible()
    shot(page, "put-out")
    room.get_by_role("textbox").press("Enter")
    expect(room.get_by_role("textbox")).to_have_value("unfinished")
    room.get_by_role("button", name="Join again").click()
    expect(room.locator(".mark.gap")).to_be_visible()
    stream.say(leave="1")
    room.get_by_role("button", name="Close").click()
    expect(room).to_have_count(0)
    expect(listed(page, "1").locator(".enter")).to_be_focused()


def test_malformed_and_unknown_frames_change_nothing(person: People, stream: Stream) -> None:
    """MC1-CLIENT-02, MC1-CLIENT-03."""
    page = person("alice")
    connect(page, stream)
    room = enter(page)
    for text in ["", "x", "[]", '{"presence": 1}', '{"join": 1, "title": "x"}']:
        stream.say_raw(text)
    stream.say_raw(b"\x00\xff")
    stream.say(room="1", message="no type", username="bob")
    stream.message("still here")

    expect(room.get_by_text("still here")).to_be_visible()
    expect(page.locator(".room")).to_have_count(1)
    expect(page.locator("#line")).to_have_attribute("data-unreadable", "5")


@pytest.mark.parametrize("msg_type", [0, 1, 2, 3, 4, 5, 6])
def test_what_a_server_sends_is_text(person: People, stream: Stream, msg_type: int) -> None:
    """Names, texts and titles, in messages of each type (MC1-CLIENT-08)."""
    attack = "<img src=x onerror=\"console.error('ran')\">"
    page = person("alice")
    connect(page, stream)
    room = enter(page)

    stream.message(None if msg_type in (4, 5) else attack, by=f"{attack}\u202e", msg_type=msg_type)
    stream.say(join="7", title=attack)
    stream.say(error="X", detail=attack)

    expect(room.locator(".message bdi")).to_contain_text(attack)
    expect(page.locator("#room-7").get_by_role("heading")).to_have_text(attack)
    expect(listed(page, "7").locator(".title")).to_have_text(attack)
    expect(page.locator("#line")).to_contain_text(f"X ({attack})")
    assert page.locator("#chat img").count() == 0


def test_it_works_beside_another_server(person: People, stream: Stream) -> None:
    """With the page of the documentation, on a server that says nothing about its user."""
    page = person("alice")
    document = (ROOT / "docs/chat-page.md").read_text()
    html = document.partition("```html\n")[2].partition("```")[0]
    page.route("**/elsewhere/", lambda route: route.fulfill(body=html, content_type="text/html"))
    stream.attach(page)
    page.goto("/elsewhere/")
    stream.username = "somebody else"
    room = enter(page)

    room.get_by_role("textbox").fill("hello")
    room.get_by_role("textbox").press("Enter")

    expect(room.locator(".message.own .author")).to_have_text("somebody else")
    stream.close(1008)
    expect(page.locator("#line")).to_contain_text("Your session has ended")
    expect(page.get_by_role("link", name="Log in")).to_have_count(0)
    shot(page, "elsewhere")


def test_the_list_follows_the_rooms_that_there_are(person: People, stream: Stream) -> None:
    """Where the server offers them as JSON, and only the list itself."""
    page = person("alice")
    body = "no JSON"

    def feed(route: Route) -> None:
        route.fulfill(body=body, content_type="application/json")

    page.route("**/api/v1/rooms", feed)
    page.clock.install()
    connect(page, stream)
    enter(page, "Tea kitchen", "2")
    body = json.dumps({"rooms": [{"id": 1, "title": "x"}]})
    page.clock.fast_forward(60_000)
    titles = page.locator(".enter .title")
    expect(titles).to_have_text(["Lobby", "Tea kitchen"])
    body = json.dumps(
        {
            "rooms": [
                {"id": "9", "title": "<b>Attic</b>", "staff_only": True},
                {"id": "2", "title": "Kitchen", "staff_only": False},
            ]
        }
    )

    page.clock.fast_forward(60_000)

    expect(titles).to_have_text(["<b>Attic</b>", "Kitchen"])
    expect(listed(page, "9")).to_contain_text("staff")
    expect(page.locator("#room-2")).to_be_visible()
    body = json.dumps({"rooms": []})
    page.clock.fast_forward(60_000)
    # The room that one is in stays.
    expect(titles).to_have_text(["Kitchen"])
