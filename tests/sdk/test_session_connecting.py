"""How a session connects, and when it connects again: verdicts, waits, logins, the end."""

from __future__ import annotations

import weakref

import pytest

from multichat_proto.events import (
    Connected,
    ConnectFailed,
    Disconnected,
    Reconnected,
    RoomGap,
    RoomJoined,
    RoomRejoined,
)
from multichat_proto.exceptions import (
    CertificateInvalid,
    ChatClosed,
    ConnectionClosed,
    ConnectionFailed,
    HandshakeRefused,
    LoginFailed,
    LoginRequired,
    MultichatError,
    NotSent,
    RemoteProtocolError,
    Retry,
)
from multichat_proto.messages import Room
from multichat_proto.options import Backoff, Options
from multichat_proto.session import Operation, SessionState
from multichat_spec import close_codes
from tests.sdk.session_play import START, WALL, Play

REFUSED = ConnectionFailed("connection refused")
JOINED = "{'join': '1', 'title': 'one'}"


def test_a_connection_without_rooms_is_connected_at_once() -> None:
    play = Play()
    ready = play.session.ready(play.now)

    assert play.go() == ["open"]
    assert play.is_in(SessionState.CONNECTING)
    assert not ready.is_done
    assert play.open() == []
    assert play.is_in(SessionState.CONNECTED)
    assert ready.result() is None
    assert play.events() == [Connected()]
    assert play.session.ready(play.now).is_done


def test_connected_means_that_every_wanted_room_is_joined() -> None:
    """Alive but deaf is what clients of other protocols are after a reconnect."""
    play = Play(rooms=("1", 2))
    ready = play.session.ready(play.now)

    assert play.open() == ["join 1"]
    assert play.is_in(SessionState.RESTORING)
    assert play.says(JOINED) == ["join 2"]
    assert not ready.is_done
    assert play.says("{'join': '2', 'title': 'two'}") == []
    assert ready.is_done
    assert play.events() == [
        RoomJoined(Room("1"), "one"),
        RoomJoined(Room("2"), "two"),
        Connected(),
    ]


@pytest.mark.parametrize(
    ("code", "verdict"),
    [*((code, row["reconnect"]) for code, row in close_codes().items()), (4999, "backoff")],
)
def test_the_verdict_on_each_close_code(code: int, verdict: str) -> None:
    """The specification's table is obeyed; a code that it does not list is like 1006."""
    play = Play(random=0.0).joined("1")

    play.lose(code, "why")
    event = play.events()[0]

    assert isinstance(event, Disconnected)
    assert isinstance(event.error, ConnectionClosed)
    if verdict in ("no", "after-login"):
        assert play.is_in(SessionState.CLOSED)
        assert play.session.failure is event.error
        assert event.retry_in is None
        assert play.log[-1] == "stopped"
    else:
        assert event.retry_in == (5.0 if verdict == "backoff-long" else 0.0)
        assert play.wait(5) == ["open"] if verdict == "backoff-long" else ["open"]


def test_waits_grow_to_the_cap_and_are_random() -> None:
    """Full jitter: each wait is a random part of the longest one."""
    for random in (1.0, 0.5, 0.0):
        play = Play(Options(connect_timeout=None), random=random)
        play.go()
        waits = []
        for attempt in range(1, 9):
            play.refuse(REFUSED)
            (failed,) = play.events()
            assert isinstance(failed, ConnectFailed)
            assert failed.attempt == attempt
            assert failed.retry_in is not None
            waits.append(failed.retry_in)
            assert "open" in [*play.log[-1:], *play.wait(failed.retry_in)]

        assert waits == [random * each for each in (1, 2, 4, 8, 16, 30, 30, 30)]


def test_a_connection_that_does_not_hold_does_not_end_the_growth() -> None:
    """A server that takes one in and throws one out at once is not hammered."""
    play = Play()
    waits = []
    for _ in range(3):
        play.open()
        play.lose(1011)
        waits.append(play.session.wake_at)
        play.wait(60)

    assert waits == [START + 1, START + 60 + 2, START + 120 + 4]


def test_a_connection_that_holds_ends_the_growth() -> None:
    play = Play()
    for _ in range(3):
        play.open()
        play.lose(1011)
        play.wait(60)
    play.open()
    play.wait(10)
    play.lose(1011)

    assert play.session.wake_at == play.now + 1


def test_reconnect_now_does_not_wait() -> None:
    """Who knows that the network is back need not wait for half a minute."""
    play = Play(Options(connect_timeout=None))
    play.go()
    for _ in range(6):
        play.refuse(REFUSED)
        play.wait(30)
    play.refuse(REFUSED)

    play.session.reconnect_now(play.now)

    assert play.go() == ["open"]
    play.refuse(REFUSED)
    assert play.session.wake_at == play.now + 1
    play.wait(1)
    play.open()
    play.session.reconnect_now(play.now)
    assert play.go() == []


