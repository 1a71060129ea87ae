"""
Make a failing story short: leave out what it does not need.

hypothesis shrinks the choices behind a story, which takes hundreds of tellings; a slow target
allows some tens. But a story is a list, and any part of it is a story, so steps are left out
directly, many at once at first; then characters of the texts that are left. Whatever is tried is
told and judged like any other story, so what remains fails for what it is, not for what it was
made from.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TypeVar

from multichat_conformance.model.story import Step, Story

__all__ = ["shortened"]

_T = TypeVar("_T")
_Fails = Callable[[Story], bool]
_IsLate = Callable[[], bool]

_PLAIN_ESCAPE = re.compile(r"\\u00([2-7][0-9a-fA-F])")


def shortened(story: Story, fails: _Fails, is_late: _IsLate = lambda: False) -> Story:
    """
    Return a story that still fails and of which no single step can be left out.

    Args:
        story: One that fails.
        fails: Tells a story and says whether it fails.
        is_late: Says that time is over; what has been reached by then is returned.

    """
    calm = replace(story, pace="closed-loop")
    if calm != story and not is_late() and fails(calm):
        # What fails without haste as well is told without haste: it fails each time then.
        story = calm

    def with_steps(steps: Sequence[Step]) -> Story:
        return replace(story, steps=tuple(steps))

    story = with_steps(_fewer(story.steps, lambda steps: fails(with_steps(steps)), is_late))
    for place, step in enumerate(story.steps):
        if step.do == "text":
            story = _plainer(story, place, fails, is_late)
    return story


def _plainer(story: Story, place: int, fails: _Fails, is_late: _IsLate) -> Story:
    """Write the text of a step plainly, and leave out what characters it does not need."""

    def with_text(text: str) -> Story:
        steps = list(story.steps)
        steps[place] = replace(steps[place], text=text)
        return replace(story, steps=tuple(steps))

    text = story.steps[place].text
    for plain in (_unescaped, _without_space):
        candidate = plain(text)
        if candidate != text and not is_late() and fails(with_text(candidate)):
            text = candidate
    kept = _fewer(text, lambda some: fails(with_text("".join(some))), is_late)
    return with_text("".join(kept))


def _unescaped(text: str) -> str:
    def character(found: re.Match[str]) -> str:
        one = chr(int(found[1], 16))
        return found[0] if one in '"\\\x7f' else one

    return _PLAIN_ESCAPE.sub(character, text)


def _without_space(text: str) -> str:
    return re.sub(r"[ \t\r\n]+", "", text)


def _fewer(
    items: Sequence[_T], fail: Callable[[Sequence[_T]], bool], is_late: _IsLate
) -> Sequence[_T]:
    """Return some of the items that still fail, and of which none can be left out alone."""
    size = max(1, len(items) // 2)
    while not is_late():
        kept = items
        # From the end: what comes last is the likeliest to be idle.
        place = max(0, len(items) - size)
        while kept and not is_late():
            fewer = [*kept[:place], *kept[place + size :]]
            if fewer and fail(fewer):
                kept = fewer
            if place == 0:
                break
            place = max(0, min(place, len(kept)) - size)
        done = size == 1 and len(kept) == len(items)
        items, size = kept, max(1, size // 2)
        if done:
            break
    return items
