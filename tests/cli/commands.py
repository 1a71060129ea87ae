"""Run the real command line in a process of its own, and look at what it did."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from importlib.resources import files
from typing import Any

import jsonschema
import trio

MULTICHAT = [sys.executable, "-m", "multichat_cli"]
LINES = jsonschema.Draft202012Validator(
    json.loads(files("multichat_cli").joinpath("lines.schema.json").read_text())
)


@dataclass
class Done:
    """What a command left behind."""

    code: int
    out: str
    err: str

    @property
    def events(self) -> list[dict[str, Any]]:
        """The lines of ``--json``, each checked against the published schema."""
        events = [json.loads(line) for line in self.out.splitlines()]
        for event in events:
            LINES.validate(event)
        return events


def environment(**variables: str) -> dict[str, str]:
    """Return this process's environment without what would change the command."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("MULTICHAT_") and name not in ("NO_COLOR", "FORCE_COLOR")
    }
    return {**kept, "PYTHONUTF8": "1", **variables}


async def multichat(
    *arguments: str,
    stdin: bytes = b"",
    env: Mapping[str, str] | None = None,
    redirections: str = "",
) -> Done:
    """Run a command to its end; redirections are those of a shell, such as ``>/dev/full``."""
    run = partial(
        trio.run_process,
        ["sh", "-c", f'exec "$@" {redirections}', "sh", *MULTICHAT, *arguments],
        stdin=stdin,
        capture_stdout=True,
        capture_stderr=True,
        check=False,
        env=environment(**(env or {})),
    )
    done: subprocess.CompletedProcess[bytes] = await run()
    return Done(done.returncode, done.stdout.decode(), done.stderr.decode())
