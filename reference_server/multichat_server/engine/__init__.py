"""The chat engine: connections, rooms and rights of one node."""

from multichat_server.engine.engine import Engine

__all__ = ["Engine"]
