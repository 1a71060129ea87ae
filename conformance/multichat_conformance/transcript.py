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
            shown = self._shown(text)
            self._lines.append(Line(round(self.elapsed() * 1000, 1), actor, direction, kind, shown))

    def _shown(self, text: str) -> str:
        """Return a text without secrets, cut; the secrets go first, lest half of one stays."""
        reach = self._redactor.longest
        # Of megabytes no more is looked through than what could be shown.
        window = text[: 2 * LONGEST_LINE + reach]
        shown = self._redactor.clean(window)
        if len(window) < len(text):
            # Half a secret may stand where the window ends.
            shown = shown[: max(0, len(shown) - reach)]
        shown = shown[:LONGEST_LINE]
        if len(text) <= LONGEST_LINE:
            return shown
        return f"{shown}… ({len(text) - LONGEST_LINE:,} more characters)"

    def note(self, text: str, *, actor: str = "") -> None:
        """Record what happened, in words."""
        self.add(actor, "note", "note", text)
