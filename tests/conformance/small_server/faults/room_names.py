"""Faults of naming rooms, and of which rooms there are (section 4.1)."""

from typing import Any

from tests.conformance.small_server.commands import Commands
from tests.conformance.small_server.connection import Connection
from tests.conformance.small_server.faults.fault import fault
from tests.conformance.small_server.frames import Frame, Refused
from tests.conformance.small_server.reading import CANONICAL, Command, Fraction, Reading, is_string
from tests.conformance.small_server.store import Account, Room, Store, Unavailable


@fault("ROOM-01")
class NamesAreNumbers(Reading):
    """A room may be named by a number alone."""

    def room(self, value: Any) -> int:
        return super().room(None if is_string(value) else value)


@fault("ROOM-02", rows=(7,))
class NumbersAreNoNames(Reading):
    """A room may be named by a string alone."""

    def room(self, value: Any) -> int:
        return super().room(None if type(value) is int else value)


class _FromNumber(int):
    """A room that was named by a number."""


class _Spelled(Reading):
    def room(self, value: Any) -> int:
        room = super().room(value)
        return room if is_string(value) else _FromNumber(room)


@fault("ROOM-02", rows=(7,), also=(_Spelled,))
class SpellingsAreMemberships(Commands):
    """Who joined "1" is not in 1."""

    def join(self, connection: Connection, command: Command) -> None:
        super().join(connection, command)
        vars(connection).setdefault("spelled", {})[command.room] = type(command.room)

    def check_membership(self, connection: Connection, room: int) -> None:
        super().check_membership(connection, room)
        if vars(connection)["spelled"][room] is not type(room):
            raise Refused("ROOM_ACCESS_DENIED", "not by that name")


@fault("ROOM-03", rows=(8,))
class LeadingZeros(Reading):
    """The room "01" is room 1."""

    def room(self, value: Any) -> int:
        is_room = is_string(value) and value.isascii() and value.isdecimal() and len(value) < 20
        return int(value) if is_room else super().room(value)


@fault("ROOM-03", rows=(8,))
class SpacesAroundRooms(Reading):
    """The room " 1 " is room 1."""

    def room(self, value: Any) -> int:
        is_room = is_string(value) and CANONICAL.fullmatch(value.strip())
        return int(value) if is_room else super().room(value)


@fault("ROOM-03", rows=(8,))
class PlusSigns(Reading):
    """The room "+1" is room 1."""

    def room(self, value: Any) -> int:
        is_room = is_string(value) and value[:1] == "+" and CANONICAL.fullmatch(value[1:])
        return int(value) if is_room else super().room(value)


@fault("ROOM-03", rows=(8,))
class OtherDigits(Reading):
    """The digits of any script make a room's name."""

    def room(self, value: Any) -> int:
        is_room = is_string(value) and value.isdecimal() and not value.isascii()
        return int(value) if is_room else super().room(value)


@fault("ROOM-03", rows=(8,))
class FractionsAreCutOff(Reading):
    """The room 1.9 is room 1."""

    def room(self, value: Any) -> int:
        is_room = isinstance(value, Fraction) and len(value) < 10 and not float(value).is_integer()
        return int(float(value)) if is_room else super().room(value)


@fault("ROOM-03", rows=(8,))
class TrueIsOne(Reading):
    """The room true is room 1."""

    def room(self, value: Any) -> int:
        return int(value) if isinstance(value, bool) else super().room(value)


@fault("ROOM-03", rows=(8,))
class HugeNumbersAreRooms(Reading):
    """A number that no room could have is the name of a room that does not exist."""

    def room(self, value: Any) -> int:
        return value if type(value) is int else super().room(value)


@fault("ROOM-03", rows=(10,))
class WrongRoomsAreNoCommands(Reading):
    """A room of a wrong type makes the command invalid, not the room."""

    def room(self, value: Any) -> int:
        if not is_string(value) and type(value) is not int:
            raise Refused("COMMAND_INVALID", "no room")
        return super().room(value)


