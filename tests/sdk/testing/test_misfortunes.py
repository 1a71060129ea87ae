"""Each lever of the server in memory does what it says, and nothing else."""

from __future__ import annotations

import pytest

from multichat_proto.exceptions import (
    ConnectionClosed,
    RemoteProtocolError,
)
from multichat_proto.messages import Error, Room, Send
from multichat_proto.testing import (
    MemoryServer,
    StaffRoom,
)
from tests.sdk.testing.wire import LOBBY, Wire, ending, enter, leave, said


@pytest.fixture
def server() -> MemoryServer:
    return MemoryServer({"1": "Lobby", "2": StaffRoom("Office")}, staff={"dave"})


def test_a_restart_closes_everybody_and_announces_nothing(server: MemoryServer) -> None:
    """MC1-CLOSE-05, MC1-END-01."""
    alice, bob = Wire(server, "alice"), Wire(server, "bob")
    alice.says("join", "1")
    bob.says("join", "1")
    server.enter("carol", "1")

    server.restart()

    assert server.members("1") == {"carol"}
    assert server.connections == ()
    assert alice.link.take(0.0) is not None  # bob's ENTER was on its way, and arrives
    assert ending(bob) == 1012
    back = Wire(server, "alice")
    assert back.says("join", "1") == [LOBBY]
    server.say("carol", "1", "still here")
    assert back.hears() == [said("1", "carol", "still here")]


def test_a_closed_connection_gets_what_came_before(server: MemoryServer) -> None:
    alice = Wire(server, "alice")
    alice.says("join", "1")
    server.say("bob", "1", "last")

    server.close("alice", 4000, "why not")

    assert alice.link.take(0.0) is not None
    assert alice.link.take(0.0) is not None
    with pytest.raises(ConnectionClosed, match="why not"):
        alice.link.take(0.0)
    with pytest.raises(ConnectionClosed):
        alice.link.send_text("{}", 0.0)
    with pytest.raises(ConnectionClosed):
        alice.link.ping()


def test_a_cut_connection_gets_nothing_more(server: MemoryServer) -> None:
    alice, bob = Wire(server, "alice"), Wire(server, "bob")
    alice.says("join", "1")
    bob.says("join", "1")

    server.cut("alice")

    assert ending(alice) == 1006
    assert bob.hears() == [leave("1", "alice")]


def test_a_cut_behind_a_command_lets_it_be_carried_out(server: MemoryServer) -> None:
    alice, bob = Wire(server, "alice"), Wire(server, "bob")
    alice.says("join", "1")
    bob.says("join", "1")
    server.cut("alice", after_next_command=True)

    with pytest.raises(ConnectionClosed):
        alice.says("send", "1", message="last words")

    assert bob.hears() == [said("1", "alice", "last words"), leave("1", "alice")]


def test_a_torn_frame_is_not_carried_out(server: MemoryServer) -> None:
    alice, bob = Wire(server, "alice"), Wire(server, "bob")
    alice.says("join", "1")
    bob.says("join", "1")
    server.tear("alice")

    with pytest.raises(ConnectionClosed) as closed:
        alice.says("send", "1", message="la")

    assert closed.value.code == 1006
    assert bob.hears() == [leave("1", "alice")]
    assert server.said("1") == []


def test_nothing_gets_through_a_half_open_connection(server: MemoryServer) -> None:
    """Neither side is told; the others see it go only when the client gives up."""
    alice, bob = Wire(server, "alice"), Wire(server, "bob")
    alice.says("join", "1")
    bob.says("join", "1")
    alice.hears()
    server.half_open("alice")

    alice.link.ping()
    assert alice.says("send", "1", message="hello?") == []
    bob.says("send", "1", message="alice?")
    assert alice.hears() == []
    assert alice.link.pongs == 0
    assert server.members("1") == {"alice", "bob"}

    alice.link.abort()
    assert bob.hears() == [leave("1", "alice")]
    assert ending(alice) == 1006


def test_a_goodbye_is_heard(server: MemoryServer) -> None:
    alice, bob = Wire(server, "alice"), Wire(server, "bob")
    alice.says("join", "1")
    bob.says("join", "1")

    alice.link.close(1000, "bye")
    alice.link.abort()

    assert bob.hears() == [leave("1", "alice")]
    assert ending(alice) == 1000


def test_what_is_said_takes_its_time(server: MemoryServer) -> None:
    """Frames do not overtake each other, though a later one has less delay."""
    alice = Wire(server, "alice")
    server.delay(2.0)
    assert alice.says("join", "1") == []
    server.delay(0.0)
    server.say("bob", "1", "late")
    assert alice.hears() == []
    alice.now = 1.9
    assert alice.hears() == []
    assert alice.link.due_at(1.9) == 2.0

    alice.now = 2.0
    assert alice.hears() == [LOBBY, enter("1", "bob"), said("1", "bob", "late")]
    assert alice.link.due_at(2.0) is None


def test_commands_are_refused_and_ignored_as_planned(server: MemoryServer) -> None:
    """Each plan is used once, by the first command that it fits."""
    alice = Wire(server, "alice")
    server.refuse_command("alice", "send", "RATE_LIMITED", times=2)
    server.ignore_command("alice", "join")

    assert alice.says("join", "1") == []
    assert alice.says("join", "1") == [LOBBY]
    assert alice.says("send", "1", message="a") == ["RATE_LIMITED"]
    assert alice.says("send", "1", message="b") == ["RATE_LIMITED"]
    assert alice.says("send", "1", message="c") == [said("1", "alice", "c")]
    server.ignore_command("alice")
    alice.link.send_text("anything", 0.0)
    assert alice.hears() == []
    assert [one.command for one in server.received][-2] == Send("1", "c")


def test_a_planned_refusal_says_what_it_is_about(server: MemoryServer) -> None:
    """MC1-ERR-02."""
    alice = Wire(server, "alice")
    server.refuse_command("alice", "join", "SOMETHING_NEW")
    alice.link.send_text('{"command": "join", "room": 1}', 0.0)

    frame = alice.link.take(0.0)

    from multichat_proto.codec import decode_frame

    assert isinstance(frame, str)
    assert decode_frame(frame) == Error("SOMETHING_NEW", "join", Room("1"))


@pytest.mark.parametrize(
    "frame", ["x" * 1_000_001, b"x" * 1_000_001, "\u20ac" * 333_334], ids=["text", "bytes", "euros"]
)
def test_a_client_reads_no_frame_that_is_too_long(server: MemoryServer, frame: str | bytes) -> None:
    """It ends the connection, as a socket's client does; bytes count, not characters."""
    alice, bob = Wire(server, "alice"), Wire(server, "bob")
    bob.says("join", "1")
    alice.says("join", "1")
    bob.hears()
    server.inject("alice", frame)

    for _ in range(2):
        with pytest.raises(RemoteProtocolError, match="more than 1000000 bytes"):
            alice.hears()
    assert bob.hears() == [leave("1", "alice")]


def test_any_frame_can_be_injected(server: MemoryServer) -> None:
    alice, bob = Wire(server, "alice"), Wire(server, "bob")

    server.inject("alice", "no JSON")
    server.inject("alice", b"\xff")

    assert alice.hears() == ["no JSON", b"\xff"]
    assert bob.hears() == []
