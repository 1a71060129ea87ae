"""
A session with a chat server, without I/O: it outlives its connections.

A shell tells a :class:`Session` what happens and asks it what to do next; see
:mod:`multichat_proto.session.session`.
"""

from multichat_proto.session.effects import (
    AbortConnection,
    CloseConnection,
    Effect,
    Open,
    SendPing,
    SendText,
    Stopped,
)
from multichat_proto.session.operations import Operation
from multichat_proto.session.queues import EndOfEvents, EventQueue
from multichat_proto.session.rooms import RoomView
from multichat_proto.session.session import Session
from multichat_proto.session.states import SessionState

__all__ = [
    "AbortConnection",
    "CloseConnection",
    "Effect",
    "EndOfEvents",
    "EventQueue",
    "Open",
    "Operation",
    "RoomView",
    "SendPing",
    "SendText",
    "Session",
    "SessionState",
    "Stopped",
]
