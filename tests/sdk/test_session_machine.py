"""
A session against any order of events: users, a server with moods, a network that breaks.

What must hold whatever happens: nothing is said twice, no operation ends twice or is forgotten,
``CONNECTED`` means that the server, too, has one in every wanted room, no message is missed
without a word, and the driver is never woken up for nothing.
"""

from __future__ import annotations

from collections import Counter, deque

import msgspec
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)

from multichat_proto.events import (
    ChatEvent,
    Connected,
    Disconnected,
    Gap,
    Reconnected,
    RoomLost,
    RoomMessage,
    RoomRejoined,
)
from multichat_proto.exceptions import (
    ConnectionClosed,
    ConnectionFailed,
    DeliveryUnknown,
    HandshakeRefused,
    MultichatError,
    NotAMember,
    NotSent,
    RoomError,
)
from multichat_proto.messages import ErrorCode
from multichat_proto.options import Options, Overflow
from multichat_proto.session import (
    AbortConnection,
    CloseConnection,
    EndOfEvents,
    EventQueue,
    Open,
    Operation,
    SendPing,
    SendText,
    Session,
    SessionState,
    Stopped,
)

ROOMS = st.sampled_from(["1", "2", "3"])
CODES = st.sampled_from([code.value for code in ErrorCode])
CLOSES = st.sampled_from([1001, 1006, 1008, 1011, 1012, 1013, 4000])


