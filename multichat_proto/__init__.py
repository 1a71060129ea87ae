"""The multichat protocol for clients and bots: typed messages and the sans-I/O core."""

from multichat_proto.client import ClientConnection, Event, Ignored, Received, Violation
from multichat_proto.codec import decode_command, decode_frame, encode, encode_bytes
from multichat_proto.exceptions import (
    CommandRefused,
    ConnectionClosed,
    ConnectionFailed,
    LocalProtocolError,
    LoginFailed,
    MultichatError,
    RemoteProtocolError,
    RoomError,
    StoreUnavailable,
)
from multichat_proto.limits import Limits
from multichat_proto.messages import (
    CloseCode,
    Command,
    Error,
    ErrorCode,
    Join,
    Joined,
    Leave,
    Left,
    Message,
    MsgType,
    Room,
    Send,
    ServerFrame,
)
from multichat_proto.server import RoomAccess, ServerConnection
from multichat_proto.state import RoomState

__all__ = [
    "ClientConnection",
    "CloseCode",
    "Command",
    "CommandRefused",
    "ConnectionClosed",
    "ConnectionFailed",
    "Error",
    "ErrorCode",
    "Event",
    "Ignored",
    "Join",
    "Joined",
    "Leave",
    "Left",
    "Limits",
    "LocalProtocolError",
    "LoginFailed",
    "Message",
    "MsgType",
    "MultichatError",
    "Received",
    "RemoteProtocolError",
    "Room",
    "RoomAccess",
    "RoomError",
    "RoomState",
    "Send",
    "ServerConnection",
    "ServerFrame",
    "StoreUnavailable",
    "Violation",
    "decode_command",
    "decode_frame",
    "encode",
    "encode_bytes",
]
