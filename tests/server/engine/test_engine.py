"""The chat behind a real port."""

import signal
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import h11
import pytest
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from multichat_proto.messages import MsgType
from multichat_server.config import Settings
from multichat_server.engine import Engine

from . import wire
from .fakes import FakeAccounts
from .nodes import Node, Peer, handshake, running
from .test_connection import enter, left


@pytest.fixture
async def node() -> AsyncIterator[Node]:
    async with running() as node:
        yield node


async def test_two_members_talk(node: Node) -> None:
    alice = await node.connect("alice", room="1")
    bob = await node.connect("bob", room="1")

    assert await alice.frame() == enter("bob")
    await alice.say("hello, bob")
    await bob.hears("hello, bob")
    await alice.hears("hello, bob")
    await bob.say("привет 😀")
    await alice.hears("привет 😀")
    await bob.hears("привет 😀")


async def test_a_plain_user_is_refused_the_staff_room(node: Node) -> None:
    alice = await node.connect("alice")

    await alice.send(wire.join("3"))

    refused = await alice.frame()
    assert refused["error"] == "ROOM_ACCESS_DENIED"
    assert refused["detail"] == "this room is for staff only"
    await alice.join("1")


async def test_an_anonymous_client_is_served_and_told(node: Node) -> None:
    """MC1-AUTH-03, MC1-AUTH-04."""
    for session in (None, "unknown"):
        nobody = await node.connect(session)
        await nobody.send(wire.join())
        assert (await nobody.frame())["error"] == "USER_HAS_TO_LOGIN"


async def test_a_command_in_the_segment_of_the_handshake_is_obeyed(node: Node) -> None:
    """MC1-HAND-06."""
    peer = await node.open()

    await peer.send(handshake("alice"), wire.join())
    await peer.receive_head()

    assert await peer.frame() == {"join": "1", "title": "room 1"}


@pytest.mark.parametrize("step", [1, 7])
async def test_a_client_that_sends_in_small_pieces(node: Node, step: int) -> None:
    """Frames may be torn across any boundary."""
    alice = await node.connect("alice")
    data = wire.join() + wire.send("x" * 200)

    for at in range(0, len(data), step):
        await alice.send(data[at : at + step])

    assert await alice.frame() == {"join": "1", "title": "room 1"}
    await alice.hears("x" * 200)


# How a connection ends


async def test_a_close_is_answered_and_the_tcp_connection_ended(node: Node) -> None:
    """MC1-CLOSE-01."""
    alice = await node.connect("alice", room="1")

    await alice.send(wire.close(1001))

    assert await alice.rest() == [(1001, "")]


async def test_what_was_sent_before_the_end_is_delivered(node: Node) -> None:
    """MC1-END-03, half-closed or closed by a frame."""
    bob = await node.connect("bob", room="1")
    for number, ends in enumerate((b"", wire.close())):
        alice = await node.connect("alice", room="1")
        await alice.send(wire.send(f"last {number}"), ends)
        await alice.stream.send_eof()

        heard, *close = await alice.rest()
        assert heard["message"] == f"last {number}"
        assert close == ([(1000, "")] if ends else [])
        assert await bob.frame() == enter("alice")
        await bob.hears(f"last {number}")
        assert await bob.frame() == left("alice")


async def test_a_reset_is_announced(node: Node) -> None:
    """MC1-END-01."""
    alice = await node.connect("alice", room="1")
    bob = await node.connect("bob", room="1")

    linger = b"\x01\x00\x00\x00\x00\x00\x00\x00"
    alice.stream.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
    alice.stream.socket.close()

    assert await bob.frame() == left("alice")
    await bob.say("still here")
    await bob.hears("still here")


CLIENT = """
import socket, sys
sock = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
sock.sendall(bytes.fromhex(sys.argv[2]))
data = b""
while b'"join"' not in data:
    data += sock.recv(1000)
while True:
    sock.recv(1000)
"""


async def test_a_killed_client_is_announced(node: Node) -> None:
    bob = await node.connect("bob", room="1")
    opening = (handshake("alice") + wire.join()).hex()
    process = await trio.lowlevel.open_process(
        [sys.executable, "-c", CLIENT, str(node.port), opening]
    )
    try:
        assert await bob.frame() == enter("alice")

        process.send_signal(signal.SIGKILL)

        assert await bob.frame() == left("alice")
    finally:
        process.kill()
        with trio.CancelScope(shield=True):
            await process.wait()


