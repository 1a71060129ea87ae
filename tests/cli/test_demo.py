"""``make demo`` shows a server that is right and one that is wrong, and notices if it is not so."""

import re
import sys
from pathlib import Path

import pytest
import trio

from multichat_conformance.catalogue import find
from multichat_conformance.target.file import load_target
from tests.cli.commands import environment

EXAMPLES = Path(__file__).parents[2] / "examples"


async def play(script: str) -> tuple[int, str, str]:
    done = await trio.run_process(
        [sys.executable, "-c", script],
        capture_stdout=True,
        capture_stderr=True,
        check=False,
        env=environment(NO_COLOR="1"),
        cwd=EXAMPLES,
    )
    return done.returncode, done.stdout.decode(), done.stderr.decode()


@pytest.mark.slow
async def test_the_demo_ends_well() -> None:
    code, out, err = await play("import demo; raise SystemExit(demo.main())")

    assert (code, err) == (0, ""), out + err
    right, _, wrong = out.partition("\nNow a server")
    assert re.search(r"^core +conformant", right, re.MULTILINE)
    assert re.search(r"^hardened +conformant", right, re.MULTILINE)
    assert "MC1-ANN-01" in wrong
    assert "cause " in wrong
    assert not any(character != "\n" and ord(character) < 32 for character in out)


@pytest.mark.slow
async def test_the_demo_notices_what_goes_wrong() -> None:
    """With the two servers exchanged, neither is as it should be."""
    script = (
        "import demo; demo.RIGHT = demo.WRONG; "
        "run = demo.judge; demo.judge = lambda f, t, *o: run(f, t, '--only', demo.FOUND, "
        "'--patience', '0.5'); raise SystemExit(demo.main())"
    )
    code, out, err = await play(script)

    assert code == 1
    assert "WENT WRONG: the exit codes are 1 and 1, not 0 and 1" in err
    assert "The first is right" not in out


def test_what_it_names_is_there() -> None:
    source = (EXAMPLES / "demo.py").read_text()
    for name in re.findall(r'^(?:RIGHT|WRONG) = Path\("(.*)"\)$', source, re.MULTILINE):
        assert load_target(EXAMPLES.parent / name).start is not None
    (check,) = re.findall(r'^FOUND = "(.*)"$', source, re.MULTILINE)
    assert find(check) is not None
