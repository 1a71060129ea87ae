"""
The recordings of the 2016 original, held against the schemas and the codec.

Where a clause and a recording disagree on well-formed traffic, the recording wins; so what
was recorded there has to validate, frame by frame.
"""

import json
from collections.abc import Iterator
from typing import Any

import pytest

import multichat_spec
from multichat_proto.codec import decode_command, decode_frame, encode
from multichat_proto.exceptions import CommandRefused, RemoteProtocolError
from multichat_proto.limits import Limits
from multichat_proto.messages import Message, MsgType, Room
from multichat_proto.server import Exit, Reply, RoomAccess, ServerConnection, Speak
from multichat_spec import Json, MalformedCase, expand
from tests.spec.oracle import read_command, read_server_frame

SESSIONS = multichat_spec.recorded_sessions()
CASES = multichat_spec.malformed_cases()
TABLE = multichat_spec.recording("malformed.json")
DEVIATIONS = multichat_spec.recording("deviations.json")["frames"]


def sent() -> Iterator[tuple[Json, Json, str]]:
    """Yield each text frame that a client sent: its session, its step, its text."""
    for session in SESSIONS:
        for step in session["steps"]:
            if "send" in step:
                yield session, step, expand(step["send"])


def received() -> Iterator[tuple[Json, str]]:
    """Yield each text frame that a client received: its session and its text."""
    for session in SESSIONS:
        for step in session["steps"]:
            for events in step.get("then", {}).values():
                for event in events:
                    if "frame" in event:
                        yield session, expand(event["frame"])


def decoded(text: str) -> str | None:
    try:
        decode_command(text)
    except CommandRefused as refused:
        return str(refused.code)
    return None


def test_the_recordings_are_here() -> None:
    groups = {session["group"] for session in SESSIONS}

    assert groups == {"well-formed", "malformed", "handshake", "pipelined", "access"}
    assert len({session["id"] for session in SESSIONS}) == len(SESSIONS) == 321


def test_every_command_on_well_formed_traffic_is_valid() -> None:
    """A step without ``invalid`` sent a command; sessions outside "malformed" sent nothing else."""
    valid = [text for _, step, text in sent() if "invalid" not in step]

    assert len(valid) > 700
    assert [text for text in valid if read_command(text) is not None] == []
    assert [text for text in valid if decoded(text) is not None] == []
    assert {session["group"] for session, step, _ in sent() if "invalid" in step} == {"malformed"}


def test_every_malformed_frame_gets_the_code_it_is_filed_under() -> None:
    malformed = [(step["invalid"], text) for _, step, text in sent() if "invalid" in step]

    assert len(malformed) > 150
    assert [(codes, text) for codes, text in malformed if read_command(text) not in codes] == []
    assert [(codes, text) for codes, text in malformed if decoded(text) not in codes] == []
    # Only where a number is beyond binary64 may it be one code or another (MC1-JSON-06).
    assert len([codes for codes, _ in malformed if len(codes) > 1]) == 3


def test_every_frame_of_the_original_is_valid_or_listed() -> None:
    listed = {expand(row["frame"]): set(row["sessions"]) for row in DEVIATIONS}
    found: dict[str, set[str]] = {}
    for session, text in received():
        if read_server_frame(text) != "valid":
            found.setdefault(text, set()).add(session["id"])

    assert found == listed


def test_no_frame_on_well_formed_traffic_is_listed() -> None:
    malformed = {session["id"] for session in SESSIONS if session["group"] == "malformed"}

    assert all(set(row["sessions"]) <= malformed for row in DEVIATIONS)


def test_the_codec_reads_every_frame_of_the_original() -> None:
    """What is valid decodes and encodes to equal JSON; what is listed is refused."""
    listed = {expand(row["frame"]) for row in DEVIATIONS}
    for text in {text for _, text in received()}:
        if text in listed:
            with pytest.raises(RemoteProtocolError):
                decode_frame(text)
        else:
            frame = decode_frame(text)
            assert frame is not None, text
            assert json.loads(encode(frame)) == json.loads(text)


def test_every_odd_frame_of_the_recordings_is_in_the_table() -> None:
    odd = {session["id"] for session in SESSIONS if session["id"].startswith(("04.", "04s", "04l"))}
    odd |= {session["id"] for session in SESSIONS if session["id"].startswith(("09m", "16"))}

    # Ten frames like 16.01 in a row.
    assert odd - {case.id for case in CASES} == {"16f24"}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_an_odd_frame_gets_its_answer(case: MalformedCase) -> None:
    """What the table says is what the core answers; then the same connection joins a room."""
    text = _text(case)
    if text is None:
        assert case.raw
        return
    connection = ServerConnection(username="alice", look_up=_look_up, limits=Limits(command_rate=0))
    for room in case.joined:
        connection.receive_text(json.dumps({"command": "join", "room": room}), now=0.0)
    if len(text.encode()) > TABLE["limits"]["max_frame_bytes"]:
        # Its size is seen before it is a message at all.
        assert case.answer == {"close": 1009}
        return

    assert case.valid == (read_command(text) is None) == (decoded(text) is None)
    assert _play(connection, text) in [_answer(answer) for answer in _all(case)]
    again = _play(connection, '{"command": "join", "room": "2"}')
    assert again == [{"join": "2", "title": "room 2"}]


def test_the_table_presumes_the_limits_of_the_core() -> None:
    assert TABLE["limits"]["max_message_length"] == Limits().max_message_length


def _text(case: MalformedCase) -> str | None:
    return None if case.frame is None else expand(case.frame)


def _all(case: MalformedCase) -> list[Json]:
    return [case.answer, *case.alternatives]


def _answer(answer: Json) -> list[Any]:
    frames = answer["frames"]
    return [json.loads(expand(frame)) if "parts" in frame else frame for frame in frames]


def _look_up(room: Room) -> RoomAccess | None:
    title = TABLE["rooms"].get(room)
    return None if title is None else RoomAccess(title, allowed=room != "3")


def _play(connection: ServerConnection, text: str) -> list[Any]:
    """Return what the sender gets, as the table writes it."""
    frames: list[Any] = []
    for action in connection.receive_text(text, now=0.0):
        match action:
            case Reply(frame=frame):
                members = json.loads(encode(frame))
                frames.append({"error": members["error"]} if "error" in members else members)
            case Exit(room=room):
                frames.append(json.loads(encode(Message(room, None, "alice", MsgType.LEAVE))))
            case Speak(room=room, message=said):
                frames.append(json.loads(encode(Message(room, said, "alice", MsgType.MESSAGE))))
            case _:
                pass
    return frames
