"""One conversation as a client sees it: what may be said, and what an answer answers."""

import json
from typing import Any

import pytest

from multichat_proto import (
    ClientConnection,
    Command,
    Error,
    ErrorCode,
    Event,
    Ignored,
    Join,
    Joined,
    Leave,
    Left,
    LocalProtocolError,
    Message,
    MsgType,
    Received,
    Room,
    RoomState,
    Send,
    Violation,
    encode,
)

ONE, TWO = Room("1"), Room("2")
JOINED, LEFT = Joined(ONE, "room 1"), Left(ONE)


@pytest.fixture
def alice() -> ClientConnection:
    return ClientConnection(username="alice")


@pytest.fixture
def inside(alice: ClientConnection) -> ClientConnection:
    """Alice, a member of room 1."""
    alice.join("1")
    alice.receive_text(encode(JOINED))
    return alice


def hear(client: ClientConnection, frame: Joined | Left | Message | Error) -> Command | None:
    """Let the client receive one frame; return the command that it answers."""
    event = client.receive_text(encode(frame))
    assert isinstance(event, Received)
    assert event.frame == frame
    return event.answers


def said(text: str, *, by: str = "alice", room: Room = ONE) -> Message:
    """Return the room message that a ``send`` leads to."""
    return Message(room, text, by, MsgType.MESSAGE)


# What may be said


def test_a_conversation(alice: ClientConnection) -> None:
    """Join, say something, hear it, leave (MC1-CLIENT-04, MC1-CLIENT-05)."""
    assert alice.rooms == {}
    assert json.loads(alice.join(1)) == {"command": "join", "room": "1"}
    assert alice.rooms == {ONE: RoomState.ENTERING}
    assert hear(alice, JOINED) == Join("1")
    assert alice.rooms == {ONE: RoomState.INSIDE}

    text = alice.send("1", "h\u00ef")
    assert json.loads(text) == {"command": "send", "room": "1", "message": "h\u00ef"}
    assert list(alice.unanswered) == [Send("1", "h\u00ef")]
    assert hear(alice, said("h\u00ef")) == Send("1", "h\u00ef")

    assert json.loads(alice.leave("1")) == {"command": "leave", "room": "1"}
    assert alice.rooms == {ONE: RoomState.LEAVING}
    assert hear(alice, Message(ONE, None, "alice", MsgType.LEAVE)) is None
    assert hear(alice, LEFT) == Leave("1")
    assert alice.rooms == {}
    assert list(alice.unanswered) == []


def test_the_rooms_are_a_live_view_that_cannot_be_changed(alice: ClientConnection) -> None:
    """Only the conversation moves them (MC1-CLIENT-04)."""
    rooms: Any = alice.rooms
    alice.join("1")

    assert rooms == {ONE: RoomState.ENTERING}
    with pytest.raises(TypeError, match="does not support item assignment"):
        rooms[ONE] = RoomState.INSIDE


@pytest.mark.parametrize(
    ("sent", "heard", "command", "why"),
    [
        ([], [], "send", "cannot send room 1: not a member (MC1-JOIN-01)"),
        (["join"], [], "send", "cannot send room 1: its join is not answered yet"),
        (["join"], [], "join", "cannot join room 1: its join is not answered yet"),
        (["join"], [], "leave", "cannot leave room 1: its join is not answered yet"),
        (["join", "leave"], [JOINED], "send", "cannot send room 1: its leave is not answered yet"),
        (["join", "leave"], [JOINED], "join", "cannot join room 1: its leave is not answered yet"),
        (["join", "leave"], [JOINED], "leave", "its leave is not answered yet"),
        (["join"], [JOINED, LEFT], "send", "cannot send room 1: not a member (MC1-JOIN-01)"),
    ],
)
def test_what_may_not_be_said_is_not_sent(
    alice: ClientConnection,
    sent: list[str],
    heard: list[Joined | Left],
    command: str,
    why: str,
) -> None:
    """A command that has no entry in the table is not sent (MC1-CLIENT-04)."""
    for verb in sent:
        getattr(alice, verb)("1")
        while heard:
            hear(alice, heard.pop(0))
    before = dict(alice.rooms), alice.unanswered

    with pytest.raises(LocalProtocolError) as error:
        alice.send("1", "hi") if command == "send" else getattr(alice, command)("1")

    assert why in str(error.value)
    assert (dict(alice.rooms), alice.unanswered) == before


