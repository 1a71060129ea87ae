"""What a person is told when the server refuses, puts one out or goes: from codes to words."""

from typing import Final

from multichat_cli.exit_codes import CommandFailed, ExitCode
from multichat_proto.exceptions import ConnectionClosed, RoomError
from multichat_proto.messages import CloseCode, ErrorCode
from multichat_spec import errors

__all__ = ["TEMPORARY", "closed", "put_out", "refused"]

TEMPORARY: Final = frozenset(code for code, error in errors().items() if error["temporary"])
"""The command was not carried out, and trying again is safe."""


def refused(error: RoomError, *, command: str, room: str, username: str | None) -> str:
    """Say why the server did not do it. What v1 says by a code is said in words."""
    who = username or "you"
    has, is_not = ("has", "is not") if username else ("have", "are not")
    sentence = {
        ErrorCode.USER_HAS_TO_LOGIN: (
            f"the server does not take {who} as logged in any more"
            if username
            else f"room {room} is for people with an account: log in with --user"
        ),
        ErrorCode.ROOM_INVALID: f"there is no room {room}",
        ErrorCode.ROOM_ACCESS_DENIED: (
            f"{who} {is_not} in room {room}, or no longer allowed there"
            if command == "send"
            else f"room {room} is for staff only; {who} {has} no staff rights"
        ),
        ErrorCode.MESSAGE_TOO_LONG: "the message is longer than the server takes",
        ErrorCode.RATE_LIMITED: "the server takes no more messages just now: too many came",
        ErrorCode.SERVER_UNAVAILABLE: "the server cannot look up users and rooms just now",
    }.get(
        # A code of a later version is a string that v1 does not list.
        error.code,  # type: ignore[call-overload]  # StrEnum members equal their strings
        f"the server refused: {error.code}",
    )
    return f"{sentence} (the server says: {error.detail})" if error.detail else sentence


def put_out(room: str, username: str | None) -> CommandFailed:
    """Return the failure for a room that one was put out of."""
    who, has = (username, "has") if username else ("you", "have")
    return CommandFailed(
        ExitCode.REFUSED,
        f"{who} {has} been put out of room {room}: it is for staff only now, or was deleted, "
        f"or {who} may no longer chat",
    )


def closed(exc: ConnectionClosed) -> CommandFailed:
    """Return the failure for a connection that the server, or the network, has ended."""
    code, sentence = {
        CloseCode.NORMAL: (ExitCode.CONNECTION, "the server closed the connection"),
        CloseCode.GOING_AWAY: (ExitCode.CONNECTION, "the server is going away"),
        CloseCode.NO_STATUS: (ExitCode.CONNECTION, "the server closed the connection"),
        CloseCode.ABNORMAL: (ExitCode.CONNECTION, "the connection was lost"),
        CloseCode.PROTOCOL_ERROR: (ExitCode.PROTOCOL, "the server says that we broke the protocol"),
        CloseCode.INVALID_TEXT: (ExitCode.PROTOCOL, "the server says that we sent no UTF-8"),
        CloseCode.TOO_BIG: (ExitCode.REFUSED, "the message is bigger than the server takes"),
        CloseCode.POLICY_VIOLATION: (
            ExitCode.REFUSED,
            "the server ended the session: logged out elsewhere, or too many commands",
        ),
        CloseCode.INTERNAL_ERROR: (ExitCode.CONNECTION, "the server has a fault"),
        CloseCode.SERVICE_RESTART: (ExitCode.CONNECTION, "the server stops or restarts"),
        CloseCode.TRY_AGAIN_LATER: (
            ExitCode.CONNECTION,
            "the server is overloaded, or we read too slowly",
        ),
    }.get(
        exc.code,  # type: ignore[call-overload]  # IntEnum members equal their numbers
        (ExitCode.CONNECTION, "the server closed the connection"),
    )
    says = f', "{exc.reason}"' if exc.reason else ""
    return CommandFailed(code, f"{sentence} (code {exc.code}{says})")
