"""Sessions: keys that nobody can guess or read, and that end when they should."""

import hashlib

import pytest

from multichat_server.storage import NotFound, Store, User
from multichat_server.storage.tables import sessions

from .conftest import Clock
from .raw import execute


@pytest.fixture
async def alice(store: Store) -> User:
    return await store.add_user("alice", "pw")


async def test_a_key_opens_its_session(store: Store, alice: User) -> None:
    key = await store.start_session(alice.id, lifetime=60)

    assert await store.session_user(key) == alice


async def test_keys_are_long_and_never_the_same(store: Store, alice: User) -> None:
    keys = {await store.start_session(alice.id, lifetime=60) for _ in range(20)}

    assert len(keys) == 20
    assert {len(key) for key in keys} == {43}


async def test_the_database_knows_no_key(store: Store, alice: User) -> None:
    """A stolen copy of it must open nobody's session."""
    key = await store.start_session(alice.id, lifetime=60)

    rows = await execute(store, sessions.select())

    assert [row.key_hash for row in rows] == [hashlib.sha256(key.encode()).hexdigest()]
    assert key not in repr(rows)


@pytest.mark.parametrize("key", ["", "guess", "\ud800", "\x00", "x" * 100_000, "' OR 1=1 --"])
async def test_any_other_key_opens_nothing(store: Store, alice: User, key: str) -> None:
    await store.start_session(alice.id, lifetime=60)

    assert await store.session_user(key) is None
    assert await store.live_credentials([key]) == set()
    assert not await store.end_session(key)


async def test_the_stored_hash_is_no_key(store: Store, alice: User) -> None:
    key = await store.start_session(alice.id, lifetime=60)

    assert await store.session_user(hashlib.sha256(key.encode()).hexdigest()) is None


async def test_a_session_ends_when_its_time_is_up(store: Store, alice: User, clock: Clock) -> None:
    key = await store.start_session(alice.id, lifetime=60)

    clock.now += 59
    assert await store.session_user(key) == alice
    clock.now += 1
    assert await store.session_user(key) is None
    assert await store.live_credentials([key]) == set()


async def test_sessions_that_have_run_out_are_cleared_away(
    store: Store, alice: User, clock: Clock
) -> None:
    await store.start_session(alice.id, lifetime=60)
    last = await store.start_session(alice.id, lifetime=120)
    before = await store.revision()

    clock.now += 60
    new = await store.start_session(alice.id, lifetime=60)

    assert len(await execute(store, sessions.select())) == 2
    assert await store.live_credentials([last, new]) == {last, new}
    assert await store.revision() > before


async def test_an_ended_session_is_ended(store: Store, alice: User) -> None:
    key = await store.start_session(alice.id, lifetime=60)
    other = await store.start_session(alice.id, lifetime=60)

    assert await store.end_session(key)
    assert await store.session_user(key) is None
    assert await store.session_user(other) == alice
    assert not await store.end_session(key)


async def test_an_inactive_users_session_opens_nothing_until_it_is_active_again(
    store: Store, alice: User
) -> None:
    key = await store.start_session(alice.id, lifetime=60)

    await store.change_user("alice", is_active=False)
    assert await store.session_user(key) is None
    assert await store.live_credentials([key]) == set()

    await store.change_user("alice", is_active=True)
    assert await store.session_user(key) == alice
    assert await store.live_credentials([key]) == {key}


async def test_a_new_password_ends_the_users_sessions_and_nobody_elses(
    store: Store, alice: User
) -> None:
    """Whoever changes it because somebody else knows it wants that one out."""
    bob = await store.add_user("bob", "pw")
    hers = await store.start_session(alice.id, lifetime=60)
    his = await store.start_session(bob.id, lifetime=60)

    await store.change_user("alice", is_staff=True)
    assert await store.live_credentials([hers, his]) == {hers, his}
    await store.change_user("alice", password="new")
    assert await store.live_credentials([hers, his]) == {his}


async def test_a_deleted_users_sessions_are_gone(store: Store, alice: User) -> None:
    key = await store.start_session(alice.id, lifetime=60)

    await store.delete_user("alice")

    assert await store.session_user(key) is None
    assert await execute(store, sessions.select()) == []


@pytest.mark.parametrize("user_id", [99, 0, -1, 2**70])
async def test_nobody_gets_no_session(store: Store, user_id: int) -> None:
    with pytest.raises(NotFound, match=f"^there is no user with id {user_id}$"):
        await store.start_session(user_id, lifetime=60)


async def test_any_number_of_keys_can_be_asked_for_at_once(store: Store, alice: User) -> None:
    """A database takes only so many parameters a statement."""
    key = await store.start_session(alice.id, lifetime=60)
    keys = [f"key {number}" for number in range(35_000)]

    assert await store.live_credentials([*keys, key]) == {key}
