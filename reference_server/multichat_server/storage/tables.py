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

__all__ = [
    "LAST_ROOM",
    "REVISION",
    "audit",
    "counters",
    "metadata",
    "rooms",
    "sessions",
    "tokens",
    "users",
]

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
    # What a search looks in: the name as searching.fold() makes it.
    Column("search_text", Text, nullable=False, server_default=""),
    # Seconds since 1970, as all times here.
    Column("last_login_at", BigInteger),
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
    Column("search_text", Text, nullable=False, server_default=""),
)

sessions: Final = Table(
    "sessions",
    metadata,
    # SHA-256 of the key, in hex. The key is random and long, so that it needs no salt; who
    # reads the database learns no key that would open a session.
    Column("key_hash", String(64), primary_key=True),
    Column("user_id", _Id, ForeignKey("users.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("expires_at", BigInteger, nullable=False, index=True),
    # 0 in sessions of before these columns were there.
    Column("started_at", BigInteger, nullable=False, server_default="0"),
    Column("seen_at", BigInteger, nullable=False, server_default="0"),
    Column("user_agent", Text, nullable=False, server_default=""),
    Column("address", String(64), nullable=False, server_default=""),
)

tokens: Final = Table(
    "tokens",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("user_id", _Id, ForeignKey("users.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("name", String(100), nullable=False),
    # As with the keys of sessions.
    Column("secret_hash", String(64), nullable=False, unique=True),
    Column("created_at", BigInteger, nullable=False),
    Column("seen_at", BigInteger),
    Column("expires_at", BigInteger),
    sqlite_autoincrement=True,
)

audit: Final = Table(
    "audit",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("at", BigInteger, nullable=False),
    # Names nobody by reference: an entry outlives whoever and whatever it is about.
    Column("actor_id", _Id),
    Column("actor", String(150), nullable=False),
    Column("address", String(64), nullable=False),
    Column("action", String(40), nullable=False),
    Column("subject", String(300), nullable=False),
    Column("subject_id", _Id),
    # A JSON object.
    Column("details", Text, nullable=False),
    Column("search_text", Text, nullable=False),
    sqlite_autoincrement=True,
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
