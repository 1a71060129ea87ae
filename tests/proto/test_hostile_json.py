"""
Text that is meant to hurt has a defined answer, and no other way out.

Each of these texts reaches a server from a client and a client from a server. A server's core
raises :exc:`CommandRefused` with the code that v1 names, a client's :exc:`RemoteProtocolError`;
neither ever raises anything else. What is big is read in steps that grow with its size and no
faster: a pattern or a parser for which that is not so would not come back from these tests.
"""

import json
import re
from collections.abc import Iterable, Iterator

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from multichat_proto import (
    CommandRefused,
    ErrorCode,
    Join,
    Joined,
    RemoteProtocolError,
    Room,
    Send,
    codec,
    decode_command,
    decode_frame,
)
from multichat_proto.limits import MAX_DEPTH
from tests.proto.schema_strategies import JSON, TEXT
from tests.spec.oracle import read_command, read_server_frame

MIB = 2**20
SURROGATE = "\ud83d"
"""Half of a character, which a careless WebSocket library may let through."""

# The place where the hostile part goes: a member that v1 does not know.
JOIN = '{{"command": "join", "room": "1", "other": {}}}'
JOINED = '{{"join": "1", "title": "one", "other": {}}}'


def refusal_of(text: str) -> CommandRefused:
    """Return what a server's core says of the text."""
    with pytest.raises(CommandRefused) as refusal:
        decode_command(text)
    return refusal.value


def assert_no_frame(text: str) -> None:
    """Hold that neither side takes the text for a frame, and that both say so in the same way."""
    refused = refusal_of(text)

    assert refused.code == ErrorCode.FRAME_INVALID
    assert (refused.command, refused.room) == (None, None)
    assert refused.detail is not None
    assert len(refused.detail) < 200
    with pytest.raises(RemoteProtocolError, match=re.escape(refused.detail)):
        decode_frame(text)


def assert_other_is_taken(value: str) -> None:
    """Hold that both sides take a frame with this value in a member that they do not know."""
    assert decode_command(JOIN.format(value)) == Join("1")
    assert decode_frame(JOINED.format(value)) == Joined(Room("1"), "one")


def assert_other_is_refused(value: str) -> None:
    """Hold that neither side takes a frame with this value, even where nobody looks at it."""
    assert_no_frame(JOIN.format(value))
    assert_no_frame(JOINED.format(value))


# MC1-JSON-01: not one JSON object


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "hello",
        "null",
        "true",
        "1",
        '"join"',
        "[]",
        '[{"command": "join", "room": "1"}]',
        '{"command": "join", "room": "1"}{"command": "join", "room": "1"}',
        '{"command": "join", "room": "1"} x',
        '{"command": "join", "room": "1"},',
        '{"command": "join", "room": "1"}\0',
        '\0{"command": "join", "room": "1"}',
        '\ufeff{"command": "join", "room": "1"}',
        '{"command": "join", "room": "1"}\ufeff',
        '{"command": "join", "room": "1",}',
        '{"command": "join" "room": "1"}',
        '{"command": "join", "room" "1"}',
        "{'command': 'join', 'room': '1'}",
        '{command: "join", room: "1"}',
        '{"command": "join", /* */ "room": "1"}',
        '{"command": "join", "room": "1"} // join',
        '\u00a0{"command": "join", "room": "1"}',
        '\v{"command": "join", "room": "1"}',
        '{"command": "join",\u2028"room": "1"}',
    ],
)
def test_what_is_not_one_object_is_no_frame(text: str) -> None:
    """One JSON object, and nothing but white space around it (MC1-JSON-01)."""
    assert_no_frame(text)


