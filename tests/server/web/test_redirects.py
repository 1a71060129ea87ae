"""Redirects: to a path of this server and nowhere else."""

from urllib.parse import urljoin, urlsplit

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from multichat_server.web.redirects import local_path


@pytest.mark.parametrize(
    ("target", "location"),
    [
        ("/", "/"),
        ("/x/", "/x/"),
        ("/x?next=http://evil.example/", "/x?next=http://evil.example/"),
        ("/a%2Fb?c=%20#d", "/a%2Fb?c=%20#d"),
        ("/комната", "/%D0%BA%D0%BE%D0%BC%D0%BD%D0%B0%D1%82%D0%B0"),
        ("/a\"<>'", "/a%22%3C%3E'"),
    ],
)
def test_a_path_of_ours_is_kept(target: str, location: str) -> None:
    assert local_path(target) == location


@pytest.mark.parametrize(
    "target",
    [
        "",
        "x",
        "http://evil.example/",
        "https:evil.example",
        "javascript:alert(1)",
        "data:text/html,x",
        "//evil.example",
        "///evil.example",
        "/\\evil.example",
        "\\/evil.example",
        "\\\\evil.example",
        "/\t/evil.example",
        "/\n/evil.example",
        "/\r/evil.example",
        "\t//evil.example",
        " //evil.example",
        "/ /evil.example",
        "/x\r\nSet-Cookie: a=b",
        "/\x00",
        "/\x7f",
        "/\x85",
        "/\u2028",
        "/\u202e",
        "/\ud800",
        "/" + "x" * 2048,
        "//[evil",
    ],
)
def test_anything_else_leads_home(target: str) -> None:
    assert local_path(target) == "/"


def as_a_browser_reads_it(location: str) -> str:
    r"""Return the host that a browser would go to (WHATWG URL: tabs and newlines go, \\ is /)."""
    stripped = location.strip("".join(map(chr, range(0x21))))
    for character in "\t\n\r":
        stripped = stripped.replace(character, "")
    return urlsplit(urljoin("http://ours.example/a/b", stripped.replace("\\", "/"))).netloc


PIECES = st.sampled_from(
    ["/", "\\", "\t", "\n", " ", "..", ".", "%2f", "evil.example", "@", ":", "?", "#"]
)


@given(st.lists(PIECES | st.text(max_size=3), max_size=8).map("".join))
@example("/.//evil.example")
@example("/..//evil.example")
def test_whatever_is_asked_for_one_stays_here(target: str) -> None:
    location = local_path(target)

    assert location.isascii()
    assert location.isprintable()
    assert as_a_browser_reads_it(location) == "ours.example"
    # What was accepted once is accepted again: the form carries it through.
    assert local_path(location) == location
