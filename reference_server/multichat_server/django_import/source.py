"""
The other database: opened to be read, and in no other way.

All that can be wrong with it ends in a :exc:`SourceError`, whose text is one sentence.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.pool import NullPool

from multichat_server.storage.errors import StoreError

__all__ = ["PATIENCE", "SourceError", "name_of", "open_source"]

#: How long a lock is waited for, and the server, in seconds.
PATIENCE: Final = 5


class SourceError(StoreError):
    """The database that was to be read cannot be, or is none of the original's."""


def name_of(where: str) -> str:
    """Return what a database is called where others may read it: without a password."""
    if "://" not in where:
        return where
    url = _parse(where)
    # A password can stand among the parameters, too.
    shown = url.set(drivername=url.get_backend_name(), query={})
    return shown.render_as_string(hide_password=True)


@contextmanager
def open_source(where: str, *, patience: int = PATIENCE) -> Iterator[sa.Connection]:
    """
    Open a database and yield a connection in a transaction that only reads.

    Args:
        where: A SQLite file, or a URL such as ``sqlite:///db.sqlite3`` or
            ``postgresql://user@host/name``.
        patience: How long a lock is waited for, in seconds.

    Raises:
        SourceError: There is no such database, or it cannot be read; also from the body.

    """
    engine = _engine(where, patience)
    try:
        with engine.connect() as connection, connection.begin():
            if connection.dialect.name == "postgresql":
                connection.exec_driver_sql("SET TRANSACTION READ ONLY")
                connection.exec_driver_sql(f"SET LOCAL lock_timeout = '{patience}s'")
            yield connection
    except DBAPIError as exc:
        # The driver's own words, on one line.
        reason = " ".join(str(exc.orig).split())
        raise SourceError(f"cannot read {name_of(where)}: {reason}") from exc
    finally:
        engine.dispose()


def _engine(where: str, patience: int) -> sa.Engine:
    if "://" not in where:
        return _sqlite(Path(where), patience)
    url = _parse(where)
    if url.get_backend_name() == "sqlite":
        return _sqlite(Path(url.database or ""), patience)
    try:
        return sa.create_engine(
            url,
            poolclass=NullPool,
            # Users and rooms as they were at one moment.
            isolation_level="REPEATABLE READ",
            connect_args={"connect_timeout": patience},
        )
    except ModuleNotFoundError as exc:
        raise SourceError("PostgreSQL needs its driver: the extra [postgresql]") from exc


def _parse(where: str) -> sa.URL:
    try:
        url = sa.make_url(where)
    except (ArgumentError, ValueError):
        # Without the text, which may hold a password; neither as a cause.
        raise SourceError("the database's URL cannot be read") from None
    if "@" in (url.host or ""):
        # The rest of a password, which the driver would show as the name of a host.
        raise SourceError("the database's URL cannot be read: an @ in a password is written %40")
    driver = url.drivername.partition("+")[0]
    if driver in ("postgres", "postgresql"):
        # Django's world writes both.
        return url.set(drivername="postgresql+psycopg")
    if driver == "sqlite":
        return url.set(drivername="sqlite")
    raise SourceError(f"expected a database of SQLite or PostgreSQL, not {driver!a}")


def _sqlite(file: Path, patience: int) -> sa.Engine:
    if not file.exists():
        raise SourceError(f"there is no file {file}")
    if not file.is_file():
        raise SourceError(f"{file} is no file")
    uri = f"{file.absolute().as_uri()}?mode=ro"

    def connect() -> sqlite3.Connection:
        connection = sqlite3.connect(
            uri, uri=True, timeout=patience, isolation_level=None, check_same_thread=False
        )
        # What is not UTF-8 is found to be no name later, one row at a time.
        connection.text_factory = lambda text: text.decode("utf-8", "surrogateescape")
        return connection

    engine = sa.create_engine("sqlite://", creator=connect, poolclass=NullPool)
    # Users and rooms as they were at one moment; Python's own transactions are off.
    event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN"))
    return engine
