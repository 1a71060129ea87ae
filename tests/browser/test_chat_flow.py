"""Two people, each with a browser, in front of the server as it is."""

from __future__ import annotations

import pytest
from playwright.sync_api import Locator, Page, expect

from multichat_server.storage import Store

from .conftest import People, Server, log_in, shot
from .wire import Wire

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.usefixtures("three_rooms")]


def listed(page: Page, title: str) -> Locator:
    return page.locator("li.room-link", has_text=title)


def enter(page: Page, title: str) -> Locator:
    listed(page, title).locator(".enter").click()
    room = page.locator(".room").filter(has=page.get_by_role("heading", name=title, exact=True))
    expect(room).to_have_attribute("data-status", "inside")
    return room


def say(room: Locator, text: str) -> None:
    room.get_by_role("textbox").fill(text)
    room.get_by_role("textbox").press("Enter")


def test_two_people_talk_in_several_rooms(person: People) -> None:
    alice, bob = person("alice"), person("bob")
    lobby = enter(alice, "Lobby")
    others = enter(bob, "Lobby")
    expect(lobby.locator(".message").last).to_contain_text("bob joined the room")

    say(lobby, "Hello, bob")
    expect(others.locator(".message").last).to_contain_text("Hello, bob")
    expect(others.locator(".message.own")).to_have_count(0)
    expect(lobby.locator(".message.own")).to_have_count(1)
    kitchen = enter(alice, "Tea kitchen")
    say(enter(bob, "Tea kitchen"), "Tea is\nready")
    expect(kitchen.locator(".body")).to_have_text("Tea is\nready")
    expect(lobby).to_be_visible()
    # Beside each other.
    boxes = [room.bounding_box() for room in (lobby, kitchen)]
    assert boxes[0] is not None
    assert boxes[1] is not None
    assert boxes[0]["y"] == boxes[1]["y"]
    assert boxes[0]["x"] + boxes[0]["width"] <= boxes[1]["x"] + 1

    lobby.get_by_role("button", name="Leave").click()
    expect(lobby).to_have_count(0)
    expect(others.locator(".message").last).to_contain_text("alice left the room")
    listed(bob, "Tea kitchen").get_by_role("button", name="Leave Tea kitchen").click()
    expect(kitchen.locator(".message").last).to_contain_text("bob left the room")


def test_only_staff_see_the_staff_room(person: People) -> None:
    plain, staff = person("alice"), person("dave", staff=True)

    assert plain.locator(".enter .title").all_inner_texts() == ["Lobby", "Tea kitchen"]
    titles = staff.locator(".enter .title").all_inner_texts()
    assert titles == ["Lobby", "Staff room", "Tea kitchen"]
    enter(staff, "Staff room")


def test_who_loses_access_is_told_while_others_go_on(person: People, server: Server) -> None:
    """MC1-REVOKE-01, within a second."""
    alice, dave = person("alice"), person("dave", staff=True)
    server.change(lambda store: store.add_room("Workshop"))
    for page in (alice, dave):
        page.reload()
    mine, theirs = enter(alice, "Workshop"), enter(dave, "Workshop")
    room_id = int((mine.get_attribute("id") or "").removeprefix("room-"))

    server.change(lambda store: store.change_room(room_id, staff_only=True))

    expect(mine.locator(".room-note")).to_have_text("You were taken out of this room.")
    expect(theirs.locator(".message").last).to_contain_text("alice left the room")
    mine.get_by_role("button", name="Join again").click()
    expect(mine.locator(".room-note")).to_have_text("You may not be in this room.")
    server.change(lambda store: store.delete_room(room_id))
    expect(theirs.locator(".room-note")).to_have_text("You were taken out of this room.")


