"""Faults of the end of a connection (section 10)."""

# ruff: noqa: ARG002  a fault need not look at all that its rule looks at

import trio

from tests.conformance.small_server.connection import Connection
from tests.conformance.small_server.faults.fault import fault
from tests.conformance.small_server.framing import Broken, Closed, Message
from tests.conformance.small_server.hall import Hall, Member
from tests.conformance.small_server.limits import pause
from tests.conformance.small_server.server import Review


@fault("END-01", rows=(6, 24))
class EndsAreNotAnnounced(Hall):
    """The rooms of a connection that ends are not told."""

    def end(self, member: Member, *, told: bool) -> None:
        super().end(member, told=False)


@fault("END-01", "MEMB-03", rows=(6, 42))
class GhostsWithoutACloseFrame(Connection):
    """A connection that ends without a close frame stays in its rooms."""

    def ended(self) -> None:
        pass


@fault("END-01", rows=(6,))
class EndsByCloseFrameAreNotAnnounced(Connection):
    """The rooms of a connection that ends with a close frame are not told."""

    def closed(self, code: int | None) -> None:
        self.end_memberships(told=False)
        super().closed(code)


@fault("END-01", rows=(24,))
class OneRoomIsTold(Hall):
    """Of the rooms of a connection that ends only one is told."""

    def end(self, member: Member, *, told: bool) -> None:
        for room in self.rooms_of(member)[1:]:
            self.remove(room, member)
        super().end(member, told=told)


@fault("END-01", rows=(24,))
class EndsAreAnnouncedTwice(Connection):
    """The LEAVE of a connection that ends is told at its close frame and at its end."""

    def end_memberships(self, *, told: bool) -> None:
        rooms = self.server.hall.rooms_of(self)
        super().end_memberships(told=told)
        for room in rooms:
            hall = self.server.hall
            hall.announce_leave(room, self, to=hall.members(room))


@fault("END-01", rows=(26,))
class LastOneLeaves(Hall):
    """The end of a connection is told only when it was the user's last one in the room."""

    def end(self, member: Member, *, told: bool) -> None:
        for room in self.rooms_of(member):
            others = [each for each in self.members(room) if each is not member]
            if any(each.account is member.account for each in others):
                self.remove(room, member)
        super().end(member, told=told)


@fault("END-02", rows=(39,))
class TheVanishedStay(Connection):
    """A peer that vanished is not noticed."""

    def vanished(self) -> None:
        pass


@fault("END-02", rows=(6, 39))
class TheVanishedAreNotAnnounced(Connection):
    """A peer that vanished is noticed, but its rooms are not told."""

    def vanished(self) -> None:
        self.end_memberships(told=False)
        super().vanished()


@fault("END-03", rows=(15,))
class LastWordsAreLost(Connection):
    """What comes right before a close frame is lost."""

    def _take(self, data: bytes) -> None:
        try:
            events = list(self._framing.receive(data))
        except Broken as broken:
            self.broken(broken)
            return
        is_end = any(isinstance(event, Closed) for event in events)
        for event in events:
            if not (is_end and isinstance(event, Message)):
                self.event(event)


@fault("END-03", rows=(15,))
class WordsBeforeTheEndAreLost(Connection):
    """What is not yet carried out when the stream ends is lost."""

    def __init__(self, *args: object) -> None:
        super().__init__(*args)  # type: ignore[arg-type]  # as they were given
        self._waiting: list[str | bytes] = []

    async def run(self, early: bytes) -> None:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._carry_out)
            await super().run(early)
            nursery.cancel_scope.cancel()

    async def _carry_out(self) -> None:
        while True:
            await pause(0.01)
            waiting, self._waiting = self._waiting, []
            for content in waiting:
                super().message(content)

    def message(self, content: str | bytes) -> None:
        self._waiting.append(content)


@fault("MEMB-01", "MEMB-03", rows=(26,))
class EndIsTheUsers(Hall):
    """The end of a connection ends the memberships of all connections of the user."""

    def end(self, member: Member, *, told: bool) -> None:
        rooms = self.rooms_of(member)
        super().end(member, told=told)
        for room in rooms:
            for each in self.members(room):
                if each.account is member.account:
                    self.remove(room, each)


