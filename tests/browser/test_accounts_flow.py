"""People see to their own accounts, and what they change is in force in open chats."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Iterator
from itertools import count

import pytest
from playwright.sync_api import Browser, Page, expect
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from .conftest import People, Server, log_in, shot
from .steps import enter, listed

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.usefixtures("three_rooms")]

BURST = 3
NEW = "a horse and a staple"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    running = Server(tmp_path_factory.mktemp("server"), ("--login-burst", str(BURST)))
    running.start()
    yield running
    running.stop()


def refused(person: People, status: int, times: int = 1) -> None:
    """Take a form that was refused for what it is; the browser itself reports each."""
    text = f"the server responded with a status of {status}"
    reported = [each for each in person.complaints if text in each]
    assert len(reported) == times, person.complaints
    for each in reported:
        person.complaints.remove(each)


def try_password(page: Page, name: str, password: str) -> None:
    page.get_by_label("Username").fill(name)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Log in").click()


def open_menu(page: Page, name: str) -> None:
    page.locator("summary", has_text=name).click()


def go(page: Page, name: str, where: str) -> None:
    """Follow the menu of one's account."""
    open_menu(page, name)
    page.locator(".menu").get_by_role("link", name=where).click()
    expect(page.locator("nav.tabs a[aria-current]")).to_have_text(where)


def second_browser(browser: Browser, server: Server, name: str) -> Page:
    """Log in anew, as from another place."""
    page = browser.new_context(base_url=server.url, user_agent="Elsewhere/1.0").new_page()
    page.goto("/")
    log_in(page, name)
    return page


def is_led_to_login(page: Page) -> None:
    """What the chat does when its session has ended (MC1-CLOSE-08)."""
    line = page.locator("#line")
    expect(line).to_contain_text("the session has ended")
    line.get_by_role("link", name="Log in").click()
    page.wait_for_url("**/accounts/login/**")


def test_a_wrong_password_is_said_and_the_right_one_leads_on(person: People) -> None:
    page = person("walter")
    page.context.clear_cookies()
    page.goto("/accounts/tokens/")

    try_password(page, "walter", "wrong")
    expect(page.get_by_role("alert")).to_contain_text("correct username and password")
    expect(page.get_by_label("Username")).to_have_value("walter")
    expect(page.get_by_label("Password")).to_have_value("")
    try_password(page, "walter", "password of walter")

    expect(page.get_by_role("heading", level=1)).to_have_text("Tokens for bots")


def test_after_too_many_wrong_ones_no_password_is_looked_at(person: People, server: Server) -> None:
    server.change(lambda store: store.add_user("eve", "password of eve"))
    page = person("walter")
    page.context.clear_cookies()
    page.goto("/accounts/login/")
    for _ in range(BURST):
        try_password(page, "eve", "wrong")
        expect(page.get_by_role("alert")).to_contain_text("correct username and password")

    try_password(page, "eve", "password of eve")

    expect(page.get_by_role("alert")).to_contain_text("Too many wrong passwords.")
    refused(person, 429)
    # Another account is nobody's business.
    try_password(page, "walter", "password of walter")
    expect(listed(page, "1")).to_be_visible()


def test_a_new_password_ends_the_other_sessions(
    person: People, server: Server, browser: Browser
) -> None:
    page = person("carol")
    other = second_browser(browser, server, "carol")
    enter(other)
    key = session_cookie(page)

    go(page, "carol", "Password")
    fill_passwords(page, "password of carol", "carol2026")
    expect(page.get_by_role("alert")).to_have_text("It is too much like your user name.")
    fill_passwords(page, "not the old one", NEW)
    expect(page.get_by_role("alert")).to_have_text("This is not your password.")
    refused(person, 422, times=2)
    fill_passwords(page, "password of carol", NEW)

    expect(page.get_by_role("status")).to_contain_text("Your password was changed")
    expect(page.locator(".entries-list > li")).to_have_count(1)
    assert session_cookie(page) != key
    is_led_to_login(other)
    try_password(other, "carol", "password of carol")
    expect(other.get_by_role("alert")).to_be_visible()
    try_password(other, "carol", NEW)
    expect(listed(other, "1")).to_be_visible()


