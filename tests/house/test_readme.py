"""What the README and the pages show can be typed."""

from __future__ import annotations

import json
import os
import re
import shlex
import signal
import subprocess
import sys
import tomllib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from typer.testing import CliRunner, Result

from multichat_cli.app import app
from multichat_conformance.catalogue import find
from multichat_conformance.deviations import load_deviations
from multichat_conformance.target.file import load_target
from multichat_server.config import load_settings
from tests.house.generate_docs import PART, pages
from tests.house.repository import ROOT, project
from tests.house.test_makefile import targets

PAGES = [ROOT / "README.md", *pages()]
ADDRESS = "127.0.0.1:8000"

PLUGIN_OPTIONS = ("target", "level", "profile", "group", "seed", "patience")

WITHOUT_COLOURS = {"COLUMNS": "80", "NO_COLOR": "1", "TERM": "dumb"}

# What a page may show, and the option that makes the command look at its line and stop.
LOOK_ONLY = "--help"


def blocks(page: Path, language: str) -> list[str]:
    """Return the code blocks of a page that a person wrote."""
    text = PART.sub("", page.read_text())
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def commands() -> list[tuple[str, str]]:
    """Return (page, command line) for each line after a prompt."""
    return [
        (page.name, line.removeprefix("$ "))
        for page in PAGES
        for block in blocks(page, "console")
        for line in block.splitlines()
        if line.startswith("$ ")
    ]


@pytest.mark.parametrize(("page", "line"), commands(), ids=[" ".join(row) for row in commands()])
def test_a_command_can_be_typed(page: str, line: str) -> None:
    """The target exists, the package has the extras, multichat knows the options."""
    words = [word for word in shlex.split(line) if not re.match(r"[A-Z_]+=", word)]
    match words:
        case ["make", target]:
            assert target in targets()
        case ["pip", "install", requirement]:
            # A clone, in this folder or below it; pip takes a folder where a name may stand.
            assert re.match(r"[.](/multichat)?\[", requirement)
            wanted = Requirement(re.sub(r"^[.](/multichat)?", "multichat", requirement))
            assert wanted.name == project()["project"]["name"]
            assert wanted.extras <= set(project()["project"]["optional-dependencies"])
        case ["pytest", "--pyargs", "multichat_conformance", *arguments]:
            options = {word for word in arguments if word.startswith("--multichat")}
            assert options <= {f"--multichat-{name}" for name in PLUGIN_OPTIONS}
        case ["multichat", *arguments]:
            done = multichat(*arguments, LOOK_ONLY)
            assert done.exit_code == 0, done.output
            assert "Usage" in done.output
        case ["export" | "curl", *_]:
            # Run, and their output compared, by tests/server/api/test_docs.py.
            assert page == "api.md"
        case _:
            pytest.fail(f"{page} shows a command that no test knows: {line}")


def test_an_option_that_does_not_exist_is_seen() -> None:
    """``--help`` alone would hide a wrong option that stands after it."""
    assert multichat("serve", "--no-such-option", LOOK_ONLY).exit_code == 2


def toml_blocks() -> list[str]:
    return [block for page in PAGES for block in blocks(page, "toml")]


def test_each_toml_block_can_be_read(tmp_path: Path) -> None:
    """It is a target file, a deviations file, or settings of the server."""
    read = Counter[str]()
    for number, block in enumerate(toml_blocks()):
        file = tmp_path / f"{number}.toml"
        file.write_text(block)
        document = tomllib.loads(block)
        if "url" in document:
            read["target"] += 1
            assert load_target(file).url == document["url"]
        elif "deviation" in document:
            read["deviations"] += 1
            for check in load_deviations(file).entries:
                assert find(check) is not None
        else:
            read["settings"] += 1
            settings = load_settings(file=file, environ={}, flags={})
            for name, value in document.items():
                assert getattr(settings, name) == (
                    tuple(value) if isinstance(value, list) else value
                )

    assert set(read) == {"target", "deviations", "settings"}


def jobs() -> list[str]:
    """Return the commands of the CI jobs that a page shows."""
    return [
        line.partition("multichat ")[2]
        for page in PAGES
        for block in blocks(page, "yaml")
        for line in block.splitlines()
        if re.match(r"\s*- (run: )?multichat ", line)
    ]


def test_the_commands_of_ci_jobs_can_be_typed() -> None:
    assert len(jobs()) >= 3
    for line in jobs():
        assert multichat(*shlex.split(line), LOOK_ONLY).exit_code == 0


def multichat(*arguments: str) -> Result:
    """Give the command line its arguments."""
    return CliRunner().invoke(app, arguments, prog_name="multichat", env=WITHOUT_COLOURS)


def environ() -> dict[str, str]:
    """Return variables without anybody's settings."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith("MULTICHAT_")}
    return {**kept, **WITHOUT_COLOURS}


@pytest.fixture(scope="module")
def server() -> Iterator[list[dict[str, Any]]]:
    """What the README starts, on a free port: what it says of itself."""
    command = [sys.executable, "-m", "multichat_cli", "serve", "--demo", "--port", "0", "--json"]
    with subprocess.Popen(command, env=environ(), stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            events = [json.loads(process.stdout.readline())]
            while events[-1]["event"] != "listening":
                events.append(json.loads(process.stdout.readline()))
            yield events
        finally:
            process.send_signal(signal.SIGTERM)
            process.stdout.read()


def test_the_client_in_the_readme_runs(server: list[dict[str, Any]]) -> None:
    """It logs in, joins and hears itself, and prints what the text beside it shows."""
    source, _ = blocks(ROOT / "README.md", "python")
    (shown,) = blocks(ROOT / "README.md", "text")
    assert ADDRESS in source
    (password,) = (event["password"] for event in server if event.get("username") == "alice")
    address = server[-1]["url"].partition("://")[2].rstrip("/")

    done = subprocess.run(
        [sys.executable, "-c", source.replace(ADDRESS, address)],
        env={**environ(), "MULTICHAT_PASSWORD": password},
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == shown
