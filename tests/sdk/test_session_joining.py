"""Joining a room: answered, refused, not answered, and taken back."""

from __future__ import annotations

from typing import Any, cast

import pytest

from multichat_proto.events import (
    RoomJoined,
)
from multichat_proto.exceptions import (
    LocalProtocolError,
    NoAnswer,
    NotAMember,
    NotSent,
    RateLimited,
    RoomAccessDenied,
    RoomError,
    RoomInvalid,
    ServerUnavailable,
)
from multichat_proto.messages import Room
from multichat_proto.options import Options
from multichat_proto.session import Session, SessionState
from tests.sdk.session_play import Play

ONE = Room("1")
JOINED = "{'join': '1', 'title': 'one'}"
LEFT = "{'leave': '1'}"


class TestJoin:
    def test_a_join_is_done_when_the_server_says_so(self) -> None:
        play = Play().joined()
        join = play.session.join(1, play.now)

        assert play.go() == ["join 1"]
        assert not join.is_done
        play.says(JOINED)
        room = join.result()
        assert (room.room, room.title, room.is_joined) == ("1", "one", True)
        assert play.session.rooms == {"1": room}
        assert play.events() == [RoomJoined(ONE, "one")]

    def test_a_second_join_is_the_same_room(self) -> None:
        play = Play().joined("1")
        again = play.session.join("1", play.now)

        assert again.result() is play.session.rooms[ONE]
        assert play.go() == []

    def test_two_who_wait_get_one_join(self) -> None:
        play = Play().joined()
        joins = [play.session.join("1", play.now) for _ in range(2)]

        assert play.go() == ["join 1"]
        play.says(JOINED)
        assert joins[0].result() is joins[1].result()

    def test_a_join_waits_for_a_connection(self) -> None:
        play = Play().joined()
        play.lose()
        join = play.session.join("1", play.now)
        assert play.wait(1) == ["open"]
        assert play.open() == ["join 1"]
        play.says(JOINED)

        assert join.result().is_joined

    def test_but_not_forever(self) -> None:
        play = Play().joined()
        play.lose()
        join = play.session.join("1", play.now)
        play.wait(31)

        with pytest.raises(NotSent, match="no chance"):
            join.result()
        assert play.session.rooms == {}

    @pytest.mark.parametrize(
        ("code", "kind"),
        [
            ("ROOM_INVALID", RoomInvalid),
            ("ROOM_ACCESS_DENIED", RoomAccessDenied),
            ("RATE_LIMITED", RateLimited),
            ("SERVER_UNAVAILABLE", ServerUnavailable),
            ("FUTURE_CODE", RoomError),
        ],
    )
    def test_a_refused_join(self, code: str, kind: type[RoomError]) -> None:
        play = Play().joined()
        join = play.session.join("1", play.now)
        play.go()
        play.says(f"{{'error': '{code}', 'detail': 'no'}}")

        with pytest.raises(kind) as caught:
            join.result()
        assert type(caught.value) is kind
        error = caught.value
        assert (error.code, error.command, error.room, error.detail) == (code, "join", "1", "no")
        assert play.session.rooms == {}
        assert play.events() == []
        assert play.wait(30) == ["ping"]

    def test_an_unanswered_join(self) -> None:
        play = Play().joined()
        join = play.session.join("1", play.now)
        play.go()
        play.wait(10)

        with pytest.raises(NoAnswer, match="join of room 1"):
            join.result()
        assert play.session.rooms == {}
        assert play.is_in(SessionState.CONNECTED)

    def test_what_names_no_room(self) -> None:
        play = Play().joined()

        for name in ("01", "lobby", ""):
            with pytest.raises(LocalProtocolError, match="names no room"):
                play.session.join(name, play.now).result()
            with pytest.raises(LocalProtocolError, match="names no room"):
                play.session.leave(name, play.now).result()
        with pytest.raises(LocalProtocolError, match="names no room"):
            Session(Options(), now=0, random=lambda: 0, rooms=("x",))

    def test_what_is_no_session(self) -> None:
        for options, username in ((5, None), (Options, None), (Options(), 5)):
            given: Any = {"username": username}
            with pytest.raises(LocalProtocolError, match=r"(options|username) must be"):
                Session(cast("Options", options), now=0, random=lambda: 0, **given)

    def test_too_many_rooms(self) -> None:
        play = Play(Options(max_rooms=2)).joined("1", "2")

        with pytest.raises(LocalProtocolError, match="in 2 rooms already"):
            play.session.join("3", play.now).result()
        with pytest.raises(LocalProtocolError, match="in 1 rooms already"):
            Session(Options(max_rooms=1), now=0, random=lambda: 0, rooms=(1, 2))

    def test_a_cancelled_join_that_was_not_handed_over(self) -> None:
        play = Play().joined()
        join = play.session.join("1", play.now)

        assert play.session.abandon(join, play.now) is False
        assert play.go() == []
        assert play.session.rooms == {}

    def test_a_cancelled_join_is_left_again(self) -> None:
        play = Play().joined()
        join = play.session.join("1", play.now)
        play.go()

        assert play.session.abandon(join, play.now) is True
        assert play.says(JOINED) == ["leave 1"]
        play.says(LEFT)
        assert play.session.rooms == {}

    def test_a_cancelled_join_of_a_room_that_others_want(self) -> None:
        play = Play().joined()
        join, other = (play.session.join("1", play.now) for _ in range(2))
        play.go()
        play.session.abandon(join, play.now)

        assert play.says(JOINED) == []
        assert other.result().is_joined

    def test_a_cancelled_join_that_is_refused(self) -> None:
        play = Play().joined()
        join = play.session.join("1", play.now)
        play.go()
        play.session.abandon(join, play.now)
        play.says("{'error': 'ROOM_INVALID'}")

        assert play.session.rooms == {}
        assert play.session.abandon(join, play.now) is False


def test_a_room_that_was_wanted_and_is_refused_is_not_overlooked() -> None:
    warnings: list[str] = []
    play = Play(rooms=("1", "3"), warnings=warnings)
    play.open()
    play.says(JOINED)
    play.says("{'error': 'ROOM_ACCESS_DENIED', 'detail': 'no\\n'}")

    assert warnings == ["room 3 was refused: " + ascii(str(play.session.refusals[Room("3")]))]
    with pytest.raises(
        NotAMember, match="it was refused: join room 3: ROOM_ACCESS_DENIED"
    ) as caught:
        play.session.send("3", "x", play.now).result()
    assert isinstance(caught.value.refusal, RoomAccessDenied)
    play.session.join("3", play.now)
    assert play.session.refusals == {}


def test_refusals_have_a_limit() -> None:
    play = Play(Options(max_rooms=2), rooms=("1", "2"))
    play.open()
    for _ in range(2):
        play.says("{'error': 'ROOM_ACCESS_DENIED'}")
    assert set(play.session.refusals) == {"1", "2"}
    play.joined("3")
    play.lose()
    play.wait(30)
    play.open()
    play.says("{'error': 'ROOM_ACCESS_DENIED'}")

    assert set(play.session.refusals) == {"2", "3"}
