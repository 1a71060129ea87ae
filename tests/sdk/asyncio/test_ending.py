"""How a session under asyncio ends: what outlives it (nothing), and what comes out."""

import asyncio
import threading
from collections.abc import Callable
from typing import Any

import pytest

from multichat_proto import (
    ChatClosed,
    ConnectionClosed,
    ConnectionFailed,
    DeliveryUnknown,
    Disconnected,
    LocalProtocolError,
    LoginFailed,
    NotSent,
    Options,
    Password,
    Reconnected,
    RoomMessage,
    SessionState,
)
from multichat_proto.address import Address
from multichat_proto.asyncio import Chat, connect
from multichat_proto.transport import OpenRequest
from tests.sdk.asyncio.wire import Wire, Wires, answer, keep_silent
from tests.support.threaded import Peer, serve

URL = "ws://chat.example/"


def test_a_block_that_is_left_says_goodbye_and_leaves_nothing() -> None:
    async def story() -> None:
        wires = Wires()
        async with connect(URL, rooms=[1], transport=wires) as chat:
            assert len(asyncio.all_tasks()) > 1
            state = chat.state

        assert state is SessionState.CONNECTED
        assert str(chat.state) == "closed"
        assert wires.opened[0].goodbye == 1000
        assert asyncio.all_tasks() == {asyncio.current_task()}

    asyncio.run(story())


def test_what_the_block_raises_comes_out_as_it_is() -> None:
    async def story() -> None:
        wires = Wires()
        with pytest.raises(KeyError, match="mine") as caught:
            async with connect(URL, transport=wires):
                raise KeyError("mine")

        assert caught.value.__cause__ is None
        assert caught.value.__context__ is None
        assert wires.opened[0].goodbye == 1000
        assert asyncio.all_tasks() == {asyncio.current_task()}

    asyncio.run(story())


def test_a_block_that_is_cancelled_says_no_goodbye() -> None:
    async def story() -> None:
        wires = Wires()
        chats: list[Chat] = []

        async def visit() -> None:
            async with asyncio.timeout(0.01), connect(URL, transport=wires) as chat:
                chats.append(chat)
                await asyncio.get_running_loop().create_future()

        with pytest.raises(TimeoutError):
            await visit()

        assert wires.opened[0].goodbye is None
        assert wires.opened[0].is_aborted
        assert [str(chat.state) for chat in chats] == ["closed"]
        assert asyncio.all_tasks() == {asyncio.current_task()}

    asyncio.run(story())


def test_all_who_wait_are_told_when_the_block_is_left() -> None:
    async def story() -> None:
        wires = Wires(keep_silent)
        async with connect(URL, rooms=[1], transport=wires) as chat:
            room = chat.rooms[next(iter(chat.rooms))]
            under_way = asyncio.ensure_future(room.send("x"))
            waiting = asyncio.ensure_future(room.send("y"))
            for _ in range(10):
                await asyncio.sleep(0)
            joining = asyncio.ensure_future(chat.join(2))
            listening = asyncio.ensure_future(room.wait_for(RoomMessage))
            looping = asyncio.ensure_future(room.__aiter__().next())
            for _ in range(10):
                await asyncio.sleep(0)
        results = await asyncio.gather(
            under_way, waiting, joining, listening, looping, return_exceptions=True
        )
        async for event in chat:
            assert event is not None  # what came before the end; and then the end

        assert [type(result) for result in results] == [
            DeliveryUnknown,
            NotSent,
            ChatClosed,
            ChatClosed,
            ChatClosed,
        ]
        with pytest.raises(ChatClosed):
            await room.send("z")
        with pytest.raises(ChatClosed):
            await chat.join(3)
        with pytest.raises(ChatClosed):
            await chat.wait_for(Disconnected)

    asyncio.run(story())


class Stuck(Wires):
    """Never opens, never logs in; or never has its goodbye answered."""

    def __init__(self, where: str) -> None:
        super().__init__()
        self.where = where
        self.reached = asyncio.Event()
        self.was_cancelled = False

    async def stick(self) -> None:
        self.reached.set()
        try:
            await asyncio.get_running_loop().create_future()
        except asyncio.CancelledError:
            self.was_cancelled = True
            raise

    async def open(self, request: OpenRequest) -> Any:
        if self.where == "open":
            await self.stick()
        return await super().open(request)

    async def login(self, address: Address, username: str, password: str) -> dict[str, str]:
        if self.where == "login":
            await self.stick()
        return await super().login(address, username, password)


@pytest.mark.parametrize("where", ["open", "login"])
def test_an_attempt_can_be_interrupted(where: str) -> None:
    async def story() -> None:
        wires = Stuck(where)

        async def visit() -> None:
            async with connect(URL, transport=wires, credentials=("alice", "x")):
                raise AssertionError("it was never entered")

        task = asyncio.ensure_future(visit())
        await wires.reached.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

        assert wires.was_cancelled
        assert asyncio.all_tasks() == {asyncio.current_task()}

    asyncio.run(story())


