"""Secrets stay out of what is written down, in whatever form a target sends them back."""

import json
from urllib.parse import quote_plus

import pytest

from multichat_conformance.secrets import MASK, Redactor, shown_url
from multichat_conformance.transcript import shorten


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


@pytest.mark.parametrize(
    "texts",
    [("x hunter22", "", "y"), ("half a \ud800 character", "hunter22"), ()],
    ids=["some", "with-what-stands-between", "none"],
)
def test_many_texts_are_cleaned_as_each_alone(texts: tuple[str, ...]) -> None:
    made = redactor("hunter22")

    assert made.clean_all(texts) == [made.clean(text) for text in texts]


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


@pytest.mark.parametrize("longest", [8, 9, 12, 15])
def test_half_a_secret_before_a_cut_is_masked(longest: int) -> None:
    """A finding is cut where it is made, and cleaned later."""
    text = shorten("got hunter22-hunter33 and more", longest)

    assert redactor("hunter22-hunter33").clean(text).startswith(f"got {MASK}… (")


def test_a_cut_after_what_is_no_secret_stays() -> None:
    text = shorten("got nothing that anybody hides", 11)

    assert redactor("hunter22").clean(text) == text


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("ws://h/chat/?token=abc", f"ws://h/chat/?token={MASK}"),
        ("ws://h/?a=1&b=&c", f"ws://h/?a={MASK}&b={MASK}&c={MASK}"),
        ("ws://h/chat/", "ws://h/chat/"),
    ],
)
def test_the_values_of_a_query_are_not_shown(url: str, shown: str) -> None:
    assert shown_url(url) == shown


def test_a_key_in_an_address_is_masked_everywhere() -> None:
    made = Redactor()
    made.hide_query("ws://h/?key=hunter22%2F33&format=json")

    assert made.clean("hunter22%2F33 hunter22/33 json") == f"{MASK} {MASK} json"


def test_a_secret_in_a_page_is_masked() -> None:
    """A login form that comes back shows it with its markup escaped."""
    page = '<input value="a&lt;b&gt;&quot;c&amp;d">a&lt;b&gt;"c&amp;d'

    assert redactor('a<b>"c&d').clean(page) == f'<input value="{MASK}">{MASK}'
