"""The import as a whole, from and to SQLite and PostgreSQL."""

from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
import trio

from multichat_proto.exceptions import StoreUnavailable
from multichat_server.django_import import Counts, Report, import_django, read_django
from multichat_server.storage import COMMAND_LINE, RoomRecord, Store
from multichat_server.storage.importing import ImportPlan, NewUser, import_accounts
from multichat_server.storage.names import HIGHEST_ID
from multichat_server.storage.tables import users
from tests.server.django_import.made import ALICE, HASH, PASSWORD, make_django
from tests.server.storage.raw import execute

PEOPLE = (
    ALICE,
    (2, "Боб+1@x.org", HASH, True, True),
    (7, "carol", HASH, False, False),
)
ROOMS = (
    (1, "room 1", False),
    (3, "staff room", True),
    (4, "<b>Тест</b> 😀", False),
    (HIGHEST_ID, "last", False),
)


async def bring(store: Store, django: str, **options: Any) -> Report:
    return await import_django(store, await read_django(django), by=COMMAND_LINE, **options)


def codes(report: Report) -> list[tuple[str, str, str]]:
    return [(note.thing, note.id, note.code) for note in report.notes]


async def test_people_and_rooms_come_over(store: Store, django: str) -> None:
    make_django(django, PEOPLE, ROOMS)
    before = await store.revision()

    report = await bring(store, django)

    assert report == Report(Counts(3, 0, 0), Counts(4, 0, 0), [])
    assert report.is_complete
    assert [(u.username, u.is_staff, u.is_active) for u in await store.users()] == [
        ("alice", False, True),
        ("carol", False, False),
        ("Боб+1@x.org", True, True),
    ]
    assert sorted(await store.rooms(), key=lambda room: room.id) == [
        RoomRecord(*room) for room in ROOMS
    ]
    # A server that runs on it looks.
    assert await store.revision() > before
    # They are found, and the next room gets a number of its own.
    assert (await store.search_users("БОБ")).total == 1
    assert (await store.search_rooms("тест")).total == 1
    assert (await store.add_room("next")).id == 5


async def test_they_log_in_with_their_old_passwords_which_are_hashed_anew(
    store: Store, django: str
) -> None:
    make_django(django, PEOPLE)
    await bring(store, django)

    assert await store.check_password("alice", "wrong") is None
    assert await stored_hash(store, "alice") == HASH
    assert await store.check_password("carol", PASSWORD) is None  # not active
    alice = await store.check_password("alice", PASSWORD)

    assert alice is not None
    upgraded = await stored_hash(store, "alice")
    assert upgraded.startswith("$argon2id$")
    assert await store.check_password("alice", PASSWORD) is not None
    assert await stored_hash(store, "alice") == upgraded
    # Again: nothing of it is undone.
    assert (await bring(store, django)).is_complete
    assert await stored_hash(store, "alice") == upgraded


async def stored_hash(store: Store, username: str) -> str:
    query = sa.select(users.c.password).where(users.c.username == username)
    (row,) = await execute(store, query)
    return str(row.password)


async def test_a_second_time_changes_nothing(store: Store, django: str) -> None:
    make_django(django, PEOPLE, ROOMS)
    await bring(store, django)
    before = await store.revision(), await store.users(), await store.rooms()

    report = await bring(store, django)

    assert report == Report(Counts(0, 3, 0), Counts(0, 4, 0), [])
    assert (await store.revision(), await store.users(), await store.rooms()) == before


async def test_what_was_added_there_meanwhile_comes_the_next_time(
    store: Store, django: str
) -> None:
    make_django(django, PEOPLE, ROOMS)
    await store.add_user("alice", "of before")
    await bring(store, django)

    report = await bring(store, django)

    assert report.users == Counts(0, 3, 0)
    # Whoever was here first keeps the password.
    assert await store.check_password("alice", "of before")


async def test_a_dry_run_says_the_same_and_does_nothing(store: Store, django: str) -> None:
    make_django(django, [*PEOPLE, (9, "two words", HASH, False, True)], ROOMS)
    before = await store.revision()

    tried = await bring(store, django, dry_run=True)

    assert (await store.users(), await store.rooms()) == ([], [])
    assert await store.revision() == before
    assert await store.audit.recent() == []
    assert tried == await bring(store, django)
    assert tried.users == Counts(3, 0, 1)


async def test_what_is_here_otherwise_is_reported_and_stays(store: Store, django: str) -> None:
    await store.add_user("carol", "pw", is_staff=True)
    await store.add_room("Lobby")
    await store.add_room("staff room", room_id=3)
    make_django(django, PEOPLE, ROOMS)

    report = await bring(store, django)

    assert report.users == Counts(2, 0, 1)
    assert report.rooms == Counts(2, 0, 2)
    assert [(note.id, note.code, note.sentence) for note in report.notes] == [
        ("7", "differs", "there is one already, who is staff here and is active here; it stays so"),
        ("1", "differs", "there is one already, called 'Lobby'; it stays so"),
        ("3", "differs", "there is one already, not for staff only; it stays so"),
    ]
    assert not report.is_complete
    assert (await store.room(1)).title == "Lobby"
    assert not (await store.room(3)).staff_only
    assert await store.check_password("carol", "pw")


