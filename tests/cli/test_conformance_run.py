"""``multichat conformance run``: from a first verdict by one command to a whole one by one file."""

import json
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path
from xml.etree import ElementTree

import jsonschema
import pytest
import trio

from multichat_conformance.outcomes import ExitCode
from tests.cli.commands import MULTICHAT, Done, environment
from tests.conformance.small_server import Running, small_server
from tests.conformance.small_server.faults import FAULTS
from tests.conformance.small_server.store import ACCOUNTS
from tests.conformance.target_file import write_target_file

CHECK = "join.open-room-is-joined"
FAILING = "join.second-join-is-announced-to-nobody"
FAULT = next(fault for fault in FAULTS.values() if fault.breaks[0] == "MC1-JOIN-07")
PASSWORDS = {f"MULTICHAT_PASSWORD_{name.upper()}": word for name, word, _ in ACCOUNTS}


@pytest.fixture
async def running() -> AsyncIterator[Running]:
    async with small_server() as started:
        yield started


def words(text: str) -> str:
    return " ".join(text.split())


def rename(file: Path, name: str) -> None:
    file.rename(file.with_name(name))


def root(file: Path) -> str:
    return ElementTree.parse(file).getroot().tag  # noqa: S314  # written by the suite


async def conformance(folder: Path, *arguments: str, redirections: str = "", **env: str) -> Done:
    """Run a command of the suite in a folder."""
    run = partial(
        trio.run_process,
        ["sh", "-c", f'exec "$@" {redirections}', "sh", *MULTICHAT, "conformance", *arguments],
        capture_stdout=True,
        capture_stderr=True,
        check=False,
        cwd=folder,
        env=environment(NO_COLOR="1", **env),
    )
    done: subprocess.CompletedProcess[bytes] = await run()
    return Done(done.returncode, done.stdout.decode(), done.stderr.decode())


@pytest.fixture
def target(running: Running, tmp_path: Path) -> Path:
    return write_target_file(running.target, tmp_path / "mine.toml")


async def test_an_address_alone_is_enough_for_a_first_verdict(
    running: Running, tmp_path: Path
) -> None:
    """It says what it tested, what not, and how to get the rest; it does not say conformant."""
    url = running.target.url
    done = await conformance(tmp_path, "run", url, "--only", "handshake", "--only", CHECK)

    assert done.code == ExitCode.INCOMPLETE, done.out
    assert "add [[accounts]] to a target file (multichat conformance init" in words(done.out)
    assert "Traceback" not in done.err


async def test_accounts_and_rooms_by_options(running: Running, tmp_path: Path) -> None:
    who = ("--account", "alice", "--account", "bob", "--room", "1", "--room", "2")
    url = running.target.url
    done = await conformance(
        tmp_path, "run", url, *who, "--only", CHECK, "--json-lines", "-", **PASSWORDS
    )
    finished = next(event for event in map(json.loads, done.out.splitlines()) if "outcome" in event)

    assert finished["outcome"] == "pass", done.out
    assert finished["repeat"].split()[2:] == ["run", url, *who, "--only", CHECK]
    assert not any(word in done.out + done.err for word in PASSWORDS.values())


async def test_a_target_file(target: Path) -> None:
    done = await conformance(target.parent, "run", "--target", target.name, "--only", CHECK)

    assert done.code == ExitCode.INCOMPLETE
    assert "the run was narrowed" in words(done.out)


@pytest.mark.parametrize("name", ["target.toml", "multichat-target.toml"])
async def test_a_target_file_that_lies_here(target: Path, name: str) -> None:
    rename(target, name)
    done = await conformance(target.parent, "run", "--only", CHECK, "-q")

    assert done.code == ExitCode.INCOMPLETE
    assert done.err == f"using {name}, which lies in this folder\n"


