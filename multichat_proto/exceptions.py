"""
Every error that multichat raises, in one tree.

::

    MultichatError
    ├── LocalProtocolError      you asked for something that v1 forbids
    │   ├── NotAMember          of a room that was left, lost or never joined
    │   └── ChatClosed          the chat was left, or two read one stream
    ├── RemoteProtocolError     the peer sent something that v1 forbids
    ├── CommandRefused          a server's core refuses a client's command (server side)
    ├── RoomError               the server refused a command of ours (client side)
    │   ├── LoginRequired       nobody is logged in, or not any more
    │   ├── RoomInvalid         there is no such room
    │   ├── RoomAccessDenied    the account may not be there
    │   ├── FrameInvalid        it could not read a frame of ours
    │   ├── CommandInvalid      it does not know a command of ours
    │   ├── MessageInvalid      it did not take our message for a string
    │   ├── MessageTooLong      longer than it takes
    │   ├── RateLimited         too many in a time
    │   └── ServerUnavailable   it could not just now
    ├── StoreUnavailable        a server cannot reach its users and rooms just now
    ├── ConnectionFailed        no connection came about
    │   ├── CertificateInvalid  there is no TLS that we trust
    │   ├── HandshakeRefused    the server answered with an HTTP status instead
    │   └── LoginFailed         the server did not take the account
    ├── ConnectionClosed        a connection that was open has ended
    ├── NotSent                 a command was never handed to the network
    ├── NoAnswer                a join or leave was not answered in time
    ├── DeliveryUnknown         a message was handed over, and nobody knows what became of it
    └── QueueOverflow           a stream's reader was too slow, and wanted it ended then

Attributes hold the facts; ``str()`` makes the sentence. ``fault`` says whose it was, ``retry``
whether trying again can help.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from multichat_proto.messages import CloseCode, Error, ErrorCode
from multichat_proto.verdicts import Reconnect, verdict_on

__all__ = [
    "CertificateInvalid",
    "ChatClosed",
    "CommandInvalid",
    "CommandRefused",
    "ConnectionClosed",
    "ConnectionFailed",
    "DeliveryUnknown",
    "Fault",
    "FrameInvalid",
    "HandshakeRefused",
    "LocalProtocolError",
    "LoginFailed",
    "LoginRequired",
    "MessageInvalid",
    "MessageTooLong",
    "MultichatError",
    "NoAnswer",
    "NotAMember",
    "NotSent",
    "QueueOverflow",
    "RateLimited",
    "RemoteProtocolError",
    "Retry",
    "RoomAccessDenied",
    "RoomError",
    "RoomInvalid",
    "ServerUnavailable",
    "StoreUnavailable",
    "room_error",
]


class Fault(StrEnum):
    """Whose fault an error is."""

    OURS = "ours"
    """This library's."""
    USER = "user"
    """The program's that uses it, or the account's."""
    SERVER = "server"
    NETWORK = "network"


class Retry(StrEnum):
    """Whether doing the same again can help."""

    NO = "no"
    AFTER_LOGIN = "after-login"
    """With a new login."""
    LATER = "later"
    """It is safe, after a wait."""
    MAY_REPEAT = "may-repeat"
    """It may come to pass twice then."""


class MultichatError(Exception):
    """
    The root of the tree: catch it to catch everything that is ours.

    Attributes:
        fault: Whose fault it was.
        retry: Whether doing the same again can help.

    """

    fault: Fault = Fault.OURS
    retry: Retry = Retry.NO


def let_go(error: MultichatError) -> None:
    """
    Have an error that is kept, in an event say, forget its traceback, cause and context.

    They hold the frames that it came through, and with them the dead connection's sockets,
    buffers and threads.
    """
    error.__traceback__ = error.__cause__ = error.__context__ = None


class LocalProtocolError(MultichatError):
    """The caller asked for something that the protocol forbids; nothing was sent."""

    fault = Fault.USER


class NotAMember(LocalProtocolError):
    """
    One is not, or no longer, in this room (MC1-JOIN-01).

    Attributes:
        room: The room's id.
        refusal: How the server refused the room, which was wanted; ``None`` if it did not.

    """

    def __init__(self, room: str, refusal: "RoomError | None" = None) -> None:
        why = "join it first" if refusal is None else f"it was refused: {refusal}"
        super().__init__(f"not a member of room {room}; {why}")
        self.room = room
        self.refusal = refusal

    def __reduce__(self) -> tuple[type["NotAMember"], tuple[str, "RoomError | None"]]:
        return type(self), (self.room, self.refusal)


