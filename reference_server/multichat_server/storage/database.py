"""
The database behind the store: one engine, its own threads, one transaction a call.

SQLAlchemy's asynchronous layer does not run on Trio, so every piece of work is a plain function
of a connection that runs in a worker thread, as one transaction: it is carried out as a whole
or not at all. A thread cannot be interrupted, so that cancelling such a call has only two
outcomes as well: it had not begun, and nothing happened, or it had, and then the call ends with
its result. The waits inside are bounded (see :data:`BUSY_SECONDS`).

The threads have limiters of their own, apart from Trio's default threads, so that nobody waits
for work that has nothing to do with his:

* readers, whom anybody can make wait by asking for many pages;
* writers, who may all be waiting for another process's lock, while readers go on;
* one reader more, reserved (see :meth:`Database.reserved`) for what must not wait behind
  strangers.

There is a connection for each of these threads, so that whoever has a thread has a connection.
"""

import os
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Final, TypeVar

import sqlalchemy as sa
import trio
from sqlalchemy import event
from sqlalchemy.exc import ArgumentError, DBAPIError, IntegrityError, NoSuchModuleError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.pool import ConnectionPoolEntry, StaticPool

from multichat_proto.exceptions import StoreUnavailable
from multichat_server.storage.errors import InvalidValue, StoreError
from multichat_server.storage.schema import bring_up_to_date

__all__ = ["BUSY_SECONDS", "Database", "shown_url"]

#: How long one call waits for a lock, a free connection or the server, in seconds.
BUSY_SECONDS: Final = 5

# A few, so that one slow reader does not hold up the others.
_READERS: Final = 4
# SQLite writes one at a time; in PostgreSQL the second goes on while the first waits for a row.
_WRITERS: Final = 2
# Whose turn comes soon if it need not share.
_RESERVED: Final = 1

# Alembic keeps the migration that is under way in a module's globals; and SQLite waits for no
# lock while a new file is given its journal.
_ONE_AT_A_TIME: Final = threading.Lock()

_WRITES: Final = "multichat_writes"

T = TypeVar("T")


class Database:
    """
    A migrated database. Made by :meth:`open`.

    Work given to it raises :class:`StoreUnavailable` when the database cannot be reached, is
    locked for too long or is damaged; :class:`sqlalchemy.exc.IntegrityError` comes through to
    be translated by whoever knows which rule was broken.
    """

    def __init__(
        self,
        engine: sa.Engine,
        *,
        readers: trio.CapacityLimiter,
        writers: trio.CapacityLimiter,
        reserved: trio.CapacityLimiter,
    ) -> None:
        self._engine = engine
        self._readers = readers
        self._writers = writers
        self._reserved = reserved

    @classmethod
    @asynccontextmanager
    async def open(cls, url: str) -> AsyncIterator["Database"]:
        """
        Open a database, bring its tables up to date, and close it at the end.

        Args:
            url: Such as ``sqlite:///chat.sqlite3`` (made if there is none), ``sqlite://`` (in
                memory, gone at the end) or ``postgresql://user@host/name``.

        Raises:
            InvalidValue: The URL is not one of these.
            StoreError: A driver is missing, or a newer multichat made the tables.
            StoreUnavailable: The database cannot be reached or is none of ours.

        """
        parsed = _parse(url)
        in_memory = _is_sqlite(parsed) and parsed.database in (None, "", ":memory:")
        engine = _engine(parsed, in_memory=in_memory)
        if in_memory:
            # One connection, which bears one thread at a time.
            readers = writers = reserved = trio.CapacityLimiter(1)
        else:
            readers, writers = trio.CapacityLimiter(_READERS), trio.CapacityLimiter(_WRITERS)
            reserved = trio.CapacityLimiter(_RESERVED)
        database = cls(engine, readers=readers, writers=writers, reserved=reserved)
        try:
            await _run(lambda: _prepare(engine, parsed), writers)
            yield database
        finally:
            with trio.CancelScope(shield=True):
                await trio.to_thread.run_sync(engine.dispose)

    def reserved(self) -> "Database":
        """
        Return the same database with a thread and a connection of its own for reading.

        There is one such thread: all that are made so share it, and nobody else has it. Writing
        is as before. A database in memory has a single connection, for which all wait alike.
        """
        return Database(
            self._engine, readers=self._reserved, writers=self._writers, reserved=self._reserved
        )

    async def read(self, work: Callable[[sa.Connection], T]) -> T:
        """Run a function that only reads, in a transaction of its own."""
        return await _run(lambda: _transact(self._engine, work, writes=False), self._readers)

    async def write(self, work: Callable[[sa.Connection], T]) -> T:
        """Run a function that may write, in a transaction that is its own from the start."""
        return await _run(lambda: _transact(self._engine, work, writes=True), self._writers)


