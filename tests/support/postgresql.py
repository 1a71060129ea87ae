"""
A PostgreSQL server for tests: its own data in a folder of its own, reached by a socket file only.

It listens on no port. PostgreSQL does not run as root; as root it is started as the user that
the system's package makes for it.
"""

import getpass
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cached_property, partial
from itertools import count
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

__all__ = ["Cluster", "postgresql", "postgresql_url", "running"]

# It may be killed at any time: nothing has to survive.
OPTIONS = "-c listen_addresses= -c fsync=off -c max_connections=100 -c deadlock_timeout=200ms"


class Cluster:
    """A running server, in which each test has a database of its own."""

    def __init__(self, folder: Path, user: str, control: Callable[..., None]) -> None:
        self._folder = folder
        self._user = user
        self._control = control
        self._numbers = count(1)

    def new_database(self) -> str:
        """Make an empty database and return its URL."""
        name = f"test_{next(self._numbers)}"
        self._admin.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        return self._url(name)

    def drop_connections(self) -> None:
        """Cut every connection but our own, as a restart or a broken network does."""
        self._admin.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE pid <> pg_backend_pid() AND datname IS NOT NULL"
        )

    def start(self) -> None:
        """Start it, and return when it takes connections."""
        self._control(
            "-l", str(self._folder / "log"), "-o", f"{OPTIONS} -k {self._folder}", "start"
        )

    def stop(self) -> None:
        """Stop it at once, as if the machine had failed; :meth:`start` brings it back."""
        if "_admin" in self.__dict__:
            self._admin.close()
            del self._admin
        self._control("-m", "immediate", "stop")

    def _url(self, name: str) -> str:
        return f"postgresql://{self._user}@/{name}?host={self._folder}"

    @cached_property
    def _admin(self) -> "psycopg.Connection[tuple[object, ...]]":
        return psycopg.connect(self._url("postgres"), autocommit=True)


def _binaries() -> Path | None:
    """Return where PostgreSQL's programs are; Debian does not put them on the path."""
    found = shutil.which("initdb")
    if found:
        return Path(found).resolve().parent
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    return folders[-1] if folders else None


def _unprivileged() -> str | None:
    """Return as whom to run it: oneself, or somebody else if one is root."""
    if os.geteuid() != 0:
        return getpass.getuser()
    names = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in names else None


@contextmanager
def running() -> Iterator[Cluster]:
    """Run a server; skip the test where there is none to run."""
    binaries, user = _binaries(), _unprivileged()
    if binaries is None or user is None:
        pytest.skip("no PostgreSQL here")
    as_user = user if os.geteuid() == 0 else None
    # Not below pytest's folder, which is for the one who runs the tests alone. A socket's path
    # has some hundred characters at most.
    folder = Path(tempfile.mkdtemp(prefix="multichat-pg-"))

    def run(program: str, *arguments: str) -> None:
        subprocess.run(
            [str(binaries / program), *arguments],
            user=as_user,
            cwd=folder,
            check=True,
            stdout=subprocess.DEVNULL,
            timeout=60,
        )

    try:
        if as_user is not None:
            shutil.chown(folder, as_user)
        data = str(folder / "data")
        run("initdb", "-D", data, "-U", user, "--no-sync", "-A", "trust", "-E", "UTF8")
        cluster = Cluster(folder, user, partial(run, "pg_ctl", "-D", data, "-w"))
        cluster.start()
        try:
            yield cluster
        finally:
            cluster.stop()
    finally:
        shutil.rmtree(folder)


@pytest.fixture(scope="session")
def postgresql() -> Iterator[Cluster]:
    """One server for all tests of a process."""
    with running() as cluster:
        yield cluster


@pytest.fixture
def postgresql_url(postgresql: Cluster) -> str:
    """The URL of an empty database."""
    return postgresql.new_database()
