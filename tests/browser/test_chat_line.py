"""What the page does when the connection ends, dies or is refused."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from .conftest import People, Server, log_in, shot
from .scripted_stream import Stream
from .steps import connect, enter, listed
from .wire import Wire

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.usefixtures("three_rooms")]


@pytest.mark.parametrize("code", [1000, 1002, 1007, 1009])
def test_it_stays_away_when_told_to(person: People, stream: Stream, code: int) -> None:
    """MC1-CLOSE-08: only a person connects again; the rooms are then joined anew."""
    page = person("alice")
    connect(page, stream)
    room = enter(page)

    stream.close(code, "<i>because</i>")

    line = page.locator("#line")
    expect(line).to_have_attribute("data-state", "closed")
    expect(line).to_contain_text("<i>because</i>")
    expect(room.locator(".room-note")).to_contain_text("Not connected")
    assert len(stream.sockets) == 1
    shot(page, f"closed-{code}")
    line.get_by_role("button", name="Connect again").click()
    expect(room.locator(".mark.gap")).to_be_visible()


def test_an_ended_session_leads_to_the_login(person: People, stream: Stream) -> None:
    """1008: the page offers the login, and to connect again."""
    page = person("alice")
    connect(page, stream)
    enter(page)

    stream.close(1008, "session ended")

    line = page.locator("#line")
    expect(line).to_contain_text("The server has ended this connection.session ended")
    expect(line.get_by_role("link", name="Log in")).to_have_attribute(
        "href", "/accounts/login/?next=%2F"
    )
    expect(line.get_by_role("button", name="Connect again")).to_be_visible()
    shot(page, "session-ended")


def test_a_login_that_is_gone_when_the_server_is_back_is_asked_for(
    person: People, server: Server, wire: Wire
) -> None:
    """Instead of trying again for ever, or offering a login whenever the server is down."""
    page = person("gina", url=wire.url)
    room = enter(page)
    room.get_by_role("textbox").fill("half a thought")
    line = page.locator("#line")
    wire.cut()
    expect(line).to_have_attribute("data-state", "waiting")
    for _ in range(4):
        line.get_by_role("button", name="Try now").click()
        expect(line).to_have_attribute("data-state", "waiting")
    expect(line.get_by_role("link", name="Log in")).to_have_count(0)
    server.change(lambda store: store.change_user("gina", password="password of gina"))

    wire.restore()

    expect(line).to_have_attribute("data-state", "closed", timeout=60_000)
    expect(line.get_by_role("alert")).to_contain_text("You are not logged in any more.")
    line.get_by_role("link", name="Log in").click()
    log_in(page, "gina")
    expect(room.get_by_role("textbox")).to_have_value("half a thought")


def test_a_device_that_is_offline_does_not_count_down(person: People, stream: Stream) -> None:
    page = person("alice")
    connect(page, stream)

    page.context.set_offline(True)

    line = page.locator("#line")
    expect(line).to_contain_text("This device is offline.")
    expect(line.locator(".countdown")).to_be_empty()
    expect(line.locator(".reason")).to_be_empty()
    page.context.set_offline(False)
    expect(line).to_have_attribute("data-state", "open")


def test_who_is_not_logged_in_is_told_so(person: People, stream: Stream) -> None:
    """USER_HAS_TO_LOGIN, after the tries of MC1-CLIENT-11."""
    page = person("alice")
    stream.refusals["join", "1"] = {"error": "USER_HAS_TO_LOGIN"}
    connect(page, stream)

    listed(page, "1").locator(".enter").click()

    expect(page.locator("#line").get_by_role("link", name="Log in")).to_be_visible()
    assert [each["command"] for each in stream.heard] == ["join"] * 4


def test_a_restart_is_waited_out_with_growing_waits(person: People, stream: Stream) -> None:
    """MC1-CLIENT-10; the wait is shown, and a person can cut it short."""
    page = person("alice")
    page.clock.install()
    page.add_init_script("Math.random = () => 0.999999")
    connect(page, stream)
    room = enter(page)

    for seconds in (1, 2, 4):
        count = len(stream.sockets)
        stream.close(1012)
        expect(page.locator("#line")).to_contain_text(
            f"The server is restarting.Trying again in {seconds} s."
        )
        assert len(stream.sockets) == count
        if seconds == 4:
            shot(page, "waiting")
        page.clock.fast_forward(seconds * 1000)
        expect(page.locator("#line")).to_have_attribute("data-state", "open")
    stream.close(1013)
    expect(page.locator("#line")).to_contain_text("The server has too much to do.")
    page.get_by_role("button", name="Try now").click()

    expect(page.locator("#line")).to_have_attribute("data-state", "open")
    expect(room.locator(".mark.gap")).to_have_count(4)


def test_a_dead_line_is_noticed(person: People, stream: Stream) -> None:
    """Nothing comes and nothing ends: the page asks for a sign of life, and connects anew."""
    page = person("alice")
    page.clock.install()
    connect(page, stream)
    enter(page)
    stream.silent = True

    page.clock.fast_forward(30_000)
    page.clock.fast_forward(10_000)
    expect(page.locator("#line")).not_to_have_attribute("data-state", "open")
    stream.silent = False
    page.clock.fast_forward(2_000)

    expect(page.locator("#room-1 .mark.gap")).to_be_visible()
    assert stream.heard[-2:] == [
        {"command": "leave", "room": "0"},
        {"command": "join", "room": "1"},
    ]


def test_an_unconfirmed_message_is_said_to_be_that(person: People, stream: Stream) -> None:
    """Section 6.4: it may or may not have been delivered."""
    page = person("alice")
    connect(page, stream)
    room = enter(page)
    stream.silent = True
    room.get_by_role("textbox").fill("hello?")
    room.get_by_role("button", name="Send").click()
    expect(room.get_by_text("Sending…")).to_be_visible()
    stream.close(1011)
    stream.silent = False

    expect(room.locator(".outbox .failed")).to_contain_text("may not have been delivered")
    shot(page, "unconfirmed")
