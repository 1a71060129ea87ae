"""The frames that the server sends (MC1-FRAME-05): four kinds, as JSON objects."""

from typing import Any

from tests.conformance.small_server.store import Room

__all__ = ["ENTER", "LEAVE", "MESSAGE", "Frame", "Refused", "error", "joined", "left", "message"]

MESSAGE, ENTER, LEAVE = 0, 4, 5  # MC1-TYPE-01

Frame = dict[str, Any]


class Refused(Exception):
    """
    A command is not carried out.

    Attributes:
        code: One of ``errors.json``.
        command: The command, as far as it was read.
        room: The room, as far as it was read.
        detail: Why, for the person who reads a log.

    """

    def __init__(
        self, code: str, detail: str, *, command: str | None = None, room: int | None = None
    ) -> None:
        super().__init__(code)
        self.code = code
        self.detail = detail
        self.command = command
        self.room = room


def joined(room: Room) -> Frame:
    """Return the answer to a ``join`` (MC1-JOIN-02, MC1-JOIN-03)."""
    return {"join": str(room.id), "title": room.title}


def left(room: int) -> Frame:
    """Return the answer to a ``leave`` (MC1-LEAVE-02), or the word of a put-out."""
    return {"leave": str(room)}


def message(room: int, text: str | None, username: str, msg_type: int) -> Frame:
    """Return a room message (MC1-MSG-01, MC1-MSG-02)."""
    return {"room": str(room), "message": text, "username": username, "msg_type": msg_type}


def error(refused: Refused) -> Frame:
    """Return an error with all that was read of the command (MC1-ERR-02)."""
    frame: Frame = {"error": refused.code}
    if refused.command is not None:
        frame["command"] = refused.command
    if refused.room is not None:
        frame["room"] = str(refused.room)
    return {**frame, "detail": refused.detail}
