"""Messages of a session: one at a time, matched to their echoes, and never said twice."""

from __future__ import annotations

from typing import Any

import pytest

from multichat_proto.events import Gap, RoomMessage, Unconfirmed
from multichat_proto.exceptions import (
    ConnectionClosed,
    DeliveryUnknown,
    LocalProtocolError,
    MessageTooLong,
    NotAMember,
    NotSent,
    RateLimited,
    RoomAccessDenied,
)
from multichat_proto.messages import Room
from multichat_proto.options import Options, Overflow
from multichat_proto.session import SessionState
from tests.sdk.session_play import Play, message

ONE = Room("1")


def test_a_send_is_done_when_its_echo_has_come() -> None:
    play = Play().joined("1")
    sent = play.session.send("1", "hi", play.now)

    assert play.go() == ["send 1 hi"]
    play.says(message("1", "hi", "bob"))
    assert not sent.is_done
    play.says(message("1", "hi"))
    assert sent.result() == RoomMessage(ONE, "alice", "hi", is_own=True)


@pytest.mark.parametrize("text", [b"hi", None, 5, ["hi"]], ids=["bytes", "None", "int", "list"])
def test_what_is_no_string_is_not_sent(text: Any) -> None:
    """The encoder would make base64 of bytes, and pass on what no server takes (MC1-SEND-05)."""
    play = Play().joined("1")
    sent = play.session.send("1", text, play.now)

    assert play.go() == []
    with pytest.raises(LocalProtocolError, match="must be a str"):
        sent.result()


def test_a_kind_of_string_is_a_string() -> None:
    play = Play().joined("1")
    sent = play.session.send("1", Overflow.DROP_OLDEST, play.now)

    assert play.go() == ["send 1 drop-oldest"]
    play.says(message("1", "drop-oldest"))
    assert type(sent.result().text) is str


def test_closed_loop_is_the_default() -> None:
    """A server that is not known to be hardened may reorder what is pipelined."""
    play = Play().joined("1", "2")
    for text in "abc":
        play.session.send("1", text, play.now)
    play.session.join("3", play.now)

    assert play.go() == ["join 3"]
    assert play.says("{'join': '3', 'title': ''}") == ["send 1 a"]
    assert play.says(message("1", "a")) == ["send 1 b"]
    assert play.says(message("1", "b")) == ["send 1 c"]


def test_several_at_once_for_a_server_that_keeps_order() -> None:
    play = Play(Options(max_unanswered=2)).joined("1")
    sent = [play.session.send("1", text, play.now) for text in "abc"]

    assert play.go() == ["send 1 a", "send 1 b"]
    assert play.says("{'error': 'MESSAGE_TOO_LONG'}") == ["send 1 c"]
    play.says(message("1", "b"), message("1", "c"))
    with pytest.raises(MessageTooLong):
        sent[0].result()
    assert [each.result().text for each in sent[1:]] == ["b", "c"]


def test_very_many_at_once() -> None:
    """Whoever asks for it gets each answer, the first one too."""
    count = 1_500
    options = Options(max_unanswered=count, max_waiting=count, command_rate=0)
    play = Play(options).joined("1")
    sent = [play.session.send("1", str(number), play.now) for number in range(count)]
    play.go()
    play.says(*(message("1", str(number)) for number in range(count)))

    assert [each.result().text for each in sent] == [str(number) for number in range(count)]


def test_an_error_names_the_send_that_it_answers() -> None:
    play = Play(Options(max_unanswered=2)).joined("1", "2")
    one, two = (play.session.send(room, "x", play.now) for room in "12")
    play.go()
    play.says("{'error': 'ROOM_ACCESS_DENIED', 'command': 'send', 'room': '2'}")

    assert not one.is_done
    with pytest.raises(RoomAccessDenied):
        two.result()


def test_a_message_waits_for_its_room_and_others_pass() -> None:
    play = Play(random=0.0).joined("1", "2")
    play.lose()
    one, two = (play.session.send(room, "x", play.now) for room in "12")
    play.open()
    play.says("{'error': 'SERVER_UNAVAILABLE'}")

    assert play.log[-1] == "join 1"  # at once again: no wait is shorter than this random one
    play.says("{'join': '1', 'title': ''}")
    assert play.says("{'join': '2', 'title': ''}") == ["send 1 x"]
    assert play.says(message("1", "x")) == ["send 2 x"]
    assert one.is_done
    assert not two.is_done


def test_a_message_for_an_open_room_passes_one_for_another() -> None:
    play = Play().joined("1", "2")
    play.lose()
    for room in "12":
        play.session.send(room, "x", play.now)
    play.wait(1)
    play.open()
    play.says("{'error': 'SERVER_UNAVAILABLE'}")

    assert play.says("{'join': '2', 'title': ''}") == ["send 2 x"]


