"""What was verified and what is then done are one: who lost his rights on the way does nothing."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import pytest

from multichat_server.credentials import bearer
from multichat_server.storage import (
    Actor,
    Client,
    NotFound,
    PasswordChanged,
    RightsChanged,
    RoomRecord,
    Store,
    Token,
    User,
    Verified,
)
from multichat_server.storage.tables import sessions, users

from .raw import execute

PASSWORD = "pw"
HERE = Client("192.0.2.1", "Browser/1.0")


@dataclass
class World:
    """An admin with a session and a token; bob, who has both, too; a room."""

    store: Store
    admin: User
    bob: User
    room: RoomRecord
    key: str
    secret: str
    bobs: Token

    def by(self, credential: str) -> Actor:
        return Actor.of(self.admin, "192.0.2.1", credential=credential)


@pytest.fixture
async def world(store: Store) -> World:
    admin = await store.add_user("admin", "pw", is_staff=True)
    bob = await store.add_user("bob", "pw")
    _, secret = await store.tokens.add(admin.id, "bot", lifetime=None, most=5)
    bobs, _ = await store.tokens.add(bob.id, "bot", lifetime=None, most=5)
    await store.start_session(bob.id, lifetime=60)
    key = await store.start_session(admin.id, lifetime=60)
    return World(store, admin, bob, await store.add_room("general"), key, secret, bobs)


Change = Callable[[World, Actor], Awaitable[Any]]
CHANGES: dict[str, Change] = {
    "add-user": lambda w, by: w.store.add_user("eve", "pw", is_staff=True, by=by),
    "rename-user": lambda w, by: w.store.change_user(w.bob.id, new_username="eve", by=by),
    "set-password": lambda w, by: w.store.change_user(w.bob.id, password="new", by=by),
    "make-staff": lambda w, by: w.store.change_user(w.bob.id, is_staff=True, by=by),
    "delete-user": lambda w, by: w.store.delete_user(w.bob.id, by=by),
    "add-room": lambda w, by: w.store.add_room("x", by=by),
    "change-room": lambda w, by: w.store.change_room(w.room.id, title="x", by=by),
    "delete-room": lambda w, by: w.store.delete_room(w.room.id, by=by),
    "end-session": lambda w, by: _end_one_of_bobs(w, by),
    "end-sessions": lambda w, by: w.store.end_sessions(w.bob.id, revoke_tokens=True, by=by),
    "add-token": lambda w, by: w.store.tokens.add(w.admin.id, "x", lifetime=None, most=9, by=by),
    "revoke-token": lambda w, by: w.store.tokens.revoke(w.bob.id, w.bobs.id, by=by),
    "revoke-tokens": lambda w, by: w.store.tokens.revoke_all(w.bob.id, by=by),
    "own-password": lambda w, by: _change_own_password(w, by),
}


async def _end_one_of_bobs(world: World, by: Actor) -> bool:
    (session,) = await world.store.sessions_of(world.bob.id)
    return await world.store.end_session_by_id(world.bob.id, session.id, by=by)


async def _change_own_password(world: World, by: Actor) -> str:
    # The hash as it is, so that nothing but the rights can be what is missing.
    rows = await execute(world.store, users.select().where(users.c.id == world.admin.id))
    verified = Verified(world.admin, rows[0].password)
    return await world.store.change_password(verified, "new", lifetime=60, client=HERE, by=by)


Loss = Callable[[World], Awaitable[Any]]
LOSSES: dict[str, Loss] = {
    "logged-out": lambda w: w.store.end_session(w.key),
    "ended-by-id": lambda w: w.store.end_session_by_id(w.admin.id, w.store.session_id(w.key)),
    "ended-with-all": lambda w: w.store.end_sessions(w.admin.id, revoke_tokens=True),
    "password-reset": lambda w: w.store.change_user("admin", password="b", revoke_tokens=True),
    "inactive": lambda w: w.store.change_user("admin", is_active=False),
    "no-staff": lambda w: w.store.change_user("admin", is_staff=False),
    "deleted": lambda w: w.store.delete_user("admin"),
}


async def everything(store: Store) -> list[object]:
    """Return all that the changes could change."""
    return [
        await execute(store, users.select().order_by(users.c.id)),
        await execute(store, sessions.select().order_by(sessions.c.key_hash)),
        [await store.tokens.of(user.id) for user in await store.users()],
        await store.rooms(),
        await store.audit.recent(),
        await store.revision(),
    ]


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
async def test_whoever_has_the_rights_does_it(world: World, change: Change) -> None:
    before = await everything(world.store)

    await change(world, world.by(world.key))

    assert await everything(world.store) != before


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
async def test_a_session_that_has_ended_does_nothing_any_more(world: World, change: Change) -> None:
    await world.store.end_session(world.key)
    before = await everything(world.store)

    with pytest.raises(RightsChanged, match=r"^the session or token has ended$"):
        await change(world, world.by(world.key))

    assert await everything(world.store) == before


@pytest.mark.parametrize("loss", LOSSES.values(), ids=LOSSES)
async def test_whatever_takes_the_rights_takes_them_at_once(world: World, loss: Loss) -> None:
    await loss(world)
    before = await everything(world.store)

    with pytest.raises(RightsChanged):
        await world.store.add_user("eve", "pw", by=world.by(world.key))

    assert await everything(world.store) == before


@pytest.mark.parametrize("loss", ["token-revoked", "ended-with-all", "no-staff"])
async def test_a_token_that_has_lost_its_rights_does_nothing(world: World, loss: str) -> None:
    by = world.by(bearer(world.secret))
    await world.store.add_room("by a bot", by=by)
    match loss:
        case "token-revoked":
            (token,) = await world.store.tokens.of(world.admin.id)
            await world.store.tokens.revoke(world.admin.id, token.id)
        case _:
            await LOSSES[loss](world)

    with pytest.raises(RightsChanged):
        await world.store.add_room("too late", by=by)

    assert [room.title for room in await world.store.rooms()] == ["by a bot", "general"]


async def test_nobody_acts_by_somebody_elses_session(world: World) -> None:
    bobs = await world.store.start_session(world.bob.id, lifetime=60)

    with pytest.raises(RightsChanged):
        await world.store.add_room("x", by=world.by(bobs))


async def test_who_has_become_staff_may_still_do_what_he_may(world: World) -> None:
    key = await world.store.start_session(world.bob.id, lifetime=60)
    by = Actor.of(world.bob, credential=key)
    await world.store.change_user("bob", is_staff=True)

    await world.store.tokens.add(world.bob.id, "x", lifetime=None, most=5, by=by)


async def test_a_credential_is_not_in_what_is_logged_of_an_actor(world: World) -> None:
    assert world.key not in repr(world.by(world.key))


# A password that was verified


async def verified(store: Store, password: str = PASSWORD) -> Verified:
    found = await store.check_password("bob", password)
    assert found is not None
    return found


async def test_a_password_that_holds_opens_a_session(world: World) -> None:
    key = await world.store.start_session(await verified(world.store), lifetime=60, client=HERE)

    assert await world.store.session_user(key) == world.bob


@pytest.mark.parametrize(
    "change",
    [
        lambda s: s.change_user("bob", password="new"),
        lambda s: s.change_user("bob", password="pw"),
        lambda s: s.change_user("bob", is_active=False),
        lambda s: s.delete_user("bob"),
    ],
    ids=["another", "the-same-anew", "inactive", "deleted"],
)
async def test_a_password_that_was_reset_meanwhile_opens_nothing(
    world: World, change: Callable[[Store], Awaitable[Any]]
) -> None:
    """The reset has ended all sessions; a login that began before it brings none afterwards."""
    before = await verified(world.store)
    await change(world.store)
    rows = await execute(world.store, sessions.select())

    with pytest.raises(PasswordChanged):
        await world.store.start_session(before, lifetime=60)
    with pytest.raises((PasswordChanged, NotFound)):
        await world.store.change_password(before, "his own", lifetime=60, client=HERE)

    assert await execute(world.store, sessions.select()) == rows
    assert await world.store.check_password("bob", "his own") is None


async def test_a_login_that_upgrades_the_hash_goes_on_with_the_new_one(world: World) -> None:
    """So that the first login of an imported account opens a session."""
    django = "pbkdf2_sha256$30000$seasalt$VrX+V8drCGo68wlvy6rfu8i1d1pfkdeXA4LJkRGJodY="
    bobs = users.c.id == world.bob.id
    await execute(world.store, users.update().where(bobs).values(password=django))

    key = await world.store.start_session(
        await verified(world.store, password="lètmein"), lifetime=60
    )

    assert await world.store.session_user(key) == world.bob


async def test_a_password_is_not_in_what_is_logged_of_its_check(world: World) -> None:
    assert "$argon2" not in repr(await verified(world.store))


@pytest.mark.parametrize("revokes", [True, False])
async def test_a_new_password_is_one_change_with_the_end_of_the_old(
    world: World, revokes: bool
) -> None:
    before = [session.id for session in await world.store.sessions_of(world.bob.id)]

    key = await world.store.change_password(
        await verified(world.store),
        "his own",
        lifetime=60,
        client=HERE,
        revoke_tokens=revokes,
        by=Actor.of(world.bob),
    )

    (session,) = await world.store.sessions_of(world.bob.id)
    assert session.id == world.store.session_id(key)
    assert session.id not in before
    assert (session.user_agent, session.address) == (HERE.user_agent, HERE.address)
    assert await world.store.tokens.of(world.bob.id) == ([] if revokes else [world.bobs])
    assert await world.store.check_password("bob", "his own") is not None
    told = [entry.action for entry in await world.store.audit.recent()]
    assert told == (["token.revoke"] if revokes else []) + ["user.password"]


async def test_of_two_who_change_it_by_the_same_old_one_the_first_does(world: World) -> None:
    first, second = await verified(world.store), await verified(world.store)
    key = await world.store.change_password(first, "the first", lifetime=60, client=HERE)

    with pytest.raises(PasswordChanged, match=r"^bob has another password by now$"):
        await world.store.change_password(second, "the second", lifetime=60, client=HERE)

    assert await world.store.check_password("bob", "the first") is not None
    assert await world.store.session_user(key) == world.bob