@pytest.mark.parametrize(
    "value",
    [
        *("01", "+1", "-", "1.", ".5", "1e", "1e+", "0x1", "1_000", "--1", "- 1"),
        *("True", "nul", "undefined", "tru"),
        *('"', '"\\"', '"\\x41"', '"\\u12"', '"\\u+123"', '"\\u{41}"', "'a'", '"\\\n"'),
        *("[1,]", "[,1]", "[1 2]", "{1: 2}", '{"a"}', "{,}", "]", "[}", "{]"),
    ],
)
def test_what_is_no_json_is_no_frame_wherever_it_stands(value: str) -> None:
    """JSON is taken strictly (MC1-JSON-01)."""
    assert_other_is_refused(value)


@pytest.mark.parametrize("code", [*range(0x20), 0x7F, 0x80, 0x9F, 0x2028, 0xFEFF, 0xFFFF])
def test_raw_control_characters_are_refused_and_others_are_not(code: int) -> None:
    """RFC 8259 wants U+0000 to U+001F escaped in strings, and those alone (MC1-JSON-01)."""
    raw = f'"{chr(code)}"'
    escaped = f'"\\u{code:04x}"'

    assert_other_is_taken(escaped)
    if code < 0x20:
        assert_other_is_refused(raw)
    else:
        assert_other_is_taken(raw)


@pytest.mark.parametrize(
    "frame",
    [
        '{"command": "send", "room": 1, "message": "\\ud83d\\ude00\\"\\\\", "": [[], {"y": -1e1}]}',
        '{"room": "1", "message": null, "username": "\u00fc", "msg_type": 4, "x": [true, false]}',
    ],
)
def test_every_truncation_of_a_frame_is_no_frame(frame: str) -> None:
    """A frame is whole, or it is none (MC1-JSON-01)."""
    assert json.loads(frame)

    for end in range(len(frame)):
        assert_no_frame(frame[:end])


# MC1-JSON-02 and MC1-JSON-06: numbers


@pytest.mark.parametrize("word", ["NaN", "Infinity", "-Infinity", "nan", "inf", "-inf"])
def test_words_for_what_is_no_number_are_refused(word: str) -> None:
    """They are not JSON (MC1-JSON-02)."""
    assert_other_is_refused(word)
    assert_no_frame(f'{{"command": "join", "room": {word}}}')
    assert_no_frame(f'{{"room": "1", "message": "", "username": "", "msg_type": {word}}}')


@pytest.mark.parametrize(
    "number", ["1e400", "-1e400", "1e99999999999999999999", "9" * 400 + ".5", "9" * 5_000]
)
def test_numbers_out_of_range_are_refused(number: str) -> None:
    """A server may refuse what binary64 cannot hold, and this one does (MC1-JSON-06)."""
    assert_other_is_refused(number)
    assert_no_frame(f'{{"command": "join", "room": {number}}}')
    assert_no_frame(f'{{"room": "1", "message": "", "username": "", "msg_type": {number}}}')


def test_a_mebibyte_of_digits_is_refused() -> None:
    """Reading a number costs no more than its length: Python's own limit is not met."""
    assert_other_is_refused("9" * MIB)
    assert_other_is_taken("0." + "9" * MIB)
    assert_other_is_refused("9" * MIB + "e-999999999")


@pytest.mark.parametrize(
    "number", ["1e308", "1e-400", "0e99999999999", "-0", "-0.0", "9" * 30, "0." + "1" * 5_000]
)
def test_odd_numbers_within_the_range_are_taken(number: str) -> None:
    """Nobody looks at the value of a member that v1 does not know (MC1-FRAME-04)."""
    assert_other_is_taken(number)


def test_a_negative_zero_is_the_room_0() -> None:
    """It is an integer, without fraction or exponent (MC1-ROOM-02)."""
    assert decode_command('{"command": "join", "room": -0}') == Join(0)


# MC1-JSON-03: surrogates


