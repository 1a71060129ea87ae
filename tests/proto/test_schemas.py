"""
Messages and schemas say the same, in both directions.

What a schema of ``spec/v1/schemas`` allows is decoded, and encodes to what was given but for
the members that v1 does not know. What a schema refuses is refused, with the error that v1
names. What a message encodes to, its schema allows. The schemas are judged by ``jsonschema``.

One difference is meant. To JSON Schema ``1.0`` is an integer, so the schemas allow it as a
room; v1 says that a server SHOULD refuse a number which is *written* with a fraction or an
exponent (MC1-ROOM-04), and the core does. Where it stands in ``msg_type``, a client takes it.
"""

import json
from typing import Any

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from multichat_proto import (
    CommandRefused,
    Error,
    ErrorCode,
    Join,
    Joined,
    Leave,
    Left,
    Message,
    RemoteProtocolError,
    Room,
    Send,
    decode_command,
    decode_frame,
    encode,
    encode_bytes,
)
from multichat_spec import schema
from tests.proto.schema_strategies import JSON, TEXT, Broken, broken, same, valid, validator

CLIENT = ("client/join", "client/leave", "client/send")
SERVER = ("server/error", "server/joined", "server/left", "server/message")
KINDS = {"error", "join", "leave", "msg_type"}

rooms = st.integers(-(2**63), 2**63 - 1).map(str) | st.sampled_from(["0", "-1", "9" * 19])
names = rooms.map(Room)
messages = (
    st.builds(Message, room=names, message=TEXT, username=TEXT, msg_type=st.integers(0, 3))
    | st.builds(Message, room=names, message=st.none(), username=TEXT, msg_type=st.integers(4, 5))
    | st.builds(
        Message,
        room=names,
        message=st.none() | TEXT,
        username=TEXT,
        msg_type=st.integers(6, 2**53 - 1),
    )
)


def text_of(data: st.DataObject, value: Any) -> str:
    """Return the value as JSON, spelled in one of the ways that mean the same."""
    return json.dumps(
        value,
        ensure_ascii=data.draw(st.booleans(), "escape characters outside ASCII"),
        separators=data.draw(st.sampled_from([(",", ":"), (", ", ": "), (" ,\r\n", "\t: ")])),
    )


def known(instance: dict[str, Any], name: str) -> dict[str, Any]:
    """Return the members of the instance that the schema describes."""
    return {key: value for key, value in instance.items() if key in schema(name)["properties"]}


@pytest.mark.parametrize("name", CLIENT)
@given(data=st.data())
def test_what_a_clients_schema_allows_is_that_command(name: str, data: st.DataObject) -> None:
    """A receiver ignores unknown members, and takes all the rest (MC1-FRAME-04)."""
    instance = data.draw(valid(name))
    text = text_of(data, instance)
    assert validator("client").is_valid(instance)
    if isinstance(instance["room"], float):
        with pytest.raises(CommandRefused) as refusal:
            decode_command(text)
        assert refusal.value.code == ErrorCode.ROOM_INVALID
        return

    command = decode_command(text)
    again = json.loads(encode(command))

    assert same(again, known(instance, name))
    assert validator(name).is_valid(again)
    assert decode_command(encode(command)) == command
    assert command.room_id == str(instance["room"])


@pytest.mark.parametrize("text", ["1.0", "1e0", "10E-1", "-0.0", "1.0e+0"])
@pytest.mark.parametrize("command", ["join", "leave", "send"])
def test_an_integer_with_fraction_or_exponent_names_no_room(command: str, text: str) -> None:
    """The one difference: schemas cannot see how a number is spelled (MC1-ROOM-04)."""
    frame = f'{{"command": "{command}", "room": {text}, "message": "hi"}}'
    assert validator("client").is_valid(json.loads(frame))

    with pytest.raises(CommandRefused) as refusal:
        decode_command(frame)

    assert refusal.value.code == ErrorCode.ROOM_INVALID
    assert (refusal.value.command, refusal.value.room) == (command, None)


def code_for(fault: Broken) -> ErrorCode:
    """Return the code that v1 names, from what is to blame alone (MC1-ERR-05)."""
    if fault.member is None:
        return ErrorCode.FRAME_INVALID
    if fault.keyword == "required":
        return ErrorCode.COMMAND_INVALID
    if fault.member == "message" and isinstance(fault.instance["room"], float):
        return ErrorCode.ROOM_INVALID  # the one difference again; the room comes first
    return {
        "command": ErrorCode.COMMAND_INVALID,
        "room": ErrorCode.ROOM_INVALID,
        "message": ErrorCode.MESSAGE_INVALID,
    }[fault.member]


