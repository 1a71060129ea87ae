"""Every piece of Python on the client library's pages runs, and does what the page says."""

from __future__ import annotations

import importlib
import runpy
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from multichat_proto.sync import connect
from multichat_proto.testing import BotDriver, MemoryServer
from tests.house.repository import ROOT
from tests.sdk.docs.others import PATIENCE, STORIES
from tests.sdk.docs.pages import PAGES, Block, blocks

PYTEST = [sys.executable, "-m", "pytest", "-q", "-o", "trio_mode=true"]
PASSWORDS = {"alice": "secret"}

PAGES_WITH_CODE = [page for page in PAGES if blocks(page)]


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> MemoryServer:
    """The demo's server, wherever a program connects to."""
    server = MemoryServer({"1": "Lobby", "2": "Tea kitchen"}, users=PASSWORDS)
    for kind, name in (
        ("trio", "Dialler"),
        ("asyncio", "WebSocketConnector"),
        ("sync", "WebSocketConnector"),
    ):
        module = importlib.import_module(f"multichat_proto.{kind}._connect")

        def connector(kind: Any = kind) -> Any:
            return server.connector(kind)

        monkeypatch.setattr(module, name, connector)
    monkeypatch.setenv("MULTICHAT_PASSWORD", PASSWORDS["alice"])
    return server


def run(block: Block, path: Path, server: MemoryServer) -> None:
    """Run a program; what others do meanwhile is done before it ends, or it does not end."""
    if block.meanwhile is None:
        runpy.run_path(str(path), run_name="__main__")
        return
    bob = connect("ws://memory", transport=server.connector("sync", "bob"), username="bob")
    with bob as chat, ThreadPoolExecutor(1) as others:
        doing = others.submit(STORIES[block.meanwhile], server, chat.join(1))
        runpy.run_path(str(path), run_name="__main__")
        doing.result(PATIENCE)


def run_pytest(folder: Path, name: str) -> None:
    done = subprocess.run(
        [*PYTEST, "-p", "no:cacheprovider", name],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    assert " passed" in done.stdout


@pytest.mark.slow
@pytest.mark.parametrize("page", PAGES_WITH_CODE, ids=lambda page: page.stem)
def test_page(
    page: Path,
    server: MemoryServer,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Files are kept and can be imported by what comes later on the page; programs are run."""
    monkeypatch.syspath_prepend(tmp_path)
    known = set(sys.modules)
    try:
        for number, block in enumerate(blocks(page)):
            path = tmp_path / (block.file or f"program_{number}.py")
            path.write_text(block.source, encoding="utf-8")
            if path.name.startswith("test_"):
                run_pytest(tmp_path, path.name)
            elif block.file is not None:
                importlib.import_module(path.stem)
            else:
                run(block, path, server)
                said = capsys.readouterr().out
                if block.shown is not None and page.name != "README.md":
                    assert said == block.shown
    finally:
        for name in set(sys.modules) - known:
            if (tmp_path / f"{name}.py").exists():
                del sys.modules[name]


def test_every_page_of_a_person_has_code() -> None:
    """A page whose blocks are not found would pass."""
    assert {page.stem for page in PAGES_WITH_CODE} == {
        "README",
        "bots",
        "client",
        "delivery",
        "testing",
        "tutorial",
    }


def test_no_story_is_left_over() -> None:
    told = {block.meanwhile for page in PAGES for block in blocks(page)} - {None}

    assert told == set(STORIES)


def load(page: str, file: str, folder: Path) -> dict[str, Any]:
    """Return what a file of a page defines."""
    (block,) = (block for block in blocks(ROOT / "docs/sdk" / page) if block.file == file)
    path = folder / file
    path.write_text(block.source, encoding="utf-8")
    return runpy.run_path(str(path))


async def test_the_conversation_of_the_tutorial(tmp_path: Path, autojump_clock: object) -> None:  # noqa: ARG001
    """What bob types is answered as the page shows, but for the dice."""
    text = (ROOT / "docs/sdk/tutorial.md").read_text(encoding="utf-8")
    shown = text.partition("<!-- story: bob types -->\n```text\n")[2].partition("```")[0]
    bot = load("tutorial.md", "dice.py", tmp_path)["bot"]
    heard: list[str] = []
    async with BotDriver(bot, username="alice") as driver:
        for line in shown.splitlines():
            if line.startswith("bob: "):
                driver.say("bob", "1", line.removeprefix("bob: "))
                replies = await driver.replies()
                shown_as = (reply.replace("\n", "\\n") for reply in replies)
                heard += [line, *(f"alice: {reply}" for reply in shown_as)]

    assert [undiced(line) for line in heard] == [undiced(line) for line in shown.splitlines()]


def undiced(line: str) -> str:
    before, rolls, after = line.partition(" rolls ")
    return before + rolls + after.partition(" of ")[2]


CONVERSATIONS: list[tuple[str, str, str, list[str]]] = [
    ("watch.py", "bob", "Coffee, please", ["It is on the stove."]),
    ("watch.py", "carol", "x" * 101, ["So much to read!"]),
    ("watch.py", "bob", "x" * 101, []),
    ("arguments.py", "bob", "!turn left 2", ["turned left 2 times"]),
    ("arguments.py", "bob", "!t right", ["turned right 1 times"]),
    ("arguments.py", "alice", "!say it 'as is'", ["it 'as is'"]),
    ("arguments.py", "bob", "!say it", []),
    ("around.py", "bob", "!divide 1 2", ["0.5"]),
    ("around.py", "bob", "!divide 1 0", []),
    ("larger.py", "bob", "?toss", ["heads"]),
]


@pytest.mark.parametrize(
    ("file", "who", "text", "replies"),
    CONVERSATIONS,
    ids=[f"{file}-{who}-{text[:12]}" for file, who, text, _ in CONVERSATIONS],
)
async def test_bot_of_a_page(
    file: str,
    who: str,
    text: str,
    replies: list[str],
    tmp_path: Path,
    autojump_clock: object,  # noqa: ARG001
) -> None:
    bot = load("bots.md", file, tmp_path)["bot"]
    async with BotDriver(bot) as driver:
        driver.enter(who)
        greeting = [f"Hello, {who}"] if file == "watch.py" else []
        assert await driver.replies() == greeting
        driver.say(who, "1", text)

        assert await driver.replies() == replies


async def test_a_question_of_a_page(tmp_path: Path, autojump_clock: object) -> None:  # noqa: ARG001
    async with BotDriver(load("bots.md", "ask.py", tmp_path)["bot"]) as driver:
        driver.say("bob", "1", "!order")
        assert await driver.replies() == ["Tea or coffee?"]
        driver.say("bob", "1", "tea")

        assert await driver.replies() == ["One tea for bob"]
