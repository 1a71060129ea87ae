"""Where it begins: the missing extra, and only that."""

import subprocess
import sys

import pytest

from multichat_cli import __main__
from tests.cli.commands import environment

BLOCK = """
import sys
class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {names!r}:
            raise ModuleNotFoundError("No module named " + repr(name), name=name)
sys.meta_path.insert(0, Absent())
sys.argv[1:] = {arguments!r}
from multichat_cli.__main__ import main
main()
"""


def run_without(*names: str, arguments: list[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", BLOCK.format(names=names, arguments=arguments)],
        capture_output=True,
        text=True,
        check=False,
        env=environment(),
    )


@pytest.mark.parametrize(
    ("name", "extra", "arguments"),
    [
        ("typer", "cli", ["--help"]),
        ("sqlalchemy", "cli,server", ["serve", "--demo"]),
        ("starlette", "cli,server", ["serve"]),
        ("sqlalchemy", "cli,server", ["admin", "user", "list"]),
    ],
)
def test_a_missing_extra_is_named(name: str, extra: str, arguments: list[str]) -> None:
    done = run_without(name, arguments=arguments)

    assert done.returncode == 1
    assert done.stderr == (
        f"multichat: this command needs {name}, which comes with an extra; "
        f"in a clone of multichat, install it with: pip install '.[{extra}]'\n"
    )


def test_chatting_needs_nothing_of_the_server() -> None:
    server = ("multichat_server", "sqlalchemy", "starlette", "alembic", "jinja2", "argon2")
    done = run_without(*server, arguments=["send", "1", "hi", "--url", "ws://127.0.0.1:1"])

    assert done.returncode == 6
    assert "Connection refused" in done.stderr


def test_a_mistake_of_ours_is_not_taken_for_a_missing_extra() -> None:
    """The base install brings websockets: without it something is broken, and shows."""
    done = run_without("websockets", arguments=["send", "1", "hi"])

    assert done.returncode == 1
    assert "Traceback" in done.stderr
    assert "extra" not in done.stderr


def test_the_extras_named_are_those_that_exist() -> None:
    from importlib.metadata import metadata

    extras = set(metadata("multichat").get_all("Provides-Extra") or ())

    for extra in __main__._EXTRA_OF.values():
        assert set(extra.split(",")) <= extras
