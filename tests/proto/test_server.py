"""One client's conversation as a server sees it: each frame leads to the right actions."""

import itertools
import json
from typing import get_args

import pytest

from multichat_proto import (
    CloseCode,
    Error,
    ErrorCode,
    Joined,
    Left,
    Limits,
    Room,
    RoomAccess,
    ServerConnection,
    StoreUnavailable,
)
from multichat_proto.limits import COMMAND_CHARACTERS
from multichat_proto.server import Action, Close, Enter, Exit, Reply, Speak
from multichat_proto.state import Gate
from multichat_spec import state

ONE, TWO, STAFF, NOWHERE = Room("1"), Room("2"), Room("3"), Room("9")


class Rooms:
    """What the server knows of rooms; a test may change it under an open connection."""

    def __init__(self) -> None:
        self.known: dict[Room, RoomAccess | None] = {
            ONE: RoomAccess("room 1", allowed=True),
            TWO: RoomAccess("room 2", allowed=True),
            STAFF: RoomAccess("staff", allowed=False),
        }
        self.is_down = False
        self.asked: list[Room] = []

    def look_up(self, room: Room) -> RoomAccess | None:
        """Return how the user sees the room now."""
        self.asked.append(room)
        if self.is_down:
            raise StoreUnavailable("disk full")
        return self.known.get(room)


@pytest.fixture
def rooms() -> Rooms:
    return Rooms()


@pytest.fixture
def alice(rooms: Rooms) -> ServerConnection:
    return ServerConnection(username="alice", look_up=rooms.look_up)


def say(
    connection: ServerConnection, command: object, room: object, message: object = "hi"
) -> list[Action]:
    """Let the connection receive one command, at the time 0."""
    frame = {"command": command, "room": room, "message": message}
    return connection.receive_text(json.dumps(frame), now=0.0)


def error_of(actions: list[Action]) -> Error:
    """Return the error frame that is all that came of a command."""
    (action,) = actions
    assert isinstance(action, Reply)
    assert isinstance(action.frame, Error)
    return action.frame


def code_of(actions: list[Action]) -> str:
    """Return the code of the error frame that is all that came of a command."""
    return error_of(actions).code


def test_a_join_is_announced_before_the_joiner_is_in_and_then_answered(
    alice: ServerConnection,
) -> None:
    """ENTER, member, *joined*: in this order (MC1-ANN-02, MC1-JOIN-04, MC1-JOIN-05)."""
    assert say(alice, "join", "1") == [Enter(ONE), Reply(Joined(ONE, "room 1"))]
    assert alice.rooms == {ONE}


def test_a_second_join_is_answered_and_changes_nothing(
    alice: ServerConnection, rooms: Rooms
) -> None:
    """It brings the title of now and is announced to nobody (MC1-JOIN-06, MC1-JOIN-07)."""
    say(alice, "join", "1")
    rooms.known[ONE] = RoomAccess("renamed", allowed=True)

    assert say(alice, "join", 1) == [Reply(Joined(ONE, "renamed"))]
    assert alice.rooms == {ONE}


def test_a_leave_is_announced_to_the_leaver_too_and_then_answered(
    alice: ServerConnection,
) -> None:
    """LEAVE, no member, *left*: in this order (MC1-LEAVE-04, MC1-LEAVE-03)."""
    say(alice, "join", "1")

    assert say(alice, "leave", 1) == [Exit(ONE, told=True), Reply(Left(ONE))]
    assert alice.rooms == set()


def test_a_leave_of_a_room_one_is_not_in_is_answered_only(alice: ServerConnection) -> None:
    """And announced to nobody (MC1-LEAVE-05, MC1-LEAVE-06)."""
    assert say(alice, "leave", "2") == [Reply(Left(TWO))]


@pytest.mark.parametrize("text", ["", "hi", " ", "\0", "<b>", "e\u0301\u00e9\U0001f600\u202e"])
def test_a_message_goes_to_the_room_unchanged(alice: ServerConnection, text: str) -> None:
    """Every code point of it (MC1-SEND-01, MC1-SEND-04)."""
    say(alice, "join", "1")

    assert say(alice, "send", 1, text) == [Speak(ONE, text)]


