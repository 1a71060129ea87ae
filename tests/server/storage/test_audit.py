"""The audit log: written with what it tells of, and readable afterwards."""

from collections.abc import Awaitable, Callable

import pytest

from multichat_server.storage import COMMAND_LINE, Actor, NameTaken, NotFound, Store, audit

from .conftest import Clock

BY = Actor(7, "dave", "192.0.2.1")

Change = Callable[[Store], Awaitable[object]]


@pytest.fixture
async def filled(store: Store) -> Store:
    await store.add_user("alice", "pw")
    await store.add_room("general")
    return store


@pytest.mark.parametrize(
    ("change", "entry"),
    [
        (
            lambda s: s.add_user("bob", "pw", is_staff=True, by=BY),
            ("user.add", "bob", 2, {"is_staff": True, "is_active": True}),
        ),
        (
            lambda s: s.change_user("alice", new_username="al", is_staff=False, by=BY),
            ("user.change", "alice", 1, {"username": ["alice", "al"]}),
        ),
        (
            lambda s: s.change_user(1, is_staff=True, is_active=False, by=BY),
            ("user.change", "alice", 1, {"is_staff": [False, True], "is_active": [True, False]}),
        ),
        (
            lambda s: s.change_user("alice", password="secret", by=BY),
            ("user.password", "alice", 1, {}),
        ),
        (lambda s: s.delete_user(1, by=BY), ("user.delete", "alice", 1, {})),
        (
            lambda s: s.add_room("new", staff_only=True, by=BY),
            ("room.add", "new", 2, {"staff_only": True}),
        ),
        (
            lambda s: s.change_room(1, title="renamed", staff_only=True, by=BY),
            (
                "room.change",
                "general",
                1,
                {"title": ["general", "renamed"], "staff_only": [False, True]},
            ),
        ),
        (lambda s: s.delete_room(1, by=BY), ("room.delete", "general", 1, {})),
        (
            lambda s: s.audit.record(
                "room.announce", by=BY, subject="general", subject_id=1, details={"text": "hi"}
            ),
            ("room.announce", "general", 1, {"text": "hi"}),
        ),
    ],
    ids=lambda value: value[0] if isinstance(value, tuple) else "",
)
async def test_a_change_notes_who_made_it(
    filled: Store, clock: Clock, change: Change, entry: tuple[object, ...]
) -> None:
    await change(filled)

    (found,) = await filled.audit.recent()
    assert (found.action, found.subject, found.subject_id, found.details) == entry
    assert (found.actor_id, found.actor, found.address) == (7, "dave", "192.0.2.1")
    assert found.at == int(clock.now)


async def test_a_password_is_not_in_it(filled: Store) -> None:
    await filled.add_user("bob", "hunter2", by=BY)
    await filled.change_user("alice", password="hunter3", is_staff=True, by=BY)

    entries = await filled.audit.recent()

    assert {entry.action for entry in entries} == {"user.add", "user.password", "user.change"}
    assert "hunter" not in repr(entries)
    assert "argon2" not in repr(entries)


@pytest.mark.parametrize(
    "change",
    [
        lambda s: s.change_room(1, title="general", by=BY),
        lambda s: s.change_user(1, is_active=True, by=BY),
        lambda s: s.change_user(1, by=BY),
        lambda s: s.change_room(1, by=BY),
        lambda s: s.end_sessions(1, by=BY),
        lambda s: s.tokens.revoke_all(1, by=BY),
        lambda s: s.change_room(1, title="renamed"),
        lambda s: s.add_user("bob", "pw"),
    ],
    ids=["same", "same-flag", "no-user", "no-room", "no-session", "no-token", "nobody", "new"],
)
async def test_what_changes_nothing_or_is_nobodys_is_not_in_it(
    filled: Store, change: Change
) -> None:
    await change(filled)

    assert await filled.audit.recent() == []


async def test_nor_is_what_fails(filled: Store) -> None:
    await filled.add_user("bob", "pw")

    with pytest.raises(NameTaken):
        await filled.change_user("alice", new_username="bob", password="new", by=BY)
    with pytest.raises(NameTaken):
        await filled.add_room("again", room_id=1, by=BY)
    with pytest.raises(NotFound):
        await filled.delete_room(9, by=BY)

    assert await filled.audit.recent() == []


async def test_it_can_be_searched(filled: Store) -> None:
    await filled.add_room("Straße", by=BY)
    await filled.add_room("100% _real_", by=Actor(8, "Erika"))
    await filled.delete_room(1, by=COMMAND_LINE)

    async def found(text: str) -> list[str]:
        return [entry.subject for entry in await filled.audit.recent(text)]

    assert await found("STRASSE") == ["Straße"]
    assert await found("erika") == ["100% _real_"]
    assert await found("room.delete") == ["general"]
    assert await found("command LINE") == ["general"]
    assert await found("%") == await found("_real") == ["100% _real_"]
    assert await found("\x00") == await found("\ud800") == await found("x" * 100_000) == []


async def test_it_is_read_in_parts_the_newest_first(filled: Store) -> None:
    for number in range(5):
        await filled.add_room(f"room {number}", by=BY)

    first = await filled.audit.recent(limit=2)
    second = await filled.audit.recent(limit=2, before=first[-1].id)

    assert [entry.subject for entry in first] == ["room 4", "room 3"]
    assert [entry.subject for entry in second] == ["room 2", "room 1"]
    assert len(await filled.audit.recent(before=2**70)) == 5


async def test_the_oldest_entries_go(filled: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit, "MOST_ENTRIES", 3)

    for number in range(5):
        await filled.add_room(f"room {number}", by=BY)

    assert [entry.subject for entry in await filled.audit.recent()] == [
        "room 4",
        "room 3",
        "room 2",
    ]


async def test_texts_that_are_too_long_are_cut(filled: Store) -> None:
    await filled.audit.record(
        "room.announce",
        by=Actor(1, "x" * 200, "y" * 200),
        subject="z" * 500,
        details={"text": "t" * 5000, "list": ["l" * 5000], "more": {"m": "m" * 5000}, "n": 1},
    )

    (entry,) = await filled.audit.recent()
    assert (len(entry.actor), len(entry.address), len(entry.subject)) == (150, 64, 300)
    assert entry.details == {
        "text": "t" * 1000,
        "list": ["l" * 1000],
        "more": {"m": "m" * 1000},
        "n": 1,
    }


async def test_it_outlives_those_it_tells_of(filled: Store) -> None:
    alice = (await filled.user(1)).user
    await filled.change_room(1, title="renamed", by=Actor.of(alice))

    await filled.delete_user(1)
    await filled.delete_room(1)

    (entry,) = await filled.audit.recent()
    assert (entry.actor, entry.subject) == ("alice", "general")
