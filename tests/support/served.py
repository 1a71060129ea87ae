"""`multichat serve` in a process of its own, and `multichat admin` beside it."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from tests.cli.commands import MULTICHAT, environment
from tests.targets.target import RunningTarget

__all__ = ["admin", "served"]


@contextmanager
def served(
    database_url: str, *settings: str, passwords: Mapping[str, str] | None = None
) -> Iterator[RunningTarget]:
    """
    Serve a database until the block ends.

    Args:
        database_url: Which.
        *settings: More arguments of the command.
        passwords: Of those who are to log in, by name.

    """
    command = [*MULTICHAT, "serve", "--port", "0", "--json", "--database-url", database_url]
    with subprocess.Popen(
        [*command, *settings], stdout=subprocess.PIPE, text=True, env=environment()
    ) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        try:
            listening = json.loads(line)
            accounts = [
                {"username": name, "password": word} for name, word in (passwords or {}).items()
            ]
            ready = {"websocket": listening["stream_url"], "accounts": accounts}
            yield RunningTarget("served", {**listening, **ready}, process)
        finally:
            process.terminate()
            process.stdout.read()
        assert process.wait() == 0


def admin(
    database_url: str, *arguments: str, status: int = 0, password: str | None = None
) -> list[dict[str, object]]:
    """Run `multichat admin` on a database and return what it prints."""
    variables = {} if password is None else {"MULTICHAT_PASSWORD": password}
    done = subprocess.run(
        [*MULTICHAT, "admin", *arguments, "--json", "--database-url", database_url],
        stdout=subprocess.PIPE,
        text=True,
        env=environment(**variables),
        check=False,
    )
    assert done.returncode == status, (done.returncode, done.stdout)
    return [json.loads(line) for line in done.stdout.splitlines()]