def test_a_lost_connection_leaves_the_delivery_unknown() -> None:
    """What was handed over is never sent again by itself; what was not, waits."""
    play = Play(random=0.0).joined("1")
    handed, waiting = (play.session.send("1", text, play.now) for text in "ab")
    play.go()
    play.lose()
    play.open()

    with pytest.raises(DeliveryUnknown) as caught:
        handed.result()
    assert (caught.value.room, caught.value.text) == ("1", "a")
    assert play.says("{'join': '1', 'title': ''}") == ["send 1 b"]
    play.says(message("1", "b"))
    assert waiting.result().text == "b"
    assert play.log.count("send 1 a") == 1


def test_an_echo_that_does_not_come() -> None:
    """The original drops messages under load; the loop goes on after a while."""
    play = Play().joined("1")
    first, second = (play.session.send("1", text, play.now) for text in "ab")
    play.go()

    assert play.wait(10) == ["send 1 b"]
    with pytest.raises(DeliveryUnknown):
        first.result()
    play.says(message("1", "a"), message("1", "b"))
    assert second.result().text == "b"
    assert play.events()[0] == RoomMessage(ONE, "alice", "a", is_own=True)


def test_a_message_without_a_connection_waits_so_long_only() -> None:
    play = Play().joined("1")
    play.lose()
    sent = play.session.send("1", "x", play.now)
    play.wait(29)
    assert not sent.is_done
    play.wait(2)

    with pytest.raises(NotSent, match="room 1: there was no chance"):
        sent.result()


def test_or_as_long_as_it_takes() -> None:
    play = Play(Options(send_timeout=None)).joined("1")
    play.lose()
    sent = play.session.send("1", "x", play.now)
    joined = play.session.join("2", play.now)
    play.wait(1_000)
    assert not sent.is_done
    assert not joined.is_done
    play.open()
    play.says("{'join': '1', 'title': ''}")
    play.says("{'join': '2', 'title': ''}")
    play.says(message("1", "x"))

    assert sent.is_done
    assert joined.is_done


def test_too_many_wait() -> None:
    play = Play(Options(max_waiting=2)).joined("1")
    sent = [play.session.send("1", text, play.now) for text in "abc"]

    with pytest.raises(NotSent, match="2 commands wait already"):
        sent[2].result()
    assert play.go() == ["send 1 a"]


@pytest.mark.parametrize(
    ("room", "text", "kind"),
    [("2", "x", NotAMember), ("x", "x", LocalProtocolError), ("1", "\ud800", LocalProtocolError)],
)
def test_what_cannot_be_sent(room: str, text: str, kind: type[LocalProtocolError]) -> None:
    play = Play().joined("1")

    with pytest.raises(kind):
        play.session.send(room, text, play.now).result()
    assert play.go() == []


def test_after_the_end_the_failure_is_the_answer() -> None:
    play = Play().joined("1")
    sent = play.session.send("1", "x", play.now)
    waiting = play.session.send("1", "y", play.now)
    play.go()
    play.lose(1008, "logged out")

    with pytest.raises(DeliveryUnknown):
        sent.result()
    for operation in (waiting, play.session.send("1", "z", play.now)):
        with pytest.raises(ConnectionClosed, match="logged out"):
            operation.result()


class TestCancelling:
    def test_before_it_is_handed_over(self) -> None:
        """It is never sent."""
        play = Play().joined("1")
        sent, other = (play.session.send("1", text, play.now) for text in "ab")

        assert play.session.abandon(sent, play.now) is False
        assert play.go() == ["send 1 b"]
        assert play.events() == []
        assert not other.is_done

    def test_after_it_was_handed_over(self) -> None:
        """Nobody knows yet, and the chat's stream says so; the loop goes on with the echo."""
        play = Play().joined("1")
        sent = play.session.send("1", "a", play.now)
        play.go()

        assert play.session.abandon(sent, play.now) is True
        play.session.send("1", "b", play.now)
        assert play.go() == []
        assert play.says(message("1", "a")) == ["send 1 b"]
        echo = RoomMessage(ONE, "alice", "a", is_own=True)
        assert play.events() == [Unconfirmed(ONE, "a"), echo]

    def test_the_second_of_two(self) -> None:
        play = Play(Options(max_unanswered=2)).joined("1")
        _, second = (play.session.send("1", text, play.now) for text in "ab")
        play.go()

        assert play.session.abandon(second, play.now) is True
        assert play.events() == [Unconfirmed(ONE, "b")]

    def test_after_it_was_answered(self) -> None:
        play = Play().joined("1")
        sent = play.session.send("1", "a", play.now)
        play.go()
        play.says(message("1", "a"))
        play.events()

        assert play.session.abandon(sent, play.now) is True
        assert play.events() == []

    def test_an_error_that_nobody_waits_for(self) -> None:
        play = Play().joined("1")
        sent = play.session.send("1", "a", play.now)
        play.go()
        play.session.abandon(sent, play.now)
        play.says("{'error': 'RATE_LIMITED'}")
        play.lose()

        assert not sent.is_done


