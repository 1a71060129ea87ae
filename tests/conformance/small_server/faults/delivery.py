"""Faults of who gets a message (section 4.4)."""

# ruff: noqa: ARG002  a fault need not look at all that its rule looks at

from tests.conformance.small_server import frames
from tests.conformance.small_server.commands import Commands
from tests.conformance.small_server.connection import Connection
from tests.conformance.small_server.faults.fault import fault
from tests.conformance.small_server.frames import Frame
from tests.conformance.small_server.hall import Hall, Member
from tests.conformance.small_server.store import Account


@fault("SEND-02", rows=(1,))
class MessagesReachEverybody(Hall):
    """A message goes to every connection, to be filtered by the client."""

    def hearers(self, room: int, sender: Member) -> list[Member]:
        return list(sender.everybody)


@fault("SEND-02", rows=(1,))
class MessagesReachEveryRoom(Hall):
    """A message goes to the members of all rooms."""

    def hearers(self, room: int, sender: Member) -> list[Member]:
        heard = {member: None for members in self.rooms.values() for member in members}
        return list(heard)


@fault("SEND-02", "MEMB-01", rows=(1,))
class MessagesReachTheUsersDevices(Hall):
    """A message goes to all connections of each member's user."""

    def hearers(self, room: int, sender: Member) -> list[Member]:
        accounts = [member.account for member in self.members(room)]
        return [each for each in sender.everybody if each.account in accounts]


@fault("SEND-03", rows=(2,))
class StrangersMaySend(Commands):
    """A message of a connection that is not in the room is delivered."""

    def check_membership(self, connection: Connection, room: int) -> None:
        pass


@fault("SEND-03", rows=(2,))
class StrangersSendAndAreRefused(Commands):
    """A message of a connection that is not in the room is refused, and delivered."""

    def check_membership(self, connection: Connection, room: int) -> None:
        account = connection.account
        if not self.hall.is_member(room, connection) and account is not None:
            for member in self.hall.members(room):
                member.say(self.hall.message(room, "?", account.username, frames.MESSAGE))
        super().check_membership(connection, room)


@fault("SEND-03", "ERR-01", rows=(2, 28))
class StrangersAreNotAnswered(Commands):
    """A message of a connection that is not in the room is dropped in silence."""

    def answer(self, connection: Connection, frame: Frame) -> None:
        if (frame["error"], frame.get("command")) != ("ROOM_ACCESS_DENIED", "send"):
            super().answer(connection, frame)


@fault("SEND-01", rows=(21,))
class NoEcho(Hall):
    """The sender does not get its own message."""

    def hearers(self, room: int, sender: Member) -> list[Member]:
        return [each for each in self.members(room) if each is not sender]


@fault("SEND-01", "SEND-06", rows=(21,))
class TwoEchoes(Hall):
    """The sender gets its own message twice."""

    def hearers(self, room: int, sender: Member) -> list[Member]:
        return [*self.members(room), sender]


@fault("SEND-01", rows=(21,))
class TheSenderAlone(Hall):
    """A message reaches its sender, and nobody else."""

    def hearers(self, room: int, sender: Member) -> list[Member]:
        return [sender]


@fault("SEND-06", rows=(16,))
class SomeMessagesTwice(Hall):
    """Every fourth message is delivered twice."""

    _count = 0

    def send(self, room: int, text: str, member: Member, account: Account) -> None:
        self._count += 1
        super().send(room, text, member, account)
        if self._count % 4 == 0:
            super().send(room, text, member, account)


@fault("SEND-06", "SEND-01", rows=(15,))
class SomeMessagesNever(Hall):
    """Every fourth message does not reach those who did not write it."""

    _count = 0

    def hearers(self, room: int, sender: Member) -> list[Member]:
        self._count += 1
        return [sender] if self._count % 4 == 0 else self.members(room)


@fault("SEND-02", "MEMB-02", rows=(16,))
class OncePerRoomInCommon(Hall):
    """A message reaches a member once for each room that it has in common with the sender."""

    def hearers(self, room: int, sender: Member) -> list[Member]:
        rooms = self.rooms_of(sender)
        return [
            each for each in self.members(room) for common in rooms if self.is_member(common, each)
        ]