class ChatClosed(LocalProtocolError):
    """The chat has been left, or somebody else reads this stream already."""


class RemoteProtocolError(MultichatError):
    """The peer sent something that the protocol forbids."""

    fault = Fault.SERVER


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

    fault = Fault.USER


class RoomError(_Refusal):
    """
    The server refused a command of ours.

    Attributes:
        code: The error code that the server gave; not necessarily one of v1's, for each of
            which there is a subclass.
        command: The command that was refused; ``None`` if that cannot be known.
        room: The room that it was about; ``None`` if that cannot be known.
        detail: The server's own words, or ``None``. Text from the network: escape it.
        frame: The error frame itself, without what we know; ``None`` if there was none.

    """

    fault = Fault.SERVER
    frame: Error | None = None


class LoginRequired(RoomError):
    """Nobody is logged in on this connection, or not any more (MC1-AUTH-03)."""

    fault, retry = Fault.USER, Retry.AFTER_LOGIN


class RoomInvalid(RoomError):
    """There is no such room (MC1-ROOM-06)."""

    fault = Fault.USER


class RoomAccessDenied(RoomError):
    """The account may not be in this room (MC1-ROOM-07), or is not (MC1-SEND-03)."""

    fault = Fault.USER


class FrameInvalid(RoomError):
    """The server could not read a frame of ours (MC1-ERR-07)."""

    fault = Fault.OURS


class CommandInvalid(RoomError):
    """The server does not know a command of ours (MC1-ERR-08)."""

    fault = Fault.OURS


class MessageInvalid(RoomError):
    """The server did not take our message for a string (MC1-SEND-05)."""

    fault = Fault.OURS


class MessageTooLong(RoomError):
    """The message is longer than the server takes (MC1-LIMIT-03)."""

    fault = Fault.USER


class RateLimited(RoomError):
    """Too many commands in a time, or too many rooms (MC1-LIMIT-05); nothing was done."""

    fault, retry = Fault.USER, Retry.LATER


class ServerUnavailable(RoomError):
    """The server could not do it just now (MC1-ERR-09); nothing was done."""

    retry = Retry.LATER


_ROOM_ERRORS: Final[Mapping[str, type[RoomError]]] = {
    ErrorCode.USER_HAS_TO_LOGIN: LoginRequired,
    ErrorCode.ROOM_INVALID: RoomInvalid,
    ErrorCode.ROOM_ACCESS_DENIED: RoomAccessDenied,
    ErrorCode.FRAME_INVALID: FrameInvalid,
    ErrorCode.COMMAND_INVALID: CommandInvalid,
    ErrorCode.MESSAGE_INVALID: MessageInvalid,
    ErrorCode.MESSAGE_TOO_LONG: MessageTooLong,
    ErrorCode.RATE_LIMITED: RateLimited,
    ErrorCode.SERVER_UNAVAILABLE: ServerUnavailable,
}


def room_error(error: Error, command: str | None = None, room: str | None = None) -> RoomError:
    """
    Return the exception for an error frame; an unknown code makes a plain ``RoomError``.

    Args:
        error: What the server said.
        command: The command that it answers, where that is known otherwise.
        room: The room that this command was about.

    """
    kind = _ROOM_ERRORS.get(error.code, RoomError)
    refusal = kind(error.code, command or error.command, room or error.room, error.detail)
    refusal.frame = error
    return refusal


class StoreUnavailable(MultichatError):
    """The server cannot reach its users and rooms just now; trying again is safe."""

    fault, retry = Fault.SERVER, Retry.LATER


class ConnectionFailed(MultichatError):
    """No connection came about: name not found, refused, too slow, or one of the below."""

    fault, retry = Fault.NETWORK, Retry.LATER


class CertificateInvalid(ConnectionFailed):
    """The server's certificate is not trusted, or there is no TLS at that port."""

    fault, retry = Fault.SERVER, Retry.NO


class HandshakeRefused(ConnectionFailed):
    """
    The server answered the WebSocket handshake with an HTTP status.

    401 and 403 want a login (MC1-AUTH-02); 408, 425, 429 and 5xx pass; others stay.

    Attributes:
        status: The HTTP status.
        retry_after: Seconds that the server asks to wait; ``None`` if it does not say.

    """

    def __init__(self, status: int, retry_after: float | None = None) -> None:
        super().__init__(status, retry_after)
        self.status = status
        self.retry_after = retry_after
        if status in (401, 403):
            self.fault, self.retry = Fault.USER, Retry.AFTER_LOGIN
        else:
            self.fault = Fault.SERVER
            passes = status in (408, 425, 429) or status >= 500
            self.retry = Retry.LATER if passes else Retry.NO

    def __str__(self) -> str:
        why = _STATUS_WORDS.get(self.status, "")
        return f"the server refused the WebSocket connection: HTTP {self.status}{why}"


