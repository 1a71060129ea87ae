"""May it be carried out? A command's conditions, in the order of MC1-ERR-05 and MC1-ERR-06."""

from typing import TYPE_CHECKING

from tests.conformance.small_server.frames import Frame, Refused, error
from tests.conformance.small_server.hall import Hall
from tests.conformance.small_server.limits import Limits
from tests.conformance.small_server.reading import Command, Reading
from tests.conformance.small_server.store import Account, Room, Store, Unavailable

if TYPE_CHECKING:
    from tests.conformance.small_server.connection import Connection

__all__ = ["Commands"]


class Commands:
    """What becomes of a message that a client has sent."""

    def __init__(self, store: Store, hall: Hall, reading: Reading, limits: Limits) -> None:
        self.store = store
        self.hall = hall
        self.reading = reading
        self.limits = limits

    def obey(self, connection: "Connection", content: str | bytes) -> None:
        """Carry a message out, or answer why not."""
        try:
            self.check_rate(connection)
            command = self.reading.read(content)
            self.carry_out(connection, command)
        except Refused as refused:
            self.answer(connection, self.error(refused))

    def check_rate(self, connection: "Connection") -> None:
        """A connection has a rate, and a flood an end (MC1-LIMIT-05, MC1-LIMIT-07)."""
        if connection.commands.take():
            return
        if not connection.refusals.take():
            self.end_flood(connection)
        raise Refused("RATE_LIMITED", "too many commands; wait a little")

    def end_flood(self, connection: "Connection") -> None:
        """Close a flood's connection."""
        connection.close(1008, "a flood")

    def carry_out(self, connection: "Connection", command: Command) -> None:
        """Carry a command out."""
        try:
            match command.name:
                case "join":
                    self.join(connection, command)
                case "leave":
                    self.leave(connection, command)
                case "send":
                    self.send(connection, command)
        except Unavailable:  # MC1-ERR-09
            self.unavailable(command)
        except Refused as refused:
            refused.command, refused.room = command.name, command.room
            raise

    def unavailable(self, command: Command) -> None:
        """Say that the server cannot."""
        raise Refused(
            "SERVER_UNAVAILABLE", "try again later", command=command.name, room=command.room
        )

    def join(self, connection: "Connection", command: Command) -> None:
        """User, room, access, number of rooms; then it is done."""
        account = self.user(connection)
        room = self.room(command.room)
        self.check_access(connection, account, room)
        self.check_number_of_rooms(connection, room)
        self.hall.join(room, connection)

    def leave(self, connection: "Connection", command: Command) -> None:
        """User, room, access; then it is done."""
        account = self.user(connection)
        room = self.room(command.room)
        self.check_access(connection, account, room)
        self.hall.leave(room.id, connection)

    def send(self, connection: "Connection", command: Command) -> None:
        """Membership before all else (MC1-SEND-03)."""
        self.check_membership(connection, command.room)
        account = self.user(connection)
        room = self.room(command.room)
        self.check_access(connection, account, room)
        self.hall.send(room.id, command.text or "", connection, account)

    def check_membership(self, connection: "Connection", room: int) -> None:
        """One sends only to rooms that one is in."""
        if not self.hall.is_member(room, connection):
            raise Refused("ROOM_ACCESS_DENIED", "this connection is not in the room")

    def user(self, connection: "Connection") -> Account:
        """Somebody is logged in, now (MC1-AUTH-03, MC1-AUTH-05)."""
        account = self.store.user(connection.session)
        if account is None:
            raise Refused("USER_HAS_TO_LOGIN", "nobody is logged in")
        return account

    def room(self, id_: int) -> Room:
        """The room exists (MC1-ROOM-06, MC1-ROOM-08)."""
        room = self.store.room(id_)
        if room is None:
            raise Refused("ROOM_INVALID", "there is no such room")
        return room

    def check_access(
        self,
        connection: "Connection",  # noqa: ARG002  for faults
        account: Account,
        room: Room,
    ) -> None:
        """A staff room is for staff (MC1-ROOM-07)."""
        if room.staff_only and not account.is_staff:
            raise Refused("ROOM_ACCESS_DENIED", "this room is for staff only")

    def check_number_of_rooms(self, connection: "Connection", room: Room) -> None:
        """A connection is in so many rooms at most (MC1-LIMIT-05)."""
        rooms = self.hall.rooms_of(connection)
        if room.id not in rooms and len(rooms) >= self.limits.rooms_per_connection:
            raise Refused("RATE_LIMITED", "too many rooms; leave one first")

    def error(self, refused: Refused) -> Frame:
        """Return the error frame."""
        return error(refused)

    def answer(self, connection: "Connection", frame: Frame) -> None:
        """Tell the one who sent the command, and nobody else (MC1-ERR-03)."""
        connection.say(frame)
