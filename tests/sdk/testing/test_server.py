"""The server in memory speaks v1, and each lever does what it says."""

from __future__ import annotations

import pytest

from multichat_proto.exceptions import (
    CommandRefused,
    ConnectionClosed,
    ConnectionFailed,
    HandshakeRefused,
    LocalProtocolError,
    LoginFailed,
    MultichatError,
)
from multichat_proto.limits import Limits
from multichat_proto.messages import Join, Message, Room
from multichat_proto.testing import (
    MemoryServer,
    ReceivedCommand,
    StaffRoom,
    VirtualClock,
    run_virtual,
)
from multichat_proto.transport import AsyncConnector
from tests.sdk.testing.wire import LOBBY, Wire, ending, enter, handshake, leave, said


@pytest.fixture
def server() -> MemoryServer:
    return MemoryServer({"1": "Lobby", "2": StaffRoom("Office")}, staff={"dave"})


def test_members_see_each_other(server: MemoryServer) -> None:
    """MC1-JOIN-02, MC1-ANN-01, MC1-SEND-01, MC1-LEAVE-04, in this order."""
    alice, bob = Wire(server, "alice"), Wire(server, "bob")

    assert alice.says("join", "1") == [LOBBY]
    assert bob.says("join", "1") == [LOBBY]
    assert alice.hears() == [enter("1", "bob")]
    assert alice.says("send", "1", message="hi") == [said("1", "alice", "hi")]
    assert bob.hears() == [said("1", "alice", "hi")]
    assert bob.says("leave", "1") == [leave("1", "bob"), {"leave": "1"}]
    assert alice.hears() == [leave("1", "bob")]
    assert server.members("1") == {"alice"}
    assert server.said("1") == [("alice", "hi")]
    assert server.messages == [Message(Room("1"), "hi", "alice", 0)]
    (left,) = server.connections[:1]
    assert (left.username, set(left.rooms), left.subprotocol) == ("alice", {"1"}, "multichat.v1")
    assert server.received[0] == ReceivedCommand("alice", Join("1"))


@pytest.mark.parametrize("announces", [True, False], ids=["announced", "quiet"])
def test_announcements_are_all_or_none(announces: bool) -> None:
    """MC1-ANN-04."""
    server = MemoryServer(announces=announces)
    alice, bob = Wire(server, "alice"), Wire(server, "bob")
    alice.says("join", "1")
    bob.says("join", "1")

    assert bool(alice.hears()) is announces


def test_rooms_are_refused_as_v1_says(server: MemoryServer) -> None:
    alice, dave, nobody = Wire(server, "alice"), Wire(server, "dave"), Wire(server)

    assert alice.says("join", "9") == ["ROOM_INVALID"]
    assert alice.says("join", "2") == ["ROOM_ACCESS_DENIED"]
    assert alice.says("send", "1", message="hi") == ["ROOM_ACCESS_DENIED"]
    assert dave.says("join", "2") == [{"join": "2", "title": "Office"}]
    assert nobody.says("join", "1") == ["USER_HAS_TO_LOGIN"]
    alice.link.send_text("no JSON", 0.0)
    assert alice.hears() == ["FRAME_INVALID"]
    assert server.received[-1] == ReceivedCommand("alice", "no JSON")


def test_limits_are_those_given() -> None:
    server = MemoryServer(limits=Limits(max_message_length=2, command_rate=1.0, command_burst=2))
    alice = Wire(server, "alice")
    alice.says("join", "1")

    assert alice.says("send", "1", message="xxx") == ["MESSAGE_TOO_LONG"]
    assert alice.says("send", "1", message="x") == ["RATE_LIMITED"]
    alice.now = 1.5
    assert alice.says("send", "1", message="x") == [said("1", "alice", "x")]


def test_a_flood_is_closed() -> None:
    """MC1-LIMIT-07."""
    server = MemoryServer(limits=Limits(command_rate=1, command_burst=1, refusal_burst=2))
    alice, bob = Wire(server, "alice"), Wire(server, "bob")
    bob.says("join", "1")
    alice.says("join", "1")
    bob.hears()
    assert alice.says("leave", "1") == ["RATE_LIMITED"]
    alice.says("leave", "1")

    with pytest.raises(ConnectionClosed) as closed:
        alice.says("leave", "1")

    assert closed.value.code == 1008
    assert bob.hears() == [leave("1", "alice")]


def test_whoever_does_not_read_is_put_out() -> None:
    """MC1-CLOSE-06: with 1013, and the others see it leave."""
    server = MemoryServer(max_backlog=3)
    alice, bob = Wire(server, "alice"), Wire(server, "bob")
    alice.says("join", "1")
    bob.says("join", "1")
    for number in range(4):
        bob.says("send", "1", message=str(number))

    assert server.members("1") == {"bob"}
    assert bob.hears() == []  # the LEAVE came with the answer to the last one
    assert ending(alice) == 1013


# -- Who one is.


def test_a_session_comes_of_a_login_and_ends_with_a_logout() -> None:
    """MC1-REVOKE-06."""
    server = MemoryServer(users={"alice": "right"})
    with pytest.raises(LoginFailed):
        server.log_in("alice", "wrong")
    with pytest.raises(LoginFailed):
        server.log_in("bob", "right")
    cookie = "; ".join(f"{k}={v}" for k, v in server.log_in("alice", "right").items())
    alice = Wire(server, Cookie=cookie)
    assert alice.says("join", "1") == [LOBBY]

    server.log_out("alice")

    assert ending(alice) == 1008
    assert Wire(server, cookie=cookie).says("join", "1") == ["USER_HAS_TO_LOGIN"]


