"""
What the codec says of frames that are JSON: which fault counts, and how it is told.

That it takes and refuses what the schemas do is in ``test_schemas``; what it does about text
that is no JSON, or too much of it, in ``test_hostile_json``.
"""

import json

import pytest

from multichat_proto import (
    Command,
    CommandRefused,
    Error,
    ErrorCode,
    Join,
    Joined,
    Left,
    LocalProtocolError,
    Message,
    RemoteProtocolError,
    Room,
    Send,
    ServerFrame,
    decode_command,
    decode_frame,
    encode,
    encode_bytes,
)

FRAME, COMMAND = ErrorCode.FRAME_INVALID, ErrorCode.COMMAND_INVALID
ROOM, MESSAGE = ErrorCode.ROOM_INVALID, ErrorCode.MESSAGE_INVALID


@pytest.mark.parametrize(
    ("frame", "code", "command", "room"),
    [
        ([], FRAME, None, None),
        ({}, COMMAND, None, None),
        ({"command": "JOIN"}, COMMAND, None, None),
        ({"command": ["join"], "room": "1"}, COMMAND, None, None),
        ({"command": {"join": 1}, "room": "1"}, COMMAND, None, None),
        ({"command": "say", "room": "x", "message": 1}, COMMAND, None, None),
        ({"command": "join"}, COMMAND, "join", None),
        ({"command": "leave", "message": 1}, COMMAND, "leave", None),
        ({"command": "send"}, COMMAND, "send", None),
        ({"command": "send", "message": "hi"}, COMMAND, "send", None),
        ({"command": "send", "room": "1"}, COMMAND, "send", "1"),
        ({"command": "send", "room": 1}, COMMAND, "send", "1"),
        ({"command": "send", "room": "x"}, COMMAND, "send", None),
        ({"command": "send", "room": "x", "message": 1}, ROOM, "send", None),
        ({"command": "send", "room": 1, "message": None}, MESSAGE, "send", "1"),
        ({"command": "join", "room": None, "message": 1}, ROOM, "join", None),
    ],
)
def test_the_first_fault_counts_and_the_answer_tells_what_could_be_read(
    frame: object, code: ErrorCode, command: str | None, room: str | None
) -> None:
    """In the order of MC1-ERR-05, with the members of MC1-ERR-02."""
    with pytest.raises(CommandRefused) as refusal:
        decode_command(json.dumps(frame))

    refused = refusal.value
    assert (refused.code, refused.command, refused.room) == (code, command, room)


@pytest.mark.parametrize(
    ("frame", "detail"),
    [
        ("[]", "not a JSON object"),
        ("{}", "command is missing"),
        ('{"command": "say"}', "no such command"),
        ('{"command": "join"}', "room is missing"),
        ('{"command": "send", "room": "1"}', "message is missing"),
        ('{"command": "send", "room": "1", "message": 1}', "message is no string"),
    ],
)
def test_a_refusal_says_what_is_wrong(frame: str, detail: str) -> None:
    """A sentence for the person who reads a log (MC1-ERR-02)."""
    with pytest.raises(CommandRefused) as refusal:
        decode_command(frame)

    assert refusal.value.detail == detail


@pytest.mark.parametrize(
    ("frame", "reason"),
    [
        ([], "malformed frame: not a JSON object"),
        ({"join": "1", "leave": "1", "title": ""}, "one frame as join and leave"),
        ({"error": "X", "msg_type": 0}, "one frame as error and msg_type"),
        ({"join": 1, "title": ""}, "whose join is no room"),
        ({"join": "1"}, "whose title is no string"),
        ({"leave": None}, "whose leave is no room"),
        ({"error": "no code"}, "whose code is none"),
        ({"error": "X" * 65}, "whose code is none"),
        ({"error": 1}, "whose code is none"),
        ({"error": "X", "command": "say"}, "whose command is none of v1's"),
        ({"error": "X", "command": None}, "whose command is none of v1's"),
        ({"error": "X", "room": 1}, "whose room is no room"),
        ({"error": "X", "detail": None}, "whose detail is no string"),
        ({"msg_type": 0, "room": "1", "username": "a"}, "type 0 with a wrong text"),
        ({"msg_type": 3, "room": "1", "username": "a", "message": None}, "type 3 with a wrong"),
        ({"msg_type": 4, "room": "1", "username": "a", "message": ""}, "type 4 with a wrong"),
        ({"msg_type": 6, "room": "1", "username": "a", "message": 1}, "type 6 with a wrong"),
        ({"msg_type": 0.5, "room": "1", "username": "a", "message": ""}, "no natural number"),
        ({"msg_type": True, "room": "1", "username": "a", "message": ""}, "no natural number"),
        ({"msg_type": 2**53, "room": "1", "username": "a", "message": ""}, "no natural number"),
        ({"msg_type": 0, "room": "01", "username": "a", "message": ""}, "whose room is no room"),
        ({"msg_type": 0, "room": "1", "message": ""}, "whose username is no string"),
    ],
)
def test_a_violation_says_whose_and_what(frame: object, reason: str) -> None:
    """A client does not act on a malformed frame (MC1-CLIENT-03)."""
    with pytest.raises(RemoteProtocolError, match=f"^the server sent .*{reason}"):
        decode_frame(json.dumps(frame))


@pytest.mark.parametrize("frame", [{}, {"room": "1"}, {"username": 1, "message": []}, {"x": {}}])
def test_a_frame_of_no_known_kind_is_nothing(frame: object) -> None:
    """A client ignores it, whatever else is in it (MC1-CLIENT-02)."""
    assert decode_frame(json.dumps(frame)) is None


def test_an_unknown_type_and_an_unknown_code_are_taken() -> None:
    """A client lives with what later servers say (MC1-TYPE-04, MC1-CLIENT-06)."""
    message = '{"room": "1", "message": null, "username": "a", "msg_type": 77}'

    assert decode_frame(message) == Message(Room("1"), None, "a", 77)
    assert decode_frame('{"error": "NEW_1"}') == Error("NEW_1")


def test_a_type_that_is_written_with_a_fraction_is_its_integer() -> None:
    """JSON Schema does not tell 4.0 from 4, nor do most parsers; nobody is hurt by it."""
    frame = decode_frame('{"room": "1", "message": "a", "username": "b", "msg_type": 1.0}')

    assert frame == Message(Room("1"), "a", "b", 1)
    assert isinstance(frame, Message)
    assert type(frame.msg_type) is int


@pytest.mark.parametrize(
    "message",
    [
        Send("1", "\ud800"),
        Send("1", "\ude00\ud83d"),
        Joined(Room("1"), "\udfff"),
        Message(Room("1"), "", "\ud800", 0),
        Error("X", detail="\ud800"),
        Join("\ud800"),
        Left(Room("\ud800")),
    ],
)
def test_what_is_no_unicode_is_not_encoded(message: Command | ServerFrame) -> None:
    """Nobody sends what everybody must refuse (MC1-JSON-03)."""
    for write in (encode, encode_bytes):
        with pytest.raises(LocalProtocolError, match="lone surrogate"):
            write(message)
