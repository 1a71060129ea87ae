"""Patterns: each takes the frame that it asks for, and no other, and says why."""

import pytest

from multichat_conformance.patterns import (
    Announcement,
    Enter,
    Error,
    Exit,
    Joined,
    Left,
    Pattern,
    Said,
    Stream,
    stream_of,
)
from multichat_conformance.target import Account, Room

ROOM = Room("1", "room 1")
ALICE = Account("alice")

JOINED = {"join": "1", "title": "room 1"}
LEFT = {"leave": "1"}
ERROR = {"error": "ROOM_INVALID"}
MESSAGE = {"room": "1", "message": "hi", "username": "alice", "msg_type": 0}
ENTER = {"room": "1", "message": None, "username": "alice", "msg_type": 4}
LEAVE = {**ENTER, "msg_type": 5}

OTHERS: list[object] = ["another", None, 1, True, 0.0, False, [], {}]

FITTING = [
    (Joined(ROOM), JOINED),
    (Joined("1"), {"join": "1", "title": "whatever"}),
    (Joined(Room("1")), {"join": "1", "title": "whatever"}),
    (Left(ROOM), LEFT),
    (Error("ROOM_INVALID"), ERROR),
    (Error("ROOM_INVALID", "ROOM_ACCESS_DENIED"), ERROR),
    (Error("ROOM_INVALID"), {**ERROR, "command": "join", "room": "1", "detail": "no"}),
    (Said(ROOM, "hi", ALICE), MESSAGE),
    (Said("1", "hi", "alice", msg_type=2), {**MESSAGE, "msg_type": 2}),
    (Enter(ROOM, ALICE), ENTER),
    (Exit(ROOM, ALICE), LEAVE),
    (Announcement(4, "1", "alice"), ENTER),
]


@pytest.mark.parametrize(("pattern", "frame"), FITTING)
def test_a_pattern_takes_its_frame(pattern: Pattern, frame: dict[str, object]) -> None:
    assert pattern.mismatch(frame) is None


@pytest.mark.parametrize(("pattern", "frame"), FITTING)
def test_a_pattern_rejects_a_frame_that_lacks_a_member(
    pattern: Pattern, frame: dict[str, object]
) -> None:
    for name in pattern.members:
        lacking = {key: value for key, value in frame.items() if key != name}

        assert pattern.mismatch(lacking) == f"it has no member '{name}'"


@pytest.mark.parametrize(("pattern", "frame"), FITTING)
def test_a_pattern_rejects_each_other_value(pattern: Pattern, frame: dict[str, object]) -> None:
    for name in pattern.members:
        for other in OTHERS:
            if other is not frame[name]:
                mismatch = pattern.mismatch({**frame, name: other})

                assert mismatch is not None, (name, other)
                assert mismatch.startswith(f"its member '{name}' is ")


@pytest.mark.parametrize(
    ("pattern", "frame", "reason"),
    [
        (Joined(ROOM), {**JOINED, "join": "2"}, "its member 'join' is \"2\""),
        (Joined(ROOM), {**JOINED, "title": "room 2"}, "its member 'title' is \"room 2\""),
        (Joined(ROOM), ERROR, "it has no member 'join'"),
        (Left(ROOM), {"leave": 1}, "its member 'leave' is 1"),
        (Error("ROOM_INVALID"), {"error": "FRAME_INVALID"}, "its member 'error' is \"FRAME_"),
        (Error("A", "B"), {"error": "C"}, "its member 'error' is \"C\""),
        (Said(ROOM, "hi", ALICE), {**MESSAGE, "message": "hi "}, "its member 'message' is \"hi "),
        (Said(ROOM, "é", ALICE), {**MESSAGE, "message": "e\u0301"}, "its member 'message' is"),
        (Said(ROOM, "hi", ALICE), {**MESSAGE, "username": "bob"}, "its member 'username' is"),
        (Said(ROOM, "hi", ALICE), {**MESSAGE, "msg_type": False}, "its member 'msg_type' is false"),
        (Said(ROOM, "hi", ALICE), {**MESSAGE, "msg_type": 0.0}, "its member 'msg_type' is 0.0"),
        (Enter(ROOM, ALICE), LEAVE, "its member 'msg_type' is 5"),
        (Exit(ROOM, ALICE), ENTER, "its member 'msg_type' is 4"),
        (Enter(ROOM, ALICE), {**ENTER, "message": ""}, "its member 'message' is \"\""),
    ],
)
def test_a_pattern_says_why_a_frame_does_not_fit(
    pattern: Pattern, frame: dict[str, object], reason: str
) -> None:
    assert (pattern.mismatch(frame) or "").startswith(reason)


def test_a_pattern_in_words_is_the_frame_that_it_asks_for() -> None:
    assert str(Left(ROOM)) == '{"leave": "1"}'
    assert str(Error("B", "A")) == '{"error": "A or B"}'
    assert str(Said(ROOM, "Привет", ALICE)) == (
        '{"room": "1", "message": "Привет", "username": "alice", "msg_type": 0}'
    )


@pytest.mark.parametrize(
    ("frame", "stream"),
    [
        (JOINED, Stream.ANSWERS),
        (LEFT, Stream.ANSWERS),
        (ERROR, Stream.ANSWERS),
        (MESSAGE, Stream.MESSAGES),
        ({**MESSAGE, "msg_type": 3}, Stream.MESSAGES),
        ({**MESSAGE, "msg_type": 100}, Stream.MESSAGES),
        (ENTER, Stream.ANNOUNCEMENTS),
        (LEAVE, Stream.ANNOUNCEMENTS),
    ],
)
def test_a_frame_belongs_to_one_stream(frame: dict[str, object], stream: Stream) -> None:
    assert stream_of(frame) is stream


@pytest.mark.parametrize(("pattern", "frame"), FITTING)
def test_a_pattern_is_looked_for_where_its_frame_is(
    pattern: Pattern, frame: dict[str, object]
) -> None:
    assert pattern.stream is stream_of(frame)
