"""The documentation says what the code says, and its links lead somewhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.house.generate_docs import PART, PARTS, pages, rendered
from tests.house.repository import ROOT, files

LINK = re.compile(r"\[[^\]]*\]\((?!https?:|mailto:)([^)\s]+)\)")


@pytest.mark.parametrize("page", pages(), ids=lambda page: page.relative_to(ROOT).as_posix())
def test_generated_parts_are_current(page: Path) -> None:
    """Run `make docs` when this fails."""
    text = page.read_text()

    assert rendered(text) == text


def test_each_generated_part_stands_on_a_page() -> None:
    found = [match["name"] for page in pages() for match in PART.finditer(page.read_text())]

    assert sorted(found) == sorted(PARTS)


def test_an_outdated_part_is_seen() -> None:
    text = "<!-- generated: errors -->\n\nold\n\n<!-- end: errors -->"

    assert "ROOM_ACCESS_DENIED" in rendered(text)
    assert "old" not in rendered(text)


def test_start_page_leads_to_each_page() -> None:
    linked = set(LINK.findall((ROOT / "docs/index.md").read_text()))

    names = {page.relative_to(ROOT / "docs").as_posix() for page in pages()}
    assert names - linked == {"index.md"}


def broken_links(page: Path) -> list[str]:
    """Return the links of a page that lead to no file, or to no heading of one."""
    broken = []
    for link in LINK.findall(page.read_text()):
        name, _, anchor = link.partition("#")
        target = (page.parent / name) if name else page
        if not target.exists() or (anchor and anchor not in anchors(target)):
            broken.append(f"{page.relative_to(ROOT)}: {link}")
    return broken


def anchors(page: Path) -> set[str]:
    """Return the names that a page's headings get from the places that show Markdown."""
    headings = re.findall(r"^#+ (.*)$", page.read_text(), re.MULTILINE)
    return {
        re.sub(r"[^\w\- ]", "", heading).strip().lower().replace(" ", "-") for heading in headings
    }


INSTALLS = re.compile(r"pip3? install\s+(.*)")
BARE = re.compile(r"(?:^|[\s'\"])multichat(?:$|[\s'\"\[<>=~!,;)])")


def installs_by_bare_name(text: str) -> list[str]:
    """Return the commands that have pip look for the project's name on an index."""
    return [
        line
        for line in text.splitlines()
        for match in [INSTALLS.search(line)]
        if match and BARE.search(match[1])
    ]


def test_nobody_is_told_to_install_a_name_that_is_not_ours() -> None:
    """On a public index the name is somebody else's, whose package is not to be installed."""
    kinds = ("*.md", "*.py", "*.toml", "*.yml", "*.yaml")
    told = {
        str(page.relative_to(ROOT)): lines
        for kind in kinds
        for page in files(kind)
        if page != Path(__file__) and (lines := installs_by_bare_name(page.read_text()))
    }

    assert told == {}


@pytest.mark.parametrize(
    ("line", "is_bare"),
    [
        ("$ pip install multichat", True),
        ("      - run: pip install 'multichat[cli,conformance]'", True),
        ("pip install -U 'multichat>=1'", True),
        ("pip install pytest multichat", True),
        ("pip install '.[all]'", False),
        ("pip install './multichat[cli,conformance]'", False),
    ],
)
def test_which_commands_install_by_bare_name(line: str, is_bare: bool) -> None:
    assert bool(installs_by_bare_name(line)) is is_bare


def test_links_lead_somewhere() -> None:
    assert [link for page in files("*.md") for link in broken_links(page)] == []