class TestTheRate:
    def test_a_burst_and_then_so_many_a_second(self) -> None:
        play = Play(Options(command_rate=2, command_burst=3, max_unanswered=32)).joined("1")
        play.wait(10)
        for number in range(6):
            play.session.send("1", str(number), play.now)

        assert len(play.go()) == 3
        assert len(play.wait(0.49)) == 0
        assert len(play.wait(0.02)) == 1
        assert len(play.wait(1.01)) == 2

    def test_a_long_message_counts_by_its_bytes(self) -> None:
        options = Options(command_rate=1, command_burst=10, max_unanswered=32, ping_interval=None)
        play = Play(options).joined("1")
        play.wait(10)
        play.session.send("1", "x" * 8_000, play.now)
        play.session.send("1", "x" * 8_000, play.now)
        play.session.send("1", "x" * 100_000, play.now)

        assert len(play.go()) == 1
        assert len(play.wait(5.9)) == 0
        assert len(play.wait(0.2)) == 1
        assert len(play.wait(9.7)) == 0
        assert len(play.wait(0.2)) == 1

    def test_no_limit(self) -> None:
        play = Play(Options(command_rate=0, max_unanswered=10_000)).joined("1")
        for number in range(1_000):
            play.session.send("1", str(number), play.now)

        assert len(play.go()) == 1_000

    def test_rate_limited_means_a_pause(self) -> None:
        play = Play().joined("1")
        first, _ = (play.session.send("1", text, play.now) for text in "ab")
        play.go()

        assert play.says("{'error': 'RATE_LIMITED', 'command': 'send', 'room': '1'}") == []
        with pytest.raises(RateLimited):
            first.result()
        assert play.wait(0.99) == []
        assert play.wait(0.1) == ["send 1 b"]

    def test_without_a_limit_nothing_is_waited_for(self) -> None:
        play = Play(Options(command_rate=0)).joined("1")
        play.session.send("1", "x", play.now)

        assert play.session.wake_at is not None
        assert play.session.wake_at <= play.now

    def test_rate_limited_without_a_rate(self) -> None:
        """Who wants no limit has none, whatever the server thinks of it."""
        play = Play(Options(command_rate=0)).joined("1")
        for text in "ab":
            play.session.send("1", text, play.now)
        play.go()

        assert play.says("{'error': 'RATE_LIMITED'}") == ["send 1 b"]

    def test_joins_count_too(self) -> None:
        play = Play(Options(command_rate=1, command_burst=2, max_unanswered=32)).joined()
        for room in "123":
            play.session.join(room, play.now)

        assert play.go() == ["join 1", "join 2"]
        assert play.wait(1.1) == ["join 3"]