async def test_every_report_is_written(target: Path) -> None:
    folder = target.parent
    files = (
        "--junit",
        "j.xml",
        "--html",
        "h.html",
        "--markdown",
        "m.md",
        "--json-lines",
        "e.jsonl",
    )
    badges = ("--badge", "b.svg")
    done = await conformance(
        folder, "run", "--target", "mine.toml", "--only", CHECK, *files, *badges
    )

    assert done.code == ExitCode.INCOMPLETE
    assert root(folder / "j.xml") == "testsuites"
    assert (folder / "h.html").read_text().startswith("<!doctype html>")
    assert CHECK.partition(".")[0] in (folder / "m.md").read_text()
    assert root(folder / "b.svg").endswith("svg")
    schema = json.loads((await conformance(folder, "schema", "events")).out)
    for line in (folder / "e.jsonl").read_text().splitlines():
        jsonschema.Draft202012Validator(schema).validate(json.loads(line))
    await conformance(folder, "run", "--target", "mine.toml", "--only", CHECK, "--badge", "b.json")
    assert json.loads((folder / "b.json").read_text())["schemaVersion"] == 1


async def test_a_report_on_stdout_leaves_it_to_programs(target: Path) -> None:
    done = await conformance(
        target.parent, "run", "--target", "mine.toml", "--only", CHECK, "--json-lines", "-"
    )

    assert [json.loads(line)["event"] for line in done.out.splitlines()][::4] == [
        "run_started",
        "run_finished",
    ]
    assert "the run was narrowed" in words(done.err)


async def test_a_failure_is_shown_with_all_that_one_needs(tmp_path: Path) -> None:
    """The clause, the frames, the likely cause, and the command that repeats just this."""
    async with small_server(FAULT.parts) as running:
        target = write_target_file(running.target, tmp_path / "t.toml")
        done = await conformance(tmp_path, "run", "--target", target.name, "--only", FAILING)

    assert done.code == ExitCode.NOT_CONFORMANT, done.out
    assert "MC1-JOIN-07" in done.out
    assert "3/3" in done.out
    assert f"multichat conformance run --target t.toml --only {FAILING}" in done.out
    assert f"multichat conformance explain {FAILING}" in done.out
    assert not any(word in done.out for word in PASSWORDS.values())


async def test_a_room_that_is_not_there(running: Running, target: Path) -> None:
    running.server.store.rooms.pop(1)
    done = await conformance(target.parent, "run", "--target", target.name, "--only", CHECK)

    assert done.code == ExitCode.INCOMPLETE
    assert "put [[rooms]] right" in words(done.out)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "which server? give its ws:// URL, or --target FILE"),
        (["http://127.0.0.1/"], "does not begin with ws:// or wss://"),
        (["ws://"], "names no host"),
        (["ws://x/", "--target", "x.toml"], "not both"),
        (["--account", "alice"], "go with a URL"),
        (["ws://x/", "--account", "a", "--staff", "a"], "the account a is given twice"),
        (["ws://x/", "--account", "alice"], "set MULTICHAT_PASSWORD_ALICE"),
        (["ws://x/", "--room", "01"], "'01' is no room's id"),
        (["--target", "missing.toml"], "cannot read the target file missing.toml"),
        (["ws://x/", "--only", "no-such-check"], "--only no-such-check fits no check"),
        (["ws://x/", "--update-deviations"], "--update-deviations needs a file"),
        (["ws://x/", "--deviations", "d.toml"], "there is no deviations file d.toml"),
        (["ws://x/", "--junit", "-", "--html", "-"], "only one report can go to stdout"),
        (["ws://x/", "--group", "brutal"], "brutal"),
        (["ws://x/", "--seed", "-1"], "--seed"),
        (["ws://x/", "-q", "-v"], "give --quiet or --verbose, not both"),
    ],
)
async def test_a_command_line_that_is_wrong(
    tmp_path: Path, arguments: list[str], said: str
) -> None:
    done = await conformance(tmp_path, "run", *arguments, redirections="</dev/null")

    assert done.code == ExitCode.USAGE
    assert said in words(done.err)
    assert done.out == ""