@pytest.mark.parametrize(
    "escapes",
    [
        *("\\ud800", "\\udbff", "\\udc00", "\\udfff", "\\uD83D"),
        *("a\\ud83d", "\\ud83da", "\\ud83d\\u0041", "\\ud83d\\n", "\\ud83d\\"),
        *("\\ude00\\ud83d", "\\ud83d\\ud83d\\ude00", "\\ud83d\\ude00\\ude00", "\\ud83d \\ude00"),
    ],
)
def test_lone_surrogates_are_refused_wherever_they_stand(escapes: str) -> None:
    """In ``message``, in an unknown member, in a name, in depth (MC1-JSON-03)."""
    assert_no_frame(f'{{"command": "send", "room": "1", "message": "{escapes}"}}')
    assert_no_frame(f'{{"command": "join", "room": "{escapes}"}}')
    assert_no_frame(f'{{"command": "{escapes}", "room": "1"}}')
    assert_no_frame(f'{{"command": "join", "room": "1", "{escapes}": 1}}')
    assert_no_frame(f'{{"join": "1", "title": "{escapes}"}}')
    assert_other_is_refused(f'"{escapes}"')
    assert_other_is_refused(f'[{{"a": [{{"{escapes}": 1}}]}}]')


def test_pairs_of_surrogates_are_one_character() -> None:
    """An escaped pair is how JSON writes a character beyond U+FFFF."""
    frame = '{"command": "send", "room": "1", "message": "\\ud83d\\uDE00\\ud800\\udc00"}'

    assert decode_command(frame) == Send("1", "\U0001f600\U00010000")
    assert_other_is_taken('{"\\ud83d\\ude00": "\\udbff\\udfff"}')


@pytest.mark.parametrize("text", [SURROGATE, f'"{SURROGATE}"', f'{{"{SURROGATE}": 1}}'])
def test_text_that_is_no_unicode_is_no_frame(text: str) -> None:
    """A caller should not pass such text; if one does, it is the peer's mistake, not a crash."""
    assert_no_frame(text)
    assert_other_is_refused(text)
    # Deep as well, where the text is looked at before it is parsed.
    assert_other_is_refused("[" * 40 + text + "]" * 40 + "[" * 40)


# MC1-JSON-04: names that come twice


def test_the_last_of_several_members_counts() -> None:
    """For every member of a command and of a frame (MC1-JSON-04)."""
    doubled = (
        '{"command": "leave", "room": [], "message": 1, "message": "a", "other": 1,'
        ' "command": 5, "room": "2", "command": "send", "message": "b", "other": 2}'
    )

    assert decode_command(doubled) == Send("2", "b")
    assert decode_frame('{"join": 1, "title": "a", "join": "2", "title": "b"}') == Joined(
        Room("2"), "b"
    )


def test_the_last_counts_also_where_it_is_wrong() -> None:
    """And however its name is spelled (MC1-JSON-04)."""
    refused = refusal_of('{"command": "join", "room": "1", "r\\u006fom": "x"}')

    assert refused.code == ErrorCode.ROOM_INVALID


# MC1-JSON-05: depth


def nested(levels: int, inside: str = "1") -> str:
    """Return a value of that many levels, of arrays and objects by turns."""
    opening = "".join('{"a":' if level % 2 else "[" for level in range(levels))
    return opening + inside + "".join("]}"[level % 2] for level in reversed(range(levels)))


def test_64_levels_are_read_and_65_refused() -> None:
    """The outer object is the first level (MC1-JSON-05)."""
    assert MAX_DEPTH == 64
    assert_other_is_taken(nested(63))
    assert_other_is_refused(nested(64))
    assert "64 levels" in str(refusal_of(JOIN.format(nested(64))))


@pytest.mark.parametrize("kind", ["[]", "{}"])
def test_brackets_of_one_kind_count_like_others(kind: str) -> None:
    """Objects and arrays alike (MC1-JSON-05)."""
    opening = "[" if kind == "[]" else '{"a":'
    for levels, is_right in ((63, True), (64, False)):
        value = opening * levels + "1" + kind[1] * levels
        (assert_other_is_taken if is_right else assert_other_is_refused)(value)