@pytest.mark.parametrize("where", ["open", "login"])
def test_an_attempt_that_takes_too_long_is_given_up(where: str) -> None:
    async def story() -> None:
        wires = Stuck(where)
        options = Options(open_timeout=0.01, reconnect=False)
        with pytest.raises(ConnectionFailed, match="in time"):
            async with connect(URL, transport=wires, credentials=("alice", "x"), options=options):
                raise AssertionError("it was never entered")

        assert wires.was_cancelled
        assert asyncio.all_tasks() == {asyncio.current_task()}

    asyncio.run(story())


def test_a_block_can_be_left_while_the_session_connects_again() -> None:
    async def story() -> None:
        wires = Stuck("")
        async with connect(URL, transport=wires, random=lambda: 0.0) as chat:
            wires.where = "open"
            wires.opened[0].lose(1006)
            await wires.reached.wait()
            assert chat.state is SessionState.CONNECTING

        assert wires.was_cancelled
        assert str(chat.state) == "closed"
        assert asyncio.all_tasks() == {asyncio.current_task()}

    asyncio.run(story())


def test_the_error_of_a_session_that_ends_by_itself_reaches_all() -> None:
    async def story() -> None:
        wires = Wires()
        async with connect(URL, rooms=[1], transport=wires) as chat:
            room = chat.rooms[next(iter(chat.rooms))]
            wires.opened[0].lose(1002, "you broke it")
            for call in (
                lambda: chat.wait_for(Reconnected),
                lambda: room.send("x"),
                lambda: room.wait_for(RoomMessage),
                lambda: chat.join(2),
                lambda: chat.__aiter__().wait_for(Reconnected),
            ):
                with pytest.raises(ConnectionClosed) as caught:
                    await call()
                assert caught.value.code == 1002
            assert str(chat.state) == "closed"

    asyncio.run(story())


def test_a_login_that_is_refused_is_what_the_block_raises() -> None:
    class Strict(Wires):
        async def login(self, address: Address, username: str, password: str) -> dict[str, str]:
            raise LoginFailed(f"no: {address} {username} {len(password)}")

    async def story() -> None:
        with pytest.raises(LoginFailed, match="no"):
            async with connect(URL, credentials=Password("alice", "x"), transport=Strict()):
                raise AssertionError("it was never entered")

    asyncio.run(story())


def test_a_login_serves_until_a_new_one_is_called_for() -> None:
    """1006 reconnects with the same cookies; 1008 wants new ones (MC1-CLOSE-08)."""

    async def story() -> None:
        wires = Wires()
        async with connect(
            URL,
            credentials=("alice", "secret"),
            transport=wires,
            random=lambda: 0.0,
        ) as chat:
            with chat.subscribe() as events:
                wires.opened[0].lose(1006)
                await events.wait_for(Reconnected)
                wires.opened[1].lose(1008)
                lost = await events.wait_for(Disconnected)
                assert lost.retry_in is not None
                chat.reconnect_now()
                await events.wait_for(Reconnected)
            assert chat.username == "alice"
        assert wires.logins == [("alice", "secret")] * 2
        assert [request.headers["Cookie"] for request in wires.requests] == [
            "sessionid=1",
            "sessionid=1",
            "sessionid=2",
        ]

    asyncio.run(story())


class Broken(Wires):
    """Raises what no transport should."""

    def __init__(self, where: str) -> None:
        super().__init__(self._break_send if where == "send" else answer)
        self.where = where

    def _break_send(self, wire: Wire, command: dict[str, object]) -> None:
        if command["command"] == "send":
            raise ZeroDivisionError(self.where)
        answer(wire, command)

    async def open(self, request: OpenRequest) -> Any:
        wire = await super().open(request)
        if self.where == "open":
            raise ZeroDivisionError(self.where)
        if self.where == "receive":
            wire.receive = self._receive(wire.receive)  # type: ignore[method-assign]
        return wire

    def _receive(self, receive: Callable[[], Any]) -> Callable[[], Any]:
        async def broken() -> Any:
            message = await receive()
            if "x" in message:
                raise ZeroDivisionError(self.where)
            return message

        return broken


@pytest.mark.parametrize("where", ["open", "send", "receive"])
def test_a_transport_that_is_broken_breaks_the_block_and_nobody_waits(where: str) -> None:
    """Not in a group, and not as a task's exception that nobody sees."""

    async def story() -> None:
        with pytest.raises(ZeroDivisionError, match=where):
            async with connect(URL, rooms=[1], transport=Broken(where)) as chat:
                await chat.rooms[next(iter(chat.rooms))].send("x")

        assert asyncio.all_tasks() == {asyncio.current_task()}

    asyncio.run(story())


