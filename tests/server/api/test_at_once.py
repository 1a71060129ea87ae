"""What a program changes is in force in the chat when it has its answer."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx2
import pytest

from multichat_proto.messages import MsgType
from multichat_server.server import Serving
from tests.server.engine.nodes import Peer
from tests.server.test_changes_at_once import NO_POLL, in_room_one
from tests.server.test_server import opened, serving, session

from .contract import check


@asynccontextmanager
async def program(running: Serving) -> AsyncIterator[httpx2.AsyncClient]:
    """A program of the admin's, over the network."""
    admin = next(user for user in await running.store.users() if user.is_staff)
    _, secret = await running.store.tokens.add(admin.id, "bot", lifetime=None, most=9)
    async with httpx2.AsyncClient(
        base_url=f"{running.url}/api/v1",
        headers={"authorization": f"Bearer {secret}"},
    ) as client:
        yield client


async def ask(client: httpx2.AsyncClient, method: str, path: str, json: Any = None) -> Any:
    response = await client.request(method, path, json=json)
    check(response.request, response)
    assert response.is_success, response.text
    return response.json() if response.content else None


@pytest.mark.parametrize(
    ("method", "path", "json", "frame"),
    [
        ("PATCH", "/rooms/1", {"staff_only": True}, {"leave": "1"}),
        ("DELETE", "/rooms/1", None, {"leave": "1"}),
        ("PATCH", "/users/{alice}", {"is_active": False}, {"leave": "1"}),
        ("DELETE", "/users/{alice}", None, {"leave": "1"}),
        ("PATCH", "/users/{alice}", {"password": "looking-glass"}, (1008, "the session has ended")),
    ],
    ids=["staff-only", "room-deleted", "deactivated", "user-deleted", "password"],
)
async def test_a_change_acts_when_it_is_answered(
    method: str, path: str, json: Any, frame: object
) -> None:
    """MC1-REVOKE-01, -05, -06: what a program changes, as what a page changes."""
    async with serving(**NO_POLL) as running, opened(running) as alice, program(running) as admin:
        await in_room_one(alice, key=await session(running, "alice"))
        user = next(each for each in await running.store.users() if each.username == "alice")

        await ask(admin, method, path.format(alice=user.id), json)

        assert await alice.frame() == frame


async def test_a_room_can_be_joined_as_soon_as_it_is_added() -> None:
    async with serving(**NO_POLL) as running, opened(running) as alice, program(running) as admin:
        await in_room_one(alice, key=await session(running, "alice"))

        added = await ask(admin, "POST", "/rooms", {"title": "Kitchen"})

        await alice.join(added["id"])


async def members(admin: httpx2.AsyncClient) -> list[tuple[str, str]]:
    found = await ask(admin, "GET", "/rooms/1/members")
    return [(member["username"], member["connection"]) for member in found["members"]]


async def test_members_are_seen_hear_announcements_and_are_put_out() -> None:
    async with serving(**NO_POLL) as running, opened(running) as alice, program(running) as admin:
        assert await members(admin) == []
        await in_room_one(alice, key=await session(running, "alice"))
        ((name, connection),) = await members(admin)
        assert name == "alice"

        said = {"msg_type": MsgType.ALERT, "message": "Closing <soon>"}
        assert await ask(admin, "POST", "/rooms/1/announcements", said) == {"delivered_to": 1}
        await expect_announcement(alice)
        await ask(admin, "DELETE", f"/rooms/1/members/{connection}")

        assert await alice.frame() == {"leave": "1"}
        assert await members(admin) == []


async def expect_announcement(alice: Peer) -> None:
    frame = await alice.frame()

    assert isinstance(frame, dict)
    assert (frame["msg_type"], frame["message"]) == (MsgType.ALERT, "Closing <soon>")


@pytest.mark.parametrize(
    ("proxies", "address"),
    [((), "127.0.0.1"), (("127.0.0.0/8",), "192.0.2.7")],
    ids=["direct", "by-a-proxy"],
)
async def test_the_log_says_from_where_a_program_asks(
    proxies: tuple[str, ...], address: str
) -> None:
    async with serving(trusted_proxies=proxies) as running, program(running) as admin:
        admin.headers["x-forwarded-for"] = "198.51.100.1, 192.0.2.7"

        await ask(admin, "DELETE", "/rooms/1")

        (entry,) = await running.store.audit.recent()
        assert (entry.actor, entry.action, entry.address) == ("staff", "room.delete", address)