@pytest.mark.parametrize("room", ["01", "", " 1", "1\n", "lobby", 2**63, True, 1.0, None, "\ud800"])
@pytest.mark.parametrize("verb", ["join", "leave", "send"])
def test_what_names_no_room_is_not_sent(alice: ClientConnection, verb: str, room: Any) -> None:
    """Not even where Python would take it for a number (MC1-ROOM-03)."""
    arguments = (room, "hi") if verb == "send" else (room,)

    with pytest.raises(LocalProtocolError, match="is no room's name"):
        getattr(alice, verb)(*arguments)

    assert alice.unanswered == ()


def test_what_is_no_unicode_is_not_sent(inside: ClientConnection) -> None:
    """The server would have to refuse it (MC1-JSON-03)."""
    with pytest.raises(LocalProtocolError, match="lone surrogate"):
        inside.send("1", "\ud800")

    assert inside.unanswered == ()


def test_a_room_is_always_sent_as_the_string(alice: ClientConnection) -> None:
    """The spelling that no server gets wrong (MC1-ROOM-01)."""
    assert '"room":"-5"' in alice.join(-5)
    assert '"room":"9223372036854775807"' in alice.leave(2**63 - 1)


def test_a_room_that_one_is_not_in_may_be_left(alice: ClientConnection) -> None:
    """The server answers that, too (MC1-LEAVE-05)."""
    alice.leave("1")

    assert alice.rooms == {}
    assert hear(alice, LEFT) == Leave("1")


def test_a_second_join_is_answered_and_one_stays_in(inside: ClientConnection) -> None:
    """It may bring a new title; refused, it changes nothing (MC1-JOIN-06)."""
    inside.join("1")
    inside.join(1)
    assert inside.rooms == {ONE: RoomState.INSIDE}
    inside.send("1", "hi")

    assert hear(inside, Joined(ONE, "renamed")) == Join("1")
    assert hear(inside, Error("SERVER_UNAVAILABLE", "join", ONE)) == Join("1")
    assert inside.rooms == {ONE: RoomState.INSIDE}
    assert inside.unanswered == (Send("1", "hi"),)


# What an answer answers


def test_answers_out_of_order_find_their_commands(alice: ClientConnection) -> None:
    """By the room that they name; the original has no order of its own (MC1-CLIENT-05)."""
    alice.join("1")
    alice.join("2")
    alice.leave("3")

    assert hear(alice, Left(Room("3"))) == Leave("3")
    assert hear(alice, Joined(TWO, "room 2")) == Join("2")
    assert hear(alice, JOINED) == Join("1")


def test_an_error_without_members_belongs_to_the_oldest_command(alice: ClientConnection) -> None:
    """The original sends the code alone (MC1-CLIENT-05)."""
    alice.join("3")
    alice.join("1")
    alice.leave("9")
    answers = ["ROOM_ACCESS_DENIED", "USER_HAS_TO_LOGIN", "ROOM_INVALID"]

    assert [hear(alice, Error(code)) for code in answers] == [Join("3"), Join("1"), Leave("9")]
    assert alice.rooms == {}
    assert hear(alice, Error("ROOM_INVALID")) is None


def test_an_error_finds_its_command_by_what_it_names(inside: ClientConnection) -> None:
    """By the command, by the room, or by both (MC1-CLIENT-05, MC1-ERR-02)."""
    inside.join("2")
    inside.send("1", "a")
    inside.leave("5")
    inside.leave("1")
    inside.leave("6")

    assert hear(inside, Error("X", "send")) == Send("1", "a")
    assert hear(inside, Error("X", room=ONE)) == Leave("1")
    assert hear(inside, Error("X", "leave", Room("6"))) == Leave("6")
    assert hear(inside, Error("X", "join", Room("6"))) is None
    assert inside.unanswered == (Join("2"), Leave("5"))
    assert inside.rooms == {ONE: RoomState.INSIDE, TWO: RoomState.ENTERING}


