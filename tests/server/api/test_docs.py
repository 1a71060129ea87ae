"""The page on the API shows what happens: its commands are run, its output is compared."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import trio

from multichat_server.api import PREFIX
from multichat_server.config import Settings
from multichat_server.server import Serving, serve
from tests.house.repository import ROOT

pytestmark = pytest.mark.slow

PAGE = ROOT / "docs/api.md"

# For where curl is not, or is too old to know --json.
STAND_IN = """\
import argparse, sys, httpx2

parser = argparse.ArgumentParser()
parser.add_argument("-s", action="store_true", required=True)
parser.add_argument("-H")
parser.add_argument("-X")
parser.add_argument("--json")
parser.add_argument("url")
given = parser.parse_args()
headers = dict([given.H.split(": ")] if given.H else [])
if given.json:
    headers |= {"content-type": "application/json", "accept": "application/json"}
method = given.X or ("POST" if given.json else "GET")
answer = httpx2.request(method, given.url, headers=headers, content=given.json)
sys.stdout.buffer.write(answer.content)
"""


def steps() -> list[tuple[str, str]]:
    """Return each command of the page with what it prints there."""
    blocks = re.findall(r"^```console\n(.*?)^```$", PAGE.read_text(), re.MULTILINE | re.DOTALL)
    found = []
    for step in re.split(r"^\$ ", "".join(blocks), flags=re.MULTILINE)[1:]:
        command, _, printed = step.partition("\n")
        found.append((command, printed.strip()))
    return found


def knows_json(curl: str) -> bool:
    asked = [curl, "--help", "all"]
    return "--json" in subprocess.run(asked, capture_output=True, text=True, check=False).stdout


def curls(folder: Path) -> list[Path]:
    """Return the folders of the stand-in and, where there is one, of curl."""
    stand_in = folder / "curl"
    stand_in.write_text(f"#!{sys.executable}\n{STAND_IN}")
    stand_in.chmod(0o755)
    real = shutil.which("curl")
    return [folder, *([Path(real).parent] if real and knows_json(real) else [])]


async def run(command: str, path: Path, api: str, secret: str) -> str:
    env = {
        "PATH": os.pathsep.join([str(path), os.environ["PATH"]]),
        "API": api,
        "AUTH": f"Authorization: Bearer {secret}",
        "no_proxy": "*",
    }
    done = await trio.run_process(
        ["sh", "-c", command], env=os.environ | env, capture_stdout=True, check=True
    )
    return done.stdout.decode()


async def set_out(running: Serving) -> str:
    """Make what the page begins with; return the secret of its token."""
    store = running.store
    await store.add_user("alice", "wonderland")
    bot = await store.add_user("bot", "secret", is_staff=True)
    await store.add_room("Lobby")
    await running.engine.refresh()
    _, secret = await store.tokens.add(bot.id, "docs", lifetime=None, most=1)
    return secret


async def test_the_commands_print_what_the_page_shows(tmp_path: Path) -> None:
    shown = [step for step in steps() if not step[0].startswith("export")]
    assert len(shown) > 8

    for path in curls(tmp_path):
        with trio.fail_after(60):
            async with trio.open_nursery() as nursery:
                settings = Settings(port=0, database_url="sqlite://", shutdown_grace=0.0)
                running = await nursery.start(_serve, settings)
                secret = await set_out(running)
                api = running.url + PREFIX
                printed = [(each, await run(each, path, api, secret)) for each, _ in shown]
                running.stop()

        assert printed == shown


def test_the_page_begins_with_the_address_and_the_token() -> None:
    (command, printed), *_ = steps()

    address = f"http://127.0.0.1:{Settings().port}{PREFIX}"
    assert command == f'export API={address} AUTH="Authorization: Bearer mct_…"'
    assert printed == ""


async def _serve(settings: Settings, *, task_status: trio.TaskStatus[Serving]) -> None:
    await serve(settings, task_status=task_status)
