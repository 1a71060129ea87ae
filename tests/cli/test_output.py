"""On a terminal: colours if wanted, and no line that looks like another."""

import json
from importlib.resources import files

import jsonschema
import pytest
from rich.console import Console

from multichat_cli.exit_codes import CommandFailed, ExitCode
from multichat_cli.output import Output, folded


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
