"""Each frame of the target, held against the schemas of the specification."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, NoReturn

from jsonschema import Draft202012Validator
from jsonschema.exceptions import best_match
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

import multichat_spec
from multichat_conformance.events import Finding
from multichat_conformance.transcript import shorten

__all__ = ["Judged", "is_valid", "judge_frame"]

_KINDS = {"join": "joined", "leave": "left", "error": "error", "msg_type": "message"}
_ROOM_MEMBERS = frozenset({"join", "leave", "room"})


@dataclass(frozen=True, slots=True)
class Judged:
    """
    What a text message of the target was.

    Attributes:
        frame: The object, if it is one.
        finding: What is wrong with it, if anything.

    """

    frame: Mapping[str, Any] | None
    finding: Finding | None


def judge_frame(text: str, *, actor: str) -> Judged:
    """Read one text message of the target and hold it against the schemas (MC1-FRAME-05)."""
    try:
        value = json.loads(text, parse_constant=_refuse)
        # A half of a surrogate pair, escaped, is no character; it cannot be encoded again.
        json.dumps(value, ensure_ascii=False).encode()
    except (ValueError, RecursionError) as exc:
        return Judged(None, _finding("MC1-FRAME-01", actor, f"not JSON ({exc})", text))
    if not isinstance(value, dict):
        return Judged(None, _finding("MC1-FRAME-01", actor, "not a JSON object", text))
    kinds = [kind for member, kind in _KINDS.items() if member in value]
    if len(kinds) != 1:
        wrong = f"of {len(kinds)} kinds at once" if kinds else "of none of the four kinds"
        return Judged(value, _finding("MC1-FRAME-05", actor, wrong, text))
    fault = best_match(_validator(f"server/{kinds[0]}").iter_errors(value))
    if fault is None:
        return Judged(value, None)
    place = ".".join(str(part) for part in fault.absolute_path)
    wrong = (
        f"no valid {kinds[0]} frame: {place + ': ' if place else ''}{shorten(fault.message, 200)}"
    )
    return Judged(value, _finding(_clause(place), actor, wrong, text))


def is_valid(name: str, value: object) -> bool:
    """Return whether a schema of the specification allows a value."""
    return _validator(name).is_valid(value)


def _clause(place: str) -> str:
    if place in _ROOM_MEMBERS:
        return "MC1-ROOM-05"
    return "MC1-MSG-02" if place == "message" else "MC1-FRAME-05"


def _finding(clause: str, actor: str, wrong: str, text: str) -> Finding:
    return Finding(
        clause=clause,
        summary=f"{actor} received a frame that is {wrong}",
        expected="a frame that schemas/server.json allows",
        got=shorten(text),
        actor=actor,
    )


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not JSON")


@cache
def _validator(name: str) -> Draft202012Validator:
    schemas = multichat_spec.schemas()
    registry: Registry[Any] = Registry().with_resources(
        (schema["$id"], Resource.from_contents(schema, DRAFT202012)) for schema in schemas.values()
    )
    return Draft202012Validator(schemas[name], registry=registry)
