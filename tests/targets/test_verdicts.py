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
from multichat_conformance.deviations_update import TODO
from tests.targets.running import leave_out
from tests.targets.target import TARGETS

# Two minutes on an idle machine, most of them waited for what is known not to come.
WHOLE_RUN = pytest.mark.timeout(900)

DJANGO = [
    pytest.param("original", marks=[pytest.mark.original, pytest.mark.slow]),
    pytest.param("modern", marks=[pytest.mark.slow]),
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


@WHOLE_RUN
def test_the_reference_server_is_conformant_without_a_deviation(tmp_path: Path) -> None:
    code, end, checks = judged(TARGETS / "reference" / "target.toml", tmp_path / "report.jsonl")

    assert code == 0
    assert (end["core"], end["hardened"]) == ("conformant", "conformant")
    assert {check["outcome"] for check in checks} == {"pass", "observed"}
    assert not load_deviations(TARGETS / "reference" / "deviations.toml").entries


@WHOLE_RUN
@pytest.mark.parametrize("name", DJANGO)
def test_a_django_target_passes_core_and_deviates_as_listed(name: str, tmp_path: Path) -> None:
    """Nothing fails that is not listed; what is listed fails, but for what is unstable."""
    can_run(name)

    code, end, checks = judged(TARGETS / name / "target.toml", tmp_path / "report.jsonl")

    assert (code, end["core"]) == (0, "conformant")
    outcomes = {check["id"]: check["outcome"] for check in checks}
    assert set(outcomes.values()) <= {
        *("pass", "expected_failure", "warn", "observed", "not_applicable"),
    }
    entries = load_deviations(TARGETS / name / "deviations.toml").entries
    failed = {id_ for id_, outcome in outcomes.items() if outcome == "expected_failure"}
    assert failed <= set(entries)
    steady = {id_ for id_, entry in entries.items() if entry.outcome == "fail"}
    assert steady <= failed


@pytest.mark.parametrize("name", ["original", "modern"])
def test_what_a_django_target_is_known_to_do_is_hardened_and_explained(name: str) -> None:
    """Core is passed without a deviation, so none may even be listed; each has its reason."""
    entries = load_deviations(TARGETS / name / "deviations.toml").entries

    assert entries
    for entry in entries.values():
        check = find(entry.check)
        assert check is not None, entry.check
        assert check.profile == "hardened", entry.check
        assert TODO not in entry.reason, entry.check
        assert entry.reason.endswith("."), entry.check


@pytest.mark.original
@pytest.mark.slow
@WHOLE_RUN
@pytest.mark.parametrize("way", ["two-workers", "runserver"])
def test_the_original_passes_core_however_it_is_run(way: str, tmp_path: Path) -> None:
    """What is pipelined gets out of order there, and first commands find nobody logged in."""
    file = TARGETS / "original" / f"target-{way}.toml"
    can_run("original")

    code, end, _ = judged(file, tmp_path / "report.jsonl", "--level", "core")

    assert (code, end["core"]) == (0, "conformant")
