"""The benchmarks run; what they measure is for a quiet machine to say."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.house.repository import ROOT

CLIENTS = ["websockets.trio", "multichat trio", "multichat sync"]


@pytest.mark.slow
def test_reading() -> None:
    """Each client reads all of it, at both rates; a shell has a ratio, what it stands on none."""
    done = subprocess.run(
        [
            sys.executable,
            str(ROOT / "benchmarks/sdk/reading.py"),
            *("--messages", "500", "--repeat", "1", "--only", *CLIENTS),
        ],
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode, done.stderr) == (0, "")
    rows = [line for line in done.stdout.splitlines() if line.startswith(tuple(CLIENTS))]
    columns = [len(line.split()) - line.startswith("multichat") for line in rows]
    assert columns == [5, 7, 7] * 2
