"""
The 2016 original's page, pointed at our server: its script joins, sends, hears, leaves, reconnects.

Once from an origin of its own, which the server's settings allow, and once in place of our own
script on our own list of rooms, which has what that script looks for.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from queue import SimpleQueue

import pytest
import trio
from playwright.sync_api import Browser, Dialog, Locator, Page, Route, expect

from multichat_server.config import Settings
from multichat_server.passwords import Passwords
from multichat_server.server import Serving, serve
from multichat_server.storage import Store

from .original_page import PageServer, scripts
from .wire import Wire

pytestmark = [pytest.mark.browser, pytest.mark.slow]

PASSWORD = "as in 2016"


@dataclass
class Chat:
    """
    Our server, in a thread of its own.

    Attributes:
        serving: The server.
        token: What its loop is reached by.

    """

    serving: Serving
    token: trio.lowlevel.TrioToken

    def change(self, work: Callable[[Store], Awaitable[object]]) -> None:
        """Change users or rooms, as a page does."""

        async def change() -> None:
            await work(self.serving.store)
            await self.serving.engine.refresh()

        trio.from_thread.run(change, trio_token=self.token)

    def announce(self, msg_type: int, text: str) -> None:
        """Say something to room 1 as the admin does."""
        trio.from_thread.run_sync(
            self.serving.engine.announce, 1, msg_type, text, "admin", trio_token=self.token
        )


@contextmanager
def chatting(origin: str) -> Iterator[Chat]:
    """Run a server with people and rooms, which pages of an origin may connect to."""
    ready: SimpleQueue[Chat] = SimpleQueue()

    async def work() -> None:
        settings = Settings(
            port=0,
            database_url="sqlite://",
            allowed_origins=(origin,),
            max_message_length=4096,
            shutdown_grace=0.0,
        )
        passwords = Passwords(memory_kib=8)
        async with trio.open_nursery() as nursery:
            running = await nursery.start(partial(serve, settings, passwords=passwords))
            for name in ("alice", "bob"):
                await running.store.add_user(name, PASSWORD)
            for title in ("Lobby", "Tea kitchen"):
                await running.store.add_room(title)
            await running.store.add_room("Staff room", staff_only=True)
            await running.engine.refresh()
            ready.put(Chat(running, trio.lowlevel.current_trio_token()))

    thread = threading.Thread(target=trio.run, args=(work,))
    thread.start()
    chat = ready.get()
    try:
        yield chat
    finally:
        trio.from_thread.run_sync(chat.serving.stop, trio_token=chat.token)
        thread.join()


class Person:
    """
    Somebody with the original's page before them.

    Attributes:
        page: The page.
        logged: What its script wrote to the console.
        alerts: What it put into alert boxes.
        errors: What went wrong in it.

    """

    def __init__(self, page: Page) -> None:
        self.page = page
        self.logged: list[str] = []
        self.alerts: list[str] = []
        self.errors: list[str] = []
        page.on("console", lambda message: self.logged.append(message.text))
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("dialog", self._dismiss)

    def log_in(self, name: str) -> None:
        """Fill in the form as the original's has it."""
        self.page.goto("/accounts/login/")
        self.page.locator("input[name=username]").fill(name)
        self.page.locator("input[name=password]").fill(PASSWORD)
        self.page.locator("form button[type=submit]").click()
        self.page.wait_for_url("**/")

    def hears(self, what: str, times: int = 1) -> None:
        """Return when the script has logged something so many times."""
        while self.logged.count(what) < times:
            self.page.wait_for_event("console")

    def link(self, room: int) -> Locator:
        return self.page.locator(f"ul.rooms li.room-link[data-room-id='{room}']")

    def room(self, room: int) -> Locator:
        return self.page.locator(f"#chats div.room#room-{room}")

    def enter(self, room: int = 1) -> None:
        self.link(room).click()
        expect(self.room(room)).to_be_visible()

    def say(self, text: str, room: int = 1) -> None:
        self.room(room).locator("form input").fill(text)
        self.room(room).locator("form button").click()

    def _dismiss(self, dialog: Dialog) -> None:
        self.alerts.append(dialog.message)
        dialog.dismiss()


@dataclass
class Stage:
    """
    Where the original's page meets our server.

    Attributes:
        chat: The server.
        wire: What is between it and the browsers.
        visit: Opens the page for somebody who has logged in.

    """

    chat: Chat
    wire: Wire
    visit: Callable[[str], Person]


@pytest.fixture(params=["origin of its own", "our page"])
def stage(request: pytest.FixtureRequest, browser: Browser) -> Iterator[Stage]:
    files = scripts()
    pages = PageServer(files)
    people: list[Person] = []
    with pages.running(), chatting(pages.origin) as chat:
        wire = Wire(chat.serving.address[1])
        pages.chat = wire.url.removeprefix("http://")

        def visit(name: str) -> Person:
            is_ours = request.param == "our page"
            # It makes markup of what it hears, which our policy is there to forbid.
            context = browser.new_context(base_url=wire.url, bypass_csp=is_ours)
            person = Person(context.new_page())
            people.append(person)
            if is_ours:
                person.page.route("**/static/chat/main.js", partial(_replace, files))
            person.log_in(name)
            if not is_ours:
                person.page.goto(pages.origin)
            person.hears("connected")
            return person

        yield Stage(chat, wire, visit)
        for context in browser.contexts:
            context.close()
        wire.close()
    assert [error for person in people for error in person.errors] == []


