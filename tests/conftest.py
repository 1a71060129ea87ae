"""What holds for every test run: its order, and that what was left out is counted."""

from __future__ import annotations

import os
import signal
from collections import Counter
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterable

    from _pytest.terminal import TerminalReporter


if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # A script's background job ignores Ctrl-C, and so would all that the tests start.
    signal.signal(signal.SIGINT, signal.default_int_handler)


def _left_out(terminal: TerminalReporter) -> Counter[str]:
    """Count the tests that did not run by the reason they gave."""
    skipped: Iterable[pytest.TestReport] = terminal.stats.get("skipped", [])
    # longrepr of a skipped test is (path, line, "Skipped: reason").
    return Counter(
        report.longrepr[2].removeprefix("Skipped: ").removeprefix("left out: ")
        for report in skipped
        if isinstance(report.longrepr, tuple)
    )


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the slow tests: a file is one process's work, and none should end alone."""
    items.sort(key=lambda item: item.get_closest_marker("slow") is None)


def pytest_terminal_summary(terminalreporter: TerminalReporter) -> None:
    """Say in plain numbers what this run did not test."""
    left_out = _left_out(terminalreporter)
    if left_out:
        terminalreporter.section("left out")
        for reason, count in left_out.most_common():
            terminalreporter.write_line(f"{count} not run: {reason}")


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """On CI a test that could not run is a failure: a skip must not read as green."""
    terminal = session.config.pluginmanager.get_plugin("terminalreporter")
    if terminal is None or exitstatus != pytest.ExitCode.OK:
        return
    if os.environ.get("CI") == "true" and _left_out(terminal):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
