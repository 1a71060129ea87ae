"""The messages are values, and say what the specification's tables say."""

import pytest

from multichat_proto import (
    CloseCode,
    Command,
    Error,
    ErrorCode,
    Join,
    Joined,
    Leave,
    Left,
    Message,
    MsgType,
    Room,
    Send,
    ServerFrame,
    encode,
)
from multichat_proto.messages import room_id
from multichat_spec import close_codes, errors, schema


def test_the_error_codes_are_those_of_the_specification() -> None:
    """Codes and their order are ``errors.json``'s (MC1-ERR-01)."""
    assert [code.value for code in ErrorCode] == list(errors())
    assert all(code.name == code.value for code in ErrorCode)


def test_the_close_codes_are_those_of_the_specification() -> None:
    """Numbers and names are ``close_codes.json``'s (MC1-CLOSE-08)."""
    assert {code.value: code.name for code in CloseCode} == {
        number: row["name"] for number, row in close_codes().items()
    }


def test_the_message_types_are_those_of_the_schema() -> None:
    """The schema's description names each number (MC1-TYPE-01)."""
    described = schema("server/message")["properties"]["msg_type"]["description"]

    assert described.startswith(", ".join(f"{kind.value} {kind.name}" for kind in MsgType) + ";")


@pytest.mark.parametrize(
    ("value", "room"),
    [
        *[(text, text) for text in ("0", "1", "-1", "10", "9223372036854775807")],
        *[(text, text) for text in ("-9223372036854775808", "9999999999999999999")],
        (0, "0"),
        (1, "1"),
        (-1, "-1"),
        (2**63 - 1, "9223372036854775807"),
        (-(2**63), "-9223372036854775808"),
    ],
)
def test_integers_and_their_canonical_strings_name_rooms(value: object, room: str) -> None:
    """The integer is the same room as its string (MC1-ROOM-01, MC1-ROOM-02)."""
    assert room_id(value) == room


@pytest.mark.parametrize(
    "value",
    [
        *("", " ", "01", "00", "-0", "+1", "-", "--1", "1.0", "1e0", "0x1", "1_0", "abc", "1abc"),
        *(" 1", "1 ", "1\n", "\n1", "1\0", "\u0661", "\uff11", "\u00b2", "\u22121", "1" * 20),
        *(2**63, -(2**63) - 1, 10**400, 1.0, 1.5, float("nan"), float("inf")),
        *(True, False, None, [], ["1"], {}, {"1": 1}, b"1", (1,)),
    ],
)
def test_nothing_else_names_a_room(value: object) -> None:
    """Not another spelling, not another type (MC1-ROOM-03)."""
    assert room_id(value) is None


@pytest.mark.parametrize("command", [Join, Leave, lambda room: Send(room, "hi")])
@pytest.mark.parametrize("room", ["1", 1])
def test_a_command_keeps_the_spelling_and_knows_the_room(
    command: type[Join | Leave], room: str | int
) -> None:
    """As given on the wire, and as the server's frames have it (MC1-ROOM-05)."""
    made = command(room)

    assert made.room == room
    assert type(made.room) is type(room)
    assert made.room_id == "1"


MESSAGES: dict[str, Command | ServerFrame] = {
    '{"command":"join","room":1}': Join(1),
    '{"command":"leave","room":"1"}': Leave("1"),
    '{"command":"send","room":"1","message":""}': Send("1", ""),
    '{"join":"1","title":"one"}': Joined(Room("1"), "one"),
    '{"leave":"1"}': Left(Room("1")),
    '{"room":"1","message":"hi","username":"alice","msg_type":0}': Message(
        Room("1"), "hi", "alice", MsgType.MESSAGE
    ),
    '{"room":"1","message":null,"username":"alice","msg_type":5}': Message(
        Room("1"), None, "alice", MsgType.LEAVE
    ),
    '{"error":"ROOM_INVALID"}': Error(ErrorCode.ROOM_INVALID),
    '{"error":"X","command":"join","room":"1","detail":""}': Error("X", "join", Room("1"), ""),
}


@pytest.mark.parametrize("text", MESSAGES)
def test_each_message_is_one_object_with_the_originals_members(text: str) -> None:
    """The members of each frame, in the order in which the original has them (MC1-FRAME-01)."""
    assert encode(MESSAGES[text]) == text


@pytest.mark.parametrize("text", MESSAGES)
def test_messages_are_frozen_values(text: str) -> None:
    """Whoever holds one can share it."""
    message = MESSAGES[text]
    values = [getattr(message, name) for name in message.__struct_fields__]

    assert type(message)(*values) == message
    assert hash(type(message)(*values)) == hash(message)
    with pytest.raises(AttributeError, match="immutable"):
        setattr(message, message.__struct_fields__[0], values[0])
