"""A whole run as the command line makes it: pytest plays the checks, reports listen."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import pytest

from multichat_conformance import checks, pytest_plugin
from multichat_conformance.catalogue import catalogue
from multichat_conformance.deviations import Deviations
from multichat_conformance.events import Event, RunFinished
from multichat_conformance.pytest_plugin import CheckItem
from multichat_conformance.reports.report import Report
from multichat_conformance.running.options import Options, planned
from multichat_conformance.running.run import Run
from multichat_conformance.target.model import Target

__all__ = ["judge"]

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


def judge(
    target: Target,
    options: Options,
    reports: Sequence[Report],
    *,
    asked_as: Sequence[str] = (),
    deviations: Deviations | None = None,
) -> RunFinished:
    """
    Play all checks that are asked for, and return the verdict.

    Args:
        target: The server.
        options: What is asked for.
        reports: Are given every event; the caller closes them.
        asked_as: The arguments that named the target, for the commands that repeat a check.
        deviations: What the target is known to do wrong.

    Interrupting it (Ctrl-C) ends the run with a verdict on what was played.

    """

    def emit(event: Event) -> None:
        for report in reports:
            report.event(event)

    run = Run(target, options, emit, asked_as=asked_as, deviations=deviations)
    player = _Player(run)
    folder = Path(checks.__file__).parent
    with _no_foreign_plugins():
        code = pytest.main(
            [*_ALONE, *(["-x"] if options.fail_fast else []), f"--rootdir={folder}", str(folder)],
            plugins=[pytest_plugin, player],
        )
    if run.ended is None:
        # Nothing was played: no check was chosen, or it was interrupted before the first one.
        if not run.begun:
            run.begin([])
        run.finish(interrupted=code == pytest.ExitCode.INTERRUPTED)
    ended = run.ended
    if ended is None:
        raise RuntimeError("a run that was finished has an end")
    return ended


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