def test_a_connection_is_in_several_rooms_at_once(alice: ServerConnection) -> None:
    """Each with its own membership (MC1-MEMB-02)."""
    say(alice, "join", "1")
    say(alice, "join", "2")
    assert alice.rooms == {ONE, TWO}

    say(alice, "leave", "1")

    assert say(alice, "send", "2") == [Speak(TWO, "hi")]
    assert code_of(say(alice, "send", "1")) == ErrorCode.ROOM_ACCESS_DENIED


def test_two_connections_of_a_user_have_nothing_in_common(rooms: Rooms) -> None:
    """Membership is by connection (MC1-MEMB-01)."""
    first, second = (ServerConnection(username="alice", look_up=rooms.look_up) for _ in range(2))
    say(first, "join", "1")

    assert second.rooms == set()
    assert code_of(say(second, "send", "1")) == ErrorCode.ROOM_ACCESS_DENIED


CASES = list(itertools.product(["join", "leave", "send"], *[[True, False]] * 4))


@pytest.mark.parametrize(("command", "inside", "logged_in", "exists", "allowed"), CASES)
def test_the_first_gate_that_is_shut_gives_the_code(
    rooms: Rooms, command: str, inside: bool, logged_in: bool, exists: bool, allowed: bool
) -> None:
    """Every case of ``state.json``'s gates, tried in its order (MC1-ERR-06)."""
    connection = ServerConnection(username="alice", look_up=rooms.look_up)
    if inside:
        say(connection, "join", "1")
    connection.username = "alice" if logged_in else None
    rooms.known[ONE] = RoomAccess("room 1", allowed=allowed) if exists else None
    before = set(connection.rooms)
    is_open: dict[Gate, bool] = {
        "inside": inside,
        "logged_in": logged_in,
        "exists": exists,
        "allowed": allowed,
    }

    actions = say(connection, command, "1")

    shut = [gate for gate in state()["gates"][command] if not is_open[gate]]
    if shut:
        error = error_of(actions)
        assert error.code == state()["refusals"][shut[0]]
        assert (error.command, error.room) == (command, ONE)
        assert error.detail
        assert connection.rooms == before
    else:
        assert not any(isinstance(getattr(each, "frame", None), Error) for each in actions)


@pytest.mark.parametrize("command", ["join", "leave", "send"])
def test_a_store_that_is_down_is_told_and_changes_nothing(
    alice: ServerConnection, rooms: Rooms, command: str
) -> None:
    """Trying again is safe (MC1-ERR-09)."""
    say(alice, "join", "1")
    rooms.is_down = True

    error = error_of(say(alice, command, "1"))
    assert (error.code, error.command, error.room) == ("SERVER_UNAVAILABLE", command, ONE)
    assert alice.rooms == {ONE}
    rooms.is_down = False
    assert say(alice, "send", "1") == [Speak(ONE, "hi")]


def test_a_store_is_asked_only_where_its_answer_matters(rooms: Rooms) -> None:
    """Strangers and anonymous connections cost no look-up (MC1-ERR-06)."""
    rooms.is_down = True
    anonymous = ServerConnection(username=None, look_up=rooms.look_up)
    stranger = ServerConnection(username="bob", look_up=rooms.look_up)

    assert code_of(say(anonymous, "join", "1")) == ErrorCode.USER_HAS_TO_LOGIN
    assert code_of(say(stranger, "send", "1")) == ErrorCode.ROOM_ACCESS_DENIED
    assert rooms.asked == []


def test_rights_are_those_of_now(alice: ServerConnection, rooms: Rooms) -> None:
    """Not those of the handshake (MC1-AUTH-05)."""
    assert code_of(say(alice, "join", "3")) == ErrorCode.ROOM_ACCESS_DENIED
    rooms.known[STAFF] = RoomAccess("staff", allowed=True)
    assert say(alice, "join", "3") == [Enter(STAFF), Reply(Joined(STAFF, "staff"))]

    rooms.known[STAFF] = RoomAccess("staff", allowed=False)

    assert code_of(say(alice, "send", "3")) == ErrorCode.ROOM_ACCESS_DENIED
    alice.username = None
    assert code_of(say(alice, "send", "3")) == ErrorCode.USER_HAS_TO_LOGIN


