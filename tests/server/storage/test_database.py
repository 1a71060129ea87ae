"""The database: opening, transactions, threads, and what happens when it is not there."""

import hashlib
import shutil
import sqlite3
import stat
import sys
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, closing, contextmanager
from pathlib import Path

import alembic.autogenerate
import alembic.migration
import alembic.script
import pytest
import sqlalchemy as sa
import trio
import trio.testing
from sqlalchemy.exc import IntegrityError

from multichat_proto.exceptions import StoreUnavailable
from multichat_server.storage import (
    InvalidValue,
    NameTaken,
    Store,
    StoreError,
    User,
    schema,
    sessions,
)
from multichat_server.storage import database as database_module
from multichat_server.storage import rooms as rooms_module
from multichat_server.storage.audit import Log
from multichat_server.storage.database import Database
from multichat_server.storage.schema import migrate
from multichat_server.storage.tables import metadata, rooms


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "chat.sqlite3"


def url_of(file: Path) -> str:
    return f"sqlite:///{file}"


@contextmanager
def closing_engine(engine: sa.Engine) -> Iterator[None]:
    try:
        yield
    finally:
        engine.dispose()


async def pragma(database: Database, name: str) -> object:
    return await database.read(lambda c: c.exec_driver_sql(f"PRAGMA {name}").scalar_one())


@pytest.mark.parametrize("place", ["memory", "file"])
async def test_the_migrations_make_the_tables_of_this_version(file: Path, place: str) -> None:
    def differences(connection: sa.Connection) -> list[object]:
        context = alembic.migration.MigrationContext.configure(connection)
        return list(alembic.autogenerate.compare_metadata(context, metadata))

    async with Database.open("sqlite://" if place == "memory" else url_of(file)) as database:
        assert await database.read(differences) == []


async def test_a_new_database_is_what_all_migrations_make(file: Path) -> None:
    """Tables, indexes, and what is in them from the beginning."""

    def everything(connection: sa.Connection) -> list[tuple[object, ...]]:
        """Return what there is; a column that was added later stands behind the others."""
        query = connection.exec_driver_sql
        found: list[tuple[object, ...]] = []
        for name, sql in query(
            "SELECT name, sql FROM sqlite_master WHERE type = 'table' AND name != 'sqlite_sequence'"
        ).all():
            found.append((name, "AUTOINCREMENT" in sql))
            found += [(name, *row[1:]) for row in query(f"PRAGMA table_xinfo({name})")]
            found += [(name, *row) for row in query(f"PRAGMA foreign_key_list({name})")]
            for index in query(f"PRAGMA index_list({name})").all():
                columns = query(f"PRAGMA index_xinfo({index.name})").all()
                found.append((name, *index[1:], *(column.name for column in columns)))
            found += [(name, *row) for row in query(f"SELECT * FROM {name}")]  # noqa: S608
        return sorted(found, key=repr)

    def migrated(connection: sa.Connection) -> list[tuple[object, ...]]:
        migrate(connection)
        return everything(connection)

    async with Database.open(url_of(file)) as database:
        made = await database.read(everything)
    engine = sa.create_engine("sqlite://")
    with closing_engine(engine), engine.begin() as connection:
        assert made == migrated(connection)


def test_the_newest_migration_is_known() -> None:
    scripts = alembic.script.ScriptDirectory(str(Path(schema.__file__).parent / "migrations"))

    assert scripts.get_current_head() == schema.NEWEST


