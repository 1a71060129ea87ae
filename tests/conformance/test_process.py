"""A target that the suite starts: ready, gone, stopped, started again."""

import os
import select
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from multichat_conformance.findings import NotTested
from multichat_conformance.target import Hooks, Start, Target, process
from multichat_conformance.target.process import TargetProcess, placed

LISTEN = """
import json, os, signal, socket, sys
listener = socket.create_server(("127.0.0.1", int(sys.argv[1])))
print("starting", flush=True)
print(json.dumps({"hooks": "http://h/", "number": 7, "list": [], "mode": os.environ.get("MODE")}),
      flush=True)
print("ready", file=sys.stderr, flush=True)
while True:
    listener.accept()[0].close()
"""
STUBBORN = f"import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN)\n{LISTEN}"

WITH_PIDFD = pytest.mark.skipif(not hasattr(os, "pidfd_open"), reason="needs Linux")

Make = Callable[..., TargetProcess]


@pytest.fixture
def make() -> Iterator[Make]:
    made: list[TargetProcess] = []

    def a_process(
        code: str, *, ready: str = "json", seconds: float = 20.0, **more: object
    ) -> TargetProcess:
        start = Start((sys.executable, "-c", code, "{port}"), ready, seconds, {"MODE": "test"})  # type: ignore[arg-type]  # json or connect
        described: dict[str, object] = {"url": "ws://127.0.0.1:{port}/{mode}", **more}
        made.append(TargetProcess(Target(start=start, **described)))  # type: ignore[arg-type]  # fields of a target
        return made[-1]

    yield a_process
    for each in made:
        each.stop()


def test_a_ready_line_fills_in_the_names(make: Make) -> None:
    started = make(
        LISTEN, hooks=Hooks("{hooks}x", ("stop",), {"start": ("run", "{number}", "{list}")})
    )
    target = started.start()

    assert started.runs
    assert target.url.endswith("/test")
    assert target.hooks.url == "http://h/x"
    assert target.hooks.commands == {"start": ("run", "7", "{list}")}
    assert target is started.target


def test_one_that_was_launched_is_only_waited_for(make: Make, tmp_path: Path) -> None:
    counted = f"open({str(tmp_path / 'starts')!r}, 'a').write('x')\n{LISTEN}"
    started = make(counted)

    started.launch()
    started.start()

    assert (tmp_path / "starts").read_text() == "x"
    started.start()
    assert (tmp_path / "starts").read_text() == "xx"


def test_one_that_was_launched_and_died_is_said_to_have_ended(make: Make) -> None:
    started = make("import sys; sys.exit('no licence')")
    started.launch()

    with pytest.raises(NotTested, match="ended with exit status 1 before it was ready: no"):
        started.start()


def test_a_port_that_answers_is_enough(make: Make) -> None:
    started = make(LISTEN, ready="connect", url="ws://127.0.0.1:{port}/")

    assert started.start().url.startswith("ws://127.0.0.1:")
    assert started.runs


def test_it_is_stopped_and_started_again_at_the_same_address(make: Make) -> None:
    started = make(LISTEN)
    first = started.start().url

    assert started.stop() < 10
    assert not started.runs
    assert started.start().url == first
    assert started.runs


def test_stopping_what_does_not_run(make: Make) -> None:
    assert make(LISTEN).stop() == 0.0


def test_what_does_not_end_is_killed(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "_KILL_AFTER", 0.2)
    started = make(STUBBORN)
    started.start()

    assert started.stop() >= 0.2
    assert not started.runs


@WITH_PIDFD
@pytest.mark.parametrize("stubborn", [False, True])
def test_what_it_has_left_behind_ends_with_it(
    make: Make, monkeypatch: pytest.MonkeyPatch, *, stubborn: bool
) -> None:
    """A child that holds the pipes neither keeps stop from returning nor outlives it."""
    monkeypatch.setattr(process, "_KILL_AFTER", 0.5)
    ignores = "signal.signal(signal.SIGTERM, signal.SIG_IGN); " if stubborn else ""
    child = f"import signal; {ignores}print('ready', flush=True); signal.pause()"
    code = (
        "import json, os, signal, subprocess, sys\n"
        f"child = subprocess.Popen([sys.executable, '-c', {child!r}], stdout=subprocess.PIPE,"
        " stdin=subprocess.DEVNULL)\n"
        "child.stdout.readline()\n"
        "print(json.dumps({'child': child.pid}), flush=True)\n"
        "os.execvp('sleep', ['sleep', '1000'])\n"
    )
    started = make(code, url="ws://x/{child}")
    child_id = int(started.start().url.rpartition("/")[2])

    pidfd = os.pidfd_open(child_id)

    started.stop()

    assert not started.runs
    # A signal that nobody can ignore was sent, which may take a moment to be obeyed.
    assert _ends_within(pidfd, 20.0)
    os.close(pidfd)


def _ends_within(pidfd: int, seconds: float) -> bool:
    return bool(select.select([pidfd], [], [], seconds)[0])


