"""A plain client of a running target, for tests of what hooks do."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from websockets.sync.client import ClientConnection, connect

from tests.targets.target import RunningTarget

__all__ = ["PATIENCE", "Chat", "open_chat"]

PATIENCE = 30.0
"""Seconds that a frame may take: what does not come shows as a failure, not as a hang."""


class Chat:
    """Somebody's open connection."""

    def __init__(self, connection: ClientConnection) -> None:
        self.connection = connection

    def says(self, command: str, room: str, **members: Any) -> None:
        """Send a command."""
        self.connection.send(json.dumps({"command": command, "room": room, **members}))

    def hears(self) -> dict[str, Any]:
        """Return the next frame; of an error nothing but its code."""
        frame: dict[str, Any] = json.loads(self.connection.recv(timeout=PATIENCE))
        return {"error": frame["error"]} if "error" in frame else frame

    def asks(self, command: str, room: str, **members: Any) -> dict[str, Any]:
        """Send a command and return the next frame."""
        self.says(command, room, **members)
        return self.hears()


@contextmanager
def open_chat(target: RunningTarget, session: str) -> Iterator[Chat]:
    """Connect with a session, and wait until the server knows whose it is."""
    headers = {"Cookie": f"sessionid={session}"}
    with connect(target.websocket, additional_headers=headers) as connection:
        chat = Chat(connection)
        # The 2016 original may look at a command before it has looked at the session.
        while chat.asks("leave", "9001") == {"error": "USER_HAS_TO_LOGIN"}:
            pass
        yield chat
