"""
Write the generated parts of docs/ (`make docs`); a test compares whole pages.

A generated part stands between two comments that name it::

    <!-- generated: settings -->
    <!-- end: settings -->
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import typer
from typer.testing import CliRunner

import multichat_spec
from multichat_cli.app import app
from multichat_server.config import SETTINGS
from tests.house.repository import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

PART = re.compile(
    r"(?P<begin><!-- generated: (?P<name>[a-z -]+) -->\n).*?(?P<end><!-- end: (?P=name) -->)",
    re.DOTALL,
)


def table(head: tuple[str, ...], rows: Iterable[tuple[object, ...]]) -> str:
    """Return a Markdown table."""
    lines = [head, ("---",) * len(head), *rows]
    cells = [[str(cell).replace("|", "\\|") for cell in line] for line in lines]
    return "".join(f"| {' | '.join(line)} |\n" for line in cells)


def settings() -> str:
    """Every setting: its name in the file, its default and unit, what it does."""
    return table(
        ("setting", "default", "unit", "meaning"),
        ((f"`{s.name}`", _shown(s.default), s.unit, s.meaning) for s in SETTINGS),
    )


def _shown(value: object) -> str:
    match value:
        case bool():
            return f"`{str(value).lower()}`"
        case ():
            return "none"
        case _:
            return f"`{value}`"


def errors() -> str:
    """Every error code of the newest version."""
    return table(
        ("code", "meaning", "commands", "clause"),
        (
            (f"`{row['code']}`", row["meaning"], ", ".join(row["commands"]), row["clause"])
            for row in multichat_spec.errors().values()
        ),
    )


def close_codes() -> str:
    """Every close code of the newest version that somebody sends."""
    return table(
        ("code", "sent by", "meaning", "connect again", "clause"),
        (
            (
                row["code"],
                ", ".join(row["sent_by"]),
                row["meaning"],
                row["reconnect"],
                row["clause"],
            )
            for row in multichat_spec.close_codes().values()
            if row["sent_by"]
        ),
    )


def commands() -> str:
    """Every command's ``--help``, as a terminal of 80 columns shows it."""
    return "\n".join(_helps(typer.main.get_command(app), ("multichat",)))


def _helps(command: object, name: tuple[str, ...]) -> Iterator[str]:
    shown = CliRunner().invoke(
        app,
        [*name[1:], "--help"],
        prog_name=name[0],
        env={"COLUMNS": "80", "NO_COLOR": "1", "TERM": "dumb"},
    )
    assert shown.exit_code == 0, shown.output
    lines = "\n".join(line.rstrip() for line in shown.stdout.strip("\n").splitlines())
    yield f"## {' '.join(name)}\n\n```text\n{lines}\n```\n"
    for word, below in getattr(command, "commands", {}).items():
        yield from _helps(below, (*name, word))


PARTS: dict[str, Callable[[], str]] = {
    "settings": settings,
    "errors": errors,
    "close codes": close_codes,
    "commands": commands,
}


def rendered(text: str) -> str:
    """Return a page with its generated parts as they should be."""
    return PART.sub(lambda m: f"{m['begin']}\n{PARTS[m['name']]()}\n{m['end']}", text)


def pages() -> list[Path]:
    """Every page of the documentation."""
    return sorted((ROOT / "docs").rglob("*.md"))


def main() -> None:
    """Rewrite the pages that are out of date, and say which."""
    for page in pages():
        text = page.read_text()
        if (new := rendered(text)) != text:
            page.write_text(new)
            print(f"written: {page.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
