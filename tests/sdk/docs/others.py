"""What other people, and the server, do while a program of a page runs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from multichat_proto import MemberEntered, RoomMessage
from multichat_proto.sync import Room
from multichat_proto.testing import MemoryServer

__all__ = ["PATIENCE", "STORIES"]

PATIENCE: Final = 20.0

Story = Callable[[MemoryServer, Room], None]


def bob_greets_and_leaves(_: MemoryServer, room: Room) -> None:
    iter(room).wait_for(MemberEntered, timeout=PATIENCE)
    room.send("Good morning, alice", timeout=PATIENCE)
    room.leave(timeout=PATIENCE)


def bob_answers(_: MemoryServer, room: Room) -> None:
    iter(room).wait_for(RoomMessage, timeout=PATIENCE)
    room.send("Only me.", timeout=PATIENCE)


def the_server_restarts(server: MemoryServer, room: Room) -> None:
    """As soon as she is in both rooms."""
    other = room.chat.join(2, timeout=PATIENCE)
    for stream in (iter(room), iter(other)):
        if "alice" not in server.members(other.id):
            stream.wait_for(MemberEntered, timeout=PATIENCE)
    server.restart()


STORIES: Final[Mapping[str, Story]] = {
    "bob greets and leaves": bob_greets_and_leaves,
    "bob answers": bob_answers,
    "the server restarts": the_server_restarts,
}
"""By the name that stands in a comment above the program."""
