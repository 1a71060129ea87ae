import pytest
from hypothesis import example, given

from multichat_conformance.reports.escape import cut, visible
from tests.conformance.reports.hostile import TEXTS


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain text, Grüße, 日本語, 🙂", "plain text, Grüße, 日本語, 🙂"),
        ("\x1b[2J", "\\x1b[2J"),
        ("a\nb\tc\r", "a\\nb\\tc\\r"),
        ("\x85\x9b", "\\x85\\x9b"),
        ("\u202egnp.exe", "\\u202egnp.exe"),
        ("zero\u200bwidth\ufeff", "zero\\u200bwidth\\ufeff"),
        ("line\u2028end", "line\\u2028end"),
        ("no\u00a0break", "no\\xa0break"),
        ("half \ud83d", "half \\ud83d"),
        ("\ufe0f\u3164\U000e0041", "\\ufe0f\\u3164\\U000e0041"),
        ("a" + "\u0301" * 6, "a" + "\u0301" * 4 + "\\u0301" * 2),
        ("\U0001f468\u200d\U0001f469", "\U0001f468\\u200d\U0001f469"),
        ("back\\slash", "back\\slash"),
    ],
)
def test_what_cannot_be_seen_is_shown(text: str, shown: str) -> None:
    assert visible(text) == shown


@given(TEXTS)
@example("\x7f\x80\ufffe")
def test_any_text_becomes_one_printable_line(text: str) -> None:
    shown = visible(text)

    assert shown.isprintable()
    assert visible(shown) == shown


def test_a_long_text_is_cut_with_a_mark() -> None:
    assert cut("abc", 3) == "abc"
    assert cut("abcdef", 3) == "abc… (3 more characters)"
    assert cut("a" * 5000, 1000, "...") == "a" * 1000 + "... (4,000 more characters)"
