"""Two requests for the same change at once, in two processes' stores: nothing is corrupted."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, suppress
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
import trio

from multichat_server.passwords import Passwords
from multichat_server.storage import Actor, Client, NameTaken, Store, StoreError, Verified
from multichat_server.storage.importing import ImportPlan, NewUser, import_accounts
from multichat_server.storage.records import RoomRecord
from multichat_server.storage.tables import sessions, tokens
from tests.server.django_import.made import HASH, PASSWORD
from tests.server.storage.raw import execute
from tests.support.postgresql import Cluster, postgresql

__all__ = ["postgresql"]

BY = Actor(1, "dave")
ROUNDS = 8
Change = Callable[[Store], Awaitable[Any]]


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)])
async def stores(
    request: pytest.FixtureRequest, tmp_path: Path
) -> AsyncIterator[tuple[Store, Store]]:
    """The same database, as two processes have it."""
    url = f"sqlite:///{tmp_path / 'chat.sqlite3'}"
    if request.param == "postgresql":
        cluster: Cluster = request.getfixturevalue("postgresql")
        url = cluster.new_database()
    async with AsyncExitStack() as stack:
        one, other = [
            await stack.enter_async_context(Store.open(url, passwords=Passwords(memory_kib=8)))
            for _ in range(2)
        ]
        yield one, other


async def at_once(stores: tuple[Store, Store], one: Change, other: Change) -> list[str]:
    """Carry out two changes, each in a store of its own; return what each came to."""
    outcomes = ["", ""]

    async def carry_out(number: int, change: Change) -> None:
        try:
            await change(stores[number])
        except StoreError as exc:
            outcomes[number] = type(exc).__name__
        else:
            outcomes[number] = "done"

    async with trio.open_nursery() as nursery:
        nursery.start_soon(carry_out, 0, one)
        nursery.start_soon(carry_out, 1, other)
    return outcomes


async def story(store: Store) -> list[str]:
    """Return what the audit log says, the oldest first."""
    return [f"{e.action} {e.subject}" for e in reversed(await store.audit.recent(limit=1000))]


async def test_one_of_two_users_of_a_name_is_added(stores: tuple[Store, Store]) -> None:
    for number in range(ROUNDS):
        name = f"user{number}"

        def add(store: Store, name: str = name) -> Awaitable[Any]:
            return store.add_user(name, "pw", by=BY)

        assert sorted(await at_once(stores, add, add)) == ["NameTaken", "done"]

    names = [f"user{number}" for number in range(ROUNDS)]
    assert [user.username for user in await stores[0].users()] == names
    assert await story(stores[1]) == [f"user.add {name}" for name in names]


async def test_one_of_two_rooms_of_a_number_is_added(stores: tuple[Store, Store]) -> None:
    for number in range(1, ROUNDS):

        def add(store: Store, number: int = number) -> Awaitable[Any]:
            return store.add_room("x", room_id=number, by=BY)

        assert sorted(await at_once(stores, add, add)) == ["NameTaken", "done"]

    assert len(await story(stores[0])) == ROUNDS - 1
    assert (await stores[0].add_room("next")).id == ROUNDS


async def new_user(store: Store, name: str = "old") -> tuple[Change, Change]:
    """Add a user; return what renames and what deletes it."""
    user = await store.add_user(name, "pw")
    return (
        lambda store: store.change_user(user.id, new_username="new", by=BY),
        lambda store: store.delete_user(user.id, by=BY),
    )


async def new_room(store: Store) -> tuple[Change, Change]:
    """Add a room; return what renames and what deletes it."""
    room = await store.add_room("old")
    return (
        lambda store: store.change_room(room.id, title="new", by=BY),
        lambda store: store.delete_room(room.id, by=BY),
    )


NEW = pytest.mark.parametrize(("what", "new"), [("user", new_user), ("room", new_room)])


@NEW
async def test_one_of_two_deletes(
    stores: tuple[Store, Store], what: str, new: Callable[[Store], Awaitable[tuple[Change, Change]]]
) -> None:
    for _ in range(ROUNDS):
        _rename, delete = await new(stores[0])

        assert sorted(await at_once(stores, delete, delete)) == ["NotFound", "done"]

    assert await story(stores[0]) == [f"{what}.delete old"] * ROUNDS


async def test_one_of_two_revokes_a_token(stores: tuple[Store, Store]) -> None:
    user = await stores[0].add_user("alice", "pw")
    for _ in range(ROUNDS):
        token, _secret = await stores[0].tokens.add(user.id, "bot", lifetime=None, most=1)

        def revoke(store: Store, token_id: int = token.id) -> Awaitable[Any]:
            return store.tokens.revoke(user.id, token_id, by=BY)

        assert sorted(await at_once(stores, revoke, revoke)) == ["NotFound", "done"]


@NEW
async def test_a_rename_against_a_delete(
    stores: tuple[Store, Store], what: str, new: Callable[[Store], Awaitable[tuple[Change, Change]]]
) -> None:
    """Either order is right; in both it is gone, and the log tells that order."""
    for _ in range(ROUNDS):
        before = len(await story(stores[0]))

        outcomes = await at_once(stores, *await new(stores[0]))

        told = (await story(stores[0]))[before:]
        assert (outcomes, told) in (
            (["done", "done"], [f"{what}.change old", f"{what}.delete new"]),
            (["NotFound", "done"], [f"{what}.delete old"]),
        )
        assert (await stores[1].users(), await stores[1].rooms()) == ([], [])


def renaming(user_id: int, name: str) -> Change:
    return lambda store: store.change_user(user_id, new_username=name, by=BY)


async def test_one_of_two_gets_a_new_name(stores: tuple[Store, Store]) -> None:
    for number in range(ROUNDS):
        ids = [(await stores[0].add_user(f"{x}{number}", "pw")).id for x in "ab"]
        name = f"wanted{number}"

        outcomes = await at_once(stores, renaming(ids[0], name), renaming(ids[1], name))

        assert sorted(outcomes) == ["NameTaken", "done"]


async def test_a_login_against_a_delete_leaves_no_session_behind(
    stores: tuple[Store, Store],
) -> None:
    for _ in range(ROUNDS):
        user = await stores[0].add_user("alice", "pw")

        outcomes = await at_once(
            stores,
            partial(Store.start_session, who=user.id, lifetime=600),
            partial(Store.delete_user, who=user.id, by=BY),
        )

        assert outcomes in (["done", "done"], ["NotFound", "done"])
        assert await execute(stores[0], sa.select(sessions.c.user_id)) == []


async def test_two_first_logins_after_an_import_both_succeed(stores: tuple[Store, Store]) -> None:
    """Each has a better hash to store; one of them stays."""
    for number in range(3):
        user = NewUser(f"user{number}", HASH, is_staff=False, is_active=True)
        await import_accounts(stores[0], ImportPlan("django", [user], []), by=BY)
        found: list[object] = []

        async def log_in(store: Store, name: str = user.username, to: list[object] = found) -> None:
            to.append(await store.check_password(name, PASSWORD))

        assert await at_once(stores, log_in, log_in) == ["done", "done"]
        assert len(found) == 2
        assert None not in found
        assert await stores[0].check_password(user.username, PASSWORD)


async def test_the_last_token_that_one_may_have_is_given_once(stores: tuple[Store, Store]) -> None:
    user = await stores[0].add_user("alice", "pw")

    def adding(name: str) -> Change:
        return lambda store: store.tokens.add(user.id, name, lifetime=None, most=1, by=BY)

    for _ in range(ROUNDS):
        outcomes = await at_once(stores, adding("one"), adding("other"))
        assert sorted(outcomes) == ["TooMany", "done"]
        assert len(await execute(stores[0], sa.select(tokens.c.id))) == 1
        await stores[0].tokens.revoke_all(user.id)


async def test_a_form_that_is_sent_twice_makes_one_token(stores: tuple[Store, Store]) -> None:
    """Two of one name could not be told apart, and only one secret is seen."""
    user = await stores[0].add_user("alice", "pw")

    def add(store: Store) -> Awaitable[Any]:
        return store.tokens.add(user.id, " bot", lifetime=None, most=9, by=BY)

    for _ in range(ROUNDS):
        assert sorted(await at_once(stores, add, add)) == ["NameTaken", "done"]
        (token,) = await stores[0].tokens.of(user.id)
        await stores[0].tokens.revoke(user.id, token.id)


async def test_a_password_and_a_flag_changed_at_once_are_both_changed(
    stores: tuple[Store, Store],
) -> None:
    for number in range(ROUNDS):
        user = await stores[0].add_user(f"user{number}", "old")

        outcomes = await at_once(
            stores,
            partial(Store.change_user, who=user.id, password="new", by=BY),
            partial(Store.change_user, who=user.id, is_staff=True, by=BY),
        )

        assert outcomes == ["done", "done"]
        changed = await stores[1].check_password(f"user{number}", "new")
        assert changed is not None
        assert changed.user.is_staff


async def test_an_import_against_a_hand_that_adds_the_same(stores: tuple[Store, Store]) -> None:
    """Each is there once, and either the one who imports or the one who adds is told so."""
    for number in range(ROUNDS):
        first = 10 * number + 1
        names = [f"user{first + each}" for each in range(5)]
        plan = ImportPlan(
            "django",
            [NewUser(name, "!", is_staff=False, is_active=True) for name in names],
            [RoomRecord(first + each, "room", staff_only=False) for each in range(5)],
        )

        async def add_by_hand(store: Store, first: int = first, names: list[str] = names) -> None:
            for each in (4, 0):
                for adding in (
                    store.add_user(names[each], "pw"),
                    store.add_room("room", room_id=first + each),
                ):
                    with suppress(NameTaken):
                        await adding

        outcomes = await at_once(
            stores,
            partial(import_accounts, plan=plan, by=BY),
            add_by_hand,
        )

        assert outcomes == ["done", "done"]
        assert {user.username for user in await stores[0].users()} >= set(names)
    assert len(await stores[0].users()) == len(await stores[0].rooms()) == 5 * ROUNDS
    assert (await stores[0].add_room("next")).id == 10 * (ROUNDS - 1) + 6


async def test_a_login_against_a_reset_of_the_password_leaves_no_session_behind(
    stores: tuple[Store, Store],
) -> None:
    """Either the login is refused, or its session is one of those that the reset has ended."""
    user = await stores[0].add_user("alice", "old")
    for _ in range(ROUNDS):
        verified = await stores[0].check_password("alice", "old")
        assert verified is not None

        outcomes = await at_once(
            stores,
            partial(Store.start_session, who=verified, lifetime=600),
            # The same once more is a reset, too.
            partial(Store.change_user, who=user.id, password="old", by=BY),
        )

        assert outcomes in (["done", "done"], ["PasswordChanged", "done"])
        assert await stores[1].sessions_of(user.id) == []


async def test_of_two_new_passwords_by_the_same_old_one_there_is_one(
    stores: tuple[Store, Store],
) -> None:
    user = await stores[0].add_user("alice", "0")
    password = "0"
    for number in range(ROUNDS):
        verified = await stores[0].check_password("alice", password)
        assert verified is not None
        keys: dict[str, str] = {}

        def change(new: str, verified: Verified = verified, to: dict[str, str] = keys) -> Change:
            async def run(store: Store) -> None:
                to[new] = await store.change_password(
                    verified, new, lifetime=600, client=Client(), by=BY
                )

            return run

        outcomes = await at_once(stores, change(f"{number} one"), change(f"{number} other"))

        assert sorted(outcomes) == ["PasswordChanged", "done"]
        ((password, key),) = keys.items()
        assert await stores[1].session_user(key) == user
        assert len(await stores[1].sessions_of(user.id)) == 1


ENDS: dict[str, Callable[[Verified], Change]] = {
    "everywhere": lambda verified: partial(
        Store.end_sessions, user_id=verified.user.id, revoke_tokens=True, by=BY
    ),
    "own-password": lambda verified: partial(
        Store.change_password,
        verified=verified,
        password="old",
        lifetime=600,
        client=Client(),
        revoke_tokens=True,
        by=BY,
    ),
    "reset": lambda verified: partial(
        Store.change_user, who=verified.user.id, password="old", revoke_tokens=True, by=BY
    ),
}


@pytest.mark.parametrize("end", ENDS.values(), ids=ENDS)
async def test_the_end_of_everything_leaves_no_token_behind(
    stores: tuple[Store, Store], end: Callable[[Verified], Change]
) -> None:
    """A stolen session makes tokens until it has ended, and none of them outlives it."""
    user = await stores[0].add_user("alice", "old")
    for _ in range(ROUNDS):
        key = await stores[0].start_session(user.id, lifetime=600)
        thief = Actor.of(user, credential=key)
        verified = await stores[0].check_password("alice", "old")
        assert verified is not None

        async def steal(store: Store, by: Actor = thief) -> None:
            for number in count():
                await store.tokens.add(user.id, f"{number}", lifetime=None, most=1000, by=by)

        outcomes = await at_once(stores, steal, end(verified))

        assert outcomes == ["RightsChanged", "done"]
        assert await execute(stores[1], sa.select(tokens.c.id)) == []
