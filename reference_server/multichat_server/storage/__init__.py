"""Users, rooms and sessions, kept in SQLite or PostgreSQL."""

from multichat_server.storage.errors import (
    InvalidValue,
    LastStaff,
    NameTaken,
    NotFound,
    PasswordChanged,
    RightsChanged,
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
    Verified,
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
    "PasswordChanged",
    "RightsChanged",
    "RoomRecord",
    "Session",
    "Store",
    "StoreError",
    "Token",
    "TooMany",
    "User",
    "Verified",
]
