"""A package imports what its extra declares, and an extra declares what its package imports."""

from __future__ import annotations

import ast
import sys
from importlib import metadata

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.house.repository import ROOT, project

OURS = {"multichat_cli", "multichat_conformance", "multichat_proto", "multichat_server"}
OURS |= {"multichat_spec", "tests"}


def declared(*extras: str) -> set[str]:
    """Return the distributions of the base install and of some extras."""
    rows = list(project()["project"]["dependencies"])
    for extra in extras:
        rows += project()["project"]["optional-dependencies"][extra]
    return {canonicalize_name(Requirement(row).name) for row in rows}


def imported(folder: str) -> set[str]:
    """Return the distributions that the modules of a folder import."""
    names = set()
    for path in (ROOT / folder).rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                names |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
                names.add(node.module.partition(".")[0])
    providers = metadata.packages_distributions()
    foreign = names - OURS - set(sys.stdlib_module_names)
    return {canonicalize_name(providers.get(name, [name])[0]) for name in foreign}


@pytest.mark.parametrize(
    ("folder", "extras"),
    [
        ("spec/multichat_spec", ()),
        ("multichat_proto", ()),
        ("reference_server/multichat_server", ("server",)),
        ("conformance/multichat_conformance", ("conformance",)),
        ("cli/multichat_cli", ("cli", "server")),
    ],
)
def test_a_package_imports_only_what_is_declared(folder: str, extras: tuple[str, ...]) -> None:
    """What another package happens to bring may be gone tomorrow."""
    # A plugin for pytest is imported by pytest alone.
    plugin_of = {"pytest"} if folder == "multichat_proto" else set()

    assert imported(folder) - declared(*extras) - plugin_of == set()


def test_the_tests_import_only_what_is_declared() -> None:
    groups = project()["dependency-groups"].values()
    tools = {Requirement(row).name for group in groups for row in group if isinstance(row, str)}

    used = imported("tests") | imported("examples")

    assert (
        used - declared("server", "conformance", "cli") - set(map(canonicalize_name, tools))
        == set()
    )


def test_nothing_is_declared_that_nobody_uses() -> None:
    used = set().union(
        *(imported(folder) for folder in ("spec", "multichat_proto", "reference_server", "cli")),
        imported("conformance/multichat_conformance"),
    )

    idle = declared("server", "conformance", "cli") - used

    assert idle == set()
