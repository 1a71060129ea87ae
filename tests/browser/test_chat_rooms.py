"""The page follows what the server's API says of rooms and names, without a reload."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from multichat_server.storage import Store

from .conftest import People, Server, log_in
from .steps import enter, listed

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.usefixtures("three_rooms")]


def opened(person: People, name: str, *, staff: bool = False) -> Page:
    page = person(name, staff=staff)
    expect(page.locator("#line")).to_have_attribute("data-state", "open")
    return page


def test_rooms_come_and_go_on_an_open_page(person: People, server: Server) -> None:
    page = opened(person, "alice")
    titles = page.locator(".enter .title")
    expect(titles).to_have_text(["Lobby", "Tea kitchen"])

    server.admin("room", "add", "<b>Attic</b>")
    expect(titles).to_have_text(["<b>Attic</b>", "Lobby", "Tea kitchen"])
    server.admin("room", "change", "2", "--staff-only")
    expect(titles).to_have_text(["<b>Attic</b>", "Lobby"])
    server.admin("room", "delete", "4")
    expect(titles).to_have_text(["Lobby"])
    server.admin("room", "change", "2", "--no-staff-only")
    expect(titles).to_have_text(["Lobby", "Tea kitchen"])


def test_an_open_room_has_its_present_name(person: People, server: Server) -> None:
    """In the list and in its head, also when its connection changes afterwards."""
    page = opened(person, "alice")
    room = enter(page)

    server.admin("room", "change", "1", "--title", "Great hall")

    expect(room.get_by_role("heading", name="Great hall")).to_be_visible()
    expect(listed(page, "1").locator(".title")).to_have_text("Great hall")
    listed(page, "1").get_by_role("button", name="Leave").click()
    enter(page, "Great hall")
    server.admin("room", "change", "1", "--title", "Lobby")
    expect(room.get_by_role("heading", name="Lobby")).to_be_visible()


def test_staff_see_which_rooms_are_theirs(person: People, server: Server) -> None:
    """In the list, and in the head of an open one."""
    page = opened(person, "carol", staff=True)
    expect(listed(page, "3").get_by_text("staff", exact=True)).to_be_visible()
    room = enter(page)
    badge = room.locator(".room-head").get_by_text("staff", exact=True)
    expect(badge).to_be_hidden()

    server.admin("room", "change", "1", "--staff-only")

    expect(listed(page, "1").get_by_text("staff", exact=True)).to_be_visible()
    expect(badge).to_be_visible()
    server.admin("room", "change", "1", "--no-staff-only")
    expect(badge).to_be_hidden()


def test_a_room_that_one_was_put_out_of_stays_while_it_is_open(
    person: People, server: Server
) -> None:
    page = opened(person, "alice")
    room = enter(page, "Tea kitchen", "2")
    server.admin("room", "change", "2", "--staff-only")
    expect(room.locator(".room-note")).to_have_text("You were taken out of this room.")

    server.admin("room", "add", "Roof")
    expect(page.locator(".enter .title")).to_have_text(["Lobby", "Roof", "Tea kitchen"])
    room.get_by_role("button", name="Close").click()

    expect(page.locator(".enter .title")).to_have_text(["Lobby", "Roof"])
    server.admin("room", "change", "2", "--no-staff-only")


def test_several_pages_of_one_browser_follow_together(person: People, server: Server) -> None:
    """More of them than a browser opens connections to one server."""
    first = opened(person, "alice")
    pages = [first, *(first.context.new_page() for _ in range(7))]
    for page in pages[1:]:
        page.goto("/")
        expect(page.locator("#line")).to_have_attribute("data-state", "open")

    server.admin("room", "add", "Cellar")

    for page in pages:
        expect(page.get_by_text("Cellar")).to_be_visible()
    # The one that asks for all goes; another takes that over.
    first.close()
    server.admin("room", "add", "Garage")
    for page in pages[1:]:
        expect(page.get_by_text("Garage")).to_be_visible()


def test_who_is_renamed_goes_on_under_the_new_name(person: People, server: Server) -> None:
    """MC1-MSG-03; and whoever takes the old name is not taken for oneself."""
    page = opened(person, "dora")
    room = enter(page)
    say(page, "as dora")
    expect(room.locator(".own")).to_have_count(1)

    server.admin("user", "change", "dora", "--rename", "dorothy")
    say(page, "as dorothy")

    expect(room.locator(".own")).to_have_count(2)
    expect(room.locator(".own .author").last).to_have_text("dorothy")
    server.change(lambda store: store.add_user("dora", "password of dora"))
    person.sessions.pop("dora")
    other = opened_anew(person, server, "dora")
    enter(other)
    say(other, "I am another dora")
    expect(room.get_by_text("I am another dora")).to_be_visible()
    expect(room.locator(".own")).to_have_count(2)
    page.reload()
    # The tab knows its rooms by the new name.
    expect(room).to_be_visible()


def opened_anew(person: People, server: Server, name: str) -> Page:
    page = person.browser.new_context(base_url=server.url).new_page()
    page.goto("/")
    log_in(page, name)
    expect(page.locator("#line")).to_have_attribute("data-state", "open")
    return page


def say(page: Page, text: str) -> None:
    page.locator("#room-1").get_by_role("textbox").fill(text)
    page.locator("#room-1").get_by_role("textbox").press("Enter")


def test_a_page_never_speaks_as_somebody_else(person: People, server: Server) -> None:
    """In another tab of the browser somebody else logs in."""
    page = opened(person, "alice")
    enter(page)
    server.change(lambda store: store.add_user("eve", "password of eve"))
    other = page.context.new_page()
    other.goto("/accounts/login/?next=/")
    log_in(other, "eve")

    line = page.locator("#line")
    expect(line).to_have_attribute("data-state", "closed")
    connect_again = line.get_by_role("button", name="Connect again")
    connect_again.click()

    expect(line.get_by_role("alert")).to_contain_text("You are logged in as eve now")
    expect(line).to_have_attribute("data-state", "closed")
    expect(page.locator(".room[data-status=inside]")).to_have_count(0)
    line.get_by_role("button", name="Open your own page").click()
    expect(page.locator("summary .name")).to_have_text("eve")
    person.sessions.pop("alice")


def test_the_first_room_takes_the_place_of_nothing(person: People, server: Server) -> None:
    async def clear(store: Store) -> None:
        for room in await store.rooms():
            await store.delete_room(room.id)

    page = opened(person, "frank")
    expect(page.locator(".empty-state")).to_be_hidden()
    server.change(clear)
    expect(page.get_by_text("There are no rooms yet.")).to_be_visible()

    server.admin("room", "add", "Ark")

    expect(page.locator(".enter .title")).to_have_text(["Ark"])
    expect(page.get_by_text("There are no rooms yet.")).to_be_hidden()
