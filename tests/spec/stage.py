"""
A stage on which a written session is played through the core's server side.

It is the least server there can be: it keeps who is in which room, carries out the core's
actions in the order given, and writes down what each actor gets. Sockets, handshakes and
time are somebody else's.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from multichat_proto.exceptions import StoreUnavailable
from multichat_proto.limits import Limits
from multichat_proto.messages import CloseCode, Message, MsgType, Room, ServerFrame
from multichat_proto.server import (
    Action,
    Close,
    Enter,
    Exit,
    Reply,
    RoomAccess,
    ServerConnection,
    Speak,
)
from multichat_spec import Json, expand

__all__ = ["Stage"]


@dataclass
class _Seat:
    """One actor's connection while it is open."""

    connection: ServerConnection
    rooms: set[Room] = field(default_factory=set)


class Stage:
    """
    A server for the actors of one session.

    Args:
        session: The session, as its file has it.

    """

    def __init__(self, session: Json) -> None:
        self._actors: Mapping[str, Json] = session["actors"]
        self._rooms = {Room(room["id"]): dict(room) for room in session["rooms"]}
        self._announce: bool = session.get("announce", True)
        # A rate next to nothing: the burst is all there is.
        rate = 1e-9 if "command_burst" in session.get("limits", {}) else 0
        self._limits = Limits(command_rate=rate, refusal_rate=1e-9, **session.get("limits", {}))
        self._seats: dict[str, _Seat] = {}
        self._heard: dict[str, list[Json]] = {}
        self._store_is_away = False

    def play(self, step: Json) -> dict[str, list[Json]]:
        """Play one step; return what each actor got, in the form of ``expect``."""
        self._heard = {}
        actor: str = step.get("actor", "")
        match step:
            case {"connect": _}:
                self._connect(actor)
            case {"send": frame}:
                self._say(actor, [frame])
            case {"sends": frames}:
                self._say(actor, frames)
            case {"binary": _}:
                self._act(actor, self._seats[actor].connection.receive_binary(now=0.0))
            case {"close": code}:
                self._end(actor, code)
            case {"vanish": True}:
                self._end(actor, None)
            case {"change": change}:
                self._change(change)
            case _:
                raise AssertionError(f"no such step: {step}")
        return self._heard

    def _connect(self, actor: str) -> None:
        def look_up(room: Room) -> RoomAccess | None:
            if self._store_is_away:
                raise StoreUnavailable("away")
            found = self._rooms.get(room)
            return None if found is None else RoomAccess(found["title"], self._may(actor, room))

        user = self._actors[actor]["user"]
        connection = ServerConnection(username=user, look_up=look_up, limits=self._limits)
        self._seats[actor] = _Seat(connection)
        self._hear(actor, {"open": 101})

    def _say(self, actor: str, frames: Sequence[Any]) -> None:
        for frame in frames:
            if actor in self._seats:
                seat = self._seats[actor]
                self._act(actor, seat.connection.receive_text(expand(frame), now=0.0))

    def _act(self, actor: str, actions: Sequence[Action]) -> None:
        for action in actions:
            match action:
                case Reply(frame=frame):
                    self._hear(actor, _item(frame))
                case Enter(room=room):
                    self._tell(self._members(room), self._notice(actor, room, MsgType.ENTER))
                    self._seats[actor].rooms.add(room)
                case Exit(room=room, told=told):
                    members = [name for name in self._members(room) if told or name != actor]
                    self._tell(members, self._notice(actor, room, MsgType.LEAVE))
                    self._seats[actor].rooms.discard(room)
                case Speak(room=room, message=text):
                    frame = Message(room, text, self._actors[actor]["user"], MsgType.MESSAGE)
                    self._tell(self._members(room), frame)
                case Close(code=code):
                    self._end(actor, code)

    def _change(self, change: Json) -> None:
        match change:
            case {"room": room, "staff_only": staff_only}:
                self._rooms[room]["staff_only"] = staff_only
                self._put_out(room)
            case {"room": room, "deleted": True}:
                del self._rooms[room]
                self._put_out(room)
            case {"actor": actor, "session": "ended"}:
                self._end(actor, CloseCode.POLICY_VIOLATION)
            case {"store": "away" | "back" as where}:
                self._store_is_away = where == "away"
            case {"server": "stops"}:
                for actor in list(self._seats):
                    self._hear(actor, {"close": CloseCode.SERVICE_RESTART})
                self._seats.clear()
            case _:
                raise AssertionError(f"no such change: {change}")

    def _put_out(self, room: Room) -> None:
        losers = [name for name in self._members(room) if not self._may(name, room)]
        actions = {name: self._seats[name].connection.put_out(room) for name in losers}
        # All are out before anything is said, so that none of them sees another go.
        for name in losers:
            self._seats[name].rooms.discard(room)
        for name in losers:
            self._act(name, actions[name])

    def _end(self, actor: str, code: int | None) -> None:
        if code is not None:
            self._hear(actor, {"close": int(code)})
        self._act(actor, self._seats[actor].connection.disconnect())
        del self._seats[actor]

    def _may(self, actor: str, room: Room) -> bool:
        found = self._rooms.get(room)
        return found is not None and (self._actors[actor]["staff"] or not found["staff_only"])

    def _members(self, room: Room) -> list[str]:
        return [name for name, seat in self._seats.items() if room in seat.rooms]

    def _notice(self, actor: str, room: Room, kind: MsgType) -> Message | None:
        return Message(room, None, self._actors[actor]["user"], kind) if self._announce else None

    def _tell(self, actors: Sequence[str], frame: Message | None) -> None:
        if frame is not None:
            for actor in actors:
                self._hear(actor, _item(frame))

    def _hear(self, actor: str, item: Json) -> None:
        self._heard.setdefault(actor, []).append(item)


def _item(frame: ServerFrame) -> Json:
    members: Json = msgspec.to_builtins(frame)
    return {"frame": {"error": members["error"]} if "error" in members else members}