def test_another_session_is_ended_and_its_chat_with_it(
    person: People, server: Server, browser: Browser
) -> None:
    page = person("dora")
    other = second_browser(browser, server, "dora")
    enter(other)
    room = enter(page)
    go(page, "dora", "Sessions")
    expect(page.locator(".entries-list > li")).to_have_count(2)
    expect(page.locator("li", has_text="This one")).to_contain_text("on Linux")

    page.get_by_role("button", name="End the session of Elsewhere/1.0").click()

    expect(page.get_by_role("status")).to_have_text("The session has ended.")
    is_led_to_login(other)
    expect(page.locator(".entries-list > li")).to_have_count(1)
    page.goto("/")
    enter(page)
    expect(room).to_be_visible()


def test_everywhere_means_everywhere(person: People, server: Server, browser: Browser) -> None:
    page = person("emil")
    other = second_browser(browser, server, "emil")
    tab = page.context.new_page()
    tab.goto("/")
    for each in (other, tab):
        enter(each)
    go(page, "emil", "Sessions")

    page.get_by_role("button", name="Log out everywhere").click()

    expect(page.get_by_role("status")).to_have_text("You are logged out everywhere.")
    for each in (other, tab):
        is_led_to_login(each)
    assert "sessionid" not in {each.get("name") for each in page.context.cookies()}


def test_a_bot_chats_with_a_token_until_that_is_revoked(person: People, server: Server) -> None:
    page = person("frida")
    go(page, "frida", "Tokens")
    page.get_by_label("Name").fill("weather bot")
    page.get_by_label("Days").fill("7")
    page.get_by_role("button", name="Make the token").click()
    secret = page.locator(".secret-text").inner_text()
    card = page.locator(".entries-list > li", has_text="weather bot")
    expect(card).to_contain_text("New")

    with bot(server, secret) as socket:
        socket.send(json.dumps({"command": "join", "room": "1"}))
        assert json.loads(socket.recv())["join"] == "1"
        page.goto("/accounts/tokens/")
        expect(page.get_by_text(secret)).to_have_count(0)
        page.get_by_role("button", name="Revoke weather bot").click()
        expect(page.get_by_role("status")).to_contain_text("The token was revoked.")

        # What was said in the room before ends up here, too.
        with pytest.raises(ConnectionClosed) as closed:
            deque((socket.recv() for _ in count()), maxlen=0)

    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1008
    with pytest.raises(InvalidStatus) as refusal:
        bot(server, secret)
    assert refusal.value.response.status_code == 401
    expect(page.get_by_text("You have no tokens.")).to_be_visible()


def test_the_menu_opens_and_closes_by_hand_and_by_key(person: People) -> None:
    page = person("gerda")
    menu, entry = page.locator("details.menu"), page.get_by_role("link", name="Sessions")
    expect(entry).to_be_hidden()
    open_menu(page, "gerda")
    expect(entry).to_be_visible()
    page.get_by_role("heading", name="Rooms").click()
    expect(entry).to_be_hidden()

    menu.locator("summary").focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    expect(entry).to_be_focused()
    page.keyboard.press("Escape")
    expect(entry).to_be_hidden()
    expect(menu.locator("summary")).to_be_focused()
    page.keyboard.press("Enter")
    for _ in range(5):
        page.keyboard.press("Tab")
    expect(entry).to_be_hidden()


def test_the_first_account_is_made_as_the_login_page_says(
    tmp_path_factory: pytest.TempPathFactory, browser: Browser
) -> None:
    empty = Server(tmp_path_factory.mktemp("empty"), ())
    empty.start()
    try:
        page = browser.new_context(base_url=empty.url).new_page()
        page.goto("/")
        said = page.locator(".notice code").inner_text()
        assert said == "multichat admin user add NAME --staff"
        shot(page, "accounts-login-empty")
        words = said.replace("NAME", "first").split()[2:]
        secret = empty.folder / "password"
        secret.write_text("password of first\n")
        empty.admin(*words, "--password-file", str(secret))
        page.reload()
        expect(page.locator(".notice")).to_have_count(0)
        log_in(page, "first")
        expect(page.get_by_role("link", name="Admin")).to_be_visible()
        page.context.close()
    finally:
        empty.stop()


def fill_passwords(page: Page, old: str, new: str) -> None:
    page.get_by_label("Old password").fill(old)
    page.get_by_label("New password", exact=True).fill(new)
    page.get_by_label("New password again").fill(new)
    page.get_by_role("button", name="Change the password").click()


def session_cookie(page: Page) -> str:
    (cookie,) = [each for each in page.context.cookies() if each.get("name") == "sessionid"]
    return cookie.get("value", "")


def bot(server: Server, secret: str) -> ClientConnection:
    url = server.url.replace("http", "ws", 1) + "/chat/stream/"
    return connect(url, additional_headers={"Authorization": f"Bearer {secret}"})