async def test_a_report_that_cannot_be_written(target: Path) -> None:
    run = ("run", "--target", "mine.toml", "--only", CHECK)
    nowhere = await conformance(target.parent, *run, "--junit", "no/such/folder.xml")
    full = await conformance(target.parent, *run, "--junit", "/dev/full")

    assert nowhere.code == ExitCode.HARNESS
    assert nowhere.err.startswith("multichat: cannot write no/such/folder.xml")
    # Neither is 1, which would say that the target is not conformant.
    assert full.code == ExitCode.HARNESS
    assert "multichat: cannot write /dev/full: No space left on device" in full.err


async def test_nobody_reads_the_output(target: Path) -> None:
    done = await conformance(
        target.parent, "run", "--target", "mine.toml", "--only", CHECK, redirections=">/dev/full"
    )

    assert done.code == ExitCode.HARNESS
    assert done.err == "multichat: cannot write the output: No space left on device\n"


async def test_nobody_is_there(tmp_path: Path) -> None:
    """It ends soon, is no verdict on anybody, and says what to do."""
    done = await conformance(tmp_path, "run", "ws://127.0.0.1:1/chat/stream/", "--only", CHECK)

    assert done.code == ExitCode.INCOMPLETE
    assert "start the target, or check the url" in words(done.out)


async def test_deviations_are_updated_and_then_expected(tmp_path: Path) -> None:
    """What failed is written down; the next run fails only for what is new."""
    async with small_server(FAULT.parts) as running:
        target = write_target_file(running.target, tmp_path / "t.toml")
        run = ("run", "--target", target.name, "--only", FAILING, "--deviations", "d.toml", "-q")
        first = await conformance(tmp_path, *run, "--update-deviations")
        second = await conformance(tmp_path, *run)
        third = await conformance(tmp_path, *run, "--update-deviations")

    assert first.code == ExitCode.NOT_CONFORMANT
    assert "d.toml is up to date: say why in each new entry" in first.err
    assert f'check = "{FAILING}"' in (tmp_path / "d.toml").read_text()
    assert second.code == ExitCode.INCOMPLETE, second.out
    assert "d.toml is as it was" in third.err


async def test_a_deviations_file_that_is_broken(target: Path) -> None:
    (target.parent / "d.toml").write_text("[[deviation]]\nchek = 1\n")
    done = await conformance(
        target.parent, "run", "--target", "mine.toml", "--deviations", "d.toml"
    )

    assert done.code == ExitCode.USAGE
    assert "d.toml" in done.err


IN_THE_BACKGROUND = (
    sys.executable,
    "-c",
    "import os; from signal import *; from sys import argv; "  # noqa: ISC004  # one program
    "signal(SIGINT, SIG_IGN); os.execv(argv[1], argv[1:])",
)
"""Starts a command as a script's ``command &`` does: it is to ignore the script's Ctrl-C."""


@pytest.mark.parametrize(
    ("number", "how"),
    [(signal.SIGINT, ()), (signal.SIGTERM, ()), (signal.SIGTERM, IN_THE_BACKGROUND)],
    ids=["sigint", "sigterm", "sigterm-in-the-background"],
)
async def test_an_interruption_shows_what_was_found(
    target: Path, number: signal.Signals, how: tuple[str, ...]
) -> None:
    """And the target that the suite has started ends with it."""
    async with trio.open_nursery() as nursery:
        command = [*MULTICHAT, "conformance", "run", "--target", str(target), "--json-lines", "-"]
        command = [*how, *command]
        start = partial(
            trio.run_process,
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            check=False,
            env=environment(),
        )
        process: trio.Process = await nursery.start(start)
        assert process.stdout is not None
        printed = b""
        async with process.stdout:
            while b"check_finished" not in printed:
                more = await process.stdout.receive_some()
                assert more, printed
                printed += more
            process.send_signal(number)
            async for more in process.stdout:
                printed += more
        ended = json.loads(printed.splitlines()[-1])
        assert await process.wait() == ExitCode.INTERRUPTED

    assert ended["event"] == "run_finished"
    assert ended["interrupted"] is True
    assert ended["exit_code"] == ExitCode.INTERRUPTED
