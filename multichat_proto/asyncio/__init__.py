"""The client for asyncio, on :mod:`websockets.asyncio.client`."""

from multichat_proto.asyncio._chat import Chat, Room
from multichat_proto.asyncio._connect import connect
from multichat_proto.asyncio._events import Events

__all__ = ["Chat", "Events", "Room", "connect"]
