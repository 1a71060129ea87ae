"""Staff see to the users in one browser; the user is in another."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, Page, expect

from multichat_server.storage import Store

from .conftest import People, Server, check_accessibility, shot

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.usefixtures("three_rooms")]


@pytest.fixture
def staff(person: People) -> Page:
    page = person("root", staff=True)
    page.goto("/admin/auth/user/")
    return page


def open_user(staff: Page, name: str, tab: str = "Settings") -> None:
    staff.goto("/admin/auth/user/")
    staff.get_by_role("searchbox").fill(name)
    staff.keyboard.press("Enter")
    staff.get_by_role("rowheader").get_by_role("link", name=name, exact=True).click()
    staff.get_by_role("navigation", name="This user").get_by_role("link", name=tab).click()


def chatting(page: Page) -> Page:
    page.locator("li.room-link", has_text="Lobby").locator(".enter").click()
    expect(page.locator(".room")).to_have_attribute("data-status", "inside")
    return page


def visitor(browser: Browser, server: Server) -> Page:
    """Somebody with a browser, who is not logged in."""
    page = browser.new_context(base_url=server.url).new_page()
    page.goto("/accounts/login/")
    return page


def log_in(page: Page, name: str, password: str) -> None:
    page.get_by_label("Username").fill(name)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Log in").click()


def test_a_new_user_logs_in_and_is_renamed(staff: Page, browser: Browser, server: Server) -> None:
    staff.get_by_role("link", name="Add a user").click()
    staff.get_by_label("Username").fill("carol")
    staff.get_by_label("Password", exact=True).fill("carol has a secret")
    staff.get_by_label("Password again").fill("carol has a secret")
    staff.get_by_role("button", name="Add the user").click()
    expect(staff.get_by_role("status")).to_have_text("The user was added.")

    carol = visitor(browser, server)
    log_in(carol, "carol", "carol has a secret")
    expect(carol.locator("li.room-link")).to_have_count(2)

    open_user(staff, "carol")
    staff.get_by_label("Username").fill("caroline")
    staff.get_by_label("Staff").check()
    staff.get_by_role("button", name="Save").click()
    expect(staff.get_by_role("row", name="caroline").get_by_text("staff")).to_be_visible()
    carol.reload()
    expect(carol.locator("li.room-link")).to_have_count(3)
    expect(carol.get_by_role("link", name="Admin")).to_be_visible()


def test_who_is_made_inactive_is_out_at_once(person: People, staff: Page) -> None:
    """MC1-REVOKE-01 and -05: the connection goes on as one that nobody is logged in on."""
    alice = chatting(person("alice"))

    open_user(staff, "alice")
    staff.get_by_label("Active").uncheck()
    staff.get_by_role("button", name="Save").click()

    expect(staff.get_by_role("row", name="alice").get_by_text("inactive")).to_be_visible()
    expect(alice.locator(".room-note")).to_have_text("You were taken out of this room.")
    alice.get_by_role("button", name="Join again").click()
    expect(alice.locator("#line")).to_contain_text("You are not logged in any more.")
    alice.reload()
    expect(alice.get_by_role("button", name="Log in")).to_be_visible()


def test_a_new_password_ends_what_the_old_one_opened(
    person: People, staff: Page, browser: Browser, server: Server
) -> None:
    """MC1-REVOKE-06."""
    bob = chatting(person("bob"))

    open_user(staff, "bob", "Password")
    staff.get_by_label("New password", exact=True).fill("bob has another")
    staff.get_by_label("New password again").fill("bob has another")
    staff.get_by_role("button", name="Set the password").click()

    expect(staff.get_by_role("status")).to_contain_text("The password was set")
    expect(bob.locator("#line")).to_contain_text("the session has ended")
    again = visitor(browser, server)
    log_in(again, "bob", "password of bob")
    expect(again.get_by_role("alert")).to_be_visible()
    log_in(again, "bob", "bob has another")
    expect(again.locator("li.room-link")).to_have_count(2)


def test_sessions_are_ended_and_the_user_can_come_back(person: People, staff: Page) -> None:
    dave = chatting(person("dave"))

    open_user(staff, "dave", "Sessions")
    expect(staff.get_by_role("table", name="Sessions").locator("tbody tr")).to_have_count(1)
    staff.get_by_role("button", name="End the sessions").click()

    expect(staff.get_by_role("status")).to_have_text("The user's sessions have ended.")
    expect(staff.get_by_text("Not logged in anywhere.")).to_be_visible()
    expect(dave.locator("#line")).to_contain_text("the session has ended")


def test_who_is_deleted_is_gone_at_once(person: People, staff: Page) -> None:
    erin = chatting(person("erin"))

    open_user(staff, "erin", "Delete")
    expect(staff.get_by_text("1 session ends and 0 tokens are revoked")).to_be_visible()
    staff.get_by_role("button", name="Delete the user").click()

    expect(staff.get_by_role("status")).to_have_text("The user was deleted.")
    expect(staff.get_by_role("rowheader", name="erin")).to_have_count(0)
    expect(erin.locator(".room-note")).to_have_text("You were taken out of this room.")
    erin.reload()
    expect(erin.get_by_role("button", name="Log in")).to_be_visible()
    staff.goto("/admin/audit/")
    expect(staff.locator(".log li").first).to_contain_text("root deleted the user erin")


def test_others_do_not_get_in(person: People) -> None:
    frank = person("frank")
    expect(frank.get_by_role("link", name="Admin")).to_have_count(0)

    frank.goto("/admin/auth/user/")

    expect(frank.get_by_role("heading", name="For staff only")).to_be_visible()
    person.complaints.clear()


def test_the_pages_serve_everybody(person: People, staff: Page, server: Server) -> None:
    """By keyboard and for screen readers, on a phone, in the dark, with long names."""
    names = ["w" * 150, "שם_משתמש", *(f"person{number:02}" for number in range(60))]

    async def fill(store: Store) -> None:
        for number, name in enumerate(names):
            await store.add_user(name, "pw", is_active=number % 9 != 0)

    server.change(fill)
    phone = person("root", phone=True, dark=True)
    phone.set_viewport_size({"width": 320, "height": 640})
    open_user(staff, "w" * 150)
    user = staff.url.removesuffix("change/").removeprefix(server.url)
    pages = {
        "users": "/admin/auth/user/",
        "user-add": "/admin/auth/user/add/",
        **{f"user-{p}": f"{user}{p}/" for p in ("change", "password", "sessions", "delete")},
        "user-gone": "/admin/auth/user/999/change/",
    }
    for name, path in pages.items():
        for page, where in ((staff, "desk"), (phone, "phone")):
            page.goto(path)
            check_accessibility(page)
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), name
            shot(page, f"admin-{name}-{where}")
    assert all("404" in complaint for complaint in person.complaints)
    person.complaints.clear()