def test_after_a_reconnect_each_room_has_its_gap() -> None:
    """v1 has no history: what was said meanwhile is missed, and that is said."""
    play = Play().joined("1", "2")
    play.wait(3)
    play.says("{'room': '1', 'message': 'x', 'username': 'bob', 'msg_type': 0}")
    play.events()
    play.wait(4)

    play.lose(1012)
    play.wait(1)
    play.refuse(REFUSED)
    play.wait(2)
    play.open()
    play.says(JOINED)
    assert play.is_in(SessionState.RESTORING)
    play.now += 1
    play.says("{'join': '2', 'title': 'two'}")

    since, one, two = START + WALL + 3, START + WALL + 10, START + WALL + 11
    room_1, room_2 = Room("1"), Room("2")
    assert play.is_in(SessionState.CONNECTED)
    lost, *rest = play.events()
    assert isinstance(lost, Disconnected)
    assert lost.retry_in == 1.0
    assert rest == [
        ConnectFailed(REFUSED, 1, 2.0),
        RoomRejoined(room_1, "one", since, one),
        RoomRejoined(room_2, "two", since, two),
        Reconnected((RoomGap(room_1, since, one), RoomGap(room_2, since, two)), 2),
    ]
    stream = play.session.rooms[room_2].events
    assert play.events(stream) == [RoomRejoined(room_2, "two", since, two)]


def test_a_connection_that_is_lost_before_a_room_is_joined_again() -> None:
    """The gap goes from the last sign of life of the connection that one was in the room on."""
    play = Play(random=0.0).joined("1")
    play.wait(2)
    play.lose()
    play.wait(3)
    play.open()
    play.lose()
    play.open()
    play.wait(1)
    play.says(JOINED)

    last = play.events()[-1]
    assert last == Reconnected((RoomGap(Room("1"), START + WALL, play.now + WALL),), 2)


def test_the_first_connection_is_waited_for_so_long_only() -> None:
    """Entering a chat has a deadline, and the last error says why it failed."""
    play = Play(Options(connect_timeout=5.0))
    ready = play.session.ready(play.now)
    play.go()
    play.refuse(REFUSED)
    play.wait(1)
    other = ConnectionFailed("no such host")
    play.refuse(other)

    done = play.wait(10)

    assert done == ["open", "stopped"]
    assert play.session.failure is other
    with pytest.raises(ConnectionFailed, match="no such host"):
        ready.result()
    assert play.session.wake_at is None


def test_the_first_connection_may_take_its_time() -> None:
    play = Play(Options(connect_timeout=None))
    play.go()
    assert play.wait(1_000) == []
    assert play.is_in(SessionState.CONNECTING)
    assert play.open() == []
    assert play.is_in(SessionState.CONNECTED)


def test_silence_at_the_first_connection_has_an_error_too() -> None:
    play = Play(Options(connect_timeout=5.0))
    play.wait(6)

    assert isinstance(play.session.failure, ConnectionFailed)


@pytest.mark.parametrize(
    ("error", "waits"),
    [
        (REFUSED, 1.0),
        (HandshakeRefused(503), 1.0),
        (HandshakeRefused(503, 7.0), 7.0),
        (HandshakeRefused(429, 700.0), 30.0),
        (LoginFailed("busy", retry=Retry.LATER), 1.0),
        (HandshakeRefused(401), None),
        (HandshakeRefused(403), None),
        (HandshakeRefused(404), None),
        (CertificateInvalid("expired"), None),
        (LoginFailed("wrong password"), None),
        (RemoteProtocolError("this is a mail server"), None),
    ],
    ids=lambda value: str(value)[:40],
)
def test_what_a_failed_attempt_comes_to(error: MultichatError, waits: float | None) -> None:
    """DNS and refused connections are retried, 401 and 403 are not."""
    play = Play()
    play.go()
    play.refuse(error)

    assert play.events() == [ConnectFailed(error, 1, waits)]
    assert play.session.failure is (error if waits is None else None)
    assert play.log[-1] == ("open" if waits else "stopped")


def test_without_reconnect_the_first_loss_is_the_end() -> None:
    play = Play(Options(reconnect=False)).joined("1")
    queue = play.session.rooms[Room("1")].events
    play.lose(1012)

    assert isinstance(play.session.failure, ConnectionClosed)
    with pytest.raises(ConnectionClosed, match="1012"):
        queue.take()
    again = Play(Options(reconnect=False))
    again.go()
    again.refuse(REFUSED)
    assert again.session.failure is REFUSED


