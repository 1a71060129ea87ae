"""Which new passwords will do."""

import pytest

from multichat_server.password_rules import SHORTEST_PASSWORD, weakness
from multichat_server.passwords import LONGEST_PASSWORD

SHORT = "It needs at least 8 characters."
NAME = "It is too much like your user name."
FEW = "It needs more different characters."
DIGITS = "It needs more than digits."
KNOWN = "It is one of those that everybody tries first."


@pytest.mark.parametrize(
    "password",
    [
        "a horse and a staple",
        "kq7!mz4x",
        "пароль с тестом",
        "correct horse battery",
        "😀😁😂🤣😃😄😅😆",
        "password of my grandmother",
        "alice" + "lives in wonderland",
        "x" * 10 + "yzab",
    ],
)
def test_a_password_that_will_do(password: str) -> None:
    assert weakness(password, username="alice") is None


@pytest.mark.parametrize(
    ("password", "problem"),
    [
        ("", SHORT),
        ("kq7!mz4", SHORT),
        ("x" * (LONGEST_PASSWORD + 1), "It can have at most 4096 characters."),
        ("alice2026", NAME),
        ("ALICEalice", NAME),
        ("aliceALICE2026!", NAME),
        ("aaaaaaaaaaaa", FEW),
        ("abcdABCDabcd", FEW),
        ("73926405", DIGITS),
        ("٧٣٩٢٦٤٠٥", DIGITS),
        ("12345678", DIGITS),
        ("abcdefgh", KNOWN),
        ("87654321qwe", None),
        ("hgfedcba", KNOWN),
        ("qwertyuiop", KNOWN),
        ("1Q2w3e4r", KNOWN),
        ("Password", KNOWN),
        ("password123!", KNOWN),
        ("!!iloveyou!!", KNOWN),
        ("multichat1", KNOWN),
    ],
    ids=lambda value: str(value)[:20],
)
def test_a_password_that_will_not(password: str, problem: str | None) -> None:
    assert weakness(password, username="alice") == problem


def test_a_name_that_stands_in_too_many_words_is_no_matter() -> None:
    assert weakness("banana-bread", username="a") is None


def test_the_longest_and_the_shortest_will_do() -> None:
    text = "kq7!mz4x"
    assert len(text) == SHORTEST_PASSWORD

    assert weakness(text, username="alice") is None
    assert weakness(text * (LONGEST_PASSWORD // 8), username="alice") is None
