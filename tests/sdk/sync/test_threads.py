"""The sync shell's threads: none outlives the block, and nobody waits forever."""

import os
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from functools import partial
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
    MemberEntered,
    NotSent,
    Options,
    Reconnected,
    RoomLeft,
    RoomMessage,
    SessionState,
    Unconfirmed,
)
from multichat_proto.address import Address
from multichat_proto.sync import Chat, Clock, Room, connect
from multichat_proto.sync._transport import WebSocketConnector, WebSocketTransport
from multichat_proto.transport import OpenRequest, SyncTransport
from tests.support.threaded import DEADLINE, Peer, serve, serve_raw, shake_hands, until_gone


@pytest.fixture(autouse=True)
def no_thread_is_left() -> Iterator[None]:
    """Hold each test to it: the threads of a session end with its block."""
    before = set(threading.enumerate())
    yield
    assert set(threading.enumerate()) <= before


def ours() -> list[str]:
    return sorted(t.name for t in threading.enumerate() if t.name.startswith("multichat"))


def only(chat: Chat) -> Room:
    (room,) = chat.rooms.values()
    return room


def silent(peer: Peer) -> None:
    """Answer joins and leaves, and no message."""
    while (command := peer.command()) is not None:
        if command["command"] != "send":
            peer.answer(command)


class Elsewhere:
    """Runs something in another thread, and gives its outcome."""

    def __init__(self, call: Callable[[], object]) -> None:
        self._call = call
        self.result: object = None
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        try:
            self.result = self._call()
        except Exception as exc:  # noqa: BLE001  # whatever it is, the test looks at it
            self.result = exc

    def wait(self) -> object:
        self._thread.join(DEADLINE)
        assert not self._thread.is_alive()
        return self.result


def test_a_conversation() -> None:
    with serve() as server, connect(server.url, username="alice", rooms=[1]) as chat:
        room = only(chat)
        said = room.send("hé 😀")
        other = chat.join(2)
        same = chat.join("2")

        assert said == RoomMessage(room.id, "alice", "hé 😀", 0, is_own=True)
        assert same is other
        assert (other.chat, other.title, other.is_joined) == (chat, "room 2", True)
        assert set(chat.rooms) == {"1", "2"}
        assert room.members == {"alice"}
        assert chat.state is SessionState.CONNECTED
        assert ours() == ["multichat driver", "multichat reader", "multichat writer"]

        other.leave()
        assert list(other) == []
        assert chat.rooms == {room.id: room}
        assert isinstance(chat.__iter__().wait_for(RoomLeft, timeout=DEADLINE), RoomLeft)
    assert str(chat.state) == "closed"
    assert [event for event in room if not isinstance(event, MemberEntered)] == [said]


def test_what_the_block_raises_comes_out_as_it_is() -> None:
    with serve() as server:
        with pytest.raises(KeyError, match="mine") as caught, connect(server.url):
            raise KeyError("mine")
        assert caught.value.__context__ is None
        assert ours() == []
        server.peers[0].wait()
        assert server.peers[0].connection.close_code == 1000


def test_whoever_waits_is_told_when_the_block_is_left() -> None:
    with serve(silent) as server:
        with connect(server.url, rooms=[1]) as chat:
            room = only(chat)
            with chat.subscribe() as events:
                under_way = Elsewhere(lambda: room.send("x"))
                listening = Elsewhere(lambda: room.wait_for(RoomMessage))
                looping = Elsewhere(lambda: list(room))
                with pytest.raises(TimeoutError):
                    events.next(timeout=0.05)
                waiting = Elsewhere(lambda: room.send("y"))
                with pytest.raises(TimeoutError):
                    events.next(timeout=0.05)

        assert isinstance(under_way.wait(), DeliveryUnknown)
        assert isinstance(waiting.wait(), NotSent)
        assert isinstance(listening.wait(), ChatClosed)
        assert looping.wait() == []
        with pytest.raises(ChatClosed):
            room.send("z")
        with pytest.raises(ChatClosed):
            chat.join(2)
        with pytest.raises(ChatClosed):
            chat.wait_for(Disconnected)


