"""The other end of a page's WebSocket, in the hands of a test."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from playwright.sync_api import Page, WebSocketRoute

TITLES = {"1": "Lobby", "2": "Tea kitchen", "3": "Staff room"}


@dataclass
class Stream:
    """
    Takes the page's connections and answers as a conforming server does, unless told otherwise.

    Attributes:
        username: Who is logged in.
        refusals: The error frame for a command, by (command, room).
        silent: Whether it answers nothing at all.
        heard: Every command so far.

    """

    username: str = "alice"
    refusals: dict[tuple[str, str], dict[str, str]] = field(default_factory=dict)
    silent: bool = False
    heard: list[dict[str, str]] = field(default_factory=list)
    sockets: list[WebSocketRoute] = field(default_factory=list)

    def attach(self, page: Page) -> None:
        """Be the other end of every connection of a page from its next load on."""
        page.route_web_socket("**/chat/stream/", self._accept)

    def say(self, **frame: object) -> None:
        self.say_raw(json.dumps(frame))

    def say_raw(self, text: str | bytes) -> None:
        self.sockets[-1].send(text)

    def message(
        self, text: str | None, *, room: str = "1", by: str = "bob", msg_type: int = 0
    ) -> None:
        self.say(room=room, message=text, username=by, msg_type=msg_type)

    def close(self, code: int, reason: str = "") -> None:
        self.sockets[-1].close(code=code, reason=reason)

    def _accept(self, socket: WebSocketRoute) -> None:
        self.sockets.append(socket)
        socket.on_message(self._answer)

    def _answer(self, text: str | bytes) -> None:
        command: dict[str, Any] = json.loads(text)
        self.heard.append(command)
        if self.silent:
            return
        name, room = command["command"], command["room"]
        refusal = self.refusals.get((name, room))
        if refusal is not None:
            self.say(**refusal)
        elif name == "join":
            self.say(join=room, title=TITLES.get(room, f"Room {room}"))
        elif name == "leave":
            self.say(**({"leave": room} if room in TITLES else {"error": "ROOM_INVALID"}))
        else:
            self.message(command["message"], room=room, by=self.username)
