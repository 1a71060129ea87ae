"""Staff see to the rooms in one browser; somebody chats in another."""

from __future__ import annotations

import pytest
from playwright.sync_api import Locator, Page, expect

from multichat_server.storage import Store

from .conftest import People, Server, check_accessibility, shot

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.fixture
def staff(person: People) -> Page:
    page = person("root", staff=True)
    page.goto("/admin/")
    return page


def listed(page: Page, title: str) -> Locator:
    return page.locator("li.room-link").filter(has=page.get_by_text(title, exact=True))


def enter(page: Page, title: str) -> Locator:
    """Join a room from a list that is up to date; return its section."""
    page.goto("/")
    listed(page, title).locator(".enter").click()
    room = page.locator(".room").filter(has=page.get_by_role("heading", name=title, exact=True))
    expect(room).to_have_attribute("data-status", "inside")
    return room


def add(staff: Page, title: str) -> None:
    staff.goto("/admin/chat/room/add/")
    staff.get_by_label("Title").fill(title)
    staff.get_by_role("button", name="Add the room").click()
    expect(staff.get_by_role("status")).to_have_text("The room was added.")


def open_room(staff: Page, title: str, tab: str = "Settings") -> None:
    staff.goto("/admin/chat/room/")
    staff.get_by_role("rowheader").get_by_role("link", name=title, exact=True).click()
    staff.get_by_role("navigation", name="This room").get_by_role("link", name=tab).click()


def test_a_room_comes_is_renamed_and_goes(person: People, staff: Page) -> None:
    alice = person("alice")
    expect(alice.get_by_text("There are no rooms yet.")).to_be_visible()

    staff.get_by_role("link", name="Add a room").click()
    staff.get_by_label("Title").fill("Workshop")
    staff.keyboard.press("Enter")
    expect(staff.get_by_role("status")).to_have_text("The room was added.")
    expect(staff.get_by_role("rowheader", name="Workshop")).to_be_visible()

    room = enter(alice, "Workshop")
    open_room(staff, "Workshop")
    staff.get_by_label("Title").fill("Atelier")
    staff.get_by_role("button", name="Save").click()
    expect(staff.get_by_role("status")).to_have_text("The room was changed.")
    room = enter(alice, "Atelier")

    open_room(staff, "Atelier", "Delete")
    expect(staff.get_by_text("1 member is in it now and will be put out.")).to_be_visible()
    expect(room).to_have_attribute("data-status", "inside")
    staff.get_by_role("button", name="Delete the room").click()

    expect(staff.get_by_text("There are no rooms yet.")).to_be_visible()
    expect(room.locator(".room-note")).to_have_text("You were taken out of this room.")
    alice.reload()
    expect(alice.get_by_text("There are no rooms yet.")).to_be_visible()


def test_a_room_for_staff_alone_loses_the_others_at_once(person: People, staff: Page) -> None:
    """MC1-REVOKE-01."""
    add(staff, "Council")
    room = enter(person("alice"), "Council")

    open_room(staff, "Council")
    staff.get_by_label("For staff only").check()
    staff.get_by_role("button", name="Save").click()

    expect(room.locator(".room-note")).to_have_text("You were taken out of this room.")
    expect(staff.get_by_role("row", name="Council").get_by_text("staff only")).to_be_visible()


def test_every_type_of_announcement_is_seen_in_the_chat(person: People, staff: Page) -> None:
    """MC1-TYPE-03: of v1, and of the deployment's own."""
    add(staff, "Hall")
    room = enter(person("alice"), "Hall")
    open_room(staff, "Hall", "Announce")

    for label, number in (("warning", 1), ("alert", 2), ("muted", 3), ("celebration", 6)):
        staff.get_by_label("Type").select_option(label)
        staff.get_by_label("Announcement").fill(f"This is\na {label} <b>")
        staff.get_by_role("button", name="Send to 1 member").click()
        expect(staff.get_by_role("status")).to_have_text("The announcement was sent.")
        last = room.locator(".message").last
        expect(last.locator(".body")).to_have_text(f"This is\na {label} <b>")
        expect(last).to_contain_text("root")
        expect(last).to_have_attribute("data-type", str(number))


