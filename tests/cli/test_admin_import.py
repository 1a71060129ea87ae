"""``multichat admin import-django``: what one sees of it, and what it exits with."""

import sqlite3
from pathlib import Path
from typing import Any

import pytest
import trio

from multichat_cli.exit_codes import ExitCode
from multichat_server.storage import Store
from tests.cli.commands import multichat
from tests.cli.conftest import Inside
from tests.server.django_import.made import ALICE, HASH, PASSWORD, make_django

pytestmark = pytest.mark.usefixtures("url")

ROOMS = [(1, "room 1", False), (3, "staff room", True)]


@pytest.fixture
def url(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Name our database in the environment."""
    url = f"sqlite:///{tmp_path / 'chat.sqlite3'}"
    monkeypatch.setenv("MULTICHAT_DATABASE_URL", url)
    return url


@pytest.fixture
def django(tmp_path: Path) -> str:
    """A database of Django's, where all is well."""
    file = tmp_path / "db.sqlite3"
    make_django(f"sqlite:///{file}", [ALICE, (2, "dave", HASH, True, True)], ROOMS)
    return str(file)


def change(django: str, *statements: str) -> None:
    connection = sqlite3.connect(django)
    with connection:
        for statement in statements:
            connection.execute(statement)
    connection.close()


def tables(django: str) -> list[tuple[str]]:
    connection = sqlite3.connect(django)
    found = connection.execute("SELECT name FROM sqlite_master").fetchall()
    connection.close()
    return found


def done(**members: Any) -> dict[str, Any]:
    """Return the last line, where nothing came over but what is named."""
    counts = dict.fromkeys(
        ("users_added", "users_present", "users_left_out", "users_without_password",
         "rooms_added", "rooms_present", "rooms_left_out"), 0,
    )  # fmt: skip
    return {
        "event": "import_done", "dry_run": False, "is_complete": True, **counts, **members
    }  # fmt: skip


async def test_all_comes_over(inside: Inside, url: str, django: str) -> None:
    first = await inside("admin", "import-django", django)
    second = await inside("admin", "import-django", django)

    assert (first.code, first.out) == (ExitCode.OK, "brought over 2 users and 2 rooms\n")
    assert first.err.startswith("made a new database, ")
    assert (second.code, second.err) == (ExitCode.OK, "")
    assert second.out == "brought over 0 users and 0 rooms; here already: 2 users and 2 rooms\n"
    async with Store.open(url) as store:
        verified = await store.check_password("dave", PASSWORD)
        assert verified is not None
        assert verified.user.is_staff
        assert [room.id for room in await store.rooms()] == [1, 3]


@pytest.mark.parametrize("as_url", [True, False], ids=["url", "file"])
async def test_what_is_only_read_is_not_written_to(
    inside: Inside, django: str, as_url: bool
) -> None:
    before = tables(django)
    url = f"sqlite:///{django}"

    ran = await inside("admin", "import-django", url if as_url else django, "--database-url", url)

    assert ran.code == ExitCode.USAGE
    assert "that is the database to bring over, which is only read" in ran.err
    assert tables(django) == before


async def test_for_programs(inside: Inside, django: str) -> None:
    ran = await inside("admin", "import-django", django, "--json")

    assert ran.events == [done(users_added=2, rooms_added=2)]


async def test_what_could_not_be_brought_over_is_said(
    inside: Inside,
    django: str,
) -> None:
    change(
        django,
        "UPDATE auth_user SET username = 'two' || char(10) || 'words' WHERE id = 2",
        "UPDATE auth_user SET password = 'md5$a$b' WHERE id = 1",
        "UPDATE chat_room SET title = char(27) || '[2J' WHERE id = 3",
    )

    tried = await inside("admin", "import-django", django, "--json", "--dry-run")
    ran = await inside("admin", "import-django", django)

    assert [event.get("code") for event in tried.events] == [
        "password_lost", "left_out", "left_out", None,
    ]  # fmt: skip
    assert tried.events[-1] == done(
        dry_run=True, is_complete=False, users_added=1, users_left_out=1,
        users_without_password=1, rooms_added=1, rooms_left_out=1,
    )  # fmt: skip
    assert tried.code == ran.code == ExitCode.INCOMPLETE
    assert ran.out == (
        "user 1 (alice): its password is hashed by md5, so that it needs a new one: "
        "multichat admin user change alice --password\n"
        r"user 2 (two\nwords): not brought over: a user name has only letters, digits and @.+-_ in "
        r"it, not 'two\nwords'"
        "\n"
        r"room 3 (\x1b[2J): not brought over: a room's title has no control characters in it, "
        r"unlike '\x1b[2J'"
        "\n"
        "brought over 1 user and 1 room; not brought over: 1 user and 1 room; "
        "in need of a new password: 1\n"
    )


async def test_a_dry_run_makes_no_database(
    inside: Inside,
    django: str,
    tmp_path: Path,
) -> None:
    ran = await inside("admin", "import-django", django, "--dry-run")

    assert (ran.code, ran.err) == (ExitCode.OK, "")
    assert ran.out == "would bring over 2 users and 2 rooms\n"
    assert not await trio.Path(tmp_path / "chat.sqlite3").exists()


@pytest.mark.parametrize("dry", [(), ("--dry-run",)], ids=["real", "dry"])
async def test_a_source_that_is_none_makes_no_database(
    inside: Inside,
    tmp_path: Path,
    dry: tuple[str, ...],
) -> None:
    ran = await inside("admin", "import-django", str(tmp_path / "typo"), *dry)

    assert (ran.code, ran.out) == (ExitCode.ERROR, "")
    assert ran.err == f"multichat: there is no file {tmp_path / 'typo'}\n"
    assert not await trio.Path(tmp_path / "chat.sqlite3").exists()


async def test_tables_of_another_name(inside: Inside, tmp_path: Path) -> None:
    django = f"sqlite:///{tmp_path / 'db.sqlite3'}"
    make_django(
        django,
        rooms=ROOMS,
        room_table="forum_room",
        user_table="people",
        more=["CREATE TABLE wiki_room (id, title, staff_only)"],
    )

    unsure = await inside("admin", "import-django", django)
    sure = await inside(
        "admin", "import-django", django, "--room-table", "forum_room", "--user-table", "people"
    )

    assert unsure.code == ExitCode.ERROR
    assert "forum_room, wiki_room? Name it with --room-table" in unsure.err
    assert sure.out == "brought over 1 user and 2 rooms\n"


@pytest.mark.parametrize(
    ("arguments", "what"),
    [
        (["bad\udcff"], "the name of the database"),
        (["x", "--room-table", "bad\udcff"], "the table's name"),
        (["x", "--user-table", "bad\udcff"], "the table's name"),
    ],
    ids=["database", "rooms", "users"],
)
async def test_an_argument_that_is_not_utf_8(
    inside: Inside,
    arguments: list[str],
    what: str,
) -> None:
    ran = await inside("admin", "import-django", *arguments)

    assert (ran.code, ran.err) == (ExitCode.USAGE, f"multichat: {what} is not valid UTF-8\n")


async def test_long_work_says_how_far_it_is(tmp_path: Path) -> None:
    """As a process, from end to end: progress is no part of the result."""
    django = f"sqlite:///{tmp_path / 'db.sqlite3'}"
    make_django(django, [(n, f"user{n}", "!", False, True) for n in range(1, 10_001)])

    ran = await multichat("admin", "import-django", django, "--json", "--dry-run")

    assert ran.err == "read 10000 users\n"
    assert ran.events[-1]["users_added"] == 10_000
    assert ran.code == 0
