"""
The report for programs: one JSON object a line, as it happens.

``events.schema.json`` beside this module describes every line; its ``$id`` ends in the number
of the format, which the first line repeats as ``format``. Members are only ever added under one
number. A file without a ``run_finished`` line is that of a run without an end; where there was
time to say so, its last line is ``run_broken_off``.
"""

import json
from importlib.resources import files
from typing import Any, Final, TextIO, cast

from multichat_conformance.events import CheckFinished, Event, RunFinished, RunStarted, to_json

__all__ = ["FORMAT", "JsonLinesReport", "schema", "schema_text"]

FORMAT: Final = 1
"""The number of the format."""


def schema_text() -> str:
    """Return the JSON Schema (2020-12) of a line as it is published."""
    return (
        files("multichat_conformance.reports")
        .joinpath("events.schema.json")
        .read_text(encoding="utf-8")
    )


def schema() -> dict[str, Any]:
    """Return the JSON Schema (2020-12) of a line."""
    return cast("dict[str, Any]", json.loads(schema_text()))


class JsonLinesReport:
    """
    Writes each event as a line, and flushes it: a run can be followed as it goes on.

    The text is ASCII, so that it drives no terminal, and exact: what a target sent stands in it
    as it was, halves of characters included.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._begun = self._ended = False
        self._checks = self._planned = 0

    def event(self, event: Event) -> None:
        """Write an event."""
        line = to_json(event)
        match event:
            case RunStarted():
                line["format"] = FORMAT
                self._begun = True
                self._planned = event.planned
            case CheckFinished():
                self._checks += 1
            case RunFinished():
                self._ended = True
        self._write(line)

    def close(self) -> None:
        """Say that the run was broken off, if it was."""
        if self._begun and not self._ended:
            self._ended = True
            self._write(
                {"event": "run_broken_off", "finished": self._checks, "planned": self._planned}
            )

    def _write(self, line: dict[str, Any]) -> None:
        # DEL is the one control character that JSON leaves bare.
        text = json.dumps(line, ensure_ascii=True, allow_nan=False).replace("\x7f", "\\u007f")
        self._stream.write(f"{text}\n")
        self._stream.flush()