def test_many_threads_may_speak_at_once() -> None:
    """Each gets its own echo."""
    options = Options(command_rate=0)
    with serve() as server, connect(server.url, rooms=[1, 2], options=options) as chat:

        def speak(room: Room, who: str) -> list[str]:
            return [room.send(f"{who} {n}").text for n in range(20)]

        speakers = {
            f"{room.id}-{n}": Elsewhere(partial(speak, room, f"{room.id}-{n}"))
            for room in chat.rooms.values()
            for n in range(4)
        }
        for who, speaker in speakers.items():
            assert speaker.wait() == [f"{who} {n}" for n in range(20)]


# -- Times.


def test_a_timeout_of_a_send_that_was_handed_over() -> None:
    with serve(silent) as server, connect(server.url, rooms=[1]) as chat:
        room = only(chat)
        with chat.subscribe() as events:
            with pytest.raises(DeliveryUnknown) as caught:
                room.send("x", timeout=0.05)
            assert events.next(timeout=DEADLINE) == Unconfirmed(room.id, "x")
        assert (caught.value.room, caught.value.text) == ("1", "x")
        assert caught.value.__cause__ is None


def test_a_timeout_of_a_send_that_was_not_handed_over_takes_it_back() -> None:
    heard: list[object] = []

    def answer_once_told(peer: Peer) -> None:
        while (command := peer.command()) is not None:
            heard.append(command.get("message"))
            if command.get("message") == "first":
                assert go_on.wait(DEADLINE)
            peer.answer(command)

    go_on = threading.Event()
    with serve(answer_once_told) as server, connect(server.url, rooms=[1]) as chat:
        room = only(chat)
        first = Elsewhere(lambda: room.send("first"))
        while "first" not in heard:
            with pytest.raises(TimeoutError):
                chat.wait_for(Disconnected, timeout=0.01)
        with pytest.raises(TimeoutError):
            room.send("second", timeout=0.05)
        go_on.set()
        assert isinstance(first.wait(), RoomMessage)
        room.send("third")
    assert heard == [None, "first", "third"]


def test_a_timeout_of_a_join_gives_the_wish_up() -> None:
    heard: list[object] = []

    def answer_late(peer: Peer) -> None:
        while (command := peer.command()) is not None:
            heard.append((command["command"], str(command["room"])))
            if heard[-1] == ("join", "2"):
                assert go_on.wait(DEADLINE)
            peer.answer(command)
            if heard[-1] == ("leave", "2"):
                left.set()

    go_on, left = threading.Event(), threading.Event()
    with serve(answer_late) as server, connect(server.url, rooms=[1]) as chat:
        with pytest.raises(TimeoutError):
            chat.join(2, timeout=0.05)
        go_on.set()
        assert left.wait(DEADLINE)
        assert heard == [("join", "1"), ("join", "2"), ("leave", "2")]


def test_a_leave_goes_on_after_its_timeout() -> None:
    def answer_late(peer: Peer) -> None:
        while (command := peer.command()) is not None:
            if command["command"] == "leave":
                assert go_on.wait(DEADLINE)
            peer.answer(command)

    go_on = threading.Event()
    with serve(answer_late) as server, connect(server.url, rooms=[1]) as chat:
        with chat.subscribe() as events:
            with pytest.raises(TimeoutError):
                only(chat).leave(timeout=0.05)
            go_on.set()
            events.wait_for(RoomLeft, timeout=DEADLINE)
        assert chat.rooms == {}


def test_a_timeout_of_a_stream_loses_nothing() -> None:
    with serve() as server, connect(server.url, rooms=[1]) as chat:
        room = only(chat)
        with room.subscribe() as events:
            with pytest.raises(TimeoutError):
                events.next(timeout=0)
            with pytest.raises(TimeoutError):
                events.wait_for(RoomMessage, timeout=0.01)
            with pytest.raises(TimeoutError):
                room.wait_for(RoomMessage, timeout=0.01)
            said = room.send("x")
            assert events.next(timeout=0) == said


def test_a_stream_has_one_reader_at_a_time() -> None:
    with serve() as server, connect(server.url, rooms=[1]) as chat:
        room = only(chat)
        reader = Elsewhere(lambda: iter(room).next())
        while isinstance(found := _try(lambda: iter(room).next(timeout=0)), TimeoutError):
            pass  # the other thread has not begun
        assert isinstance(found, ChatClosed)
        said = room.send("x")
        assert reader.wait() == said