class TestBackpressure:
    def test_a_full_stream_stops_the_reader(self) -> None:
        readable: list[bool] = []
        play = Play(Options(max_queue=2)).joined("1")
        play.session.on_readable = lambda: readable.append(True)
        queue = play.session.subscribe(ONE, overflow=Overflow.BLOCK)
        queue.claim()
        play.says(message("1", "a"))
        assert play.session.wants_frames
        play.says(message("1", "b"))

        assert not play.session.wants_frames
        assert readable == []
        queue.take()
        assert play.session.wants_frames
        assert readable == [True]

    def test_but_not_while_a_command_waits_for_its_answer(self) -> None:
        """A reader that sends would wait for itself."""
        readable: list[bool] = []
        play = Play(Options(max_queue=2)).joined("1")
        queue = play.session.subscribe(ONE, overflow=Overflow.BLOCK)
        queue.claim()
        play.says(message("1", "a", "bob"), message("1", "b", "bob"))
        play.session.on_readable = lambda: readable.append(True)
        play.session.on_readable()
        readable.clear()
        sent = play.session.send("1", "c", play.now)
        assert not play.session.wants_frames
        play.go()

        assert readable == [True]
        assert play.session.wants_frames
        play.says(*(message("1", str(number), "bob") for number in range(7)))
        assert play.session.wants_frames
        play.says(message("1", "c"))
        assert sent.is_done
        assert not play.session.wants_frames
        assert len(queue) == 10

    def test_there_is_an_end_to_that_too(self) -> None:
        play = Play(Options(max_queue=2)).joined("1")
        queue = play.session.subscribe(ONE, overflow=Overflow.BLOCK)
        queue.claim()
        play.session.send("1", "c", play.now)
        play.go()
        play.says(*(message("1", str(number), "bob") for number in range(10)))

        assert not play.session.wants_frames

    def test_who_does_not_read_hears_no_pong(self) -> None:
        """That time does not count as the server's silence."""
        play = Play(Options(max_queue=1, block_timeout=None)).joined("1")
        queue = play.session.subscribe(ONE, overflow=Overflow.BLOCK)
        queue.claim()
        play.wait(25)
        play.says(message("1", "a"))
        assert play.wait(1_000) == []
        assert play.is_in(SessionState.CONNECTED)
        queue.take()

        assert play.wait(19.9) == []
        assert play.wait(0.2) == ["ping"]

    def test_a_reader_who_has_gone_stops_the_session_for_a_minute_only(self) -> None:
        """Begun, and left by ``break``: nobody says so."""
        warnings: list[str] = []
        play = Play(Options(max_queue=2, block_timeout=60), warnings=warnings).joined("1")
        queue = play.session.subscribe(ONE, overflow=Overflow.BLOCK)
        queue.claim()
        queue.release()
        play.says(*(message("1", text, "bob") for text in "ab"))
        play.wait(59)
        assert not play.session.wants_frames
        assert warnings == []

        play.wait(2)
        assert play.session.wants_frames
        assert len(warnings) == 1
        assert "the stream of room 1" in warnings[0]
        play.says(*(message("1", text, "bob") for text in "cd"))
        assert play.session.wants_frames
        assert play.events(queue)[0] == Gap(ONE, 2)

        queue.claim()
        play.says(*(message("1", text, "bob") for text in "ef"))
        assert not play.session.wants_frames, "it is read again"

    def test_a_binary_frame_may_fill_a_stream(self) -> None:
        """Then there is a time at which its reader is given up, and the driver has to know."""
        play = Play(Options(max_queue=1, block_timeout=60)).joined("1")
        queue = play.session.subscribe(None, overflow=Overflow.BLOCK)
        queue.claim()
        calls: list[None] = []
        play.session.on_effect = lambda: calls.append(None)
        play.session.receive_binary(play.connection, play.now)

        assert not play.session.wants_frames
        assert calls

    def test_a_slow_reader_has_not_gone(self) -> None:
        warnings: list[str] = []
        play = Play(Options(max_queue=2, block_timeout=60), warnings=warnings).joined("1")
        queue = play.session.subscribe(ONE, overflow=Overflow.BLOCK)
        queue.claim()
        play.wait(1)
        play.says(*(message("1", text, "bob") for text in "abcd"))
        for _ in range(2):
            play.wait(50)
            assert not play.session.wants_frames
            queue.take()
        play.wait(50)

        assert warnings == []
        assert [event.text for event in play.events(queue)] == ["c", "d"]  # type: ignore[union-attr]

    def test_the_driver_hears_of_a_stream_that_has_become_full(self) -> None:
        """It has to be woken up to look after its reader."""
        play = Play(Options(max_queue=1, ping_interval=None)).joined("1")
        queue = play.session.subscribe(ONE, overflow=Overflow.BLOCK)
        queue.claim()
        play.wait(60)
        calls: list[bool] = []
        play.session.on_effect = lambda: calls.append(True)
        play.session.receive_text(play.connection, message("1", "a", "bob"), play.now)

        assert calls == [True]
        assert play.session.wake_at == play.now + 60

    def test_a_stream_that_is_given_up_stops_nobody(self) -> None:
        play = Play(Options(max_queue=1)).joined("1")
        queue = play.session.subscribe(None, overflow=Overflow.BLOCK)
        queue.claim()
        play.says(message("1", "a"))
        assert not play.session.wants_frames
        play.session.unsubscribe(queue)

        assert play.session.wants_frames


def test_several_answers_overdue_at_once() -> None:
    play = Play(Options(max_unanswered=3), random=0.0).joined("1")
    sent = [play.session.send("1", text, play.now) for text in "ab"]
    play.session.leave("1", play.now)
    play.session.join("2", play.now)
    play.go()
    play.wait(10)

    assert play.log[-2:] == ["abort", "open"]
    for operation in sent:
        with pytest.raises((DeliveryUnknown, NotSent)):
            operation.result()
