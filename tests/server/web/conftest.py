"""A site with two users and three rooms, and browsers to visit it with."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from functools import cached_property
from html.parser import HTMLParser

import httpx2
import pytest
from starlette.types import ASGIApp

from multichat_server.config import Settings
from multichat_server.storage import Store
from multichat_server.web import create_app
from multichat_server.web import site as web_site
from tests.server.http.wire import ScriptedStream, parse, talk

from .fakes import FakeChat

LOGIN = "/accounts/login/"
LOGOUT = "/accounts/logout/"
PASSWORD = "wonderland"


@dataclass
class Page(HTMLParser):
    """The parts of a page that tests look at."""

    text: str
    fields: dict[str, dict[str, str]] = field(default_factory=dict)
    errors: list[str] = field(default_factory=list)
    rooms: list[tuple[str, str]] = field(default_factory=list)
    links: list[str] = field(default_factory=list)
    tags: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()
        self._into: str | None = None
        self.feed(self.text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        self.tags.append(tag)
        if tag == "input":
            self.fields[found["name"]] = found
        if tag == "a":
            self.links.append(found["href"])
        if tag == "ul":
            self._into = found.get("class")
        if tag == "li" and found.get("class") == "room-link":
            self.rooms.append((found["data-room-id"], ""))

    def handle_endtag(self, tag: str) -> None:
        if tag == "ul":
            self._into = None

    def handle_data(self, data: str) -> None:
        if self._into == "errorlist" and data.strip():
            self.errors.append(data)
        if self._into == "rooms" and data.strip():
            number, text = self.rooms[-1]
            self.rooms[-1] = (number, text + data)


@dataclass
class Browser:
    """A client that keeps cookies and follows nothing by itself."""

    client: httpx2.AsyncClient

    async def get(self, path: str, **headers: str) -> httpx2.Response:
        return await self.client.get(path, headers=_headers(headers))

    async def post(self, path: str, data: dict[str, str], **headers: str) -> httpx2.Response:
        return await self.client.post(path, data=data, headers=_headers(headers))

    async def log_in(
        self, username: str = "alice", password: str = PASSWORD, path: str = LOGIN, **more: str
    ) -> httpx2.Response:
        """Log in as the original's clients do: fetch the form, send it back filled in."""
        form = Page((await self.get(path)).text)
        token = form.fields["csrfmiddlewaretoken"]["value"]
        data = {"username": username, "password": password, "csrfmiddlewaretoken": token, **more}
        return await self.post(path, data)

    @property
    def session(self) -> str | None:
        return self.client.cookies.get("sessionid")

    @property
    def token(self) -> str:
        return self.client.cookies["csrftoken"]


def _headers(named: dict[str, str]) -> list[tuple[bytes, bytes]]:
    return [(name.replace("_", "-").encode(), value.encode()) for name, value in named.items()]


class FrontTransport(httpx2.AsyncBaseTransport):
    """Carries each request through the HTTP front, on a connection of its own."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self._app = app
        self._settings = settings

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        body = await request.aread()
        lines = [request.method.encode() + b" " + request.url.raw_path + b" HTTP/1.1"]
        lines += [name + b": " + value for name, value in request.headers.raw]
        stream = ScriptedStream([b"\r\n".join([*lines, b"", b""]) + body])
        await talk(stream=stream, app=self._app, settings=self._settings)
        (answer,) = parse(stream.sent, methods=[request.method])
        return httpx2.Response(answer.status, headers=answer.header_list, content=answer.body)


@dataclass
class Site:
    """A server's pages, without the server."""

    store: Store
    settings: Settings
    chat: FakeChat = field(default_factory=FakeChat)

    @property
    def ended(self) -> list[str]:
        """The keys of the sessions that pages have ended."""
        return self.chat.ended

    @cached_property
    def base(self) -> web_site.Site:
        """What pages stand on."""
        return web_site.Site(self.store, self.settings, self.chat)

    def browser(self) -> Browser:
        app = create_app(self.base)
        transport = FrontTransport(app, self.settings)
        return Browser(httpx2.AsyncClient(transport=transport, base_url="http://chat.example"))


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    async with Store.open("sqlite://") as store:
        await store.add_user("alice", "wonderland")
        await store.add_user("admin", "secret", is_staff=True)
        await store.add_room("room 1")
        await store.add_room("<b>Тест</b> 😀")
        await store.add_room("staff room", staff_only=True)
        yield Site(store, Settings())


@pytest.fixture
def browser(site: Site) -> Browser:
    return site.browser()
