"""A server inside the loop: what a client hands over is answered at once, or not at all."""

import asyncio
import json
from collections.abc import Callable

from multichat_proto.address import Address
from multichat_proto.exceptions import ConnectionClosed
from multichat_proto.transport import AsyncTransport, OpenRequest


class Wire:
    """
    A transport whose other end is a test.

    Attributes:
        sent: Every command that was handed over.
        is_aborted: Whether it was ended without a goodbye.

    """

    subprotocol: str | None = None

    def __init__(self, answer: "Callable[[Wire, dict[str, object]], None]") -> None:
        self._answer = answer
        self._inbox: list[str | bytes] = []
        self._news = asyncio.Event()
        self._end: ConnectionClosed | None = None
        self.sent: list[dict[str, object]] = []
        self.goodbye: int | None = None
        self.is_aborted = False
        self.pongs = 0
        self.pings = 0
        self.answers_pings = True

    def say(self, *frames: object) -> None:
        self._inbox += [
            frame if isinstance(frame, bytes) else json.dumps(frame) for frame in frames
        ]
        self._news.set()

    def lose(self, code: int, reason: str = "") -> None:
        self._end = self._end or ConnectionClosed(code, reason)
        self._news.set()

    async def send_text(self, text: str) -> None:
        await asyncio.sleep(0)
        if self._end is not None:
            raise self._end
        command = json.loads(text)
        self.sent.append(command)
        await asyncio.sleep(0)
        self._answer(self, command)

    async def ping(self) -> None:
        self.pings += 1
        if self.answers_pings:
            self.pongs += 1

    async def receive(self) -> str | bytes:
        while not self._inbox:
            if self._end is not None:
                raise self._end
            self._news.clear()
            await self._news.wait()
        return self._inbox.pop(0)

    async def close(self, code: int = 1000, reason: str = "") -> None:
        self.goodbye = code
        self.lose(code, reason)

    def abort(self) -> None:
        self.is_aborted = True
        self._inbox.clear()
        self.lose(1006)


def answer(wire: Wire, command: dict[str, object]) -> None:
    """Answer a command in the usual way."""
    room = str(command["room"])
    match command["command"]:
        case "join":
            wire.say({"join": room, "title": f"room {room}"})
        case "leave":
            wire.say({"leave": room})
        case _:
            wire.say(
                {"room": room, "message": command["message"], "username": "alice", "msg_type": 0}
            )


def keep_silent(wire: Wire, command: dict[str, object]) -> None:
    """Answer joins alone."""
    if command["command"] == "join":
        answer(wire, command)


class Wires:
    """A connector that has one :class:`Wire` after another, kept in :attr:`opened`."""

    def __init__(self, answer: Callable[[Wire, dict[str, object]], None] = answer) -> None:
        self._answer = answer
        self.opened: list[Wire] = []
        self.requests: list[OpenRequest] = []
        self.address = Address.parse("ws://chat.example/")
        self.logins: list[tuple[str, str]] = []

    async def open(self, request: OpenRequest) -> AsyncTransport:
        await asyncio.sleep(0)
        self.requests.append(request)
        self.opened.append(Wire(self._answer))
        return self.opened[-1]

    async def login(self, address: Address, username: str, password: str) -> dict[str, str]:
        await asyncio.sleep(0)
        assert address == self.address
        self.logins.append((username, password))
        return {"sessionid": str(len(self.logins))}

    @property
    def sent(self) -> list[dict[str, object]]:
        return [command for wire in self.opened for command in wire.sent]
