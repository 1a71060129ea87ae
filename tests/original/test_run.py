"""The command that runs the stand-in: what it needs, what it says, how it ends."""

from __future__ import annotations

import os
import select
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.original.conftest import run_original
from tests.original.target import RUN, OriginalServer
from tests.original.wire import connect
from tests.targets.running import leave_out

needs_original = pytest.mark.original
pytestmark = pytest.mark.timeout(300)


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the command to its end, with nothing of this process's environment."""
    return subprocess.run(
        [sys.executable, str(RUN), *arguments],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def program(path: Path, *lines: str) -> str:
    """Make a program of some lines of shell, and return its path."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(["#!/bin/sh", *lines, ""]))
    path.chmod(0o755)
    return str(path)


def is_alive(process_id: int) -> bool:
    """Say whether a process exists."""
    try:
        os.kill(process_id, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--workers", "0"], "'0' is no number of workers (1 to 64)"),
        (["--workers", "²"], "'²' is no number of workers (1 to 64)"),
        (["--port", "65536"], "'65536' is no port (0 to 65535)"),
        (["--runserver", "--workers", "2"], "not allowed with argument --runserver"),
    ],
)
def test_wrong_usage_is_said(arguments: list[str], sentence: str) -> None:
    """Exit status 2, before anything is looked for."""
    ended = run(*arguments)

    assert ended.returncode == 2
    assert sentence in ended.stderr


def test_without_python36_it_cannot_run_here(tmp_path: Path) -> None:
    """Neither among pyenv's versions nor on the path; one that is not 3.6 does not count."""
    program(tmp_path / "path" / "python3.6", "exit 127")
    program(tmp_path / "pyenv" / "versions" / "3.6.15" / "bin" / "python3.6", "echo 3.7")

    ended = run(PYENV_ROOT=str(tmp_path / "pyenv"), PATH=str(tmp_path / "path"), HOME=str(tmp_path))

    assert ended.returncode == 3
    assert ended.stdout == ""
    assert ended.stderr.startswith("cannot run here: Python 3.6 was not found")
    assert ended.stderr.count("\n") == 1


def test_a_named_python_that_does_not_work_is_said(tmp_path: Path) -> None:
    """What the variable names is taken or refused; nothing else is tried."""
    named = str(tmp_path / "missing")

    ended = run(MULTICHAT_PYTHON36=named)

    assert ended.returncode == 3
    assert ended.stderr.startswith(f"cannot run here: MULTICHAT_PYTHON36 is {named!r}")


def test_without_redis_it_cannot_run_here(tmp_path: Path) -> None:
    """The sentence says what to install."""
    python = program(tmp_path / "python", "echo 3.6")

    ended = run(MULTICHAT_PYTHON36=python, PATH=str(tmp_path / "empty"))

    assert ended.returncode == 3
    assert ended.stderr.startswith("cannot run here: redis-server was not found on the path")


def test_packages_that_cannot_be_installed_are_said(tmp_path: Path) -> None:
    """The last thing that was said, and where the rest is."""
    python = program(
        tmp_path / "python", 'case "$1" in -c) echo 3.6;; *) echo no network; exit 1;; esac'
    )
    program(tmp_path / "path" / "redis-server")

    ended = run(
        "--cache",
        str(tmp_path / "cache"),
        MULTICHAT_PYTHON36=python,
        PATH=str(tmp_path / "path"),
    )

    assert ended.returncode == 3
    assert "cannot run here: the environment for Python 3.6 could not be built: no network" in (
        ended.stderr
    )


def test_asked_to_stop_while_building_it_stops(tmp_path: Path) -> None:
    """What builds the environment is ended too, and the next run builds again."""
    told = tmp_path / "told"
    os.mkfifo(told)
    build = f"echo $$ > {told}; exec tail -f /dev/null"
    python = program(tmp_path / "python", f'case "$1" in -c) echo 3.6;; *) {build};; esac')
    program(tmp_path / "path" / "redis-server")
    command = [sys.executable, str(RUN), "--cache", str(tmp_path / "cache")]
    path = f"{tmp_path / 'path'}{os.pathsep}{os.environ['PATH']}"
    environment = {"MULTICHAT_PYTHON36": python, "PATH": path}

    with subprocess.Popen(command, env=environment, stderr=subprocess.PIPE) as process:
        builder = int(told.read_text())
        process.terminate()
        assert process.wait(30) == 0

    assert not is_alive(builder)
    assert not list((tmp_path / "cache").glob("*/complete"))


def test_what_is_left_out_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a developer's machine tests are skipped with the reason."""
    monkeypatch.delenv("CI", raising=False)
    monkeypatch.delenv("MULTICHAT_NOTHING_LEFT_OUT", raising=False)

    with pytest.raises(pytest.skip.Exception, match="left out: no Redis"):
        leave_out("no Redis")


@pytest.mark.parametrize("variable", [("CI", "true"), ("MULTICHAT_NOTHING_LEFT_OUT", "1")])
def test_where_nothing_may_be_left_out_it_fails(
    monkeypatch: pytest.MonkeyPatch, variable: tuple[str, str]
) -> None:
    """A skip would read as green."""
    monkeypatch.setenv(*variable)

    with pytest.raises(pytest.fail.Exception, match="left out, and nothing may be: no Redis"):
        leave_out("no Redis")


@needs_original
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_asked_to_stop_it_leaves_nothing(number: signal.Signals) -> None:
    """No process, no file; and the exit status is 0, which ``run_original`` looks at."""
    with run_original() as server:
        server.process.send_signal(number)
        assert server.process.wait(30) == 0

    assert server.ready["processes"].keys() == {"redis", "daphne", "worker-1", "hooks"}
    assert not any(map(is_alive, server.ready["processes"].values()))
    assert not server.database.parent.exists()


@needs_original
@pytest.mark.skipif(sys.platform != "linux", reason="left out: only Linux can do this")
def test_killed_it_takes_its_processes_along() -> None:
    """They do not outlive it even when it cannot clean up."""
    with run_original(status=-signal.SIGKILL) as server:
        handles = [os.pidfd_open(process_id) for process_id in server.ready["processes"].values()]
        server.process.kill()
        for handle in handles:
            # Readable once the process has ended.
            assert select.select([handle], [], [], 30)[0]
            os.close(handle)
    shutil.rmtree(server.database.parent)

    assert len(handles) == 4


@needs_original
@pytest.mark.parametrize("name", ["redis", "daphne"])
def test_a_dead_process_that_is_not_restarted_ends_it(name: str) -> None:
    """Without Redis or daphne there is nothing left to run."""
    with run_original(status=1) as server:
        os.kill(server.ready["processes"][name], signal.SIGKILL)
        assert server.process.wait(30) == 1
        assert server.process.stderr is not None
        assert f"error: {name} ended" in server.process.stderr.read()

    assert not any(map(is_alive, server.ready["processes"].values()))


@needs_original
@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--no-restart"], "worker-1 died and stays dead\n"),
        (["--restart-after", "0"], "worker-1 died and is started again in 0 s\n"),
    ],
)
def test_a_dead_worker_is_said(options: list[str], sentence: str) -> None:
    """And started again, or not."""
    with run_original(*options) as server:
        os.kill(server.ready["processes"]["worker-1"], signal.SIGKILL)

        assert server.process.stderr is not None
        assert server.process.stderr.readline() == sentence
        if "stays" not in sentence:
            assert server.request("GET", "/accounts/login/").status == 200


