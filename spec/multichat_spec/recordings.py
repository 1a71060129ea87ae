"""Read the recordings of the 2016 original."""

import json

from multichat_spec.documents import folder, read_json
from multichat_spec.model import Json, MalformedCase

__all__ = ["malformed_cases", "recorded_sessions", "recording"]


def recorded_sessions(*, version: str = "v1") -> tuple[Json, ...]:
    """Return the recorded sessions; ``recordings/README.md`` says their form."""
    file = folder(version).joinpath("recordings", "sessions.jsonl")
    return tuple(json.loads(line) for line in file.read_text(encoding="utf-8").splitlines())


def recording(name: str, *, version: str = "v1") -> Json:
    """Return one of the JSON files of ``recordings/`` as it stands, such as ``malformed.json``."""
    return read_json(folder(version).joinpath("recordings", name))


def malformed_cases(*, version: str = "v1") -> tuple[MalformedCase, ...]:
    """Return the table of odd frames and what a hardened server answers to each."""
    rows = recording("malformed.json", version=version)["cases"]
    return tuple(
        MalformedCase(
            id=row["id"],
            title=row["title"],
            joined=tuple(row["joined"]),
            frame=row.get("frame"),
            raw=tuple(row.get("raw", ())),
            answer=row["answer"],
            alternatives=tuple(row.get("or", ())),
            recorded=row["recorded"],
            valid=row["valid"],
            clause=row["clause"],
            note=row.get("note", ""),
        )
        for row in rows
    )