def shown_url(url: str) -> str:
    """Return a database's URL, one that can be opened, as others may read it: no password."""
    parsed = sa.make_url(url)
    # There can be some among the parameters, too.
    query = {name: value for name, value in parsed.query.items() if "password" not in name.lower()}
    return parsed.set(query=query).render_as_string(hide_password=True)


async def _run(work: Callable[[], T], limiter: trio.CapacityLimiter) -> T:
    try:
        return await trio.to_thread.run_sync(work, limiter=limiter)
    except IntegrityError:
        raise
    except (DBAPIError, PoolTimeoutError, OSError) as exc:
        raise StoreUnavailable(f"the database does not answer: {_cause(exc)}") from exc


def _transact(engine: sa.Engine, work: Callable[[sa.Connection], T], *, writes: bool) -> T:
    with engine.connect() as plain:
        connection = plain.execution_options(**{_WRITES: writes})
        with connection.begin():
            return work(connection)


def _parse(url: str) -> sa.URL:
    try:
        parsed = sa.make_url(url)
        backend = parsed.get_backend_name()
    except (ArgumentError, ValueError):
        # Without the text, which may hold a password; neither as a cause.
        raise InvalidValue("the database's URL cannot be read") from None
    if "@" in (parsed.host or ""):
        # The rest of a password, which the driver would show as the name of a host.
        raise InvalidValue("the database's URL cannot be read: an @ in a password is written %40")
    if backend not in ("sqlite", "postgresql"):
        raise InvalidValue(f"expected a database of SQLite or PostgreSQL, not {backend!a}")
    if parsed.drivername == "postgresql":
        # Otherwise SQLAlchemy's own default counts, which changed from 2.0 to 2.1.
        parsed = parsed.set(drivername="postgresql+psycopg")
    return parsed


def _is_sqlite(url: sa.URL) -> bool:
    return url.get_backend_name() == "sqlite"


def _engine(url: sa.URL, *, in_memory: bool) -> sa.Engine:
    connections = _READERS + _WRITERS + _RESERVED
    try:
        if in_memory:
            # One connection for all: each connection to memory would be a database of its own.
            engine = sa.create_engine(
                url, poolclass=StaticPool, connect_args={"check_same_thread": False}
            )
        elif _is_sqlite(url):
            engine = sa.create_engine(
                url, pool_size=connections, max_overflow=0, pool_timeout=BUSY_SECONDS
            )
        else:
            engine = sa.create_engine(
                url,
                pool_size=connections,
                max_overflow=0,
                pool_timeout=BUSY_SECONDS,
                # A connection that was cut while it lay in the pool is replaced unseen.
                pool_pre_ping=True,
                connect_args={
                    "connect_timeout": BUSY_SECONDS,
                    "options": f"-c statement_timeout={BUSY_SECONDS}s",
                },
            )
    except (NoSuchModuleError, ModuleNotFoundError) as exc:
        extra = "" if _is_sqlite(url) else " (the extra [postgresql])"
        raise StoreError(f"{url.drivername} needs a database driver{extra}: {exc}") from exc
    if _is_sqlite(url):
        event.listen(engine, "connect", _set_up_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
    return engine


def _set_up_sqlite(
    connection: sa.engine.interfaces.DBAPIConnection, _: ConnectionPoolEntry
) -> None:
    # Python's own transactions begin late and leave schema changes out; _begin_sqlite begins
    # ours.
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout = {BUSY_SECONDS * 1000}")
    cursor.execute("PRAGMA foreign_keys = ON")
    # Readers go on during a write, and so do other processes.
    cursor.execute("PRAGMA journal_mode = WAL")
    # With WAL, a power cut may cost the last changes but never the database.
    cursor.execute("PRAGMA synchronous = NORMAL")
    cursor.close()


def _begin_sqlite(connection: sa.Connection) -> None:
    # A transaction that reads first and then writes fails at once when somebody else wrote in
    # between, whatever the busy timeout is. IMMEDIATE waits for its turn at the start.
    writes = connection.get_execution_options().get(_WRITES, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _prepare(engine: sa.Engine, url: sa.URL) -> None:
    """Make the file if there is none, and the tables what this version needs."""
    name = url.database
    if _is_sqlite(url) and name and name != ":memory:" and not name.startswith("file:"):
        # It holds password hashes: for this account's eyes only. SQLite gives the files that it
        # puts beside it the same mode.
        os.close(os.open(name, os.O_CREAT | os.O_RDWR, 0o600))
    with _ONE_AT_A_TIME:
        _transact(engine, bring_up_to_date, writes=True)


def _cause(exc: Exception) -> str:
    """Return the driver's own words on one line, without the statement and its parameters."""
    return " ".join(str(exc.orig if isinstance(exc, DBAPIError) else exc).split())
