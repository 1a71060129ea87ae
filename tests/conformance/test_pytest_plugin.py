"""The suite from pytest: its own options, and those of pytest that people live by."""

import os
import subprocess
import sys
import xml.etree.ElementTree as ET
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
import trio

from multichat_conformance import pytest_plugin
from multichat_conformance.catalogue import catalogue
from multichat_conformance.explain import GROUPS
from multichat_conformance.running.options import Options, planned
from tests.conformance.small_server import small_server
from tests.conformance.target_file import write_target_file

JOINS = "open-room-is-joined or second-join-is-announced-to-nobody"


async def run_pytest(
    folder: Path, *arguments: str, ini: str = "[pytest]\n", temporary: Path | None = None
) -> subprocess.CompletedProcess[bytes]:
    """Run the checks in an empty folder, as somebody would who has only installed the suite."""
    (folder / "pytest.ini").write_text(ini, encoding="utf-8")
    return await trio.run_process(
        [sys.executable, "-m", "pytest", "--pyargs", "multichat_conformance", *arguments],
        cwd=folder,
        capture_stdout=True,
        capture_stderr=True,
        check=False,
        env={
            **{name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")},
            **({"TMPDIR": str(temporary)} if temporary else {}),
        },
    )


async def test_chosen_checks_pass_and_are_written_as_junit(tmp_path: Path) -> None:
    async with small_server() as running:
        target = str(write_target_file(running.target, tmp_path / "target.toml"))
        done = await run_pytest(
            tmp_path, "--multichat-target", target, "-k", JOINS, "--junitxml", "report.xml"
        )

    # Some were left out, so there is no verdict.
    assert done.returncode == 0, done.stdout.decode()
    assert b"2 passed" in done.stdout
    assert b"core: incomplete" in done.stdout
    names = [case.get("name") for case in ET.parse(tmp_path / "report.xml").iter("testcase")]  # noqa: S314  # our own file
    assert sorted(names) == ["open-room-is-joined", "second-join-is-announced-to-nobody"]  # type: ignore[type-var]


async def test_a_clause_is_a_keyword_and_a_profile_a_marker(tmp_path: Path) -> None:
    async with small_server() as running:
        target = str(write_target_file(running.target, tmp_path / "target.toml"))
        collect = partial(
            run_pytest, tmp_path, "--multichat-target", target, "--collect-only", "-q"
        )
        by_clause = await collect("-k", "MC1-JOIN-07")
        core = await collect("-m", "core", "-k", JOINS)

    assert b"second-join-is-announced-to-nobody" in by_clause.stdout
    assert b"open-room-is-joined" not in by_clause.stdout
    assert b"open-room-is-joined" in core.stdout
    assert b"second-join-is-announced-to-nobody" not in core.stdout


async def test_a_failure_shows_its_card_and_x_stops_there(tmp_path: Path) -> None:
    """The server announces nothing and is said to: the second join fails, and the rest waits."""
    async with small_server(announces=False) as running:
        described = write_target_file(running.target, tmp_path / "target.toml")
        text = described.read_text(encoding="utf-8")
        described.write_text(
            text.replace("announces = false", "announces = true"), encoding="utf-8"
        )
        done = await run_pytest(
            tmp_path,
            *("--multichat-target", str(described), "--multichat-patience", "0.3"),
            *("-x", "-k", "second-join-is-announced-to-nobody"),
        )

    output = done.stdout.decode()
    assert done.returncode == 1, output
    assert "MC1-JOIN-07" in output
    assert "--only join.second-join-is-announced-to-nobody" in output
    assert "3/3" in output
    assert "1 failed" in output


async def test_several_processes_share_one_server_without_harm(tmp_path: Path) -> None:
    async with small_server() as running:
        target = str(write_target_file(running.target, tmp_path / "target.toml"))
        done = await run_pytest(
            tmp_path,
            "--multichat-target",
            target,
            "-n",
            "2",
            "-k",
            "join or leave or rooms",
            "-m",
            "core",
        )

    # Nothing failed, and the run was narrowed.
    assert done.returncode == 0, done.stdout.decode()
    assert b" passed" in done.stdout
    assert b"Nothing failed in " in done.stdout
    assert b"(pytest selected " in done.stdout


async def test_another_users_lock_is_not_in_the_way(tmp_path: Path) -> None:
    """The lock lies in a folder that all users share, and each has their own."""
    async with small_server() as running:
        target = str(write_target_file(running.target, tmp_path / "target.toml"))
        await run_pytest(tmp_path, "--multichat-target", target, "-k", JOINS, temporary=tmp_path)
        name, mode = lock_in(tmp_path)
        # What somebody has put in its place is not followed, and is said.
        (tmp_path / name).unlink()
        (tmp_path / name).symlink_to("elsewhere")
        done = await run_pytest(
            tmp_path, "--multichat-target", target, "-k", JOINS, temporary=tmp_path
        )

    assert f"-{os.getuid()}-" in name
    assert mode == 0o600
    assert not (tmp_path / "elsewhere").exists()
    assert done.returncode == 4
    assert b"cannot be locked" in done.stdout


def lock_in(folder: Path) -> tuple[str, int]:
    """Return the name and the mode of the lock in a folder."""
    (lock,) = folder.glob("multichat-*.lock")
    return lock.name, lock.stat().st_mode & 0o777


async def test_trio_mode_of_the_user_does_no_harm(tmp_path: Path) -> None:
    async with small_server() as running:
        target = str(write_target_file(running.target, tmp_path / "target.toml"))
        done = await run_pytest(
            tmp_path,
            *("--multichat-target", target, "-k", JOINS),
            ini="[pytest]\ntrio_mode = true\n",
        )

    assert done.returncode == 0, done.stdout.decode()
    assert b"2 passed" in done.stdout


async def test_without_a_target_it_says_what_to_add(tmp_path: Path) -> None:
    done = await run_pytest(tmp_path)

    assert done.returncode == 4
    assert b"add --multichat-target FILE" in done.stderr


async def test_a_wrong_target_file_is_a_usage_error(tmp_path: Path) -> None:
    (tmp_path / "target.toml").write_text("url = 1\n", encoding="utf-8")

    done = await run_pytest(tmp_path, "--multichat-target", "target.toml")

    assert done.returncode == 4
    assert b"target.toml: url:" in done.stderr


@pytest.mark.parametrize(
    ("asked", "options"),
    [
        (("--multichat-level", "core"), Options(level="core")),
        (("--multichat-profile", "none"), Options(depth="none")),
        ((), Options()),
    ],
)
async def test_what_is_not_asked_for_is_not_played(
    tmp_path: Path, asked: tuple[str, ...], options: Options
) -> None:
    url = "ws://127.0.0.1:1/chat/stream/"
    done = await run_pytest(tmp_path, "--multichat-target", url, "--collect-only", "-q", *asked)

    listed = [line for line in done.stdout.decode().splitlines() if "::" in line]
    assert len(listed) == len(planned(catalogue(), options))


@pytest.mark.parametrize("processes", [(), ("-n", "2")])
async def test_a_skip_is_no_pass(tmp_path: Path, processes: tuple[str, ...]) -> None:
    """A check needs carol, whom the target file lacks."""
    async with small_server() as running:
        two = replace(running.target, accounts=running.target.accounts[:2])
        target = str(write_target_file(two, tmp_path / "target.toml"))
        done = await run_pytest(
            tmp_path,
            *("--multichat-target", target, *processes),
            *("-k", f"{JOINS} or every-member-gets-it-once"),
        )

    assert done.returncode == 3, done.stdout.decode()
    assert b"1 skipped" in done.stdout


@pytest.mark.parametrize("processes", [(), ("-n", "2")])
@pytest.mark.parametrize(
    ("more", "said"), [("", b"is stale"), ("expires = 2020-01-01", b"expired on 2020-01-01")]
)
async def test_a_deviations_file_that_is_not_right_is_red(
    tmp_path: Path, processes: tuple[str, ...], more: str, said: bytes
) -> None:
    (tmp_path / "deviations.toml").write_text(
        '[[deviation]]\ncheck = "join.open-room-is-joined"\nreason = "It was so."\n' + more,
        encoding="utf-8",
    )
    async with small_server() as running:
        target = write_target_file(running.target, tmp_path / "target.toml")
        text = target.read_text(encoding="utf-8")
        target.write_text('deviations = "deviations.toml"\n' + text, encoding="utf-8")
        done = await run_pytest(
            tmp_path, "--multichat-target", str(target), *processes, "-k", JOINS
        )

    assert done.returncode == 1, done.stdout.decode()
    assert said in done.stdout


@pytest.mark.parametrize("processes", [(), ("-n", "2")])
async def test_an_unreachable_target_ends_the_run_at_once(
    tmp_path: Path, processes: tuple[str, ...]
) -> None:
    url = "ws://127.0.0.1:1/chat/stream/"
    done = await run_pytest(tmp_path, "--multichat-target", url, *processes)

    assert done.returncode == 3
    assert b"INTERNALERROR" not in done.stdout
    assert b"takes no connection" in done.stdout


async def test_other_peoples_tests_are_left_alone(tmp_path: Path) -> None:
    """The plugin is loaded in every run of the environment; it must not be noticed."""
    (tmp_path / "test_mine.py").write_text("def test_mine(): pass\n", encoding="utf-8")
    done = await trio.run_process(
        [sys.executable, "-m", "pytest", "-W", "error"],
        cwd=tmp_path,
        capture_stdout=True,
        check=False,
    )

    assert done.returncode == 0, done.stdout.decode()
    assert b"1 passed" in done.stdout
    assert b"conformance:" not in done.stdout


@pytest.mark.parametrize("processes", [(), ("-n", "2")], ids=["alone", "xdist"])
async def test_without_a_target_it_says_what_is_missing(
    tmp_path: Path, processes: tuple[str, ...]
) -> None:
    done = await run_pytest(tmp_path, *processes)

    assert done.returncode == pytest.ExitCode.USAGE_ERROR
    said = done.stdout.decode() + done.stderr.decode()
    assert "the checks need a target: add --multichat-target FILE" in said
    assert "Traceback" not in said
    assert "INTERNALERROR" not in said


def test_the_markers_of_groups_say_what_the_suite_says_of_them() -> None:
    assert {group.value: about for group, about in GROUPS.items()} == pytest_plugin._GROUPS