def _replace(files: dict[str, str], route: Route) -> None:
    # Ours is a module, in which "this" is nothing: the libraries of the time want the window.
    body = "\n".join(f"(function () {{ {text}\n}}).call(window);" for text in files.values())
    route.fulfill(content_type="text/javascript", body=body)


def test_two_people_join_talk_and_leave(stage: Stage) -> None:
    """All six types of message, each as the original shows it."""
    alice, bob = stage.visit("alice"), stage.visit("bob")
    alice.enter()
    expect(alice.link(1)).to_have_class(re.compile(r"\bjoined\b"))
    expect(alice.room(1).locator("h2")).to_have_text("Lobby")
    bob.enter()
    # Each once the one before has arrived: the order between people is nobody's.
    alice.say("hello from 2016")
    expect(bob.room(1).locator(".body")).to_have_text("hello from 2016")
    bob.say("and to you: é 😀")
    expect(alice.room(1).locator(".body").last).to_have_text("and to you: é 😀")
    for msg_type, text in (1, "soon"), (2, "now"), (3, "hushed"):
        stage.chat.announce(msg_type, text)
    expect(bob.room(1).locator(".messages > *").last).to_have_text("hushed")
    bob.link(1).click()
    expect(bob.room(1)).to_have_count(0)
    expect(bob.link(1)).not_to_have_class(re.compile(r"\bjoined\b"))

    messages = alice.room(1).locator("div.messages > div")
    expect(messages).to_have_text(
        [
            "bob joined the room!",
            re.compile("alice *hello from 2016"),
            re.compile("bob *and to you: é 😀"),
            "soon",
            "now",
            "hushed",
            "bob left the room!",
        ]
    )
    for number, kind in (3, "warning"), (4, "danger"), (5, "muted"):
        expect(messages.nth(number)).to_have_class(re.compile(rf"\btext-{kind}\b"))
    expect(alice.room(1).locator("form input")).to_have_value("")
    assert alice.alerts == bob.alerts == []
    assert "unsupported message type" not in alice.logged


def test_several_rooms_are_open_and_hear_their_own(stage: Stage) -> None:
    alice = stage.visit("alice")
    alice.enter(1)
    alice.enter(2)

    alice.say("in the kitchen", 2)

    expect(alice.room(2).locator(".body")).to_have_text("in the kitchen")
    expect(alice.room(1).locator(".messages > *")).to_have_count(0)


def test_what_is_refused_is_an_alert_with_the_code(stage: Stage) -> None:
    """Codes are those of 2016; what else a frame says, the script does not look at."""
    alice = stage.visit("alice")
    alice.enter()

    with alice.page.expect_event("dialog"):
        alice.say("x" * 5000)

    assert alice.alerts == ["MESSAGE_TOO_LONG"]
    stage.chat.change(lambda store: store.change_room(2, staff_only=True))
    with alice.page.expect_event("dialog"):
        alice.link(2).click()
    assert alice.alerts[1:] == ["ROOM_ACCESS_DENIED"]
    expect(alice.room(2)).to_have_count(0)
    alice.say("goes on")
    expect(alice.room(1).locator(".body")).to_have_text("goes on")


def test_who_is_put_out_sees_the_room_go(stage: Stage) -> None:
    """MC1-REVOKE-01: what the original had no words for, its script takes as a leave."""
    alice = stage.visit("alice")
    alice.enter()

    stage.chat.change(lambda store: store.change_room(1, staff_only=True))

    expect(alice.room(1)).to_have_count(0)


def test_it_connects_again_and_one_joins_again(stage: Stage) -> None:
    """The script joins nothing by itself: the room is dead until one leaves and joins."""
    alice, bob = stage.visit("alice"), stage.visit("bob")
    alice.enter()

    stage.wire.cut()
    alice.hears("disconnected")
    stage.wire.restore()
    alice.hears("connected", times=2)
    bob.hears("connected", times=2)

    expect(alice.room(1)).to_be_visible()
    bob.enter()
    bob.say("anybody?")
    expect(bob.room(1).locator(".body")).to_have_text("anybody?")
    alice.link(1).click()
    expect(alice.room(1)).to_have_count(0)
    alice.enter()
    alice.say("yes")
    expect(bob.room(1).locator(".body")).to_have_text(["anybody?", "yes"])
    expect(alice.room(1).locator(".messages > *")).to_have_text([re.compile("alice *yes")])


def test_an_origin_that_is_not_allowed_gets_no_connection(browser: Browser) -> None:
    """MC1-HAND-11: what the settings allow is what makes the first kind of page work."""
    pages = PageServer(scripts())
    with pages.running(), chatting("http://elsewhere.example") as chat:
        pages.chat = "{}:{}".format(*chat.serving.address)
        context = browser.new_context(base_url=chat.serving.url)
        person = Person(context.new_page())
        person.log_in("alice")

        person.page.goto(pages.origin)

        while not any("403" in line for line in person.logged):
            person.page.wait_for_event("console")
        assert "connected" not in person.logged
        context.close()