async def test_what_the_first_version_stored_is_kept(file: Path) -> None:
    """Nobody is logged out by the migration, and everything can be found by a search."""
    key_hash = hashlib.sha256(b"key").hexdigest()
    engine = sa.create_engine(url_of(file))
    with closing_engine(engine), engine.begin() as connection:
        migrate(connection, "0001")
        for statement in (
            "INSERT INTO users VALUES (7, 'STRASSE', 'x', 1, 1)",
            "INSERT INTO rooms (id, title, staff_only) VALUES (3, 'Straße', 0)",
        ):
            connection.exec_driver_sql(statement)
        row = (key_hash, 7, 9_999_999_999)
        connection.exec_driver_sql("INSERT INTO sessions VALUES (?, ?, ?)", row)

    async with Store.open(url_of(file)) as store:
        alice = await store.session_user("key")
        assert alice == User(7, "STRASSE", is_staff=True, is_active=True)
        (session,) = await store.sessions_of(7)
        assert (session.started_at, session.seen_at, session.user_agent) == (0, 0, "")
        assert [a.user.id for a in (await store.search_users("straSSe")).items] == [7]
        assert [room.id for room in (await store.search_rooms("strasse")).items] == [3]


async def test_a_database_without_the_newest_migration_gets_it(file: Path) -> None:
    """An empty table of versions is what a database looks like before its first migration."""
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("CREATE TABLE alembic_version (version_num VARCHAR(32) PRIMARY KEY)")

    async with Store.open(url_of(file)) as store:
        await store.add_room("general")


async def test_a_server_starts_without_the_migrations_machinery(file: Path) -> None:
    program = (
        "import sys, trio\n"
        "from multichat_server.storage import Store\n"
        "async def main():\n"
        "    for _ in range(2):\n"
        f"        async with Store.open({url_of(file)!r}) as store: await store.rooms()\n"
        "trio.run(main)\n"
        "print('alembic' in sys.modules)\n"
    )
    done = await trio.run_process([sys.executable, "-c", program], capture_stdout=True)

    assert done.stdout.split() == [b"False"]


async def test_what_was_stored_is_there_the_next_time(file: Path) -> None:
    async with Store.open(url_of(file)) as store:
        room = await store.add_room("general")
    async with Store.open(url_of(file)) as store:
        assert await store.rooms() == [room]


async def test_a_database_in_memory_is_new_each_time() -> None:
    async with Store.open("sqlite://") as one, Store.open("sqlite:///:memory:") as other:
        await one.add_room("general")

        assert await other.rooms() == []


async def test_sqlite_is_opened_for_several_processes(file: Path) -> None:
    async with Database.open(url_of(file)) as database:
        assert await pragma(database, "journal_mode") == "wal"
        assert await pragma(database, "foreign_keys") == 1
        assert await pragma(database, "busy_timeout") == 5000
        assert await pragma(database, "synchronous") == 1


async def test_a_new_file_is_for_its_owner_only(file: Path) -> None:
    """It holds password hashes."""
    async with Store.open(url_of(file)) as store:
        await store.add_room("general")
        files = sorted(file.parent.iterdir())

        assert [path.name for path in files] == [
            "chat.sqlite3",
            "chat.sqlite3-shm",
            "chat.sqlite3-wal",
        ]
        assert {stat.S_IMODE(path.stat().st_mode) for path in files} == {0o600}


async def test_several_may_open_and_migrate_at_once(file: Path) -> None:
    opened = 0

    async def open_and_add(name: str) -> None:
        nonlocal opened
        async with Store.open(url_of(file)) as store:
            await store.add_room(name)
            opened += 1

    async with trio.open_nursery() as nursery:
        for number in range(5):
            nursery.start_soon(open_and_add, f"room {number}")

    assert opened == 5
    async with Store.open(url_of(file)) as store:
        assert sorted(room.id for room in await store.rooms()) == [1, 2, 3, 4, 5]


async def test_a_path_with_a_percent_sign_is_nothing_special(tmp_path: Path) -> None:
    async with Store.open(f"sqlite:///{tmp_path / '100%s.sqlite3'}") as store:
        assert await store.rooms() == []


