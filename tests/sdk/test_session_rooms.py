"""Rooms after a reconnect, and what the server does with them by itself."""

from __future__ import annotations

import pytest

from multichat_proto.events import (
    BadFrame,
    Gap,
    MemberEntered,
    MemberLeft,
    Refused,
    RoomJoined,
    RoomLeft,
    RoomLost,
    RoomMessage,
    UnknownMessage,
)
from multichat_proto.exceptions import (
    LocalProtocolError,
    NotAMember,
    RoomAccessDenied,
    RoomInvalid,
    ServerUnavailable,
)
from multichat_proto.messages import MsgType, Room
from multichat_proto.options import Options
from multichat_proto.session import Open, SendText, Session, SessionState
from multichat_proto.session.rooms import LONGEST_NAME
from tests.sdk.session_play import Play, message

ONE = Room("1")
JOINED = "{'join': '1', 'title': 'one'}"
LEFT = "{'leave': '1'}"


class TestRejoin:
    def test_a_room_that_is_closed_meanwhile_is_lost(self) -> None:
        play = Play(random=0.0).joined("1", "2")
        stream = play.session.rooms[ONE].events
        play.lose()
        send = play.session.send("1", "hi", play.now)
        play.open()
        play.events()
        assert play.says("{'error': 'ROOM_ACCESS_DENIED'}") == ["join 2"]
        play.says("{'join': '2', 'title': 'two'}")

        lost = play.events(stream)[-1]
        assert isinstance(lost, RoomLost)
        assert isinstance(lost.error, RoomAccessDenied)
        assert play.events()[0] == lost
        assert stream.is_ended
        assert play.is_in(SessionState.CONNECTED)
        assert list(play.session.rooms) == ["2"]
        with pytest.raises(NotAMember):
            send.result()

    def test_a_temporary_refusal_is_tried_again(self) -> None:
        play = Play().joined("1")
        play.lose()
        play.wait(1)
        play.open()
        unavailable = "{'error': 'SERVER_UNAVAILABLE', 'command': 'join', 'room': '1'}"

        assert play.says(unavailable) == []
        assert play.wait(0.9) == []
        assert play.wait(0.2) == ["join 1"]
        assert play.says(unavailable) == []
        assert play.wait(1.9) == []
        assert play.wait(0.2) == ["join 1"]
        assert play.is_in(SessionState.RESTORING)
        play.says(JOINED)
        assert play.is_in(SessionState.CONNECTED)

    def test_a_new_connection_begins_anew(self) -> None:
        """What was refused on another one may be tried at once."""
        play = Play(random=0.999).joined("1")
        play.lose()
        play.wait(1)
        play.open()
        for _ in range(5):
            play.says("{'error': 'SERVER_UNAVAILABLE', 'command': 'join', 'room': '1'}")
            play.wait(31)
            play.session.pong(play.connection, play.now)
        play.says("{'error': 'SERVER_UNAVAILABLE', 'command': 'join', 'room': '1'}")
        play.lose()
        play.session.reconnect_now(play.now)

        assert play.open() == ["join 1"]

    def test_an_unanswered_rejoin_ends_the_connection(self) -> None:
        play = Play().joined("1")
        play.lose()
        play.wait(1)
        play.open()

        assert play.wait(10.5) == ["abort"]
        assert play.is_in(SessionState.WAITING)

    def test_a_cancelled_join_and_a_rejoin_that_are_not_answered(self) -> None:
        """The one ends the connection, and with it the visit that the other was for."""
        play = Play(Options(max_unanswered=4), rooms=("1",))
        play.open()
        join = play.session.join("2", play.now)
        assert play.go() == ["join 2"]
        assert play.session.abandon(join, play.now)

        assert play.wait(10.5) == ["abort"]
        assert play.is_in(SessionState.WAITING)
        assert list(play.session.rooms) == ["1"]

    def test_two_unanswered_rejoins_end_one_connection(self) -> None:
        play = Play(Options(max_unanswered=2)).joined("1", "2")
        play.lose()
        play.wait(1)
        assert play.open() == ["join 1", "join 2"]

        assert play.wait(10.5) == ["abort"]

    def test_a_room_wanted_from_the_start_that_is_refused(self) -> None:
        play = Play(rooms=("1", "2"))
        play.open()
        play.says("{'error': 'ROOM_INVALID'}", "{'join': '2', 'title': 'two'}")

        assert play.is_in(SessionState.CONNECTED)
        lost = play.events()[0]
        assert isinstance(lost, RoomLost)
        assert isinstance(lost.error, RoomInvalid)

    def test_a_refusal_for_the_time_being_has_to_end_some_time(self) -> None:
        play = Play(Options(connect_timeout=5), rooms=("1",))
        ready = play.session.ready(play.now)
        play.open()
        play.says("{'error': 'SERVER_UNAVAILABLE'}")
        play.wait(1)
        play.says("{'error': 'SERVER_UNAVAILABLE'}")
        play.wait(10)

        assert play.log[-2:] == ["abort", "stopped"]
        with pytest.raises(ServerUnavailable):
            ready.result()


