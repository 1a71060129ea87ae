"""The lock works with any index and covers everything that is declared."""

from __future__ import annotations

import re
from importlib import metadata

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from tests.house.repository import ROOT, project

PIN = re.compile(r"([A-Za-z0-9][\w.-]*)==([\w.+!]+)")


def lines() -> list[str]:
    text = (ROOT / ".ci/requirements.lock").read_text()
    return [line for line in text.splitlines() if not line.startswith("#")]


def pins() -> dict[str, Version]:
    matches = [PIN.fullmatch(line) for line in lines()]
    return {canonicalize_name(m[1]): Version(m[2]) for m in matches if m}


def declared() -> list[Requirement]:
    """Everything that pyproject.toml asks for, the extras and the groups included."""
    config = project()
    rows = [*config["build-system"]["requires"], *config["project"]["dependencies"]]
    for extra in config["project"]["optional-dependencies"].values():
        rows += extra
    for group in config["dependency-groups"].values():
        rows += [row for row in group if isinstance(row, str)]
    return [r for r in map(Requirement, rows) if r.name != config["project"]["name"]]


def test_each_line_is_a_name_and_a_version() -> None:
    """No address of an index, no path, no option: the lock is for any index."""
    assert [line for line in lines() if not PIN.fullmatch(line)] == []
    assert len(pins()) == len(lines()) > 0


def test_each_declared_range_holds_the_locked_version() -> None:
    locked = pins()

    missing = [r.name for r in declared() if canonicalize_name(r.name) not in locked]
    outside = [
        f"{r} but {locked[canonicalize_name(r.name)]}"
        for r in declared()
        if r.name not in missing and locked[canonicalize_name(r.name)] not in r.specifier
    ]

    assert (missing, outside) == ([], [])


def test_what_is_declared_needs_nothing_that_is_not_locked() -> None:
    """Followed through what each package of the locked version says of itself, on this Python."""
    locked = pins()
    wanted = [(canonicalize_name(r.name), frozenset(r.extras)) for r in declared()]
    seen = set()
    while wanted:
        name, extras = wanted.pop()
        if (name, extras) in seen:
            continue
        seen.add((name, extras))
        assert name in locked
        for row in _requires(name, locked[name]):
            requirement = Requirement(row)
            environments = [{"extra": extra} for extra in ("", *extras)]
            marker = requirement.marker
            if marker is None or any(marker.evaluate(e) for e in environments):
                wanted.append((canonicalize_name(requirement.name), frozenset(requirement.extras)))

    assert len(seen) > len(declared())


def _requires(name: str, version: Version) -> list[str]:
    # The version matrix installs no linters, and `make lowest` other versions.
    try:
        found = metadata.distribution(name)
    except metadata.PackageNotFoundError:
        return []
    return (found.requires or []) if Version(found.version) == version else []