async def test_nor_is_one_in_the_packages_own_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Alembic puts its settings through % interpolation."""
    copy = tmp_path / "100%s"
    shutil.copytree(schema._MIGRATIONS, copy)
    monkeypatch.setattr(schema, "_MIGRATIONS", copy)
    engine = sa.create_engine("sqlite://")

    with closing_engine(engine), engine.begin() as connection:
        migrate(connection)
        assert "rooms" in sa.inspect(connection).get_table_names()


async def test_a_database_can_be_named_by_sqlites_own_kind_of_url(file: Path) -> None:
    async with Store.open(f"sqlite:///file:{file}?uri=true") as store:
        await store.add_room("general")
    async with Store.open(url_of(file)) as store:
        assert len(await store.rooms()) == 1


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("chat.sqlite3", "cannot be read"),
        ("://", "cannot be read"),
        ("postgresql://chat:hunter2@db:port/chat", "cannot be read"),
        ("postgresql://chat:se@hunter2@db/chat", "an @ in a password is written %40"),
        ("mysql://chat:hunter2@db/chat", "not 'mysql'"),
    ],
    ids=["no-scheme", "nothing", "port", "at", "mysql"],
)
async def test_a_url_that_is_none_is_refused(url: str, problem: str) -> None:
    with pytest.raises(InvalidValue, match=problem) as caught:
        async with Store.open(url):
            pytest.fail("it was opened")
    assert "hunter2" not in str(caught.value)
    assert caught.value.__cause__ is None


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("sqlite:///chat.sqlite3", "sqlite:///chat.sqlite3"),
        ("sqlite://", "sqlite://"),
        ("postgresql://u:hunter2@db/chat?host=%2Frun", "postgresql://u:***@db/chat?host=%2Frun"),
        ("postgresql:///chat?password=hunter2&sslPassword=x", "postgresql:///chat"),
    ],
    ids=["file", "memory", "password", "parameter"],
)
def test_a_url_is_shown_without_its_password(url: str, shown: str) -> None:
    assert database_module.shown_url(url) == shown


async def test_a_missing_driver_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)

    with pytest.raises(
        StoreError, match=r"^postgresql\+psycopg needs a database driver \(the extra \[post"
    ):
        async with Store.open("postgresql://chat:hunter2@db/chat"):
            pytest.fail("it was opened")


async def test_an_unknown_driver_is_named() -> None:
    with pytest.raises((StoreError, InvalidValue), match="driver"):
        async with Store.open("sqlite+nonesuch://"):
            pytest.fail("it was opened")


def test_the_tables_can_be_made_in_postgresql() -> None:
    """Every type and constraint has a form there; the statements were read, not run."""
    dialect = sa.make_url("postgresql+psycopg://").get_dialect()()
    statements = [
        str(sa.schema.CreateTable(table).compile(dialect=dialect))
        for table in metadata.sorted_tables
    ]

    assert len(statements) == 6
    assert "id BIGSERIAL NOT NULL" in "".join(statements)
    assert "user_id BIGINT NOT NULL" in "".join(statements)


def make_folder(path: Path) -> Path:
    path.mkdir()
    return path


def make_letter(path: Path) -> Path:
    path.write_text("this is a letter to my mother, and no database at all")
    return path


@pytest.mark.parametrize(
    "make", [make_folder, make_letter, lambda path: path / "in" / "no" / "folder"]
)
async def test_what_cannot_be_opened_is_said_to_be_unavailable(
    file: Path, make: Callable[[Path], Path]
) -> None:
    file = make(file)

    with pytest.raises(StoreUnavailable, match=r"^the database does not answer: "):
        async with Store.open(url_of(file)):
            pytest.fail("it was opened")


async def test_tables_of_a_newer_version_are_left_alone(file: Path) -> None:
    async with Store.open(url_of(file)):
        pass
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
        connection.commit()

    with pytest.raises(StoreError, match=r"^the tables are not of a version known here: .*9999"):
        async with Store.open(url_of(file)):
            pytest.fail("it was opened")


async def test_damage_while_it_is_open_is_said_to_be_unavailable(file: Path) -> None:
    async with Store.open(url_of(file)) as store:
        await store.add_room("general")
        with closing(sqlite3.connect(file)) as connection:
            connection.execute("DROP TABLE rooms")
            connection.commit()

        with pytest.raises(StoreUnavailable, match="no such table: rooms") as caught:
            await store.rooms()
    # Neither the statement nor its parameters are anybody's business.
    assert "SELECT" not in str(caught.value)


@contextmanager
def locked(file: Path) -> Iterator[sqlite3.Connection]:
    """Hold the lock that writers need."""
    with closing(sqlite3.connect(file, isolation_level=None)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        yield connection
        connection.execute("ROLLBACK")


async def test_readers_do_not_wait_for_a_writer(file: Path) -> None:
    async with Store.open(url_of(file)) as store:
        room = await store.add_room("general")
        with locked(file) as writer:
            writer.execute("DELETE FROM rooms")

            assert await store.rooms() == [room]


async def test_a_writer_that_waits_too_long_says_so(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database_module, "BUSY_SECONDS", 0)
    async with Store.open(url_of(file)) as store:
        with locked(file), pytest.raises(StoreUnavailable, match="database is locked"):
            await store.add_room("general")
        # And it works again as soon as the lock is gone.
        assert (await store.add_room("general")).id == 1


async def test_a_session_that_never_was_ends_without_waiting_for_writers(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Anybody can log out with a key made up."""
    monkeypatch.setattr(database_module, "BUSY_SECONDS", 0)
    async with Store.open(url_of(file)) as store:
        with locked(file):
            assert not await store.end_session("made up")