@pytest.mark.parametrize("code", ["NEW_CODE", "FRAME_INVALID", "RATE_LIMITED"])
def test_a_command_is_refused_whatever_the_code(inside: ClientConnection, code: str) -> None:
    """Also by a code that one does not know (MC1-CLIENT-06)."""
    inside.join("2")
    inside.leave("1")

    assert hear(inside, Error(code)) == Join("2")
    assert hear(inside, Error(code)) == Leave("1")
    assert inside.rooms == {ONE: RoomState.INSIDE}


def test_equal_texts_are_answered_one_by_one(inside: ClientConnection) -> None:
    """Each echo takes one of the commands with it."""
    for text in ("a", "a", "b"):
        inside.send("1", text)

    assert hear(inside, said("a")) == Send("1", "a")
    assert inside.unanswered == (Send("1", "a"), Send("1", "b"))
    assert hear(inside, said("b")) == Send("1", "b")
    assert hear(inside, said("a")) == Send("1", "a")
    assert hear(inside, said("a")) is None


def test_the_same_words_elsewhere_are_no_answer(inside: ClientConnection) -> None:
    """Of somebody else, in another room, of another type (MC1-CLIENT-05)."""
    inside.send("1", "a")

    assert hear(inside, said("a", by="bob")) is None
    assert hear(inside, said("a", room=TWO)) is None
    assert hear(inside, Message(ONE, "a", "alice", MsgType.ALERT)) is None
    assert hear(inside, Message(ONE, None, "alice", MsgType.ENTER)) is None
    assert hear(inside, said("a")) == Send("1", "a")


def test_without_a_name_of_ones_own_the_same_words_count() -> None:
    """It cannot be told whose they are, and one's own come back soon."""
    somebody = ClientConnection()
    somebody.join("1")
    hear(somebody, JOINED)
    somebody.send("1", "a")

    assert hear(somebody, said("b", by="alice")) is None
    assert hear(somebody, said("a", by="whoever")) == Send("1", "a")


def test_silence_keeps_nobody_from_going_on(inside: ClientConnection) -> None:
    """The original does not answer where a session has ended: later answers find their place."""
    inside.send("1", "never answered")
    inside.join("2")

    assert hear(inside, Joined(TWO, "room 2")) == Join("2")
    assert inside.unanswered == (Send("1", "never answered"),)


def test_a_wrong_guess_is_set_right_by_the_next_frame(inside: ClientConnection) -> None:
    """Rooms follow what the server says, whatever was matched to what (MC1-CLIENT-04)."""
    inside.join("2")
    inside.leave("1")
    # Both of these were meant for something that was answered long ago.
    hear(inside, Error("X"))
    hear(inside, Error("X"))
    assert inside.rooms == {ONE: RoomState.INSIDE}

    assert hear(inside, Joined(TWO, "room 2")) is None
    assert hear(inside, LEFT) is None

    assert inside.rooms == {TWO: RoomState.INSIDE}


# What nobody asked for


def test_a_server_may_put_one_out_and_in(inside: ClientConnection) -> None:
    """A client obeys (MC1-CLIENT-04, MC1-REVOKE-01)."""
    assert hear(inside, LEFT) is None
    assert inside.rooms == {}
    assert hear(inside, Joined(TWO, "room 2")) is None
    assert inside.rooms == {TWO: RoomState.INSIDE}
    assert hear(inside, Left(Room("77"))) is None


def test_put_out_while_leaving_is_out(inside: ClientConnection) -> None:
    """The frame cannot be told from the answer, whose error then answers nothing."""
    inside.leave("1")

    assert hear(inside, LEFT) == Leave("1")
    assert hear(inside, Error("ROOM_ACCESS_DENIED", "leave", ONE)) is None
    assert inside.rooms == {}
    assert inside.unanswered == ()


def test_put_out_while_leaving_and_entering_again(inside: ClientConnection) -> None:
    """The answer to the ``leave`` does not end the new ``join`` (MC1-CLIENT-04)."""
    inside.leave("1")
    hear(inside, LEFT)
    inside.join("1")

    assert hear(inside, LEFT) is None
    assert inside.rooms == {ONE: RoomState.ENTERING}
    assert hear(inside, JOINED) == Join("1")
    assert inside.rooms == {ONE: RoomState.INSIDE}


