"""The record of one telling of a story: every frame both ways, with its time."""

from collections.abc import Callable
from typing import Final, Literal

from multichat_conformance.events import Line
from multichat_conformance.secrets import Redactor

__all__ = ["Transcript", "shorten"]

LONGEST_LINE: Final = 4096
"""Characters that are kept of one frame: enough to see what it was."""

MOST_LINES: Final = 20_000
"""Lines that are kept of one attempt; a target that floods must not fill the memory."""


def shorten(text: str, longest: int = LONGEST_LINE) -> str:
    """Return a text, cut to a number of characters with a mark that says how many are gone."""
    if len(text) <= longest:
        return text
    return f"{text[:longest]}… ({len(text) - longest:,} more characters)"


class Transcript:
    """
    Collects lines.

    Args:
        redactor: Takes secrets out of them.
        clock: Returns seconds; the first call's value is zero of the record.

    """

    def __init__(self, redactor: Redactor, clock: Callable[[], float]) -> None:
        self._redactor = redactor
        self._clock = clock
        self._began = clock()
        self._lines: list[Line] = []
        self._over = False

    @property
    def lines(self) -> tuple[Line, ...]:
        """All lines so far."""
        return tuple(self._lines)

    def close(self) -> None:
        """Record nothing more: the story is over, and what follows is clearing away."""
        self._over = True

    def elapsed(self) -> float:
        """Return the seconds since the record began."""
        return self._clock() - self._began

    def add(
        self,
        actor: str,
        direction: Literal["sent", "received", "note"],
        kind: str,
        text: str = "",
    ) -> None:
        """Record what just happened."""
        if not self._over and len(self._lines) < MOST_LINES:
            # The secrets go before the text is cut, lest half of one stays.
            shown = shorten(self._redactor.clean(text))
            self._lines.append(Line(round(self.elapsed() * 1000, 1), actor, direction, kind, shown))

    def note(self, text: str, *, actor: str = "") -> None:
        """Record what happened, in words."""
        self.add(actor, "note", "note", text)
