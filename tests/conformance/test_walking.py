"""A walk finds what is wrong with a frame, names it, and goes on to the next."""

from collections import Counter
from collections.abc import Sequence

import pytest

from multichat_conformance.events import Finding
from multichat_conformance.odd_frames import Answer, OddFrame
from multichat_conformance.patterns import Error, Said
from multichat_conformance.running.telling import Told
from multichat_conformance.stage import Stage
from multichat_conformance.target import Account, Room
from multichat_conformance.walking import MOST_FINDINGS, Walk
from tests.conformance.on_stage import on_stage
from tests.conformance.small_server import small_server
from tests.conformance.small_server.faults import FAULTS

ROOM = Room("1", "room 1")


def odd(text: str, *codes: str, joined: bool = False, clause: str = "MC1-JSON-01") -> OddFrame:
    answers = tuple(Answer((Error(code),)) for code in codes)
    return OddFrame(f"frame {text[:40]}", answers, clause, text, (), (ROOM,) if joined else ())


NO_FRAME = odd("hello", "FRAME_INVALID")
NO_COMMAND = odd('{"command": null}', "COMMAND_INVALID", clause="MC1-ERR-08")
NO_ROOM = odd('{"command": "leave", "room": "01"}', "ROOM_INVALID", joined=True)
MESSAGE = OddFrame(
    "a message",
    (Answer((Said(ROOM, "m", Account("alice")),)),),
    "MC1-SEND-01",
    '{"command": "send", "room": 1, "message": "m"}',
    (),
    (ROOM,),
)


async def walked(frames: Sequence[OddFrame], fault: str = "", *, patience: float = 5.0) -> Told:
    """Walk through frames on a small server, correct or with a fault."""

    async def story(stage: Stage) -> None:
        await Walk(stage).through(frames)

    parts = FAULTS[fault].parts if fault else ()
    async with small_server(parts) as running:
        return await on_stage(running.target, story, patience=patience)


def finding_of(told: Told) -> Finding:
    assert told.attempt.finding is not None, told
    return told.attempt.finding


async def test_frames_that_are_answered_as_they_must_be_pass() -> None:
    told = await walked([NO_FRAME, NO_COMMAND, NO_ROOM, MESSAGE] * 5)

    assert (told.attempt.finding, told.trouble) == (None, "")


async def test_no_connection_sends_more_than_any_server_must_take() -> None:
    told = await walked([NO_FRAME, NO_ROOM, MESSAGE] * 20)

    sent = Counter(line.actor for line in told.attempt.transcript if line.direction == "sent")
    assert len(sent) > 4
    assert max(sent.values()) <= 32  # the handshake is one of them


async def test_another_answer_is_found() -> None:
    told = await walked([NO_FRAME, odd("hello", "COMMAND_INVALID", "ROOM_INVALID")])

    finding = finding_of(told)
    assert finding.summary == "frame hello: alice got another answer"
    assert finding.expected == '{"error": "COMMAND_INVALID"} or {"error": "ROOM_INVALID"}'
    assert '"FRAME_INVALID"' in finding.got
    assert finding.clause == "MC1-JSON-01"


async def test_silence_is_found() -> None:
    told = await walked([NO_COMMAND], "invalid-commands-are-passed-over")

    assert finding_of(told).summary == 'frame {"command": null}: alice got no answer'
    assert finding_of(told).got == "nothing"


async def test_all_that_is_wrong_is_named_once() -> None:
    wrong = [odd(text, "ROOM_INVALID") for text in ("one", "two", "three")]

    told = await walked([wrong[0], NO_FRAME, *wrong[1:]])

    assert finding_of(told).summary == (
        "frame one: alice got another answer. The same or another answer was wrong to 2 more: "
        "frame two; frame three"
    )


async def test_after_many_findings_it_ends() -> None:
    wrong = [odd(str(number), "ROOM_INVALID") for number in range(MOST_FINDINGS + 5)]

    told = await walked(wrong)

    assert f"wrong to {MOST_FINDINGS - 1} more" in finding_of(told).summary


async def test_what_reaches_the_room_in_spite_of_an_error_is_found() -> None:
    text = '{"command": "send", "room": "1", "message": 5}'
    told = await walked([odd(text, "MESSAGE_INVALID", joined=True)], "texts-of-any-type")

    assert finding_of(told).summary.startswith("frame {")


async def test_an_error_that_goes_to_the_room_is_found() -> None:
    told = await walked([NO_ROOM], "errors-go-to-the-room")

    assert finding_of(told).summary == (
        'frame {"command": "leave", "room": "01"}: bob, a member of the room, got a frame because '
        "of it"
    )


async def test_a_membership_that_an_error_ends_is_found() -> None:
    told = await walked([NO_ROOM], "errors-end-memberships", patience=0.3)

    assert finding_of(told).clause in ("MC1-ERR-04", "MC1-ERR-10")


async def test_a_connection_that_an_error_ends_is_found_and_the_walk_goes_on() -> None:
    told = await walked([NO_COMMAND, NO_FRAME, NO_COMMAND], "invalid-commands-end-the-connection")

    finding = finding_of(told)
    assert "connection ended while it waited" in finding.summary
    assert finding.summary.endswith('wrong to 1 more: frame {"command": null}')


async def test_who_is_not_served_after_a_frame_is_found() -> None:
    text = '{"command": null, "room": "1"}'
    told = await walked(
        [odd(text, "COMMAND_INVALID")], "commands-of-a-wrong-type-end-everything", patience=0.3
    )

    assert finding_of(told).clause == "MC1-ERR-10"


@pytest.mark.parametrize(("code", "fits"), [(1009, True), (1002, False)])
async def test_an_end_has_its_code(code: int, fits: bool) -> None:
    long = OddFrame("a long frame", (Answer(close=code),), "MC1-LIMIT-02", "x" * 300_000)

    told = await walked([long, NO_FRAME])

    assert (told.attempt.finding is None) == fits
    if not fits:
        assert finding_of(told).expected == "1002"


async def test_an_end_without_a_close_frame_is_found() -> None:
    long = OddFrame("a long frame", (Answer(close="any"),), "MC1-CLOSE-02", "x" * 300_000)

    told = await walked([long], "ends-without-a-close-frame")

    assert finding_of(told).clause == "MC1-CLOSE-02"
