"""
Finds redis-server, and keeps a virtual environment with a target's exact pins.

The environment lies in the user's cache folder, under a name made of the pins and of the
Python they are for. It counts as complete once a marker is in it, which is written last; a
lock beside it lets only one run build it.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from launching.stopping import CannotRun, Stopping

__all__ = [
    "Pins",
    "cache_folder",
    "clean_environment",
    "find_redis_server",
    "prepare_environment",
]

_MARKER = "complete"


def clean_environment() -> dict[str, str]:
    """Return this process's environment without what was meant for its own Python."""
    # The pip that comes with Python 3.6 fails on PIP_NO_CACHE_DIR=1, which many containers set.
    meant = {"VIRTUAL_ENV", "__PYVENV_LAUNCHER__", "PIP_NO_CACHE_DIR"}
    return {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("PYTHON") and name not in meant
    }


def find_redis_server() -> Path:
    """
    Return the path of ``redis-server``.

    Raises:
        CannotRun: It is not installed.

    """
    found = shutil.which("redis-server")
    if found is None:
        raise CannotRun(
            "redis-server was not found on the path; install it (apt-get install redis-server)"
        )
    return Path(found)


def cache_folder(environ: Mapping[str, str]) -> Path:
    """Return the folder for this program's caches, where the platform keeps such things."""
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "multichat"
    return Path(environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "multichat"


@dataclass(frozen=True, kw_only=True)
class Pins:
    """
    What an environment holds.

    Attributes:
        name: What the environment's folder is called, before the hash.
        python: The Python that it is made from.
        files: Files of requirements, installed one after the other.
        works: Says whether the environment's Python works.
        needs: What the environment is for, in a sentence that says that it could not be built.

    """

    name: str
    python: Path
    files: tuple[Path, ...]
    works: Callable[[Path], bool]
    needs: str


def prepare_environment(pins: Pins, cache: Path, stopping: Stopping) -> Path:
    """
    Return the Python of an environment that has the pins, building it when it is not there.

    Args:
        pins: What it holds.
        cache: Where environments are kept.
        stopping: Ends the building early; the half-built environment is rebuilt next time.

    Raises:
        CannotRun: The packages could not be installed.
        Stopped: Somebody asked the program to stop.

    """
    key = hashlib.sha256(os.fsencode(pins.python.resolve()))
    for file in pins.files:
        key.update(file.read_bytes())
    folder = cache / f"{pins.name}-{key.hexdigest()[:16]}"
    log = folder.with_suffix(".log")
    inside = folder / "bin" / "python"
    try:
        cache.mkdir(parents=True, exist_ok=True)
        with _locked(folder.with_suffix(".lock"), stopping):
            if (folder / _MARKER).exists() and pins.works(inside):
                return inside
            if folder.exists():
                shutil.rmtree(folder)
            print(f"building the environment in {folder} (once)", file=sys.stderr, flush=True)
            quiet = "--disable-pip-version-check"
            install: tuple[Path | str, ...] = (inside, "-m", "pip", "install", quiet, "-r")
            for command in (
                (pins.python, "-m", "venv", folder),
                *((*install, file) for file in pins.files),
            ):
                _run(command, log, stopping, needs=pins.needs)
            (folder / _MARKER).touch()
    except OSError as error:
        raise CannotRun(f"the environment cannot be kept in {cache}: {error}") from error
    return inside


@contextmanager
def _locked(path: Path, stopping: Stopping) -> Iterator[None]:
    with path.open("w") as file:
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                # Another run builds it, which takes seconds. A plain flock() could not be
                # interrupted by a request to stop.
                stopping.wait(0.2)
            else:
                break
        yield


def _run(command: Sequence[Path | str], log: Path, stopping: Stopping, *, needs: str) -> None:
    with log.open("wb") as output:
        child = subprocess.Popen(
            command,
            env=clean_environment(),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            status = stopping.wait_for_end(child, None)
        finally:
            if child.poll() is None:
                child.kill()
                child.wait()
    if status:
        lines = log.read_text(errors="replace").strip().splitlines()
        said = lines[-1] if lines else "nothing was said"
        raise CannotRun(
            f"the environment for {needs} could not be built: {said.strip()} (more in {log})"
        )
