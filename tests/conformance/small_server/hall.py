"""
Who is in which room, and who is told what (sections 4.2, 4.3, 5 and 6).

Nothing here waits: a command is carried out whole before the next one of anybody begins, which
gives every room one order (MC1-ORDER-04), and no gap between *joined* and *left* (MC1-ORDER-05).
"""

from collections.abc import Collection
from typing import Protocol

from tests.conformance.small_server import frames
from tests.conformance.small_server.frames import Frame
from tests.conformance.small_server.store import Account, Room

__all__ = ["Hall", "Member"]


class Member(Protocol):
    """A connection, as a room sees it."""

    @property
    def account(self) -> Account | None:
        """Who it is, as the handshake had it; the name in it is today's."""
        ...

    @property
    def everybody(self) -> Collection["Member"]:
        """All connections of the server."""
        ...

    def say(self, frame: Frame) -> None:
        """Send a frame, in order, as soon as the stream takes it."""
        ...


class Hall:
    """All rooms and their members. Membership is a connection's, not a user's (MC1-MEMB-01)."""

    def __init__(self) -> None:
        # A dict is a set in the order of entering.
        self.rooms: dict[int, dict[Member, None]] = {}

    def members(self, room: int) -> list[Member]:
        """Return the members of a room."""
        return list(self.rooms.get(room, ()))

    def rooms_of(self, member: Member) -> list[int]:
        """Return the rooms that a connection is in."""
        return [room for room, members in self.rooms.items() if member in members]

    def is_member(self, room: int, member: Member) -> bool:
        """Tell whether a connection is in a room."""
        return member in self.rooms.get(room, ())

    # What commands do.

    def join(self, room: Room, member: Member) -> None:
        """Carry out a ``join``; a second one changes nothing (MC1-JOIN-06, MC1-JOIN-07)."""
        if self.is_member(room.id, member):
            self.answer_second_join(room, member)
            return
        self.announce_enter(room.id, member)
        self.add(room.id, member)
        member.say(self.joined(room))

    def answer_second_join(self, room: Room, member: Member) -> None:
        """Answer, and do nothing else."""
        member.say(self.joined(room))

    def leave(self, room: int, member: Member) -> None:
        """Carry out a ``leave``, of a stranger too (MC1-LEAVE-04 to 06)."""
        if self.is_member(room, member):
            self.announce_leave(room, member, to=self.members(room))
            self.remove(room, member)
        member.say(frames.left(room))

    def send(self, room: int, text: str, member: Member, account: Account) -> None:
        """Carry out a ``send``: every member gets it, the sender too (MC1-SEND-01)."""
        frame = self.message(room, text, account.username, frames.MESSAGE)
        for each in self.hearers(room, member):
            each.say(frame)

    # What these are made of.

    def add(self, room: int, member: Member) -> None:
        """Make a connection a member (MC1-JOIN-04: before it is told)."""
        self.rooms.setdefault(room, {})[member] = None

    def remove(self, room: int, member: Member) -> None:
        """End a membership."""
        self.rooms.get(room, {}).pop(member, None)

    def hearers(self, room: int, sender: Member) -> list[Member]:  # noqa: ARG002  for faults
        """Return who gets a message (MC1-SEND-02)."""
        return self.members(room)

    def joined(self, room: Room) -> Frame:
        """Return the answer to a ``join``."""
        return frames.joined(room)

    def message(self, room: int, text: str | None, username: str, msg_type: int) -> Frame:
        """Return a room message."""
        return frames.message(room, text, username, msg_type)

    def name_of(self, member: Member) -> str:
        """Return the name that ENTER and LEAVE give."""
        return "" if member.account is None else member.account.username

    def announce_enter(self, room: int, member: Member) -> None:
        """Tell everybody else (MC1-ANN-01, MC1-ANN-02: it is not a member yet)."""
        frame = self.message(room, None, self.name_of(member), frames.ENTER)
        for each in self.members(room):
            each.say(frame)

    def announce_leave(self, room: int, member: Member, *, to: Collection[Member]) -> None:
        """Tell these (MC1-ANN-03)."""
        frame = self.message(room, None, self.name_of(member), frames.LEAVE)
        for each in to:
            each.say(frame)

    # What happens without a command.

    def put_out(self, room: int, losers: list[Member]) -> None:
        """Put members out, all at one instant (MC1-REVOKE-01, 03 and 07)."""
        for member in losers:
            self.remove(room, member)
        for member in losers:
            member.say(frames.left(room))
        for member in losers:
            self.announce_leave(room, member, to=self.members(room))

    def end(self, member: Member, *, told: bool) -> None:
        """End all memberships of a connection that ends (MC1-MEMB-03, MC1-END-01)."""
        for room in self.rooms_of(member):
            self.remove(room, member)
            if told:
                self.announce_leave(room, member, to=self.members(room))

    def speak(self, room: int, msg_type: int, text: str, username: str) -> None:
        """Say something to a room as its operator (MC1-TYPE-03)."""
        frame = self.message(room, text, username, msg_type)
        for member in self.members(room):
            member.say(frame)


class QuietHall(Hall):
    """A deployment that has switched announcements off as a whole (section 6.2)."""

    def announce_enter(self, room: int, member: Member) -> None:
        """Tell nobody."""

    def announce_leave(self, room: int, member: Member, *, to: Collection[Member]) -> None:
        """Tell nobody."""
