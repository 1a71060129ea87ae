"""The files of the repository, as the tests of this folder see them."""

from __future__ import annotations

import os
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pathspec

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]

# A folder with a generic name holds one package and is none itself.
OUTER_FOLDERS = ("spec", "reference_server", "conformance", "cli")


def project() -> dict[str, Any]:
    """Return pyproject.toml."""
    with (ROOT / "pyproject.toml").open("rb") as file:
        return tomllib.load(file)


def files(pattern: str = "*") -> Iterator[Path]:
    """
    Yield the files that belong to the repository, tracked or about to be.

    What .gitignore names is left out. Git itself is not asked: a source archive has none.
    """
    ignored = pathspec.GitIgnoreSpec.from_lines(
        [*(ROOT / ".gitignore").read_text().splitlines(), ".git"]
    )
    for where, folders, names in os.walk(ROOT):
        here = Path(where)
        folders[:] = [
            name
            for name in sorted(folders)
            if not ignored.match_file(f"{(here / name).relative_to(ROOT)}/")
        ]
        for name in sorted(names):
            path = here / name
            if path.match(pattern) and not ignored.match_file(path.relative_to(ROOT)):
                yield path
