"""
Replay: tell a saved story to a target again.

The story is played in the name of the check that found it, by the same runner, so whatever shows
a run shows a replay: the same events come, and the same outcomes.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from multichat_conformance.catalogue import find
from multichat_conformance.events import CheckFinished, Event, RunFinished
from multichat_conformance.model.story import Story, StoryError, read_story
from multichat_conformance.outcomes import Outcome
from multichat_conformance.running.options import Options
from multichat_conformance.running.run import Run
from multichat_conformance.running.workshop import Workshop
from multichat_conformance.target.model import Target

__all__ = ["Replayed", "StoryError", "replay"]

_WORDS = {
    Outcome.PASS: "The story passes now: what it found is mended, or was never the target's fault.",
    Outcome.FAIL: "The story still fails",
    Outcome.UNSTABLE: "The story fails now and then",
}


@dataclass(frozen=True, slots=True)
class Replayed:
    """
    What came of telling a story again.

    Attributes:
        story: The story.
        result: Of the check in whose name it was told; None: the target cannot be tested.
        finished: The end of the run, whose exit code is 1 if the story fails and 3 if not: one
            story is no verdict on a target.

    """

    story: Story
    result: CheckFinished | None
    finished: RunFinished

    @property
    def sentence(self) -> str:
        """What came of it, in a sentence."""
        if self.result is None:
            return self.finished.sentence
        words = _WORDS.get(self.result.outcome)
        if words is None:
            return f"The story could not be judged: {self.result.reason}."
        failed, of = self.result.failed_of
        return words if not failed else f"{words} ({failed} of {of} times): {self.result.reason}."


def replay(
    file: Path,
    target: Target,
    *,
    emit: Callable[[Event], None] = lambda _: None,
    options: Options | None = None,
    asked_as: Sequence[str] = (),
) -> Replayed:
    """
    Tell a saved story to a target, as often as a failure is told, and say what comes of it.

    Args:
        file: The story.
        target: The server.
        emit: Is given the events of the run.
        options: Patience and attempts count; None: the usual ones.
        asked_as: The arguments that named the target, for the command that repeats it.

    Raises:
        StoryError: The file holds no story that can be told.

    """
    story = read_story(file)
    check = find(story.check)
    if check is None or not check.search:
        raise StoryError(f"{file}: this suite has no check {story.check!r} that makes up stories")
    told = replace(check, story=partial(_tell, story, file))
    # Without deviations: a known failure is not kept quiet where somebody asks about just that.
    asked = replace(options or Options(), narrowed=("one saved story",))
    run = Run(target, asked, emit, asked_as=asked_as)
    result = None
    try:
        if run.begin([told]):
            result = run.play(told)
    finally:
        finished = run.finish()
    return Replayed(story, result, finished)


def _tell(story: Story, file: Path, workshop: Workshop) -> None:
    from multichat_conformance.model.search import tell_times

    told = tell_times(workshop, story)
    workshop.notes += [f"the story of {file}:", *story.words()]
    if any(one.attempt.finding is not None for one in told):
        workshop.attempts = [one.attempt for one in told]
        workshop.saved = file