async def test_a_writer_has_its_turn_from_the_start(file: Path) -> None:
    """Had it read first and then waited, somebody else's write between would undo it."""

    def read_then_write(connection: sa.Connection) -> None:
        connection.execute(rooms.select()).all()
        with (
            closing(sqlite3.connect(file, isolation_level=None, timeout=0)) as other,
            pytest.raises(sqlite3.OperationalError, match="locked"),
        ):
            other.execute("INSERT INTO rooms (id, title, staff_only) VALUES (2, 'other', 0)")
        connection.execute(rooms.insert().values(id=1, title="ours", staff_only=False))

    async with Database.open(url_of(file)) as database:
        await database.write(read_then_write)

        titles = await database.read(lambda c: c.execute(sa.select(rooms.c.title)).scalars().all())
    assert titles == ["ours"]


async def test_a_transaction_that_fails_leaves_nothing_behind(file: Path) -> None:
    def half_done(connection: sa.Connection) -> None:
        connection.execute(rooms.insert().values(id=1, title="half", staff_only=False))
        raise KeyError

    async with Database.open(url_of(file)) as database:
        with pytest.raises(KeyError):
            await database.write(half_done)

        assert await database.read(lambda c: c.execute(rooms.select()).all()) == []


async def test_a_broken_rule_comes_through_to_whoever_knows_which(file: Path) -> None:
    def twice(connection: sa.Connection) -> None:
        for _ in range(2):
            connection.execute(rooms.insert().values(id=1, title="x", staff_only=False))

    async with Database.open(url_of(file)) as database:
        with pytest.raises(IntegrityError):
            await database.write(twice)


async def test_cancelling_does_all_or_nothing(file: Path) -> None:
    """A thread at work cannot be stopped, so that its call ends with the result."""
    entered, go_on = threading.Event(), threading.Event()

    def slow(connection: sa.Connection) -> str:
        connection.execute(rooms.insert().values(id=1, title="slow", staff_only=False))
        entered.set()
        assert go_on.wait(60)
        return "done"

    async with Database.open(url_of(file)) as database:
        with trio.CancelScope() as before:
            before.cancel()
            await database.write(slow)
        assert before.cancelled_caught
        assert not entered.is_set()

        result = None

        async def call(scope: trio.CancelScope) -> None:
            nonlocal result
            with scope:
                result = await database.write(slow)

        during = trio.CancelScope()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(call, during)
            await trio.to_thread.run_sync(entered.wait, 60)
            during.cancel()
            await trio.testing.wait_all_tasks_blocked()
            go_on.set()

        assert result == "done"
        assert len(await database.read(lambda c: c.execute(rooms.select()).all())) == 1


