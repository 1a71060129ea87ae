"""The code that a page shows: what is a program, what is a file, what it prints."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator
from pathlib import Path

from tests.house.generate_docs import PART
from tests.house.repository import ROOT

__all__ = ["PAGES", "Block", "blocks"]

PAGES = [ROOT / "README.md", *sorted((ROOT / "docs/sdk").glob("*.md"))]

_BLOCK = re.compile(
    r"(?:^<!-- (?P<directive>[a-z]+): (?P<story>[^\n]+) -->\n)?"
    r"^```(?P<language>python|text)\n(?P<source>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)
_FILE = re.compile(r"# (?P<name>[a-z_]+\.py)\n")


@dataclasses.dataclass(frozen=True)
class Block:
    """
    One piece of Python.

    Attributes:
        source: The text.
        file: What the page calls it; ``None``: it is a program to run.
        meanwhile: The name of what others do while it runs.
        shown: What it prints, as the page has it; ``None``: it does not say.

    """

    source: str
    file: str | None
    meanwhile: str | None
    shown: str | None


def blocks(page: Path) -> list[Block]:
    """Return what a person wrote on a page; generated parts are compared elsewhere."""
    return list(_blocks(PART.sub("", page.read_text(encoding="utf-8"))))


def _blocks(text: str) -> Iterator[Block]:
    found = list(_BLOCK.finditer(text))
    for match, after in zip(found, [*found[1:], None], strict=False):
        if match["language"] == "text":
            continue
        named = _FILE.match(match["source"])
        is_output = after is not None and after["language"] == "text" and not after["directive"]
        yield Block(
            source=match["source"],
            file=named and named["name"],
            meanwhile=match["story"] if match["directive"] == "meanwhile" else None,
            shown=after["source"] if after is not None and is_output else None,
        )