_STATUS_WORDS: Final = {
    401: " (it wants a login first)",
    403: " (it wants a login first, or does not serve this origin)",
    404: " (there is no chat at this path)",
    429: " (too many attempts)",
    503: " (it is overloaded or stopping)",
}


class LoginFailed(ConnectionFailed):
    """
    The server did not take the account, or shows no login form that we know.

    Args:
        message: The sentence.
        retry: Whether the same account may be taken later.

    """

    fault, retry = Fault.USER, Retry.NO

    def __init__(self, message: str, *, retry: Retry = Retry.NO) -> None:
        super().__init__(message)
        self.retry = retry


class ConnectionClosed(MultichatError):
    """
    A connection that was open has ended.

    Attributes:
        code: The close code (RFC 6455, section 7.4); 1006 if there was no close frame.
        reason: The peer's words, perhaps empty. Text from the network: escape it.
        retry: What the specification's table of close codes says (MC1-CLOSE-08).

    """

    def __init__(self, code: int, reason: str = "") -> None:
        super().__init__(code, reason)
        self.code = code
        self.reason = reason
        verdict = verdict_on(code)
        self.retry = _RETRY[verdict]
        self.fault = _CLOSE_FAULT.get(code, Fault.SERVER)

    def __str__(self) -> str:
        sentence = f"connection closed with code {self.code}"
        return f"{sentence} ({self.reason})" if self.reason else sentence


_RETRY: Final = {
    Reconnect.NO: Retry.NO,
    Reconnect.AFTER_LOGIN: Retry.AFTER_LOGIN,
    Reconnect.BACKOFF: Retry.LATER,
    Reconnect.BACKOFF_LONG: Retry.LATER,
}

# The server's, where it is not here.
_CLOSE_FAULT: Final[Mapping[int, Fault]] = {
    CloseCode.PROTOCOL_ERROR: Fault.OURS,
    CloseCode.NO_STATUS: Fault.NETWORK,
    CloseCode.ABNORMAL: Fault.NETWORK,
    CloseCode.INVALID_TEXT: Fault.OURS,
    CloseCode.POLICY_VIOLATION: Fault.USER,
    CloseCode.TOO_BIG: Fault.USER,
}


class NotSent(MultichatError):
    """
    A command was never handed to the network; saying it again says it once.

    Attributes:
        room: The room that it was about.
        why: What kept it back.

    """

    fault, retry = Fault.NETWORK, Retry.LATER

    def __init__(self, room: str, why: str) -> None:
        super().__init__(room, why)
        self.room = room
        self.why = why

    def __str__(self) -> str:
        return f"nothing was sent to room {self.room}: {self.why}"


class NoAnswer(MultichatError):
    """
    The server did not answer a ``join`` or ``leave`` in time; both are safe to repeat.

    Attributes:
        command: Which of the two.
        room: The room that it was about.

    """

    fault, retry = Fault.SERVER, Retry.LATER

    def __init__(self, command: str, room: str) -> None:
        super().__init__(command, room)
        self.command = command
        self.room = room

    def __str__(self) -> str:
        return f"the server did not answer the {self.command} of room {self.room} in time"


class DeliveryUnknown(MultichatError):
    """
    A message was handed over, and its echo never came: it may have been delivered or not.

    Attributes:
        room: The room that it was for.
        text: The message.

    """

    fault, retry = Fault.NETWORK, Retry.MAY_REPEAT

    def __init__(self, room: str, text: str) -> None:
        super().__init__(room, text)
        self.room = room
        self.text = text

    def __str__(self) -> str:
        return f"a message to room {self.room} may or may not have been delivered"


class QueueOverflow(MultichatError):
    """
    A stream with the policy ``close`` had a reader that was too slow.

    Attributes:
        room: The room; ``None`` for a stream of the whole chat.

    """

    fault = Fault.USER

    def __init__(self, room: str | None) -> None:
        super().__init__(room)
        self.room = room

    def __str__(self) -> str:
        what = "the chat" if self.room is None else f"room {self.room}"
        return f"the reader of {what} was too slow"
