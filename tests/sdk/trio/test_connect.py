"""How a session begins, goes on and ends on Trio."""

import logging
from collections.abc import Awaitable, Callable

import pytest
import trio
import trio.testing

from multichat_proto import (
    ChatClosed,
    Connected,
    ConnectionClosed,
    ConnectionFailed,
    Cookies,
    Disconnected,
    HandshakeRefused,
    LocalProtocolError,
    LoginFailed,
    Options,
    Reconnected,
    RoomJoined,
    RoomRejoined,
)
from multichat_proto.address import Address
from multichat_proto.session import SessionState
from multichat_proto.transport import OpenRequest
from multichat_proto.trio import connect
from multichat_proto.trio._transport import TrioTransport
from tests.sdk.trio.rooms import Hall, silent
from tests.sdk.trio.streams import URL, CancelAtStep, OverStreams, tasks
from tests.support.scripted import Peer, response, serve

ONCE = Options(reconnect=False)


class OwnError(Exception):
    """Something of the user's program."""


async def test_a_conversation() -> None:
    hall = Hall()
    async with serve(hall) as server, connect(server.url, username="alice", rooms=[2]) as chat:
        states = [chat.state]
        assert chat.rooms["2"].title == "room 2"
        room = await chat.join(1)
        echo = await room.send("hé 😀")
        await room.leave()

    assert (echo.text, echo.is_own) == ("hé 😀", True)
    assert hall.commands == ["join 2", "join 1", "send 1 hé 😀", "leave 1"]
    assert [*states, chat.state] == [SessionState.CONNECTED, SessionState.CLOSED]


async def test_leaving_the_block_says_goodbye() -> None:
    hall = Hall()
    async with serve(hall) as server:
        async with connect(server.url):
            pass
        (peer,) = server.peers
        await trio.testing.wait_all_tasks_blocked()

    assert peer.protocol.close_rcvd is not None
    assert peer.protocol.close_rcvd.code == 1000


async def test_cancelling_the_block_says_none() -> None:
    async with trio.open_nursery() as nursery:
        connector = OverStreams(nursery, silent)
        with trio.CancelScope() as scope:
            async with connect(URL, transport=connector):
                scope.cancel()
                await trio.lowlevel.checkpoint()
        await trio.testing.wait_all_tasks_blocked()

        assert scope.cancelled_caught
        assert connector.peers[0].protocol.close_rcvd is None


@pytest.mark.parametrize(
    "error",
    [OwnError(), ExceptionGroup("two", [OwnError(), OwnError()]), LoginFailed("of another")],
    ids=["own", "group", "of-the-same-tree"],
)
async def test_what_the_block_raises_comes_out_as_it_is(error: Exception) -> None:
    async with trio.open_nursery() as nursery:
        connector = OverStreams(nursery, silent)
        with pytest.raises(type(error)) as caught:
            async with connect(URL, transport=connector):
                raise error

    assert caught.value is error
    assert connector.peers[0].protocol.close_rcvd is not None


async def test_a_login_that_is_refused_comes_out_as_it_is() -> None:
    before = tasks()
    async with serve(silent) as server:
        with pytest.raises(LoginFailed, match="does not accept this user name and password"):
            async with connect(server.url, credentials=("alice", "wrong")):
                pytest.fail("it was entered")

    assert tasks() == before


async def test_a_handshake_that_is_refused_comes_out_as_it_is() -> None:
    async with serve(silent, pages={("GET", "/chat/stream/"): response(404, "")}) as server:
        with pytest.raises(HandshakeRefused, match="HTTP 404"):
            async with connect(server.url):
                pytest.fail("it was entered")


async def test_the_account_is_logged_in_and_its_name_known() -> None:
    hall = Hall()
    async with (
        serve(hall) as server,
        connect(server.url, credentials=("alice", "wonderland"), rooms=[1]) as chat,
    ):
        assert chat.username == "alice"
        assert server.user(server.peers[0].request) == "alice"


