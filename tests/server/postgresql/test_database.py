"""PostgreSQL itself: migrations, several processes at once, a connection that is cut."""

import alembic.autogenerate
import alembic.migration
import pytest
import sqlalchemy as sa
import trio

from multichat_proto.exceptions import StoreUnavailable
from multichat_server.config import Settings
from multichat_server.passwords import Passwords
from multichat_server.server import Serving, serve
from multichat_server.storage import Actor, NotFound, Store
from multichat_server.storage.schema import migrate
from multichat_server.storage.tables import metadata
from tests.server.engine.nodes import DEADLINE, Peer, handshake
from tests.server.storage.raw import execute
from tests.support.postgresql import Cluster

pytestmark = pytest.mark.slow

QUICK = Passwords(memory_kib=8)
BY = Actor(1, "dave")


def engine_of(url: str) -> sa.Engine:
    return sa.create_engine(url.replace("postgresql:", "postgresql+psycopg:"))


def test_the_migrations_make_the_tables_of_this_version(postgresql_url: str) -> None:
    engine = engine_of(postgresql_url)
    try:
        with engine.begin() as connection:
            migrate(connection)
            context = alembic.migration.MigrationContext.configure(connection)
            assert alembic.autogenerate.compare_metadata(context, metadata) == []
    finally:
        engine.dispose()


async def test_what_the_first_version_stored_is_kept(postgresql_url: str) -> None:
    engine = engine_of(postgresql_url)
    try:
        with engine.begin() as connection:
            migrate(connection, "0001")
            for statement in (
                "INSERT INTO users VALUES (7, 'STRASSE', 'x', true, true)",
                "INSERT INTO rooms VALUES (3, 'Straße', false)",
            ):
                connection.exec_driver_sql(statement)
    finally:
        engine.dispose()

    async with Store.open(postgresql_url, passwords=QUICK) as store:
        assert [a.user.id for a in (await store.search_users("straSSe")).items] == [7]
        assert [room.id for room in (await store.search_rooms("strasse")).items] == [3]


async def test_several_may_open_and_migrate_at_once(postgresql_url: str) -> None:
    async def open_and_add(number: int) -> None:
        async with Store.open(postgresql_url, passwords=QUICK) as store:
            await store.add_room(f"room {number}")

    async with trio.open_nursery() as nursery:
        for number in range(4):
            nursery.start_soon(open_and_add, number)

    async with Store.open(postgresql_url, passwords=QUICK) as store:
        assert sorted(room.id for room in await store.rooms()) == [1, 2, 3, 4]


async def test_two_who_change_the_same_corrupt_nothing(postgresql_url: str) -> None:
    """Two processes rename one room back and forth; the log is one story without a gap."""
    async with (
        Store.open(postgresql_url, passwords=QUICK) as one,
        Store.open(postgresql_url, passwords=QUICK) as other,
    ):
        room = await one.add_room("0")

        async def rename(store: Store, titles: range) -> None:
            for title in titles:
                await store.change_room(room.id, title=str(title), by=BY)

        async with trio.open_nursery() as nursery:
            for number, store in enumerate((one, other, one, other)):
                nursery.start_soon(rename, store, range(number * 10 + 1, number * 10 + 11))

        entries = await one.audit.recent(limit=100)
        story = [entry.details["title"] for entry in reversed(entries)]
        assert len(story) == 40
        title = "0"
        for change in story:
            assert isinstance(change, list)
            before, after = change
            assert before == title
            title = after
        assert (await other.room(room.id)).title == title


async def test_only_one_of_two_deletes(postgresql_url: str) -> None:
    async with (
        Store.open(postgresql_url, passwords=QUICK) as one,
        Store.open(postgresql_url, passwords=QUICK) as other,
    ):
        refused = 0

        async def delete(store: Store, room_id: int) -> None:
            nonlocal refused
            try:
                await store.delete_room(room_id, by=BY)
            except NotFound:
                refused += 1

        for _ in range(5):
            room = await one.add_room("doomed")
            async with trio.open_nursery() as nursery:
                nursery.start_soon(delete, one, room.id)
                nursery.start_soon(delete, other, room.id)

        assert refused == 5
        assert len(await one.audit.recent()) == 5


async def test_logins_and_changes_do_not_wait_for_each_other_in_a_ring(postgresql_url: str) -> None:
    """Sessions begin, run out and are ended while their users are changed: none fails."""
    async with (
        Store.open(postgresql_url, passwords=QUICK) as one,
        Store.open(postgresql_url, passwords=QUICK) as other,
    ):
        users = [await one.add_user(name, "pw") for name in ("alice", "bob")]

        async def log_in(store: Store, user_id: int) -> None:
            for _ in range(15):
                await store.start_session(user_id, lifetime=0)

        async def change(store: Store, user_id: int) -> None:
            for number in range(15):
                await store.change_user(user_id, password="pw", is_staff=number % 2 == 0, by=BY)
                await store.end_sessions(user_id, by=BY)

        async with trio.open_nursery() as nursery:
            for store in (one, other):
                for user in users:
                    nursery.start_soon(log_in, store, user.id)
                    nursery.start_soon(change, store, user.id)

        assert len(await one.users()) == 2


async def test_what_was_cut_is_said_to_be_unavailable_and_comes_back(
    postgresql_url: str, postgresql: Cluster
) -> None:
    async with Store.open(postgresql_url, passwords=QUICK) as store:
        await store.add_room("general")

        postgresql.drop_connections()

        # A connection from the pool is tried first, and replaced unseen.
        assert len(await store.rooms()) == 1
        with pytest.raises(StoreUnavailable):
            await execute(store, sa.text("SELECT pg_terminate_backend(pg_backend_pid())"))
        assert len(await store.rooms()) == 1


async def test_a_server_runs_on_it_by_url_alone(postgresql_url: str) -> None:
    """MC1-REVOKE-01, and who is put out by somebody else's change."""
    settings = Settings(port=0, database_url=postgresql_url, shutdown_grace=0.0)
    with trio.fail_after(DEADLINE):
        async with (
            Store.open(postgresql_url, passwords=QUICK) as beside,
            trio.open_nursery() as nursery,
        ):
            running: Serving = await nursery.start(_serve, settings)
            alice = await beside.add_user("alice", "pw")
            room = await beside.add_room("general")
            key = await beside.start_session(alice.id, lifetime=600)
            await running.engine.refresh()
            async with await trio.open_tcp_stream(*running.address) as stream:
                peer = Peer(stream)
                await peer.send(handshake(key))
                await peer.receive_head()
                await peer.join("1")

                await beside.change_room(room.id, staff_only=True)

                assert await peer.frame() == {"leave": "1"}
            running.stop()


async def _serve(settings: Settings, *, task_status: trio.TaskStatus[Serving]) -> None:
    await serve(settings, passwords=QUICK, task_status=task_status)
