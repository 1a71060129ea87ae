"""On a real terminal (a pty): nothing asked twice, no prompt noise, Ctrl-D and Ctrl-C."""

import os
import pty
import re
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
import trio

from multichat_cli.exit_codes import ExitCode
from tests.cli.commands import MULTICHAT, environment
from tests.cli.rooms import ALICE, on, room, said
from tests.support.scripted import Peer, ScriptedServer, serve

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="there are no ptys")

CTRL_C, CTRL_D = b"\x03", b"\x04"


class Terminal:
    """A command on a terminal of its own, and the person before it."""

    def __init__(self, process: trio.Process, fd: int) -> None:
        self.process = process
        self.screen = b""
        self._fd = fd

    async def see(self, words: str) -> None:
        """Wait until the words are on the screen."""
        while words.encode() not in self.screen:
            await trio.lowlevel.wait_readable(self._fd)
            try:
                data = os.read(self._fd, 65536)
            except OSError:  # EIO: the other side has ended
                data = b""
            assert data, self.screen
            self.screen += data

    def type(self, keys: bytes) -> None:
        os.write(self._fd, keys)

    async def end(self) -> int:
        """Read until the command has ended; return its exit code."""
        while True:
            await trio.lowlevel.wait_readable(self._fd)
            try:
                data = os.read(self._fd, 65536)
            except OSError:
                break
            if not data:
                break
            self.screen += data
        return await self.process.wait()


@asynccontextmanager
async def terminal(*arguments: str, **variables: str) -> AsyncIterator[Terminal]:
    ours, theirs = pty.openpty()
    # A session of its own makes the pty its controlling terminal: that is where Ctrl-C and
    # /dev/tty come from.
    process = await trio.lowlevel.open_process(
        [sys.executable, "-c", LEADER, *MULTICHAT[1:], *arguments],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
        env=environment(TERM="xterm", COLUMNS="60", **variables),
    )
    os.close(theirs)
    try:
        yield Terminal(process, ours)
    finally:
        with trio.CancelScope(shield=True):
            if process.returncode is None:
                process.kill()
            await process.wait()
        os.close(ours)


LEADER = """
import fcntl, os, sys, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
os.execv(sys.executable, [sys.executable, *sys.argv[1:]])
"""


def joining(server: ScriptedServer) -> tuple[str, ...]:
    return ("join", "1", "--url", server.url)


async def test_a_conversation_at_the_keyboard() -> None:
    """What is typed shows once as typed and once as said; Ctrl-D leaves; an empty line is none."""
    sent: list[object] = []

    async def record(_: Peer, command: dict[str, object]) -> bool:
        sent.append(command.get("message", command["command"]))
        return False

    async with serve(room(record)) as server, terminal(*joining(server), **ALICE) as screen:
        await screen.see("Ctrl-D leaves.")
        screen.type(b"hello\n")
        await screen.see("alice: hello\r\n")
        screen.type(b"\n")
        screen.type(CTRL_D)
        code = await screen.end()

    assert code == 0
    assert sent == ["join", "hello", "leave"]
    lines = plain(screen.screen).splitlines()
    assert lines == [
        'alice is in room 1, "Lobby". A line and Enter says it;',
        "    Ctrl-D leaves.",
        "hello",
        "alice: hello",
        "",
        "* alice left",
    ]


async def test_ctrl_c_leaves_the_room() -> None:
    left = trio.Event()

    async def record(_: Peer, command: dict[str, object]) -> bool:
        if command["command"] == "leave":
            left.set()
        return False

    async with serve(room(record)) as server, terminal(*joining(server), **ALICE) as screen:
        await screen.see("Ctrl-D leaves.")
        screen.type(CTRL_C)
        await left.wait()
        assert await screen.end() == ExitCode.INTERRUPTED

    assert b"Traceback" not in screen.screen


async def test_the_password_is_asked_for_and_not_shown() -> None:
    async with (
        serve(room()) as server,
        terminal(*joining(server), MULTICHAT_USER="alice") as screen,
    ):
        await screen.see(f"Password of alice at {server.origin}: ")
        screen.type(b"wonderland\n")
        await screen.see("alice is in room 1")
        screen.type(CTRL_D)
        assert await screen.end() == 0

    assert b"wonderland" not in screen.screen


async def test_ctrl_c_at_the_password() -> None:
    async with (
        serve(room()) as server,
        terminal(*joining(server), MULTICHAT_USER="alice") as screen,
    ):
        await screen.see("Password of alice")
        screen.type(CTRL_C)
        assert await screen.end() == ExitCode.INTERRUPTED

    assert b"Traceback" not in screen.screen


async def test_colours_are_for_terminals_that_want_them() -> None:
    warning = on("join", {"join": "1", "title": "Lobby"}, said("run!", username="bob", msg_type=1))
    screens = []
    for variables in ({}, {"NO_COLOR": "1"}):
        async with (
            serve(room(warning)) as server,
            terminal(*joining(server), **ALICE, **variables) as screen,
        ):
            await screen.see("bob: run!")
            screen.type(CTRL_D)
            await screen.end()
            screens.append(screen.screen)

    assert b"\x1b[33m[warning] bob: run!\x1b[0m" in screens[0]
    assert b"\x1b[3" not in screens[1]


async def test_hostile_text_does_not_drive_the_terminal() -> None:
    nasty = "\x1b]0;owned\x07\x1b[2J\x9b31m\r\nalice: I quit\u202e"
    frames = ({"join": "1", "title": nasty}, said(nasty, username=nasty), {"error": "ROOM_INVALID"})
    async with (
        serve(room(on("join", *frames))) as server,
        terminal(*joining(server), **ALICE) as screen,
    ):
        await screen.see("I quit\\u202e")
        screen.type(CTRL_D)
        await screen.end()

    assert b"\x1b]" not in screen.screen
    assert b"\x1b[2J" not in screen.screen
    assert "\x9b".encode() not in screen.screen
    assert not any(line.startswith("alice: I quit") for line in plain(screen.screen).splitlines())


async def test_a_long_line_is_indented_where_it_wraps() -> None:
    text = "x" * 40 + " " * 15 + "alice: I owe you everything"
    shown = on("join", {"join": "1", "title": "Lobby"}, said(text, username="bob"))
    async with serve(room(shown)) as server, terminal(*joining(server), **ALICE) as screen:
        await screen.see("everything")
        screen.type(CTRL_D)
        await screen.end()

    lines = plain(screen.screen).splitlines()
    assert any(line.startswith("    ") and "I owe you" in line for line in lines)
    assert max(map(len, lines)) < 60


def plain(screen: bytes) -> str:
    """Return what is on the screen without colours and without the terminal's own echo of ^D."""
    text = screen.decode().replace("^D\b\b", "").replace("\r\n", "\n")
    return re.sub(r"\x1b\[[0-9;]*m", "", text)