class Machine(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.now = 100.0
        self.seen: list[ChatEvent] = []
        self.joins: list[Operation[object]] = []
        self.sendings: dict[str, Operation[RoomMessage]] = {}
        self.watched: list[Operation[object]] = []
        self.endings: Counter[int] = Counter()
        self.handed: Counter[str] = Counter()
        self.abandoned: set[str] = set()
        self.said: list[tuple[str, str]] = []
        self.stopped = 0
        self.count = 0
        # The server's side of the present connection.
        self.opening: int | None = None
        self.connection: int | None = None
        self.inside: set[str] = set()
        self.commands: deque[dict[str, str]] = deque()

    @initialize(max_unanswered=st.sampled_from([1, 4]), can_login=st.booleans())
    def begins(self, max_unanswered: int, can_login: bool) -> None:
        self.max_unanswered = max_unanswered
        options = Options(
            max_queue=8,
            overflow=Overflow.DROP_OLDEST,
            connect_timeout=None,
            max_rooms=10,
            max_unanswered=max_unanswered,
        )
        self.session = Session(
            options,
            now=self.now,
            random=lambda: 0.5,
            username="alice",
            rooms=("1",),
            has_login=True,
            can_login=can_login,
        )
        self.mine = self.session.subscribe(None, max_queue=1_000_000)
        self.drive()

    # -- The shell.

    def drive(self) -> None:
        for _ in range(1_000):
            effect = self.session.next_effect(self.now)
            match effect:
                case None:
                    break
                case Open(connection=connection):
                    assert self.opening is None
                    assert self.connection is None
                    self.opening = connection
                case SendText(connection=connection, text=text):
                    assert connection == self.connection
                    command = msgspec.json.decode(text)
                    self.commands.append(command)
                    if command["command"] == "send":
                        self.handed[command["message"]] += 1
                        assert command["room"] in self.inside
                case SendPing(connection=connection):
                    assert connection == self.connection
                    self.session.pong(connection, self.now)
                case AbortConnection() | CloseConnection():
                    closing = self.session.state is SessionState.CLOSING
                    self.cut()
                    if closing:
                        self.session.connection_lost(
                            effect.connection, ConnectionClosed(1000), self.now
                        )
                case Stopped():
                    self.stopped += 1
        else:
            raise AssertionError("the driver never rests")
        assert self.stopped <= 1
        self.read()

    def read(self) -> None:
        try:
            while (event := self.mine.take()) is not None:
                self.seen.append(event)
        except (EndOfEvents, MultichatError):
            pass

    def cut(self) -> None:
        self.opening = self.connection = None
        self.inside.clear()
        self.commands.clear()

    def watch(self, operation: Operation[object]) -> None:
        self.watched.append(operation)  # so that no other gets its id
        if operation.is_done:
            self.endings[id(operation)] += 1
            return

        def done() -> None:
            self.endings[id(operation)] += 1

        operation.on_done = done

    def tell(self, frame: object) -> None:
        assert self.connection is not None
        text = msgspec.json.encode(frame).decode()
        self.session.receive_text(self.connection, text, self.now)
        self.drive()

    # -- The network.

    @precondition(lambda self: self.opening is not None)
    @rule()
    def connects(self) -> None:
        assert self.opening is not None
        self.connection, self.opening = self.opening, None
        self.session.opened(self.connection, self.now)
        self.drive()

    @precondition(lambda self: self.opening is not None)
    @rule(error=st.sampled_from([ConnectionFailed("refused"), HandshakeRefused(503)]))
    def connects_not(self, error: ConnectionFailed) -> None:
        assert self.opening is not None
        connection, self.opening = self.opening, None
        self.session.open_failed(connection, error, self.now)
        self.drive()

    @precondition(lambda self: self.connection is not None)
    @rule(code=CLOSES)
    def loses(self, code: int) -> None:
        connection = self.connection
        assert connection is not None
        self.cut()
        self.session.connection_lost(connection, ConnectionClosed(code), self.now)
        self.drive()

    @rule(seconds=st.sampled_from([0.1, 1.0, 5.0, 20.0, 60.0]))
    def time_passes(self, seconds: float) -> None:
        until = self.now + seconds
        for _ in range(2_000):
            wake_at = self.session.wake_at
            if wake_at is None or wake_at > until:
                break
            before = self.now
            self.now = max(self.now, wake_at)
            self.drive()
            later = self.session.wake_at
            assert later is None or later > before, "woken up for nothing"
        else:
            raise AssertionError("woken up again and again")
        self.now = until
        self.drive()

    # -- The server.

    @precondition(lambda self: self.commands)
    @rule()
    def answers(self) -> None:
        command = self.commands.popleft()
        room = command["room"]
        match command["command"]:
            case "join":
                self.inside.add(room)
                self.tell({"join": room, "title": "t"})
            case "leave":
                self.inside.discard(room)
                self.tell({"leave": room})
            case _ if room in self.inside:
                self.deliver(room, command["message"], "alice")
            case _:
                self.tell({"error": "ROOM_ACCESS_DENIED", "command": "send", "room": room})

    @precondition(lambda self: self.commands)
    @rule(code=CODES, kind=st.booleans())
    def refuses(self, code: str, kind: bool) -> None:
        command = self.commands.popleft()
        frame = {"error": code}
        if kind:
            frame |= {"command": command["command"], "room": command["room"]}
        self.tell(frame)

    @precondition(lambda self: self.commands)
    @rule()
    def stays_silent(self) -> None:
        self.commands.popleft()

    @precondition(lambda self: self.inside)
    @rule(data=st.data())
    def somebody_speaks(self, data: st.DataObject) -> None:
        room = data.draw(st.sampled_from(sorted(self.inside)))
        self.count += 1
        self.deliver(room, f"other {self.count}", "bob")

    @precondition(lambda self: self.inside)
    @rule(data=st.data())
    def puts_out(self, data: st.DataObject) -> None:
        room = data.draw(st.sampled_from(sorted(self.inside)))
        self.inside.discard(room)
        self.tell({"leave": room})

    @precondition(lambda self: self.connection is not None)
    @rule(room=ROOMS)
    def puts_in(self, room: str) -> None:
        if room not in self.inside:
            self.inside.add(room)
            self.tell({"join": room, "title": "t"})

    @precondition(lambda self: self.connection is not None)
    @rule(text=st.sampled_from(["", "[]", "{}", '{"msg_type": 0}', '{"join": 1}', "\x00"]))
    def talks_nonsense(self, text: str) -> None:
        assert self.connection is not None
        self.session.receive_text(self.connection, text, self.now)
        self.drive()

    def deliver(self, room: str, text: str, username: str) -> None:
        self.said.append((room, text))
        self.tell({"room": room, "message": text, "username": username, "msg_type": 0})

    # -- The users.

    @rule(room=ROOMS)
    def joins_room(self, room: str) -> None:
        operation: Operation[object] = self.session.join(room, self.now)  # type: ignore[assignment]  # only looked at
        self.watch(operation)
        self.joins.append(operation)
        self.drive()

    @rule(room=ROOMS)
    def leaves_room(self, room: str) -> None:
        operation: Operation[object] = self.session.leave(room, self.now)  # type: ignore[assignment]  # only looked at
        self.watch(operation)
        self.drive()

    @rule(room=ROOMS)
    def says_something(self, room: str) -> None:
        self.count += 1
        text = f"mine {self.count}"
        operation = self.session.send(room, text, self.now)
        self.watch(operation)  # type: ignore[arg-type]  # only looked at
        self.sendings[text] = operation
        self.drive()

    @precondition(lambda self: any(not each.is_done for each in self.sendings.values()))
    @rule(data=st.data())
    def cancels_a_send(self, data: st.DataObject) -> None:
        text = data.draw(
            st.sampled_from([text for text, each in self.sendings.items() if not each.is_done])
        )
        if text in self.abandoned:
            return
        was_handed = self.session.abandon(self.sendings[text], self.now)
        self.abandoned.add(text)
        assert was_handed == (self.handed[text] == 1)
        self.drive()
        assert self.handed[text] == was_handed

    @precondition(lambda self: any(not each.is_done for each in self.joins))
    @rule(data=st.data())
    def cancels_a_join(self, data: st.DataObject) -> None:
        waiting = [each for each in self.joins if not each.is_done]
        operation = waiting[data.draw(st.integers(0, len(waiting) - 1))]
        self.joins.remove(operation)
        self.session.abandon(operation, self.now)
        self.drive()

    @rule()
    def hurries(self) -> None:
        self.session.reconnect_now(self.now)
        self.drive()

    # -- What must hold.

    @invariant()
    def nothing_is_said_twice(self) -> None:
        assert all(count == 1 for count in self.handed.values())

    @invariant()
    def what_ends_ends_once(self) -> None:
        assert all(count == 1 for count in self.endings.values())

    @invariant()
    def a_send_is_what_it_says(self) -> None:
        for text, operation in self.sendings.items():
            if not operation.is_done:
                continue
            try:
                assert operation.result().text == text
            except (DeliveryUnknown, RoomError):
                assert self.handed[text] == 1
            except (NotSent, NotAMember, ConnectionClosed):
                assert self.handed[text] == 0

    @invariant()
    def connected_is_connected(self) -> None:
        if self.session.state is not SessionState.CONNECTED:
            return
        assert self.connection is not None
        for room, view in self.session.rooms.items():
            under_way = any(each["room"] == room for each in self.commands)
            if view.is_joined and not under_way:
                assert room in self.inside

    @invariant()
    def every_message_comes_once(self) -> None:
        """On one's own stream, which is long enough: whatever one was a member for."""
        got = [(event.room, event.text) for event in self.seen if isinstance(event, RoomMessage)]
        assert Counter(got) == Counter(self.said)

    @invariant()
    def a_gap_is_announced(self) -> None:
        """Whoever was in a room is told before anything else comes of it."""
        inside: set[str] = set()
        missed: set[str] = set()
        for event in self.seen:
            match event:
                case Disconnected():
                    missed |= inside
                    inside.clear()
                case RoomRejoined(room=room):
                    assert room in missed
                    missed.discard(room)
                    inside.add(room)
                case RoomLost(room=room):
                    missed.discard(room)
                    inside.discard(room)
                case RoomMessage(room=room):
                    assert room not in missed
                    inside.add(room)
                case Reconnected() | Connected():
                    pass
                case _:
                    left = getattr(event, "room", None)
                    if type(event).__name__ == "RoomLeft" and left is not None:
                        missed.discard(left)
                        inside.discard(left)
                    elif type(event).__name__ == "RoomJoined" and left is not None:
                        inside.add(left)

    @invariant()
    def a_short_stream_counts_what_it_drops(self) -> None:
        assert len(self.session.events) <= 9

    def teardown(self) -> None:
        self.session.stop(self.now)
        self.drive()
        assert self.session.state is SessionState.CLOSED
        assert self.stopped == 1
        assert self.session.wake_at is None
        for text, operation in self.sendings.items():
            assert operation.is_done or text in self.abandoned
        assert all(operation.is_done for operation in self.joins)
        assert _total(self.session.events) == len(self.seen)


def _total(stream: EventQueue) -> int:
    total = 0
    try:
        while (event := stream.take()) is not None:
            total += event.dropped if isinstance(event, Gap) else 1
    except (EndOfEvents, MultichatError):
        pass
    return total


TestMachine = Machine.TestCase
TestMachine.settings = settings(
    max_examples=100,
    stateful_step_count=40,
    deadline=None,  # no clock decides whether a test passes
    suppress_health_check=[HealthCheck.too_slow],
    print_blob=True,
)
