"""The store of the storage tests, in PostgreSQL."""

from collections.abc import AsyncIterator

import pytest

from multichat_server.passwords import Passwords
from multichat_server.storage import Store
from tests.server.storage.conftest import Clock, clock
from tests.support.postgresql import postgresql, postgresql_url

__all__ = ["clock", "postgresql", "postgresql_url", "store"]


@pytest.fixture
async def store(clock: Clock, postgresql_url: str) -> AsyncIterator[Store]:
    # Passwords are hashed as fast as can be: none of them is a secret.
    passwords = Passwords(memory_kib=8)
    async with Store.open(postgresql_url, clock=clock, passwords=passwords) as store:
        yield store
