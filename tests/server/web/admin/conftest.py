"""Staff in the admin of a site with two users and three rooms."""

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from html import unescape

import httpx2
import pytest

from multichat_server.config import Settings
from multichat_server.engine import Member
from multichat_server.passwords import Passwords
from multichat_server.storage import AuditEntry, Store
from tests.server.web.conftest import PASSWORD, Browser, Page, Site

ROOMS, USERS = "/admin/chat/room/", "/admin/auth/user/"


@dataclass
class Answer:
    """What a page of the admin answers."""

    response: httpx2.Response

    @property
    def status(self) -> int:
        return self.response.status_code

    @property
    def location(self) -> str:
        return self.response.headers["location"]

    @property
    def html(self) -> str:
        return self.response.text

    @property
    def page(self) -> Page:
        return Page(self.html)

    @property
    def text(self) -> str:
        """What can be read, outside the head."""
        _, _, body = self.html.partition("<main")
        return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]*>", "", f"<main{body}"))).strip()

    @property
    def rows(self) -> list[str]:
        """What stands in the first cell of each row of the first table."""
        _, _, table = self.html.partition("<tbody>")
        table, _, _ = table.partition("</tbody>")
        cells = re.findall(r"<tr>\s*<t[hd][^>]*>(.*?)</t[hd]>", table, re.DOTALL)
        return [unescape(re.sub(r"<[^>]*>", "", cell)).strip() for cell in cells]

    def value(self, name: str) -> str:
        """Return what a field of the form holds."""
        return self.page.fields[name].get("value", "")

    def is_checked(self, name: str) -> bool:
        return "checked" in self.page.fields[name]


@dataclass
class Admin:
    """Somebody who is logged in, and the pages of the admin."""

    browser: Browser
    site: Site

    async def get(self, path: str) -> Answer:
        return Answer(await self.browser.get(path))

    async def post(self, path: str, **fields: str) -> Answer:
        data = {"csrfmiddlewaretoken": self.browser.token, **fields}
        return Answer(await self.browser.post(path, data))

    async def log(self) -> list[AuditEntry]:
        """Return what was done, the newest first."""
        return await self.site.store.audit.recent()

    def enter(self, room_id: int, *names: str) -> None:
        """Put members into a room; their connections are 1, 2 and so on, all of user 1."""
        self.site.chat.inside[room_id] = [
            Member(number, 1, name) for number, name in enumerate(names, start=1)
        ]


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    """The site of all pages, with passwords that are hashed as fast as can be."""
    async with Store.open("sqlite://", passwords=Passwords(memory_kib=8)) as store:
        await store.add_user("alice", PASSWORD)
        await store.add_user("admin", "secret", is_staff=True)
        await store.add_room("room 1")
        await store.add_room("<b>Тест</b> 😀")
        await store.add_room("staff room", staff_only=True)
        yield Site(store, Settings())


@pytest.fixture
async def admin(site: Site, browser: Browser) -> Admin:
    """Staff: user 2, named admin; user 1 is alice, rooms are 1 to 3."""
    await browser.log_in("admin", "secret")
    return Admin(browser, site)