def test_put_out_while_joining_again(inside: ClientConnection) -> None:
    """The second join is refused; one stays out."""
    inside.join("1")

    assert hear(inside, LEFT) is None
    assert hear(inside, Error("ROOM_ACCESS_DENIED", "join", ONE)) == Join("1")
    assert inside.rooms == {}


def test_a_join_that_is_answered_while_leaving_changes_nothing(inside: ClientConnection) -> None:
    """It was sent before the ``leave`` (MC1-CLIENT-04)."""
    inside.join("1")
    inside.leave("1")

    assert hear(inside, JOINED) == Join("1")
    assert inside.rooms == {ONE: RoomState.LEAVING}


# What is not understood


@pytest.mark.parametrize("text", ["{}", '{"hello": 1}', '{"room": "1", "message": "a"}'])
def test_a_frame_of_no_known_kind_is_ignored(inside: ClientConnection, text: str) -> None:
    """Nothing changes (MC1-CLIENT-02)."""
    assert inside.receive_text(text) == Ignored(text)
    assert inside.rooms == {ONE: RoomState.INSIDE}


@pytest.mark.parametrize(
    "text", ["", "[]", '{"leave": 1}', '{"leave": "1", "join": "1"}', "\ud800"]
)
def test_a_malformed_frame_is_a_violation(inside: ClientConnection, text: str) -> None:
    """Nothing changes, and nothing is raised: the connection may go on (MC1-CLIENT-03)."""
    inside.leave("1")

    event = inside.receive_text(text)

    assert isinstance(event, Violation)
    assert event.text == text
    assert event.reason.startswith("the server sent")
    assert inside.rooms == {ONE: RoomState.LEAVING}
    assert inside.unanswered == (Leave("1"),)


def test_a_message_of_an_unknown_type_goes_through(inside: ClientConnection) -> None:
    """Whoever shows messages decides (MC1-TYPE-04)."""
    assert hear(inside, Message(ONE, None, "alice", 77)) is None
    assert hear(inside, Message(ONE, "a", "alice", 6)) is None


# Limits


def test_what_is_never_answered_does_not_pile_up() -> None:
    """Beyond the limit the oldest is given up, and counts as refused."""
    client = ClientConnection(max_unanswered=2)
    client.join("1")
    client.join("2")
    client.join("3")
    assert client.unanswered == (Join("2"), Join("3"))
    assert ONE not in client.rooms

    client.join("1")

    assert client.unanswered == (Join("3"), Join("1"))
    assert hear(client, Error(ErrorCode.ROOM_INVALID)) == Join("3")


def test_a_client_is_in_no_more_rooms_than_it_wants() -> None:
    """Neither because it asked, nor because a server says so."""
    client = ClientConnection(max_rooms=2)
    client.join("1")
    hear(client, Joined(TWO, "room 2"))

    with pytest.raises(LocalProtocolError, match="cannot join room 3: in 2 rooms already"):
        client.join("3")
    event: Event = client.receive_text('{"join": "3", "title": "room 3"}')
    assert event == Violation(
        '{"join": "3", "title": "room 3"}', "the server put us into over 2 rooms"
    )
    assert hear(client, JOINED) == Join("1")
    assert client.rooms == {ONE: RoomState.INSIDE, TWO: RoomState.INSIDE}
    hear(client, LEFT)
    client.join("3")


def test_an_answer_may_be_waited_for_no_longer() -> None:
    """The command counts as refused; a late answer answers the next one like it, or none."""
    client = ClientConnection(username="alice")
    client.join(1)
    first = client.last_command
    assert first is not None
    client.forget(first)
    client.forget(first)

    assert len(client.unanswered) == 0
    assert client.rooms == {}
    client.join(1)
    second = client.last_command
    assert second is not None
    client.forget(first)
    assert list(client.unanswered) == [second]
    late = client.receive_text('{"join": "1", "title": ""}')
    assert isinstance(late, Received)
    assert late.answers is second