@pytest.mark.parametrize("name", CLIENT)
@given(data=st.data())
def test_what_a_clients_schema_refuses_gets_the_code_of_the_guilty_member(
    name: str, data: st.DataObject
) -> None:
    """The first fault gives the code (MC1-ERR-05, MC1-ERR-08, MC1-ROOM-03, MC1-SEND-05)."""
    fault = data.draw(broken(name))
    assume(not is_another_command(fault))
    assert not validator("client").is_valid(fault.instance)

    with pytest.raises(CommandRefused) as refusal:
        decode_command(text_of(data, fault.instance))

    assert refusal.value.code == code_for(fault)
    assert isinstance(refusal.value.code, ErrorCode)


def is_another_command(fault: Broken) -> bool:
    """Tell whether a broken ``command`` has become another of v1's."""
    return fault.member == "command" and fault.instance.get("command") in ("join", "leave", "send")


@pytest.mark.parametrize("name", SERVER)
@given(data=st.data())
def test_what_a_servers_schema_allows_is_that_frame(name: str, data: st.DataObject) -> None:
    """Four kinds of frames, formed as their schemas say (MC1-FRAME-05)."""
    instance = data.draw(valid(name))
    assert validator("server").is_valid(instance)

    frame = decode_frame(text_of(data, instance))
    assert frame is not None
    again = json.loads(encode(frame))

    assert same(again, known(instance, name))
    assert validator(name).is_valid(again)
    assert decode_frame(encode(frame)) == frame


@pytest.mark.parametrize("name", SERVER)
@given(data=st.data())
def test_what_a_servers_schema_refuses_is_ignored_or_a_violation(
    name: str, data: st.DataObject
) -> None:
    """An object of no known kind is ignored; whatever else is malformed (MC1-CLIENT-02, -03)."""
    fault = data.draw(broken(name))
    text = text_of(data, fault.instance)
    assert not validator("server").is_valid(fault.instance)

    if isinstance(fault.instance, dict) and not KINDS & fault.instance.keys():
        assert decode_frame(text) is None
    else:
        with pytest.raises(RemoteProtocolError, match="the server sent"):
            decode_frame(text)


values = (
    st.sampled_from(
        ["join", "leave", "send", "1", "01", "", "X", "x", None, True, False, 0, 1, 3, 4, 5, 6, -1]
    )
    | st.sampled_from(
        [4.0, 1.5, 2**53 - 1, 2**53, 2**63 - 1, 2**63, -(2**63) - 1, [], {}, "9" * 20]
    )
    | JSON
)
objects = st.dictionaries(
    st.sampled_from(
        [
            "command",
            "room",
            "message",
            "join",
            "leave",
            "error",
            "msg_type",
            "title",
            "username",
            "detail",
            "other",
        ]
    ),
    values,
)


@given(objects)
@example({"command": "send", "room": 1, "message": ""})
@example({"command": "join", "room": True})
def test_commands_and_schemas_agree_on_any_object(instance: dict[str, Any]) -> None:
    """Whatever the members are: a command exactly if the union of the schemas allows it."""
    is_allowed = validator("client").is_valid(instance) and type(instance["room"]) is not float
    try:
        decode_command(json.dumps(instance))
    except CommandRefused:
        is_taken = False
    else:
        is_taken = True

    assert is_taken == is_allowed


@given(objects)
@example({"msg_type": 4.0, "room": "1", "message": None, "username": ""})
@example({"msg_type": True, "room": "1", "message": "", "username": ""})
@example({"join": "1", "title": "", "leave": None})
def test_frames_and_schemas_agree_on_any_object(instance: dict[str, Any]) -> None:
    """Whatever the members are: a frame exactly if the union of the schemas allows it."""
    try:
        frame = decode_frame(json.dumps(instance))
    except RemoteProtocolError:
        frame = None

    assert (frame is not None) == validator("server").is_valid(instance)


@given(
    st.builds(Join, rooms | rooms.map(int).filter(lambda room: abs(room) < 2**63))
    | st.builds(Leave, rooms)
    | st.builds(Send, rooms, TEXT)
)
def test_what_a_command_encodes_to_its_schema_allows(command: Join | Leave | Send) -> None:
    """Either side sends one JSON object, formed as its schema says (MC1-FRAME-01)."""
    text = encode(command)

    assert validator("client").is_valid(json.loads(text))
    assert decode_command(text) == command
    assert encode_bytes(command) == text.encode()


@given(
    st.builds(Joined, names, TEXT)
    | st.builds(Left, names)
    | messages
    | st.builds(
        Error,
        st.sampled_from(ErrorCode),
        command=st.none() | st.sampled_from(["join", "leave", "send"]),
        room=st.none() | names,
        detail=st.none() | TEXT,
    )
)
def test_what_a_server_frame_encodes_to_its_schema_allows(
    frame: Joined | Left | Message | Error,
) -> None:
    """Either side sends one JSON object, formed as its schema says (MC1-FRAME-01)."""
    text = encode(frame)

    assert validator("server").is_valid(json.loads(text))
    assert decode_frame(text) == frame
    assert encode_bytes(frame) == text.encode()
