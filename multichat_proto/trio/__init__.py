"""The client on Trio: :func:`connect` to a server, and talk through a :class:`Connection`."""

from multichat_proto.trio._connect import connect
from multichat_proto.trio._connection import Connection

__all__ = ["Connection", "connect"]
