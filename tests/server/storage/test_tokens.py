"""Tokens: what bots show instead of logging in."""

import hashlib
from itertools import count

import pytest
import trio

from multichat_server.credentials import bearer
from multichat_server.storage import Actor, InvalidValue, NameTaken, NotFound, Store, TooMany, User
from multichat_server.storage.tables import tokens

from .conftest import Clock
from .raw import execute

NUMBERS = count()


@pytest.fixture
async def alice(store: Store) -> User:
    return await store.add_user("alice", "pw")


async def made(
    store: Store, user: User, name: str | None = None, lifetime: float | None = None
) -> str:
    if name is None:
        name = f"bot {next(NUMBERS)}"
    _, secret = await store.tokens.add(user.id, name, lifetime=lifetime, most=5)
    return secret


async def test_a_secret_speaks_for_its_user(store: Store, alice: User) -> None:
    secret = await made(store, alice)

    assert await store.tokens.user(secret) == alice
    assert await store.credential_user(bearer(secret)) == alice


async def test_secrets_are_long_and_can_be_told_from_other_texts(store: Store, alice: User) -> None:
    secrets = {await made(store, alice) for _ in range(5)}

    assert len(secrets) == 5
    assert {(secret[:4], len(secret)) for secret in secrets} == {("mct_", 47)}


async def test_the_database_knows_no_secret(store: Store, alice: User) -> None:
    secret = await made(store, alice)

    rows = await execute(store, tokens.select())

    assert [row.secret_hash for row in rows] == [hashlib.sha256(secret.encode()).hexdigest()]
    assert secret not in repr(rows)


@pytest.mark.parametrize(
    "secret", ["", "mct_", "\ud800", "\x00", "x" * 100_000], ids=lambda text: ascii(text)[:10]
)
async def test_any_other_secret_opens_nothing(store: Store, alice: User, secret: str) -> None:
    await made(store, alice)

    assert await store.tokens.user(secret) is None
    assert await store.credential_user(bearer(secret)) is None
    assert await store.live_credentials([bearer(secret)]) == set()


async def test_a_token_is_no_key_and_a_key_no_token(store: Store, alice: User) -> None:
    """A token that somebody puts into a browser's cookie opens no page."""
    secret = await made(store, alice)
    key = await store.start_session(alice.id, lifetime=60)

    assert await store.session_user(secret) is None
    assert await store.session_user(bearer(secret)) is None
    assert await store.credential_user(secret) is None
    assert await store.credential_user(bearer(key)) is None
    assert await store.live_credentials([secret, bearer(key)]) == set()


async def test_those_that_live_are_told_from_the_others(store: Store, alice: User) -> None:
    bob = await store.add_user("bob", "pw")
    secret, gone, bobs = [await made(store, user) for user in (alice, alice, bob)]
    key = await store.start_session(alice.id, lifetime=60)
    await store.tokens.revoke(alice.id, (await store.tokens.of(alice.id))[0].id)
    await store.change_user(bob.id, is_active=False)

    shown = {bearer(secret), bearer(gone), bearer(bobs), key, "unknown"}

    assert await store.live_credentials(shown) == {bearer(secret), key}
    assert await store.tokens.user(bobs) is None


async def test_a_token_runs_out(store: Store, alice: User, clock: Clock) -> None:
    secret = await made(store, alice, lifetime=60)
    clock.now += 59
    assert await store.tokens.user(secret) == alice

    clock.now += 1

    assert await store.tokens.user(secret) is None
    assert await store.live_credentials([bearer(secret)]) == set()


async def test_a_list_says_what_there_is(store: Store, alice: User, clock: Clock) -> None:
    begun = int(clock.now)
    first, _ = await store.tokens.add(alice.id, "  first ", lifetime=None, most=5)
    clock.now += 10
    second, secret = await store.tokens.add(alice.id, "second", lifetime=60, most=5)
    clock.now += 10

    await store.credentials_seen([bearer(secret), "a key", bearer("no token")])

    found = await store.tokens.of(alice.id)
    assert [token.id for token in found] == [second.id, first.id]
    assert [token.name for token in found] == ["second", "first"]
    assert [token.created_at for token in found] == [begun + 10, begun]
    assert [token.expires_at for token in found] == [begun + 70, None]
    assert [token.seen_at for token in found] == [begun + 20, None]


