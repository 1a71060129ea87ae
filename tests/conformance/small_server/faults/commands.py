"""Faults of which commands there are, and of the order of the questions (section 7.2)."""

from typing import Any

from tests.conformance.small_server.commands import Commands
from tests.conformance.small_server.connection import Connection
from tests.conformance.small_server.faults.fault import fault
from tests.conformance.small_server.frames import Frame
from tests.conformance.small_server.reading import Command, Reading


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
