"""
The core, held against the recordings of the 2016 original.

On well-formed traffic v1 is what the original does. So each recorded story is played again
through the core, and every connection has to get the frames that it got then, in order. Where
the hardened profile does otherwise on purpose, the story stands in a table with its clause.
"""

import json
from collections.abc import Iterator
from typing import Any

import pytest

import multichat_spec
from multichat_spec import Json, expand
from tests.spec.stage import Stage

STAFF = {"admin", "dave-staff"}
ROOMS = [
    {"id": "1", "title": "room 1", "staff_only": False},
    {"id": "2", "title": "room 2", "staff_only": False},
    {"id": "3", "title": "staff room", "staff_only": True},
    {"id": "4", "title": "<b>Тест</b> 😀", "staff_only": False},
]

OTHERWISE = {
    "06": "MC1-JOIN-07",
    "07": "MC1-LEAVE-06",
    "08a": "MC1-LEAVE-06",
    "09m11": "MC1-LIMIT-03",
    "09m12": "MC1-LIMIT-03",
    "10b": "MC1-END-01",
    "14a": "MC1-END-01",
    "14b": "MC1-END-01",
    "14c": "MC1-END-01",
    "14d": "MC1-END-01",
    "14e": "MC1-END-01",
    "14f": "MC1-END-01",
    "14g": "MC1-END-01",
    "14h": "MC1-END-01",
    "14i": "MC1-END-01",
    "16.23": "MC1-JOIN-07",
    "16f23": "MC1-LIMIT-02",
    "20a": "MC1-JOIN-07",
}


def stories() -> Iterator[Json]:
    """Yield the recorded sessions that consist of text frames and ends of connections alone."""
    for session in multichat_spec.recorded_sessions():
        words = any(
            "action" in step or "raw" in step or "note" in step for step in session["steps"]
        )
        if session["group"] in ("well-formed", "pipelined") and not words:
            yield session


STORIES = {session["id"]: session for session in stories()}


@pytest.mark.parametrize("name", STORIES)
def test_the_core_does_what_the_original_did(name: str) -> None:
    now, then = play(STORIES[name]), recorded(STORIES[name])

    # A story that goes as recorded has no place in the table.
    assert (now == then) == (name not in OTHERWISE)


def test_the_table_has_real_stories_and_clauses() -> None:
    assert set(OTHERWISE) <= set(STORIES)
    for clause in OTHERWISE.values():
        assert multichat_spec.requirement(clause).profile == "hardened"


def play(session: Json) -> dict[str, list[Any]]:
    """Return the frames that each connection gets from the core."""
    connects = {step["who"]: step["connect"] for step in session["steps"] if "connect" in step}
    actors = {
        who: {"user": connect["as"], "staff": connect["as"] in STAFF}
        for who, connect in connects.items()
    }
    stage = Stage({"actors": actors, "rooms": ROOMS, "announce": session["announce"]})
    heard: dict[str, list[Any]] = {who: [] for who in actors}
    for step in session["steps"]:
        if "not_sent" in step:
            continue
        for who, items in stage.play({"actor": step["who"], **_as_written(step)}).items():
            heard[who] += [item["frame"] for item in items if "frame" in item]
    return heard


def recorded(session: Json) -> dict[str, list[Any]]:
    """Return the frames that each connection got from the original."""
    heard: dict[str, list[Any]] = {step["who"]: [] for step in session["steps"]}
    for step in session["steps"]:
        for who, events in step.get("then", {}).items():
            frames = (expand(event["frame"]) for event in events if "frame" in event)
            heard[who] += [json.loads(frame) for frame in frames]
    return heard


def _as_written(step: Json) -> Json:
    if "end" in step:
        return {"vanish": True}
    return {key: step[key] for key in ("connect", "send") if key in step}
