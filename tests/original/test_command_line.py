"""``multichat join`` and ``multichat send`` talk to the original as to any other server."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from tests.original.target import OriginalServer

pytestmark = [pytest.mark.original, pytest.mark.timeout(300)]


class Command:
    """A running ``multichat join --json``."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process

    def types(self, line: str) -> None:
        """Type a line and Enter."""
        assert self.process.stdin is not None
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()

    def ends_input(self) -> None:
        """Type Ctrl-D: nothing more will be said."""
        assert self.process.stdin is not None
        self.process.stdin.close()

    def sees(self) -> dict[str, Any]:
        """Return the next thing that it prints."""
        assert self.process.stdout is not None
        event: dict[str, Any] = json.loads(self.process.stdout.readline())
        return event


def command_line(
    server: OriginalServer, command: str, *arguments: str, user: str | None
) -> list[str]:
    """Return the words of a command for the stand-in."""
    words = [sys.executable, "-m", "multichat_cli", command, *arguments, "--url", server.websocket]
    return words if user is None else [*words, "--user", user]


def environment(server: OriginalServer, user: str | None) -> dict[str, str]:
    """Return the environment that holds a user's password and little else."""
    return {} if user is None else {"MULTICHAT_PASSWORD": server.passwords[user]}


@contextmanager
def joined(server: OriginalServer, user: str, room: str) -> Iterator[Command]:
    """Run ``multichat join`` until the block ends."""
    with subprocess.Popen(
        command_line(server, "join", room, "--json", user=user),
        env=environment(server, user),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        encoding="utf-8",
    ) as process:
        try:
            yield Command(process)
        finally:
            process.kill()


def run(
    server: OriginalServer, command: str, *arguments: str, user: str | None
) -> subprocess.CompletedProcess[str]:
    """Run a command to its end."""
    return subprocess.run(
        command_line(server, command, *arguments, user=user),
        env=environment(server, user),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )


def test_two_people_talk(original_server: OriginalServer) -> None:
    """Each logs in by the original's form, joins, and sees what the other one does."""
    hello = {"room": "2", "username": "bob", "message": "hello", "msg_type": 0}
    hi = {"room": "2", "username": "alice", "message": "hi 😀", "msg_type": 0}

    with joined(original_server, "alice", "2") as alice:
        assert alice.sees() == {"event": "joined", "room": "2", "title": "room 2"}
        with joined(original_server, "bob", "2") as bob:
            assert bob.sees() == {"event": "joined", "room": "2", "title": "room 2"}
            assert alice.sees() == {"event": "enter", "room": "2", "username": "bob"}
            bob.types("hello")
            assert bob.sees() == {"event": "message", **hello}
            assert bob.sees() == {"event": "confirmed", "room": "2", "message": "hello"}
            assert alice.sees() == {"event": "message", **hello}
            alice.types("hi 😀")
            assert alice.sees() == {"event": "message", **hi}
            assert alice.sees() == {"event": "confirmed", "room": "2", "message": "hi 😀"}
            assert bob.sees() == {"event": "message", **hi}
            bob.ends_input()
            assert bob.process.wait(60) == 0
        assert alice.sees() == {"event": "leave", "room": "2", "username": "bob"}


def test_send_is_confirmed_and_heard(original_server: OriginalServer) -> None:
    """A message from a script, into a room where somebody listens."""
    with joined(original_server, "alice", "4") as alice:
        title = alice.sees()["title"]
        sent = run(original_server, "send", "4", "The build is green.", user="carol")
        seen = [alice.sees() for _ in range(3)]

    assert sent.returncode == 0, sent.stderr
    assert title == "<b>Тест</b> 😀"
    assert [event["event"] for event in seen] == ["enter", "message", "leave"]
    assert seen[1]["message"] == "The build is green."


@pytest.mark.parametrize("command", [("join", "3"), ("send", "3", "hi")])
def test_the_staff_room_is_refused_with_a_sentence(
    original_server: OriginalServer, command: tuple[str, ...]
) -> None:
    """The error frame names neither room nor reason; the person reads both."""
    refused = run(original_server, *command, user="alice")

    assert refused.returncode == 5
    assert refused.stdout == ""
    assert refused.stderr == "multichat: room 3 is for staff only; alice has no staff rights\n"


def test_staff_may_send_to_the_staff_room(original_server: OriginalServer) -> None:
    """The same command, another account."""
    sent = run(original_server, "send", "3", "hi", user="dave-staff")

    assert sent.returncode == 0, sent.stderr


def test_a_room_that_is_not_there_is_said(original_server: OriginalServer) -> None:
    """ROOM_INVALID, in words."""
    refused = run(original_server, "send", "99", "hi", user="alice")

    assert refused.returncode == 5
    assert refused.stderr == "multichat: there is no room 99\n"


def test_a_wrong_password_is_said(original_server: OriginalServer) -> None:
    """The original answers a failed login with status 200 and the form again."""
    words = command_line(original_server, "send", "2", "hi", user="alice")
    refused = subprocess.run(
        words, env={"MULTICHAT_PASSWORD": "wrong"}, capture_output=True, text=True, check=False
    )

    assert refused.returncode == 4
    assert "does not accept this user name and password" in refused.stderr


def test_without_a_login_a_room_is_refused(original_server: OriginalServer) -> None:
    """The original lets anybody connect, and answers USER_HAS_TO_LOGIN."""
    refused = run(original_server, "send", "2", "hi", user=None)

    assert refused.returncode == 5
    assert "log in with --user" in refused.stderr
