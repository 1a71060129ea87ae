"""What the suite says of each target in the tree, with the command that a person would type."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from multichat_conformance.catalogue import find
from multichat_conformance.deviations import load_deviations
from tests.targets.conftest import FIRST_USE
from tests.targets.running import leave_out
from tests.targets.target import TARGETS

DJANGO = [
    pytest.param("original", marks=[pytest.mark.original, FIRST_USE]),
    pytest.param("modern", marks=[pytest.mark.slow, FIRST_USE]),
]


def can_run(name: str) -> None:
    """See that a target can run here, and build its environment if that is not there yet."""
    done = subprocess.run(
        [sys.executable, str(TARGETS / name / "run.py"), "--set-up-only"],
        stderr=subprocess.PIPE,
        check=False,
    )
    if done.returncode == 3:
        leave_out(done.stderr.decode().strip().splitlines()[-1])
    assert done.returncode == 0, done.stderr.decode()


def judged(file: Path, report: Path, *options: str) -> tuple[int, dict[str, Any], list[Any]]:
    """Judge a target as it is in the tree; return the exit code, the end and the checks."""
    done = subprocess.run(
        [
            *(sys.executable, "-m", "multichat_cli", "conformance", "run", "-q"),
            *("--target", str(file), "--json-lines", str(report), *options),
        ],
        stdout=subprocess.PIPE,
        check=False,
    )
    events = [json.loads(line) for line in report.read_text(encoding="utf-8").splitlines()]
    checks = [event for event in events if event["event"] == "check_finished"]
    # Shown by pytest where an assertion fails.
    print(done.stdout.decode())
    return done.returncode, events[-1], checks


def test_the_reference_server_is_conformant_without_a_deviation(tmp_path: Path) -> None:
    code, end, checks = judged(TARGETS / "reference" / "target.toml", tmp_path / "report.jsonl")

    assert code == 0
    assert (end["core"], end["hardened"]) == ("conformant", "conformant")
    assert {check["outcome"] for check in checks} == {"pass", "observed"}
    assert not load_deviations(TARGETS / "reference" / "deviations.toml").entries


@pytest.mark.parametrize("name", DJANGO)
def test_a_django_target_passes_core_and_deviates_as_listed(name: str, tmp_path: Path) -> None:
    """Whatever fails and is not listed, or is listed and passes, would make the exit code 1."""
    can_run(name)

    code, end, checks = judged(TARGETS / name / "target.toml", tmp_path / "report.jsonl")

    assert code == 0 or (code == 3 and _only_left_out(checks))
    assert end["core"] == "conformant"
    listed = set(load_deviations(TARGETS / name / "deviations.toml").entries)
    failed = {check["id"] for check in checks if check["outcome"] == "expected_failure"}
    assert failed == listed
    assert all(check.profile == "hardened" for check in map(find, listed) if check is not None)


@pytest.mark.original
@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize("way", ["two-workers", "runserver"])
def test_the_original_passes_core_however_it_is_run(way: str, tmp_path: Path) -> None:
    """What is pipelined gets out of order there, and first commands find nobody logged in."""
    file = TARGETS / "original" / f"target-{way}.toml"
    can_run("original")

    code, end, _ = judged(file, tmp_path / "report.jsonl", "--level", "core")

    assert (code, end["core"]) == (0, "conformant")


def _only_left_out(checks: list[Any]) -> bool:
    """Whether nothing but hooks that a target cannot offer kept the run from being whole."""
    reasons = {check["reason"] for check in checks if check["outcome"] == "not_tested"}
    return all(reason.startswith(("needs the hook", "the group load")) for reason in reasons)
