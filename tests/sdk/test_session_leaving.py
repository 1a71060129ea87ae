"""Leaving a room, and what a join and a leave at once come to."""

from __future__ import annotations

import pytest

from multichat_proto.events import (
    RoomJoined,
    RoomLeft,
)
from multichat_proto.exceptions import (
    NotAMember,
    NotSent,
    ServerUnavailable,
)
from multichat_proto.messages import Room
from multichat_proto.options import Options
from multichat_proto.session import SessionState
from tests.sdk.session_play import Play, message

ONE = Room("1")
JOINED = "{'join': '1', 'title': 'one'}"
LEFT = "{'leave': '1'}"


class TestLeave:
    def test_a_leave_is_done_when_the_server_says_so(self) -> None:
        play = Play().joined("1")
        stream = play.session.rooms[ONE].events
        leave = play.session.leave("1", play.now)

        assert play.go() == ["leave 1"]
        assert not leave.is_done
        play.says(message("1", "bye"), LEFT)
        assert leave.result() is None
        assert play.session.rooms == {}
        assert play.events()[1:] == [RoomLeft(ONE)]
        assert len(play.events(stream)) == 1
        assert stream.is_ended

    def test_a_leave_of_a_room_one_is_not_in(self) -> None:
        play = Play().joined()

        assert play.session.leave("1", play.now).result() is None
        assert play.go() == []

    def test_what_waits_for_the_room_is_not_sent(self) -> None:
        play = Play().joined("1")
        first = play.session.send("1", "a", play.now)
        play.go()
        second = play.session.send("1", "b", play.now)
        play.session.leave("1", play.now)
        third = play.session.send("1", "c", play.now)

        assert play.says(message("1", "a")) == ["leave 1"]
        assert first.result().text == "a"
        with pytest.raises(NotSent, match="left meanwhile"):
            second.result()
        with pytest.raises(NotAMember):
            third.result()

    def test_without_a_connection_one_is_out_already(self) -> None:
        play = Play().joined("1")
        play.lose()
        leave = play.session.leave("1", play.now)

        assert leave.result() is None
        assert play.events()[1:] == [RoomLeft(ONE)]
        play.wait(1)
        assert play.open() == []
        assert play.is_in(SessionState.CONNECTED)

    def test_the_end_of_the_connection_is_the_end_of_the_leave(self) -> None:
        play = Play().joined("1")
        leave = play.session.leave("1", play.now)
        play.go()
        play.lose()

        assert leave.result() is None
        assert play.events()[1:] == [RoomLeft(ONE)]

    def test_a_leave_while_the_join_is_under_way(self) -> None:
        play = Play().joined()
        join = play.session.join("1", play.now)
        play.go()
        leave = play.session.leave("1", play.now)

        with pytest.raises(NotSent, match="left meanwhile"):
            join.result()
        assert play.says(JOINED) == ["leave 1"]
        play.says(LEFT)
        assert leave.result() is None

    def test_a_join_while_the_leave_is_under_way(self) -> None:
        play = Play().joined("1")
        leave = play.session.leave("1", play.now)
        play.go()
        join = play.session.join("1", play.now)

        assert play.says(LEFT) == ["join 1"]
        assert leave.is_done
        play.says(JOINED)
        assert join.result().is_joined
        assert play.events() == [RoomLeft(ONE), RoomJoined(ONE, "one")]

    def test_what_is_said_meanwhile_waits_for_the_new_join(self) -> None:
        play = Play(Options(max_unanswered=4)).joined("1")
        play.session.leave("1", play.now)
        play.go()
        play.session.join("1", play.now)
        play.session.send("1", "hi", play.now)

        assert play.go() == []
        assert play.says(LEFT) == ["join 1"]
        assert play.says(JOINED) == ["send 1 hi"]

    def test_what_was_taken_back_is_not_sent_after_a_new_join(self) -> None:
        play = Play().joined("1")
        sent = play.session.send("1", "hi", play.now)
        play.session.leave("1", play.now)
        play.session.join("1", play.now)

        with pytest.raises(NotSent):
            sent.result()
        assert play.go() == []

    def test_the_connection_is_lost_in_between(self) -> None:
        play = Play(random=0.0).joined("1")
        leave = play.session.leave("1", play.now)
        play.go()
        join = play.session.join("1", play.now)
        play.lose()

        assert leave.is_done
        assert play.open() == ["join 1"]
        play.says(JOINED)
        assert join.result().is_joined
        play.session.send("1", "hi", play.now)
        assert play.go() == ["send 1 hi"]

    def test_a_gap_is_told_once(self) -> None:
        play = Play(random=0.0).joined("1")
        play.lose()
        play.open()
        play.says(JOINED)
        play.session.leave("1", play.now)
        play.go()
        play.session.join("1", play.now)
        play.events()
        play.says(LEFT)
        play.says(JOINED)

        assert play.events() == [RoomLeft(ONE), RoomJoined(ONE, "one")]

    def test_put_out_before_the_leave_was_handed_over(self) -> None:
        play = Play().joined("1")
        leave = play.session.leave("1", play.now)
        play.says(LEFT)

        assert leave.is_done
        assert play.events() == [RoomLeft(ONE)]
        assert play.log[-1] == "join 1"

    def test_a_join_overtakes_a_leave_that_was_not_handed_over(self) -> None:
        play = Play().joined("1")
        leave = play.session.leave("1", play.now)
        join = play.session.join("1", play.now)

        assert play.go() == []
        assert leave.is_done
        assert join.result().is_joined

    def test_a_refused_leave(self) -> None:
        play = Play().joined("1")
        leave = play.session.leave("1", play.now)
        play.go()
        play.says("{'error': 'SERVER_UNAVAILABLE', 'command': 'leave', 'room': '1'}")

        with pytest.raises(ServerUnavailable):
            leave.result()
        assert play.session.rooms[ONE].is_joined
        assert play.go() == []

    def test_a_leave_that_nobody_waits_for_goes_on(self) -> None:
        play = Play().joined("1")
        leave = play.session.leave("1", play.now)
        play.session.abandon(leave, play.now)

        assert play.go() == ["leave 1"]
        play.says(LEFT)
        assert play.session.rooms == {}

    def test_an_unanswered_leave_ends_the_connection(self) -> None:
        play = Play(random=0.0).joined("1")
        leave = play.session.leave("1", play.now)
        play.go()

        assert play.wait(10) == ["abort", "open"]
        assert leave.is_done
