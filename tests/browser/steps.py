"""What a test does on the chat page, and what it makes a scripted server say."""

from __future__ import annotations

from playwright.sync_api import Locator, Page, expect

from .scripted_stream import Stream

__all__ = ["connect", "enter", "listed", "talk"]


def connect(page: Page, stream: Stream) -> None:
    stream.attach(page)
    page.reload()
    expect(page.locator("#line")).to_have_attribute("data-state", "open")


def enter(page: Page, title: str = "Lobby", room: str = "1") -> Locator:
    """Join a room; return its section."""
    listed(page, room).locator(".enter").click()
    section = page.locator(f"#room-{room}")
    expect(section.get_by_role("heading", name=title)).to_be_visible()
    return section


def listed(page: Page, room: str) -> Locator:
    return page.locator(f'li.room-link[data-room-id="{room}"]')


def talk(stream: Stream) -> None:
    """Everything that can happen in a room."""
    stream.message(None, msg_type=4)
    stream.message("Good morning! Did anybody see the draft?")
    stream.message("It was on the table yesterday.")
    stream.message("Yes, I have it here. I will send the notes before lunch.", by="alice")
    stream.message("The kitchen is closed from noon.", by="admin", msg_type=1)
    stream.message("Please leave the building.", by="admin", msg_type=2)
    stream.message("This room was muted for a while.", by="admin", msg_type=3)
    stream.message("Hurrah!", by="admin", msg_type=6)
    stream.message(None, by="admin", msg_type=77)
    stream.message(None, msg_type=5)
