"""One running target of each kind, shared by the tests of a module."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.targets.running import run_target
from tests.targets.target import TARGETS, RunningTarget

# The environment of the application is built on first use.
FIRST_USE = pytest.mark.timeout(300)

EVERY_TARGET = [
    "reference",
    pytest.param("original", marks=[pytest.mark.original, FIRST_USE]),
    pytest.param("modern", marks=[pytest.mark.slow, FIRST_USE]),
]


@pytest.fixture(scope="module", params=EVERY_TARGET)
def target(request: pytest.FixtureRequest) -> Iterator[RunningTarget]:
    """A running target of each kind."""
    with run_target(TARGETS / request.param / "run.py") as (ready, process):
        yield RunningTarget(request.param, ready, process)


@pytest.fixture(scope="module")
def reference() -> Iterator[RunningTarget]:
    """The reference server as a target."""
    with run_target(TARGETS / "reference" / "run.py") as (ready, process):
        yield RunningTarget("reference", ready, process)