def test_width_is_not_depth() -> None:
    """A million siblings are two levels (MC1-JSON-05)."""
    assert_other_is_taken("[" + "[]," * 300_000 + "{}]")
    assert_other_is_taken("[" + ",".join([nested(62)] * 1_000) + "]")
    assert_other_is_refused("[" + ",".join([nested(62)] * 1_000 + [nested(63)]) + "]")


@pytest.mark.parametrize(
    "string",
    ["[" * 200, "{" * 200, '\\"' + "[" * 200, "[" * 200 + "\\\\", "\\\\\\" + '"' + "{" * 200],
)
def test_brackets_in_strings_do_not_count(string: str) -> None:
    """Neither in values nor in names, however quotes are escaped (MC1-JSON-05)."""
    assert_other_is_taken(f'"{string}"')
    assert_other_is_taken(f'{{"{string}": "{string}"}}')
    assert_other_is_taken(nested(63, f'"{string}"'))
    assert_other_is_refused(nested(64, f'"{string}"'))


def test_brackets_behind_strings_count() -> None:
    """A string ends where JSON says it does (MC1-JSON-05)."""
    for string in ('""', '"\\\\"', '"\\""', '"\\\\\\""', '"\u00fc\U0001f600"'):
        assert_other_is_taken(f"[{string},{nested(62)}]")
        assert_other_is_refused(f"[{string},{nested(63)}]")


@pytest.mark.parametrize("levels", [65, 1_000, 100_000, MIB])
@pytest.mark.parametrize("opening", ["[", '{"a":', "[{", '["]",', "[[]", "{"])
def test_unclosed_brackets_are_refused(opening: str, levels: int) -> None:
    """No stack depends on the network: nothing recurses into them (MC1-JSON-05)."""
    assert_no_frame(opening * levels)
    assert_other_is_refused(opening * levels)


def test_closing_brackets_make_no_room_for_deeper_ones() -> None:
    """The depth may come out below nothing; the parser has given up by then (MC1-JSON-01)."""
    assert_no_frame("]" * 1_000 + "[" * 1_000)
    assert_other_is_refused("]" * 1_000 + "[" * 1_000)
    assert_other_is_refused('"' + "]" * 1_000 + '"' + nested(64))


class Steps:
    """Stands in for ``itertools.accumulate`` and counts the brackets that are looked at."""

    def __init__(self) -> None:
        self.taken = 0

    def __call__(self, steps: Iterable[int]) -> Iterator[int]:
        depth = 0
        for step in steps:
            self.taken += 1
            depth += step
            yield depth


