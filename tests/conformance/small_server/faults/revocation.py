"""Faults of losing access (section 9)."""

# ruff: noqa: ARG002  a fault need not look at all that its rule looks at

from tests.conformance.small_server import frames
from tests.conformance.small_server.connection import Connection
from tests.conformance.small_server.faults.fault import fault
from tests.conformance.small_server.hall import Hall, Member
from tests.conformance.small_server.server import Review
from tests.conformance.small_server.store import Account, Room, Session, Store


@fault("REVOKE-01", "REVOKE-02", "MEMB-04", rows=(4, 5))
class AccessIsForLife(Hall):
    """Who is in a room stays in it, whatever becomes of its rights."""

    def put_out(self, room: int, losers: list[Member]) -> None:
        pass


@fault("REVOKE-01", "REVOKE-02", rows=(4,))
class StaffRoomsAreForEntering(Review):
    """Who is in a room that is made a staff room, or is no longer staff, stays in it."""

    def may_stay(self, account: Account | None, room: Room | None) -> bool:
        return room is not None and account is not None and account.is_active


@fault("REVOKE-01", rows=(5,))
class DeletedRoomsGoOn(Review):
    """Who is in a room that is deleted stays in it."""

    def may_stay(self, account: Account | None, room: Room | None) -> bool:
        return room is None or super().may_stay(account, room)


@fault("REVOKE-05", "REVOKE-01", rows=(4,))
class DeactivatedUsersStay(Review):
    """Who is deactivated or deleted stays in its rooms."""

    def may_stay(self, account: Account | None, room: Room | None) -> bool:
        if room is None or account is None:
            return False
        return account.is_staff or not room.staff_only


@fault("REVOKE-05", "AUTH-05", rows=(4,))
class DeactivatedUsersMayJoin(Store):
    """Who is deactivated or deleted loses its rooms, but may join again."""

    def user(self, session: Session | None) -> Account | None:
        self.reach()
        return None if session is None or session.has_ended else session.account


@fault("REVOKE-01")
class PutOutWithoutAWord(Hall):
    """Who is put out of a room is not told."""

    def put_out(self, room: int, losers: list[Member]) -> None:
        for member in losers:
            self.remove(room, member)
        for member in losers:
            self.announce_leave(room, member, to=self.members(room))


@fault("REVOKE-02", rows=(4, 5))
class PutOutInName(Hall):
    """Who is put out of a room is told so, and goes on getting its messages."""

    def __init__(self) -> None:
        super().__init__()
        self._ghosts: list[tuple[int, Member]] = []

    def put_out(self, room: int, losers: list[Member]) -> None:
        super().put_out(room, losers)
        self._ghosts += [(room, member) for member in losers]

    def hearers(self, room: int, sender: Member) -> list[Member]:
        ghosts = [member for lost, member in self._ghosts if lost == room]
        return super().hearers(room, sender) + ghosts


@fault("REVOKE-03")
class PutOutUnannounced(Hall):
    """Those who remain in a room are not told who was put out."""

    def put_out(self, room: int, losers: list[Member]) -> None:
        for member in losers:
            self.remove(room, member)
            member.say(frames.left(room))


@fault("REVOKE-03")
class PutOutHearsItsLeave(Hall):
    """Who is put out gets its own LEAVE."""

    def put_out(self, room: int, losers: list[Member]) -> None:
        for member in losers:
            self.announce_leave(room, member, to=[member])
        super().put_out(room, losers)


@fault("REVOKE-04")
class PutOutIsClosed(Hall):
    """Who is put out of one room loses the connection."""

    def put_out(self, room: int, losers: list[Member]) -> None:
        super().put_out(room, losers)
        for member in losers:
            member.close(1008, "put out")  # type: ignore[attr-defined]  # a connection has it


@fault("REVOKE-04")
class PutOutOfAllRooms(Hall):
    """Who is put out of one room is out of all."""

    def put_out(self, room: int, losers: list[Member]) -> None:
        super().put_out(room, losers)
        for member in losers:
            self.end(member, told=True)


@fault("REVOKE-07", "REVOKE-03")
class PutOutOneByOne(Hall):
    """Those who are put out together get the LEAVE of each other."""

    def put_out(self, room: int, losers: list[Member]) -> None:
        for member in losers:
            self.remove(room, member)
            member.say(frames.left(room))
            self.announce_leave(room, member, to=self.members(room))


@fault("REVOKE-06", rows=(4,))
class LogoutChangesNothing(Review):
    """The connections of a session that has ended go on."""

    def end_session(self, connection: Connection) -> None:
        pass


@fault("REVOKE-06", "AUTH-05", rows=(12,), also=(LogoutChangesNothing,))
class SessionsAreForLife(Store):
    """A connection may go on with a session that has ended."""

    def user(self, session: Session | None) -> Account | None:
        self.reach()
        return session.account if session is not None and session.account.is_active else None


@fault("REVOKE-06")
class LogoutIsNormal(Review):
    """The connections of a session that has ended are closed with 1000."""

    def end_session(self, connection: Connection) -> None:
        connection.close(1000, "good-bye")


@fault("REVOKE-06")
class LogoutLeavesFirst(Review):
    """A session that has ended puts its connections out of their rooms before they are closed."""

    def end_session(self, connection: Connection) -> None:
        for room in self.server.hall.rooms_of(connection):
            self.server.hall.put_out(room, [connection])
        super().end_session(connection)


@fault("REVOKE-06", "MEMB-03", rows=(6,))
class LogoutLeavesGhosts(Connection):
    """A connection whose session has ended is closed, and its LEAVE is never told."""

    def close(self, code: int | None, reason: str = "", *, told: bool = True) -> None:
        super().close(code, reason, told=told and code != 1008)


@fault("REVOKE-06")
class NewPasswordOldSessions(Store):
    """A change of the password does not end the sessions that there are."""

    def sessions_of(self, account: Account) -> list[Session]:
        return []


@fault("REVOKE-06", rows=(12,))
class ExpiryIsSeenByNobody(Store):
    """A session that runs out of time is not looked at again while its connections are open."""

    def expire(self, session: Session) -> None:
        del self.sessions[session.key]