@fault("CLOSE-01")
class CloseIsNotAnswered(Connection):
    """A close frame is not answered, though the TCP connection is ended."""

    def closed(self, code: int | None) -> None:
        self.is_closing = True
        self.end_memberships(told=True)
        self._something_to_write.set()
        self._no_more_from_client.set()
        self.bound_the_end()


@fault("CLOSE-01")
class CloseIsNotTheEnd(Connection):
    """A close frame is answered, but the TCP connection stays."""

    def bound_the_end(self, seconds: float | None = None) -> None:
        pass

    async def end_stream(self) -> None:
        pass


@fault("CLOSE-01")
class CloseWithoutCodeIsCutOff(Connection):
    """A close frame without a code is not answered."""

    def put_close(self, code: int | None, reason: str) -> None:
        if code is not None:
            super().put_close(code, reason)


@fault("CLOSE-02")
class EndsWithoutACloseFrame(Connection):
    """The server ends connections without a close frame."""

    def put_close(self, code: int | None, reason: str) -> None:
        if not reason:
            super().put_close(code, reason)


@fault("CLOSE-03", rows=(39,))
class WaitsForTheCloseFrame(Connection):
    """A client's part of the closing handshake is waited for without end."""

    def bound_the_end(self, seconds: float | None = None) -> None:
        pass

    def broken(self, broken: Broken) -> None:
        self.close(broken.code, broken.reason)


@fault("CLOSE-04", "CLOSE-05", "CLOSE-06", "FRAME-06", "LIMIT-02")
class EverythingIsAViolation(Connection):
    """Every close of the server's own has the code 1008."""

    def close(self, code: int | None, reason: str = "", *, told: bool = True) -> None:
        super().close(1008 if reason else code, reason, told=told)


@fault("CLOSE-05", rows=(40,))
class StopsWithoutAWord(Review):
    """A server that stops cuts everybody off."""

    def stop(self, connection: Connection) -> None:
        connection.cut()


@fault("CLOSE-05")
class StopGoesAway(Review):
    """A server that stops says 1001, not 1012."""

    def stop(self, connection: Connection) -> None:
        connection.close(1001, "the server stops", told=False)


@fault("CLOSE-05", rows=(40,))
class StopWaitsForEverybody(Review):
    """A server that stops waits for its clients without end."""

    def stop_seconds(self) -> float:
        return float("inf")

    def stop(self, connection: Connection) -> None:
        super().stop(connection)
        connection.bound_the_end(float("inf"))


@fault("END-01", "CLOSE-05")
class StopIsAnnounced(Review):
    """A server that stops tells those who are still there who has gone already."""

    def stop(self, connection: Connection) -> None:
        connection.close(1012, "the server stops", told=True)


@fault("CLOSE-06", rows=(14,))
class BacklogOfAnySize(Connection):
    """A member that does not read is kept, and what it is owed with it."""

    def too_slow(self) -> None:
        pass


@fault("CLOSE-06")
class TooSlowIsNormal(Connection):
    """A member that reads too slowly is ended with 1000, not 1013."""

    def too_slow(self) -> None:
        self._outbox.clear()
        self.close(1000, "it reads too slowly")


@fault("CLOSE-06")
class TooSlowWithoutReason(Connection):
    """A member that reads too slowly is not told the reason of its end."""

    def too_slow(self) -> None:
        self._outbox.clear()
        self.close(1013)


@fault("CLOSE-06", "END-01", rows=(6, 14))
class TooSlowIsNotAnnounced(Connection):
    """The rooms of a member that reads too slowly are not told of its end."""

    def too_slow(self) -> None:
        self.end_memberships(told=False)
        super().too_slow()


@fault("CLOSE-06")
class TheSlowAreCutOff(Connection):
    """A member that reads too slowly is cut off without a close frame."""

    def too_slow(self) -> None:
        self.cut()


@fault("CLOSE-07")
class LastWordsAfterTheEnd(Connection):
    """What a client sends after its close frame is carried out."""

    def closed(self, code: int | None) -> None:
        self._closed_with = code
        self._has_closed = True

    _has_closed = False

    def _take(self, data: bytes) -> None:
        super()._take(data)
        if self._has_closed:
            super().closed(self._closed_with)
