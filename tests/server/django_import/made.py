"""A database as Django makes it, with the rows that a test wants."""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

__all__ = ["ALICE", "PASSWORD", "ROOM", "make_django"]

# Of "lètmein", in Django 1.10's own tests of its hashers.
PASSWORD = "lètmein"
HASH = "pbkdf2_sha256$30000$seasalt$VrX+V8drCGo68wlvy6rfu8i1d1pfkdeXA4LJkRGJodY="
ALICE: tuple[Any, ...] = (1, "alice", HASH, False, True)
ROOM: tuple[Any, ...] = (1, "room 1", False)

# As Django 1.10 writes them; today's differ in the width of the id.
_USERS = """
CREATE TABLE "{table}" (
    "id" integer NOT NULL PRIMARY KEY, "password" varchar(128) NOT NULL, "last_login" {time} NULL,
    "is_superuser" bool NOT NULL, "first_name" varchar(30) NOT NULL,
    "last_name" varchar(30) NOT NULL, "email" varchar(254) NOT NULL, "is_staff" bool NOT NULL,
    "is_active" bool NOT NULL, "date_joined" {time} NOT NULL,
    "username" varchar(150) NOT NULL UNIQUE
)
"""
_ROOMS = """
CREATE TABLE "{table}" (
    "id" {big} NOT NULL PRIMARY KEY, "title" varchar(255) NOT NULL, "staff_only" bool NOT NULL
)
"""


def make_django(
    url: str,
    users: Sequence[tuple[Any, ...]] = (ALICE,),
    rooms: Sequence[tuple[Any, ...]] = (ROOM,),
    *,
    user_table: str = "auth_user",
    room_table: str = "chat_room",
    more: Sequence[str] = (),
) -> None:
    """
    Make the tables and fill them.

    Args:
        url: An empty database.
        users: Of each its id, name, hash, whether staff, whether active.
        rooms: Of each its id, title, whether for staff only.
        user_table: What the table of users is called.
        room_table: What the table of rooms is called.
        more: Further statements.

    """
    engine = sa.create_engine(url.replace("postgresql:", "postgresql+psycopg:"))
    types = (
        {"time": "datetime", "big": "integer"}
        if engine.dialect.name == "sqlite"
        else {"time": "timestamptz", "big": "bigint"}
    )
    user_columns = ("id", "username", "password", "is_staff", "is_active")
    names = ("is_superuser", "first_name", "last_name", "email", "date_joined")
    fixed = (False, "", "", "", "2016-11-22 10:00:00")
    try:
        with engine.begin() as connection:
            for statement in (
                _USERS.format(table=user_table, **types),
                _ROOMS.format(table=room_table, **types),
                "CREATE TABLE django_migrations (app varchar(255), name varchar(255))",
            ):
                connection.exec_driver_sql(statement)
            _insert(connection, user_table, user_columns + names, [u + fixed for u in users])
            _insert(connection, room_table, ("id", "title", "staff_only"), rooms)
            for statement in more:
                connection.exec_driver_sql(statement)
    finally:
        engine.dispose()


def _insert(
    connection: sa.Connection, table: str, columns: Sequence[str], rows: Sequence[tuple[Any, ...]]
) -> None:
    into = sa.table(table, *(sa.column(name) for name in columns))
    if rows:
        connection.execute(sa.insert(into), [dict(zip(columns, row, strict=True)) for row in rows])