@pytest.mark.parametrize("text", ["", "[]", "{", "x", "\ud800"])
def test_what_is_no_frame_is_answered_and_the_connection_goes_on(
    alice: ServerConnection, text: str
) -> None:
    """One FRAME_INVALID each, without members to match it by (MC1-ERR-07, MC1-ERR-10)."""
    for _ in range(10):
        error = error_of(alice.receive_text(text, now=0.0))
        assert (error.code, error.command, error.room) == ("FRAME_INVALID", None, None)

    assert say(alice, "join", "1") == [Enter(ONE), Reply(Joined(ONE, "room 1"))]


def test_a_binary_message_is_answered_and_the_connection_goes_on(
    alice: ServerConnection,
) -> None:
    """v1 has none (MC1-FRAME-03)."""
    assert code_of(alice.receive_binary(now=0.0)) == ErrorCode.FRAME_INVALID
    assert say(alice, "leave", "1") == [Reply(Left(ONE))]


def test_a_refusal_tells_what_it_is_about(alice: ServerConnection) -> None:
    """As far as it could be read (MC1-ERR-02)."""
    error = error_of(say(alice, "send", 1, None))

    assert error == Error(
        ErrorCode.MESSAGE_INVALID, command="send", room=ONE, detail="message is no string"
    )


@pytest.mark.parametrize("character", ["a", "\u00fc", "\U0001f600"])
def test_the_length_of_a_message_is_counted_in_code_points(rooms: Rooms, character: str) -> None:
    """Exactly the limit is right, one more is too long (MC1-LIMIT-03)."""
    limits = Limits(max_message_length=10)
    alice = ServerConnection(username="alice", look_up=rooms.look_up, limits=limits)
    say(alice, "join", "1")

    assert say(alice, "send", "1", character * 10) == [Speak(ONE, character * 10)]
    error = error_of(say(alice, "send", "1", character * 11))
    assert (error.code, error.command, error.room) == ("MESSAGE_TOO_LONG", "send", ONE)
    assert error.detail == "longer than 10 characters"


def test_the_form_of_a_message_comes_before_membership(rooms: Rooms) -> None:
    """The order of the faults (MC1-ERR-05)."""
    limits = Limits(max_message_length=0)
    alice = ServerConnection(username="alice", look_up=rooms.look_up, limits=limits)

    assert code_of(say(alice, "send", "9", "x")) == ErrorCode.MESSAGE_TOO_LONG
    assert code_of(say(alice, "send", "9", "")) == ErrorCode.ROOM_ACCESS_DENIED


def test_too_many_rooms_are_refused_until_one_is_left(rooms: Rooms) -> None:
    """A room that one is in can still be joined again (MC1-LIMIT-05)."""
    alice = ServerConnection(username="alice", look_up=rooms.look_up, limits=Limits(max_rooms=1))
    say(alice, "join", "1")

    error = error_of(say(alice, "join", "2"))
    assert (error.code, error.command, error.room) == ("RATE_LIMITED", "join", TWO)
    assert alice.rooms == {ONE}
    assert code_of(say(alice, "join", "9")) == ErrorCode.ROOM_INVALID
    assert say(alice, "join", "1") == [Reply(Joined(ONE, "room 1"))]
    say(alice, "leave", "1")
    assert say(alice, "join", "2") == [Enter(TWO), Reply(Joined(TWO, "room 2"))]


def test_commands_over_the_rate_are_refused_unread(rooms: Rooms) -> None:
    """They are answered, and not carried out (MC1-LIMIT-05)."""
    limits = Limits(command_rate=1.0, command_burst=2)
    alice = ServerConnection(username="alice", look_up=rooms.look_up, limits=limits)
    join = '{"command": "join", "room": "1"}'

    assert len(alice.receive_text(join, now=100.0)) == 2
    assert code_of(alice.receive_text("junk", now=100.0)) == ErrorCode.FRAME_INVALID
    limited = Error(ErrorCode.RATE_LIMITED, detail="too many commands; slow down")
    assert alice.receive_text(join, now=100.5) == [Reply(limited)]
    assert alice.receive_binary(now=100.5) == [Reply(limited)]
    assert alice.receive_text(join, now=101.0) == [Reply(Joined(ONE, "room 1"))]
    assert alice.rooms == {ONE}


