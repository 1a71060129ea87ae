"""The client without an event loop, on :mod:`websockets.sync.client`."""

from multichat_proto.sync._chat import Chat, Room
from multichat_proto.sync._clock import Clock
from multichat_proto.sync._connect import connect
from multichat_proto.sync._events import Events

__all__ = ["Chat", "Clock", "Events", "Room", "connect"]
