"""Run a command inside the test's own Trio loop: no process, no second to wait."""

import tempfile
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Protocol

import pytest

from multichat_cli import running, talking
from multichat_cli.app import app
from multichat_cli.exit_codes import ExitCode
from multichat_cli.lines_of_input import LinesOfInput
from multichat_cli.output import Output
from multichat_cli.running import Interruption
from tests.cli.commands import Done

Command = Callable[[Interruption], Awaitable[ExitCode]]


class Inside(Protocol):
    """Like :func:`tests.cli.commands.multichat`, without a process."""

    async def __call__(
        self, *arguments: str, stdin: bytes = b"", env: Mapping[str, str] | None = None
    ) -> Done: ...


@pytest.fixture
def inside(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Inside:
    """Return what parses a command line and runs the command where the test runs."""

    async def command(
        *arguments: str, stdin: bytes = b"", env: Mapping[str, str] | None = None
    ) -> Done:
        with monkeypatch.context() as patch, tempfile.TemporaryFile() as file:
            file.write(stdin)
            file.seek(0)
            started: list[tuple[Output, Command]] = []
            patch.setattr(
                running, "run", lambda *output_and_command: started.append(output_and_command)
            )
            patch.setattr(talking, "LinesOfInput", partial(LinesOfInput, file.fileno()))
            for name in ("URL", "USER", "PASSWORD"):
                patch.delenv(f"MULTICHAT_{name}", raising=False)
            for name, value in (env or {}).items():
                patch.setenv(name, value)
            capsys.readouterr()
            code = app(list(arguments), standalone_mode=False)
            for output, each in started:
                code = await running.outcome(output, each, Interruption())
            printed = capsys.readouterr()
            return Done(int(code or 0), printed.out, printed.err)

    return command
