"""
Find the specification and read its documents.

``schema("client/join")`` is ``schemas/client/join.json`` of v1. Every reader returns
fresh objects, so a caller may change what it got.
"""

import json
from collections.abc import Iterator
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any, cast

from multichat_spec.model import Check, Json, Requirement, Section, UnknownName

__all__ = [
    "asyncapi",
    "close_codes",
    "error",
    "errors",
    "folder",
    "read_json",
    "requirement",
    "requirements",
    "root",
    "schema",
    "schemas",
    "state",
    "versions",
    "walk",
]


def root() -> Traversable:
    """Return the folder that holds ``v1/``: the package in a wheel, ``spec/`` in a checkout."""
    packaged = files("multichat_spec")
    if packaged.joinpath("v1").is_dir():
        return packaged
    return cast("Traversable", Path(__file__).parents[1])


def versions() -> tuple[str, ...]:
    """Return the names of the versions that are here, oldest first, such as ``("v1",)``."""
    names = [
        entry.name
        for entry in root().iterdir()
        if entry.is_dir() and entry.name[:1] == "v" and entry.name[1:].isdecimal()
    ]
    return tuple(sorted(names, key=lambda name: int(name[1:])))


def folder(version: str) -> Traversable:
    """
    Return the folder of a version.

    Raises:
        UnknownName: There is no such version.

    """
    if version not in versions():
        raise UnknownName(f"no version {version!r} of the specification is here")
    return root().joinpath(version)


def schema(name: str, *, version: str = "v1") -> Json:
    """
    Return a JSON Schema.

    Args:
        name: The file below ``schemas/`` without its ending: ``client/join``, or
            ``client`` and ``server`` for all that may be sent that way.
        version: The version of the protocol.

    Raises:
        UnknownName: There is no such schema or version.

    """
    found = schemas(version=version)
    if name not in found:
        raise UnknownName(f"{version} has no schema {name!r}; it has {', '.join(found)}")
    return found[name]


def schemas(*, version: str = "v1") -> dict[str, Json]:
    """Return all schemas of a version by name, in the order of the names."""
    base = folder(version).joinpath("schemas")
    return {
        name.removesuffix(".json"): read_json(file)
        for name, file in walk(base)
        if name.endswith(".json")
    }


def requirements(*, version: str = "v1") -> tuple[Requirement, ...]:
    """Return every clause of a version, in the order of the text."""
    rows = read_json(folder(version).joinpath("requirements.json"))["requirements"]
    return tuple(_requirement(row) for row in rows)


def requirement(clause_id: str) -> Requirement:
    """
    Return the clause with this id, whichever version it belongs to.

    Raises:
        UnknownName: No version has such a clause.

    """
    for version in versions():
        for row in requirements(version=version):
            if row.id == clause_id:
                return row
    raise UnknownName(f"no clause {clause_id!r} in any version of the specification")


def errors(*, version: str = "v1") -> dict[str, Json]:
    """Return the rows of ``errors.json`` by error code."""
    return _by(read_json(folder(version).joinpath("errors.json"))["errors"], "code")


def error(code: str, *, version: str = "v1") -> Json:
    """
    Return the row of an error code.

    Raises:
        UnknownName: The version has no such code.

    """
    found = errors(version=version)
    if code not in found:
        raise UnknownName(f"{version} has no error code {code!r}")
    return found[code]


def close_codes(*, version: str = "v1") -> dict[int, Json]:
    """Return the rows of ``close_codes.json`` by WebSocket close code."""
    return _by(read_json(folder(version).joinpath("close_codes.json"))["close_codes"], "code")


def state(*, version: str = "v1") -> Json:
    """Return ``state.json``: the state tables of a connection and of a room."""
    return read_json(folder(version).joinpath("state.json"))


def asyncapi(*, version: str = "v1") -> Json:
    """Return the AsyncAPI 3.0 export, which is generated and cannot say order or state."""
    return read_json(folder(version).joinpath("asyncapi.json"))


def read_json(file: Traversable) -> Json:
    """Return the JSON object that a file of the specification holds."""
    return cast("Json", json.loads(file.read_text(encoding="utf-8")))


def walk(base: Traversable, prefix: str = "") -> Iterator[tuple[str, Traversable]]:
    """Yield each file below a folder with its path from there, sorted by path."""
    for entry in sorted(base.iterdir(), key=lambda entry: entry.name):
        if entry.is_dir():
            yield from walk(entry, f"{prefix}{entry.name}/")
        else:
            yield f"{prefix}{entry.name}", entry


def _by(rows: list[Json], key: str) -> dict[Any, Json]:
    return {row[key]: row for row in rows}


def _requirement(row: Json) -> Requirement:
    return Requirement(
        id=row["id"],
        section=Section(**row["section"]),
        keyword=row["keyword"],
        profile=row["profile"],
        role=row["role"],
        text=row["text"],
        check=Check(**row["check"]),
        errors=tuple(row["errors"]),
    )
