"""On a terminal: colours if wanted, and no line that looks like another."""

import errno
import json
import os
import sys
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path

import jsonschema
import pytest
from rich.console import Console

from multichat_cli.exit_codes import CommandFailed, ExitCode
from multichat_cli.output import Output, folded
from multichat_server.storage import Store
from tests.cli.commands import multichat
from tests.cli.rooms import ALICE, room
from tests.support.scripted import serve

needs_full = pytest.mark.skipif(
    not Path("/dev/full").exists(), reason="there is no device that is always full"
)


def test_the_schema_of_the_lines_is_valid() -> None:
    schema = json.loads(files("multichat_cli").joinpath("lines.schema.json").read_text())

    jsonschema.Draft202012Validator.check_schema(schema)


@pytest.mark.parametrize("width", [12, 20, 21, 30, 40, 80])
@pytest.mark.parametrize(
    "text",
    [
        "mallory: " + "x" * 11 + " " * 20 + "alice: I owe mallory 100",
        "mallory: " + "你好" * 30,
        "mallory: " + "👩🏽\u200d💻" * 30,
        "mallory: " + " ".join(["word"] * 40),
    ],
)
def test_what_wraps_is_indented(text: str, width: int) -> None:
    """Text that is made to wrap cannot look like a line of somebody else."""
    console = Console(width=width, force_terminal=True)

    first, *rest = folded(text, "", console).plain.split("\n")

    assert first.startswith("mallory"[: width - 5])
    assert all(line.startswith("    ") for line in rest)
    assert "".join(line.replace(" ", "") for line in (first, *rest)) == text.replace(" ", "")


def test_a_closed_output_fails_in_words(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    class Closed:
        def write(self, _: str) -> None:
            raise BrokenPipeError

        def fileno(self) -> int:
            return 1

        def isatty(self) -> bool:
            return False

    output = Output(as_json=True)
    monkeypatch.setattr("sys.stdout", Closed())

    with pytest.raises(CommandFailed, match="nobody reads the output any more") as caught:
        output.show({"event": "stopped"})

    assert caught.value.code is ExitCode.ERROR
    assert capfd.readouterr().out == ""


class Full:
    """A stream on a disk without space, in place of file descriptor 1."""

    def write(self, _: str) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def fileno(self) -> int:
        return 1

    def isatty(self) -> bool:
        return False


def show(output: Output) -> None:
    output.show({"event": "room", "id": 1, "title": "Lobby", "staff_only": False})


def data(output: Output) -> None:
    output.data("Try in another terminal:")


@pytest.mark.parametrize("say", [show, data])
@pytest.mark.parametrize(
    ("stream", "sentence"),
    [
        (Full(), "cannot write the output: No space left on device"),
        (None, "cannot write the output: it is closed"),
    ],
)
@pytest.mark.usefixtures("capfd")
def test_an_output_that_takes_nothing(
    monkeypatch: pytest.MonkeyPatch, say: Callable[[Output], None], stream: object, sentence: str
) -> None:
    """Python has no stdout at all where a command is started with it closed."""
    monkeypatch.setattr("sys.stdout", stream)

    with pytest.raises(CommandFailed, match=f"^{sentence}$") as caught:
        say(Output(as_json=False))

    assert caught.value.code is ExitCode.ERROR


@pytest.mark.parametrize("stream", [Full(), None])
@pytest.mark.usefixtures("capfd")
def test_nobody_to_talk_to_is_no_failure(monkeypatch: pytest.MonkeyPatch, stream: object) -> None:
    monkeypatch.setattr("sys.stderr", stream)

    Output(as_json=False).talk("stopped")

    assert sys.stderr is stream


@pytest.mark.parametrize(
    ("redirections", "code", "err"),
    [
        pytest.param(
            ">/dev/full",
            1,
            "multichat: cannot write the output: No space left on device\n",
            marks=needs_full,
        ),
        (">&-", 1, "multichat: cannot write the output: it is closed\n"),
        pytest.param("2>/dev/full", 0, "", marks=needs_full),
        ("2>&-", 0, ""),
    ],
)
@pytest.mark.parametrize("command", ["join", "admin"])
async def test_a_command_whose_streams_are_full_or_closed(
    tmp_path: Path, command: str, redirections: str, code: int, err: str
) -> None:
    """One sentence and the code of the table; no traceback, and none of Python's at exit."""
    url = f"sqlite:///{tmp_path / 'chat.sqlite3'}"
    async with Store.open(url) as store:
        await store.add_room("Lobby")
    async with serve(room()) as server:
        arguments = {
            "join": ("join", "1", "--url", server.url),
            "admin": ("admin", "room", "list", "--database-url", url),
        }[command]
        done = await multichat(*arguments, stdin=b"hi\n", env=ALICE, redirections=redirections)

    assert done.code == code
    assert done.err.removeprefix('alice is in room 1, "Lobby".\n') == err
