"""A database of Django's of each kind, and a store of each kind."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from multichat_server.passwords import Passwords
from multichat_server.storage import Store
from tests.support.postgresql import Cluster, postgresql

__all__ = ["postgresql"]

KINDS = ["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)]


def new_url(request: pytest.FixtureRequest, tmp_path: Path, name: str) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / name}"
    cluster: Cluster = request.getfixturevalue("postgresql")
    return cluster.new_database()


@pytest.fixture(params=KINDS)
def django(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of an empty database for Django."""
    return new_url(request, tmp_path, "django.sqlite3")


@pytest.fixture(params=KINDS)
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Store]:
    url = new_url(request, tmp_path, "chat.sqlite3")
    async with Store.open(url, passwords=Passwords(memory_kib=8)) as store:
        yield store
