"""Room for open files, tried in a process of its own: the limit is the process's."""

import errno
import logging
import subprocess
import sys
from collections.abc import Iterator

import pytest
import trio
from trio.testing import MockClock

from multichat_server.open_files import SECONDS_BETWEEN_LINES, log_full_seldom

SCRIPT = """
import resource, sys
from multichat_server.open_files import allow_connections
soft, hard, connections = map(int, sys.argv[1:])
resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
print(allow_connections(connections), *resource.getrlimit(resource.RLIMIT_NOFILE))
"""


@pytest.mark.parametrize(
    ("soft", "hard", "connections", "room", "soft_after"),
    [
        pytest.param(300, 1000, 500, 500, 628, id="raised as far as needed"),
        pytest.param(300, 600, 500, 472, 600, id="raised as far as allowed"),
        pytest.param(900, 1000, 500, 500, 900, id="never lowered"),
        pytest.param(100, 120, 500, 0, 120, id="no room at all"),
    ],
)
def test_the_soft_limit_is_raised(
    soft: int, hard: int, connections: int, room: int, soft_after: int
) -> None:
    arguments = [str(soft), str(hard), str(connections)]
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, *arguments], capture_output=True, text=True, check=True
    )

    assert done.stdout.split() == [str(room), str(soft_after), str(hard)]


class FullListener(trio.abc.Listener[trio.abc.Stream]):
    """Has no file left for a connection, for so long on Trio's clock; then ends the test."""

    def __init__(self, seconds: float, scope: trio.CancelScope) -> None:
        self._until = trio.current_time() + seconds
        self._scope = scope

    async def accept(self) -> trio.abc.Stream:
        if trio.current_time() > self._until:
            self._scope.cancel()
            await trio.lowlevel.checkpoint()
        raise OSError(errno.EMFILE, "Too many open files")

    async def aclose(self) -> None:
        await trio.lowlevel.checkpoint()


@pytest.fixture
def _clean() -> Iterator[None]:
    logger = logging.getLogger("trio.serve_listeners")
    before = list(logger.filters)
    yield
    logger.filters = before


async def nobody(_: trio.abc.Stream) -> None:
    pytest.fail("somebody was let in")


@pytest.mark.usefixtures("_clean")
async def test_that_none_is_left_is_logged_once_a_minute(
    autojump_clock: MockClock, caplog: pytest.LogCaptureFixture
) -> None:
    """A stranger who holds all of them must not fill a disk with it."""
    log_full_seldom(clock=autojump_clock.current_time)

    with trio.CancelScope() as scope:
        await trio.serve_listeners(nobody, [FullListener(SECONDS_BETWEEN_LINES * 2.5, scope)])

    assert [record.exc_info for record in caplog.records] == [None] * 3
