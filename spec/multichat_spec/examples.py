"""Read the example frames and the example sessions."""

from multichat_spec.documents import folder, read_json, walk
from multichat_spec.model import Example, Json

__all__ = ["example_sessions", "examples"]


def examples(*, version: str = "v1") -> tuple[Example, ...]:
    """Return the example frames: the valid ones first, each part sorted by name."""
    return tuple(
        _example(name.removesuffix(".json"), read_json(file), valid=kind == "valid")
        for kind in ("valid", "invalid")
        for name, file in walk(folder(version).joinpath("examples", kind))
    )


def example_sessions(*, version: str = "v1") -> dict[str, Json]:
    """Return the example sessions by name; ``examples/session.schema.json`` says their form."""
    return {
        name.removesuffix(".json"): read_json(file)
        for name, file in walk(folder(version).joinpath("examples", "sessions"))
    }


def _example(name: str, row: Json, *, valid: bool) -> Example:
    return Example(
        name=name,
        valid=valid,
        direction=row["direction"],
        frame=row["frame"],
        description=row["description"],
        clauses=tuple(row["clauses"]),
        errors=tuple(row.get("errors", ())),
        outcome=row.get("outcome"),
        optional=row.get("optional", False),
        reason=row.get("reason", ""),
    )