class TestLogin:
    def test_who_has_a_password_logs_in_once(self) -> None:
        play = Play(has_login=True, can_login=True)

        assert play.go() == ["login+open"]
        play.open()
        play.lose()
        assert play.wait(1) == ["open"]

    def test_a_login_that_was_not_needed_yet_is_made_later(self) -> None:
        """The first attempt got nowhere: the second has to log in all the same."""
        play = Play(has_login=True, can_login=True)
        play.go()
        play.refuse(REFUSED)

        assert play.wait(1) == ["login+open"]

    @pytest.mark.parametrize(
        "end", [ConnectionClosed(1008, "logged out"), HandshakeRefused(401)], ids=str
    )
    def test_a_session_that_has_ended_is_renewed_once(self, end: MultichatError) -> None:
        """1008 and 401 ask for a new login; more than one in a row would be a loop."""
        play = Play(has_login=True, can_login=True, random=0.0)
        play.open()
        if isinstance(end, ConnectionClosed):
            play.lose(end.code)
            assert play.wait(5) == ["login+open"]
        else:
            play.lose()
            assert play.log[-1] == "open"
            play.refuse(end)
            assert play.log[-1] == "login+open"
        play.open()
        play.lose(1008)

        assert play.is_in(SessionState.CLOSED)

    def test_a_renewed_session_that_holds_may_be_renewed_again(self) -> None:
        play = Play(has_login=True, can_login=True, random=0.0)
        for _ in range(5):
            play.open()
            play.wait(10)
            play.lose(1008)
            assert play.wait(5) == ["login+open"]

    def test_a_refusal_right_after_the_login_is_believed(self) -> None:
        play = Play(has_login=True, can_login=True)
        play.go()
        play.refuse(HandshakeRefused(403))

        assert isinstance(play.session.failure, HandshakeRefused)

    def test_a_join_that_wants_a_login_is_sent_again_first(self) -> None:
        """The original may look at the command before the session (MC1-CLIENT-11)."""
        play = Play(has_login=True)
        play.open()
        join = play.session.join("1", play.now)
        refused = "{'error': 'USER_HAS_TO_LOGIN'}"

        assert play.go() == ["join 1"]
        assert play.says(refused) == []
        assert play.wait(0.2) == ["join 1"]
        assert play.says(refused) == []
        assert play.wait(0.4) == ["join 1"]
        assert not join.is_done
        play.says(refused)
        with pytest.raises(LoginRequired):
            join.result()

    def test_then_the_login_is_renewed(self) -> None:
        play = Play(has_login=True, can_login=True, random=0.0)
        play.open()
        join = play.session.join("1", play.now)
        play.go()
        for _ in range(3):
            play.says("{'error': 'USER_HAS_TO_LOGIN'}")
            play.wait(0.4)

        assert play.log[-2:] == ["close 1000", "login+open"]
        play.open()
        play.says(JOINED)
        assert join.result().is_joined
        assert play.is_in(SessionState.CONNECTED)

    def test_who_has_no_login_is_refused_at_once(self) -> None:
        play = Play()
        play.open()
        join = play.session.join("1", play.now)
        play.go()
        play.says("{'error': 'USER_HAS_TO_LOGIN', 'command': 'join', 'room': '1'}")

        with pytest.raises(LoginRequired):
            join.result()
        assert play.is_in(SessionState.CONNECTED)


class TestTheEnd:
    def test_a_goodbye(self) -> None:
        play = Play().joined("1")
        room = play.session.rooms[Room("1")]
        play.session.stop(play.now)

        assert play.go() == ["close 1000"]
        assert play.is_in(SessionState.CLOSING)
        play.says(JOINED)
        assert play.lose(1000) == ["stopped"]
        assert play.is_in(SessionState.CLOSED)
        assert play.session.failure is None
        assert not room.is_joined
        play.session.stop(play.now)
        assert play.go() == []

    @pytest.mark.parametrize("is_waiting", [True, False], ids=["waiting", "connecting"])
    def test_without_a_connection_there_is_no_goodbye(self, is_waiting: bool) -> None:
        play = Play()
        play.go()
        if is_waiting:
            play.refuse(REFUSED)
        ready = play.session.ready(play.now)
        play.session.stop(play.now)

        assert play.go() == ["stopped"]
        with pytest.raises(ChatClosed):
            ready.result()
        with pytest.raises(ChatClosed):
            play.session.ready(play.now).result()
        with pytest.raises(ChatClosed):
            play.session.join("1", play.now).result()
        assert play.session.leave("1", play.now).result() is None

    def test_what_was_not_begun_is_not_begun(self) -> None:
        play = Play()
        play.session.stop(play.now)

        assert play.go() == ["stopped"]

    def test_a_connection_that_comes_too_late_is_ended(self) -> None:
        """Or one of an attempt that was given up."""
        play = Play()
        play.go()
        play.session.stop(play.now)
        play.go()

        assert play.open() == ["abort"]
        play.refuse(REFUSED)
        assert play.session.failure is None

    def test_what_waits_is_told(self) -> None:
        play = Play().joined("1")
        play.lose()
        sent = play.session.send("1", "hi", play.now)
        joined = play.session.join("2", play.now)
        left: list[Operation[None]] = []
        play.session.stop(play.now)
        left.append(play.session.leave("1", play.now))

        with pytest.raises(NotSent):
            sent.result()
        with pytest.raises(ChatClosed):
            joined.result()
        with pytest.raises(ChatClosed):
            play.session.send("1", "hi", play.now).result()