def _try(call: Callable[[], object]) -> object:
    try:
        return call()
    except (TimeoutError, ChatClosed) as exc:
        return exc


# -- Interrupting.


@pytest.fixture
def ctrl_c() -> Iterator[Callable[[], None]]:
    """What another thread calls to press Ctrl-C, which interrupts the test's own."""
    assert threading.current_thread() is threading.main_thread()
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield lambda: os.kill(os.getpid(), signal.SIGINT)
    signal.signal(signal.SIGINT, before)


def interrupting(ctrl_c: Callable[[], None], what: str) -> Callable[[Peer], None]:
    """Return a script that presses Ctrl-C in place of the answer to a command."""

    def script(peer: Peer) -> None:
        while (command := peer.command()) is not None:
            if f"{command['command']} {command['room']}" == what:
                ctrl_c()
            else:
                peer.answer(command)

    return script


@pytest.mark.parametrize("what", ["join 2", "send 1", "leave 1"])
def test_ctrl_c_in_a_call_ends_the_block_at_once(ctrl_c: Callable[[], None], what: str) -> None:
    calls: dict[str, Callable[[Chat], object]] = {
        "join 2": lambda chat: chat.join(2),
        "send 1": lambda chat: only(chat).send("x"),
        "leave 1": lambda chat: only(chat).leave(),
    }
    with serve(interrupting(ctrl_c, what)) as server:
        with pytest.raises(KeyboardInterrupt), connect(server.url, rooms=[1]) as chat:
            calls[what](chat)
        assert ours() == []
        assert str(chat.state) == "closed"
        server.peers[0].wait()
        assert server.peers[0].connection.close_code == 1006  # there was no goodbye


def test_ctrl_c_in_a_loop_over_events(ctrl_c: Callable[[], None]) -> None:
    with serve(interrupting(ctrl_c, "send 1")) as server:
        with connect(server.url, rooms=[1]) as chat:
            speaker = Elsewhere(lambda: only(chat).send("x"))
            with pytest.raises(KeyboardInterrupt):
                list(chat)
            assert isinstance(chat.state, SessionState)
        assert isinstance(speaker.wait(), DeliveryUnknown)
        assert ours() == []


def test_ctrl_c_while_the_block_is_entered(ctrl_c: Callable[[], None]) -> None:
    with serve(interrupting(ctrl_c, "join 1")) as server:
        with pytest.raises(KeyboardInterrupt), connect(server.url, rooms=[1]):
            raise AssertionError("it was never entered")
        assert ours() == []


def test_ctrl_c_while_a_connection_is_opened(ctrl_c: Callable[[], None]) -> None:
    def hang(connection: Any) -> None:
        connection.recv(65_536)
        ctrl_c()
        until_gone(connection)

    with serve_raw(hang) as address:
        with pytest.raises(KeyboardInterrupt), connect(f"ws://{address}/"):
            raise AssertionError("it was never entered")
        assert ours() == []


def test_ctrl_c_that_is_caught_leaves_the_session_whole(ctrl_c: Callable[[], None]) -> None:
    """What was interrupted is told of, and the rest goes on."""
    options = Options(max_unanswered=2)
    with (
        serve(interrupting(ctrl_c, "send 1")) as server,
        connect(server.url, rooms=[1, 2], options=options) as chat,
        chat.subscribe() as events,
    ):
        room, other = chat.rooms.values()
        with pytest.raises(KeyboardInterrupt):
            room.send("x")
        assert events.next(timeout=DEADLINE) == Unconfirmed(room.id, "x")
        assert other.send("y").text == "y"


# -- Other ends.


def test_an_error_at_the_door_leaves_nothing() -> None:
    with serve_raw(lambda _: None) as address:
        with (
            pytest.raises(ConnectionFailed) as caught,
            connect(f"ws://{address}/", options=Options(reconnect=False)),
        ):
            raise AssertionError("it was never entered")
        assert type(caught.value) is ConnectionFailed
        assert ours() == []


