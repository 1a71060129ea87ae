"""Faults of ENTER and LEAVE (section 6.2)."""

# ruff: noqa: ARG002  a fault need not look at all that its rule looks at

from collections.abc import Collection

from tests.conformance.small_server import frames
from tests.conformance.small_server.commands import Commands
from tests.conformance.small_server.connection import Connection
from tests.conformance.small_server.faults.fault import fault
from tests.conformance.small_server.frames import Refused
from tests.conformance.small_server.hall import Hall, Member
from tests.conformance.small_server.reading import Command
from tests.conformance.small_server.store import Account, Room


@fault("ANN-01", "ANN-04", rows=(24,))
class NoEnter(Hall):
    """Nobody is told who enters, though they are told who leaves."""

    def announce_enter(self, room: int, member: Member) -> None:
        pass


@fault("ANN-01", rows=(26,))
class EnterOncePerUser(Hall):
    """A second connection of a user enters without a word."""

    def announce_enter(self, room: int, member: Member) -> None:
        if all(each.account is not member.account for each in self.members(room)):
            super().announce_enter(room, member)


@fault("ANN-01", "MSG-01", rows=(24,))
class EnterNamesTheListener(Hall):
    """An ENTER carries the name of who gets it."""

    def announce_enter(self, room: int, member: Member) -> None:
        for each in self.members(room):
            each.say(self.message(room, None, self.name_of(each), frames.ENTER))


@fault("ANN-01", rows=(24,))
class EnterTwice(Hall):
    """An ENTER is sent twice."""

    def announce_enter(self, room: int, member: Member) -> None:
        super().announce_enter(room, member)
        super().announce_enter(room, member)


@fault("ANN-02")
class OwnEnterIsHeard(Hall):
    """Who joins gets its own ENTER."""

    def join(self, room: Room, member: Member) -> None:
        is_new = not self.is_member(room.id, member)
        super().join(room, member)
        if is_new:
            member.say(self.message(room.id, None, self.name_of(member), frames.ENTER))


@fault("ANN-02", "JOIN-05")
class OwnEnterIsHeardBefore(Hall):
    """Who joins gets its own ENTER, before the answer."""

    def announce_enter(self, room: int, member: Member) -> None:
        super().announce_enter(room, member)
        member.say(self.message(room, None, self.name_of(member), frames.ENTER))


@fault("ANN-03", "ANN-04", rows=(24,))
class LeaveIsHeardByTheLeaverAlone(Hall):
    """A LEAVE by command is sent to the one who leaves, and to nobody else."""

    def leave(self, room: int, member: Member) -> None:
        if self.is_member(room, member):
            self.announce_leave(room, member, to=[member])
            self.remove(room, member)
        member.say(frames.left(room))


@fault("ANN-03", "MSG-01", rows=(24,))
class LeaveNamesTheListener(Hall):
    """A LEAVE carries the name of who gets it."""

    def announce_leave(self, room: int, member: Member, *, to: Collection[Member]) -> None:
        for each in to:
            each.say(self.message(room, None, self.name_of(each), frames.LEAVE))


@fault("ANN-03", "END-01", rows=(24,))
class LeaveTwice(Hall):
    """A LEAVE is sent twice."""

    def announce_leave(self, room: int, member: Member, *, to: Collection[Member]) -> None:
        super().announce_leave(room, member, to=to)
        super().announce_leave(room, member, to=to)


@fault("ANN-04", rows=(24,))
class AnnouncesSometimes(Hall):
    """Every other ENTER is left out, as a server that coalesces presence does."""

    _count = 0

    def announce_enter(self, room: int, member: Member) -> None:
        self._count += 1
        if self._count % 2:
            super().announce_enter(room, member)


@fault("ANN-05")
class RefusedJoinIsAnnounced(Commands):
    """A join is announced before it is refused."""

    def check_access(self, connection: Connection, account: Account, room: Room) -> None:
        try:
            super().check_access(connection, account, room)
        except Refused:
            self.hall.announce_enter(room.id, connection)
            raise


@fault("ANN-05", "ROOM-06")
class UnknownCommandsAreAnnounced(Commands):
    """A join of a room that does not exist is announced in all others."""

    def join(self, connection: Connection, command: Command) -> None:
        if self.store.room(command.room) is None:
            for room in list(self.hall.rooms):
                self.hall.announce_enter(room, connection)
        super().join(connection, command)