@needs_original
def test_a_port_in_use_is_said(original_server: OriginalServer) -> None:
    """Exit status 1: it could run here, but not there."""
    ended = run("--port", str(original_server.port), **os.environ)

    assert ended.returncode == 1
    assert ended.stderr.startswith(
        f"error: port {original_server.port} cannot be used: Address already in use"
    )


@needs_original
def test_a_stated_port_is_taken() -> None:
    """The port that was free a moment ago."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]

    with run_original("--port", str(port)) as server:
        assert server.url == f"http://127.0.0.1:{port}/"
        assert server.request("GET", "/accounts/login/").status == 200


@pytest.fixture
def other_way(request: pytest.FixtureRequest) -> Iterator[OriginalServer]:
    """The stand-in, run with the options that the test names."""
    with run_original(*request.param) as server:
        yield server


@needs_original
@pytest.mark.parametrize(
    ("other_way", "processes"),
    [
        (["--runserver"], {"redis", "runserver", "hooks"}),
        (["--workers", "2"], {"redis", "daphne", "worker-1", "worker-2", "hooks"}),
    ],
    indirect=["other_way"],
)
async def test_other_ways_to_run_it_speak_the_same(
    other_way: OriginalServer, processes: set[str]
) -> None:
    """In closed loop, that is; what is pipelined they reorder, as the original."""
    cookie = f"sessionid={other_way.session('alice')}"
    alice = await connect(other_way.host, other_way.port, "/chat/stream/", cookie=cookie)
    joined = {"frame": '{"error": "USER_HAS_TO_LOGIN"}'}
    # A join may be taken before the connection is: recorded in 9 to 21 of 30 runs.
    while joined == {"frame": '{"error": "USER_HAS_TO_LOGIN"}'}:
        await alice.send_text('{"command": "join", "room": "1"}')
        joined = await alice.next_event()
    await alice.send_text('{"command": "send", "room": "1", "message": "hi"}')
    echo = await alice.next_event()
    await alice.aclose()

    assert other_way.ready["processes"].keys() == processes
    assert joined == {"frame": '{"join": "1", "title": "room 1"}'}
    assert echo == {"frame": '{"room": "1", "message": "hi", "username": "alice", "msg_type": 0}'}
