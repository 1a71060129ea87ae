"""Faults of commands: which they are, which room they name, what they say (section 4)."""

import html
import unicodedata
from typing import Any

from tests.conformance.small_server.commands import Commands
from tests.conformance.small_server.connection import Connection
from tests.conformance.small_server.faults.fault import fault
from tests.conformance.small_server.frames import Frame, Refused
from tests.conformance.small_server.reading import CANONICAL, Command, Fraction, Reading
from tests.conformance.small_server.store import Room, Store, Unavailable


def _is_string(value: Any) -> bool:
    return isinstance(value, str) and not isinstance(value, Fraction)


# Rooms and their names.


@fault("ROOM-01")
class NamesAreNumbers(Reading):
    """A room may be named by a number alone."""

    def room(self, value: Any) -> int:
        return super().room(None if _is_string(value) else value)


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
        return room if _is_string(value) else _FromNumber(room)


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
        is_room = _is_string(value) and value.isascii() and value.isdecimal() and len(value) < 20
        return int(value) if is_room else super().room(value)


@fault("ROOM-03", rows=(8,))
class SpacesAroundRooms(Reading):
    """The room " 1 " is room 1."""

    def room(self, value: Any) -> int:
        is_room = _is_string(value) and CANONICAL.fullmatch(value.strip())
        return int(value) if is_room else super().room(value)


@fault("ROOM-03", rows=(8,))
class PlusSigns(Reading):
    """The room "+1" is room 1."""

    def room(self, value: Any) -> int:
        is_room = _is_string(value) and value[:1] == "+" and CANONICAL.fullmatch(value[1:])
        return int(value) if is_room else super().room(value)


@fault("ROOM-03", rows=(8,))
class OtherDigits(Reading):
    """The digits of any script make a room's name."""

    def room(self, value: Any) -> int:
        is_room = _is_string(value) and value.isdecimal() and not value.isascii()
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
        if not _is_string(value) and type(value) is not int:
            raise Refused("COMMAND_INVALID", "no room")
        return super().room(value)


@fault("ROOM-03", "ERR-01", rows=(10, 28))
class WrongRoomsArePassedOver(Commands):
    """A room that cannot be one is met with silence."""

    def answer(self, connection: Connection, frame: Frame) -> None:
        if frame["error"] != "ROOM_INVALID" or "room" in frame:
            super().answer(connection, frame)


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

    def check_access(self, *_: object) -> None:
        pass


@fault("ROOM-07", rows=(41,))
class StaffRoomsAreHidden(Commands):
    """Who may not enter a room is told that there is none."""

    def check_access(self, *args: Any) -> None:
        try:
            super().check_access(*args)
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


# Commands.


@fault("ERR-08", rows=(28,))
class CommandsInAnyCase(Reading):
    """The case of a command does not matter."""

    def command(self, frame: dict[str, Any]) -> str:
        name = frame.get("command")
        return super().command({**frame, "command": str(name).lower()} if name else frame)


@fault("ERR-08")
class SpacesAroundCommands(Reading):
    """Spaces around a command do not matter."""

    def command(self, frame: dict[str, Any]) -> str:
        name = frame.get("command")
        return super().command({**frame, "command": str(name).strip()} if name else frame)


@fault("ERR-08", "ERR-01", rows=(10, 28))
class InvalidCommandsArePassedOver(Commands):
    """A command that is unknown or not whole is met with silence."""

    def answer(self, connection: Connection, frame: Frame) -> None:
        if frame["error"] != "COMMAND_INVALID":
            super().answer(connection, frame)


@fault("ERR-08", "ERR-04", "ERR-10", rows=(9, 10))
class InvalidCommandsEndTheConnection(Commands):
    """A command that is unknown or not whole ends the connection."""

    def answer(self, connection: Connection, frame: Frame) -> None:
        super().answer(connection, frame)
        if frame["error"] == "COMMAND_INVALID":
            connection.close(1011, "an error")


@fault("ERR-10", rows=(9, 10))
class CommandsOfAWrongTypeEndEverything(Commands):
    """A command that is no string ends the connections of everybody."""

    def obey(self, connection: Connection, content: str | bytes) -> None:
        if isinstance(content, str) and '"command": null' in content:
            for each in connection.everybody:
                each.close(1011, "an error")
        super().obey(connection, content)


# What is said.


@fault("SEND-04", rows=(32,))
class TextsAreTrimmed(Reading):
    """White space around a text is cut off."""

    def text(self, value: Any) -> str:
        return super().text(value).strip()


@fault("SEND-04", rows=(32,))
class TextsAreNormalised(Reading):
    """Texts are brought into one Unicode normal form."""

    def text(self, value: Any) -> str:
        return unicodedata.normalize("NFC", super().text(value))