class TestWhatTheServerDoes:
    def test_put_out(self) -> None:
        """A member that loses its right is put out with *left* (MC1-REVOKE-01)."""
        play = Play().joined("1")
        room = play.session.rooms[ONE]
        play.session.send("1", "a", play.now)
        play.go()
        waiting = play.session.send("1", "b", play.now)
        play.says(LEFT)

        assert play.events(room.events) == [RoomLost(ONE)]
        assert room.events.is_ended
        assert not room.is_joined
        with pytest.raises(NotAMember, match="room 1"):
            waiting.result()
        with pytest.raises(NotAMember):
            play.session.send("1", "c", play.now).result()
        play.lose()
        play.wait(1)
        assert play.open() == []

    def test_put_into_a_room(self) -> None:
        """A server may say *joined* unasked, and a client obeys (MC1-MEMB-04)."""
        play = Play().joined()
        play.says(JOINED, message("1", "hi", "bob"))
        sent = play.session.send("1", "hello", play.now)

        assert play.events()[0] == RoomJoined(ONE, "one", asked=False)
        assert play.go() == ["send 1 hello"]
        play.says(message("1", "hello"))
        assert sent.result().is_own
        play.lose()
        play.wait(1)
        assert play.open() == []
        assert RoomLost(ONE) in play.events()

    def test_put_into_a_room_that_is_wanted_later(self) -> None:
        play = Play().joined()
        play.says(JOINED)

        assert play.session.join("1", play.now).result().title == "one"
        play.lose()
        play.wait(1)
        assert play.open() == ["join 1"]

    def test_put_into_too_many_rooms(self) -> None:
        play = Play(Options(max_rooms=2)).joined()
        play.says(*(f"{{'join': '{room}', 'title': ''}}" for room in range(9)))

        assert len(play.session.rooms) == 2
        assert sum(isinstance(event, BadFrame) for event in play.events()) == 7

    def test_put_into_so_many_rooms_that_no_join_is_possible(self) -> None:
        play = Play(Options(max_rooms=2), rooms=("1",))
        play.open()
        ready = play.session.ready(play.now)
        join = play.session.join("1", play.now)
        play.says("{'error': 'SERVER_UNAVAILABLE'}")
        play.says(*(f"{{'join': '{room}', 'title': ''}}" for room in range(2, 6)))
        play.wait(1)

        with pytest.raises(LocalProtocolError, match="in 4 rooms already"):
            join.result()
        assert ready.is_done
        assert RoomLost(ONE) in play.events()

    def test_a_title_while_one_leaves(self) -> None:
        play = Play().joined("1")
        play.session.leave("1", play.now)
        play.go()
        join = play.session.join("1", play.now)
        play.says("{'join': '1', 'title': 'renamed'}")

        assert not join.is_done
        assert play.says(LEFT) == ["join 1"]

    def test_without_a_name_of_ones_own(self) -> None:
        play = Play(username=None).joined("1")
        sent = play.session.send("1", "hi", play.now)
        play.go()
        play.says(message("1", "hello", "alice"), message("1", "hi", "alice"))

        assert sent.result().is_own
        assert [event.is_own for event in play.events() if isinstance(event, RoomMessage)] == [
            False,
            True,
        ]

    def test_a_leave_that_nobody_waits_for_and_that_is_refused(self) -> None:
        """One is still in the room then; that is the server's doing now."""
        play = Play().joined("1")
        leave = play.session.leave("1", play.now)
        play.go()
        play.session.abandon(leave, play.now)
        play.says("{'error': 'ROOM_INVALID', 'command': 'leave', 'room': '1'}")

        assert play.session.rooms[ONE].is_joined
        assert play.go() == []
        play.lose()
        assert play.session.rooms == {}

    def test_a_leave_that_is_refused_while_somebody_joins(self) -> None:
        play = Play().joined("1")
        leave = play.session.leave("1", play.now)
        play.go()
        join = play.session.join("1", play.now)
        play.says("{'error': 'SERVER_UNAVAILABLE', 'command': 'leave', 'room': '1'}")

        with pytest.raises(ServerUnavailable):
            leave.result()
        assert join.result().is_joined

    def test_put_out_while_one_leaves(self) -> None:
        """The first *left* counts as the answer; the error then answers nothing."""
        play = Play().joined("1")
        leave = play.session.leave("1", play.now)
        play.go()
        play.says(LEFT, "{'error': 'ROOM_ACCESS_DENIED', 'command': 'leave', 'room': '1'}")

        assert leave.is_done
        assert [type(event) for event in play.events()] == [RoomLeft, Refused]

    def test_a_new_title(self) -> None:
        play = Play().joined("1")
        play.says("{'join': '1', 'title': 'renamed'}")

        assert play.session.rooms[ONE].title == "renamed"
        assert play.events() == []

    def test_each_kind_of_message(self) -> None:
        play = Play().joined("1")
        play.says(
            message("1", "hi", "bob"),
            message("1", "again"),
            message("1", "careful", "root", MsgType.WARNING),
            message("1", "quiet", "root", MsgType.MUTED),
            "{'room': '1', 'message': null, 'username': 'bob', 'msg_type': 4}",
            "{'room': '1', 'message': null, 'username': 'bob', 'msg_type': 5}",
            "{'room': '1', 'message': null, 'username': 'bob', 'msg_type': 77}",
        )

        room = play.events(play.session.rooms[ONE].events)
        assert room == [
            RoomMessage(ONE, "bob", "hi"),
            RoomMessage(ONE, "alice", "again", is_own=True),
            RoomMessage(ONE, "root", "careful", 1),
            RoomMessage(ONE, "root", "quiet", 3),
            MemberEntered(ONE, "bob"),
            MemberLeft(ONE, "bob"),
            UnknownMessage(ONE, "bob", None, 77),
        ]
        assert play.events() == room
        assert isinstance(room[3], RoomMessage)
        assert room[3].kind is MsgType.MUTED

    def test_the_members_seen(self) -> None:
        """Membership is by connection: a name is gone when as many left as entered."""
        play = Play().joined("1")
        room = play.session.rooms[ONE]

        def comes(name: str, msg_type: int) -> frozenset[str]:
            play.says(
                f"{{'room': '1', 'message': null, 'username': '{name}', 'msg_type': {msg_type}}}"
            )
            return room.members

        assert room.members == {"alice"}
        assert comes("bob", 4) == {"alice", "bob"}
        assert comes("bob", 4) == {"alice", "bob"}
        play.says(message("1", "both of me are here", "bob"))
        assert comes("bob", 5) == {"alice", "bob"}
        assert comes("bob", 5) == {"alice"}
        assert comes("nobody", 5) == {"alice"}
        play.says(message("1", "I was here before you", "carol"))
        assert room.members == {"alice", "carol"}
        play.lose()
        assert room.members == frozenset()

    def test_members_have_a_limit(self) -> None:
        play = Play(Options(max_members=3)).joined("1")
        for number in range(10):
            play.says(message("1", "x", f"m{number}"))

        assert play.session.rooms[ONE].members == {"m7", "m8", "m9"}

    def test_a_name_has_a_limit(self) -> None:
        """Of ten thousand names of a million characters none is kept."""
        play = Play().joined("1")
        longest, longer = "l" * LONGEST_NAME, "l" * (LONGEST_NAME + 1)
        for name in (longest, longer):
            play.says(message("1", "x", name))
            play.says(_notice(name, MsgType.ENTER))
        play.says(_notice(longer, MsgType.LEAVE))

        assert not any(isinstance(event, BadFrame) for event in play.events())
        assert play.session.rooms[ONE].members == {"alice", longest}

    def test_an_error_that_answers_nothing(self) -> None:
        play = Play().joined("1")
        play.says("{'error': 'FRAME_INVALID', 'detail': 'hm'}")

        (event,) = play.events()
        assert isinstance(event, Refused)
        assert event.error.detail == "hm"

    def test_what_is_no_frame(self) -> None:
        play = Play().joined("1")
        play.says("[]", "{" * 5_000, "{'x': 1}", message("2", "not ours", "bob"))
        play.session.receive_binary(play.connection, play.now)

        events = play.events()
        assert [type(event) for event in events] == [BadFrame] * 4
        assert isinstance(events[1], BadFrame)
        assert len(events[1].text) == 1_024
        assert isinstance(events[2], BadFrame)
        assert "room 2, which we are not in" in events[2].reason
        assert play.is_in(SessionState.CONNECTED)

    def test_a_left_of_a_room_one_is_not_in(self) -> None:
        play = Play().joined()
        play.says(LEFT)
        join = play.session.join("1", play.now)
        play.go()
        play.says(LEFT)

        assert not join.is_done
        assert play.says(JOINED) == []
        assert join.result().is_joined

    def test_a_late_answer_to_a_join_that_was_given_up(self) -> None:
        play = Play().joined()
        play.session.join("1", play.now)
        play.go()
        play.wait(10)
        play.says(JOINED)

        assert play.events() == [RoomJoined(ONE, "one", asked=False)]


