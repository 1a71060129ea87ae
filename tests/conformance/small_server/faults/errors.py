"""Faults of errors, of rates and of the store (sections 7 and 8)."""

# ruff: noqa: ARG002  a fault need not look at all that its rule looks at

from tests.conformance.small_server.commands import Commands
from tests.conformance.small_server.connection import Connection
from tests.conformance.small_server.faults.fault import fault
from tests.conformance.small_server.frames import Frame, Refused
from tests.conformance.small_server.limits import Bucket
from tests.conformance.small_server.reading import Command
from tests.conformance.small_server.store import Account, Room, Unavailable


@fault("ERR-01", rows=(28,))
class RefusalsArePassedOver(Commands):
    """A command that may not be carried out is met with silence."""

    def answer(self, connection: Connection, frame: Frame) -> None:
        if frame["error"] not in ("ROOM_INVALID", "ROOM_ACCESS_DENIED"):
            super().answer(connection, frame)


@fault("AUTH-03", "ERR-01", rows=(12, 28))
class NobodyIsAnswered(Commands):
    """The commands of an anonymous connection are met with silence."""

    def answer(self, connection: Connection, frame: Frame) -> None:
        if connection.account is not None:
            super().answer(connection, frame)


@fault("AUTH-02", "AUTH-03", rows=(12,))
class NobodyMayJoin(Commands):
    """An anonymous connection may do what a user may."""

    def user(self, connection: Connection) -> Account:
        try:
            return super().user(connection)
        except Refused:
            return Account("anonymous", "")


@fault("AUTH-03", rows=(41,))
class NobodyIsDenied(Commands):
    """An anonymous connection is told that it may not enter, not that it has to log in."""

    def user(self, connection: Connection) -> Account:
        try:
            return super().user(connection)
        except Refused as refused:
            refused.code = "ROOM_ACCESS_DENIED"
            raise


@fault("AUTH-05", rows=(4,))
class RightsAsTheyWere(Commands):
    """Who is made staff stays plain until the next connection."""

    def check_access(self, connection: Connection, account: Account, room: Room) -> None:
        was_staff = vars(connection).setdefault("was_staff", account.is_staff)
        if room.staff_only and not was_staff:
            raise Refused("ROOM_ACCESS_DENIED", "this room is for staff only")
        super().check_access(connection, account, room)


@fault("ERR-02", rows=(27,))
class ErrorsSayTheCodeAlone(Commands):
    """An error does not say which command it is about."""

    def error(self, refused: Refused) -> Frame:
        return {"error": refused.code}


@fault("ERR-02", rows=(27,))
class ErrorsNameAnotherCommand(Commands):
    """An error says that it is about a join, whatever it is about."""

    def error(self, refused: Refused) -> Frame:
        frame = super().error(refused)
        return {**frame, "command": "join"} if "command" in frame else frame


@fault("ERR-01", "FRAME-05", rows=(27,))
class ErrorsInProse(Commands):
    """An error is a sentence, not a code."""

    def error(self, refused: Refused) -> Frame:
        return {**super().error(refused), "error": refused.detail}


@fault("ERR-03", rows=(27,))
class ErrorsGoToTheRoom(Commands):
    """An error is sent to everybody who shares a room with the sender, too."""

    def answer(self, connection: Connection, frame: Frame) -> None:
        rooms = self.hall.rooms_of(connection)
        for each in connection.everybody:
            shared = any(self.hall.is_member(room, each) for room in rooms)
            if each is connection or shared:
                super().answer(each, frame)


@fault("ERR-03", rows=(27,))
class ErrorsGoToTheUser(Commands):
    """An error is sent to all connections of the user."""

    def answer(self, connection: Connection, frame: Frame) -> None:
        for each in connection.everybody:
            if each is connection or each.account is connection.account is not None:
                super().answer(each, frame)


@fault("ERR-03", rows=(27,))
class ErrorsGoToTheUsersMembers(Commands):
    """A refused send is told to those connections of the user, too, that are in its room."""

    def answer(self, connection: Connection, frame: Frame) -> None:
        refused = frame["room"] if frame.get("command") == "send" and "room" in frame else None
        for each in connection.everybody:
            is_the_users = each.account is connection.account is not None
            is_in_it = refused is not None and self.hall.is_member(int(refused), each)
            if each is connection or (is_the_users and is_in_it):
                super().answer(each, frame)


@fault("ERR-04")
class ErrorsEndTheConnection(Commands):
    """A command that may not be carried out ends the connection."""

    def answer(self, connection: Connection, frame: Frame) -> None:
        super().answer(connection, frame)
        if frame["error"].startswith("ROOM_"):
            connection.close(1008, frame["error"])