async def test_a_session_that_has_ended_is_logged_in_anew(
    autojump_clock: trio.testing.MockClock,  # noqa: ARG001 - pytest-trio wants it as an argument
) -> None:
    """1008 asks for it (MC1-CLOSE-08); the cookies of before are not used again."""
    logins: list[tuple[str, str]] = []
    hall = Hall()

    class LoggingIn(OverStreams):
        async def login(self, address: Address, username: str, password: str) -> dict[str, str]:
            await trio.lowlevel.checkpoint()
            assert address.host == "chat.example"
            logins.append((username, password))
            return {"sessionid": f"key{len(logins)}"}

    async with trio.open_nursery() as nursery:
        connector = LoggingIn(nursery, hall)
        async with connect(
            URL, credentials=("alice", "wonderland"), rooms=[1], transport=connector
        ) as chat:
            for code in (1012, 1008):
                with chat.subscribe() as events:
                    await connector.peers[-1].close(code)
                    await events.wait_for(Reconnected)

    cookies = [request.headers["Cookie"] for request in connector.requests]
    assert logins == [("alice", "wonderland")] * 2
    assert cookies == ["sessionid=key1", "sessionid=key1", "sessionid=key2"]


class Broken:
    """A connector with a fault of its own, from the nth attempt on."""

    def __init__(self, inner: OverStreams | None = None) -> None:
        self.inner = inner

    async def open(self, request: OpenRequest) -> TrioTransport:
        if self.inner is not None and not self.inner.requests:
            return await self.inner.open(request)
        raise OwnError


async def test_the_fault_of_a_connector_comes_out_as_it_is() -> None:
    before = tasks()
    with pytest.raises(OwnError):
        async with connect(URL, transport=Broken()):
            pytest.fail("it was entered")

    assert tasks() == before


async def test_the_fault_of_a_connector_ends_a_block_that_waits(
    autojump_clock: trio.testing.MockClock,  # noqa: ARG001 - pytest-trio wants it as an argument
) -> None:
    async with trio.open_nursery() as nursery:
        connector = OverStreams(nursery, silent)

        async def wait() -> None:
            async with connect(URL, transport=Broken(connector)):
                await connector.peers[0].close(1012)
                await trio.sleep_forever()

        with pytest.raises(OwnError):
            await wait()


@pytest.mark.parametrize(
    "arguments",
    [
        {"url": "ftp://x"},
        {"headers": {"Cookie": "a\r\nX-Admin: yes"}},
        {"headers": {"Upgrade": "x"}},
        {"rooms": ["lobby"]},
        {"subprotocols": "multichat.v1"},
        {"origin": "http://x\n"},
    ],
    ids=["url", "value", "own-header", "room", "subprotocol", "origin"],
)
def test_a_mistake_is_told_before_anything_is_sent(arguments: dict[str, object]) -> None:
    with pytest.raises(LocalProtocolError):
        connect(**{"url": URL, **arguments})  # type: ignore[arg-type]  # that is the point


async def test_a_lost_connection_is_made_again_and_what_is_missed_is_said(
    autojump_clock: trio.testing.MockClock,  # noqa: ARG001 - pytest-trio wants it as an argument
) -> None:
    hall = Hall()
    async with trio.open_nursery() as nursery:
        connector = OverStreams(nursery, hall)
        async with connect(URL, rooms=[1, 2], transport=connector, random=lambda: 0.5) as chat:
            await connector.peers[0].close(1012, "restart")
            async with connect(URL, transport=OverStreams(nursery, silent)):
                pass  # another session has nothing to do with it
            seen = [await chat.__aiter__().next() for _ in range(7)]

    assert [type(event) for event in seen] == [
        RoomJoined, RoomJoined, Connected, Disconnected, RoomRejoined, RoomRejoined, Reconnected,
    ]  # fmt: skip
    lost, back = seen[3], seen[-1]
    assert isinstance(lost, Disconnected)
    assert isinstance(lost.error, ConnectionClosed)
    assert (lost.error.code, lost.retry_in) == (1012, 0.5)
    assert isinstance(back, Reconnected)
    assert [gap.room for gap in back.gaps] == ["1", "2"]
    assert all(0.4 < gap.until - gap.since < 0.7 for gap in back.gaps)
    assert hall.commands == ["join 1", "join 2"] * 2


async def test_without_reconnecting_the_end_is_the_end() -> None:
    hall = Hall()
    async with trio.open_nursery() as nursery:
        connector = OverStreams(nursery, hall)
        async with connect(URL, transport=connector, options=ONCE) as chat:
            room = await chat.join(1)
            await connector.peers[0].close(1012, "restart")
            uses: list[Callable[[], Awaitable[object]]] = [
                lambda: room.wait_for(lambda _: False),
                lambda: chat.wait_for(lambda _: False),
                lambda: room.send("x"),
                lambda: chat.join(2),
            ]
            for use in uses:
                with pytest.raises(ConnectionClosed) as caught:
                    await use()
                assert caught.value.code == 1012
            assert chat.state is SessionState.CLOSED

        assert len(connector.requests) == 1


