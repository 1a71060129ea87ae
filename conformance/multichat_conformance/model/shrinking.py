"""
Make a failing story shorter by leaving steps out.

hypothesis shrinks the choices behind a story, which is thorough and takes hundreds of tellings.
A story is a list, and any part of it is a story too, so its steps can be left out directly, many
at once at first; that takes tens, and comes first. What depends on chance fails now and then
only, so a candidate may be asked about more than once by whoever tells it.
"""

from collections.abc import Callable
from dataclasses import replace

from multichat_conformance.model.story import Step, Story

__all__ = ["shortened"]


def shortened(
    story: Story, fails: Callable[[Story], bool], is_late: Callable[[], bool] = lambda: False
) -> Story:
    """
    Return a story that still fails and of which no single step can be left out.

    Args:
        story: One that fails.
        fails: Tells a story and says whether it fails.
        is_late: Says that time is over; what has been reached by then is returned.

    """
    steps = list(story.steps)
    size = max(1, len(steps) // 2)
    while True:
        shorter = _without(story, steps, size, fails, is_late)
        if is_late():
            return replace(story, steps=tuple(shorter))
        if size == 1 and len(shorter) == len(steps):
            return replace(story, steps=tuple(shorter))
        steps, size = shorter, max(1, size // 2)


def _without(
    story: Story,
    steps: list[Step],
    size: int,
    fails: Callable[[Story], bool],
    is_late: Callable[[], bool],
) -> list[Step]:
    # From the end: what comes last is the likeliest to be idle.
    place = max(0, len(steps) - size)
    while steps and not is_late():
        fewer = steps[:place] + steps[place + size :]
        if fewer and fails(replace(story, steps=tuple(fewer))):
            steps = fewer
        if place == 0:
            break
        place = max(0, min(place, len(steps)) - size)
    return steps
