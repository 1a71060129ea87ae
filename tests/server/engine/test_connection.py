"""One client's connection, without I/O."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from multichat_proto.limits import Limits
from multichat_proto.messages import CloseCode, Room
from multichat_server.engine.connection import (
    CLOSE_REASON_BYTES,
    put_out,
)

from . import wire
from .fakes import CLOSE_TIMEOUT, SMALL_FRAME_BURST, Client, House

JOINED = {"join": "1", "title": "room 1"}


def said(message: str, username: str = "alice") -> dict[str, object]:
    return {"room": "1", "message": message, "username": username, "msg_type": 0}


def enter(username: str, room: str = "1") -> dict[str, object]:
    return {"room": room, "message": None, "username": username, "msg_type": 4}


def left(username: str, room: str = "1") -> dict[str, object]:
    return {"room": room, "message": None, "username": username, "msg_type": 5}


def two_members(house: House) -> tuple[Client, Client]:
    """Return alice and bob in room 1, with nothing unread."""
    alice, bob = house.connect("alice"), house.connect("bob")
    alice.sends(wire.join())
    bob.sends(wire.join())
    alice.got()
    bob.got()
    return alice, bob


# Commands and announcements


def test_join_is_announced_to_the_others_and_answered() -> None:
    """MC1-ANN-01, MC1-ANN-02."""
    house = House()
    alice, bob = house.connect("alice"), house.connect("bob")

    alice.sends(wire.join())
    bob.sends(wire.join())

    assert alice.got() == [JOINED, enter("bob")]
    assert bob.got() == [JOINED]


def test_a_message_goes_to_every_member_once() -> None:
    """MC1-SEND-01, MC1-SEND-06."""
    alice, bob = two_members(House())

    alice.sends(wire.send("hi"))

    assert alice.got() == [said("hi")]
    assert bob.got() == [said("hi")]


def test_every_member_gets_the_same_bytes_object() -> None:
    """A frame is encoded once, however many members there are."""
    house = House()
    alice, bob = two_members(house)
    seen: list[bytes | memoryview] = []
    for each in (alice, bob):
        each.sink.write = lambda data: seen.append(data) or len(data)  # type: ignore[method-assign, func-returns-value]  # to see the object

    alice.sends(wire.send("hi"))
    house.flush()

    assert len(seen) == 2
    assert seen[0] is seen[1]


def test_leave_tells_the_leaver_last() -> None:
    """MC1-LEAVE-04, MC1-LEAVE-03."""
    alice, bob = two_members(House())

    alice.sends(wire.leave())
    bob.sends(wire.send("still here"))

    assert alice.got() == [left("alice"), {"leave": "1"}]
    assert bob.got() == [left("alice"), said("still here", "bob")]


def test_announcements_can_be_switched_off() -> None:
    """MC1-ANN-04."""
    house = House(announces=False)
    alice, bob = two_members(house)

    alice.sends(wire.leave(), wire.join())
    alice.connection.lost()

    assert bob.got() == []


def test_a_binary_message_is_answered_and_the_connection_goes_on() -> None:
    """MC1-FRAME-03."""
    alice = House().connect("alice")

    alice.sends(wire.client_frame(wire.BINARY, b'{"command": "join"}'), wire.join())

    refused, joined = alice.got()
    assert isinstance(refused, dict)
    assert refused["error"] == "FRAME_INVALID"
    assert joined == JOINED


def test_a_renamed_user_speaks_with_the_new_name() -> None:
    """MC1-MSG-03."""
    alice, bob = two_members(House())

    alice.connection.rename("alicia")
    alice.sends(wire.send("hi"))
    alice.connection.lost()

    assert bob.got() == [said("hi", "alicia"), left("alicia")]


# Fragments and control frames


def test_a_message_in_fragments_with_a_ping_between() -> None:
    """MC1-FRAME-02, MC1-FRAME-08."""
    alice = House().connect("alice")
    payload = b'{"command": "join", "room": 1}'

    alice.sends(
        wire.client_frame(wire.TEXT, payload[:5], fin=False),
        wire.client_frame(wire.PING, b"between"),
        wire.client_frame(wire.CONT, payload[5:9], fin=False),
        wire.client_frame(wire.CONT, b"", fin=False),
        wire.client_frame(wire.CONT, payload[9:]),
    )

    assert alice.got() == [(wire.PONG, b"between"), JOINED]


def test_a_binary_message_in_fragments_is_still_binary() -> None:
    alice = House().connect("alice")

    alice.sends(
        wire.client_frame(wire.BINARY, b'{"command": ', fin=False),
        wire.client_frame(wire.CONT, b'"join", "room": 1}'),
    )

    (refused,) = alice.got()
    assert isinstance(refused, dict)
    assert refused["error"] == "FRAME_INVALID"


@pytest.mark.parametrize("split", [False, True])
def test_a_message_of_the_limit_is_read_and_a_longer_one_closes(split: bool) -> None:
    """MC1-LIMIT-02: the limit counts the message, however many frames it comes in."""
    for length, is_read in ((10_000, True), (10_001, False)):
        alice = House().connect("alice")
        payload = b'{"command": "join", "room": 1}'.ljust(length)
        if split:
            alice.sends(
                wire.client_frame(wire.TEXT, payload[:9_999], fin=False),
                wire.client_frame(wire.PING, b"x" * 125),
                wire.client_frame(wire.CONT, payload[9_999:]),
            )
        else:
            alice.sends(wire.client_frame(wire.TEXT, payload))

        answer = alice.got()[-1]

        if is_read:
            assert answer == JOINED
        else:
            assert wire.code_of(answer) == 1009
            assert alice.sink.is_finished


def test_a_frame_that_announces_too_much_is_refused_before_it_has_come() -> None:
    alice = House().connect("alice")

    alice.sends(wire.client_frame(wire.TEXT, b"x" * 20_000)[:14])

    assert wire.code_of(alice.got()[-1]) == 1009


@pytest.mark.parametrize("split", [False, True])
def test_text_that_is_not_utf8_closes(split: bool) -> None:
    """MC1-FRAME-07."""
    alice, bob = two_members(House())

    if split:
        alice.sends(
            wire.client_frame(wire.TEXT, b"\xf0\x9f", fin=False),
            wire.client_frame(wire.CONT, b"ab"),
        )
    else:
        alice.sends(wire.client_frame(wire.TEXT, b"\xff"))

    assert wire.code_of(alice.got()[-1]) == 1007
    assert bob.got() == [left("alice")]


@pytest.mark.parametrize(
    "broken",
    [
        wire.client_frame(wire.TEXT, b"{}", masked=False),
        wire.client_frame(wire.TEXT, b"{}", reserved=0x40),
        wire.client_frame(3, b"{}"),
        wire.client_frame(wire.PING, b"x" * 126),
        wire.client_frame(wire.PING, b"x", fin=False),
        wire.client_frame(wire.CONT, b"x"),
        wire.client_frame(wire.TEXT, b"x", fin=False) + wire.client_frame(wire.TEXT, b"x"),
        wire.client_frame(wire.CLOSE, b"\x03"),
        wire.close(1005),
    ],
)
def test_a_broken_frame_closes_and_what_came_before_it_counts(broken: bytes) -> None:
    """MC1-FRAME-06, MC1-END-03."""
    alice, bob = two_members(House())

    alice.sends(wire.send("before") + broken + wire.send("after"))

    before, closed = alice.got()
    assert before == said("before")
    assert wire.code_of(closed) == 1002
    assert bob.got() == [said("before"), left("alice")]


def test_a_flood_in_one_piece_is_answered_before_it_is_closed() -> None:
    """MC1-LIMIT-05, MC1-LIMIT-07: whoever floods still learns what was carried out."""
    limits = Limits(command_rate=1, command_burst=2, refusal_rate=1, refusal_burst=2)
    alice = House(limits=limits).connect("alice")

    alice.sends(wire.join() * 10)

    *answers, closed = alice.got()
    assert answers[:2] == [JOINED, JOINED]
    assert [each["error"] for each in answers[2:]] == ["RATE_LIMITED"] * 2  # type: ignore[index]  # error frames
    assert wire.code_of(closed) == 1008


def test_a_flood_of_pings_closes() -> None:
    alice, bob = two_members(House())

    alice.sends(wire.client_frame(wire.PING, b"") * (SMALL_FRAME_BURST + 1))

    assert wire.code_of(alice.got()[-1]) == 1008
    assert bob.got() == [left("alice")]


def test_a_flood_of_empty_fragments_closes() -> None:
    alice = House().connect("alice")

    alice.sends(wire.client_frame(wire.TEXT, b"", fin=False))
    alice.sends(wire.client_frame(wire.CONT, b"", fin=False) * SMALL_FRAME_BURST)

    assert wire.code_of(alice.got()[-1]) == 1008


def test_a_flood_of_commands_closes() -> None:
    """MC1-LIMIT-07."""
    limits = Limits(command_rate=1, command_burst=5, refusal_rate=1, refusal_burst=3)
    house = House(limits=limits)
    alice, bob = two_members(house)
    spam = wire.send("spam")

    alice.sends(spam * 20)

    *_, closed = alice.got()
    assert wire.code_of(closed) == 1008
    assert bob.got() == [said("spam")] * 4 + [left("alice")]


# The end


@pytest.mark.parametrize(("code", "answer"), [(1000, 1000), (4321, 4321)])
def test_a_close_is_answered_and_nothing_after_it_is_obeyed(code: int, answer: int) -> None:
    """MC1-CLOSE-01, MC1-CLOSE-07, MC1-END-03."""
    alice, bob = two_members(House())

    alice.sends(wire.send("last") + wire.close(code) + wire.send("too late"))

    assert alice.got() == [said("last"), (answer, "")]
    assert alice.sink.is_finished
    assert bob.got() == [said("last"), left("alice")]


def test_a_close_without_a_code_is_answered_with_none() -> None:
    alice = House().connect("alice")

    alice.sends(wire.client_frame(wire.CLOSE, b""))

    assert alice.got() == [(1005, "")]


def test_the_end_of_the_stream_ends_memberships() -> None:
    """MC1-END-01: one LEAVE a room."""
    alice, bob = two_members(House())
    alice.sends(wire.join("2"))
    bob.sends(wire.join("2"))
    bob.got()

    alice.connection.receive_eof(now=1.0)
    alice.connection.lost()
    alice.connection.lost()

    assert bob.got() == [left("alice"), left("alice", "2")]
    assert alice.sink.is_aborted


def test_the_end_of_the_stream_within_a_frame() -> None:
    alice, bob = two_members(House())

    alice.sends(wire.send("torn")[:-1])
    alice.connection.receive_eof(now=1.0)

    assert bob.got() == [left("alice")]


def test_our_close_waits_for_the_peers() -> None:
    alice, bob = two_members(House())

    alice.connection.close(CloseCode.SERVICE_RESTART, "the server stops", now=1.0)
    alice.connection.close(CloseCode.NORMAL, "again", now=1.0)

    assert alice.got() == [(1012, "the server stops")]
    assert bob.got() == [left("alice")]
    assert not alice.sink.is_finished
    alice.sends(wire.client_frame(wire.PING, b"x"), wire.send("ignored"), wire.close(1012))
    assert alice.got() == []
    assert alice.sink.is_finished
    assert bob.got() == []


def test_a_long_reason_is_cut_between_characters() -> None:
    alice = House().connect("alice")

    alice.connection.close(CloseCode.POLICY_VIOLATION, "é" * 100, now=1.0)

    assert alice.got() == [(1008, "é" * (CLOSE_REASON_BYTES // 2))]


def test_a_close_while_the_peers_close_is_in_the_same_bytes() -> None:
    """A flood that ends with a close frame: one close frame is enough."""
    limits = Limits(command_rate=1, command_burst=1, refusal_rate=1, refusal_burst=1)
    alice = House(limits=limits).connect("alice")

    alice.sends(wire.join() * 5 + wire.close())

    frames = alice.got()
    assert [frame for frame in frames if isinstance(frame, tuple)] == [(1000, "")]


def test_one_who_reads_too_slowly_is_put_out_with_a_reason() -> None:
    """MC1-CLOSE-06: the backlog is thrown away, the close frame is read as one."""
    house = House(outbox_bytes=100_000)
    alice, bob = two_members(house)
    house.max_frame_bytes = 100_000
    bob.sink.room = 1_000
    for _ in range(30):
        alice.sends(wire.send("x" * 9_000), now=1000.0)
        house.flush()
    assert house.overflowed == ["bob"]
    alice.got()

    bob.connection.put_out_slow(now=1000.0)

    assert alice.got() == [left("bob")]
    bob.sink.room = None
    bob.connection.outbox.flush()
    first, closed = bob.got()
    assert first == said("x" * 9_000), "what was half written is written whole"
    assert wire.code_of(closed) == 1013
    assert "slowly" in closed[1]  # type: ignore[index]  # a close frame


def test_losses_at_the_same_instant_are_not_seen_by_each_other() -> None:
    """MC1-REVOKE-01, MC1-REVOKE-02, MC1-REVOKE-03."""
    house = House()
    alice, bob = two_members(house)
    staff = house.connect("staff")
    staff.sends(wire.join())
    for each in (alice, bob, staff):
        each.got()

    put_out(
        [
            (alice.connection, Room("1")),
            (bob.connection, Room("1")),
            (bob.connection, Room("2")),
        ]
    )

    assert alice.got() == [{"leave": "1"}]
    assert bob.got() == [{"leave": "1"}]
    assert staff.got() == [left("alice"), left("bob")]
    alice.sends(wire.send("hi"))
    assert alice.got()[0]["error"] == "ROOM_ACCESS_DENIED"  # type: ignore[index]  # an error frame


# Deadlines


def ring(client: Client, now: float) -> None:
    """Do what the timers' task does."""
    heap = client.house.timers._heap
    for timer in list(heap):
        if timer.when <= now:
            heap.remove(timer)
            again = timer.ring(now)
            if again is not None:
                timer.when = again
                heap.append(timer)


