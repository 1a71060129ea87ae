"""Each example runs as its first lines say, against the reference server."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager
from pathlib import Path

import pytest

from multichat_proto import Cookies, MemberEntered, MemberLeft, RoomMessage
from multichat_proto.sync import Chat, connect
from tests.house.repository import ROOT
from tests.targets.running import run_target
from tests.targets.target import TARGETS, RunningTarget

EXAMPLES = ROOT / "examples/sdk"
PATIENCE = 30.0

Run = Callable[..., AbstractContextManager[subprocess.Popen[str]]]

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def target() -> Iterator[RunningTarget]:
    with run_target(TARGETS / "reference" / "run.py", "--default-limits") as (ready, process):
        yield RunningTarget("reference", ready, process)


@pytest.fixture
def bob(target: RunningTarget) -> Iterator[Chat]:
    """Somebody who is there."""
    cookies = Cookies({"sessionid": target.log_in("bob")}, "bob")
    with connect(target.websocket, credentials=cookies) as chat:
        yield chat


@pytest.fixture
def run(target: RunningTarget) -> Run:
    """Run an example as alice; its address is filled in."""

    @contextmanager
    def running(name: str, *arguments: str) -> Iterator[subprocess.Popen[str]]:
        words = [target.websocket if word == "URL" else word for word in arguments]
        environment = {
            **os.environ,
            "MULTICHAT_URL": target.websocket,
            "MULTICHAT_USER": "alice",
            "MULTICHAT_PASSWORD": target.passwords["alice"],
        }
        with ExitStack() as stack:
            process = stack.enter_context(
                subprocess.Popen(
                    [sys.executable, "-u", str(EXAMPLES / name), *words],
                    env=environment,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.PIPE,
                    text=True,
                    encoding="utf-8",
                )
            )
            stack.callback(process.kill)
            yield process

    return running


class Place:
    """
    A room of one test, as bob sees it; nothing that comes is missed.

    Args:
        target: The server.
        bob: Who looks.
        title: The room's title.

    """

    def __init__(self, target: RunningTarget, bob: Chat, title: str) -> None:
        self.id = str(target.pull("create_room", title=title)["room"])
        self.room = bob.join(self.id, timeout=PATIENCE)
        self._events = iter(self.room)

    def sees(self, kind: type[MemberEntered | MemberLeft], username: str) -> None:
        self._events.wait_for(
            lambda event: isinstance(event, kind) and event.username == username, timeout=PATIENCE
        )

    def hears(self) -> tuple[str, str]:
        """Return what somebody else says next."""
        while True:
            event = self._events.wait_for(RoomMessage, timeout=PATIENCE)
            if not event.is_own:
                return event.username, event.text

    def say(self, text: str) -> None:
        self.room.send(text, timeout=PATIENCE)


def end(process: subprocess.Popen[str], *, stop: bool = True) -> str:
    """End an example as Ctrl-C does, or wait for its end; return what it has printed."""
    if stop:
        process.send_signal(signal.SIGINT)
    shown, complaints = process.communicate(timeout=PATIENCE)
    assert (process.returncode, complaints) == (0, "")
    return shown


def test_echo(target: RunningTarget, bob: Chat, run: Run) -> None:
    lobby = Place(target, bob, "Lobby")
    with run("echo.py", "URL", lobby.id) as process:
        lobby.sees(MemberEntered, "alice")
        lobby.say("hello?")
        assert lobby.hears() == ("alice", "hello?")
        end(process)
    lobby.sees(MemberLeft, "alice")


def test_moderator(target: RunningTarget, bob: Chat, run: Run) -> None:
    lobby = Place(target, bob, "Lobby")
    with run("moderator.py", "URL", lobby.id) as process:
        lobby.sees(MemberEntered, "alice")
        lobby.say("what the heck")
        assert lobby.hears() == (
            "alice",
            "bob: mind your words, please (2 more and I call the staff).",
        )
        end(process)


def test_bridge(target: RunningTarget, bob: Chat, run: Run) -> None:
    """Both ways, and what it says itself is not carried back."""
    here, there = Place(target, bob, "Here"), Place(target, bob, "There")
    with run("bridge.py", "URL", here.id, "URL", there.id) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "Here and There hear each other\n"
        here.say("one")
        assert there.hears() == ("alice", "<bob> one")
        there.say("two")
        assert here.hears() == ("alice", "<bob> two")
        end(process)


def test_log_to_sqlite(target: RunningTarget, bob: Chat, run: Run, tmp_path: Path) -> None:
    lobby, path = Place(target, bob, "Lobby"), tmp_path / "chat.sqlite"
    with run("log_to_sqlite.py", "URL", str(path), lobby.id) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "logging Lobby\n"
        lobby.say("for the record")
        lobby.sees(MemberEntered, "alice")
        with closing(sqlite3.connect(path)) as file:
            select = "SELECT room, username, kind, text FROM messages"
            while not (rows := file.execute(select).fetchall()):
                assert process.poll() is None
        end(process)

    assert rows == [(lobby.id, "bob", "MESSAGE", "for the record")]


def test_load(target: RunningTarget, bob: Chat, run: Run) -> None:
    """Everybody hears everybody."""
    lobby = Place(target, bob, "Lobby")
    with run("load.py", "URL", lobby.id) as process:
        shown = end(process, stop=False)

    assert shown.startswith("200 clients, 40000 messages heard\n")


def test_ten_lines(target: RunningTarget, bob: Chat, run: Run) -> None:
    lobby = Place(target, bob, "Lobby")
    with run("ten_lines.py", "URL", lobby.id, "Who is there?") as process:
        assert lobby.hears() == ("alice", "Who is there?")
        lobby.say("bob")
        assert end(process, stop=False) == "bob\n"


def test_notebook(bob: Chat, run: Run) -> None:
    """It prints what its cells show; the demo's room 1 is the one it looks at."""
    bob.join(1, timeout=PATIENCE)
    with run("notebook.py") as process:
        title, echo, texts, _ = end(process, stop=False).splitlines()

    assert title.endswith("connected")
    assert echo == "alice says hello from a notebook"
    assert texts == "['hello from a notebook']"


def test_each_example_is_run() -> None:
    tested = {name.removeprefix("test_") for name in globals() if name.startswith("test_")}

    assert {path.stem for path in EXAMPLES.glob("*.py")} <= tested
