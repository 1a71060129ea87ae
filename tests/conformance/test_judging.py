"""Judging: what the schemas reject is found, with the clause, and what they allow is not."""

import json

import pytest

from multichat_conformance.judging import judge_frame
from multichat_spec import Example, examples, expand

SERVERS = [example for example in examples() if example.direction == "server"]


@pytest.mark.parametrize(
    "example", [one for one in SERVERS if one.valid], ids=lambda example: example.name
)
def test_what_the_specification_calls_valid_is(example: Example) -> None:
    text = expand(example.frame)

    judged = judge_frame(text, actor="alice")

    assert judged.finding is None
    assert judged.frame == json.loads(text)


@pytest.mark.parametrize(
    "example", [one for one in SERVERS if not one.valid], ids=lambda example: example.name
)
def test_what_the_specification_calls_invalid_is(example: Example) -> None:
    judged = judge_frame(expand(example.frame), actor="alice")

    assert judged.finding is not None
    assert judged.finding.actor == "alice"
    assert judged.finding.summary.startswith("alice received a frame that is ")


MESSAGE = '{{"room": {room}, "message": {text}, "username": "a", "msg_type": {type}}}'


@pytest.mark.parametrize(
    ("text", "clause", "wrong"),
    [
        ("", "MC1-FRAME-01", "not JSON"),
        ("hello", "MC1-FRAME-01", "not JSON"),
        ('{"leave": "1"} {"leave": "1"}', "MC1-FRAME-01", "not JSON"),
        ('\ufeff{"leave": "1"}', "MC1-FRAME-01", "not JSON"),
        ("[" * 100_000, "MC1-FRAME-01", "not JSON"),
        ('{"leave": "1", "x": ' + "1" * 10_000 + "}", "MC1-FRAME-01", "not JSON"),
        ('["leave", "1"]', "MC1-FRAME-01", "not a JSON object"),
        ("null", "MC1-FRAME-01", "not a JSON object"),
        ('{"leave": "1", "x": NaN}', "MC1-FRAME-01", "NaN is not JSON"),
        ('{"leave": "1", "x": -Infinity}', "MC1-FRAME-01", "-Infinity is not JSON"),
        ('{"leave": "1", "x": "\\ud800"}', "MC1-FRAME-01", "unpaired surrogate"),
        ('{"leave": "1", "\\udc00": 1}', "MC1-FRAME-01", "unpaired surrogate"),
        ('{"leave": "2", "leave": "1"}', "MC1-FRAME-05", "two members are named 'leave'"),
        ("{}", "MC1-FRAME-05", "of none of the four kinds"),
        ('{"leave": "1", "error": "X"}', "MC1-FRAME-05", "of 2 kinds at once"),
        ('{"error": 5}', "MC1-FRAME-05", "no valid error frame"),
        ('{"join": "1"}', "MC1-FRAME-05", "no valid joined frame"),
        ('{"join": 1, "title": "t"}', "MC1-ROOM-05", "no valid joined frame"),
        ('{"leave": "01"}', "MC1-ROOM-05", "no valid left frame"),
        (MESSAGE.format(room=1, text='"t"', type=0), "MC1-ROOM-05", "no valid message frame"),
        (MESSAGE.format(room='"1"', text="null", type=0), "MC1-MSG-02", "no valid message frame"),
        (MESSAGE.format(room='"1"', text='"t"', type=4), "MC1-MSG-02", "no valid message frame"),
        (MESSAGE.format(room='"1"', text='"t"', type='"0"'), "MC1-FRAME-05", "no valid message"),
        (MESSAGE.format(room='"1"', text='"t"', type="1e400"), "MC1-FRAME-05", "no valid message"),
    ],
)
def test_a_fault_has_its_clause(text: str, clause: str, wrong: str) -> None:
    finding = judge_frame(text, actor="bob").finding

    assert finding is not None
    assert (finding.clause, wrong in finding.summary) == (clause, True), finding


def test_what_it_shows_of_a_frame_is_short() -> None:
    finding = judge_frame('{"error": "' + "x" * 1_000_000 + '"}', actor="bob").finding

    assert finding is not None
    assert len(finding.summary) < 500
    assert len(finding.got) < 5_000


def test_members_that_nobody_knows_are_no_fault() -> None:
    text = '{"leave": "1", "x": [{"y": 1e400}], "\\ud83d\\ude00": null}'

    assert judge_frame(text, actor="alice").finding is None
