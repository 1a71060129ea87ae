"""Runs the stand-in for the tests that need it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.original.target import RUN, OriginalServer
from tests.targets.running import run_target


@contextmanager
def run_original(*arguments: str, status: int = 0) -> Iterator[OriginalServer]:
    """
    Run the stand-in until the block ends.

    Args:
        *arguments: What the command gets.
        status: The exit status that it must end with.

    """
    with run_target(RUN, *arguments, status=status) as (ready, process):
        yield OriginalServer(ready, process)


@pytest.fixture(scope="session")
def original_server() -> Iterator[OriginalServer]:
    """The stand-in as it was recorded: daphne, one worker; shared by all tests."""
    with run_original("--restart-after", "0") as server:
        yield server


@pytest.fixture(scope="session")
def silent_original_server() -> Iterator[OriginalServer]:
    """The stand-in with ENTER and LEAVE notices switched off."""
    with run_original("--no-notices") as server:
        yield server


def open_database(file: Path) -> sqlite3.Connection:
    """Open the stand-in's database beside it; each statement counts at once."""
    return sqlite3.connect(file, timeout=30, isolation_level=None)


@contextmanager
def restored(database: sqlite3.Connection) -> Iterator[None]:
    """Put users, rooms and sessions back at the end."""
    tables = ("auth_user", "chat_room", "django_session")
    before = {
        table: database.execute(f"SELECT * FROM {table}").fetchall()  # noqa: S608
        for table in tables
    }
    try:
        yield
    finally:
        database.execute("BEGIN IMMEDIATE")
        for table, rows in before.items():
            database.execute(f"DELETE FROM {table}")  # noqa: S608
            places = ", ".join("?" * len(rows[0])) if rows else ""
            database.executemany(f"INSERT INTO {table} VALUES ({places})", rows)  # noqa: S608
        database.execute("COMMIT")
