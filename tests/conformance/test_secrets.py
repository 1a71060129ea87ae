"""Secrets stay out of what is written down, in whatever form a target sends them back."""

import json
from urllib.parse import quote_plus

import pytest

from multichat_conformance.secrets import MASK, Redactor


def redactor(*secrets: str | None) -> Redactor:
    made = Redactor()
    made.hide(*secrets)
    return made


def test_a_secret_is_masked_wherever_it_stands() -> None:
    assert redactor("hunter22").clean("xhunter22x hunter22") == f"x{MASK}x {MASK}"


def test_what_is_no_secret_stays() -> None:
    text = "alice joined room 1"

    assert redactor("hunter22", None, "").clean(text) == text


def test_a_secret_within_another_leaves_no_rest() -> None:
    """Told in any order: the longer one goes first."""
    for secrets in (("abcd", "abcdefgh"), ("abcdefgh", "abcd")):
        assert redactor(*secrets).clean("abcdefgh abcd") == f"{MASK} {MASK}"


def test_secrets_add_up() -> None:
    made = redactor("first-secret")
    made.hide("second-secret")

    assert made.clean("first-secret second-secret") == f"{MASK} {MASK}"


def test_what_is_too_short_to_be_told_from_text_stays() -> None:
    assert redactor("abc").clean("abc") == "abc"


@pytest.mark.parametrize("secret", ['pass"word', "pässwörd", "p\\ss wörd/&", "пароль"])
@pytest.mark.parametrize(
    "sent",
    [
        json.dumps,
        lambda secret: json.dumps(secret, ensure_ascii=False),
        quote_plus,
        str,
    ],
    ids=["ascii JSON", "JSON", "form", "plain"],
)
def test_a_secret_that_is_sent_back_is_masked(secret: str, sent: object) -> None:
    """A server that echoes what it was sent, in an error frame or a page."""
    assert callable(sent)
    cleaned = redactor(secret).clean(f"<{sent(secret)}>")

    assert MASK in cleaned
    assert not any(
        letter in cleaned for letter in ("w\\u00f6rd", "wörd", "word", "w%C3%B6rd", "пар")
    )


def test_a_secret_that_is_no_text_does_no_harm() -> None:
    """A lone surrogate cannot be sent, and cannot break the one who hides it."""
    assert redactor("\ud800abcd").clean("\ud800abcd") == MASK
