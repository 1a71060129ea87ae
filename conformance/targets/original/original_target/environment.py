"""
Finds Python 3.6 and redis-server, and keeps a virtual environment with the exact pins.

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
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from launching.stopping import CannotRun, Stopping

__all__ = [
    "cache_folder",
    "clean_environment",
    "find_python36",
    "find_redis_server",
    "prepare_environment",
]

PYTHON_VARIABLE = "MULTICHAT_PYTHON36"
_MARKER = "complete"
# What the application needs of its Python, apart from the version.
_PROBE = "import sys, ssl, sqlite3, venv, ensurepip; print('%d.%d' % sys.version_info[:2])"


def find_python36(environ: Mapping[str, str]) -> Path:
    """
    Return a Python 3.6 that works.

    Looked for in this order: what ``MULTICHAT_PYTHON36`` names, and then nothing else; the
    versions folder of pyenv, newest first; ``python3.6`` on the path.

    Raises:
        CannotRun: There is none; the text says what to do.

    """
    named = environ.get(PYTHON_VARIABLE)
    if named:
        if not _is_python36(Path(named)):
            raise CannotRun(
                f"{PYTHON_VARIABLE} is {named!r}, which is no working Python 3.6"
                " with ssl, sqlite3 and venv"
            )
        return Path(named)
    for candidate in _candidates(environ):
        if _is_python36(candidate):
            return candidate
    raise CannotRun(
        "Python 3.6 was not found, neither among pyenv's versions nor as python3.6 on the path;"
        f" install it (pyenv install 3.6.15) or name it in {PYTHON_VARIABLE}"
    )


def _candidates(environ: Mapping[str, str]) -> Iterator[Path]:
    root = Path(environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    patches = {
        int(folder.name.removeprefix("3.6.")): folder
        for folder in (root / "versions").glob("3.6.*")
        if folder.name.removeprefix("3.6.").isdecimal()
    }
    for _, folder in sorted(patches.items(), reverse=True):
        yield folder / "bin" / "python3.6"
    for folder_name in environ.get("PATH", "").split(os.pathsep):
        if folder_name:
            yield Path(folder_name) / "python3.6"


def _is_python36(candidate: Path) -> bool:
    if not os.access(candidate, os.X_OK) or candidate.is_dir():
        return False
    try:
        found = subprocess.run(
            [candidate, "-c", _PROBE],
            env=clean_environment(),
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return found.returncode == 0 and found.stdout.strip() == "3.6"


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


def prepare_environment(python: Path, pins: Path, cache: Path, stopping: Stopping) -> Path:
    """
    Return the Python of an environment that has the pins, building it when it is not there.

    Args:
        python: A Python 3.6.
        pins: The folder with ``requirements-build.txt`` and ``requirements.txt``.
        cache: Where environments are kept.
        stopping: Ends the building early; the half-built environment is rebuilt next time.

    Raises:
        CannotRun: The packages could not be installed.
        Stopped: Somebody asked the program to stop.

    """
    files = [pins / "requirements-build.txt", pins / "requirements.txt"]
    key = hashlib.sha256(os.fsencode(python.resolve()))
    for file in files:
        key.update(file.read_bytes())
    folder = cache / f"original-{key.hexdigest()[:16]}"
    inside = folder / "bin" / "python"
    try:
        cache.mkdir(parents=True, exist_ok=True)
        with _locked(folder.with_suffix(".lock"), stopping):
            if (folder / _MARKER).exists() and _is_python36(inside):
                return inside
            if folder.exists():
                shutil.rmtree(folder)
            print(f"building the environment in {folder} (once)", file=sys.stderr, flush=True)
            _run([python, "-m", "venv", folder], folder.with_suffix(".log"), stopping)
            for file in files:
                install = (inside, "-m", "pip", "install", "--requirement", file)
                _run(install, folder.with_suffix(".log"), stopping)
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


def _run(command: Sequence[Path | str], log: Path, stopping: Stopping) -> None:
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
            f"the environment for Python 3.6 could not be built: {said.strip()} (more in {log})"
        )
