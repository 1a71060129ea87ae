"""A server that really runs, and people with browsers in front of it."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import trio
from playwright.sync_api import Browser, ConsoleMessage, Page, StorageState, expect, sync_playwright

from multichat_server.storage import Store
from tests.house.repository import ROOT

from .scripted_stream import Stream
from .wire import Wire

SCREENS = ROOT / "build" / "screens"
AXE = ROOT / "build" / "npm" / "node_modules" / "axe-core" / "axe.min.js"

# A busy machine takes its time; what hangs is ended by pytest's own limit.
expect.set_options(timeout=20_000)


@dataclass
class Server:
    """
    `multichat serve` on a database of its own.

    Attributes:
        folder: Where the database is.
        settings: More arguments of the command.
        port: 0 until the first start; the same one ever after.

    """

    folder: Path
    settings: tuple[str, ...] = ("--message-types", "6:celebration")
    port: int = 0
    process: subprocess.Popen[str] | None = field(default=None, init=False)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def database_url(self) -> str:
        return f"sqlite:///{self.folder / 'chat.sqlite3'}"

    def start(self) -> None:
        """Return when it takes connections."""
        command = [sys.executable, "-m", "multichat_cli", "serve", "--port", str(self.port)]
        self.process = subprocess.Popen(
            [*command, "--database-url", self.database_url, *self.settings],
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout is not None
        ready = self.process.stdout.readline()
        found = re.search(r"http://127\.0\.0\.1:(\d+)/", ready)
        assert found is not None, ready
        self.port = int(found.group(1))

    def stop(self, by: signal.Signals = signal.SIGTERM) -> None:
        """End it and return when it is gone; nothing if it is not running."""
        if self.process is not None:
            self.process.send_signal(by)
            self.process.communicate()
            self.process = None

    def kill(self) -> None:
        """End it so that it can tell nobody."""
        self.stop(signal.SIGKILL)

    def admin(self, *arguments: str) -> None:
        """Run `multichat admin`."""
        command = [sys.executable, "-m", "multichat_cli", "admin", *arguments]
        subprocess.run([*command, "--database-url", self.database_url], check=True)

    def change(self, work: Callable[[Store], Awaitable[object]]) -> None:
        """Do something to the database, as another process would."""

        async def do() -> None:
            async with Store.open(self.database_url) as store:
                await work(store)

        # Playwright has an event loop of its own in this thread.
        with ThreadPoolExecutor(max_workers=1) as thread:
            thread.submit(trio.run, do).result()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    running = Server(tmp_path_factory.mktemp("server"))
    running.start()
    yield running
    running.stop()


@pytest.fixture(scope="module")
def three_rooms(server: Server) -> None:
    """Lobby, Tea kitchen and a staff room; their ids are 1, 2 and 3."""

    async def add(store: Store) -> None:
        await store.add_room("Lobby")
        await store.add_room("Tea kitchen")
        await store.add_room("Staff room", staff_only=True)

    server.change(add)


@pytest.fixture
def stream() -> Stream:
    return Stream()


@pytest.fixture
def wire(server: Server) -> Iterator[Wire]:
    between = Wire(server.port)
    yield between
    between.close()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.skip("no Chromium here")
    # Its sandbox does not work for root, who runs tests in containers.
    args = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=chromium, args=args)
        yield running
        running.close()


@dataclass
class People:
    """
    Makes people, each with a browser of their own, who are logged in.

    Attributes:
        browser: Runs all of them.
        server: Knows them.
        sessions: The cookies of those who have logged in before, by name.
        complaints: What a browser found wrong, and what went wrong in a script.

    """

    browser: Browser
    server: Server
    sessions: dict[str, StorageState]
    complaints: list[str] = field(default_factory=list)

    def __call__(
        self,
        name: str,
        *,
        staff: bool = False,
        phone: bool = False,
        dark: bool = False,
        url: str | None = None,
    ) -> Page:
        """
        Return the page of somebody who has logged in, at the list of rooms.

        Args:
            name: Who it is; becomes a user on the first call.
            staff: Whether that user is staff.
            phone: Whether the screen is small and touched.
            dark: Whether dark colours are wanted.
            url: Where to go; None for the server itself.

        """
        if name not in self.sessions:
            self.server.change(
                lambda store: store.add_user(name, f"password of {name}", is_staff=staff)
            )
        context = self.browser.new_context(
            base_url=url or self.server.url,
            viewport={"width": 375, "height": 720} if phone else {"width": 1280, "height": 800},
            has_touch=phone,
            color_scheme="dark" if dark else "light",
            locale="en-GB",
            storage_state=self.sessions.get(name),
        )
        page = context.new_page()
        page.on("console", self._note)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.goto("/")
        if name not in self.sessions:
            log_in(page, name)
            self.sessions[name] = context.storage_state()
        return page

    def _note(self, message: ConsoleMessage) -> None:
        # A browser itself reports each socket that cannot be opened, each answer that a broken
        # line cuts off, and that the list of rooms is not for those who are logged out; there is
        # no other way to try.
        is_network = re.search("WebSocket connection to|resource: net::ERR_", message.text)
        where = urlsplit(message.location.get("url", "")).path
        is_logged_out = where == "/api/v1/rooms" and "status of 401" in message.text
        if message.type in ("error", "warning") and not (is_network or is_logged_out):
            self.complaints.append(message.text)


def log_in(page: Page, name: str) -> None:
    """Fill in the form that is shown."""
    page.get_by_label("Username").fill(name)
    page.get_by_label("Password").fill(f"password of {name}")
    page.get_by_role("button", name="Log in").click()
    # The login's own address ends in a slash, too.
    page.wait_for_url(lambda url: "/accounts/login/" not in url)


@pytest.fixture(scope="module")
def sessions() -> dict[str, StorageState]:
    return {}


@pytest.fixture
def person(browser: Browser, server: Server, sessions: dict[str, StorageState]) -> Iterator[People]:
    people = People(browser, server, sessions)
    yield people
    for context in browser.contexts:
        context.close()
    assert people.complaints == []


def shot(page: Page, name: str, *, whole: bool = False) -> None:
    """Keep a picture of what is to be seen, or of the whole page."""
    SCREENS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=SCREENS / f"{name}.png", animations="disabled", full_page=whole)


def check_accessibility(page: Page) -> None:
    """Let axe-core look at the page as it is: nothing serious."""
    if not AXE.exists():
        pytest.skip("no axe-core here (needs npm)")
    page.evaluate(AXE.read_text())
    found = page.evaluate("axe.run().then(({ violations }) => violations)")
    serious = [each for each in found if each["impact"] in ("serious", "critical")]
    assert [(each["id"], [node["html"] for node in each["nodes"]]) for each in serious] == []
