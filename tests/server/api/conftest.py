"""A server's API without the server: accounts, rooms, and programs that ask."""

import dataclasses
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import httpx2
import pytest

from multichat_server.config import Settings
from multichat_server.engine import Member
from multichat_server.passwords import Passwords
from multichat_server.storage import Account, AuditEntry, Store
from multichat_server.web import create_app
from multichat_server.web.site import Site
from tests.server.web.conftest import FrontTransport
from tests.server.web.fakes import FakeChat

from .contract import check

CSRF = "c" * 64
HOST = "chat.example"
ORIGIN = f"http://{HOST}"


@dataclass
class Program:
    """Asks by the paths below the prefix; holds each answer to the description."""

    client: httpx2.AsyncClient
    headers: dict[str, str] = field(default_factory=dict)

    async def ask(
        self,
        method: str,
        path: str,
        *,
        json: object = None,
        content: bytes | None = None,
        params: dict[str, str] | None = None,
        **headers: str,
    ) -> httpx2.Response:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        # Like a program that says no more than it must.
        given: dict[str, Any] = {"json": json} if content is None else {"content": content}
        request = self.client.build_request(
            method, f"/api/v1{path}", params=params, headers=self.headers | named, **given
        )
        response = await self.client.send(request)
        check(request, response)
        return response

    async def get(self, path: str, **params: str) -> Any:
        response = await self.ask("GET", path, params=params)
        assert response.status_code == 200, response.text
        return response.json()

    async def refused(self, method: str, path: str, **more: Any) -> tuple[int, str]:
        """Ask for what is refused; return the status and the code."""
        response = await self.ask(method, path, **more)
        assert response.is_error, response.text
        return response.status_code, response.json()["error"]


@dataclass
class World:
    """Alice; the admin; rooms 1 (for all), 2 (for all), 3 (for staff)."""

    store: Store
    settings: Settings
    chat: FakeChat = field(default_factory=FakeChat)

    def __post_init__(self) -> None:
        self.site = Site(self.store, self.settings, self.chat)

    def set(self, **settings: Any) -> None:
        """Change settings; programs that were made before do not know."""
        self.settings = dataclasses.replace(self.settings, **settings)
        self.site = Site(self.store, self.settings, self.chat)

    def program(self, **headers: str) -> Program:
        transport = FrontTransport(create_app(self.site), self.settings)
        client = httpx2.AsyncClient(transport=transport, base_url=ORIGIN)
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return Program(client, named)

    async def bot(self, username: str, **headers: str) -> Program:
        """Return a program with a new token of a user."""
        user = next(user for user in await self.store.users() if user.username == username)
        name = f"bot {len(await self.store.tokens.of(user.id))}"
        _, secret = await self.store.tokens.add(user.id, name, lifetime=None, most=100)
        return self.program(authorization=f"Bearer {secret}", **headers)

    async def page(self, username: str, **headers: str) -> Program:
        """Return a program in a page, with a session and the token of forms."""
        user = next(user for user in await self.store.users() if user.username == username)
        key = await self.store.start_session(user.id, lifetime=1000)
        cookie = f"sessionid={key}; csrftoken={CSRF}"
        return self.program(cookie=cookie, **{"x_csrftoken": CSRF, "origin": ORIGIN} | headers)

    async def enter(self, room_id: int, *members: Member) -> None:
        self.chat.inside[room_id] = list(members)

    async def log(self) -> list[AuditEntry]:
        """Return what was noted, the oldest first."""
        return (await self.store.audit.recent())[::-1]

    async def account(self, username: str) -> Account:
        (found,) = (await self.store.search_users(username)).items
        return found


@pytest.fixture
async def store() -> AsyncIterator[Store]:
    # Passwords are hashed as fast as can be: none of them is a secret.
    passwords = Passwords(memory_kib=8)
    async with Store.open("sqlite://", passwords=passwords, clock=lambda: 1_763_805_600) as store:
        await store.add_user("alice", "wonderland")
        await store.add_user("admin", "secret", is_staff=True)
        await store.add_room("Lobby")
        await store.add_room("<b>Тест</b> 😀")
        await store.add_room("Back office", staff_only=True)
        yield store


@pytest.fixture
def world(store: Store) -> World:
    return World(store, Settings())


@pytest.fixture
async def alice(world: World) -> Program:
    return await world.bot("alice")


@pytest.fixture
async def admin(world: World) -> Program:
    return await world.bot("admin")