def test_a_block_can_be_left_while_the_session_connects_again() -> None:
    connections: list[socket.socket] = []
    stuck = threading.Event()

    def once(connection: socket.socket) -> None:
        connections.append(connection)
        if len(connections) == 1:
            shake_hands(connection)
            connection.sendall(b"\x88\x02" + (1012).to_bytes(2, "big"))
            connection.recv(65_536)
        else:
            stuck.set()
            until_gone(connection)

    with serve_raw(once) as address:
        with connect(f"ws://{address}/", random=lambda: 0.0) as chat:
            assert stuck.wait(DEADLINE)
            assert chat.state is SessionState.CONNECTING
        assert str(chat.state) == "closed"
        assert ours() == []


def test_an_attempt_that_is_given_up_before_it_began_fails() -> None:
    attempt = WebSocketConnector().attempt()
    attempt.cancel()
    with serve_raw(until_gone) as address, pytest.raises(ConnectionFailed):
        attempt.open(request_for(f"ws://{address}/"))


def test_an_attempt_that_is_given_up_fails_behind_a_proxy_too() -> None:
    """There it cannot be woken up before the proxy has answered."""

    def let_through(connection: socket.socket) -> None:
        connection.recv(65_536)
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        until_gone(connection)

    attempt = WebSocketConnector().attempt()
    attempt.cancel()
    with serve_raw(let_through) as address, pytest.raises(ConnectionFailed):
        attempt.open(request_for("ws://chat.example/", proxy=f"http://{address}"))


def request_for(url: str, proxy: str | None = None) -> OpenRequest:
    return OpenRequest(
        address=Address.parse(url),
        headers={},
        origin=None,
        subprotocols=(),
        ssl_context=None,
        proxy=proxy,
        max_frame_bytes=1_024,
        close_timeout=1,
    )


def test_an_attempt_that_cannot_be_woken_up_does_not_hold_the_block() -> None:
    """What it opens in the end is ended at once."""
    entered, go_on = threading.Event(), threading.Event()
    opened: list[SyncTransport] = []

    class Deaf:
        def open(self, request: OpenRequest) -> SyncTransport:
            entered.set()
            assert go_on.wait(DEADLINE)
            opened.append(WebSocketConnector().open(request))
            return opened[0]

    with serve() as server:
        options = Options(open_timeout=0.05, reconnect=False, close_timeout=0.05)
        with (
            pytest.raises(ConnectionFailed, match="in time"),
            connect(server.url, transport=Deaf(), options=options),
        ):
            raise AssertionError("it was never entered")
        assert ours() == ["multichat reader"]
        go_on.set()
        reader = next(t for t in threading.enumerate() if t.name == "multichat reader")
        reader.join(DEADLINE)
        assert ours() == []
        with pytest.raises(ConnectionClosed):
            opened[0].receive()


def test_a_refused_login_is_what_the_block_raises() -> None:
    class Strict(WebSocketConnector):
        def login(self, *_: object) -> dict[str, str]:
            raise LoginFailed("no")

    with (
        pytest.raises(LoginFailed, match="no"),
        connect("ws://chat.example/", credentials=("alice", "x"), transport=Strict()),
    ):
        raise AssertionError("it was never entered")


def test_a_login_goes_into_the_handshake_and_serves_again() -> None:
    logins: list[str] = []

    class Knowing(WebSocketConnector):
        def login(self, _: object, username: str, password: str) -> dict[str, str]:
            logins.append(f"{username}:{password}")
            return {"sessionid": str(len(logins))}

    def once(peer: Peer) -> None:
        peer.answer(peer.command() or {})
        if len(server.peers) == 1:
            peer.close(1012)
        else:
            peer.converse()

    with serve(once) as server:
        with connect(
            server.url,
            credentials=("alice", "secret"),
            rooms=[1],
            transport=Knowing(),
            random=lambda: 0.0,
        ) as chat:
            iter(chat).wait_for(Reconnected, timeout=DEADLINE)
            assert chat.username == "alice"
        cookies = [peer.request.headers["Cookie"] for peer in server.peers]
    assert logins == ["alice:secret"]
    assert cookies == ["sessionid=1", "sessionid=1"]