@WITH_PIDFD
def test_who_has_left_the_group_and_holds_the_pipe_is_not_waited_for(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process, "_LAST_WORDS_WITHIN", 0.1)
    code = (
        "import json, os, subprocess, sys\n"
        "child = subprocess.Popen(['sleep', '1000'], start_new_session=True)\n"
        "print(json.dumps({'child': child.pid}), flush=True)\n"
        "os.execvp('sleep', ['sleep', '1000'])\n"
    )
    started = make(code, url="ws://x/{child}")
    child_id = int(started.start().url.rpartition("/")[2])
    pidfd = os.pidfd_open(child_id)
    try:
        started.stop()

        assert not started.runs
        assert not _ends_within(pidfd, 0.0)
    finally:
        os.kill(child_id, signal.SIGKILL)
        os.close(pidfd)


def test_a_line_deeper_than_any_ready_line_is_none(make: Make) -> None:
    said = LISTEN.replace('print("starting"', 'print("[" * 100_000')
    started = make(said)

    assert started.start().hooks == Hooks()
    assert started.runs


@pytest.mark.parametrize("ready", ["json", "connect"])
def test_one_that_ends_at_once(make: Make, ready: str) -> None:
    started = make("import sys; sys.exit('no database')", ready=ready, url="ws://127.0.0.1:{port}/")
    with pytest.raises(NotTested) as caught:
        started.start()

    assert "before it was ready" in str(caught.value) or "nothing listens on" in str(caught.value)
    assert "no database" in str(caught.value)
    assert not started.runs


def test_one_that_says_nothing_before_it_ends(make: Make) -> None:
    said = "ended with exit status 0 before it was ready: it printed nothing"
    with pytest.raises(NotTested, match=said):
        make("").start()


def test_one_that_ends_before_its_port_answers(make: Make) -> None:
    started = make("import sys; sys.exit(7)", ready="connect", url="ws://127.0.0.1:{port}/")

    with pytest.raises(
        NotTested, match=r"nothing listens on .*, and the target ended with exit sta"
    ):
        started.start()


def test_one_that_is_killed(make: Make) -> None:
    started = make("import os, signal; os.kill(os.getpid(), signal.SIGKILL)")

    with pytest.raises(NotTested, match="was ended by SIGKILL before it was ready"):
        started.start()


def test_one_that_closes_its_output(make: Make) -> None:
    code = "import os, signal; os.close(1); signal.pause()"

    with pytest.raises(NotTested, match="closed its output before it was ready"):
        make(code).start()


@pytest.mark.parametrize("said", ["[1]", "null", "{", "no JSON", '"x"'])
def test_a_line_that_is_no_object_is_no_ready_line(make: Make, said: str) -> None:
    with pytest.raises(NotTested, match="ended with exit status 0 before it was ready"):
        make(f"print({said!r})").start()


@pytest.mark.parametrize("ready", ["json", "connect"])
def test_one_that_is_never_ready(make: Make, ready: str) -> None:
    code = "import signal; print('loading', flush=True); signal.pause()"
    started = make(code, ready=ready, seconds=0.3, url="ws://127.0.0.1:{port}/")
    with pytest.raises(NotTested, match=r"no ready line within|nothing listens on"):
        started.start()

    assert not started.runs


def test_a_ready_line_that_makes_no_address(make: Make) -> None:
    with pytest.raises(NotTested, match="makes no address: 'http://h/'"):
        make(LISTEN, url="{hooks}").start()


def test_a_program_that_is_not_there(tmp_path: Path) -> None:
    target = Target(
        url="ws://127.0.0.1:1/", start=Start(("./no-such-program",)), file=tmp_path / "t"
    )
    with pytest.raises(NotTested, match=r"cannot be started: .*check start\.command"):
        TargetProcess(target).start()


def test_it_runs_beside_its_file(make: Make, tmp_path: Path) -> None:
    code = "import json, os; print(json.dumps({'folder': os.getcwd()}), flush=True); input()"
    started = make(code, url="ws://x/{folder}", file=tmp_path / "target.toml")

    assert started.start().url == f"ws://x/{tmp_path}"


def test_a_flood_of_output_blocks_nobody(make: Make) -> None:
    """What it prints is read to the end, and the last line is kept."""
    flood = 'print("x\\n" * 200_000 + "last", file=sys.stderr, flush=True)'
    code = LISTEN.replace('print("starting", flush=True)\n', "").replace(
        "listener =", f"{flood}; listener ="
    )
    started = make(code, ready="connect", url="ws://127.0.0.1:{port}/")
    started.start()
    started.stop()

    assert started.last_words() in ("last", "ready")


def test_without_a_command_there_is_nothing_to_start() -> None:
    with pytest.raises(ValueError, match="no start command"):
        TargetProcess(Target(url="ws://x/"))


def test_what_is_not_known_yet_stays() -> None:
    target = placed(Target(url="ws://x:{port}/{later}", origin="http://{port}"), {"port": "5"})

    assert (target.url, target.origin) == ("ws://x:5/{later}", "http://5")
    assert placed(Target(url="ws://x/"), {}).origin is None


def test_an_impatient_person_leaves_nothing_behind(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A second Ctrl-C comes while the target still takes its time to end."""
    started = make(STUBBORN)
    started.start()
    child = started._process
    assert child is not None
    wait = child.wait

    def interrupted(_: float | None = None) -> int:
        monkeypatch.setattr(child, "wait", wait)
        raise KeyboardInterrupt

    monkeypatch.setattr(child, "wait", interrupted)

    with pytest.raises(KeyboardInterrupt):
        started.stop()

    assert wait(20) == -signal.SIGKILL