async def test_only_the_owner_revokes_a_token(store: Store, alice: User) -> None:
    bob = await store.add_user("bob", "pw")
    secret = await made(store, alice)
    (token,) = await store.tokens.of(alice.id)

    with pytest.raises(NotFound):
        await store.tokens.revoke(bob.id, token.id)
    assert await store.tokens.user(secret) == alice
    await store.tokens.revoke(alice.id, token.id)
    assert await store.tokens.user(secret) is None
    with pytest.raises(NotFound):
        await store.tokens.revoke(alice.id, token.id)


async def test_all_of_a_user_are_revoked_at_once(store: Store, alice: User) -> None:
    bob = await store.add_user("bob", "pw")
    secrets = [await made(store, alice), await made(store, alice)]
    bobs = await made(store, bob)

    assert await store.tokens.revoke_all(alice.id) == 2

    assert [await store.tokens.user(secret) for secret in secrets] == [None, None]
    assert await store.tokens.user(bobs) == bob
    assert await store.tokens.revoke_all(alice.id) == 0


async def test_they_go_with_their_user(store: Store, alice: User) -> None:
    secret = await made(store, alice)

    await store.delete_user(alice.id)

    assert await store.tokens.user(secret) is None
    assert await execute(store, tokens.select()) == []


async def test_a_new_password_leaves_them(store: Store, alice: User) -> None:
    """A bot goes on; who wants it to stop revokes its token."""
    secret = await made(store, alice)

    await store.change_user(alice.id, password="new")

    assert await store.tokens.user(secret) == alice


async def test_a_user_has_one_of_a_name(store: Store, alice: User) -> None:
    bob = await store.add_user("bob", "pw")
    await made(store, alice, "bot")
    await made(store, bob, "bot")

    with pytest.raises(NameTaken, match=r"^the user has a token bot already$"):
        await made(store, alice, " bot ")

    assert len(await store.tokens.of(alice.id)) == 1


@pytest.mark.parametrize("name", ["", " ", "\u200b", "\u3164"], ids=ascii)
async def test_a_name_can_be_seen(store: Store, alice: User, name: str) -> None:
    with pytest.raises(InvalidValue, match=r"^a token's name cannot be blank$"):
        await store.tokens.add(alice.id, name, lifetime=None, most=5)


async def test_a_user_has_only_so_many(store: Store, alice: User) -> None:
    for _ in range(5):
        await made(store, alice)

    with pytest.raises(TooMany, match="at most 5 tokens"):
        await made(store, alice)


async def test_nor_more_by_asking_twice_at_once(store: Store, alice: User) -> None:
    refused = 0

    async def add() -> None:
        nonlocal refused
        try:
            await made(store, alice)
        except TooMany:
            refused += 1

    async with trio.open_nursery() as nursery:
        for _ in range(8):
            nursery.start_soon(add)

    assert (refused, len(await store.tokens.of(alice.id))) == (3, 5)


@pytest.mark.parametrize(
    "name",
    ["", "  ", "x" * 101, "a\nb", "a\x00b", "\ud800"],
    ids=["empty", "blank", "long", "line", "nul", "surrogate"],
)
async def test_names_that_are_none(store: Store, alice: User, name: str) -> None:
    with pytest.raises(InvalidValue, match="token's name"):
        await made(store, alice, name)


@pytest.mark.parametrize("user_id", [0, -1, 99, 2**63])
async def test_a_user_who_is_not_there_has_none(store: Store, user_id: int) -> None:
    with pytest.raises(NotFound):
        await store.tokens.add(user_id, "bot", lifetime=None, most=5)
    with pytest.raises(NotFound):
        await store.tokens.revoke(user_id, 1)
    assert await store.tokens.of(user_id) == []
    assert await store.tokens.revoke_all(user_id) == 0


async def test_what_becomes_of_them_is_in_the_log(store: Store, alice: User) -> None:
    by = Actor.of(alice, "192.0.2.1")
    token, _ = await store.tokens.add(alice.id, "bot", lifetime=None, most=5, by=by)
    await store.tokens.revoke(alice.id, token.id, by=by)
    await made(store, alice, "other")
    await store.tokens.revoke_all(alice.id, by=by)

    assert [(entry.action, entry.subject) for entry in await store.audit.recent()] == [
        ("token.revoke", "other"),
        ("token.revoke", "bot"),
        ("token.add", "bot"),
    ]
