"""The list of rooms follows what the server's API says, without a reload."""

import pytest
from playwright.sync_api import expect

from .conftest import People, Server
from .steps import enter, listed

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.usefixtures("three_rooms")]

# As long as the page waits before it asks again.
PAUSE_MILLISECONDS = 60_000


def test_rooms_come_and_go_on_an_open_page(person: People, server: Server) -> None:
    page = person("alice")
    page.clock.install()
    page.goto("/")
    titles = page.locator(".enter .title")
    expect(titles).to_have_text(["Lobby", "Tea kitchen"])
    expect(page.locator("#line")).to_have_attribute("data-state", "open")
    room = enter(page)

    server.admin("room", "add", "<b>Attic</b>")
    server.admin("room", "change", "2", "--staff-only")
    page.clock.fast_forward(PAUSE_MILLISECONDS)

    expect(titles).to_have_text(["<b>Attic</b>", "Lobby"])
    expect(room).to_be_visible()
    enter(page, "<b>Attic</b>", "4")


def test_staff_see_which_rooms_are_theirs(person: People, server: Server) -> None:
    page = person("carol", staff=True)
    page.clock.install()
    page.goto("/")
    expect(listed(page, "3").get_by_text("staff", exact=True)).to_be_visible()

    server.admin("room", "change", "1", "--staff-only")
    page.clock.fast_forward(PAUSE_MILLISECONDS)

    expect(listed(page, "1").get_by_text("staff", exact=True)).to_be_visible()
