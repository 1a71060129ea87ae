"""Finds the Python 3.6 that the 2016 application needs."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

from launching.environment import clean_environment
from launching.stopping import CannotRun

__all__ = ["find_python36", "is_python36"]

PYTHON_VARIABLE = "MULTICHAT_PYTHON36"
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
        if not is_python36(Path(named)):
            raise CannotRun(
                f"{PYTHON_VARIABLE} is {named!r}, which is no working Python 3.6"
                " with ssl, sqlite3 and venv"
            )
        return Path(named)
    for candidate in _candidates(environ):
        if is_python36(candidate):
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


def is_python36(candidate: Path) -> bool:
    """Say whether a program is a Python 3.6 that works."""
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
