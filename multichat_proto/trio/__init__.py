"""The client on Trio: :func:`connect` to a server, and talk through a :class:`Chat`."""

from multichat_proto.trio._chat import Chat, Room
from multichat_proto.trio._connect import connect
from multichat_proto.trio._events import Events

__all__ = ["Chat", "Events", "Room", "connect"]
