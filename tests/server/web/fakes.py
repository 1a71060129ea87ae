"""A chat that only records what pages ask of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import trio

from multichat_server.engine import Member

__all__ = ["FakeChat"]


@dataclass
class FakeChat:
    """Rooms with members that a test puts there, and a record of what was asked."""

    ended: list[str] = field(default_factory=list)
    announced: list[tuple[int, int, str, str]] = field(default_factory=list)
    inside: dict[int, list[Member]] = field(default_factory=dict)
    refreshes: int = 0
    next_change: trio.Event = field(default_factory=trio.Event)

    def announce(self, room_id: int, msg_type: int, text: str, username: str) -> int:
        self.announced.append((room_id, msg_type, text, username))
        return len(self.inside.get(room_id, []))

    def members(self, room_id: int) -> list[Member]:
        return list(self.inside.get(room_id, []))

    def occupancy(self) -> Mapping[int, int]:
        return {room_id: len(members) for room_id, members in self.inside.items() if members}

    def put_out(self, room_id: int, connection: int) -> Member | None:
        for member in self.inside.get(room_id, []):
            if member.connection == connection:
                self.inside[room_id].remove(member)
                return member
        return None

    def session_ended(self, key: str) -> None:
        self.ended.append(key)

    async def refresh(self) -> None:
        self.refreshes += 1
