"""The summary for a pull request, read by a Markdown parser as a forge would read it."""

import re
from dataclasses import replace

import pytest
from hypothesis import example, given
from markdown_it import MarkdownIt
from markdown_it.token import Token

from multichat_conformance.outcomes import Outcome
from multichat_conformance.reports.markdown import block, code, prose
from tests.conformance.reports import made_up
from tests.conformance.reports.drawing import written
from tests.conformance.reports.hostile import OUTCOMES, TEXTS, run_with

READER = MarkdownIt("commonmark").enable("table")

BLOCKS = re.compile(r"<details><summary>[^<]*(?:<!-- -->[^<]*)*</summary>\n|</details>\n?")


def inline(tokens: list[Token]) -> list[Token]:
    return [child for token in tokens for child in token.children or ()]


def rows(tokens: list[Token]) -> list[int]:
    """Return the number of cells of each row."""
    found: list[int] = []
    for token in tokens:
        if token.type == "tr_open":
            found.append(0)
        elif token.type in ("td_open", "th_open"):
            found[-1] += 1
    return found


@given(TEXTS)
def test_code_stays_code_in_a_table(text: str) -> None:
    tokens = READER.parse(f"| a | b |\n|---|---|\n| {code(text)} | x |")

    assert rows(tokens) == [2, 2]
    # A reader drops what is beyond the last column: it has to be the cell that was meant.
    assert [token.content for token in tokens if token.type == "inline"][-1] == "x"
    kinds = {token.type for token in inline(tokens)}
    assert kinds <= {"text", "code_inline"}


@pytest.mark.parametrize("text", ["a|b", "\\|", "`", "`` ` ``", " a ", "a`", "|", "\\", "*x*"])
def test_code_reads_as_it_was(text: str) -> None:
    children = inline(READER.parse(f"x{code(text)}x"))

    assert "".join(child.content for child in children)[1:-1] == text


@given(TEXTS)
def test_prose_is_words(text: str) -> None:
    tokens = READER.parse(f"| a | b |\n|---|---|\n| {prose(text)} | x |")

    assert rows(tokens) == [2, 2]
    assert [token.content for token in tokens if token.type == "inline"][-1] == "x"
    assert {token.type for token in inline(tokens)} <= {"text", "html_inline", "text_special"}
    comments = [token for token in inline(tokens) if token.type == "html_inline"]
    assert all(token.content == "<!-- -->" for token in comments)


@pytest.mark.parametrize(
    "text", ["https://example.com", "WWW.example.com", "@all", "#12", "a@example.com"]
)
def test_prose_calls_and_links_nobody(text: str) -> None:
    """What a forge finds in the source or in the page is not there."""
    assert text not in prose(text)
    written_out = re.sub(r"&#[0-9]+;", "&", prose(text))
    assert not re.search(r"https?://|www\.|[@#]\w", written_out, re.IGNORECASE)


@given(TEXTS)
@example("a\n```\nb")
@example("a\n  ``````\nb")
@example("~~~")
def test_a_block_is_not_left(text: str) -> None:
    tokens = READER.parse(f"{block(text)}\n\nafter")

    assert [token.type for token in tokens] == [
        "fence",
        "paragraph_open",
        "inline",
        "paragraph_close",
    ]


@given(text=TEXTS, outcome=OUTCOMES)
def test_any_text_stays_where_it_belongs(text: str, outcome: Outcome) -> None:
    tokens = READER.parse(written("markdown", run_with(text, outcome)))

    assert set(rows(tokens)) <= {3, 4}
    assert "link_open" not in {token.type for token in inline(tokens)}
    assert "image" not in {token.type for token in inline(tokens)}
    for token in tokens:
        if token.type == "html_block":
            assert BLOCKS.fullmatch(token.content)
    headings = [token for token in tokens if token.type == "heading_open"]
    assert len(headings) == 1


def test_a_summary_is_never_longer_than_a_forge_takes() -> None:
    failed = next(each for each in made_up.checks() if each.outcome is Outcome.FAIL)
    many = [replace(failed, id=f"join.case-{n}") for n in range(500)]

    text = written("markdown", [made_up.STARTED, *many, made_up.FINISHED])

    assert len(text) < 65_536
    assert "do not fit here" in text
    assert "470 more" in text


@pytest.mark.parametrize("name", ["interrupted", "broken_off"])
def test_a_run_without_an_end_says_so(name: str) -> None:
    assert "The run was broken off" in written("markdown", made_up.STREAMS[name]())


def test_the_summary_of_a_green_run_is_short() -> None:
    text = written("markdown", made_up.green())

    assert "✅ conformant" in text
    assert text.count("\n") < 25
