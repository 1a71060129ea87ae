"""The client for asyncio, on :mod:`websockets.asyncio.client`."""

from multichat_proto.async_shell import Chat, Events, Room
from multichat_proto.asyncio._connect import connect

__all__ = ["Chat", "Events", "Room", "connect"]
