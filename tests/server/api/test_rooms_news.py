"""The list of rooms with `after`: the answer comes when there is another one."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import httpx2
import pytest
import trio

from multichat_server.server import Serving
from multichat_server.storage import Store
from tests.server.test_changes_at_once import NO_POLL, in_room_one, site_of
from tests.server.test_server import opened, serving, session

from .contract import check

Change = Callable[[Store], Awaitable[object]]


@asynccontextmanager
async def page(running: Serving, username: str = "alice") -> AsyncIterator[httpx2.AsyncClient]:
    cookies = {"sessionid": await session(running, username)}
    async with httpx2.AsyncClient(base_url=running.url, cookies=cookies, timeout=60) as client:
        yield client


async def rooms(client: httpx2.AsyncClient, after: str = "", status: int = 200) -> Any:
    response = await client.get("/api/v1/rooms", params={"after": after} if after else None)
    check(response.request, response)
    assert response.status_code == status, response.text
    return response.json()


def waiting(running: Serving) -> int:
    """Return how many requests wait for news."""
    return running.engine.next_change.statistics().tasks_waiting


async def some_wait(running: Serving, count: int = 1) -> None:
    """Return when so many requests wait."""
    while waiting(running) != count:
        await trio.lowlevel.checkpoint()


TITLES: dict[str, tuple[Change, list[str]]] = {
    "added": (lambda s: s.add_room("Attic"), ["Attic", "room 1", "room 2"]),
    "renamed": (lambda s: s.change_room(1, title="Hall"), ["Hall", "room 2"]),
    "staff-only": (lambda s: s.change_room(1, staff_only=True), ["room 2"]),
    "deleted": (lambda s: s.delete_room(1), ["room 2"]),
}


@pytest.mark.parametrize(("change", "titles"), TITLES.values(), ids=list(TITLES))
async def test_a_change_of_a_room_is_told_at_once(change: Change, titles: list[str]) -> None:
    async with serving(**NO_POLL) as running, page(running) as alice:
        before = await rooms(alice)
        async with trio.open_nursery() as nursery:
            got: list[Any] = []

            async def ask() -> None:
                got.append(await rooms(alice, before["revision"]))

            nursery.start_soon(ask)
            await some_wait(running)
            assert got == []
            await change(running.store)
            await site_of(running).changed()

    assert [room["title"] for room in got[0]["rooms"]] == titles
    assert got[0]["revision"] != before["revision"]


@pytest.mark.parametrize(
    ("change", "username", "titles"),
    [
        (lambda s: s.change_user("alice", new_username="alicia"), "alicia", ["room 1", "room 2"]),
        (
            lambda s: s.change_user("alice", is_staff=True),
            "alice",
            ["room 1", "room 2", "staff room"],
        ),
    ],
    ids=["renamed", "promoted"],
)
async def test_who_is_connected_hears_of_the_own_name_and_rights(
    change: Change, username: str, titles: list[str]
) -> None:
    async with serving(**NO_POLL) as running, page(running) as alice, opened(running) as peer:
        await in_room_one(peer, key=alice.cookies["sessionid"])
        before = await rooms(alice)
        async with trio.open_nursery() as nursery:
            got: list[Any] = []

            async def ask() -> None:
                got.append(await rooms(alice, before["revision"]))

            nursery.start_soon(ask)
            await some_wait(running)
            await change(running.store)
            await site_of(running).changed()

    assert got[0]["username"] == username
    assert [room["title"] for room in got[0]["rooms"]] == titles


async def test_what_concerns_nobody_here_wakes_nobody() -> None:
    async with serving(**NO_POLL) as running, page(running) as alice:
        before = await rooms(alice)
        async with trio.open_nursery() as nursery:

            async def ask() -> None:
                await rooms(alice, before["revision"])
                pytest.fail("it was answered")

            nursery.start_soon(ask)
            await some_wait(running)
            await running.store.add_user("carol", "builder")
            await running.store.change_user("staff", new_username="chief")
            await site_of(running).changed()
            assert waiting(running) == 1
            nursery.cancel_scope.cancel()


async def test_another_revision_is_answered_at_once() -> None:
    async with serving(**NO_POLL) as running, page(running) as alice:
        assert await rooms(alice, "older") == await rooms(alice)


async def test_a_session_that_ended_meanwhile_sees_nothing() -> None:
    async with serving(**NO_POLL) as running, page(running) as alice:
        before = await rooms(alice)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(rooms, alice, before["revision"], 401)
            await some_wait(running)
            await running.store.end_sessions(1)
            await running.store.add_room("Attic")
            await site_of(running).changed()


async def test_a_stop_does_not_wait_for_it_and_it_is_answered() -> None:
    async with serving(**NO_POLL, shutdown_grace=9) as running, page(running) as alice:
        before = await rooms(alice)
        async with trio.open_nursery() as nursery:
            got: list[Any] = []

            async def ask() -> None:
                got.append(await rooms(alice, before["revision"]))

            nursery.start_soon(ask)
            await some_wait(running)
            running.stop()

    assert got == [before]


async def test_the_wait_ends_with_its_client() -> None:
    async with serving(**NO_POLL) as running, page(running) as alice:
        before = await rooms(alice)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(rooms, alice, before["revision"])
            await some_wait(running)
            nursery.cancel_scope.cancel()

        await some_wait(running, 0)
