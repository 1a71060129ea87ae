"""
What the hooks do to the reference server, inside its own process.

Users and rooms are changed through the server's store, as ``multichat admin`` changes them from
another process; :meth:`Engine.refresh` then puts the change in force at once, so that nobody has
to wait for the server's next look at its database.
"""

from __future__ import annotations

import hashlib
import sqlite3
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import closing
from http import HTTPStatus
from pathlib import Path
from typing import Self

import sqlalchemy as sa
import trio

from launching.hooks import HOOKS, Arguments, HookFailed, HookListener, room_id
from multichat_proto.exceptions import StoreUnavailable
from multichat_server.server import Serving
from multichat_server.storage import StoreError

__all__ = ["Outage", "ReferenceHooks", "serve_hooks"]


class Outage:
    """
    The database can be taken away: each transaction that begins fails, until it is back.

    A context manager. While it is entered it listens to all that SQLAlchemy does in this process.
    """

    def __init__(self) -> None:
        self.is_on = False

    def __enter__(self) -> Self:
        sa.event.listen(sa.Engine, "begin", self._begin)
        return self

    def __exit__(self, *_: object) -> None:
        sa.event.remove(sa.Engine, "begin", self._begin)

    def _begin(self, _: sa.Connection) -> None:
        if self.is_on:
            raise sa.exc.OperationalError("BEGIN", {}, OSError("a hook has taken it away"))


class ReferenceHooks:
    """
    The hooks, a method each, with the arguments of the hook.

    Args:
        serving: The running server.
        database: Its SQLite file.
        outage: Takes the database away.

    """

    def __init__(self, serving: Serving, database: Path, outage: Outage) -> None:
        self._engine = serving.engine
        self._store = serving.store
        self._database = database
        self._outage = outage

    async def pull(self, name: str, arguments: Arguments) -> Mapping[str, object]:
        """
        Pull a hook, and return when its effect is in force.

        Raises:
            HookFailed: It cannot be done; the text says why.

        """
        hook: Callable[..., Awaitable[dict[str, object] | None]] = getattr(self, name)
        try:
            result = await hook(**arguments)
            # As the last thing, so that it holds for what store_back brings back, too.
            if name not in ("store_away", "announce"):
                await self._engine.refresh()
        except StoreError as exc:
            raise HookFailed(str(exc)) from exc
        except StoreUnavailable as exc:
            raise HookFailed(str(exc), HTTPStatus.SERVICE_UNAVAILABLE) from exc
        return result or {}

    # Users

    async def make_staff(self, username: str) -> None:
        """Open staff rooms to a user."""
        await self._store.change_user(username, is_staff=True)

    async def make_plain(self, username: str) -> None:
        """Take a user's staff rights away."""
        await self._store.change_user(username, is_staff=False)

    async def activate(self, username: str) -> None:
        """Let a user log in and act again."""
        await self._store.change_user(username, is_active=True)

    async def deactivate(self, username: str) -> None:
        """Let a user neither log in nor act."""
        await self._store.change_user(username, is_active=False)

    async def rename_user(self, username: str, to: str) -> None:
        """Give a user another name."""
        await self._store.change_user(username, new_username=to)

    async def change_password(self, username: str, password: str) -> None:
        """Give a user another password, which ends its sessions."""
        await self._store.change_user(username, password=password)

    async def create_user(self, username: str, password: str) -> None:
        """Add a plain user."""
        await self._store.add_user(username, password)

    async def delete_user(self, username: str) -> None:
        """Delete a user."""
        await self._store.delete_user(username)

    # Rooms

    async def make_staff_room(self, room: str) -> None:
        """Open a room to staff alone."""
        await self._store.change_room(room_id(room), staff_only=True)

    async def make_open_room(self, room: str) -> None:
        """Open a room to everybody."""
        await self._store.change_room(room_id(room), staff_only=False)

    async def create_room(self, title: str) -> dict[str, object]:
        """Add an open room and return its id."""
        room = await self._store.add_room(title)
        return {"room": str(room.id)}

    async def delete_room(self, room: str) -> None:
        """Delete a room."""
        await self._store.delete_room(room_id(room))

    async def announce(self, room: str, type: int, text: str, username: str) -> None:  # noqa: A002
        """Send a message of another type than a user's to a room's members."""
        try:
            self._engine.announce(room_id(room), type, text, username)
        except ValueError as exc:
            raise HookFailed(str(exc)) from exc

    # The session and the store

    async def expire_session(self, session: str) -> None:
        """
        End the time of a session.

        The server itself would see it within a minute, or earlier if anything else changes. The
        revision is raised as if something had.
        """
        ended = await trio.to_thread.run_sync(_expire, self._database, session)
        if not ended:
            raise HookFailed("there is no such session")

    async def store_away(self) -> None:
        """Let every transaction fail from now on."""
        self._outage.is_on = True

    async def store_back(self) -> None:
        """Let transactions succeed again."""
        self._outage.is_on = False


def _expire(database: Path, session: str) -> bool:
    # The store keeps only the hash.
    key_hash = hashlib.sha256(session.encode(errors="surrogatepass")).hexdigest()
    with closing(sqlite3.connect(database, timeout=5)) as connection, connection:
        found = connection.execute(
            "UPDATE sessions SET expires_at = ? WHERE key_hash = ?", (int(time.time()), key_hash)
        )
        connection.execute("UPDATE counters SET value = value + 1 WHERE name = 'revision'")
    return found.rowcount == 1


async def serve_hooks(
    hooks: ReferenceHooks, *, task_status: trio.TaskStatus[str] = trio.TASK_STATUS_IGNORED
) -> None:
    """
    Answer hooks until cancelled, which takes as long as the request that is being answered.

    Args:
        hooks: What they do.
        task_status: Started, with the URL, when they can be pulled.

    """

    def pull(name: str, arguments: Arguments) -> Mapping[str, object]:
        return trio.from_thread.run(hooks.pull, name, arguments)

    with HookListener(pull, HOOKS) as listener:
        task_status.started(listener.url)
        while True:
            await trio.lowlevel.wait_readable(listener)
            await trio.to_thread.run_sync(listener.answer)
