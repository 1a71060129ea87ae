"""The guide to one's own server, followed from an empty folder."""

import re
import shlex
from pathlib import Path

import pytest

from multichat_conformance.outcomes import ExitCode
from multichat_conformance.target.file import load_target
from tests.cli.commands import Done
from tests.cli.test_conformance_run import conformance
from tests.conformance.small_server import Running, small_server
from tests.conformance.small_server.store import ACCOUNTS
from tests.house.repository import ROOT
from tests.house.test_readme import blocks

GUIDE = ROOT / "docs/conformance-own-server.md"
ADDRESS = "127.0.0.1:8000"
PASSWORDS = {f"MULTICHAT_PASSWORD_{name.upper()}": word for name, word, _ in ACCOUNTS}


def commands() -> list[list[str]]:
    """Return the guide's commands, in its order."""
    lines = [line for block in blocks(GUIDE, "console") for line in block.splitlines()]
    return [shlex.split(line.removeprefix("$ multichat conformance ")) for line in lines]


def names(folder: Path) -> list[str]:
    return [file.name for file in folder.iterdir()]


async def follow(command: list[str], running: Running, folder: Path) -> Done:
    words = [word.replace(ADDRESS, running.server.address) for word in command]
    if words[0] == "run":
        # The guide judges all of it; what is tried here is that the commands lead there.
        words += ["--only", "handshake", "--only", "join"]
    return await conformance(folder, *words, **PASSWORDS)


@pytest.mark.slow
async def test_the_guide_leads_from_an_empty_folder_to_a_verdict(tmp_path: Path) -> None:
    first, init, doctor, run = commands()
    async with small_server() as running:
        verdict = await follow(first, running, tmp_path)
        assert verdict.code == ExitCode.INCOMPLETE, verdict.out
        assert "add [[accounts]]" in verdict.out
        assert (await follow(init, running, tmp_path)).code == 0
        assert names(tmp_path) == ["my-server.toml"]
        examined = await follow(doctor, running, tmp_path)
        assert examined.code == 0, examined.out
        judged = await follow(run, running, tmp_path)

    assert judged.code == ExitCode.INCOMPLETE, judged.out
    assert "Nothing failed in " in judged.out
    assert re.search(r"^core .*: \d+ passed", judged.out, re.MULTILINE)


def test_the_guide_shows_only_hooks_that_there_are(tmp_path: Path) -> None:
    shown: set[str] = set()
    for number, block in enumerate(blocks(GUIDE, "toml")):
        file = tmp_path / f"{number}.toml"
        file.write_text(block)
        shown |= load_target(file).hooks.names

    assert shown == {"make_staff_room", "make_open_room", "announce"}
