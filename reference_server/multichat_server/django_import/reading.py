"""Which tables of a Django database are meant, and what is in them, unchecked."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa

from multichat_server.django_import.source import SourceError

__all__ = ["ROOMS", "USERS", "Kind", "find_table", "read", "tables_of"]

# So many rows are in memory twice, and so often a person is told how far it is.
_ROWS_A_PART: Final = 1_000
_ROWS_A_SIGN: Final = 10_000


@dataclass(frozen=True, slots=True)
class Kind:
    """
    What is looked for.

    Attributes:
        name: What it is, in words.
        table: Its table in the original.
        option: How a person names another table.
        columns: What is read of it, the id first.

    """

    name: str
    table: str
    option: str
    columns: tuple[str, ...]


USERS: Final = Kind(
    "users", "auth_user", "--user-table", ("id", "username", "password", "is_staff", "is_active")
)
ROOMS: Final = Kind("rooms", "chat_room", "--room-table", ("id", "title", "staff_only"))

_COLUMNS_OF_SQLITE: Final = """
SELECT found.name, columns.name
FROM sqlite_master AS found JOIN pragma_table_info(found.name) AS columns
WHERE found.type = 'table'
"""
_COLUMNS_OF_POSTGRESQL: Final = """
SELECT table_name, column_name FROM information_schema.columns
WHERE table_schema = ANY (current_schemas(false))
"""


def tables_of(connection: sa.Connection) -> dict[str, set[str]]:
    """
    Return the names of all tables with those of their columns.

    Raises:
        SourceError: It is a database of multichat itself.

    """
    is_sqlite = connection.dialect.name == "sqlite"
    query = _COLUMNS_OF_SQLITE if is_sqlite else _COLUMNS_OF_POSTGRESQL
    tables: dict[str, set[str]] = {}
    for table, column in connection.exec_driver_sql(query):
        tables.setdefault(table, set()).add(column)
    if {"alembic_version", "counters", "users", "rooms"} <= tables.keys():
        raise SourceError("this is a database of multichat, not of Django")
    return tables


def find_table(tables: Mapping[str, set[str]], kind: Kind, named: str | None) -> str:
    """
    Return the table that is meant.

    Args:
        tables: All there are, with their columns.
        kind: What is looked for.
        named: The table that a person named; ``None`` for the original's, or else the only one
            that has the columns of such a table.

    Raises:
        SourceError: There is none, or not one alone, or it lacks a column.

    """
    table = named if named is not None else kind.table
    if table in tables:
        missing = [column for column in kind.columns if column not in tables[table]]
        if missing:
            raise SourceError(
                f"the table {table} has no column {_names(missing)}: was the database migrated"
                " to its end?"
            )
        return table
    if named is not None:
        raise SourceError(f"there is no table {named}")
    fitting = sorted(name for name, columns in tables.items() if columns >= set(kind.columns))
    if len(fitting) == 1:
        return fitting[0]
    if fitting:
        raise SourceError(
            f"which is the table of {kind.name}: {_names(fitting)}? Name it with {kind.option}"
        )
    raise SourceError(
        f"there is no table {kind.table}, nor another with the columns {_names(kind.columns)}"
    )


def read(
    connection: sa.Connection, kind: Kind, table: str, progress: Callable[[str], None]
) -> Iterator[Sequence[Any]]:
    """
    Yield the rows of a table by id, with the columns of its kind.

    Args:
        connection: The transaction.
        kind: What they are.
        table: Where they are.
        progress: Told now and then how far it is; what it raises ends the reading.

    """
    columns: list[sa.ColumnClause[Any]] = [sa.column(name) for name in kind.columns]
    query = sa.select(*columns).select_from(sa.table(table)).order_by(columns[0])
    result = connection.execution_options(yield_per=_ROWS_A_PART).execute(query)
    count = 0
    for part in result.partitions():
        yield from part
        count += len(part)
        if count % _ROWS_A_SIGN == 0:
            progress(f"read {count} {kind.name}")


def _names(names: Sequence[str]) -> str:
    return ", ".join(names)
