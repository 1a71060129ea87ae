"""No text can drive the terminal, fake a line or hide in one."""

import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from multichat_cli.escape import escape, escape_name
from multichat_cli.output import Event, describe

EVERYTHING = st.text(st.characters(codec=None))
HARMFUL = ("Cc", "Cf", "Cs", "Zl", "Zp")


@given(EVERYTHING)
@example("\x1b]0;title\x07")
@example("\x9b31m")
@example("a\nbob: hi")
@example("\u2028\u2029\x85")
@example("\u202e\u2066\u200b\u200d\ufeff")
@example("👩\u200d💻 1\u200d2")
@example("\ud800")
def test_what_is_escaped_holds_no_harmful_character(text: str) -> None:
    """Except for the joiner inside an emoji, which is checked on its own."""
    for i, character in enumerate(shown := escape(text)):
        if character == "\u200d":
            assert unicodedata.category(shown[i + 1]) in ("So", "Sk")
        else:
            assert unicodedata.category(character) not in HARMFUL
    assert len(shown.splitlines()) <= 1
    shown.encode()


@given(
    st.text(
        st.characters(
            categories=("L", "N", "P", "Zs"), exclude_characters="\u115f\u1160\u3164\uffa0"
        )
    )
)
def test_plain_text_stays_as_it_is(text: str) -> None:
    assert escape(text) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("tab\there", "tab\\there"),
        ("a\r\nb", "a\\r\\nb"),
        ("\x1b[31m", "\\x1b[31m"),
        ("\x7f\x85\x9b", "\\x7f\\x85\\x9b"),
        ("\u202egnp.exe", "\\u202egnp.exe"),
        ("\U000e0041", "\\U000e0041"),
        ("zero\u200bwidth", "zero\\u200bwidth"),
        ("\u3164", "\\u3164"),
        ("👩🏽\u200d💻 ❤\ufe0f", "👩🏽\u200d💻 ❤\ufe0f"),
        ("^\u200d^ x\ufe0f", "^\\u200d^ x\\ufe0f"),
        ("e" + "\u0301" * 6, "e" + "\u0301" * 4 + "\\u0301\\u0301"),
        ("C:\\new", "C:\\new"),
        ("\ud83d", "\\ud83d"),
    ],
)
def test_how_it_is_shown(text: str, shown: str) -> None:
    assert escape(text) == shown


@given(EVERYTHING)
@example("bob: hello")
@example("* alice")
def test_a_name_cannot_look_like_a_name_with_words_behind_it(name: str) -> None:
    shown = escape_name(name)

    assert all(c in "@.+-_'\\" or unicodedata.category(c)[0] in "LN" for c in shown)


def test_usual_names_stay_as_they_are() -> None:
    for name in ("alice", "dave-staff", "o'neill", "a.b+c@example.org", "Яна", "李"):
        assert escape_name(name) == name


@given(
    st.sampled_from(["message", "enter", "leave", "user", "room", "account", "listening"]),
    EVERYTHING,
    st.integers(0, 9),
)
def test_each_event_is_one_harmless_line(kind: str, text: str, msg_type: int) -> None:
    event: Event = {
        "event": kind,
        "room": "1",
        "id": 1,
        "username": text,
        "message": text,
        "title": text,
        "password": text,
        "msg_type": msg_type,
        "is_staff": True,
        "is_active": False,
        "staff_only": True,
        "url": "http://localhost/",
        "stream_url": "ws://localhost/",
    }

    described = describe(event)

    assert described is not None
    line = described[0].replace("\t", "").replace("\u200d", "")
    assert not any(unicodedata.category(character) in HARMFUL for character in line)


def test_an_announcement_cannot_be_faked() -> None:
    """What people write begins with their name, and a name has no space and no star."""
    faked: Event = {"event": "message", "username": "* bob left", "message": "", "msg_type": 0}
    real: Event = {"event": "leave", "username": "bob"}

    assert describe(faked) == ("\\x2a\\x20bob\\x20left: ", "")
    assert describe(real) == ("* bob left", "dim")