def test_a_stream_that_is_never_empty_does_not_stop_the_others() -> None:
    async def story() -> None:
        wires = Wires()
        options = Options(max_queue=10_000)
        async with connect(URL, rooms=[1], transport=wires, options=options) as chat:
            room = chat.rooms[next(iter(chat.rooms))]
            said = {"room": "1", "message": "x", "username": "bob", "msg_type": 0}
            wires.opened[0].say(*[said] * 1_000)
            turns = 0

            async def count() -> None:
                nonlocal turns
                while True:
                    turns += 1
                    await asyncio.sleep(0)

            with chat.subscribe() as events:
                for _ in range(1_000):
                    await events.wait_for(RoomMessage)
            counting = asyncio.ensure_future(count())
            stream = room.__aiter__()
            for _ in range(1_000):
                await stream.next()
            counting.cancel()
            assert turns >= 1_000 // 64

    asyncio.run(story())


def test_a_stream_has_one_reader_at_a_time() -> None:
    async def story() -> None:
        async with connect(URL, rooms=[1], transport=Wires()) as chat:
            room = chat.rooms[next(iter(chat.rooms))]
            first = asyncio.ensure_future(room.__aiter__().next())
            await asyncio.sleep(0)
            with pytest.raises(ChatClosed, match="subscribe"):
                await room.__aiter__().next()
            await room.send("x")
            assert isinstance(await first, RoomMessage)

    asyncio.run(story())


def test_a_room_is_the_same_object_while_one_is_in() -> None:
    async def story() -> None:
        async with connect(URL, rooms=[1], transport=Wires()) as chat:
            room = await chat.join(1)
            assert await chat.join("1") is room
            assert dict(chat.rooms) == {room.id: room}
            assert (room.chat, room.title, room.is_joined) == (chat, "room 1", True)
            await room.leave()
            assert dict(chat.rooms) == {}
            assert await chat.join(1) is not room
            async for event in room:
                raise AssertionError(event)  # the old one has ended
            with pytest.raises(ChatClosed):
                await room.wait_for(RoomMessage)

    asyncio.run(story())


@pytest.mark.parametrize(
    "arguments",
    [{"url": "ftp://x"}, {"rooms": ["01"]}, {"headers": {"X": "a\nb"}}, {"subprotocols": "a b"}],
    ids=["url", "room", "header", "subprotocol"],
)
def test_what_cannot_be_is_refused_by_connect_itself(arguments: dict[str, Any]) -> None:
    """No loop runs yet, and nothing was tried."""
    with pytest.raises(LocalProtocolError):
        connect(**{"url": URL, **arguments})


def test_a_server_that_takes_nothing_is_given_up() -> None:
    """A write has its time; whatever waits for it is told."""
    done = threading.Event()

    def read_nothing(peer: Peer) -> None:
        peer.answer(peer.command() or {})
        with peer.connection.recv_flow_control:  # websockets reads no more
            assert done.wait(10)

    async def story() -> None:
        options = Options(write_timeout=0.2, reconnect=False, close_timeout=0.2, ping_interval=None)
        with serve(read_nothing) as server:
            async with connect(server.url, rooms=[1], options=options) as chat:
                room = chat.rooms[next(iter(chat.rooms))]
                with pytest.raises(DeliveryUnknown):
                    await room.send("x" * 30_000_000)
                with pytest.raises(ConnectionClosed) as caught:
                    await chat.wait_for(Reconnected)
            done.set()
        assert caught.value.reason == "the server takes nothing more"

    asyncio.run(story())


def test_a_long_message_passes_over_a_real_connection() -> None:
    async def story() -> None:
        text = "é😀" * 50_000
        with serve() as server:
            async with connect(server.url, rooms=[1]) as chat:
                room = chat.rooms[next(iter(chat.rooms))]
                assert (await room.send(text)).text == text

    asyncio.run(story())


def test_a_restart_of_the_server_is_survived() -> None:
    async def story() -> None:
        def restart(peer: Peer) -> None:
            while (command := peer.command()) is not None:
                if command.get("message") == "restart":
                    peer.close(1012, "restart")
                    return
                peer.answer(command)

        with serve(restart) as server:
            async with connect(server.url, rooms=[1], random=lambda: 0.0) as chat:
                room = chat.rooms[next(iter(chat.rooms))]
                with chat.subscribe() as events:
                    with pytest.raises(DeliveryUnknown):
                        await room.send("restart")
                    back = await events.wait_for(Reconnected)
                assert [gap.room for gap in back.gaps] == ["1"]
                assert back.gaps[0].since <= back.gaps[0].until
                assert (await room.send("again")).text == "again"
            assert asyncio.all_tasks() == {asyncio.current_task()}

    asyncio.run(story())