@fault("SEND-04")
class TextsAreEscaped(Reading):
    """Markup in texts is escaped by the server."""

    def text(self, value: Any) -> str:
        return html.escape(super().text(value))


@fault("SEND-04", rows=(32,))
class TextsLoseNul(Reading):
    """The character U+0000 is taken out of texts."""

    def text(self, value: Any) -> str:
        return super().text(value).replace("\0", "")


@fault("SEND-04", rows=(32,))
class TextsOfThreeBytes(Reading):
    """Characters beyond the basic plane become question marks."""

    def text(self, value: Any) -> str:
        return "".join(each if ord(each) < 0x10000 else "?" for each in super().text(value))


@fault("SEND-04", rows=(31,))
class EmptyTextsAreRefused(Reading):
    """The empty text is no message."""

    def text(self, value: Any) -> str:
        if value == "":
            raise Refused("MESSAGE_INVALID", "say something")
        return super().text(value)


@fault("SEND-05", "MSG-02", rows=(30,))
class TextsOfAnyType(Reading):
    """A message may be any value, and is passed on as that."""

    def text(self, value: Any) -> str:
        if _is_string(value):
            return super().text(value)
        return value  # type: ignore[no-any-return]  # that is the fault


@fault("SEND-05", rows=(30,))
class NumbersAreTexts(Reading):
    """A message that is a number or a truth value is passed on as its text."""

    def text(self, value: Any) -> str:
        return str(value) if isinstance(value, (int, Fraction)) else super().text(value)


@fault("SEND-05", rows=(30,))
class NullIsEmpty(Reading):
    """The message null is passed on as the empty text."""

    def text(self, value: Any) -> str:
        return super().text("" if value is None else value)


@fault("LIMIT-03")
class TextsOfAnyLength(Reading):
    """A text may be as long as it likes."""

    def text(self, value: Any) -> str:
        return value if _is_string(value) else super().text(value)


@fault("LIMIT-03")
class LengthInBytes(Reading):
    """The length of a text is counted in bytes."""

    def text(self, value: Any) -> str:
        if _is_string(value) and len(value.encode()) > self.limits.message_length:
            raise Refused("MESSAGE_TOO_LONG", "too many bytes")
        return super().text(value)


@fault("LIMIT-03")
class LongTextsAreCut(Reading):
    """A text that is too long is cut to the limit and passed on."""

    def text(self, value: Any) -> str:
        return super().text(value[: self.limits.message_length] if _is_string(value) else value)


@fault("LIMIT-03")
class OneMoreThanTheLimit(Reading):
    """The limit of a text's length is off by one."""

    def text(self, value: Any) -> str:
        if _is_string(value) and len(value) == self.limits.message_length + 1:
            return str(value)
        return super().text(value)


@fault("LIMIT-04")
class ShortTextsOnly(Reading):
    """A text has 1,000 characters at most."""

    def text(self, value: Any) -> str:
        if _is_string(value) and len(value) > 1_000:
            raise Refused("MESSAGE_TOO_LONG", "too long")
        return super().text(value)


# The order of the questions.


@fault("ERR-05")
class TextBeforeRoom(Reading):
    """The text of a message is looked at before its room."""

    def read(self, content: str | bytes) -> Command:
        frame = self.frame(content)
        if self.command(frame) == "send":
            self.text(frame["message"])
        return super().read(content)


@fault("ERR-05")
class RoomBeforeCommand(Reading):
    """The room of a frame is looked at before its command."""

    def command(self, frame: dict[str, Any]) -> str:
        if "room" in frame:
            self.room(frame["room"])
        return super().command(frame)


@fault("ERR-05")
class MembershipBeforeText(Commands):
    """Whether one is in the room is looked at before the text."""

    def answer(self, connection: Connection, frame: Frame) -> None:
        is_text = frame["error"].startswith("MESSAGE_")
        if is_text and not self.hall.is_member(int(frame["room"]), connection):
            frame = {**frame, "error": "ROOM_ACCESS_DENIED"}
        super().answer(connection, frame)


@fault("ERR-06", "SEND-03", "AUTH-03")
class LoginBeforeMembership(Commands):
    """Who sends without a login is told to log in, not that the connection is not in the room."""

    def check_membership(self, connection: Connection, room: int) -> None:
        self.user(connection)
        super().check_membership(connection, room)


@fault("ERR-06", "SEND-03")
class RoomBeforeMembership(Commands):
    """Who sends to a room that does not exist is told so."""

    def check_membership(self, connection: Connection, room: int) -> None:
        self.room(room)
        super().check_membership(connection, room)


@fault("ERR-06", "AUTH-03", rows=(41,))
class RoomBeforeLogin(Commands):
    """Who is not logged in is told which rooms there are."""

    def join(self, connection: Connection, command: Command) -> None:
        self.room(command.room)
        super().join(connection, command)