def test_a_member_is_put_out_and_the_others_stay(person: People, staff: Page) -> None:
    add(staff, "Garden")
    room, others = enter(person("alice"), "Garden"), enter(person("bob"), "Garden")
    staff.goto("/admin/chat/room/")
    row = staff.get_by_role("row", name="Garden")
    row.get_by_role("link", name="2 members of Garden").click()

    staff.get_by_role("button", name="Put out alice").click()

    expect(staff.get_by_role("status")).to_have_text("The member was put out of the room.")
    expect(staff.get_by_role("rowheader")).to_have_text(["bob"])
    expect(room.locator(".room-note")).to_have_text("You were taken out of this room.")
    expect(others.locator(".message").last).to_contain_text("alice left the room")
    expect(others).to_have_attribute("data-status", "inside")


def test_titles_and_texts_are_text(person: People, staff: Page) -> None:
    """A script that ran would complain."""
    attack = "\"><img src=x onerror=\"console.error('ran')\"><script>console.error('ran')</script>"
    add(staff, attack)
    enter(person("alice"), attack)
    open_room(staff, attack, "Announce")
    staff.get_by_label("Announcement").fill(attack)
    staff.get_by_role("button", name="Send").click()

    room_id = staff.url.rsplit("/", 3)[1]
    parts = [f"chat/room/{room_id}/{part}/" for part in ("change", "delete", "members", "announce")]
    for path in ["", "chat/room/", "audit/", "chat/room/?q=%22%3E%3Cscript%3E", *parts]:
        staff.goto(f"/admin/{path}")
        expect(staff.get_by_text("<script>").first).to_be_attached()
        assert staff.locator("main :is(img, script)").count() == 0
        assert staff.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_the_pages_serve_everybody(person: People, staff: Page, server: Server) -> None:
    """By keyboard and for screen readers, on a phone, in the dark, with much and with nothing."""

    async def fill(store: Store) -> None:
        for number in range(60):
            await store.add_room(f"Room {number:02}", staff_only=number % 7 == 0)
        await store.add_room("x" * 255)
        await store.add_room("غرفة الدردشة العامة")

    server.change(fill)
    phone = person("root", phone=True, dark=True)
    phone.set_viewport_size({"width": 320, "height": 640})
    rooms = "/admin/chat/room/"
    pages = {
        "overview": "/admin/",
        "rooms": rooms,
        "no-room": f"{rooms}?q=zzz",
        "room-add": f"{rooms}add/",
        "audit": "/admin/audit/",
    }
    for name, path in pages.items():
        for page, where in ((staff, "desk"), (phone, "phone")):
            page.goto(path)
            check_accessibility(page)
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), name
            shot(page, f"admin-{name}-{where}")

    staff.goto(rooms)
    staff.keyboard.press("Tab")
    staff.keyboard.press("Enter")
    expect(staff.locator("#main")).to_be_focused()
    staff.get_by_role("link", name="Next").click()
    expect(staff.get_by_text("Page 2 of 2")).to_be_visible()
    staff.get_by_role("searchbox").fill("room 07")
    staff.keyboard.press("Enter")
    expect(staff.get_by_role("rowheader")).to_have_count(1)


def test_what_is_wrong_is_said_at_its_field(person: People, staff: Page) -> None:
    staff.goto("/admin/chat/room/add/")
    staff.get_by_label("Title").fill("x" * 256)

    with staff.expect_response("**/add/") as answer:
        staff.keyboard.press("Enter")

    assert answer.value.status == 422
    field = staff.get_by_label("Title")
    expect(field).to_be_focused()
    expect(field).to_have_accessible_description(
        "A room's title has at most 255 characters. At most 255 characters."
    )
    check_accessibility(staff)
    # The browser itself reports each answer that is an error.
    assert all("422" in complaint for complaint in person.complaints)
    person.complaints.clear()
