"""The revision: grows with every change that a server may have in memory, and with no other."""

from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from multichat_server.storage import Store, StoreError

Change = Callable[[Store], Awaitable[object]]


@pytest.fixture
async def filled(store: Store) -> Store:
    await store.add_user("alice", "pw")
    await store.add_user("bob", "pw")
    await store.add_room("general")
    return store


async def end_a_session(store: Store) -> None:
    await store.end_session(await store.start_session(1, lifetime=60))


@pytest.mark.parametrize(
    "change",
    [
        lambda s: s.add_user("carol", "pw"),
        lambda s: s.change_user("alice", new_username="al"),
        lambda s: s.change_user("alice", is_staff=True),
        lambda s: s.change_user("alice", is_active=False),
        lambda s: s.change_user("alice", password="new"),
        lambda s: s.delete_user("alice"),
        lambda s: s.add_room("second"),
        lambda s: s.change_room(1, title="renamed"),
        lambda s: s.change_room(1, staff_only=True),
        lambda s: s.delete_room(1),
        end_a_session,
    ],
)
async def test_a_change_makes_it_grow(filled: Store, change: Change) -> None:
    before = await filled.revision()

    await change(filled)

    assert await filled.revision() > before


@pytest.mark.parametrize(
    "look",
    [
        lambda s: s.users(),
        lambda s: s.users_by_id([1]),
        lambda s: s.rooms(),
        lambda s: s.check_password("alice", "pw"),
        lambda s: s.start_session(1, lifetime=60),
        lambda s: s.session_user("none"),
        lambda s: s.end_session("none"),
        lambda s: s.live_credentials(["none"]),
        lambda s: s.change_user("alice"),
        lambda s: s.change_room(1),
    ],
)
async def test_looking_does_not(filled: Store, look: Change) -> None:
    before = await filled.revision()

    await look(filled)

    assert await filled.revision() == before


@pytest.mark.parametrize(
    "failure",
    [
        lambda s: s.add_user("alice", "pw"),
        lambda s: s.change_user("alice", new_username="bob"),
        lambda s: s.delete_user("nobody"),
        lambda s: s.add_room("again", room_id=1),
        lambda s: s.delete_room(9),
        lambda s: s.start_session(9, lifetime=60),
    ],
)
async def test_a_change_that_fails_does_not(filled: Store, failure: Change) -> None:
    before = await filled.revision()

    with pytest.raises(StoreError):
        await failure(filled)

    assert await filled.revision() == before


async def test_it_grows_with_what_another_process_does(tmp_path: Path) -> None:
    """A server learns from it what an administrator does beside it."""
    url = f"sqlite:///{tmp_path / 'chat.sqlite3'}"
    async with Store.open(url) as server, Store.open(url) as administrator:
        before = await server.revision()

        await administrator.add_room("general")

        assert await server.revision() > before
        assert [room.title for room in await server.rooms()] == ["general"]