async def test_a_vanished_client_is_announced_within_the_bound(mock_clock: MockClock) -> None:
    """MC1-END-02: no FIN, no RST, no pong; ping_interval + ping_timeout later it is out."""
    async with running(ping_interval=20, ping_timeout=30) as node:
        alice = await node.connect("alice", room="1")
        bob = await node.connect("bob", room="1")
        assert await alice.frame() == enter("bob")

        mock_clock.jump(20)
        assert await bob.frame() == (wire.PING, b"")
        await bob.send(wire.client_frame(wire.PONG, b""))
        await bob.say("here")
        await bob.hears("here")
        mock_clock.jump(20)
        assert await bob.frame() == (wire.PING, b"")
        await bob.say("here again")
        await bob.hears("here again")
        mock_clock.jump(10)
        assert await bob.frame() == left("alice")

        assert wire.code_of((await alice.frames(4))[-1]) == 1011


async def test_a_client_that_does_not_close_is_cut_off(mock_clock: MockClock) -> None:
    """MC1-CLOSE-03."""
    async with running() as node:
        alice = await node.connect("alice", room="1")
        await alice.send(wire.close())
        assert await alice.rest() == [(1000, "")]
        assert node.engine.connections == 1

        mock_clock.jump(5)
        while node.engine.connections:
            await trio.lowlevel.checkpoint()


# Changes


async def test_a_room_made_for_staff_puts_plain_members_out(node: Node) -> None:
    alice = await node.connect("alice", room="1")
    staff = await node.connect("staff", room="1")
    assert await alice.frame() == enter("staff")

    node.accounts.change_room(1, staff_only=True)
    await node.engine.refresh()

    assert await alice.frame() == {"leave": "1"}
    assert await staff.frame() == left("alice")
    await staff.say("among ourselves")
    await staff.hears("among ourselves")
    await alice.send(wire.join("1"))
    assert (await alice.frame())["error"] == "ROOM_ACCESS_DENIED"


async def test_a_logout_closes_the_sessions_connections(node: Node) -> None:
    alice = await node.connect("alice", room="1")
    bob = await node.connect("bob", room="1")
    assert await alice.frame() == enter("bob")

    node.accounts.end_session("alice")
    node.engine.session_ended("alice")

    assert await bob.frame() == left("alice")
    assert await alice.frame() == (1008, "the session has ended")
    await alice.send(wire.close(1008))
    assert await alice.rest() == []


async def test_the_operator_speaks(node: Node) -> None:
    """MC1-TYPE-03."""
    alice = await node.connect("alice", room="1")

    assert node.engine.announce(1, MsgType.WARNING, "maintenance at noon", "operator") == 1
    assert node.engine.announce(2, 77, "nobody is here", "operator") == 0

    assert await alice.frame() == {
        "room": "1",
        "message": "maintenance at noon",
        "username": "operator",
        "msg_type": 1,
    }


@pytest.mark.parametrize("msg_type", [-1, 0, 4, 5])
async def test_the_operator_does_not_speak_as_a_user(node: Node, msg_type: int) -> None:
    with pytest.raises(ValueError, match=f"message type {msg_type} "):
        node.engine.announce(1, msg_type, "hi", "operator")


async def test_commands_are_refused_while_the_store_is_away(mock_clock: MockClock) -> None:
    """MC1-ERR-09."""
    async with running(stale_after=10) as node:
        alice = await node.connect("alice", room="1")
        node.accounts.is_down = True
        mock_clock.jump(11)
        await alice.send(wire.join("2"))
        assert (await alice.frame())["error"] == "SERVER_UNAVAILABLE"

        node.accounts.is_down = False
        await node.engine.refresh()
        await alice.join("2")


# Refusals


async def refused(node: Node, request: bytes) -> tuple[str, str]:
    """Send a request that must be refused; return its status line and body."""
    peer, head = await node.ask(request)
    await peer.stream.send_eof()
    body = bytes(peer._data)
    while data := await peer.stream.receive_some():
        body += data
    return head.split("\r\n")[0], body.decode()


