"""A session, a clock that is moved by hand, and what the session wants done, written down."""

from __future__ import annotations

import msgspec

from multichat_proto.events import ChatEvent
from multichat_proto.exceptions import ConnectionClosed, MultichatError
from multichat_proto.options import Options
from multichat_proto.session import (
    AbortConnection,
    CloseConnection,
    EndOfEvents,
    EventQueue,
    Open,
    SendPing,
    SendText,
    Session,
    SessionState,
    Stopped,
)

START = 1_000.0
WALL = 5_000.0


class Play:
    """
    Plays the shell and the server; :attr:`log` has what the session wanted, in short words.

    ``random`` is 1.0 here, so that each wait is its longest.
    """

    def __init__(
        self,
        options: Options | None = None,
        *,
        username: str | None = "alice",
        rooms: tuple[str | int, ...] = (),
        has_login: bool = False,
        can_login: bool = False,
        random: float = 1.0,
        warnings: list[str] | None = None,
    ) -> None:
        self.now = START
        self.session = Session(
            options or Options(),
            now=self.now,
            random=lambda: random,
            wall_offset=WALL,
            username=username,
            rooms=rooms,
            has_login=has_login,
            can_login=can_login,
            on_warning=([] if warnings is None else warnings).append,
        )
        self.connection = 0
        self.log: list[str] = []

    def go(self) -> list[str]:
        """Do what the session wants, as far as it wants it now; return it in short words."""
        done: list[str] = []
        while (effect := self.session.next_effect(self.now)) is not None:
            match effect:
                case Open(connection=connection, login=login):
                    self.connection = connection
                    done.append("login+open" if login else "open")
                case SendText(text=text):
                    command = msgspec.json.decode(text)
                    words = [command["command"], str(command["room"]), command.get("message")]
                    done.append(" ".join(word for word in words if word is not None))
                case SendPing():
                    done.append("ping")
                case CloseConnection(code=code):
                    done.append(f"close {code}")
                case AbortConnection():
                    done.append("abort")
                case Stopped():
                    done.append("stopped")
        self.log += done
        return done

    def wait(self, seconds: float) -> list[str]:
        """Let time pass, as a shell would: waking up when the session wants to be woken."""
        done: list[str] = []
        until = self.now + seconds
        for _ in range(10_000):
            done += self.go()
            wake_at = self.session.wake_at
            if wake_at is None or wake_at > until:
                break
            assert wake_at > self.now or self.go() == [], "it wakes up for nothing"
            self.now = max(self.now, wake_at)
        else:
            raise AssertionError("it never comes to rest")
        self.now = until
        return done + self.go()

    def open(self) -> list[str]:
        """Let the connection come about."""
        self.go()
        self.session.opened(self.connection, self.now)
        return self.go()

    def says(self, *frames: str) -> list[str]:
        """Have the server say something, in Python's spelling of JSON."""
        for frame in frames:
            self.session.receive_text(self.connection, frame.replace("'", '"'), self.now)
        return self.go()

    def lose(self, code: int = 1006, reason: str = "") -> list[str]:
        """Lose the connection."""
        self.session.connection_lost(self.connection, ConnectionClosed(code, reason), self.now)
        return self.go()

    def refuse(self, error: MultichatError) -> list[str]:
        """Have the attempt to connect fail."""
        self.session.open_failed(self.connection, error, self.now)
        return self.go()

    def joined(self, *rooms: str) -> Play:
        """Connect, and be in these rooms."""
        self.open()
        for room in rooms:
            self.session.join(room, self.now)
            self.go()
            self.says(f"{{'join': '{room}', 'title': 'room {room}'}}")
        self.events()
        return self

    def is_in(self, state: SessionState) -> bool:
        """Return whether the session is in this state."""
        return self.session.state is state

    def events(self, queue: EventQueue | None = None) -> list[ChatEvent]:
        """Take what a stream has, the chat's own if no other is named."""
        queue = queue or self.session.events
        taken: list[ChatEvent] = []
        try:
            while (event := queue.take()) is not None:
                taken.append(event)
        except (EndOfEvents, MultichatError):
            pass
        return taken


def message(room: str, text: str, username: str = "alice", msg_type: int = 0) -> str:
    """Return a room message as the server writes it."""
    return msgspec.json.encode(
        {"room": room, "message": text, "username": username, "msg_type": msg_type}
    ).decode()
