"""Every report of every made-up run, held by a file."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conformance.reports import made_up
from tests.conformance.reports.drawing import Terminal, printed, written

GOLDEN = Path(__file__).parent / "golden"

COLOURS = {"TERM": "xterm", "COLORTERM": ""}

DRAWN: dict[str, Callable[[], str]] = {
    "everything.txt": lambda: printed(made_up.everything()),
    "everything.verbose.txt": lambda: printed(made_up.everything(), verbosity="verbose"),
    "everything.quiet.txt": lambda: printed(made_up.everything(), verbosity="quiet"),
    "everything.narrow.txt": lambda: printed(made_up.everything(), width=60),
    "everything.colours.ansi": lambda: printed(
        made_up.everything(), stream=Terminal(), environ=COLOURS
    ),
    "green.txt": lambda: printed(made_up.green()),
    "interrupted.txt": lambda: printed(made_up.interrupted()),
    "broken_off.txt": lambda: printed(made_up.broken_off()),
    "unreachable.txt": lambda: printed(made_up.unreachable()),
}

ENDINGS = {
    "jsonl": "jsonl",
    "junit": "xml",
    "html": "html",
    "markdown": "md",
    "badge": "json",
    "badge-svg": "svg",
}


def drawn() -> dict[str, Callable[[], str]]:
    """Return how each golden file is made."""

    def of(form: str, name: str) -> Callable[[], str]:
        return lambda: written(form, made_up.STREAMS[name]())

    files = {
        f"{name}.{ending}": of(form, name)
        for name in made_up.STREAMS
        for form, ending in ENDINGS.items()
    }
    return DRAWN | files


@pytest.mark.parametrize("name", drawn())
def test_a_report_looks_as_agreed(name: str) -> None:
    """When it is to change: python -m tests.conformance.reports.test_golden writes them anew."""
    assert drawn()[name]() == (GOLDEN / name).read_bytes().decode("utf-8")


def test_no_golden_file_is_left_over() -> None:
    assert {path.name for path in GOLDEN.iterdir()} == set(drawn())


if __name__ == "__main__":
    GOLDEN.mkdir(exist_ok=True)
    for file in GOLDEN.iterdir():
        file.unlink()
    for each, draw in drawn().items():
        (GOLDEN / each).write_bytes(draw().encode("utf-8"))
