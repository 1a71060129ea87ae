"""Sessions: keys that nobody can guess or read, and that end when they should."""

import hashlib

import pytest

from multichat_server.storage import Actor, Client, NotFound, Store, User
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


BROWSER = Client("192.0.2.1", "Browser/1.0 (X; \x00\ud800)" + "x" * 400)


async def test_its_owner_sees_where_it_was_started(store: Store, alice: User, clock: Clock) -> None:
    begun = int(clock.now)
    key = await store.start_session(alice.id, lifetime=60, client=BROWSER)

    (session,) = await store.sessions_of(alice.id)

    assert session.id == store.session_id(key)
    assert (session.user_id, session.address) == (alice.id, "192.0.2.1")
    assert session.user_agent == ("Browser/1.0 (X; )" + "x" * 400)[:298]
    assert (session.started_at, session.seen_at, session.expires_at) == (begun, begun, begun + 60)
    assert (await store.user(alice.id)).last_login_at == begun


async def test_an_id_is_no_key(store: Store, alice: User) -> None:
    await store.start_session(alice.id, lifetime=60)
    (session,) = await store.sessions_of(alice.id)

    assert await store.session_user(session.id) is None


async def test_the_last_used_comes_first(store: Store, alice: User, clock: Clock) -> None:
    bob = await store.add_user("bob", "pw")
    first = await store.start_session(alice.id, lifetime=600)
    clock.now += 10
    second = await store.start_session(alice.id, lifetime=100)
    await store.start_session(bob.id, lifetime=600)

    def ids(*keys: str) -> list[str]:
        return [store.session_id(key) for key in keys]

    async def listed() -> list[str]:
        return [session.id for session in await store.sessions_of(alice.id)]

    assert await listed() == ids(second, first)
    clock.now += 10
    await store.credentials_seen([first, "unknown"])
    assert await listed() == ids(first, second)
    clock.now += 100
    assert await listed() == ids(first)


async def test_one_can_be_ended_by_its_id(store: Store, alice: User) -> None:
    bob = await store.add_user("bob", "pw")
    key = await store.start_session(alice.id, lifetime=60)
    other = await store.start_session(alice.id, lifetime=60)
    by = Actor.of(alice)

    assert not await store.end_session_by_id(bob.id, store.session_id(key), by=by)
    assert not await store.end_session_by_id(alice.id, "unknown", by=by)
    assert await store.end_session_by_id(alice.id, store.session_id(key), by=by)

    assert await store.session_user(key) is None
    assert await store.session_user(other) == alice
    (entry,) = await store.audit.recent()
    assert (entry.action, entry.subject, entry.details) == (
        "user.sessions_end",
        "alice",
        {"ended": 1},
    )


@pytest.mark.parametrize("keeps_one", [False, True])
async def test_all_can_be_ended_but_one(store: Store, alice: User, keeps_one: bool) -> None:
    bob = await store.add_user("bob", "pw")
    kept, *others = [await store.start_session(alice.id, lifetime=60) for _ in range(3)]
    bobs = await store.start_session(bob.id, lifetime=60)

    ended = await store.end_sessions(alice.id, except_key=kept if keeps_one else None)

    assert ended == (2 if keeps_one else 3)
    assert (await store.session_user(kept) == alice) is keeps_one
    assert [await store.session_user(key) for key in others] == [None, None]
    assert await store.session_user(bobs) == bob


async def test_ending_them_is_a_change_that_servers_notice(store: Store, alice: User) -> None:
    await store.start_session(alice.id, lifetime=60)
    before = await store.revision()

    assert await store.end_sessions(alice.id) == 1
    after = await store.revision()
    assert after > before
    assert await store.end_sessions(alice.id) == 0
    assert await store.revision() == after


@pytest.mark.parametrize("user_id", [0, 99, 2**63])
async def test_a_user_who_is_not_there_has_none(store: Store, user_id: int) -> None:
    assert await store.sessions_of(user_id) == []
    assert await store.end_sessions(user_id) == 0
    assert not await store.end_session_by_id(user_id, "x")
