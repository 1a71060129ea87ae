"""
What several processes have found, brought together: each of xdist's workers plays a part.

A worker writes what came of a check into the report of its test, which xdist brings to the
process that has started it. Nothing is lost there when a worker dies: what it has not reported
is not tested.
"""

import dataclasses
import json
from collections.abc import Callable, Collection, Iterable
from pathlib import PurePath
from typing import Any, Final

import pytest

from multichat_conformance.catalogue import catalogue
from multichat_conformance.events import Attempt, CheckFinished, Finding
from multichat_conformance.outcomes import Outcome
from multichat_conformance.running.run import Run

__all__ = ["Gatherer", "attach", "pack", "unpack"]

_ATTRIBUTE: Final = "multichat_result"
"""Of a test's report; xdist brings along whatever JSON could hold."""


def attach(report: pytest.TestReport, result: CheckFinished, trouble: str) -> None:
    """
    Write into a test's report what came of its check.

    Args:
        report: The report.
        result: What came of the check.
        trouble: Why the run was given up; empty if it was not.

    """
    setattr(report, _ATTRIBUTE, [pack(result), trouble])


def pack(result: CheckFinished) -> str:
    """Return a result as a text; the transcripts stay behind, since no verdict is about them."""
    attempts = tuple(dataclasses.replace(one, transcript=()) for one in result.attempts)
    return json.dumps(dataclasses.asdict(dataclasses.replace(result, attempts=attempts)))


def unpack(text: str) -> CheckFinished:
    """Return the result that :func:`pack` has made a text of."""
    members: dict[str, Any] = json.loads(text)
    attempts = tuple(
        Attempt(
            one["number"],
            one["duration_ms"],
            Finding(**one["finding"]) if one["finding"] else None,
            (),
        )
        for one in members["attempts"]
    )
    return CheckFinished(
        **members
        | {
            "outcome": Outcome(members["outcome"]),
            "clauses": tuple(members["clauses"]),
            "notes": tuple(members["notes"]),
            "attempts": attempts,
        }
    )


class Gatherer:
    """
    A pytest plugin that brings together what the workers have found.

    Args:
        run: Judges it.
        narrowed: Says, for the ids of the chosen checks, what makes the run less than whole.

    """

    def __init__(self, run: Run, narrowed: Callable[[Collection[str]], tuple[str, ...]]) -> None:
        self._run = run
        self._narrowed = narrowed

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_node_collection_finished(self, ids: Iterable[str]) -> None:
        """Learn which checks will be played: each worker has found the same ones."""
        chosen = {found for node_id in ids if (found := _check_of(node_id))}
        planned = [check for check in catalogue() if check.id in chosen]
        if planned and not self._run.begun:
            self._run.gather(planned, narrowed=self._narrowed(chosen))

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Take what came of a check."""
        packed, trouble = getattr(report, _ATTRIBUTE, (None, ""))
        if packed is not None:
            self._run.take(unpack(packed), trouble)


def _check_of(node_id: str) -> str:
    """Return the id of the check that a test is; empty if it is none."""
    path, _, name = node_id.partition("::")
    file = PurePath(path)
    return f"{file.stem}.{name}" if file.parent.name == "checks" and "::" not in name else ""
