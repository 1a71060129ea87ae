"""Users, rooms and sessions, kept in SQLite or PostgreSQL."""

from multichat_server.storage.errors import (
    InvalidValue,
    LastStaff,
    NameTaken,
    NotFound,
    StoreError,
    TooMany,
)
from multichat_server.storage.records import (
    COMMAND_LINE,
    Account,
    Action,
    Actor,
    AuditEntry,
    Client,
    Found,
    RoomRecord,
    Session,
    Token,
    User,
)
from multichat_server.storage.store import Store

__all__ = [
    "COMMAND_LINE",
    "Account",
    "Action",
    "Actor",
    "AuditEntry",
    "Client",
    "Found",
    "InvalidValue",
    "LastStaff",
    "NameTaken",
    "NotFound",
    "RoomRecord",
    "Session",
    "Store",
    "StoreError",
    "Token",
    "TooMany",
    "User",
]
