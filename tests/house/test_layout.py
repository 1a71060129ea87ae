"""Paths that a person can guess: which folder is a package, which file may be called what."""

from __future__ import annotations

import ast

import pytest

from tests.house.repository import OUTER_FOLDERS, ROOT, files, project

# Names that say nothing of what is inside.
NO_NAMES = {"utils.py", "helpers.py", "common.py", "misc.py", "base.py", "lib.py"}


def test_the_walk_sees_the_repository() -> None:
    """The other tests of this folder would pass on nothing."""
    seen = {path.relative_to(ROOT).as_posix() for path in files()}

    assert {"README.md", "Makefile", ".ci/run", "multichat_proto/py.typed"} <= seen
    assert not any(path.startswith((".git/", ".venv")) for path in seen)


@pytest.mark.parametrize("folder", OUTER_FOLDERS)
def test_outer_folder_is_no_package(folder: str) -> None:
    """Nothing generic like ``cli`` can be imported by accident."""
    assert (ROOT / folder).is_dir()
    assert not (ROOT / folder / "__init__.py").exists()


def test_each_tests_folder_is_a_package() -> None:
    """Two test modules of one name in different folders do not collide."""
    folders = {path.parent for path in files("*.py") if (ROOT / "tests") in path.parents}

    missing = [folder for folder in folders if not (folder / "__init__.py").exists()]

    assert missing == []


@pytest.mark.parametrize(
    "package",
    [
        "spec/multichat_spec",
        "multichat_proto",
        "reference_server/multichat_server",
        "conformance/multichat_conformance",
        "cli/multichat_cli",
    ],
)
def test_package_is_typed_and_listed(package: str) -> None:
    """Each import package says that it is typed and is part of the wheel."""
    assert (ROOT / package / "py.typed").exists()
    assert package in project()["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]


def test_names_say_what_is_inside() -> None:
    """A module is split by message or by command, never into ``utils``."""
    assert [path for path in files("*.py") if path.name in NO_NAMES] == []


def test_spec_package_stands_on_the_standard_library() -> None:
    """The specification's files can be read where nothing is installed."""
    import sys

    allowed = set(sys.stdlib_module_names) | {"multichat_spec"}
    for path in (ROOT / "spec/multichat_spec").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            names = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and node.level == 0:
                names = [node.module or ""]
            assert {name.partition(".")[0] for name in names} <= allowed, path
