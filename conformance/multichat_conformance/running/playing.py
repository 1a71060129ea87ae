"""Has pytest play the checks of a run, with nothing of the place where it is called."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import pytest

from multichat_conformance import checks, pytest_plugin
from multichat_conformance.catalogue import catalogue
from multichat_conformance.pytest_plugin import CheckItem
from multichat_conformance.running.options import planned
from multichat_conformance.running.run import Run

__all__ = ["play"]

_ALONE: Final = [
    # Nothing of the place where it is called, and no plugin of the environment, has a say.
    "--noconftest",
    "--assert=plain",
    "--capture=no",
    "-c",
    os.devnull,
    "-p",
    "no:cacheprovider",
    "-p",
    "no:terminal",
    "-p",
    "no:junitxml",
    "-p",
    "no:faulthandler",
    "-p",
    "no:unraisableexception",
    "-p",
    "no:threadexception",
]


def play(run: Run) -> bool:
    """Play the checks that a run consists of, and return whether that was interrupted."""
    folder = Path(checks.__file__).parent
    fail_fast = ["-x"] if run.options.fail_fast else []
    with _no_foreign_plugins():
        code = pytest.main(
            [*_ALONE, *fail_fast, f"--rootdir={folder}", str(folder)],
            plugins=[pytest_plugin, _Player(run)],
        )
    return code == pytest.ExitCode.INTERRUPTED


class _Player:
    """Gives pytest the run and the checks that it consists of."""

    def __init__(self, run: Run) -> None:
        self._run = run

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_modifyitems(
        self, config: pytest.Config, items: list[pytest.Item]
    ) -> None:
        config.stash[pytest_plugin.RUN] = self._run
        chosen = {check.id for check in planned(catalogue(), self._run.options)}
        items[:] = [i for i in items if isinstance(i, CheckItem) and i.check.id in chosen]


@contextmanager
def _no_foreign_plugins() -> Iterator[None]:
    names = ("PYTEST_ADDOPTS", "PYTEST_PLUGINS", "PYTEST_DISABLE_PLUGIN_AUTOLOAD")
    before = {name: os.environ.pop(name, None) for name in names}
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name, None)
            if value is not None:
                os.environ[name] = value
