"""
The badge: the verdict in two words, for a README.

As JSON for the endpoint of shields.io and services like it, or as an SVG of our own that needs
no service.
"""

import html
import json
from collections.abc import Mapping
from typing import Final, TextIO

from multichat_conformance.events import Event
from multichat_conformance.outcomes import Verdict
from multichat_conformance.reports.escape import visible
from multichat_conformance.reports.record import Record

__all__ = ["BadgeReport", "badge"]

_COLOURS: Final[Mapping[str, str]] = {
    "brightgreen": "#2da44e",
    "red": "#cf222e",
    "yellow": "#9a6700",
}

_LETTER: Final = 6.6
"""Width of a letter of 11 pixels, on the average; ``textLength`` makes it fit exactly."""

_SVG: Final = """\
<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="20" role="img" \
aria-label="{label}: {message}">
<title>{label}: {message}</title>
<clipPath id="r"><rect width="{width}" height="20" rx="3"/></clipPath>
<g clip-path="url(#r)">
<rect width="{left}" height="20" fill="#444c56"/>
<rect x="{left}" width="{right}" height="20" fill="{colour}"/>
</g>
<g fill="#fff" font-family="Verdana,DejaVu Sans,sans-serif" font-size="11">
<text x="7" y="14" textLength="{left_text}" lengthAdjust="spacingAndGlyphs">{label}</text>
<text x="{at}" y="14" textLength="{right_text}" lengthAdjust="spacingAndGlyphs">{message}</text>
</g>
</svg>
"""


def badge(record: Record) -> dict[str, object]:
    """Return the badge of a run in the form of a shields endpoint."""
    verdicts = dict(record.verdicts())
    core, hardened = verdicts["core"], verdicts["hardened"]
    broken = record.broken_off
    if Verdict.NOT_CONFORMANT in (core, hardened) and core is not Verdict.CONFORMANT:
        message, colour = "not conformant", "red"
    elif core is Verdict.CONFORMANT and not broken:
        message, colour = {
            Verdict.CONFORMANT: ("core + hardened", "brightgreen"),
            Verdict.NOT_JUDGED: ("core", "brightgreen"),
            Verdict.INCOMPLETE: ("core, hardened incomplete", "yellow"),
            Verdict.NOT_CONFORMANT: ("core, not hardened", "yellow"),
        }[hardened]
    else:
        message, colour = "incomplete", "yellow"
    spec = record.started.spec if record.started else ""
    label = visible(f"multichat {spec}".strip())
    return {"schemaVersion": 1, "label": label, "message": message, "color": colour}


class BadgeReport:
    """
    Writes the badge when it is closed.

    Args:
        stream: Where to.
        svg: As a picture instead of JSON.

    """

    def __init__(self, stream: TextIO, *, svg: bool = False) -> None:
        self._stream, self._svg = stream, svg
        self._record = Record()
        self._closed = False

    def event(self, event: Event) -> None:
        """Take the next event."""
        self._record.event(event)

    def close(self) -> None:
        """Write the badge, once."""
        if self._closed:
            return
        self._closed = True
        said = badge(self._record)
        self._stream.write(_drawn(said) if self._svg else json.dumps(said, indent=2) + "\n")


def _drawn(said: Mapping[str, object]) -> str:
    label, message = str(said["label"]), str(said["message"])
    left_text, right_text = round(len(label) * _LETTER), round(len(message) * _LETTER)
    left, right = left_text + 14, right_text + 14
    return _SVG.format(
        width=left + right,
        left=left,
        right=right,
        left_text=left_text,
        right_text=right_text,
        at=left + 7,
        colour=_COLOURS[str(said["color"])],
        label=html.escape(label),
        message=html.escape(message),
    )
