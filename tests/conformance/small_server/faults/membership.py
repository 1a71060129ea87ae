"""Faults of joining, leaving and membership (sections 4.2, 4.3 and 6.1)."""

# ruff: noqa: ARG002  a fault need not look at all that its rule looks at

import html
from weakref import WeakKeyDictionary

from tests.conformance.small_server import frames
from tests.conformance.small_server.connection import Connection
from tests.conformance.small_server.faults.fault import fault
from tests.conformance.small_server.frames import Frame, Refused
from tests.conformance.small_server.hall import Hall, Member
from tests.conformance.small_server.store import Account, Room


@fault("JOIN-02", "ERR-01", rows=(28,))
class JoinIsNotAnswered(Hall):
    """A join is carried out, but not answered."""

    def join(self, room: Room, member: Member) -> None:
        self.announce_enter(room.id, member)
        self.add(room.id, member)


@fault("JOIN-02", "FRAME-05")
class JoinIsAnsweredWithoutTitle(Hall):
    """The answer to a join lacks the title."""

    def joined(self, room: Room) -> Frame:
        return {"join": str(room.id)}


@fault("JOIN-03")
class TitlesAreEscaped(Hall):
    """Markup in titles is escaped by the server."""

    def joined(self, room: Room) -> Frame:
        return {**super().joined(room), "title": html.escape(room.title)}


@fault("JOIN-04", rows=(17,))
class MemberAfterTheAnswer(Hall):
    """A joiner becomes a member only with the next thing that happens after the answer."""

    def __init__(self) -> None:
        super().__init__()
        self._late: list[tuple[int, Member]] = []

    def add(self, room: int, member: Member) -> None:
        self._late.append((room, member))

    def catch_up(self) -> None:
        for room, member in self._late:
            super().add(room, member)
        self._late.clear()

    def is_member(self, room: int, member: Member) -> bool:
        return (room, member) in self._late or super().is_member(room, member)

    def send(self, room: int, text: str, member: Member, account: Account) -> None:
        super().send(room, text, member, account)
        self.catch_up()

    def join(self, room: Room, member: Member) -> None:
        self.catch_up()
        super().join(room, member)

    def leave(self, room: int, member: Member) -> None:
        self.catch_up()
        super().leave(room, member)

    def hearers(self, room: int, sender: Member) -> list[Member]:
        # Who sends is a member for itself already; the gap is what others send.
        late = [member for late, member in self._late if late == room and member is sender]
        return super().hearers(room, sender) + late


@fault("JOIN-05", "JOIN-02")
class MemberBeforeTheAnswer(Hall):
    """The answer to a join comes only with the first message of the room."""

    def __init__(self) -> None:
        super().__init__()
        self._owed: list[tuple[int, Member, Frame]] = []

    def join(self, room: Room, member: Member) -> None:
        if self.is_member(room.id, member) or not self.members(room.id):
            super().join(room, member)
            return
        self.announce_enter(room.id, member)
        self.add(room.id, member)
        self._owed.append((room.id, member, self.joined(room)))

    def send(self, room: int, text: str, member: Member, account: Account) -> None:
        super().send(room, text, member, account)
        for _, joiner, frame in self._owed:
            joiner.say(frame)
        self._owed.clear()


@fault("JOIN-06")
class SecondJoinIsAnError(Hall):
    """A second join of a room is refused."""

    def answer_second_join(self, room: Room, member: Member) -> None:
        raise Refused("ROOM_ACCESS_DENIED", "in it already")


@fault("JOIN-07", "ANN-05", rows=(26,))
class SecondJoinIsAnnounced(Hall):
    """A second join of a room is announced again."""

    def answer_second_join(self, room: Room, member: Member) -> None:
        for each in self.members(room.id):
            if each is not member:
                each.say(self.message(room.id, None, self.name_of(member), frames.ENTER))
        super().answer_second_join(room, member)


@fault("JOIN-07", rows=(16,))
class SecondJoinDoublesMessages(Hall):
    """Who joins twice gets each message twice."""

    def __init__(self) -> None:
        super().__init__()
        self._twice: set[tuple[int, Member]] = set()

    def answer_second_join(self, room: Room, member: Member) -> None:
        self._twice.add((room.id, member))
        super().answer_second_join(room, member)

    def hearers(self, room: int, sender: Member) -> list[Member]:
        heard = super().hearers(room, sender)
        return heard + [member for member in heard if (room, member) in self._twice]


@fault("JOIN-07", rows=(8,))
class JoinsAreCounted(Hall):
    """Who joins twice has to leave twice."""

    def __init__(self) -> None:
        super().__init__()
        self._more: list[tuple[int, Member]] = []

    def answer_second_join(self, room: Room, member: Member) -> None:
        self._more.append((room.id, member))
        super().answer_second_join(room, member)

    def leave(self, room: int, member: Member) -> None:
        if (room, member) in self._more:
            self._more.remove((room, member))
            member.say(frames.left(room))
        else:
            super().leave(room, member)


@fault("JOIN-07", "JOIN-06")
class SecondJoinLeaves(Hall):
    """A second join of a room ends the membership."""

    def answer_second_join(self, room: Room, member: Member) -> None:
        self.remove(room.id, member)
        super().answer_second_join(room, member)


