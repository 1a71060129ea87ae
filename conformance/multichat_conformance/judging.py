"""Each frame of the target, held against the schemas of the specification."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any, NoReturn

import jsonschema_rs
from jsonschema import Draft202012Validator
from jsonschema.exceptions import best_match
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

import multichat_spec
from multichat_conformance.events import Finding
from multichat_conformance.transcript import shorten

__all__ = ["Judged", "is_valid", "judge_frame"]

_KINDS = {"join": "joined", "leave": "left", "error": "error", "msg_type": "message"}
_REMEMBERED = 2048
"""Characters of the longest text whose verdict is kept for the next time."""

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


@dataclass(frozen=True, slots=True)
class _Verdict:
    """What a text is, whoever received it: the object, and what is wrong by which clause."""

    frame: Mapping[str, Any] | None
    wrong: str = ""
    clause: str = ""


def judge_frame(text: str, *, actor: str) -> Judged:
    """Read one text message of the target and hold it against the schemas (MC1-FRAME-05)."""
    # Answers repeat by the thousand, and validating costs more than all else that is done to
    # a frame.
    verdict = _verdict(text) if len(text) <= _REMEMBERED else _verdict.__wrapped__(text)
    if not verdict.wrong:
        return Judged(verdict.frame, None)
    finding = Finding(
        clause=verdict.clause,
        summary=f"{actor} received a frame that is {verdict.wrong}",
        expected="a frame that schemas/server.json allows",
        got=shorten(text),
        actor=actor,
    )
    return Judged(verdict.frame, finding)


def is_valid(name: str, value: Any) -> bool:
    """Return whether a schema of the specification allows a value."""
    return _validator(name).is_valid(value)


def _clause(place: str) -> str:
    if place in _ROOM_MEMBERS:
        return "MC1-ROOM-05"
    return "MC1-MSG-02" if place == "message" else "MC1-FRAME-05"


@lru_cache(maxsize=4096)
def _verdict(text: str) -> _Verdict:
    try:
        value = json.loads(text, parse_constant=_refuse, object_pairs_hook=_once)
        # Python reads an escape of half a character, and no text can hold what comes of it.
        json.dumps(value, ensure_ascii=False).encode()
    except _Twice as exc:
        return _Verdict(None, f"ambiguous ({exc})", "MC1-FRAME-05")
    except UnicodeEncodeError:
        return _Verdict(None, "no text (it holds an unpaired surrogate)", "MC1-FRAME-01")
    except (ValueError, RecursionError) as exc:
        return _Verdict(None, f"not JSON ({exc})", "MC1-FRAME-01")
    if not isinstance(value, dict):
        return _Verdict(None, "not a JSON object", "MC1-FRAME-01")
    kinds = [kind for member, kind in _KINDS.items() if member in value]
    if len(kinds) != 1:
        wrong = f"of {len(kinds)} kinds at once" if kinds else "of none of the four kinds"
        return _Verdict(value, wrong, "MC1-FRAME-05")
    name = f"server/{kinds[0]}"
    if _quick_validator(name).is_valid(value):
        return _Verdict(value)
    fault = best_match(_validator(name).iter_errors(value))
    place = ".".join(str(part) for part in fault.absolute_path) if fault else ""
    reason = shorten(fault.message, 200) if fault else "it is not valid"
    wrong = f"no valid {kinds[0]} frame: {place + ': ' if place else ''}{reason}"
    return _Verdict(value, wrong, _clause(place))


class _Twice(ValueError):
    """An object has two members of one name."""


def _once(members: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in members:
        if name in found:
            raise _Twice(f"two members are named {name!r}")
        found[name] = value
    return found


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not JSON")


@cache
def _quick_validator(name: str) -> jsonschema_rs.Draft202012Validator:
    """Return a validator for what comes by the thousand; the other one has the better words."""
    schemas = multichat_spec.schemas()
    registry = jsonschema_rs.Registry([(schema["$id"], schema) for schema in schemas.values()])
    return jsonschema_rs.Draft202012Validator(schemas[name], registry=registry)


@cache
def _validator(name: str) -> Draft202012Validator:
    schemas = multichat_spec.schemas()
    registry: Registry[Any] = Registry().with_resources(
        (schema["$id"], Resource.from_contents(schema, DRAFT202012)) for schema in schemas.values()
    )
    return Draft202012Validator(schemas[name], registry=registry)
