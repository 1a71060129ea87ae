"""The table of odd frames holds for every target: its rooms, its user, its limits."""

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest

import multichat_conformance.checks.malformed as checks
from multichat_conformance.actors import Received
from multichat_conformance.findings import NotTested
from multichat_conformance.odd_frames import Answer, OddFrame, kinds, table
from multichat_conformance.patterns import Error, Joined, Said
from multichat_conformance.target import Account, Limits, Room, Target
from multichat_spec import MalformedCase, expand, malformed_cases, recording, requirement

ALICE = Account("alice")
HEAD = recording("malformed.json")

THE_TABLES = Target(
    "ws://127.0.0.1:9/",
    rooms=tuple(Room(id_, title, staff_only=id_ == "3") for id_, title in HEAD["rooms"].items()),
    limits=Limits(
        frame_bytes=HEAD["limits"]["max_frame_bytes"],
        message_length=HEAD["limits"]["max_message_length"],
    ),
)
OTHER = replace(THE_TABLES, rooms=(Room("17", "a"), Room("-5", "b"), Room("9000", "c")))


def all_of(target: Target) -> dict[str, OddFrame]:
    """Return the frames of all kinds by the ids of their cases."""
    found = [odd for kind in kinds() for odd in table(kind, target, ALICE)]
    return {odd.name.split()[2]: odd for odd in found}


KEPT = all_of(THE_TABLES)
"""Made once: some are of 20 MiB."""


def test_each_case_is_of_one_kind_and_each_kind_is_a_check() -> None:
    source = Path(checks.__file__).read_text(encoding="utf-8")

    assert set(re.findall(r'await walk\(stage, "(.*)"\)', source)) == kinds()
    assert set(KEPT) == {case.id for case in malformed_cases()}


@pytest.mark.parametrize("case", malformed_cases(), ids=lambda case: case.id)
def test_on_a_target_like_the_tables_nothing_is_changed(case: MalformedCase) -> None:
    odd = KEPT[case.id]

    assert odd.text == (expand(case.frame) if case.frame is not None else "")
    assert [one.payload.hex() for one in odd.raw] == [one["payload_hex"] for one in case.raw]
    assert [room.id for room in odd.joined] == list(case.joined)
    assert len(odd.answers) == 1 + len(case.alternatives)
    assert odd.clause == ("" if requirement(case.clause).keyword == "MAY" else case.clause)
    assert odd.answers[0].close == case.answer.get("close")
    frames = [
        json.loads(expand(one)) if "parts" in one else one for one in case.answer.get("frames", ())
    ]
    told = [one for one in frames if one.get("msg_type") not in (4, 5)]
    assert [dict(one.members) for one in odd.answers[0].frames] == told


def test_another_targets_rooms_take_the_places_of_the_tables() -> None:
    odd = all_of(OTHER)

    assert odd["04.01"].text == '{"command": "join", "room": "17"}'
    assert odd["04.01"].answers == (Answer((Joined(Room("17", "a")),)),)
    assert odd["04.03"].text == '{"command": "join", "room": 17.0}'
    assert odd["04.03"].answers[1] == Answer((Joined(Room("17", "a")),))
    assert odd["04.04"].text == '{"command": "join", "room": "017"}'
    assert odd["04.05"].text == '{"command": "join", "room": " 17 "}'
    assert odd["04.28"].text == '{"command": "join", "room": "\\t17"}'
    assert odd["04.34"].text == '{"command": "join", "room": {"id":17}}'
    assert odd["04.44"].answers == (Answer((Joined(Room("9000", "c")),)),)
    assert odd["16.23"].text == '{"command":"join","room":"17","room":"-5"}'
    assert odd["04s02"].text == '{"command": "send", "room": 17, "message": "m"}'
    assert odd["04s02"].answers == (Answer((Said("17", "m", ALICE),)),)
    assert odd["04s02"].joined == (Room("17", "a"),)


@pytest.mark.parametrize("id_", ["04.13", "04.15", "04.16", "04.29", "04.36", "04.37", "04.46"])
def test_numbers_that_are_no_room_of_the_table_stay(id_: str) -> None:
    assert all_of(OTHER)[id_].text == KEPT[id_].text


def test_what_becomes_of_long_frames_depends_on_the_limits() -> None:
    narrow = replace(THE_TABLES, limits=Limits(frame_bytes=131_072, message_length=4_096))
    wide = replace(THE_TABLES, limits=Limits(frame_bytes=2**26, message_length=2**26))

    assert all_of(narrow)["09m10"].answers == (Answer((Error("MESSAGE_TOO_LONG"),)),)
    assert all_of(narrow)["16.46"].answers == (Answer(close=1009),)
    assert all_of(narrow)["09m12"].clause == "MC1-LIMIT-02"
    echo = Answer((Said("1", "M" * 5_242_880, ALICE),))
    assert all_of(wide)["09m12"].answers == (echo,)
    assert all_of(wide)["16.46"].answers == (Answer((Joined(Room("1", "room 1")),)),)


def test_two_open_rooms_are_needed() -> None:
    with pytest.raises(NotTested, match="needs 2 open rooms"):
        table("no text", replace(OTHER, rooms=OTHER.rooms[:1]), ALICE)


def received(*frames: dict[str, object]) -> list[Received]:
    return [Received(frame, json.dumps(frame), place) for place, frame in enumerate(frames)]


def test_an_answer_fits_if_all_frames_do_and_no_other_came() -> None:
    answer = Answer((Error("ROOM_INVALID"),))
    error: dict[str, object] = {"error": "ROOM_INVALID"}

    assert answer.fits(received(error))
    assert not answer.fits(received())
    assert not answer.fits(received(error, error))
    assert not answer.fits(received({"error": "FRAME_INVALID"}))
    assert Answer().fits(received())
    assert not Answer().fits(received(error))


def test_answers_in_words() -> None:
    assert str(Answer()) == "nothing"
    assert str(Answer((Error("X"),), pong=b"abc")) == '{"error": "X"} a pong with b\'abc\''
    assert str(Answer(close=1002)) == "a close frame with code 1002"
    assert str(Answer(close="any")) == "a close frame of any code"
