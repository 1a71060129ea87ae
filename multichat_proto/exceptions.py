"""
Every error that multichat raises, in one tree.

::

    MultichatError
    ├── LocalProtocolError      you asked for something that v1 forbids
    ├── RemoteProtocolError     the peer sent something that v1 forbids
    ├── CommandRefused          a server's core refuses a client's command (server side)
    ├── RoomError               the server refused a command of ours (client side)
    ├── StoreUnavailable        a server cannot reach its users and rooms just now
    ├── ConnectionFailed        no connection came about
    │   └── LoginFailed         the server did not take the account
    └── ConnectionClosed        a connection that was open has ended

Attributes hold the facts; ``str()`` makes the sentence.
"""

__all__ = [
    "CommandRefused",
    "ConnectionClosed",
    "ConnectionFailed",
    "LocalProtocolError",
    "LoginFailed",
    "MultichatError",
    "RemoteProtocolError",
    "RoomError",
    "StoreUnavailable",
]


class MultichatError(Exception):
    """The root of the tree: catch it to catch everything that is ours."""


class LocalProtocolError(MultichatError):
    """The caller asked for something that the protocol forbids; nothing was sent."""


class RemoteProtocolError(MultichatError):
    """The peer sent something that the protocol forbids."""


class _Refusal(MultichatError):
    """A code, and which command it is about as far as that is known."""

    def __init__(
        self,
        code: str,
        command: str | None = None,
        room: str | None = None,
        detail: str | None = None,
    ) -> None:
        super().__init__(code, command, room, detail)
        self.code = code
        self.command = command
        self.room = room
        self.detail = detail

    def __str__(self) -> str:
        subject = " ".join(
            word for word in (self.command, self.room and f"room {self.room}") if word
        )
        sentence = f"{subject}: {self.code}" if subject else self.code
        return f"{sentence} ({self.detail})" if self.detail else sentence


class CommandRefused(_Refusal):
    """
    A command that a server does not carry out; it becomes an error frame.

    Attributes:
        code: The error code (see ``errors.json``).
        command: ``join``, ``leave`` or ``send``; ``None`` if it could not be read.
        room: The room's canonical id; ``None`` if it could not be read.
        detail: A sentence for the person who reads the client's log, or ``None``.

    """


class RoomError(_Refusal):
    """
    The server refused a command of ours.

    Attributes:
        code: The error code that the server gave; not necessarily one of v1's.
        command: The command that was refused; ``None`` if that cannot be known.
        room: The room that it was about; ``None`` if that cannot be known.
        detail: The server's own words, or ``None``. Text from the network: escape it.

    """


class StoreUnavailable(MultichatError):
    """The server cannot reach its users and rooms just now; trying again is safe."""


class ConnectionFailed(MultichatError):
    """No connection came about: name not found, refused, TLS, or an HTTP refusal."""


class LoginFailed(ConnectionFailed):
    """The server did not take the account, or shows no login form that we know."""


class ConnectionClosed(MultichatError):
    """
    A connection that was open has ended.

    Attributes:
        code: The close code (RFC 6455, section 7.4); 1006 if there was no close frame.
        reason: The peer's words, perhaps empty. Text from the network: escape it.

    """

    def __init__(self, code: int, reason: str = "") -> None:
        super().__init__(code, reason)
        self.code = code
        self.reason = reason

    def __str__(self) -> str:
        sentence = f"connection closed with code {self.code}"
        return f"{sentence} ({self.reason})" if self.reason else sentence