async def test_slow_work_elsewhere_does_not_keep_the_database_waiting(file: Path) -> None:
    """Its threads are its own."""
    default = trio.to_thread.current_default_thread_limiter()
    async with Store.open(url_of(file)) as store:
        default.total_tokens, before = 1, default.total_tokens
        try:
            async with default:
                assert await store.rooms() == []
        finally:
            default.total_tokens = before


@asynccontextmanager
async def all_busy(
    call: Callable[[Callable[[sa.Connection], object]], Awaitable[object]],
) -> AsyncIterator[None]:
    """Have more calls at work than there are threads."""
    go_on = threading.Event()
    async with trio.open_nursery() as nursery:
        for _ in range(20):
            nursery.start_soon(call, lambda _: go_on.wait(60))
        await trio.testing.wait_all_tasks_blocked()
        try:
            with trio.fail_after(30):
                yield
        finally:
            go_on.set()


async def test_writers_that_wait_leave_the_readers_their_threads(file: Path) -> None:
    async with Store.open(url_of(file)) as store, all_busy(store._database.write):
        assert await store.rooms() == []


async def test_the_reserved_thread_waits_for_no_other(file: Path) -> None:
    """Neither for readers nor for writers, and there is a connection for it."""
    async with Store.open(url_of(file)) as store:
        alice = await store.add_user("alice", "wonderland")
        key = await store.start_session(alice.id, lifetime=60)
        reserved = store.reserved()
        async with all_busy(store._database.read), all_busy(store._database.write):
            assert await reserved.revision() == await reserved.reserved().revision()
            assert await reserved.rooms() == []
            assert await reserved.users_by_id([alice.id]) == {alice.id: alice}
            assert await reserved.live_credentials([key]) == {key}
            assert await reserved.session_user(key) == alice


async def test_in_memory_there_is_one_connection_for_all() -> None:
    async with Store.open("sqlite://") as store:
        room = await store.add_room("general")

        assert await store.reserved().rooms() == [room]


async def test_nothing_is_left_open(file: Path) -> None:
    """Closing takes SQLite's helper files with it, also when cancelled."""
    with trio.CancelScope() as scope:
        async with Store.open(url_of(file)) as store:
            await store.add_room("general")
            scope.cancel()
            await trio.lowlevel.checkpoint()

    assert [path.name for path in file.parent.iterdir()] == ["chat.sqlite3"]


async def test_several_changes_are_one(file: Path) -> None:
    """What brings a database over does all of it, or leaves no trace of having begun."""

    def work(connection: sa.Connection) -> None:
        nobody = Log(None, at=0)
        rooms_module.add(connection, "first", staff_only=False, room_id=None, log=nobody)
        rooms_module.add(connection, "second", staff_only=False, room_id=wanted, log=nobody)

    async with Store.open(url_of(file)) as store:
        wanted = 1
        before = await store.revision()
        with pytest.raises(NameTaken):
            await store.in_one_transaction(work)
        assert (await store.rooms(), await store.revision()) == ([], before)
        wanted = 5
        await store.in_one_transaction(work)
        assert [room.id for room in await store.rooms()] == [1, 5]


async def test_of_two_who_end_a_session_one_has_ended_it() -> None:
    """Both may have seen it there."""
    async with Store.open("sqlite://") as store:
        user = await store.add_user("alice", "pw")
        key = await store.start_session(user.id, lifetime=60)

        ended = [await store.in_one_transaction(lambda c: sessions.end(c, key)) for _ in range(2)]

        assert ended == [True, False]
