"""Room for open files, tried in a process of its own: the limit is the process's."""

import subprocess
import sys

import pytest

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
