"""The other database is only read, and what is wrong with it is one sentence."""

import hashlib
import sqlite3
import stat
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest
import sqlalchemy as sa
import trio

from multichat_server.django_import import SourceError, read_django
from multichat_server.django_import.source import name_of, open_source
from multichat_server.storage import Store
from tests.server.django_import.made import make_django
from tests.support.postgresql import Cluster


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A database of Django's."""
    file = tmp_path / "db ü?#.sqlite3"
    make_django(f"sqlite:///{tmp_path / 'made.sqlite3'}")
    (tmp_path / "made.sqlite3").rename(file)
    return file


@pytest.mark.parametrize("prefix", ["", "sqlite:///"], ids=["path", "url"])
def test_a_file_is_read_and_not_touched(file: Path, prefix: str) -> None:
    file = file.rename(file.with_name("db.sqlite3"))
    before = hashlib.sha256(file.read_bytes()).digest(), file.stat().st_mtime_ns
    file.chmod(stat.S_IRUSR)

    source = trio.run(read_django, f"{prefix}{file}")

    assert [user.username for user in source.users.values()] == ["alice"]
    assert (hashlib.sha256(file.read_bytes()).digest(), file.stat().st_mtime_ns) == before
    assert [each.name for each in file.parent.iterdir()] == [file.name]


async def test_a_file_may_be_called_anything(file: Path) -> None:
    assert (await read_django(str(file))).rooms


@pytest.mark.parametrize("kind", ["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)])
def test_nothing_can_be_written(kind: str, file: Path, request: pytest.FixtureRequest) -> None:
    where = str(file)
    if kind == "postgresql":
        where = request.getfixturevalue("postgresql").new_database()
        make_django(where)

    with pytest.raises(SourceError, match=r"read-?only"), open_source(where) as connection:
        connection.exec_driver_sql("DELETE FROM auth_user")


def not_there(_: Path) -> str:
    return "there is no file "


def a_folder(file: Path) -> str:
    file.unlink()
    file.mkdir()
    return " is no file$"


def not_a_database(file: Path) -> str:
    file.write_text("username,password\nalice,secret\n" * 1000)
    return "file is not a database$"


def cut_short(file: Path) -> str:
    data = file.read_bytes()
    file.write_bytes(data[: len(data) // 2])
    return "malformed|not a database|disk I/O"


def empty(file: Path) -> str:
    file.write_bytes(b"")
    return "there is no table auth_user, nor another with the columns id, username, "


def no_rooms(file: Path) -> str:
    change(file, "DROP TABLE chat_room")
    return "there is no table chat_room, nor another with the columns id, title, staff_only$"


def half_migrated(file: Path) -> str:
    change(file, "ALTER TABLE auth_user RENAME COLUMN is_staff TO was_staff")
    return "the table auth_user has no column is_staff: was the database migrated to its end"


def change(file: Path, statement: str) -> None:
    connection = sqlite3.connect(file)
    with connection:
        connection.execute(statement)
    connection.close()


@pytest.mark.parametrize(
    "damage", [not_there, a_folder, not_a_database, cut_short, empty, no_rooms, half_migrated]
)
async def test_what_cannot_be_read_is_one_sentence(
    file: Path, damage: Callable[[Path], str]
) -> None:
    sentence = damage(file)
    where = f"{file}x" if damage is not_there else str(file)

    with pytest.raises(SourceError, match=sentence) as caught:
        await read_django(where)

    assert "\n" not in str(caught.value)


async def test_a_locked_file_is_waited_for_and_then_given_up(file: Path) -> None:
    other = sqlite3.connect(file, isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")

    with pytest.raises(SourceError, match="database is locked"):
        await read_django(str(file), patience=0)

    other.execute("COMMIT")
    other.close()
    assert (await read_django(str(file), patience=0)).users


async def test_our_own_database_is_not_taken_for_djangos(tmp_path: Path) -> None:
    """It has such columns, too."""
    file = tmp_path / "chat.sqlite3"
    async with Store.open(f"sqlite:///{file}"):
        pass

    with pytest.raises(SourceError, match="a database of multichat, not of Django"):
        await read_django(str(file))


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("mysql://u:secret@h/x", "expected a database of SQLite or PostgreSQL, not 'mysql'"),
        ("postgresql://u:secret@h:port/x", "the database's URL cannot be read"),
        ("://secret", "the database's URL cannot be read"),
        ("sqlite:///no/such/file", "there is no file no/such/file"),
        ("sqlite://", "is no file"),
    ],
)
async def test_a_url_that_names_none(url: str, sentence: str) -> None:
    with pytest.raises(SourceError, match=sentence) as caught:
        await read_django(url)

    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("where", "name"),
    [
        ("db.sqlite3", "db.sqlite3"),
        ("postgres://u:secret@h:5/x?password=secret", "postgresql://u:***@h:5/x"),
        ("sqlite:////a/b", "sqlite:////a/b"),
    ],
)
def test_a_name_has_no_password_in_it(where: str, name: str) -> None:
    assert name_of(where) == name


@pytest.mark.slow
async def test_a_server_that_does_not_answer(postgresql: Cluster) -> None:
    url = postgresql.new_database()

    with pytest.raises(SourceError, match="does not exist") as caught:
        await read_django(url.replace("@/", "@/no_such_"))

    assert "\n" not in str(caught.value)


@pytest.mark.slow
async def test_a_table_that_somebody_is_changing(postgresql: Cluster) -> None:
    url = postgresql.new_database()
    make_django(url)
    with psycopg.connect(url) as other:
        other.execute("LOCK TABLE auth_user IN ACCESS EXCLUSIVE MODE")

        with pytest.raises(SourceError, match="lock timeout"):
            await read_django(url, patience=1)


@pytest.mark.slow
def test_users_and_rooms_are_those_of_one_moment(postgresql: Cluster) -> None:
    url = postgresql.new_database()
    make_django(url)
    with open_source(url) as connection:
        count = sa.text("SELECT count(*) FROM chat_room")
        before = connection.execute(count).scalar_one()
        with psycopg.connect(url) as other:
            other.execute("DELETE FROM chat_room")
        assert connection.execute(count).scalar_one() == before == 1


async def test_without_the_driver_it_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(*_: object, **__: object) -> None:
        raise ModuleNotFoundError("psycopg")

    monkeypatch.setattr(sa, "create_engine", missing)

    with pytest.raises(SourceError, match="PostgreSQL needs its driver"):
        await read_django("postgresql://h/x")
