"""The three commands of v1 as objects, for stories that send what no verb of an actor says."""

from typing import Any

from multichat_conformance.target.model import Room

__all__ = ["join", "leave", "send"]


def join(room: Room | str | int) -> dict[str, Any]:
    """Return a `join` of a room."""
    return {"command": "join", "room": _id(room)}


def leave(room: Room | str | int) -> dict[str, Any]:
    """Return a `leave` of a room."""
    return {"command": "leave", "room": _id(room)}


def send(room: Room | str | int, message: str, **more: object) -> dict[str, Any]:
    """Return a `send` to a room; ``more`` are members besides the three."""
    return {"command": "send", "room": _id(room), "message": message, **more}


def _id(room: Room | str | int) -> str | int:
    return room.id if isinstance(room, Room) else room
