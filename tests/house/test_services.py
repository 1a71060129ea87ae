"""`.ci/services` installs what is missing where it may, and never fails where it may not."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.house.repository import ROOT

COREUTILS = ("sh", "cat", "cmp", "cp", "dirname", "env", "ls", "mkdir", "rm")
PACKAGES = "redis-server postgresql chromium nodejs npm"


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A tree with the script, on a system that has nothing."""
    for name in ("services", "npm/package.json", "npm/package-lock.json"):
        (tmp_path / ".ci" / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / ".ci" / name, tmp_path / ".ci" / name)
    programs = tmp_path / "programs"
    programs.mkdir()
    for name in COREUTILS:
        found = shutil.which(name)
        assert found is not None
        (programs / name).symlink_to(found)
    return tmp_path


def program(tree: Path, name: str, body: str = "") -> None:
    """Put a program on the path; it notes how it was called."""
    file = tree / "programs" / name
    file.write_text(f'#!/bin/sh\necho "{name} $*" >> "{tree}/called"\n{body}\n')
    file.chmod(0o755)


def services(tree: Path) -> list[str]:
    """Run the script; return what it called."""
    (tree / "called").write_text("")
    done = subprocess.run(
        [tree / ".ci" / "services"],
        env={**os.environ, "PATH": str(tree / "programs")},
        stdout=subprocess.PIPE,
        check=False,
    )
    assert done.returncode == 0
    calls = (tree / "called").read_text().splitlines()
    return [call for call in calls if call.split()[0] in ("apt-get", "npm")]


def install(names: str) -> str:
    return f"apt-get install -qq -y --no-install-recommends {names}"


def packages() -> str:
    """What is missing on a system that may have PostgreSQL, whose place is no path's."""
    found = list(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    return PACKAGES.replace("postgresql ", "") if found else PACKAGES


def test_root_installs_all_that_is_missing(tree: Path) -> None:
    program(tree, "id", "echo 0")
    program(tree, "apt-get")

    assert services(tree) == [install(packages())]


def test_others_install_if_nobody_is_asked_for_a_password(tree: Path) -> None:
    program(tree, "id", "echo 1000")
    program(tree, "apt-get")
    assert services(tree) == []

    program(tree, "sudo", 'shift; "$@"')

    assert services(tree) == [install(packages())]


def test_one_package_that_is_not_there_keeps_out_no_other(tree: Path) -> None:
    program(tree, "id", "echo 0")
    program(tree, "apt-get", "case $* in *chromium*) exit 100;; esac")

    assert services(tree) == [
        install(packages()),
        "apt-get update -qq",
        *(install(name) for name in packages().split()),
    ]


def test_where_there_is_no_apt_nothing_is_done(tree: Path) -> None:
    program(tree, "id", "echo 0")

    assert services(tree) == []


def test_npm_fetches_what_the_lock_says_once(tree: Path) -> None:
    """Again only when the lock is another one."""
    for name in ("redis-server", "initdb", "chromium"):
        program(tree, name)
    program(tree, "npm", 'mkdir "$3/node_modules"')
    fetch = "npm ci --prefix build/npm --silent --ignore-scripts --no-audit --no-fund"

    assert services(tree) == [fetch]
    assert services(tree) == []
    lock = tree / ".ci" / "npm" / "package-lock.json"
    lock.write_text(lock.read_text() + "\n")
    assert services(tree) == [fetch]


def test_what_npm_could_not_get_is_tried_again(tree: Path) -> None:
    for name in ("redis-server", "initdb", "chromium"):
        program(tree, name)
    program(tree, "npm", "exit 1")

    assert len(services(tree)) == len(services(tree)) == 1


def test_the_lock_is_of_the_packages_and_pins_their_bytes() -> None:
    wanted = json.loads((ROOT / ".ci/npm/package.json").read_text())["devDependencies"]
    locked = json.loads((ROOT / ".ci/npm/package-lock.json").read_text())["packages"]
    root = locked.pop("")

    assert root["devDependencies"] == wanted
    assert {name.removeprefix("node_modules/"): p["version"] for name, p in locked.items()} == (
        wanted
    )
    for package in locked.values():
        assert package["integrity"].startswith("sha512-")
        assert "resolved" not in package
