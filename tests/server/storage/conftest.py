"""A store in memory for each test, on a clock that the test sets."""

from collections.abc import AsyncIterator

import pytest

from multichat_server.storage import Store


class Clock:
    """Seconds since 1970, standing still until a test moves them."""

    def __init__(self) -> None:
        self.now = 1_000_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def store(clock: Clock) -> AsyncIterator[Store]:
    async with Store.open("sqlite://", clock=clock) as store:
        yield store
