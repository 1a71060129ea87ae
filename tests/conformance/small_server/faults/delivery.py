"""Faults of sending and of order (sections 4.4, 5, 6.3 and 6.4)."""

# ruff: noqa: ARG002  a fault need not look at all that its rule looks at

import json

import trio

from tests.conformance.small_server import frames
from tests.conformance.small_server.commands import Commands
from tests.conformance.small_server.connection import Connection
from tests.conformance.small_server.faults.fault import fault
from tests.conformance.small_server.frames import Frame
from tests.conformance.small_server.hall import Hall, Member
from tests.conformance.small_server.limits import pause
from tests.conformance.small_server.store import Account

# Who gets it


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


# What it says


@fault("MSG-01", "FRAME-05", rows=(29,))
class MessagesWithoutRoom(Hall):
    """Room messages do not say of which room they are."""

    def message(self, room: int, text: str | None, username: str, msg_type: int) -> Frame:
        frame = super().message(room, text, username, msg_type)
        del frame["room"]
        return frame


@fault("MSG-01", "FRAME-05", rows=(29,))
class RoomsAreNumbers(Hall):
    """Room messages give the room as a number."""

    def message(self, room: int, text: str | None, username: str, msg_type: int) -> Frame:
        return {**super().message(room, text, username, msg_type), "room": room}


@fault("MSG-01")
class NamesInCapitals(Hall):
    """Names are given in another case than they are written in."""

    def message(self, room: int, text: str | None, username: str, msg_type: int) -> Frame:
        return super().message(room, text, username.title(), msg_type)


@fault("MSG-02", "FRAME-05", rows=(29,))
class AnnouncementsSaySomething(Hall):
    """ENTER and LEAVE carry a text."""

    def message(self, room: int, text: str | None, username: str, msg_type: int) -> Frame:
        return super().message(room, "" if text is None else text, username, msg_type)


@fault("MSG-03", "AUTH-05")
class NamesAsTheyWere(Hall):
    """Messages carry the name that the user had at the first one."""

    def __init__(self) -> None:
        super().__init__()
        self._names: dict[Member, str] = {}

    def send(self, room: int, text: str, member: Member, account: Account) -> None:
        name = self._names.setdefault(member, account.username)
        for each in self.hearers(room, member):
            each.say(self.message(room, text, name, frames.MESSAGE))


@fault("TYPE-01")
class EnterIsLeave(Hall):
    """The numbers of ENTER and LEAVE are swapped."""

    def message(self, room: int, text: str | None, username: str, msg_type: int) -> Frame:
        number = {frames.ENTER: frames.LEAVE, frames.LEAVE: frames.ENTER}.get(msg_type, msg_type)
        return super().message(room, text, username, number)


@fault("TYPE-01", "FRAME-05", rows=(29,))
class TypesAreStrings(Hall):
    """The type of a message is given as a string."""

    def message(self, room: int, text: str | None, username: str, msg_type: int) -> Frame:
        return {**super().message(room, text, username, msg_type), "msg_type": str(msg_type)}


@fault("TYPE-01", "TYPE-03")
class AnnouncementsAreMessages(Hall):
    """What the operator says is of type 0, whatever it asked for."""

    def speak(self, room: int, msg_type: int, text: str, username: str) -> None:
        super().speak(room, frames.MESSAGE, text, username)


@fault("TYPE-03")
class OneHearsTheOperator(Hall):
    """What the operator says reaches one member of the room alone."""

    def speak(self, room: int, msg_type: int, text: str, username: str) -> None:
        for member in self.members(room)[:1]:
            member.say(self.message(room, text, username, msg_type))


class _Spoofed(Connection):
    """Believes what a client says of itself; `member` names what."""

    member = ""
    _said: object = None

    def message(self, content: str | bytes) -> None:
        type(self)._said = _member(content, self.member)
        super().message(content)
        type(self)._said = None

    def say(self, frame: Frame) -> None:
        if "msg_type" in frame and type(self)._said is not None:
            frame = {**frame, self.member: type(self)._said}
        super().say(frame)


def _member(content: str | bytes, name: str) -> object:
    try:
        frame = json.loads(content)
    except (ValueError, RecursionError):
        return None
    return frame.get(name) if isinstance(frame, dict) else None


@fault("AUTH-07", "MSG-01", rows=(23,))
class NamesAreBelieved(_Spoofed):
    """The author of a message is who the client says it is."""

    member = "username"


@fault("TYPE-02", "AUTH-07", rows=(23,))
class TypesAreBelieved(_Spoofed):
    """The type of a message is what the client says it is."""

    member = "msg_type"