@fault("ROOM-03", "ERR-01", rows=(10, 28))
class WrongRoomsArePassedOver(Commands):
    """A room that cannot be one is met with silence."""

    def obey(self, connection: Connection, content: str | bytes) -> None:
        try:
            self.reading.read(content)
        except Refused as refused:
            if refused.code == "ROOM_INVALID":
                return
        super().obey(connection, content)


@fault("ROOM-03", rows=(10,))
class WrongRoomsInSendAreDenied(Reading):
    """In a send, a room that is none is one that the connection is not in."""

    def read(self, content: str | bytes) -> Command:
        try:
            return super().read(content)
        except Refused as refused:
            if refused.code == "ROOM_INVALID" and refused.command == "send":
                refused.code = "ROOM_ACCESS_DENIED"
            raise


@fault("ROOM-04", rows=(8,))
class WholeFractions(Reading):
    """The room 1.0 is room 1."""

    def room(self, value: Any) -> int:
        is_room = isinstance(value, Fraction) and len(value) < 10 and float(value).is_integer()
        return int(float(value)) if is_room else super().room(value)


@fault("ROOM-05", rows=(29,))
class RoomsAsTheyWereTyped(Connection):
    """Who names a room by a number gets the number back."""

    _as_number = False

    def message(self, content: str | bytes) -> None:
        self._as_number = isinstance(content, str) and '"room": "' not in content
        super().message(content)

    def encode(self, frame: Frame) -> bytes:
        for member in ("join", "leave"):
            if self._as_number and member in frame:
                frame = {**frame, member: int(frame[member])}
        return super().encode(frame)


@fault("ROOM-06", rows=(41,))
class UnknownRoomsAreDenied(Commands):
    """A room that does not exist is one that the user may not enter."""

    def room(self, id_: int) -> Room:
        try:
            return super().room(id_)
        except Refused as refused:
            refused.code = "ROOM_ACCESS_DENIED"
            raise


@fault("ROOM-06")
class UnknownRoomsAreMade(Commands):
    """A join of a room that does not exist makes it."""

    def room(self, id_: int) -> Room:
        return self.store.rooms.setdefault(id_, Room(id_, f"room {id_}"))


@fault("ROOM-06")
class RoomZeroIsNoRoomAtAll(Commands):
    """The ids 0 and below make a command invalid."""

    def room(self, id_: int) -> Room:
        if id_ <= 0:
            raise Refused("COMMAND_INVALID", "an odd id")
        return super().room(id_)


@fault("ROOM-07", "AUTH-05", rows=(3,))
class StaffRoomsAreOpen(Commands):
    """Staff rooms are open to everybody."""

    def check_access(self, connection: Connection, account: Account, room: Room) -> None:
        pass


@fault("ROOM-07", rows=(41,))
class StaffRoomsAreHidden(Commands):
    """Who may not enter a room is told that there is none."""

    def check_access(self, connection: Connection, account: Account, room: Room) -> None:
        try:
            super().check_access(connection, account, room)
        except Refused as refused:
            refused.code = "ROOM_INVALID"
            raise


@fault("ROOM-07")
class StaffRoomsMayBeLeft(Commands):
    """Who may not enter a room may leave it."""

    def leave(self, connection: Connection, command: Command) -> None:
        self.user(connection)
        self.hall.leave(self.room(command.room).id, connection)


@fault("ROOM-08", rows=(36,))
class IdsBeyondTheStore(Store):
    """An id that the store has no place for is an error of the store's."""

    def room(self, id_: int) -> Room | None:
        if abs(id_) >= 2**63:
            raise Unavailable
        return super().room(id_)


@fault("ROOM-09")
class SafeNumbersOnly(Reading):
    """A number above 2 to the 53rd names no room."""

    def room(self, value: Any) -> int:
        return super().room(None if type(value) is int and abs(value) >= 2**53 else value)