async def test_it_is_one_entry_in_the_audit_log(store: Store, django: str) -> None:
    make_django(django, [*PEOPLE, (9, "two words", HASH, False, True)], ROOMS)

    await bring(store, django)

    (entry,) = await store.audit.recent()
    assert (entry.actor, entry.action) == ("command line", "import.django")
    assert entry.details == {
        "users_added": 3,
        "users_here": 0,
        "rooms_added": 4,
        "rooms_here": 0,
        "left_out": 1,
    }


async def test_who_has_no_password_that_can_be_kept_cannot_log_in(
    store: Store, django: str
) -> None:
    lost = "md5$seasalt$3f86d0d3d465b7b458c231bf3555c0e3"
    make_django(django, [(1, "md", lost, False, True), (2, "none", "!abc", False, True)])

    report = await bring(store, django)

    assert codes(report) == [("user", "1", "password_lost"), ("user", "2", "no_password")]
    assert report.users == Counts(2, 0, 0, without_password=1)
    assert {await stored_hash(store, name) for name in ("md", "none")} == {"!"}
    assert await store.check_password("md", PASSWORD) is None
    assert await store.check_password("none", "") is None
    # A new one can be given, and the next import takes nothing of it back.
    await store.change_user("md", password="new")
    assert (await bring(store, django)).is_complete
    assert await store.check_password("md", "new")


async def test_many_come_over_and_one_hears_how_far_it_is(store: Store, django: str) -> None:
    many = [(number, f"user{number}", HASH, False, True) for number in range(1, 12_001)]
    make_django(django, many, [(number, f"room {number}", False) for number in range(1, 6_001)])
    heard: list[str] = []

    source = await read_django(django, progress=heard.append)
    report = await import_django(store, source, by=COMMAND_LINE)

    assert heard == ["read 10000 users"]
    assert (report.users, report.rooms) == (Counts(12_000, 0, 0), Counts(6_000, 0, 0))
    assert (await store.search_users()).total == 12_000
    again = await import_django(store, source, by=COMMAND_LINE)
    assert (again.users, again.rooms) == (Counts(0, 12_000, 0), Counts(0, 6_000, 0))


async def test_reading_ends_when_it_is_cancelled(tmp_path: Path) -> None:
    django = f"sqlite:///{tmp_path / 'django.sqlite3'}"
    make_django(django, [(n, f"user{n}", "!", False, True) for n in range(1, 30_001)])
    heard: list[str] = []

    with trio.CancelScope() as scope:

        def stop(sentence: str) -> None:
            heard.append(sentence)
            trio.from_thread.run_sync(scope.cancel)

        await read_django(django, progress=stop)

    assert scope.cancelled_caught
    assert heard == ["read 10000 users"]


async def test_two_at_once_bring_each_over_once(store: Store, django: str) -> None:
    make_django(django, PEOPLE, ROOMS)
    source = await read_django(django)
    reports: list[Report] = []

    async def bring_over() -> None:
        reports.append(await import_django(store, source, by=COMMAND_LINE))

    async with trio.open_nursery() as nursery:
        for _ in range(4):
            nursery.start_soon(bring_over)

    assert sorted(report.users.added for report in reports) == [0, 0, 0, 3]
    assert all(report.is_complete for report in reports)
    assert len(await store.users()) == 3


async def test_a_store_that_is_away_gets_nothing(
    store: Store, django: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Half of it would be worse than none."""
    make_django(django, PEOPLE, ROOMS)
    source = await read_django(django)

    def fail(*_: object) -> None:
        raise OSError("the disk is gone")

    with monkeypatch.context() as patch:
        patch.setattr("multichat_server.storage.rooms.add_many", fail)
        with pytest.raises(StoreUnavailable, match="the disk is gone"):
            await import_django(store, source, by=COMMAND_LINE)

    assert await store.users() == []
    assert (await import_django(store, source, by=COMMAND_LINE)).is_complete


async def test_an_import_by_nobody_leaves_no_entry(store: Store) -> None:
    """What a program does on its own database."""
    user = NewUser("alice", "!", is_staff=False, is_active=True)

    await import_accounts(store, ImportPlan("a program", [user], []), by=None)

    assert [user.username for user in await store.users()] == ["alice"]
    assert await store.audit.recent() == []


async def test_who_adds_the_same_for_ever_is_not_waited_for_for_ever(store: Store) -> None:
    """A plan with a name in it twice stands for somebody who is always a moment earlier."""
    user = NewUser("alice", "!", is_staff=False, is_active=True)

    with pytest.raises(StoreUnavailable, match="others add the same"):
        await import_accounts(store, ImportPlan("a program", [user, user], []), by=None)

    assert await store.users() == []
