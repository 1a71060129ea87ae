"""The target files say what the programs do, and agree with each other."""

from __future__ import annotations

import runpy
import tomllib
from pathlib import Path
from typing import Any

import pytest

from tests.targets.target import TARGETS

FILES = sorted(TARGETS.glob("*/target*.toml"))


def read(path: Path) -> dict[str, Any]:
    """Return a target file."""
    return tomllib.loads(path.read_text(encoding="utf-8"))


def test_every_target_has_its_files() -> None:
    """One command, one target file, one deviations file and a guide."""
    folders = {path.parent for path in TARGETS.glob("*/run.py")}

    assert {folder.name for folder in folders} == {"modern", "original", "reference"}
    for folder in folders:
        names = {path.name for path in folder.iterdir()}
        assert {"README.md", "deviations.toml", "target.toml"} <= names


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_what_a_file_names_is_there(path: Path) -> None:
    """The command, the deviations, the rooms of demo.json, and the hooks of the listener."""
    file = read(path)
    hooks = runpy.run_path(str(TARGETS / "launching" / "hooks.py"))["HOOKS"]
    rooms = tomllib.loads((TARGETS / "reference" / "target.toml").read_text())["rooms"]

    assert file["start"]["command"][:2] == ["{python}", "run.py"]
    assert (path.parent / "run.py").exists()
    assert (path.parent / file["deviations"]).exists()
    assert sorted(file["hooks"]["offers"]) == sorted(hooks)
    assert file["rooms"] == rooms


def test_the_reference_server_has_the_limits_that_its_file_states(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """MC1-LIMIT-01: what is stated is what is set, by run.py or by default."""
    # As for a program that is run by its path; it adds to it itself.
    monkeypatch.syspath_prepend(str(TARGETS / "reference"))
    stated = read(TARGETS / "reference" / "target.toml")["limits"]
    program = runpy.run_path(str(TARGETS / "reference" / "run.py"))
    settings = program["Settings"](**program["LIMITS"])

    assert stated == {
        "frame_bytes": settings.max_frame_bytes,
        "message_length": settings.max_message_length,
        "rooms_per_connection": settings.max_rooms_per_connection,
        "command_burst": settings.command_burst,
        "refusal_burst": settings.refusal_burst,
        "backlog_bytes": settings.outbox_bytes,
        "handshake_bytes": settings.http_header_bytes,
        "handshake_seconds": settings.handshake_timeout,
        "vanish_seconds": settings.ping_interval + settings.ping_timeout,
        "close_seconds": settings.close_timeout,
        # And a moment for the process to end.
        "stop_seconds": settings.shutdown_grace + 0.5,
        "outage_seconds": settings.stale_after,
    }


def test_the_ways_to_run_the_original_differ_in_nothing_else() -> None:
    """Name, command and groups; what they are judged by is the same."""
    first, *others = [read(path) for path in FILES if path.parent.name == "original"]
    differ = {"name", "start", "groups"}

    assert len(others) == 2
    for other in others:
        assert {key for key in first | other if first.get(key) != other.get(key)} <= differ
