"""A bare client of a server in memory, which sees every frame, and whose time is told."""

from __future__ import annotations

import json
from typing import Any

import pytest

from multichat_proto.address import Address
from multichat_proto.exceptions import ConnectionClosed
from multichat_proto.handshake import SUBPROTOCOL
from multichat_proto.testing.links import Backend
from multichat_proto.transport import OpenRequest

__all__ = ["LOBBY", "Wire", "ending", "enter", "handshake", "leave", "said"]


def handshake(**headers: str) -> OpenRequest:
    """Return a handshake with these headers."""
    return OpenRequest(
        address=Address.parse("ws://memory"),
        headers=headers,
        origin=None,
        subprotocols=(SUBPROTOCOL,),
        ssl_context=None,
        proxy=None,
        max_frame_bytes=1_000_000,
        close_timeout=2.0,
    )


class Wire:
    """
    One connection.

    Attributes:
        now: The time.

    """

    def __init__(self, server: Backend, username: str | None = None, **headers: str) -> None:
        self.link = server.open_link(handshake(**headers), username)
        self.now = 0.0
        self.link.on_arrival = lambda: self.link.stamp(self.now)

    def says(self, command: str, room: str, **members: Any) -> list[Any]:
        """Send a command, and return all that has come since."""
        text = json.dumps({"command": command, "room": room, **members})
        self.link.send_text(text, self.now)
        return self.hears()

    def hears(self) -> list[Any]:
        """Return all that has come: objects, the code of an error, whatever is no JSON as it is."""
        heard: list[Any] = []
        while (frame := self.link.take(self.now)) is not None:
            try:
                value = json.loads(frame)
            except (ValueError, RecursionError):
                value = frame
            heard.append(value["error"] if isinstance(value, dict) and "error" in value else value)
        return heard


def enter(room: str, name: str) -> dict[str, object]:
    """What an ENTER is."""
    return {"room": room, "message": None, "username": name, "msg_type": 4}


def leave(room: str, name: str) -> dict[str, object]:
    """What a LEAVE is."""
    return {"room": room, "message": None, "username": name, "msg_type": 5}


def said(room: str, name: str, text: str, msg_type: int = 0) -> dict[str, object]:
    """What a message is."""
    return {"room": room, "message": text, "username": name, "msg_type": msg_type}


LOBBY = {"join": "1", "title": "Lobby"}


def ending(wire: Wire) -> int:
    """How a connection has ended, after all that came before."""
    with pytest.raises(ConnectionClosed) as closed:
        wire.hears()
    with pytest.raises(ConnectionClosed):
        wire.hears()  # said each time
    return closed.value.code