def test_a_reader_that_is_too_slow_gets_a_gap() -> None:
    play = Play(Options(max_queue=3)).joined("1")
    for number in range(10):
        play.says(message("1", str(number), "bob"))

    room = play.events(play.session.rooms[ONE].events)
    assert room == [Gap(ONE, 7), *(RoomMessage(ONE, "bob", str(n)) for n in (7, 8, 9))]
    assert play.events()[0] == Gap(None, 7)


def test_time_may_begin_anywhere() -> None:
    """No default stands for a time."""
    session = Session(Options(), now=-1e9, random=lambda: 0.5)
    session.next_effect(-1e9)
    session.opened(1, -1e9)

    assert session.next_effect(-1e9) is None
    assert session.wake_at is not None


def _notice(name: str, kind: MsgType) -> str:
    return f"{{'room': '1', 'message': null, 'username': '{name}', 'msg_type': {kind.value}}}"


def test_a_refused_room_that_nobody_logs() -> None:
    """The core has no log of its own; a session may be without one."""
    session = Session(Options(), now=0.0, random=lambda: 0.0, rooms=("1",))
    assert isinstance(session.next_effect(0.0), Open)
    session.opened(1, 0.0)
    assert isinstance(session.next_effect(0.0), SendText)
    session.receive_text(1, '{"error": "ROOM_INVALID"}', 0.0)

    assert session.rooms == {}