async def test_a_foreign_origin_is_refused(node: Node) -> None:
    request = handshake("alice", extra="Origin: http://evil.example\r\n")

    line, body = await refused(node, request + wire.join())

    assert line.startswith("HTTP/1.1 403 ")
    assert body == "Pages of this origin may not open the chat.\n"


async def test_too_many_connections_are_refused() -> None:
    async with running(max_connections=1) as node:
        alice = await node.connect("alice", room="1")
        line, _ = await refused(node, handshake("bob"))
        assert line.startswith("HTTP/1.1 503 ")

        await alice.send(wire.close())
        await alice.rest()
        await alice.stream.aclose()
        while node.engine.connections:
            await trio.lowlevel.checkpoint()
        await node.connect("bob", room="1")


async def test_handshakes_are_refused_while_the_store_is_away(node: Node) -> None:
    node.accounts.is_down = True

    line, _ = await refused(node, handshake("alice"))

    assert line.startswith("HTTP/1.1 503 ")
    await node.connect(None)


async def test_a_store_that_does_not_answer_refuses_the_handshake(mock_clock: MockClock) -> None:
    """MC1-HAND-07."""
    async with running(handshake_timeout=10) as node:
        asked = trio.Event()

        async def hang(what: str) -> None:
            if what == "session":
                asked.set()
                await trio.sleep_forever()

        node.accounts.before_answer = hang
        peer = await node.open()
        await peer.send(handshake("alice"))
        await asked.wait()
        mock_clock.jump(10)

        assert (await peer.receive_head()).startswith("HTTP/1.1 503 ")


async def test_a_client_that_goes_away_while_it_is_refused(node: Node) -> None:
    peer = await node.open()
    await peer.send(handshake(extra="Origin: null\r\n"))
    linger = b"\x01\x00\x00\x00\x00\x00\x00\x00"
    peer.stream.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
    peer.stream.socket.close()

    await (await node.connect("alice")).join()


async def test_a_refused_client_that_goes_on_sending_is_cut_off(mock_clock: MockClock) -> None:
    """Not by a deadline: the clock stands still."""
    async with running() as node:
        peer, _ = await node.ask(handshake(extra="Origin: null\r\n"))

        async def send_on() -> None:
            while True:
                await peer.send(b"x" * 100_000)

        with pytest.raises(trio.BrokenResourceError):
            await send_on()
    assert mock_clock.current_time() == 0


async def test_nothing_is_kept_of_a_client_that_is_gone(node: Node) -> None:
    alice = await node.connect("alice", room="1")
    await alice.send(wire.close())
    await alice.rest()
    await alice.stream.aclose()
    while node.engine.connections:
        await trio.lowlevel.checkpoint()

    node.accounts.change_room(1, title="new")
    await node.engine.refresh()

    assert node.accounts.asked_sessions == set()


# Slow readers


async def stalled(node: Node, session: str) -> Peer:
    """Return a member of room 1 that reads nothing more, with a small buffer."""
    peer = await node.open()
    peer.stream.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    await peer.send(handshake(session), wire.join())
    await peer.receive_head()
    assert (await peer.frame())["join"] == "1"
    return peer


async def test_one_who_does_not_read_costs_the_others_nothing() -> None:
    """MC1-DELIV-02, MC1-CLOSE-06."""
    async with running(command_rate=0, outbox_bytes=500_000) as node:
        slow = await stalled(node, "bob")
        alice = await node.connect("alice", room="1")
        staff = await node.connect("staff", room="1")
        assert await alice.frame() == enter("staff")

        sent = 0
        while True:
            text = f"{sent} " + "x" * 60_000
            await alice.say(text)
            sent += 1
            frame = await alice.frame()
            while frame == left("bob"):
                frame = await alice.frame()
                if frame["message"] == text:
                    break
            assert frame["message"] == text
            heard = await staff.frame()
            if heard == left("bob"):
                await staff.hears(text)
                break
            assert heard["message"] == text

        # Now it reads: whole frames, then why it was put out.
        frames = await slow.rest()
        assert frames[-1] == (1013, "reads too slowly: too much is waiting to be sent to it")
        texts = [frame["message"] for frame in frames[:-1] if frame["msg_type"] == 0]
        assert [text.split()[0] for text in texts] == [str(at) for at in range(len(texts))]