def test_a_header_or_a_session_names_the_user() -> None:
    server = MemoryServer(authorizations={"Bearer x": "alice"})
    (key,) = server.session("bob").values()

    assert Wire(server, authorization="Bearer x").link.username == "alice"
    assert Wire(server, authorization="Bearer y").link.username is None
    assert Wire(server, cookie=f"other=1; sessionid={key}").link.username == "bob"
    assert Wire(server, cookie="\x00[]=").link.username is None
    assert server.handshakes[0].headers == {"authorization": "Bearer x"}


def test_connections_are_refused_as_often_as_said(server: MemoryServer) -> None:
    server.refuse(503)
    server.refuse(ConnectionFailed("no"), times=2)
    caught: list[MultichatError] = []
    for _ in range(3):
        with pytest.raises(ConnectionFailed) as refused:
            server.open_link(handshake(), "alice")
        caught.append(refused.value)
    assert [type(error) for error in caught] == [
        HandshakeRefused,
        ConnectionFailed,
        ConnectionFailed,
    ]
    Wire(server, "alice")

    server.refuse(500, times=None)
    for _ in range(5):
        with pytest.raises(HandshakeRefused):
            Wire(server, "alice")
    server.accept()
    Wire(server, "alice")


# -- People without a client, and the operator.


def test_people_need_no_client(server: MemoryServer) -> None:
    alice = Wire(server, "alice")
    alice.says("join", "1")

    server.say("bob", "1", "hello")
    server.leave("bob", 1)

    assert alice.hears() == [enter("1", "bob"), said("1", "bob", "hello"), leave("1", "bob")]
    with pytest.raises(CommandRefused, match="ROOM_INVALID"):
        server.say("bob", "9", "hello")
    with pytest.raises(CommandRefused, match="ROOM_ACCESS_DENIED"):
        server.enter("bob", "2")
    with pytest.raises(LocalProtocolError):
        server.enter("bob", "01")
    for number in range(1_000):  # they have no rate
        server.say("bob", "1", str(number))
    assert len(server.connections) == 1


def test_the_operator_speaks_to_members_only(server: MemoryServer) -> None:
    alice, bob = Wire(server, "alice"), Wire(server, "bob")
    alice.says("join", "1")

    server.announce("1", "soon", 3)
    server.announce("1", None, 42, "carol")

    assert alice.hears() == [
        said("1", "operator", "soon", 3),
        {"room": "1", "message": None, "username": "carol", "msg_type": 42},
    ]
    assert bob.hears() == []
    assert server.said("1") == []


def test_those_put_out_at_once_do_not_see_each_other(server: MemoryServer) -> None:
    """MC1-REVOKE-01, MC1-REVOKE-03, MC1-REVOKE-07."""
    alice, bob, dave = (Wire(server, name) for name in ("alice", "bob", "dave"))
    for wire in (alice, bob, dave):
        wire.says("join", "1")
    for wire in (alice, bob, dave):
        wire.hears()

    server.set_room("1", StaffRoom("Lobby"))

    assert alice.hears() == [{"leave": "1"}]
    assert bob.hears() == [{"leave": "1"}]
    assert dave.hears() == [leave("1", "alice"), leave("1", "bob")]
    server.remove_room("1")
    assert dave.hears() == [{"leave": "1"}]
    assert dave.says("join", "1") == ["ROOM_INVALID"]


def test_one_member_is_put_out_and_may_come_back(server: MemoryServer) -> None:
    alice, bob = Wire(server, "alice"), Wire(server, "bob")
    alice.says("join", "1")
    bob.says("join", "1")

    server.put_out("bob", "1")

    assert bob.hears() == [{"leave": "1"}]
    assert alice.hears() == [enter("1", "bob"), leave("1", "bob")]
    assert bob.says("join", "1") == [LOBBY]


def test_whoever_watches_is_told(server: MemoryServer) -> None:
    told: list[int] = []

    def call() -> None:
        told.append(len(server.messages))

    server.watch(call)
    server.say("alice", "1", "one")
    server.unwatch(call)
    server.say("alice", "1", "two")

    assert told == [1]


def test_a_room_needs_an_id() -> None:
    with pytest.raises(LocalProtocolError):
        MemoryServer({"lobby": "Lobby"})


@pytest.mark.parametrize("kind", ["trio", "asyncio", "sync"])
def test_each_shell_sees_the_subprotocol_and_the_pongs(server: MemoryServer, kind: str) -> None:
    """Of a transport, as the shells use it; a goodbye that nobody hears takes its time."""
    import trio.testing

    async def play(connector: AsyncConnector) -> float:
        transport = await connector.open(handshake())
        await transport.ping()
        assert (transport.subprotocol, transport.pongs) == ("multichat.v1", 1)
        server.half_open("alice")
        await transport.ping()
        await transport.close()
        with pytest.raises(ConnectionClosed):
            await transport.receive()
        return transport.pongs

    match kind:
        case "trio":
            clock = trio.testing.MockClock(autojump_threshold=0)
            assert trio.run(play, server.connector("trio", "alice"), clock=clock) == 1
            assert clock.current_time() == 2.0
        case "asyncio":
            assert run_virtual(play(server.connector("asyncio", "alice"))) == 1
        case _:
            time = VirtualClock()
            transport = server.connector("sync", "alice", clock=time).open(handshake())
            transport.ping()
            assert (transport.subprotocol, transport.pongs) == ("multichat.v1", 1)
            server.half_open("alice")
            transport.close()
            assert time.now() == 2.0
            with pytest.raises(ConnectionClosed):
                transport.receive()
    assert server.connections == ()