@fault("LEAVE-02", "ERR-01", rows=(28,))
class LeaveIsNotAnswered(Hall):
    """A leave is carried out, but not answered."""

    def leave(self, room: int, member: Member) -> None:
        if self.is_member(room, member):
            self.announce_leave(room, member, to=self.members(room))
            self.remove(room, member)


@fault("LEAVE-03", rows=(18,))
class LeaveIsSlow(Hall):
    """Who has left gets the next message of the room still."""

    def __init__(self) -> None:
        super().__init__()
        self._just_left: list[tuple[int, Member]] = []

    def leave(self, room: int, member: Member) -> None:
        if self.is_member(room, member):
            self._just_left.append((room, member))
        super().leave(room, member)

    def hearers(self, room: int, sender: Member) -> list[Member]:
        late = [member for left, member in self._just_left if left == room]
        self._just_left = [each for each in self._just_left if each[0] != room]
        return super().hearers(room, sender) + late


@fault("LEAVE-03", "SEND-03", rows=(18,))
class LeaveDoesNothing(Hall):
    """A leave is announced and answered, but the membership goes on."""

    def leave(self, room: int, member: Member) -> None:
        if self.is_member(room, member):
            self.announce_leave(room, member, to=self.members(room))
        member.say(frames.left(room))


@fault("LEAVE-04")
class OwnLeaveIsNotHeard(Hall):
    """Who leaves does not get its own LEAVE."""

    def leave(self, room: int, member: Member) -> None:
        was_member = self.is_member(room, member)
        self.remove(room, member)
        if was_member:
            self.announce_leave(room, member, to=self.members(room))
        member.say(frames.left(room))


@fault("LEAVE-04", "LEAVE-03")
class OwnLeaveIsLate(Hall):
    """Who leaves gets its own LEAVE after the answer."""

    def leave(self, room: int, member: Member) -> None:
        member.say(frames.left(room))
        if self.is_member(room, member):
            self.announce_leave(room, member, to=self.members(room))
            self.remove(room, member)


@fault("LEAVE-05")
class StrangersLeaveIsAnError(Hall):
    """A leave of a room that one is not in is refused."""

    def leave(self, room: int, member: Member) -> None:
        if not self.is_member(room, member):
            raise Refused("ROOM_ACCESS_DENIED", "not in it")
        super().leave(room, member)


@fault("LEAVE-06", "ANN-05", rows=(25,))
class StrangersLeaveIsAnnounced(Hall):
    """A leave of a room that one is not in is announced."""

    def leave(self, room: int, member: Member) -> None:
        if not self.is_member(room, member):
            self.announce_leave(room, member, to=self.members(room))
        super().leave(room, member)


@fault("MEMB-01", rows=(1,))
class MembershipIsTheUsers(Hall):
    """All connections of a user are in a room when one is."""

    def is_member(self, room: int, member: Member) -> bool:
        return any(each.account is member.account for each in self.members(room))

    def hearers(self, room: int, sender: Member) -> list[Member]:
        accounts = [each.account for each in self.members(room)]
        return [each for each in sender.everybody if each.account in accounts]


@fault("MEMB-01", rows=(1,))
class JoinIsOfOpenConnections(Hall):
    """A join makes all connections members that its user has open at that time."""

    def add(self, room: int, member: Member) -> None:
        for each in member.everybody:
            if each is member or each.account is member.account is not None:
                super().add(room, each)


@fault("MEMB-01", rows=(26,))
class LeaveIsTheUsers(Hall):
    """A leave ends the memberships of all connections of the user."""

    def leave(self, room: int, member: Member) -> None:
        super().leave(room, member)
        for each in self.members(room):
            if each.account is member.account:
                self.remove(room, each)


@fault("MEMB-02")
class LeaveIsOfAllRooms(Hall):
    """A leave of one room ends the memberships of all others, too."""

    def leave(self, room: int, member: Member) -> None:
        super().leave(room, member)
        for other in self.rooms_of(member):
            self.remove(other, member)


@fault("MEMB-02")
class OneRoomAtATime(Hall):
    """A join of a room ends the membership of the room before."""

    def join(self, room: Room, member: Member) -> None:
        for other in self.rooms_of(member):
            if other != room.id:
                self.remove(other, member)
        super().join(room, member)


@fault("MEMB-02", "MSG-01", "ROOM-05")
class MessagesNameTheLastRoom(Connection):
    """Room messages name the room that was joined last."""

    _last = ""

    def say(self, frame: Frame) -> None:
        self._last = frame.get("join", self._last)
        super().say({**frame, "room": self._last} if "msg_type" in frame else frame)


@fault("MEMB-03", rows=(40,))
class MembershipOutlivesTheConnection(Hall):
    """Who connects again is in the rooms of before."""

    def __init__(self) -> None:
        super().__init__()
        self._was: WeakKeyDictionary[Account, set[int]] = WeakKeyDictionary()

    def end(self, member: Member, *, told: bool) -> None:
        if member.account is not None:
            self._was.setdefault(member.account, set()).update(self.rooms_of(member))
        super().end(member, told=told)

    def is_member(self, room: int, member: Member) -> bool:
        was = self._was.get(member.account, set()) if member.account is not None else set()
        return room in was or super().is_member(room, member)
