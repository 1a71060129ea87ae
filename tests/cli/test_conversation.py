"""The conversation among the examples does what it promises, and notices when it does not."""

import re
import sys
from pathlib import Path

import pytest
import trio

from multichat_spec import requirement
from tests.cli.commands import environment

DEMO = Path(__file__).parents[2] / "examples" / "conversation.py"


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
    """With a server whose rooms are called otherwise, it exits with 1 and says what it saw."""
    (tmp_path / "sitecustomize.py").write_text(
        "import multichat_cli.serving\nmultichat_cli.serving.DEMO_ROOMS = [('Hall', False)]\n"
    )
    code, out, err = await play(path=str(tmp_path))

    assert code == 1
    assert 'WENT WRONG: alice was to see \'alice is in room 1, "Lobby"' in err
    assert "Hall" in err
    assert "All of it" not in out


def test_the_clauses_it_names_exist() -> None:
    for clause in re.findall(r"MC1-[A-Z]+-\d+", DEMO.read_text()):
        assert requirement(clause)
