"""``make demo`` does what it promises, and notices when it does not."""

import re
import sys
from pathlib import Path

import pytest
import trio

from multichat_spec import requirement
from tests.cli.commands import environment

DEMO = Path(__file__).parents[2] / "examples" / "demo.py"


async def play(*, path: str = "") -> tuple[int, str, str]:
    done = await trio.run_process(
        [sys.executable, str(DEMO)],
        capture_stdout=True,
        capture_stderr=True,
        check=False,
        env=environment(PYTHONPATH=path),
    )
    return done.returncode, done.stdout.decode(), done.stderr.decode()


@pytest.mark.slow
async def test_the_demo_ends_well() -> None:
    code, out, err = await play()

    assert (code, err) == (0, ""), out + err
    assert "All of it happened as the specification says" in out
    assert not any(character != "\n" and ord(character) < 32 for character in out.replace("\t", ""))


@pytest.mark.slow
async def test_the_demo_notices_what_goes_wrong(tmp_path: Path) -> None:
    """With a server that takes no message of more than five characters, it exits with 1."""
    (tmp_path / "sitecustomize.py").write_text(
        "import os\nos.environ['MULTICHAT_MAX_MESSAGE_LENGTH'] = '5'\n"
    )
    code, out, err = await play(path=str(tmp_path))

    assert code == 1
    assert "WENT WRONG: alice was to see 'alice: Hello, bob!" in err
    assert "not sent: the message is longer than the server takes" in err
    assert "All of it" not in out


def test_the_clauses_it_names_exist() -> None:
    for clause in re.findall(r"MC1-[A-Z]+-\d+", DEMO.read_text()):
        assert requirement(clause)
