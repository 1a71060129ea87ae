"""Each import contract is broken once, in a copy, and reported."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.house.repository import ROOT, project

CONTRACTS = {
    contract["id"]: contract for contract in project()["tool"]["importlinter"]["contracts"]
}
PACKAGES = (
    "spec/multichat_spec",
    "multichat_proto",
    "reference_server/multichat_server",
    "conformance/multichat_conformance",
    "cli/multichat_cli",
)

# What is in multichat_proto beside the core, and may therefore do I/O.
SHELLS = {"asyncio", "bots", "failures", "login", "starting", "sync", "testing", "trio"}

BREAKS = [
    ("layers", "spec/multichat_spec/__init__.py", "import multichat_proto"),
    ("layers", "multichat_proto/codec.py", "import multichat_server"),
    ("layers", "reference_server/multichat_server/__init__.py", "import multichat_conformance"),
    ("layers", "conformance/multichat_conformance/__init__.py", "import multichat_cli"),
    ("core", "multichat_proto/codec.py", "import socket"),
    ("core", "multichat_proto/server.py", "from time import monotonic"),
    ("core", "multichat_proto/client.py", "import trio"),
    ("core", "multichat_proto/session/queues.py", "import threading"),
    ("judge", "conformance/multichat_conformance/__init__.py", "import multichat_proto.codec"),
    ("judge", "conformance/multichat_conformance/__init__.py", "import websockets"),
    ("sdk", "multichat_proto/__init__.py", "import typer"),
]


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    for package in PACKAGES:
        shutil.copytree(ROOT / package, tmp_path / package)
    return tmp_path


def lint_imports(tree: Path, *arguments: str) -> tuple[int, str]:
    """Run import-linter on the packages of ``tree``, not on the installed ones."""
    folders = [tree, *(tree / package for package in PACKAGES)]
    path = os.pathsep.join(str(folder if folder == tree else folder.parent) for folder in folders)
    done = subprocess.run(
        [Path(sys.executable).parent / "lint-imports", "--no-cache", *arguments],
        cwd=tree,
        env={**os.environ, "PYTHONPATH": path, "NO_COLOR": "1", "COLUMNS": "200"},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


@pytest.mark.slow
def test_the_tree_keeps_its_contracts(copy: Path) -> None:
    """What the next test breaks was whole."""
    status, output = lint_imports(copy)

    assert status == 0, output
    assert f"{len(CONTRACTS)} kept, 0 broken" in output


@pytest.mark.slow
@pytest.mark.parametrize(
    ("contract", "module", "line"), BREAKS, ids=[f"{row[0]}-{row[2]}" for row in BREAKS]
)
def test_a_broken_contract_is_reported(copy: Path, contract: str, module: str, line: str) -> None:
    path = copy / module
    path.write_text(f"{path.read_text()}\n{line}\n")

    status, output = lint_imports(copy, "--contract", contract)

    assert status == 1, output
    assert f"{CONTRACTS[contract]['name']} BROKEN" in output


def test_each_contract_is_broken_once() -> None:
    assert {row[0] for row in BREAKS} == set(CONTRACTS)


def test_the_core_contract_lists_every_core_module() -> None:
    """A module added to the core cannot do I/O unnoticed."""
    modules = {
        f"multichat_proto.{path.stem}"
        for path in (ROOT / "multichat_proto").iterdir()
        if path.suffix == ".py" or (path / "__init__.py").exists()
    }
    shells = {f"multichat_proto.{name}" for name in SHELLS}

    assert set(CONTRACTS["core"]["source_modules"]) == modules - shells - {
        "multichat_proto.__init__"
    }


def test_coverage_takes_the_same_modules_for_the_core() -> None:
    """The build holds 100 percent for exactly the modules that the contract names."""
    left_out = set(re.findall(r"multichat_proto/(\w+)\.py", (ROOT / ".ci/coverage").read_text()))

    assert left_out == {name for name in SHELLS if (ROOT / f"multichat_proto/{name}.py").exists()}