class Broken:
    """Raises what no transport should."""

    def __init__(self, where: str) -> None:
        self._where = where

    def open(self, request: OpenRequest) -> WebSocketTransport:
        if self._where == "open":
            raise ZeroDivisionError(self._where)
        transport = WebSocketConnector().open(request)
        if self._where == "send":
            send = transport.send_text
            transport.send_text = self._broken(send)  # type: ignore[method-assign]
        else:
            receive = transport.receive
            transport.receive = self._broken(receive)  # type: ignore[method-assign]
        return transport

    def _broken(self, method: Callable[..., Any]) -> Callable[..., Any]:
        def broken(*arguments: object) -> object:
            result = method(*arguments)
            if "xyz" in f"{arguments}{result}":
                raise ZeroDivisionError(self._where)
            return result

        return broken


@pytest.mark.parametrize("where", ["open", "send", "receive"])
def test_a_transport_that_is_broken_breaks_the_block_and_nobody_waits(where: str) -> None:
    with serve() as server:
        with (
            pytest.raises(ZeroDivisionError, match=where),
            connect(server.url, rooms=[1], transport=Broken(where)) as chat,
        ):
            only(chat).send("xyz")
        assert ours() == []


def test_a_server_that_takes_nothing_is_given_up() -> None:
    """A write has its time; whatever waits for it is told."""
    done = threading.Event()

    def read_nothing(peer: Peer) -> None:
        peer.answer(peer.command() or {})
        with peer.connection.recv_flow_control:  # websockets reads no more
            assert done.wait(DEADLINE)

    options = Options(write_timeout=0.2, reconnect=False, close_timeout=0.2, ping_interval=None)
    with serve(read_nothing) as server:
        with connect(server.url, rooms=[1], options=options) as chat:
            room = only(chat)
            with pytest.raises(DeliveryUnknown):
                room.send("x" * 30_000_000)
            with pytest.raises(ConnectionClosed) as caught:
                chat.wait_for(Reconnected)
        done.set()
    assert caught.value.reason == "the server takes nothing more"


def test_a_block_is_left_in_time_while_a_write_hangs() -> None:
    done, writing = threading.Event(), threading.Event()

    class Telling:
        """Says when the long message is being written."""

        def open(self, request: OpenRequest) -> SyncTransport:
            transport = WebSocketConnector().open(request)
            send = transport.send_text

            def tell(text: str) -> None:
                if len(text) > 1_000_000:
                    writing.set()
                send(text)

            transport.send_text = tell  # type: ignore[method-assign]
            return transport

    def read_nothing(peer: Peer) -> None:
        peer.answer(peer.command() or {})
        with peer.connection.recv_flow_control:
            assert done.wait(DEADLINE)

    options = Options(write_timeout=60, close_timeout=0.2)
    with serve(read_nothing) as server:
        with connect(server.url, rooms=[1], options=options, transport=Telling()) as chat:
            room = only(chat)
            speaker = Elsewhere(lambda: room.send("x" * 30_000_000))
            assert writing.wait(DEADLINE)
        outcome, left = speaker.wait(), ours()
        done.set()
        assert isinstance(outcome, DeliveryUnknown)
        assert left == []


def test_the_clock_can_be_another_one() -> None:
    """Nothing of the session waits for the system's time: a minute passes at once."""

    class Jumping(Clock):
        ahead = 0.0

        def now(self) -> float:
            return super().now() + self.ahead

        def wait(self, condition: threading.Condition, timeout: float | None) -> None:
            # What waits with a time waits for nothing else here: the server says no word.
            if timeout is not None and threading.current_thread().name == "multichat driver":
                condition.wait(min(timeout, 0.02))
                self.ahead += timeout
            else:
                condition.wait(timeout)

    options = Options(ping_interval=None, answer_timeout=60, send_timeout=None, reconnect=False)
    clock = Jumping()
    with (
        serve(silent) as server,
        connect(server.url, rooms=[1], options=options, clock=clock) as chat,
        pytest.raises(DeliveryUnknown),
    ):
        only(chat).send("x")
    assert clock.ahead >= 60


@pytest.mark.parametrize(
    "arguments",
    [{"url": "ftp://x"}, {"rooms": ["01"]}, {"headers": {"X": "a\nb"}}, {"subprotocols": "a b"}],
    ids=["url", "room", "header", "subprotocol"],
)
def test_what_cannot_be_is_refused_by_connect_itself(arguments: dict[str, Any]) -> None:
    with pytest.raises(LocalProtocolError):
        connect(**{"url": "ws://chat.example/", **arguments})
