"""Each target says where it is, ends when it is asked to, and leaves nothing behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from websockets.exceptions import ConnectionClosed

from tests.targets.chat import PATIENCE, open_chat
from tests.targets.conftest import EVERY_TARGET
from tests.targets.running import run_target
from tests.targets.target import TARGETS, RunningTarget

ROOMS = [
    {"id": 1, "title": "room 1", "staff_only": False},
    {"id": 2, "title": "room 2", "staff_only": False},
    {"id": 3, "title": "staff room", "staff_only": True},
    {"id": 4, "title": "<b>Тест</b> 😀", "staff_only": False},
]


def is_alive(process_id: int) -> bool:
    """Say whether a process exists."""
    try:
        os.kill(process_id, 0)
    except ProcessLookupError:
        return False
    return True


def test_the_ready_line_says_where_it_is(target: RunningTarget) -> None:
    """The addresses answer, and every account can log in."""
    assert target.ready["rooms"] == ROOMS
    assert {"alice", "bob", "carol"} < set(target.passwords)
    assert any(account["is_staff"] for account in target.ready["accounts"])
    for name in target.passwords:
        with open_chat(target, target.session(name)) as chat:
            assert chat.asks("join", "1") == {"join": "1", "title": "room 1"}


@pytest.mark.parametrize("name", EVERY_TARGET)
@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT, "end of input"])
def test_asked_to_stop_it_leaves_nothing(
    name: str, how: signal.Signals | str, tmp_path: Path
) -> None:
    """No process, no file, and the exit status is 0, which ``run_target`` looks at."""
    temporary = {"TMPDIR": str(tmp_path)}
    with run_target(TARGETS / name / "run.py", environment=temporary) as (ready, process):
        assert list(tmp_path.iterdir())
        if isinstance(how, signal.Signals):
            process.send_signal(how)
            assert process.wait(30) == 0

    assert not any(map(is_alive, ready.get("processes", {}).values()))
    assert list(tmp_path.iterdir()) == []


def test_the_reference_server_closes_everybody_with_1012() -> None:
    """MC1-CLOSE-05: so a suite that stops it sees what it would see of a server in use."""
    with run_target(TARGETS / "reference" / "run.py") as (ready, process):
        target = RunningTarget("reference", ready, process)
        with open_chat(target, target.log_in("alice")) as chat:
            process.terminate()
            with pytest.raises(ConnectionClosed) as closed:
                chat.connection.recv(timeout=PATIENCE)

    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1012


def test_a_session_that_expires_is_closed_at_once(reference: RunningTarget) -> None:
    """MC1-REVOKE-06 allows a minute; nobody has to wait for it here."""
    session = reference.log_in("bob")
    with open_chat(reference, session) as chat:
        reference.pull("expire_session", session=session)
        with pytest.raises(ConnectionClosed) as closed:
            chat.connection.recv(timeout=PATIENCE)

    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1008


def run(name: str, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a target's command to its end."""
    return subprocess.run(
        [sys.executable, str(TARGETS / name / "run.py"), *arguments],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_port_in_use_is_said(target: RunningTarget) -> None:
    ended = run(target.name, "--port", str(target.port))

    assert ended.returncode == 1
    assert ended.stdout == ""
    assert ended.stderr == f"error: port {target.port} cannot be used: Address already in use\n"


@pytest.mark.parametrize("name", ["reference", "original", "modern"])
def test_wrong_usage_is_said(name: str) -> None:
    ended = run(name, "--port", "65536")

    assert ended.returncode == 2
    assert "'65536' is no port (0 to 65535)" in ended.stderr


def test_without_the_server_the_reference_target_cannot_run() -> None:
    """An interpreter that sees no installed package."""
    program = str(TARGETS / "reference" / "run.py")
    ended = subprocess.run(
        [sys.executable, "-I", "-S", program], capture_output=True, text=True, check=False
    )

    assert ended.returncode == 3
    assert ended.stderr == (
        "cannot run here: trio is not installed; in a clone of multichat: pip install '.[server]'\n"
    )


def test_without_redis_the_modern_target_cannot_run(tmp_path: Path) -> None:
    ended = run("modern", PATH=str(tmp_path))

    assert ended.returncode == 3
    assert ended.stderr.startswith("cannot run here: redis-server was not found on the path")
    assert ended.stderr.count("\n") == 1


@pytest.mark.slow
def test_without_a_network_the_modern_target_cannot_run(tmp_path: Path) -> None:
    """One sentence on what could not be fetched, behind the note that building began."""
    redis = tmp_path / "redis-server"
    redis.write_text("#!/bin/sh\n")
    redis.chmod(0o755)
    path = f"{tmp_path}{os.pathsep}{os.environ['PATH']}"
    ended = run("modern", "--cache", str(tmp_path / "cache"), PATH=path, PIP_NO_INDEX="1")

    said = ended.stderr.splitlines()
    assert ended.returncode == 3
    assert len(said) == 2
    assert said[1].startswith(
        "cannot run here: the environment for today's Django and Channels could not be built: "
        "ERROR: No matching distribution found for Django=="
    )