async def test_after_the_block_nothing_goes() -> None:
    async with serve(Hall()) as server, connect(server.url) as chat:
        room = await chat.join(1)

    for use in (lambda: room.send("x"), lambda: chat.join(1), lambda: chat.wait_for(Connected)):
        with pytest.raises(ChatClosed):
            await use()
    assert [event async for event in room] == []
    assert [type(event) async for event in chat] == [Connected, RoomJoined]
    await room.leave()


async def test_the_log_tells_of_connections_and_quotes_what_a_server_says(
    autojump_clock: trio.testing.MockClock,  # noqa: ARG001 - pytest-trio wants it as an argument
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG, "multichat_proto")

    class OnceOnly(OverStreams):
        async def open(self, request: OpenRequest) -> TrioTransport:
            if len(self.requests) == 1:
                self.requests.append(request)
                raise ConnectionFailed("no such host\nCRITICAL forged")
            return await super().open(request)

    async with trio.open_nursery() as nursery:
        connector = OnceOnly(nursery, Hall())
        async with connect(URL, credentials=Cookies({"sessionid": "s3cret"}), rooms=[1],
                           transport=connector) as chat:  # fmt: skip
            await chat.rooms["1"].send("wh1sper")
            await connector.peers[0].close(1012, "bye\nERROR forged")
            await chat.wait_for(Reconnected)

    lines = [(record.levelname, record.getMessage()) for record in caplog.records]
    ending = r"'connection closed with code 1012 (bye\nERROR forged)'"
    assert lines[:4] == [
        ("INFO", f"connected to {URL}"),
        ("INFO", f"the connection to {URL} has ended: {ending}"),
        ("WARNING", rf"cannot connect to {URL}: 'no such host\nCRITICAL forged'"),
        ("INFO", f"connected to {URL}"),
    ]
    assert not any("s3cret" in line or "wh1sper" in line for _, line in lines)


# -- Tasks.


async def test_no_task_outlives_the_block_wherever_it_is_cut() -> None:
    """Cut at every step of entering, using and leaving it."""
    cut_short = came_to_its_end = False
    for steps in range(1, 400):
        scope = trio.CancelScope()
        cutter = CancelAtStep(scope, steps)
        hall = Hall()
        async with trio.open_nursery() as nursery:
            connector = OverStreams(nursery, hall, piece=16)
            before = tasks()
            with cutter, scope:
                async with connect(URL, rooms=[1], transport=connector) as chat:
                    await chat.rooms["1"].send("hello")
            left = {task for task in tasks() - before if "OverStreams" not in task.name}
            assert left == set(), [task.name for task in left]
            for stream in connector.streams:
                with pytest.raises(trio.ClosedResourceError):
                    await stream.send_all(b"x")
            nursery.cancel_scope.cancel()
        cut_short = cut_short or scope.cancelled_caught
        if cutter.left > 0:
            came_to_its_end = True
            break

    assert cut_short
    assert came_to_its_end


async def test_a_torn_frame_is_never_followed_by_another() -> None:
    """The block is cut at every step of a send: what the server got is whole, or the end."""
    for steps in range(1, 200):
        scope = trio.CancelScope()
        cutter = CancelAtStep(scope, steps)
        hall = Hall()
        broken: list[Peer] = []

        async def check(peer: Peer, hall: Hall = hall, broken: list[Peer] = broken) -> None:
            await hall(peer)
            if peer.protocol.parser_exc is not None and not isinstance(
                peer.protocol.parser_exc, EOFError
            ):
                broken.append(peer)

        async with trio.open_nursery() as nursery:
            connector = OverStreams(nursery, check, piece=5)
            with scope:
                async with connect(URL, rooms=[1], transport=connector) as chat:
                    with cutter:
                        await chat.rooms["1"].send("hello " * 5)

        assert broken == []
        assert hall.commands in (["join 1"], ["join 1", "send 1 " + "hello " * 5])
        if cutter.left > 0:
            break
    else:
        pytest.fail("it never came to its end")
