"""What a session wants done: a shell's driver does one at a time, in the order given."""

import msgspec

__all__ = [
    "AbortConnection",
    "CloseConnection",
    "Effect",
    "Open",
    "SendPing",
    "SendText",
    "Stopped",
]


class Open(msgspec.Struct, frozen=True):
    """
    Open a connection; tell the session by ``opened`` or ``open_failed``.

    Attributes:
        connection: Its number; what comes of an older one is ignored.
        login: Whether to log in anew first; otherwise the cookies that there are still serve.
        timeout: Most seconds it may take.

    """

    connection: int
    login: bool
    timeout: float


class SendText(msgspec.Struct, frozen=True):
    """
    Hand this frame to the connection.

    Attributes:
        connection: The connection's number.
        text: The frame.
        timeout: Most seconds it may take; then the connection is to be aborted.

    """

    connection: int
    text: str
    timeout: float


class SendPing(msgspec.Struct, frozen=True):
    """
    Hand a ping to the connection; do not wait for the pong.

    Attributes:
        connection: The connection's number.
        timeout: Most seconds it may take; then the connection is to be aborted.

    """

    connection: int
    timeout: float


class CloseConnection(msgspec.Struct, frozen=True):
    """
    Say goodbye; then tell the session by ``connection_lost``, if the reader has not.

    Attributes:
        connection: The connection's number.
        code: The close code.
        reason: The words.
        timeout: Most seconds it may take; then the connection is to be aborted.

    """

    connection: int
    code: int
    reason: str
    timeout: float


class AbortConnection(msgspec.Struct, frozen=True):
    """End the connection at once; the session has done with it."""

    connection: int


class Stopped(msgspec.Struct, frozen=True):
    """There is nothing more to do, ever."""


Effect = Open | SendText | SendPing | CloseConnection | AbortConnection | Stopped
"""Anything that a session wants done."""
