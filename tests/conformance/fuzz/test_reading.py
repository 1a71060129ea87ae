"""The suite's own reading of frames agrees with the specification's examples and recordings."""

from typing import Any

import pytest

import multichat_spec
from multichat_conformance.fuzz.reading import is_well_formed, meanings_of
from multichat_conformance.judging import judge_frame
from multichat_conformance.model.records import Meaning
from multichat_conformance.target.model import Limits
from multichat_spec import Example, MalformedCase

EXAMPLES = [one for one in multichat_spec.examples() if one.direction == "client"]
SERVER_EXAMPLES = [one for one in multichat_spec.examples() if one.direction == "server"]


def frames_answered(case: MalformedCase) -> list[list[dict[str, Any]]]:
    """The answers that v1 allows, as far as they are frames and not the end of the connection."""
    return [one["frames"] for one in (case.answer, *case.alternatives) if "frames" in one]


CASES = [
    case
    for case in multichat_spec.malformed_cases()
    if case.frame is not None and frames_answered(case)
]
LIMITS = Limits(message_length=65536)

LIBERTIES = {
    # An integer that some parsers round (MC1-ROOM-09, SHOULD).
    "client-join-greatest": {"", "ROOM_INVALID"},
    # Longer than the limit that is stated here; the example is for a server with none.
    "client-message-too-long": {"MESSAGE_TOO_LONG"},
}


def codes(text: str, limits: Limits = LIMITS) -> set[str]:
    return {meaning.code for meaning in meanings_of(text, limits)}


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda one: one.name)
def test_examples_are_read_as_they_are_filed(example: Example) -> None:
    wanted = set(example.errors) if not example.valid else {""}
    wanted |= {""} if example.optional else set()

    assert codes(multichat_spec.expand(example.frame)) == LIBERTIES.get(example.name, wanted)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_recorded_frames_are_read_as_v1_answers_them(case: MalformedCase) -> None:
    """The first frame of each answer that v1 allows is an error, or it is none."""
    assert case.frame is not None
    wanted = {one[0].get("error", "") if one else "" for one in frames_answered(case)}
    wanted -= {"ROOM_ACCESS_DENIED", "USER_HAS_TO_LOGIN"}

    found = codes(multichat_spec.expand(case.frame))

    # What a room's id means for a command (no such room, say) is the world's affair.
    assert found - {""} <= wanted | {"ROOM_INVALID"}
    assert wanted - {"ROOM_INVALID"} <= found | {""}


@pytest.mark.parametrize(
    ("text", "meanings"),
    [
        ('{"command": "join", "room": 1}', (Meaning("join", "1"),)),
        ('{"command": "send", "room": "1", "message": ""}', (Meaning("send", "1", ""),)),
        ('{"command":"leave","command":"join","room":[],"room":2}', (Meaning("join", "2"),)),
        (
            '{"command": "join", "room": 1.0}',
            (Meaning(code="ROOM_INVALID", clause="MC1-ROOM-04"), Meaning("join", "1")),
        ),
        (
            '{"command": "join", "room": 2.5}',
            (Meaning(code="ROOM_INVALID", clause="MC1-ROOM-03"),),
        ),
        (
            '{"command": "jump", "room": NaN}',
            (Meaning(code="FRAME_INVALID", clause="MC1-JSON-02"),),
        ),
        (
            '{"room": "\\ud800", "room": "1", "command": "join"}',
            (Meaning(code="FRAME_INVALID", clause="MC1-JSON-03"),),
        ),
        ("[" * 65 + "]" * 65, (Meaning(code="FRAME_INVALID", clause="MC1-JSON-05"),)),
        (
            '{"command": "send", "room": "x", "message": 5}',
            (Meaning(code="ROOM_INVALID", clause="MC1-ROOM-03"),),
        ),
        (
            '{"command": "join", "room": "1", "x": 1e400}',
            (Meaning("join", "1"), Meaning(code="FRAME_INVALID", clause="MC1-JSON-06")),
        ),
    ],
)
def test_the_first_fault_gives_the_code(text: str, meanings: tuple[Meaning, ...]) -> None:
    """MC1-ERR-05; where a clause is SHOULD or MAY, each thing that it allows."""
    assert meanings_of(text, Limits()) == meanings


def test_the_length_of_a_message_is_the_servers_to_state() -> None:
    text = '{"command": "send", "room": "1", "message": "' + "m" * 5000 + '"}'

    assert codes(text, Limits()) == {"", "MESSAGE_TOO_LONG"}
    assert codes(text, Limits(message_length=False)) == {""}
    assert codes(text, Limits(message_length=5000)) == {""}
    assert codes(text, Limits(message_length=4999)) == {"MESSAGE_TOO_LONG"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{"command": "join", "room": "1", "x": "y"}', True),
        ('{"command": "join", "room": "1", "x": 5}', False),
        ('{"command": "join", "room": "1", "room": "1"}', False),
        ('{"command": "join", "room": 9007199254740992}', False),
        ('{"command": "join", "room": -9007199254740991}', True),
        ('{"command": "join", "room": 1.0}', False),
        ('{"command": "join"}', False),
        ('{"command": "join", "room": "1"', False),
    ],
)
def test_what_is_well_formed(text: str, expected: bool) -> None:
    """Section 1.2."""
    assert is_well_formed(text) is expected


@pytest.mark.parametrize("example", SERVER_EXAMPLES, ids=lambda one: one.name)
def test_the_judge_agrees_with_the_servers_examples(example: Example) -> None:
    finding = judge_frame(multichat_spec.expand(example.frame), actor="alice").finding

    assert (finding is None) is example.valid