def test_an_idle_peer_is_pinged_and_a_silent_one_is_put_out() -> None:
    """MC1-END-02: the bound is ping_interval + ping_timeout."""
    house = House()
    alice, bob = two_members(house)

    ring(alice, 19.9)
    assert alice.got() == []
    ring(alice, 20.0)
    assert alice.got() == [(wire.PING, b"")]
    assert bob.got() == [(wire.PING, b"")]
    bob.sends(wire.client_frame(wire.PONG, b""), now=20.1)
    ring(alice, 49.9)
    assert alice.got() == []
    ring(alice, 50.0)

    assert alice.got() == [(1011, "no answer to a ping")]
    assert left("alice") in bob.got()
    assert not alice.sink.is_aborted
    ring(alice, 50.0 + CLOSE_TIMEOUT)
    assert alice.sink.is_aborted


def test_any_sign_of_life_puts_the_ping_off() -> None:
    alice = House().connect("alice")

    alice.sends(wire.join(), now=15.0)
    ring(alice, 20.0)
    ring(alice, 34.9)
    assert alice.got() == [JOINED]
    ring(alice, 35.0)

    assert alice.got() == [(wire.PING, b"")]


def test_taking_what_waited_is_a_sign_of_life() -> None:
    alice = House().connect("alice")
    ring(alice, 20.0)
    alice.got()

    alice.connection.outbox.drained_at = 49.0
    ring(alice, 50.0)
    assert alice.got() == []
    ring(alice, 69.0)

    assert alice.got() == [(wire.PING, b"")]