def test_a_flood_is_closed_and_nothing_more_is_read(rooms: Rooms) -> None:
    """It goes on in spite of many RATE_LIMITED answers (MC1-LIMIT-07)."""
    limits = Limits(command_rate=1.0, command_burst=1, refusal_rate=1.0, refusal_burst=3)
    alice = ServerConnection(username="alice", look_up=rooms.look_up, limits=limits)
    say(alice, "join", "1")

    codes = [code_of(say(alice, "send", "1")) for _ in range(3)]
    last = say(alice, "send", "1")

    assert codes == [ErrorCode.RATE_LIMITED] * 3
    reason = "flood: too many commands"
    assert last == [Close(CloseCode.POLICY_VIOLATION, reason)]
    assert len(reason) <= 123  # what a close frame can carry (RFC 6455, section 5.5)
    assert alice.receive_text('{"command": "send"}', now=1e6) == []
    assert alice.receive_binary(now=1e6) == []
    assert alice.disconnect() == [Exit(ONE, told=False)]


def test_slow_refusals_are_no_flood(rooms: Rooms) -> None:
    """Whoever is a little too fast for long is refused, not closed (MC1-LIMIT-07)."""
    limits = Limits(command_rate=1.0, command_burst=1, refusal_rate=1.0, refusal_burst=3)
    alice = ServerConnection(username="alice", look_up=rooms.look_up, limits=limits)

    for tick in range(1_000):
        actions = alice.receive_text("", now=tick / 2)
        assert code_of(actions) == (ErrorCode.RATE_LIMITED if tick % 2 else ErrorCode.FRAME_INVALID)


def test_a_long_frame_counts_as_many_commands(rooms: Rooms) -> None:
    """A flood of a few huge frames is one, too (MC1-LIMIT-05)."""
    limits = Limits(command_rate=1.0, command_burst=3)
    long = '{"command": "join", "room": "1"}' + " " * 2 * COMMAND_CHARACTERS
    short = '{"command": "join", "room": "1"}'
    server = ServerConnection(username="alice", look_up=rooms.look_up, limits=limits)
    codes = []
    for text, now in ((long, 0.0), (short, 0.0), (long, 2.0), (long, 3.0), (" " * 10**6, 9.0)):
        *_, last = server.receive_text(text, now=now)
        assert isinstance(last, Reply)
        codes.append(last.frame.code if isinstance(last.frame, Error) else "joined")

    assert codes == ["joined", "RATE_LIMITED", "RATE_LIMITED", "joined", "FRAME_INVALID"]


def test_a_rate_of_nothing_switches_the_limit_off(rooms: Rooms) -> None:
    """For those who limit elsewhere."""
    alice = ServerConnection(
        username="alice",
        look_up=rooms.look_up,
        limits=Limits(command_rate=0.0, command_burst=0, refusal_burst=0),
    )

    for _ in range(1_000):
        assert code_of(alice.receive_binary(now=0.0)) == ErrorCode.FRAME_INVALID
        assert say(alice, "leave", "1") == [Reply(Left(ONE))]


def test_a_member_is_put_out_and_told(alice: ServerConnection) -> None:
    """A *left* frame that nobody asked for; the LEAVE is for those who remain (MC1-REVOKE-01)."""
    say(alice, "join", "1")
    say(alice, "join", "2")

    assert alice.put_out(ONE) == [Exit(ONE, told=False), Reply(Left(ONE))]
    assert alice.rooms == {TWO}
    assert code_of(say(alice, "send", "1")) == ErrorCode.ROOM_ACCESS_DENIED
    assert say(alice, "send", "2") == [Speak(TWO, "hi")]


def test_nobody_is_put_out_of_a_room_they_are_not_in(alice: ServerConnection) -> None:
    """Twice is once (MC1-REVOKE-03)."""
    say(alice, "join", "1")
    alice.put_out(ONE)

    assert alice.put_out(ONE) == []
    assert alice.put_out(NOWHERE) == []


def test_the_end_of_a_connection_ends_each_membership_once(alice: ServerConnection) -> None:
    """And whatever comes behind it is not looked at (MC1-END-01, MC1-CLOSE-07)."""
    say(alice, "join", "2")
    say(alice, "join", "1")

    assert alice.disconnect() == [Exit(ONE, told=False), Exit(TWO, told=False)]
    assert alice.rooms == set()
    assert alice.disconnect() == []
    assert say(alice, "join", "1") == []
    assert alice.receive_binary(now=0.0) == []


def test_every_action_is_one_of_those_that_a_driver_knows() -> None:
    """A new one must be added to the union, which drivers match exhaustively."""
    assert set(get_args(Action)) == {Reply, Enter, Exit, Speak, Close}
