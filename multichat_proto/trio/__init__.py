"""The client on Trio: :func:`connect` to a server, and talk through a :class:`Chat`."""

from multichat_proto.async_shell import Chat, Events, Room
from multichat_proto.trio._connect import connect

__all__ = ["Chat", "Events", "Room", "connect"]
