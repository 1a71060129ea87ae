"""Scripts for the scripted server: rooms that behave well, or badly in one way."""

from collections.abc import Awaitable, Callable

from tests.support.scripted import Peer

ALICE = {"MULTICHAT_USER": "alice", "MULTICHAT_PASSWORD": "wonderland"}

Answer = Callable[[Peer, dict[str, object]], Awaitable[bool]]
"""Answers a command in its own way and returns True, or leaves it to the room."""


def room(answer: Answer | None = None) -> Callable[[Peer], Awaitable[None]]:
    """Return the script of room 1, in which alice is alone; it answers like the original."""

    async def script(peer: Peer) -> None:
        while (command := await peer.command()) is not None:
            if answer is not None and await answer(peer, command):
                continue
            match command:
                case {"command": "join", "room": "1"}:
                    await peer.say({"join": "1", "title": "Lobby"})
                case {"command": "join"}:
                    await peer.say({"error": "ROOM_INVALID"})
                case {"command": "leave", "room": "1"}:
                    await peer.say(said(None, msg_type=5), {"leave": "1"})
                case {"command": "send", "room": "1", "message": text}:
                    await peer.say(said(text))

    return script


def said(text: object, *, username: str = "alice", msg_type: int = 0) -> dict[str, object]:
    """Return a room message of room 1."""
    return {"room": "1", "message": text, "username": username, "msg_type": msg_type}


def on(command: str, *frames: object) -> Answer:
    """Return an answer that answers one command with these frames."""

    async def answer(peer: Peer, received: dict[str, object]) -> bool:
        if received["command"] != command:
            return False
        await peer.say(*frames)
        return True

    return answer


def closing_on(command: str, code: int, reason: str = "") -> Answer:
    """Return an answer that closes the connection at one command."""

    async def answer(peer: Peer, received: dict[str, object]) -> bool:
        if received["command"] != command:
            return False
        await peer.close(code, reason)
        return True

    return answer
