"""
The behaviour table: each story, on each shell, against each server.

A row is left out where the server has no lever that its story pulls; see ``LEVERS``.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator
from contextlib import ExitStack
from typing import get_args

import pytest

from tests.sdk import behaviour
from tests.sdk.behaviour.players import play
from tests.sdk.behaviour.stage import STORIES
from tests.sdk.behaviour.targets import LEVERS, MemoryTarget, NetworkTarget, Shell, Target
from tests.targets.running import run_target
from tests.targets.target import TARGETS, RunningTarget

for module in pkgutil.iter_modules(behaviour.__path__):
    if module.name.startswith("stories_"):
        importlib.import_module(f"{behaviour.__name__}.{module.name}")

SHELLS: tuple[Shell, ...] = get_args(Shell)

# The environment of the Django application is built on first use.
MARKS = {"original": [pytest.mark.original, pytest.mark.timeout(300)]}

ROWS = [
    pytest.param(story, shell, target, id=f"{story}-{shell}-{target}", marks=MARKS.get(target, []))
    for target in LEVERS
    for shell in SHELLS
    for story in STORIES
    if STORIES[story].needs <= LEVERS[target]
]


class Targets:
    """The servers that are needed, each started once."""

    def __init__(self, stack: ExitStack) -> None:
        self._stack = stack
        self._known: dict[str, Target] = {"memory": MemoryTarget()}

    def __getitem__(self, name: str) -> Target:
        if name not in self._known:
            program = TARGETS / name / "run.py"
            ready, process = self._stack.enter_context(run_target(program))
            self._known[name] = NetworkTarget(RunningTarget(name, ready, process))
        return self._known[name]


@pytest.fixture(scope="module")
def targets() -> Iterator[Targets]:
    """Start servers, which run until all rows are played."""
    with ExitStack() as stack:
        yield Targets(stack)


@pytest.mark.parametrize(("story", "shell", "target"), ROWS)
def test_behaviour(story: str, shell: Shell, target: str, targets: Targets) -> None:
    play(STORIES[story], shell, targets[target])


def test_every_story_is_played_in_memory_on_every_shell() -> None:
    """No row is lost by a lever that nothing has."""
    memory = {
        (story, shell)
        for story, shell, target in (row.values for row in ROWS)
        if target == "memory"
    }

    assert memory == {(story, shell) for story in STORIES for shell in SHELLS}
    assert len(STORIES) >= 40