@pytest.mark.parametrize(
    ("text", "most"),
    [
        ("[" * MIB, MAX_DEPTH + 1),
        ('{"a":' * (MIB // 5), MAX_DEPTH + 1),
        ("[]" * (MIB // 2), MIB),
        (nested(64) * 100, 100 * 64 * 2),
        (nested(64) * 100 + nested(65) * 100, 100 * 64 * 2 + 65),
        ('"' + "[" * MIB, 0),
        ('"\\"' * (MIB // 3) + "[" * 65, 0),
        ("[" * 64 + "0" * MIB, 0),
    ],
)
def test_each_bracket_is_looked_at_once_and_none_behind_the_limit(
    text: str, most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it costs to refuse a frame is bounded by its size (MC1-JSON-05)."""
    steps = Steps()
    monkeypatch.setattr(codec, "accumulate", steps)

    refusal_of(text)

    assert steps.taken == most


# Size


@pytest.mark.parametrize("space", [" ", "\t", "\n", "\r", " \t\r\n"])
def test_a_mebibyte_of_white_space_means_nothing(space: str) -> None:
    """Any amount, around every token (MC1-JSON-07)."""
    room = space * (MIB // 8 // len(space))
    tokens = ["{", '"command"', ":", '"join"', ",", '"room"', ":", "1", "}"]

    assert decode_command(room + room.join(tokens) + room) == Join(1)
    assert_no_frame(room * 8)
    assert_no_frame(room * 8 + "{")


@pytest.mark.parametrize(
    "text",
    [
        '"' * MIB,
        "\\" * MIB,
        '"\\' * (MIB // 2),
        '{"' + "\\u0041" * (MIB // 6),
        '{"' + "\\\\" * (MIB // 2) + '"',
        "{" * 65 + '"' + "\\" * MIB,
        "{" * 65 + '"a' * (MIB // 2),
        '{"command":' * (MIB // 11),
        "-" * MIB,
        "1e" * (MIB // 2),
        "\u2028" * MIB,
        "\U0001f600[" * (MIB // 2),
    ],
)
def test_a_mebibyte_of_one_thing_is_no_frame(text: str) -> None:
    """Large and wrong is as cheap as large and right (MC1-JSON-01)."""
    assert_no_frame(text)


def test_a_command_with_a_mebibyte_in_it_is_a_command() -> None:
    """How long a message may be is for the connection to say, not for the codec (MC1-LIMIT-03)."""
    long = "\\ud83d\\ude00" * (MIB // 12)

    command = decode_command(f'{{"command": "send", "room": "1", "message": "{long}"}}')

    assert command == Send("1", "\U0001f600" * (MIB // 12))


@pytest.mark.parametrize(
    "room", ['"' + "1" * MIB + '"', '"' + "0" * MIB + '"', '"-' + "1" * MIB + '"', '"' * 2]
)
def test_a_long_name_is_no_room(room: str) -> None:
    """Nor does it come back in the answer, which would double the traffic (MC1-ROOM-03)."""
    refused = refusal_of(f'{{"command": "leave", "room": {room}}}')

    assert refused.code == ErrorCode.ROOM_INVALID
    assert (refused.command, refused.room) == ("leave", None)
    assert len(str(refused)) < 200


# Anything at all


pieces = st.lists(
    st.sampled_from(
        [
            *("{", "}", "[", "]", ":", ",", '"', "\\", " ", "\n", "\0", "\ufeff", SURROGATE),
            *('"command"', '"room"', '"message"', '"join"', '"leave"', '"send"', '"error"'),
            *('"msg_type"', '"username"', '"title"', '"1"', "1", "1.0", "1e400", "-", "NaN"),
            *("null", "true", "\\u0041", "\\ud800", '{"command":"join","room":', '"x":'),
        ]
    )
    | st.characters(),
    max_size=30,
).map("".join)


@st.composite
def mangled(draw: st.DrawFn) -> str:
    """Make a frame with some characters left out, put in, doubled or swapped."""
    frame = json.dumps(
        draw(
            st.fixed_dictionaries(
                {"command": st.sampled_from(["join", "leave", "send"]), "room": JSON}
                | {"message": TEXT}
            )
            | st.fixed_dictionaries({"join": st.just("1"), "title": TEXT, "x": JSON})
        ),
        ensure_ascii=draw(st.booleans()),
    )
    for _ in range(draw(st.integers(0, 3))):
        start = draw(st.integers(0, len(frame)))
        end = draw(st.integers(start, min(start + 4, len(frame))))
        frame = frame[:start] + draw(pieces) + frame[end:]
    return frame


@settings(max_examples=500)
@given(pieces | mangled() | st.text(st.characters()))
@example("[" * 70)
def test_any_text_gets_the_answer_of_a_second_reader(text: str) -> None:
    """The codec and a strict reader that shares no code with it say the same of everything."""
    code: str | None
    try:
        decode_command(text)
    except CommandRefused as refused:
        code = refused.code
    else:
        code = None
    try:
        verdict = "ignore" if decode_frame(text) is None else "valid"
    except RemoteProtocolError:
        verdict = "violation"

    assert code == read_command(text)
    assert verdict == read_server_frame(text)