class TestSignsOfLife:
    def test_silence_is_asked_about_and_then_believed(self) -> None:
        play = Play().joined("1")

        assert play.wait(19.9) == []
        assert play.wait(0.2) == ["ping"]
        assert play.wait(19.8) == []
        assert play.wait(0.2) == ["abort"]
        (lost,) = play.events()
        assert isinstance(lost, Disconnected)
        assert isinstance(lost.error, ConnectionClosed)
        assert lost.error.code == 1006

    @pytest.mark.parametrize("sign", ["pong", "frame", "binary"])
    def test_any_traffic_is_a_sign_of_life(self, sign: str) -> None:
        play = Play().joined("1")
        play.wait(30)
        match sign:
            case "pong":
                play.session.pong(play.connection, play.now)
            case "binary":
                play.session.receive_binary(play.connection, play.now)
            case _:
                play.says("{}")

        assert play.wait(19.9) == []
        assert play.wait(0.2) == ["ping"]

    def test_a_sign_of_an_older_connection_counts_for_nothing(self) -> None:
        play = Play(random=0.0).joined("1")
        old = play.connection
        play.lose()
        play.open()
        play.says(JOINED)
        play.wait(25)
        play.session.pong(old, play.now)
        play.session.receive_text(old, "{}", play.now)
        play.session.receive_binary(old, play.now)
        play.session.connection_lost(old, ConnectionClosed(1006), play.now)

        assert play.is_in(SessionState.CONNECTED)
        assert play.wait(15.1) == ["abort", "open"]

    @pytest.mark.parametrize("sign", ["pong", "binary", "text"])
    def test_the_driver_is_woken_when_the_next_ping_comes_nearer(self, sign: str) -> None:
        play = Play(Options(ping_interval=5, ping_timeout=20)).joined("1")
        assert play.wait(5) == ["ping"]
        calls: list[None] = []
        play.session.on_effect = lambda: calls.append(None)

        match sign:
            case "pong":
                play.session.pong(play.connection, play.now)
            case "binary":
                play.session.receive_binary(play.connection, play.now)
            case _:
                play.session.receive_text(play.connection, "{}", play.now)

        assert calls
        assert play.session.wake_at == play.now + 5

    def test_no_pings_at_all(self) -> None:
        play = Play(Options(ping_interval=None)).joined("1")

        assert play.wait(10_000) == []


def test_the_backoff_is_the_options_own() -> None:
    play = Play(Options(backoff=Backoff(first=3.0, factor=1.0, cap=3.0)))
    play.go()
    play.refuse(REFUSED)
    play.wait(3)
    play.refuse(REFUSED)

    assert play.session.wake_at == play.now + 3.0


def test_a_cap_that_no_float_can_grow_to() -> None:
    """Ten thousand failures later a wait is still the cap."""
    play = Play(Options(connect_timeout=None, backoff=Backoff(first=1, factor=1e300, cap=1)))
    play.go()
    for _ in range(5):
        play.refuse(REFUSED)
        assert play.wait(1) == ["open"]


class Socket:
    """What a dead connection would keep alive."""


@pytest.mark.parametrize("what", ["refused", "lost"])
def test_an_event_does_not_keep_a_dead_connection_alive(what: str) -> None:
    """Nor does the session; a thousand events would keep a thousand sockets."""
    play = Play().joined("1")
    if what == "refused":
        play.lose()
        play.wait(1)
        play.events()

    def fail() -> weakref.ref[Socket]:
        connection = Socket()
        try:
            try:
                raise OSError
            except OSError as exc:
                raise ConnectionClosed(1006, "") from exc
        except ConnectionClosed as exc:
            if what == "refused":
                play.session.open_failed(play.connection, exc, play.now)
            else:
                play.session.connection_lost(play.connection, exc, play.now)
        return weakref.ref(connection)

    alive = fail()

    (event,) = play.events()
    assert isinstance(event, ConnectFailed | Disconnected)
    assert alive() is None
    assert event.error.__cause__ is event.error.__context__ is None