@fault("ERR-04")
class ErrorsEndMemberships(Commands):
    """A command that may not be carried out ends all memberships of the connection."""

    def answer(self, connection: Connection, frame: Frame) -> None:
        super().answer(connection, frame)
        connection.end_memberships(told=False)


@fault("ERR-09")
class NoStoreNoAnswer(Commands):
    """While the store is away, commands are met with silence."""

    def answer(self, connection: Connection, frame: Frame) -> None:
        if frame["error"] != "SERVER_UNAVAILABLE":
            super().answer(connection, frame)


@fault("ERR-09", "ROOM-06")
class NoStoreNoRooms(Commands):
    """While the store is away, there are no rooms."""

    def unavailable(self, command: Command) -> None:
        raise Refused("ROOM_INVALID", "there is no such room")


@fault("ERR-09")
class TheStoreStaysAway(Commands):
    """Once the store was away, the server does not find it again."""

    _is_lost = False

    def unavailable(self, command: Command) -> None:
        self._is_lost = True
        super().unavailable(command)

    def room(self, id_: int) -> Room:
        if self._is_lost:
            raise Unavailable
        return super().room(id_)


# Rates


@fault("LIMIT-05", rows=(35,))
class BeyondTheRateIsSilence(Commands):
    """Commands beyond the rate are dropped without an answer."""

    def answer(self, connection: Connection, frame: Frame) -> None:
        if frame["error"] != "RATE_LIMITED":
            super().answer(connection, frame)


@fault("LIMIT-05", rows=(35,))
class BeyondTheRateIsCarriedOut(Commands):
    """Commands beyond the rate are refused, and carried out."""

    def check_rate(self, connection: Connection) -> None:
        try:
            super().check_rate(connection)
        except Refused as refused:
            self.answer(connection, self.error(refused))


@fault("LIMIT-05", rows=(35,))
class BeyondTheRateIsTheEnd(Commands):
    """The first command beyond the rate ends the connection."""

    def check_rate(self, connection: Connection) -> None:
        try:
            super().check_rate(connection)
        except Refused:
            self.end_flood(connection)
            raise


@fault("LIMIT-05")
class NoJsonHasNoRate(Commands):
    """What is no frame does not count, and is never beyond the rate."""

    def obey(self, connection: Connection, content: str | bytes) -> None:
        try:
            self.reading.frame(content)
        except Refused as refused:
            self.answer(connection, self.error(refused))
        else:
            super().obey(connection, content)


@fault("LIMIT-05", "ERR-01")
class TooManyRoomsIsSilence(Commands):
    """A join of one room too many is met with silence."""

    def answer(self, connection: Connection, frame: Frame) -> None:
        if (frame["error"], frame.get("command")) != ("RATE_LIMITED", "join"):
            super().answer(connection, frame)


@fault("LIMIT-05")
class AnyNumberOfRooms(Commands):
    """A connection may be in more rooms than the stated number."""

    def check_number_of_rooms(self, connection: Connection, room: Room) -> None:
        pass


@fault("LIMIT-05")
class TooManyRoomsAreDenied(Commands):
    """A join of one room too many gets another code."""

    def check_number_of_rooms(self, connection: Connection, room: Room) -> None:
        try:
            super().check_number_of_rooms(connection, room)
        except Refused as refused:
            refused.code = "ROOM_ACCESS_DENIED"
            raise


class _SmallBurst(Connection):
    def __init__(self, *args: object) -> None:
        super().__init__(*args)  # type: ignore[arg-type]  # as they were given
        self.commands = Bucket(burst=16, rate=100)


@fault("LIMIT-06", "LIMIT-05")
class SmallBursts(_SmallBurst):
    """No more than 16 commands may come at once."""


@fault("LIMIT-07", "CLOSE-04", "CLOSE-02", rows=(35,))
class FloodsAreCutOff(Connection):
    """A flood is cut off without a close frame."""

    def put_close(self, code: int | None, reason: str) -> None:
        if reason != "a flood":
            super().put_close(code, reason)


@fault("LIMIT-07", rows=(35,))
class FloodsAreTooMuch(Commands):
    """A flood is ended with 1013, not 1008."""

    def end_flood(self, connection: Connection) -> None:
        connection.close(1013, "a flood")


@fault("LIMIT-07", "ERR-10", rows=(35,))
class FloodsEndEverything(Commands):
    """A flood ends the connections of everybody."""

    def end_flood(self, connection: Connection) -> None:
        for each in connection.everybody:
            each.close(1008, "a flood")
