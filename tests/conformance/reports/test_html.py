"""The HTML page: one file, nothing loaded, nothing run, whatever a target writes."""

import base64
import hashlib
import re
from collections import Counter
from html.parser import HTMLParser

import pytest
from hypothesis import given

from multichat_conformance.outcomes import Outcome
from tests.conformance.reports import made_up
from tests.conformance.reports.drawing import written
from tests.conformance.reports.hostile import OUTCOMES, TEXTS, run_with

VOID = {"meta", "col", "rect"}

ALLOWED = {
    *("html", "head", "meta", "title", "style", "body", "header", "section", "footer", "article"),
    *("h1", "h2", "p", "div", "span", "strong", "code", "pre", "a", "ul", "li", "blockquote"),
    *("dl", "dt", "dd", "details", "summary", "svg", "rect"),
    *("table", "caption", "colgroup", "col", "thead", "tbody", "tr", "th", "td"),
}


class Page(HTMLParser):
    """A page as a browser takes it apart."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: Counter[str] = Counter()
        self.attributes: list[tuple[str, str, str]] = []
        self.texts: list[str] = []
        self.open: list[str] = []
        self.comments = 0
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags[tag] += 1
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] != "style":
            self.texts.append(data)

    def handle_comment(self, data: str) -> None:  # noqa: ARG002  # the parser's name for it
        self.comments += 1


@pytest.mark.parametrize("name", made_up.STREAMS)
def test_elements_are_closed_and_ids_are_unique(name: str) -> None:
    page = Page(written("html", made_up.STREAMS[name]()))

    assert page.open == []
    assert set(page.tags) <= ALLOWED
    ids = [value for _, attribute, value in page.attributes if attribute == "id"]
    assert len(ids) == len(set(ids))
    links = [value for _, attribute, value in page.attributes if attribute == "href"]
    assert all(link[1:] in ids for link in links if link.startswith("#"))


def test_nothing_is_loaded_and_nothing_runs() -> None:
    text = written("html", made_up.everything())
    page = Page(text)

    assert not {"script", "link", "img", "iframe", "object"} & set(page.tags)
    loading = {"src", "srcset", "style", "action"}
    assert not [each for each in page.attributes if each[1] in loading or each[1][:2] == "on"]
    assert "@import" not in text
    assert "url(" not in text


def test_the_policy_allows_the_style_sheet_and_nothing_else() -> None:
    text = written("html", made_up.everything())
    style = re.search("<style>(.*?)</style>", text, re.DOTALL)
    assert style is not None
    digest = base64.b64encode(hashlib.sha256(style[1].encode()).digest()).decode()

    policy = next(value for tag, name, value in Page(text).attributes if "default-src" in value)

    assert policy == (
        f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    )


@given(text=TEXTS, outcome=OUTCOMES)
def test_no_text_adds_an_element(text: str, outcome: Outcome) -> None:
    plain = Page(written("html", run_with("plain", outcome)))
    page = Page(written("html", run_with(text, outcome)))

    # Backticks make code, an address makes a link, an empty text makes less.
    ours = {"code", "a", "span", "div", "p", "dt", "dd", "details", "summary", "pre"}
    ours |= {"strong", "th", "td", "col", "tr"}
    assert set(page.tags) - set(plain.tags) <= ours
    assert page.open == []
    assert page.comments == 0
    assert all(line.isprintable() for each in page.texts for line in each.split("\n"))


@pytest.mark.parametrize("link", ["javascript:alert(1)", "data:text/html,x", " https://x", "x"])
def test_only_an_address_of_a_page_is_a_link(link: str) -> None:
    page = Page(written("html", run_with(link, Outcome.EXPECTED_FAILURE)))

    assert not [value for tag, name, value in page.attributes if name == "href"]


def test_every_attempt_and_every_line_is_there() -> None:
    text = written("html", made_up.everything())

    assert text.count("&quot;message&quot;: &quot;17&quot;") + text.count('"message": "17"') == 3
    assert "more lines" not in text


@pytest.mark.parametrize("name", ["interrupted", "broken_off"])
def test_a_run_without_an_end_says_so(name: str) -> None:
    page = Page(written("html", made_up.STREAMS[name]()))

    assert "The run was broken off: " in page.texts