async def test_one_who_floods_does_not_starve_the_others() -> None:
    """MC1-DELIV-02: whoever always has something to be read gets no more than a turn."""
    async with running(command_rate=0, announce=False) as node:
        flooder = await node.connect("bob", room="2")
        alice = await node.connect("alice", room="1")

        async def flood() -> None:
            while True:
                await flooder.send(wire.send("x", "2") * 500)

        async def read() -> None:
            while True:
                await flooder.hears("x")

        async with trio.open_nursery() as nursery:
            nursery.start_soon(flood)
            nursery.start_soon(read)
            for number in range(20):
                await alice.say(f"{number}")
                await alice.hears(f"{number}")
            nursery.cancel_scope.cancel()


# Stopping


async def test_stop_closes_everyone_and_refuses_newcomers(node: Node) -> None:
    """MC1-CLOSE-05: nobody is announced to leave."""
    alice = await node.connect("alice", room="1")
    bob = await node.connect("bob", room="1")
    assert await alice.frame() == enter("bob")

    async with trio.open_nursery() as nursery:
        nursery.start_soon(lambda: node.engine.stop(grace=100))
        for peer in (alice, bob):
            assert await peer.frame() == (1012, "the server stops")
        line, _ = await refused(node, handshake("staff"))
        assert line.startswith("HTTP/1.1 503 ")
        for peer in (alice, bob):
            await peer.send(wire.close(1012))
            assert await peer.rest() == []
            await peer.stream.aclose()

    assert node.engine.connections == 0


async def test_stop_is_bounded_whatever_clients_do(mock_clock: MockClock) -> None:
    async with running(command_rate=0, outbox_bytes=500_000) as node:
        slow = await stalled(node, "bob")
        silent = await node.connect("staff")
        alice = await node.connect("alice", room="1")
        for _ in range(5):  # more than its buffers take, less than puts it out
            await alice.say("x" * 60_000)
            await alice.hears("x" * 60_000)
        stopped = trio.Event()

        async def stop() -> None:
            await node.engine.stop(grace=3)
            stopped.set()

        async with trio.open_nursery() as nursery:
            nursery.start_soon(stop)
            assert await silent.frame() == (1012, "the server stops")
            await wait_all_tasks_blocked()
            assert not stopped.is_set()
            mock_clock.jump(3)
        assert stopped.is_set()
        while await slow.stream.receive_some():
            pass
        while node.engine.connections:
            await trio.lowlevel.checkpoint()


async def test_a_cancelled_connection_is_announced() -> None:
    """Cancelling is safe at any time."""
    accounts = FakeAccounts()
    settings = Settings()
    engine = Engine(accounts, settings)
    await engine.refresh()
    async with AsyncExitStack() as stack:
        bob_scope = trio.CancelScope()
        clients: list[Peer] = []
        nursery = await stack.enter_async_context(trio.open_nursery())
        nursery.start_soon(engine.run)
        for session, scope in (("alice", trio.CancelScope()), ("bob", bob_scope)):
            near, far = socket.socketpair()
            stream = trio.SocketStream(trio.socket.from_stdlib_socket(far))
            peer = Peer(trio.SocketStream(trio.socket.from_stdlib_socket(near)))
            nursery.start_soon(_serve, engine, stream, session, scope)
            await peer.receive_head()
            clients.append(peer)
        alice, bob = clients
        await alice.join()
        await bob.join()
        assert await alice.frame() == enter("bob")

        bob_scope.cancel()

        assert await alice.frame() == left("bob")
        assert await bob.rest() == []
        nursery.cancel_scope.cancel()
        for client in clients:
            await stack.enter_async_context(client.stream)


async def _serve(
    engine: Engine, stream: trio.SocketStream, session: str, scope: trio.CancelScope
) -> None:
    connection = h11.Connection(h11.SERVER)
    connection.receive_data(handshake(session))
    request = connection.next_event()
    assert isinstance(request, h11.Request)
    with scope:
        await engine.upgrade(stream, request, b"")
