"""The record of one telling of a story: every frame both ways, with its time."""

from collections.abc import Callable
from typing import Final, Literal, NamedTuple

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


class _Kept(NamedTuple):
    """A line as it is kept: its text may hold secrets, and ``length`` is that of the whole."""

    ms: float
    actor: str
    direction: Literal["sent", "received", "note"]
    kind: str
    window: str
    length: int


def _cut(shown: str, kept: _Kept, reach: int) -> str:
    if len(kept.window) < kept.length:
        # Half a secret may stand where the window ends.
        shown = shown[: max(0, len(shown) - reach)]
    shown = shown[:LONGEST_LINE]
    if kept.length <= LONGEST_LINE:
        return shown
    return f"{shown}… ({kept.length - LONGEST_LINE:,} more characters)"


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
        self._kept: list[_Kept] = []
        self._over = False

    @property
    def lines(self) -> tuple[Line, ...]:
        """All lines so far, without secrets, and cut."""
        reach = self._redactor.longest
        cleaned = self._redactor.clean_all([kept.window for kept in self._kept])
        return tuple(
            Line(kept.ms, kept.actor, kept.direction, kept.kind, _cut(shown, kept, reach))
            for kept, shown in zip(self._kept, cleaned, strict=True)
        )

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
        if not self._over and len(self._kept) < MOST_LINES:
            # The secrets go before a text is cut, lest half of one stays; but of megabytes no
            # more is kept and looked through than what could be shown.
            window = text[: LONGEST_LINE + self._redactor.longest]
            ms = round(self.elapsed() * 1000, 1)
            self._kept.append(_Kept(ms, actor, direction, kind, window, len(text)))

    def note(self, text: str, *, actor: str = "") -> None:
        """Record what happened, in words."""
        self.add(actor, "note", "note", text)
