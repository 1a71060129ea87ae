"""
Who may say what, when: the state tables of v1, the same as ``spec/v1/state.json``.

One room as a client sees it, on one connection (MC1-CLIENT-04)::

    #              join                 joined
    #   OUTSIDE ----------> ENTERING ----------> INSIDE  (send, and join again, stay here)
    #    ^  ^ ^               | error              | leave
    #    |  | +---------------+                    v
    #    |  +--------------- left -------------- LEAVING
    #    +---- left, unasked: put out -- INSIDE     | error: INSIDE

The server keeps only membership. What it answers to a command is decided by gates: the
first gate that is shut gives the code (MC1-ERR-06).
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final, Literal

from multichat_proto.messages import ErrorCode

__all__ = ["CLIENT_ROOM", "GATES", "REFUSALS", "Gate", "RoomInput", "RoomState"]


class RoomState(StrEnum):
    """Where a client stands with a room, on one connection."""

    OUTSIDE = "outside"
    ENTERING = "entering"
    INSIDE = "inside"
    LEAVING = "leaving"


RoomInput = Literal["join", "leave", "send", "joined", "left", "join refused", "leave refused"]
"""What moves a client's room: a command that it sends, or what the server answers."""

CLIENT_ROOM: Final[Mapping[RoomState, Mapping[RoomInput, RoomState]]] = {
    RoomState.OUTSIDE: {
        "join": RoomState.ENTERING,
        "leave": RoomState.OUTSIDE,
        "joined": RoomState.INSIDE,
        "left": RoomState.OUTSIDE,
    },
    RoomState.ENTERING: {
        "joined": RoomState.INSIDE,
        "left": RoomState.ENTERING,
        "join refused": RoomState.OUTSIDE,
    },
    RoomState.INSIDE: {
        "join": RoomState.INSIDE,
        "leave": RoomState.LEAVING,
        "send": RoomState.INSIDE,
        "joined": RoomState.INSIDE,
        "left": RoomState.OUTSIDE,
        "join refused": RoomState.INSIDE,
    },
    RoomState.LEAVING: {
        "joined": RoomState.LEAVING,
        "left": RoomState.OUTSIDE,
        "leave refused": RoomState.INSIDE,
    },
}
"""A command that has no entry may not be sent; an answer that has none changes nothing."""

Gate = Literal["inside", "logged_in", "exists", "allowed"]
"""A condition that a command must pass: member of the room on this connection; logged in;
the room exists; the user may enter it."""

GATES: Final[Mapping[str, tuple[Gate, ...]]] = {
    "join": ("logged_in", "exists", "allowed"),
    "leave": ("logged_in", "exists", "allowed"),
    "send": ("inside", "logged_in", "exists", "allowed"),
}
"""The gates of each command, in the order in which they are tried."""

REFUSALS: Final[Mapping[Gate, ErrorCode]] = {
    "inside": ErrorCode.ROOM_ACCESS_DENIED,
    "logged_in": ErrorCode.USER_HAS_TO_LOGIN,
    "exists": ErrorCode.ROOM_INVALID,
    "allowed": ErrorCode.ROOM_ACCESS_DENIED,
}
"""What a shut gate answers."""