# In which order


@fault("ORDER-01")
class MessagesLater(Hall):
    """Others get a message only when the next command comes."""

    def __init__(self) -> None:
        super().__init__()
        self._late: list[tuple[Member, Frame]] = []

    def send(self, room: int, text: str, member: Member, account: Account) -> None:
        late, self._late = self._late, []
        frame = self.message(room, text, account.username, frames.MESSAGE)
        member.say(frame)
        self._late = [(each, frame) for each in self.members(room) if each is not member]
        for each, held in late:
            each.say(held)

    def leave(self, room: int, member: Member) -> None:
        super().leave(room, member)
        for each, held in self._late:
            each.say(held)
        self._late = []


@fault("ORDER-02", rows=(22,))
class ErrorsGoFirst(Connection):
    """Errors overtake what waits to be sent."""

    def say(self, frame: Frame) -> None:
        super().say(frame)
        if "error" in frame and not self.is_closing:
            self._outbox.rotate(1)


@fault("ORDER-02", "ORDER-03", rows=(19, 22))
class LastCommandFirst(Connection):
    """What comes in one piece is carried out from its end."""

    def __init__(self, *args: object) -> None:
        super().__init__(*args)  # type: ignore[arg-type]  # as they were given
        self._held: list[str | bytes] | None = None

    def _take(self, data: bytes) -> None:
        self._held = []
        super()._take(data)
        held, self._held = self._held, None
        for content in reversed(held):
            super().message(content)

    def message(self, content: str | bytes) -> None:
        if self._held is None:
            super().message(content)
        else:
            self._held.append(content)


class _HoldsBack(Connection):
    """Holds what others say back for a moment, and lets it go as `let_go` says."""

    def __init__(self, *args: object) -> None:
        super().__init__(*args)  # type: ignore[arg-type]  # as they were given
        self._held: list[Frame] = []
        self._is_holding = trio.Event()

    def say(self, frame: Frame) -> None:
        is_mine = self.account is not None and frame.get("username") == self.account.username
        if frame.get("msg_type") != frames.MESSAGE or is_mine:
            super().say(frame)
        else:
            self._held.append(frame)
            self._is_holding.set()

    async def run(self, early: bytes) -> None:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._let_go)
            await super().run(early)
            nursery.cancel_scope.cancel()

    async def _let_go(self) -> None:
        while True:
            await self._is_holding.wait()
            await pause(0.005)
            held, self._held = self._held, []
            self._is_holding = trio.Event()
            for frame in self.in_order(held):
                super().say(frame)

    def in_order(self, held: list[Frame]) -> list[Frame]:
        return held


@fault("ORDER-03", rows=(19,))
class OthersHearItBackwards(_HoldsBack):
    """What one sends fast reaches the others in the opposite order."""

    def in_order(self, held: list[Frame]) -> list[Frame]:
        return held[::-1]


@fault("ORDER-04", rows=(20,))
class OwnMessagesFirst(_HoldsBack):
    """The sender gets its own message at once, but others' a little later."""


@fault("ORDER-05", "JOIN-04", "DELIV-01", rows=(15, 17))
class JoinersMissTheThird(Hall):
    """A joiner misses the third message after its answer."""

    def __init__(self) -> None:
        super().__init__()
        self._heard: dict[tuple[int, Member], int] = {}

    def add(self, room: int, member: Member) -> None:
        super().add(room, member)
        self._heard[room, member] = 0

    def hearers(self, room: int, sender: Member) -> list[Member]:
        heard = []
        for member in self.members(room):
            self._heard[room, member] += 1
            if self._heard[room, member] != 3 or member is sender:
                heard.append(member)
        return heard


@fault("DELIV-01", rows=(14, 15))
class FullQueuesDropMessages(Connection):
    """When more than twenty frames wait for a member, the next ones are dropped."""

    def say(self, frame: Frame) -> None:
        if len(self._outbox) < 20 or "msg_type" not in frame:
            super().say(frame)


@fault("DELIV-02", rows=(13,))
class OneSlowReaderStallsAll(Connection):
    """Nothing is sent to anybody while there is a member that does not read."""

    async def transmit(self, data: bytes) -> None:
        lock = vars(self.server).setdefault("_one_at_a_time", trio.Lock())
        async with lock:
            await super().transmit(data)

    def too_slow(self) -> None:
        pass


@fault("DELIV-02", "CLOSE-06", rows=(13, 14))
class SlowReadersCostTheirRoom(Connection):
    """A member that does not read takes all others of its rooms with it."""

    def too_slow(self) -> None:
        for each in self.everybody:
            Connection.too_slow(each)
