"""
Searching: which rows have a text in them, a page at a time.

What is looked in is kept beside the name or title in folded form, because databases differ in
what they take for the same letter: SQLite knows capitals in ASCII alone.
"""

import unicodedata
from collections.abc import Callable, Sequence
from typing import Any, Final, TypeVar

import sqlalchemy as sa

from multichat_server.storage.records import Found

__all__ = ["PAGE_SIZE", "by_code_points", "contains", "find", "fold"]

#: How many rows a page has.
PAGE_SIZE: Final = 50

# Nothing stored is longer; SQLite refuses patterns of more than 50,000 bytes.
_LONGEST: Final = 300

T = TypeVar("T")


def fold(text: str) -> str:
    """Return a text in the form in which two that look alike are the same."""
    return unicodedata.normalize("NFKC", text).casefold()


def contains(column: sa.Column[str], text: str) -> sa.ColumnElement[bool]:
    """
    Return the condition that a folded column has a text in it.

    Args:
        column: Holds folded texts.
        text: What a person typed, white space around it ignored; the empty text is in all.

    """
    wanted = fold(text).strip()
    if len(wanted) > _LONGEST or any(unicodedata.category(c) in ("Cc", "Cs") for c in wanted):
        # No name or title has such characters, and a statement cannot have some of them.
        return sa.false()
    return column.contains(wanted, autoescape=True)


def by_code_points(connection: sa.Connection, column: sa.Column[str]) -> sa.ColumnElement[str]:
    """Return what to order by so that the order is that of code points in every database."""
    if connection.dialect.name == "postgresql":
        return sa.collate(column, "C")
    return sa.collate(column, "BINARY")


def find(
    connection: sa.Connection,
    columns: Sequence[sa.Column[Any]],
    condition: sa.ColumnElement[bool],
    *,
    order: Sequence[sa.ColumnElement[Any]],
    page: int,
    make: Callable[[Sequence[Any]], T],
) -> Found[T]:
    """
    Return one page of the rows that a condition holds for.

    Args:
        connection: The transaction.
        columns: What is read of each row.
        condition: Which rows.
        order: In which order.
        page: Which page, from 1; one beyond the last means the last.
        make: Makes a value of a row.

    """
    counted = sa.select(sa.func.count()).select_from(columns[0].table).where(condition)
    total: int = connection.execute(counted).scalar_one()
    pages = max(1, -(-total // PAGE_SIZE))
    page = min(max(page, 1), pages)
    rows = connection.execute(
        sa.select(*columns)
        .where(condition)
        .order_by(*order)
        .limit(PAGE_SIZE)
        .offset((page - 1) * PAGE_SIZE)
    )
    return Found([make(row) for row in rows], total=total, page=page, pages=pages)
