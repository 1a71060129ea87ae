"""
The search for a story that fails: tried, made smaller, told again, saved.

Programs are tried in a hurry, with little patience, so that those that fail by silence can be
made smaller in bounded time too. What was found so is no failure yet: the smallest story is told
again with the whole patience of the run, and only these tellings are held against the target.
"""

import hashlib
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Final

from hypothesis.strategies import SearchStrategy

from multichat_conformance.model.faults import NO_EVIDENCE, Fault
from multichat_conformance.model.playing import play
from multichat_conformance.model.seeded import explore
from multichat_conformance.model.settling import settle
from multichat_conformance.model.shrinking import shortened
from multichat_conformance.model.story import Story, shortest_first, write_story
from multichat_conformance.running.telling import Told
from multichat_conformance.running.workshop import Workshop

__all__ = ["Budget", "search", "tell_times"]

HURRY: Final = 0.6
"""Seconds of patience while searching; a target on a slow line gets some round trips."""


@dataclass(frozen=True, slots=True)
class Budget:
    """
    How much a search may cost.

    Attributes:
        quick: Seconds of looking, where a run is quick.
        deep: Seconds of looking, where it is deep.
        shrinking: Seconds for making a failure smaller.
        most: The most programs that a quick run tries, so that fast targets are soon through.

    """

    quick: float
    deep: float
    shrinking: float = 6.0
    most: int = 150

    def seconds(self, depth: str) -> float:
        """Return how long a run of a depth may look."""
        return self.deep if depth == "deep" else self.quick


class _Trials:
    """Tells programs, and remembers what came of each and which failing one is the smallest."""

    def __init__(self, workshop: Workshop, most: float) -> None:
        self.workshop = workshop
        self.most = most
        self.steps = 0
        self.told: dict[Story, bool] = {}
        self.smallest: Story | None = None
        self.failed: Told | None = None
        self.evident = False
        self.proven = False

    @property
    def is_over(self) -> bool:
        """Whether nothing more can be or needs to be tried."""
        workshop = self.workshop
        spent = self.smallest is None and len(self.told) >= self.most
        return bool(workshop.trouble or workshop.not_tested) or spent

    def fails(self, story: Story) -> bool:
        """Tell a program, unless it was told before, and say whether it fails."""
        if story in self.told or self.is_over:
            return self.told.get(story, False)
        told = self._tell(story, HURRY)
        if self.smallest is None and told is not None and not self.evident:
            # Patience was short, and this is the one to build on.
            told = self._tell(story, None)
        self.told[story] = told is not None
        if told is not None and (self.smallest is None or _size(story) < _size(self.smallest)):
            self.smallest, self.failed, self.proven = story, told, self.evident
        return told is not None

    def _tell(self, story: Story, hurry: float | None) -> Told | None:
        """Tell a story; return what came of it if it failed."""
        workshop = self.workshop
        found: list[Fault] = []
        told = workshop.tell(partial(play, story, found=found), hurry=hurry)
        self.evident = any(fault.kind not in NO_EVIDENCE for fault in found)
        self.steps += len(story.steps)
        workshop.trouble = workshop.trouble or told.trouble
        workshop.not_tested = workshop.not_tested or told.not_tested
        failed = told.attempt.finding is not None
        if failed and not workshop.recover():
            # The run knows that the target is gone; what was found before is kept.
            workshop.not_tested = workshop.not_tested or "the target did not come back"
        if story.hooks():
            workshop.tell(settle)
        # A target that takes no connections was brought down by an earlier story, not by this.
        return told if failed and not told.gone else None


def _size(story: Story) -> tuple[int, int, tuple[str, ...]]:
    return shortest_first(story.steps)


def search(
    workshop: Workshop,
    strategy: SearchStrategy[Story],
    budget: Budget,
    *,
    clock: Callable[[], float] = time.monotonic,
) -> None:
    """
    Look for a story that the target fails, and leave what was found in the workshop.

    Args:
        workshop: Tells stories, and takes the result.
        strategy: Makes them.
        budget: How much it may cost.
        clock: Returns seconds.

    """
    context = workshop.context
    deep = context.depth == "deep"
    trials = _Trials(workshop, float("inf") if deep else budget.most)
    began = clock()
    explore(
        strategy,
        trials.fails,
        seed=context.seed,
        seconds=budget.seconds(context.depth),
        enough=lambda: trials.is_over,
        clock=clock,
    )
    if trials.smallest is not None and workshop.wanted > 1:
        end = clock() + budget.shrinking
        shortened(trials.smallest, trials.fails, lambda: trials.is_over or clock() > end)
    workshop.notes.append(
        f"{len(trials.told)} stories with {trials.steps} steps in {clock() - began:.1f} s "
        f"({context.depth}), seed {context.seed}"
    )
    if trials.smallest is not None and trials.failed is not None:
        _tell_again(workshop, trials.smallest, trials.failed, proven=trials.proven)


def _tell_again(workshop: Workshop, story: Story, found: Told, *, proven: bool) -> None:
    """Tell the smallest failing story with the whole patience, and report what comes of it."""
    workshop.trouble = workshop.not_tested = ""
    told = tell_times(workshop, story)
    failed = [one for one in told if one.attempt.finding is not None]
    if not failed and not proven:
        workshop.notes.append(
            f"a story of {len(story.steps)} steps failed while the suite was in a hurry, and "
            f"passed {len(told)} times with the whole patience"
        )
        return
    if not failed:
        # What came wrongly once has come, even if it does not come again.
        failed = [Told(replace(found.attempt, number=len(told)))]
        told = [*told[:-1], *failed]
    workshop.attempts = [one.attempt for one in told]
    _save(workshop, story, failed[0])


def _save(workshop: Workshop, story: Story, failed: Told) -> None:
    about: dict[str, object] = {
        "seed": workshop.context.seed,
        "target": workshop.context.target.name,
    }
    finding = failed.attempt.finding
    if finding is not None:
        about["finding"] = {
            "clause": finding.clause,
            "summary": finding.summary,
            "expected": finding.expected,
            "got": finding.got,
        }
    workshop.notes += ["the shortest story found that fails:", *story.words()]
    file = _file(workshop, story)
    try:
        write_story(story, file, about=about)
    except OSError as exc:
        workshop.notes.append(f"the story could not be saved in {file.parent}: {exc.strerror}")
        return
    workshop.saved = file
    workshop.notes.append(f"the story is saved in {file}")


def tell_times(workshop: Workshop, story: Story) -> list[Told]:
    """Tell a story as often as a failure is to be told; a first one that passes does not end it."""
    told: list[Told] = []
    for number in range(1, workshop.wanted + 1):
        told.append(workshop.tell(partial(play, story), number=number))
        last = told[-1]
        if story.hooks():
            workshop.tell(settle)
        workshop.trouble = workshop.trouble or last.trouble
        workshop.not_tested = workshop.not_tested or last.not_tested
        if last.trouble or last.not_tested:
            break
        if last.attempt.finding is not None and not workshop.recover():
            break
    return told


def _file(workshop: Workshop, story: Story) -> Path:
    digest = hashlib.sha256(repr(story).encode("utf-8", "backslashreplace")).hexdigest()[:8]
    return workshop.context.stories / f"{story.check}-{digest}.json"
