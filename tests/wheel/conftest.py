"""The archives, built once, and the wheel in two clean environments."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.house.repository import ROOT


@dataclass(frozen=True)
class Archives:
    """What `make wheel` leaves in dist/: the wheel is built from the source archive."""

    sdist: Path
    wheel: Path


@dataclass(frozen=True)
class Environment:
    """An environment that holds the wheel, and an empty folder to use it from."""

    folder: Path
    empty: Path

    def command(self, name: str, *arguments: str) -> list[str]:
        """Return the command line for the script ``name``, or for python itself."""
        return [str(self.folder / "bin" / name), *arguments]

    def pip(self, *arguments: str) -> list[str]:
        """Return a command line of pip, which is not in the environment itself."""
        return [sys.executable, "-m", "pip", "--python", str(self.folder), *arguments]

    @property
    def environ(self) -> dict[str, str]:
        """Return variables that lead to no other tree and to nobody's settings."""
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "MULTICHAT_"))}
        return {**kept, "HOME": str(self.empty), "NO_COLOR": "1", "COLUMNS": "100"}

    def run(self, name: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a command from the empty folder."""
        return subprocess.run(
            self.command(name, *arguments),
            cwd=self.empty,
            env=self.environ,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )


def run(*command: str | Path) -> None:
    """Run a command that must succeed; what it printed is in the failure."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="session")
def archives(tmp_path_factory: pytest.TempPathFactory) -> Archives:
    # No isolation: hatchling is here, in the locked version.
    folder = Path(os.environ.get("DIST") or tmp_path_factory.mktemp("dist"))
    folder.mkdir(exist_ok=True)
    for old in folder.glob("multichat-*"):
        old.unlink()
    run(sys.executable, "-m", "build", "--no-isolation", "--outdir", folder, ROOT)
    (sdist,) = folder.glob("*.tar.gz")
    (wheel,) = folder.glob("*.whl")
    return Archives(sdist, wheel)


def environment(folder: Path, wheel: Path, extras: str) -> Environment:
    """Install the wheel the way a user does, in the versions that the tests ran with."""
    made = Environment(folder / "venv", folder / "empty")
    made.empty.mkdir()
    run(sys.executable, "-m", "venv", "--without-pip", made.folder)
    lock = ROOT / ".ci/requirements.lock"
    # Compiling what is never imported would take half of the time.
    run(*made.pip("install", "-qq", "--no-compile", "--constraint", str(lock), f"{wheel}{extras}"))
    return made


@pytest.fixture(scope="session")
def bare(tmp_path_factory: pytest.TempPathFactory, archives: Archives) -> Environment:
    return environment(tmp_path_factory.mktemp("bare"), archives.wheel, "")


@pytest.fixture(scope="session")
def full(tmp_path_factory: pytest.TempPathFactory, archives: Archives) -> Environment:
    return environment(tmp_path_factory.mktemp("full"), archives.wheel, "[all]")
