"""The chat engine: connections, rooms and rights of one node."""

from multichat_server.engine.engine import Engine
from multichat_server.engine.members import Member

__all__ = ["Engine", "Member"]
