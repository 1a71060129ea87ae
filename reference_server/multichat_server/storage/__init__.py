"""Users, rooms and sessions, kept in SQLite or PostgreSQL."""

from multichat_server.storage.errors import InvalidValue, NameTaken, NotFound, StoreError
from multichat_server.storage.records import RoomRecord, User
from multichat_server.storage.store import Store

__all__ = [
    "InvalidValue",
    "NameTaken",
    "NotFound",
    "RoomRecord",
    "Store",
    "StoreError",
    "User",
]
