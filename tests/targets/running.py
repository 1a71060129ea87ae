"""
Runs a target for the tests that need it.

Where it says that it cannot run, for want of Python 3.6, redis-server or a network, the tests
are left out, and the reason and the number appear in pytest's summary. With ``CI=true`` or
``MULTICHAT_NOTHING_LEFT_OUT=1`` that is a failure instead.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn

import pytest

__all__ = ["leave_out", "run_target"]


def leave_out(reason: str) -> NoReturn:
    """Skip the test for a stated reason, or fail where nothing may be left out."""
    if os.environ.get("CI") == "true" or os.environ.get("MULTICHAT_NOTHING_LEFT_OUT") == "1":
        pytest.fail(f"left out, and nothing may be: {reason}", pytrace=False)
    pytest.skip(f"left out: {reason}")


@contextmanager
def run_target(
    program: Path, *arguments: str, status: int = 0, environment: dict[str, str] | None = None
) -> Iterator[tuple[dict[str, Any], subprocess.Popen[str]]]:
    """
    Run a target until the block ends, and give its ready line and its process.

    Args:
        program: Its ``run.py``.
        *arguments: What the command gets.
        status: The exit status that it must end with.
        environment: Variables to add to this process's own.

    """
    command = [sys.executable, str(program), "--stop-at-eof", *arguments]
    with subprocess.Popen(
        command,
        env={**os.environ, **(environment or {})},
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
            pytest.fail(f"the target did not start: {said}", pytrace=False)
        yield json.loads(line), process
        # What it says on the way out is read here, so that it cannot block on a full pipe.
        said = process.communicate("", timeout=30)[1]
        assert process.returncode == status, said
