"""The style sheets: readable in light and dark, nothing from elsewhere, no name without a value."""

import re
from pathlib import Path

import pytest

from multichat_server import web

STATIC = Path(web.__file__).parent / "static"
SHEETS = sorted(STATIC.rglob("*.css"))
BASE = (STATIC / "style.css").read_text()

# What stands on what. WCAG 2.2 asks for 4.5 for text (1.4.3), 3 for edges of controls (1.4.11).
TEXTS = [
    ("text", "bg"),
    ("text", "surface"),
    ("text", "surface-2"),
    ("text", "own"),
    ("muted", "bg"),
    ("muted", "surface"),
    ("muted", "surface-2"),
    ("muted", "own"),
    ("accent", "bg"),
    ("accent", "surface"),
    ("accent-text", "accent"),
    ("warning", "warning-bg"),
    ("danger", "danger-bg"),
    ("danger", "surface"),
    ("danger", "bg"),
    ("ok", "ok-bg"),
]
EDGES = [("control", "surface"), ("control", "bg"), ("focus", "bg"), ("focus", "surface")]


def tokens(theme: str) -> dict[str, str]:
    """Return the colours of a theme by name."""
    light, _, dark = BASE.partition("@media (prefers-color-scheme: dark)")
    text = light if theme == "light" else dark
    return dict(re.findall(r"--([a-z0-9-]+): (#[0-9a-f]{6});", text))


def luminance(colour: str) -> float:
    """Return the relative luminance of a colour, as WCAG defines it."""
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def test_contrast_is_what_wcag_says_it_is() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize(
    ("front", "back", "least"),
    [(*pair, 4.5) for pair in TEXTS] + [(*pair, 3.0) for pair in EDGES],
    ids=["-on-".join(pair) for pair in TEXTS + EDGES],
)
def test_it_can_be_read(theme: str, front: str, back: str, least: float) -> None:
    colours = tokens(theme)

    assert contrast(colours[front], colours[back]) >= least


def test_both_themes_have_the_same_colours() -> None:
    assert set(tokens("light")) == set(tokens("dark")) != set()


@pytest.mark.parametrize("sheet", SHEETS, ids=lambda path: path.name)
def test_every_name_has_a_value(sheet: Path) -> None:
    text = sheet.read_text()
    known = set(re.findall(r"(--[a-z0-9-]+):", BASE + text))

    assert set(re.findall(r"var\((--[a-z0-9-]+)", text)) - known == set()


@pytest.mark.parametrize("sheet", SHEETS, ids=lambda path: path.name)
def test_nothing_comes_from_elsewhere(sheet: Path) -> None:
    text = sheet.read_text()

    assert not re.search(r"@import|url\(|expression\(|//", text)


def test_colours_are_named_in_one_place() -> None:
    """Another sheet that names a colour itself is wrong in one of the two themes."""
    others = [sheet for sheet in SHEETS if sheet.name != "style.css"]

    found = {
        sheet.name: re.findall(r"#[0-9a-fA-F]{3,8}\b|rgb|hsl", sheet.read_text())
        for sheet in others
    }

    assert [name for name, colours in found.items() if colours] == []
