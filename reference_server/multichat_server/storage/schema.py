"""
Brings the tables of a database up to what this version needs.

A new database gets the tables of :mod:`~multichat_server.storage.tables` as they are; a test shows
that they are what all migrations together make. Only an older database needs Alembic, and only
then is it imported: that takes a third of a second, half of all that a server needs to start.
"""

from pathlib import Path
from typing import Final

import sqlalchemy as sa

from multichat_server.storage.errors import StoreError
from multichat_server.storage.tables import LAST_ROOM, REVISION, counters, metadata

__all__ = ["NEWEST", "bring_up_to_date", "migrate"]

#: The newest migration.
NEWEST: Final = "0002"

_MIGRATIONS: Final = Path(__file__).parent / "migrations"
# An arbitrary number by which PostgreSQL knows the lock that migrations take.
_ADVISORY_LOCK: Final = 7_240_116

# As Alembic itself makes it.
_version: Final = sa.Table(
    "alembic_version",
    sa.MetaData(),
    sa.Column("version_num", sa.String(32), nullable=False),
    sa.PrimaryKeyConstraint("version_num", name="alembic_version_pkc"),
)


def bring_up_to_date(connection: sa.Connection) -> None:
    """
    Make the tables, or change them to what this version needs, in the caller's transaction.

    Raises:
        StoreError: A newer multichat made the tables.

    """
    if connection.dialect.name == "postgresql":
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_ADVISORY_LOCK)))
    names = sa.inspect(connection).get_table_names()
    if not names:
        _make(connection)
    elif _version.name not in names or _found(connection) != NEWEST:
        migrate(connection)


def migrate(connection: sa.Connection, revision: str = "head") -> None:
    """
    Run the migrations that a database lacks, in the caller's transaction.

    Args:
        connection: The transaction.
        revision: Up to which one; a test stops earlier.

    Raises:
        StoreError: A newer multichat made the tables.

    """
    import alembic.command
    import alembic.util
    from alembic.config import Config

    config = Config()
    # The setting is subject to % interpolation.
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    try:
        alembic.command.upgrade(config, revision)
    except alembic.util.CommandError as exc:
        raise StoreError(f"the tables are not of a version known here: {exc}") from exc


def _make(connection: sa.Connection) -> None:
    metadata.create_all(connection)
    connection.execute(
        counters.insert(), [{"name": REVISION, "value": 0}, {"name": LAST_ROOM, "value": 0}]
    )
    _version.create(connection)
    connection.execute(_version.insert(), {"version_num": NEWEST})


def _found(connection: sa.Connection) -> str | None:
    return connection.execute(sa.select(_version.c.version_num)).scalar_one_or_none()
