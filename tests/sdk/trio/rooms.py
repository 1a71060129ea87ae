"""A server's side of rooms that answer as they should, for scripts."""

from collections.abc import Awaitable, Callable

from websockets.frames import Opcode

from tests.support.scripted import Peer

Script = Callable[[Peer], Awaitable[None]]


class Hall:
    """
    Every room, in which alice is alone.

    Attributes:
        commands: What came, over all connections, in short words.

    """

    def __init__(self) -> None:
        self.commands: list[str] = []

    async def __call__(self, peer: Peer) -> None:
        while (command := await peer.command()) is not None:
            await self.answer(peer, command)

    async def answer(self, peer: Peer, command: dict[str, object]) -> None:
        """Answer one command as a server of v1 does."""
        kind, room = command["command"], str(command["room"])
        self.commands.append(" ".join(map(str, command.values())))
        if kind == "join":
            await peer.say({"join": room, "title": f"room {room}"})
        elif kind == "leave":
            await peer.say({"leave": room})
        else:
            await peer.say(said(room, command["message"]))


async def silent(peer: Peer) -> None:
    """Take everything, and answer nothing but the goodbye."""
    while (frame := await peer.frame()) is not None and frame.opcode is not Opcode.CLOSE:
        pass


def said(room: str, text: object, *, username: str = "alice", msg_type: int = 0) -> object:
    """Return a room message."""
    return {"room": room, "message": text, "username": username, "msg_type": msg_type}
