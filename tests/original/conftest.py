"""
Runs the stand-in for the tests that need it.

Where Python 3.6 or redis-server is missing the tests are left out, and the reason and the
number appear in pytest's summary. With ``CI=true`` or ``MULTICHAT_NOTHING_LEFT_OUT=1`` that
is a failure instead.
"""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

import pytest

from tests.original.target import RUN, OriginalServer


def leave_out(reason: str) -> NoReturn:
    """Skip the test for a stated reason, or fail where nothing may be left out."""
    if os.environ.get("CI") == "true" or os.environ.get("MULTICHAT_NOTHING_LEFT_OUT") == "1":
        pytest.fail(f"left out, and nothing may be: {reason}", pytrace=False)
    pytest.skip(f"left out: {reason}")


@contextmanager
def run_original(*arguments: str, status: int = 0) -> Iterator[OriginalServer]:
    """
    Run the stand-in until the block ends.

    Args:
        *arguments: What the command gets.
        status: The exit status that it must end with.

    """
    command = [sys.executable, str(RUN), "--stop-at-eof", *arguments]
    with subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stderr is not None
        line = process.stdout.readline()
        if not line:
            said = process.stderr.read().strip()
            if process.wait() == 3:
                leave_out(said.splitlines()[-1])
            pytest.fail(f"the stand-in did not start: {said}", pytrace=False)
        yield OriginalServer(json.loads(line), process)
        # What it says on the way out is read here, so that it cannot block on a full pipe.
        said = process.communicate("", timeout=30)[1]
        assert process.returncode == status, said


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