def test_a_restart_is_survived_by_everybody(person: People, server: Server) -> None:
    alice, bob = person("alice"), person("bob")
    lobby, others = enter(alice, "Lobby"), enter(bob, "Lobby")
    lobby.get_by_role("textbox").fill("half a sent")

    server.stop()

    expect(alice.locator("#line")).to_have_attribute("data-state", "waiting")
    expect(lobby.locator(".room-note")).to_contain_text("is kept")
    server.start()
    alice.get_by_role("button", name="Try now").click()
    expect(lobby.locator(".mark.gap")).to_be_visible()
    expect(others.locator(".mark.gap")).to_be_visible()
    expect(lobby.get_by_role("textbox")).to_have_value("half a sent")
    say(lobby, "Here again")
    expect(others.locator(".message").last).to_contain_text("Here again")


def test_a_cut_line_is_survived(person: People, wire: Wire) -> None:
    """What others say meanwhile is missing, and the page says so."""
    alice, bob = person("alice", url=wire.url), person("bob")
    lobby, others = enter(alice, "Lobby"), enter(bob, "Lobby")
    enter(alice, "Tea kitchen")

    wire.cut()

    expect(alice.locator("#line")).to_contain_text("The connection is lost.")
    expect(others.locator(".message").last).to_contain_text("alice left the room")
    say(others, "Nobody hears this")
    expect(others.locator(".message.own")).to_have_count(1)
    say(lobby, "kept")
    expect(lobby.get_by_role("textbox")).to_have_value("kept")
    shot(alice, "cut")
    wire.restore()
    expect(alice.locator(".mark.gap")).to_have_count(2, timeout=60_000)
    lobby.get_by_role("textbox").press("Enter")
    expect(others.locator(".message").last).to_contain_text("kept")
    expect(lobby.get_by_text("Nobody hears this")).to_have_count(0)


def test_a_device_that_goes_offline_comes_back_at_once(person: People) -> None:
    alice = person("alice")
    lobby = enter(alice, "Lobby")

    alice.context.set_offline(True)
    expect(alice.locator("#line")).to_contain_text("This device is offline.")
    alice.context.set_offline(False)

    expect(lobby.locator(".mark.gap")).to_be_visible()


def test_after_a_logout_elsewhere_one_logs_in_and_goes_on(person: People, server: Server) -> None:
    """MC1-REVOKE-06: the page offers the login, and its rooms are open again behind it."""
    erin = person("erin")
    enter(erin, "Lobby")

    async def end(store: Store) -> None:
        (account,) = (await store.search_users("erin")).items
        await store.end_sessions(account.user.id, by=None)

    server.change(end)

    expect(erin.locator("#line")).to_contain_text("the session has ended")
    erin.locator("#line").get_by_role("link", name="Log in").click()
    log_in(erin, "erin")
    expect(erin.locator(".room")).to_have_count(1)


def test_what_others_wrote_is_text_and_nothing_else(person: People, server: Server) -> None:
    """Titles and messages; MC1-CLIENT-08. A script that ran would complain."""
    attack = "<img src=x onerror=\"console.error('ran')\"><script>console.error('ran')</script>"
    server.change(lambda store: store.add_room(attack))
    alice, bob = person("alice"), person("bob")
    room, source = enter(alice, attack), enter(bob, attack)

    for text in [attack, "javascript:console.error(1)", "\u202eesrever", "\u2066\u2067x"]:
        say(source, text)
        expect(room.locator(".body").last).to_have_text(text)
    say(source, "no-break" * 500)
    room.get_by_role("button", name="Show all").click()
    expect(room.get_by_role("button", name="Show less")).to_be_visible()

    expect(room.get_by_role("heading")).to_have_text(attack)
    assert alice.locator("#chat :is(img, svg, script, iframe)").count() == 0
    assert alice.locator(".room a").count() == 0
    assert alice.evaluate("document.documentElement.scrollWidth <= innerWidth")
    shot(alice, "hostile")


def test_nothing_makes_markup_of_text(person: People) -> None:
    """Trusted Types: even a mistake in a script could not."""
    alice = person("alice")

    name = alice.evaluate(
        "() => { try { document.body.innerHTML = '<b>x'; } catch (error) { return error.name; } }"
    )

    assert name == "TypeError"
    (complaint,) = person.complaints
    assert "TrustedHTML" in complaint
    person.complaints.clear()
