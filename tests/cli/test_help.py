"""What ``--help`` says, compared with a file; what it costs; and what is in it."""

import subprocess
import sys
from pathlib import Path

import pytest

from multichat_cli.conformance import exit_codes as verdicts
from multichat_cli.exit_codes import MEANINGS, ExitCode, table
from multichat_conformance import outcomes
from tests.cli.commands import MULTICHAT, environment, multichat

HELP = Path(__file__).parent / "help"
COMMANDS = [
    "",
    "serve",
    "rooms",
    "join",
    "send",
    "admin",
    "admin user",
    "admin user add",
    "admin user list",
    "admin user change",
    "admin user delete",
    "admin room",
    "admin room add",
    "admin room list",
    "admin room change",
    "admin room delete",
    "admin import-django",
    "conformance",
    "conformance run",
    "conformance init",
    "conformance doctor",
    "conformance list",
    "conformance explain",
    "conformance coverage",
    "conformance replay",
    "conformance schema",
]

# All that takes long to import and that no command line needs before it runs.
HEAVY = {
    *("trio", "httpx2", "websockets", "sqlalchemy", "starlette", "alembic", "rich", "jinja2"),
    *("pytest", "jsonschema", "hypothesis", "trio_websocket"),
}


def file_of(command: str) -> Path:
    return HELP / f"{'-'.join(['multichat', *command.split()])}.txt"


@pytest.mark.parametrize("command", COMMANDS)
async def test_help_is_what_was_agreed(command: str) -> None:
    """When it is to change: python -m tests.cli.test_help writes the files anew."""
    done = await multichat(*command.split(), "--help")
    file = file_of(command)

    assert done.code == 0
    assert done.out == file.read_text(encoding="utf-8")
    assert done.err == ""


def test_no_help_file_is_left_over() -> None:
    assert set(HELP.iterdir()) == {file_of(command) for command in COMMANDS}


def test_the_exit_codes_are_stated_once_and_whole() -> None:
    assert set(MEANINGS) == set(ExitCode)
    for name in ("multichat", "multichat-rooms", "multichat-join", "multichat-send"):
        assert table() in (HELP / f"{name}.txt").read_text().replace("\n  ", "\n")


def test_the_exit_codes_of_a_verdict_are_stated_once_and_whole() -> None:
    assert set(verdicts.MEANINGS) == set(outcomes.ExitCode)
    for name in ("conformance", "conformance-run", "conformance-replay"):
        shown = (HELP / f"multichat-{name}.txt").read_text().replace("\n  ", "\n")
        assert verdicts.table() in shown


def test_help_imports_nothing_heavy() -> None:
    """The import budget, in the only form that no busy machine breaks."""
    code = "import sys, multichat_cli.app; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment()
    )

    assert not HEAVY & set(done.stdout.split())


async def test_version() -> None:
    done = await multichat("--version")

    assert done.out.startswith("multichat ")
    assert done.out.endswith(" (protocol v1)\n")


async def test_an_unknown_command_is_a_usage_error() -> None:
    done = await multichat("jion", "1")

    assert done.code == ExitCode.USAGE
    assert "join" in done.err  # did you mean …


if __name__ == "__main__":
    for each in COMMANDS:
        printed = subprocess.run(
            [*MULTICHAT, *each.split(), "--help"],
            stdout=subprocess.PIPE,
            check=True,
            env=environment(),
        )
        file_of(each).write_bytes(printed.stdout)
