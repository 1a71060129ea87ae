"""A test that could not run is counted, and fails the run on CI."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.house.repository import ROOT

SOURCE = """\
import pytest


def test_that_runs():
    pass


@pytest.mark.parametrize("case", [1, 2])
def test_that_cannot(case):
    pytest.skip("no Python 3.6 here")
"""


def run_pytest(folder: Path, ci: str) -> tuple[int, str]:
    """Run the tests of ``folder`` under the conftest of this repository."""
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "."],
        cwd=folder,
        env={**os.environ, "CI": ci, "NO_COLOR": "1", "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    shutil.copy(ROOT / "tests/conftest.py", tmp_path)
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    (tmp_path / "test_it.py").write_text(SOURCE)
    return tmp_path


def test_what_was_left_out_is_counted(folder: Path) -> None:
    status, output = run_pytest(folder, ci="")

    assert status == 0
    assert "2 not run: no Python 3.6 here" in output


def test_on_ci_nothing_may_be_left_out(folder: Path) -> None:
    status, output = run_pytest(folder, ci="true")

    assert status == 1
    assert "2 not run: no Python 3.6 here" in output


def test_on_ci_a_complete_run_passes(folder: Path) -> None:
    (folder / "test_it.py").write_text("def test_that_runs():\n    pass\n")

    assert run_pytest(folder, ci="true")[0] == 0