def test_a_peer_that_does_not_close_is_cut_off() -> None:
    """MC1-CLOSE-03."""
    alice = House().connect("alice")
    alice.sends(wire.close(), now=7.0)
    alice.got()

    ring(alice, 7.0 + CLOSE_TIMEOUT - 0.1)
    assert not alice.sink.is_aborted
    ring(alice, 7.0 + CLOSE_TIMEOUT)

    assert alice.sink.is_aborted


# Any chunks

CONVERSATION = b"".join(
    [
        wire.join(),
        wire.send("one"),
        wire.client_frame(wire.PING, b"ping"),
        wire.client_frame(wire.TEXT, b'{"command": "se', fin=False),
        wire.client_frame(wire.CONT, b'nd", "room": 1, "message": "tw\xc3', fin=False),
        wire.client_frame(wire.CONT, b'\xb6"}'),
        wire.text({"command": "nonsense"}),
        wire.client_frame(wire.BINARY, b"\x00"),
        wire.send("x" * 300),
        wire.leave(),
        wire.close(),
    ]
)


@given(cuts=st.lists(st.integers(0, len(CONVERSATION)), max_size=40))
def test_answers_do_not_depend_on_how_the_bytes_come(cuts: list[int]) -> None:
    whole = House().connect("alice")
    whole.sends(CONVERSATION)
    expected = whole.got()

    torn = House().connect("alice")
    edges = sorted({0, *cuts, len(CONVERSATION)})
    for start, end in pairwise(edges):
        torn.sends(CONVERSATION[start:end])
    found = torn.got()

    def data(frames: list[object]) -> list[object]:
        return [frame for frame in frames if frame != (wire.PONG, b"ping")]

    assert data(found) == data(expected)
    assert len(found) == len(expected) == 10
    assert found[-1] == (1000, "")


@given(data=st.binary(max_size=300))
def test_no_bytes_raise_anything(data: bytes) -> None:
    alice, bob = two_members(House())

    alice.sends(*[data] * bool(data))
    alice.connection.receive_eof(now=1.0)
    alice.connection.lost()

    assert bob.got() == [left("alice")]
