"""
The tables, as the newest migration leaves them.

A test compares this with what the migrations make; change both together.
"""

from typing import Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Integer,
    MetaData,
    String,
    Table,
    Text,
)

__all__ = ["LAST_ROOM", "REVISION", "counters", "metadata", "rooms", "sessions", "users"]

metadata: Final = MetaData()

# SQLite hands out ids only to a column declared INTEGER, which holds 64 bits there.
_Id: Final = BigInteger().with_variant(Integer, "sqlite")

users: Final = Table(
    "users",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("username", String(150), nullable=False, unique=True),
    Column("password", Text, nullable=False),
    Column("is_staff", Boolean, nullable=False),
    Column("is_active", Boolean, nullable=False),
    # Without this SQLite gives a deleted user's id to the next one.
    sqlite_autoincrement=True,
)

rooms: Final = Table(
    "rooms",
    metadata,
    # Ids come from the counter LAST_ROOM, because they can also be chosen.
    Column("id", _Id, primary_key=True, autoincrement=False),
    Column("title", String(255), nullable=False),
    Column("staff_only", Boolean, nullable=False),
)

sessions: Final = Table(
    "sessions",
    metadata,
    # SHA-256 of the key, in hex. The key is random and long, so that it needs no salt; who
    # reads the database learns no key that would open a session.
    Column("key_hash", String(64), primary_key=True),
    Column("user_id", _Id, ForeignKey("users.id", ondelete="CASCADE"), nullable=False, index=True),
    # Seconds since 1970.
    Column("expires_at", BigInteger, nullable=False, index=True),
)

counters: Final = Table(
    "counters",
    metadata,
    Column("name", String(32), primary_key=True),
    Column("value", BigInteger, nullable=False),
)

#: The counter that grows with every change to users, rooms and sessions ended.
REVISION: Final = "revision"
#: The counter from which rooms get their ids.
LAST_ROOM: Final = "last_room"
