"""What the page shows in each state, with a server that does exactly what the test says."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from .conftest import People, Server, shot
from .scripted_stream import Stream

pytestmark = [pytest.mark.browser, pytest.mark.slow]


async def _three_rooms(store: object) -> None:
    for title, staff_only in [("Lobby", False), ("Tea kitchen", False), ("Staff room", True)]:
        await store.add_room(title, staff_only=staff_only)  # type: ignore[attr-defined]


@pytest.fixture
def rooms(server: Server) -> None:
    server.change(_three_rooms)


def open_with(page: Page, stream: Stream) -> None:
    stream.attach(page)
    page.reload()
    expect(page.locator("#line")).to_have_attribute("data-state", "open")


def test_all_message_types_are_shown(person: People, rooms: None) -> None:
    page = person("alice", staff=True)
    stream = Stream()
    open_with(page, stream)
    for name in ["Lobby", "Tea kitchen"]:
        page.get_by_role("button", name=name).first.click()
    room = page.locator("#room-1")
    expect(room).to_be_visible()
    stream.message(None, type=4)
    stream.message("Good morning! Did anybody see the draft?")
    stream.message("It was on the table yesterday.")
    stream.message("Yes, I have it here. I will send the notes before lunch.", by="alice")
    stream.message("The kitchen is closed from noon.", by="admin", type=1)
    stream.message("Please leave the building.", by="admin", type=2)
    stream.message("This room was muted for a while.", by="admin", type=3)
    stream.message("hurrah", by="admin", type=6)
    stream.message(None, by="admin", type=77)
    stream.message(None, type=5)
    stream.message("Tea?", room="2", by="carol")
    room.get_by_role("textbox").fill("On my way")
    room.get_by_role("button", name="Send").click()
    expect(room.get_by_text("On my way")).to_be_visible()
    shot(page, "all-types")
