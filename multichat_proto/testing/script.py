"""
A server that does what a script says, and complains if the client does not.

For what no server of v1 would do, and for tests that want to see every frame.
"""

import threading
from types import TracebackType
from typing import Any, Final, Self, assert_never

import msgspec

from multichat_proto.codec import decode_command, encode
from multichat_proto.exceptions import (
    CommandRefused,
    ConnectionFailed,
    HandshakeRefused,
    MultichatError,
)
from multichat_proto.handshake import SESSION_COOKIE, SUBPROTOCOL
from multichat_proto.messages import Error, Join, Joined, Leave, Left, Message, Send, ServerFrame
from multichat_proto.testing.connecting import Connectable
from multichat_proto.testing.links import Link
from multichat_proto.transport import OpenRequest

__all__ = ["ScriptedServer"]


class _Accept(msgspec.Struct, frozen=True):
    pass


class _Refuse(msgspec.Struct, frozen=True):
    error: MultichatError


class _Expect(msgspec.Struct, frozen=True):
    command: str


class _Say(msgspec.Struct, frozen=True):
    frame: str | bytes


class _End(msgspec.Struct, frozen=True):
    code: int | None
    reason: str


_Step = _Accept | _Refuse | _Expect | _Say | _End


class ScriptedServer(Connectable):
    """
    A server with a script; each method that adds a step returns the server.

    ::

        script = ScriptedServer()
        script.accept().expect("join 1").reply({"join": "1", "title": "Lobby"})
        script.expect("send 1 hi").close(1012)
        script.refuse(503)
        with script:
            async with connect("ws://test", transport=script.connector("trio", "alice")) as chat:
                ...

    Leaving the ``with`` block checks that the script was played to its end, and nothing else.
    """

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self._steps: list[_Step] = []
        self._place = 0
        self._link: Link | None = None
        self._problem: str | None = None

    # -- The script.

    def accept(self) -> Self:
        """Expect the client to connect, and let it."""
        return self._add(_Accept())

    def refuse(self, how: int | MultichatError) -> Self:
        """Expect the client to connect, and refuse it, with an HTTP status or an error."""
        return self._add(_Refuse(HandshakeRefused(how) if isinstance(how, int) else how))

    def expect(self, command: str) -> Self:
        """
        Expect a command.

        Args:
            command: Such as ``join 1``, ``leave 1``, ``send 1 hello there``.

        """
        return self._add(_Expect(command))

    def reply(self, *frames: ServerFrame | dict[str, Any] | str | bytes) -> Self:
        """Send frames: messages, objects, or the very text or bytes."""
        for frame in frames:
            if isinstance(frame, Joined | Left | Message | Error):
                self._add(_Say(encode(frame)))
            elif isinstance(frame, dict):
                self._add(_Say(msgspec.json.encode(frame).decode()))
            else:
                self._add(_Say(frame))
        return self

    def close(self, code: int = 1000, reason: str = "") -> Self:
        """Close the connection with a code."""
        return self._add(_End(code, reason))

    def cut(self) -> Self:
        """Cut the connection without a word, which the client takes for 1006."""
        return self._add(_End(None, ""))

    # -- Playing it.

    def check(self) -> None:
        """
        See that the script was played to its end.

        Raises:
            AssertionError: It was not, or the client did something else.

        """
        with self.lock:
            if self._problem is None and self._place < len(self._steps):
                self._problem = f"the client never came to: {_words(self._steps[self._place])}"
            if self._problem is not None:
                raise AssertionError(self._problem)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if exc is None:
            self.check()

    # -- What links ask.

    def open_link(self, request: OpenRequest, username: str | None) -> Link:
        """Take a connection; for connectors."""
        with self.lock:
            step = self._next()
            match step:
                case _Refuse(error=error):
                    self._place += 1
                    raise error.with_traceback(None)
                case _Accept():
                    self._place += 1
                    offered = SUBPROTOCOL in request.subprotocols
                    self._link = Link(
                        self, username=username, subprotocol=SUBPROTOCOL if offered else None
                    )
                    self._link.max_frame_bytes = request.max_frame_bytes
                    self._go_on()
                    return self._link
                case _:
                    self._complain("the client connects", step)
                    raise ConnectionFailed("the script has no connection here")

    def log_in(self, username: str, password: str) -> dict[str, str]:  # noqa: ARG002
        """Return the cookies of a new session: everybody is taken."""
        return {SESSION_COOKIE: f"session of {username}"}

    def receive(self, link: Link, text: str, now: float) -> None:  # noqa: ARG002
        """Take a client's frame; for links."""
        with self.lock:
            step, command = self._next(), _command(text)
            if step == _Expect(command):
                self._place += 1
                self._go_on()
            else:
                self._complain(f"the client says: {command}", step)

    def lost(self, link: Link) -> None:
        """Take it that a client has gone; for links."""

    def _add(self, step: _Step) -> Self:
        with self.lock:
            self._steps.append(step)
            # Added while the client waits: what is to be said is said at once.
            if self._place == len(self._steps) - 1:
                self._go_on()
        return self

    def _next(self) -> _Step | None:
        return self._steps[self._place] if self._place < len(self._steps) else None

    def _go_on(self) -> None:
        """Do what needs no client."""
        while (link := self._link) is not None and (step := self._next()) is not None:
            match step:
                case _Say(frame=frame):
                    link.deliver(frame)
                case _End(code=None):
                    link.cut()
                case _End(code=int(code), reason=reason):
                    link.end(code, reason)
                case _:
                    return
            self._place += 1

    def _complain(self, what: str, step: _Step | None) -> None:
        if self._problem is None:
            self._problem = f"{what}; the script has: {_words(step)}"


_END: Final = "nothing more"


def _words(step: _Step | None) -> str:
    match step:
        case None:
            return _END
        case _Accept():
            return "accept"
        case _Refuse(error=error):
            return f"refuse ({error})"
        case _Expect(command=command):
            return f"expect {command}"
        case _Say(frame=frame):
            return f"reply {frame!r}"
        case _End(code=None):
            return "cut"
        case _End(code=code):
            return f"close {code}"
        case _:
            assert_never(step)


def _command(text: str) -> str:
    try:
        command = decode_command(text)
    except CommandRefused:
        return text
    match command:
        case Join(room=room):
            return f"join {room}"
        case Leave(room=room):
            return f"leave {room}"
        case Send(room=room, message=message):
            return f"send {room} {message}"
        case _:
            assert_never(command)
