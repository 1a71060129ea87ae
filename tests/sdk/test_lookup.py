"""Rooms by their id, and what is said of one that is not there."""

from __future__ import annotations

import pickle
from typing import Any

import pytest

from multichat_proto.exceptions import LocalProtocolError, NotAMember, RoomAccessDenied
from multichat_proto.messages import Room
from multichat_proto.session.lookup import Rooms, wanted_rooms

DENIED = RoomAccessDenied("ROOM_ACCESS_DENIED", "join", "3")
ROOMS: Rooms[str] = Rooms({Room("1"): "one", Room("2"): "two"}, str.upper, {Room("3"): DENIED})


@pytest.mark.parametrize("room", [1, "1"], ids=["int", "str"])
def test_a_room_by_its_number_or_its_id(room: str | int) -> None:
    assert ROOMS[room] == "ONE"
    assert ROOMS.get(room) == "ONE"
    assert room in ROOMS


@pytest.mark.parametrize("room", [7, "7", "01", "x", 1.0, None], ids=repr)
def test_a_room_that_is_not_there(room: str | int) -> None:
    assert room not in ROOMS
    assert ROOMS.get(room) is None
    assert ROOMS.get(room, "none") == "none"
    with pytest.raises(NotAMember, match=f"not a member of room {room}; join it first"):
        ROOMS[room]
    with pytest.raises(KeyError):
        ROOMS[room]


def test_a_room_that_was_refused() -> None:
    with pytest.raises(NotAMember, match=r"refused: .*ROOM_ACCESS_DENIED") as caught:
        ROOMS["3"]

    assert caught.value.refusal is DENIED
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)  # noqa: S301  # its own


def test_it_is_a_mapping() -> None:
    assert dict(ROOMS) == {"1": "ONE", "2": "TWO"}
    assert dict(ROOMS) == ROOMS
    assert len(ROOMS) == 2
    assert repr(ROOMS) == "<Rooms 1, 2>"


@pytest.mark.parametrize("rooms", ["12", b"12", 1, None], ids=repr)
def test_what_is_no_list_of_rooms(rooms: Any) -> None:
    with pytest.raises(LocalProtocolError, match="rooms must be a list of rooms"):
        wanted_rooms(rooms)


def test_a_list_of_rooms_may_be_any_series() -> None:
    rooms: list[str | int] = [1, "2"]

    assert wanted_rooms(iter(rooms)) == (1, "2")
