"""Faults of order, and of what slow readers get (sections 6.3 and 6.4)."""

import trio

from tests.conformance.small_server import frames
from tests.conformance.small_server.commands import Commands
from tests.conformance.small_server.connection import Connection
from tests.conformance.small_server.faults.fault import fault
from tests.conformance.small_server.frames import Frame, Refused
from tests.conformance.small_server.hall import Hall, Member
from tests.conformance.small_server.limits import pause
from tests.conformance.small_server.reading import Command
from tests.conformance.small_server.store import Account


@fault("ORDER-01", "ORDER-02", rows=(22,))
class JoinsTakeEffectLater(Commands):
    """A join is answered before it is carried out: the first send after it finds a stranger."""

    def join(self, connection: Connection, command: Command) -> None:
        is_new = not self.hall.is_member(command.room, connection)
        super().join(connection, command)
        if is_new:
            vars(connection).setdefault("new", set()).add(command.room)

    def check_membership(self, connection: Connection, room: int) -> None:
        super().check_membership(connection, room)
        if room in vars(connection).get("new", ()):
            vars(connection)["new"].remove(room)
            raise Refused("ROOM_ACCESS_DENIED", "not yet")


@fault("SEND-01", "JOIN-04", "ORDER-05")
class EveryOtherMessage(Hall):
    """Every other message does not reach those who did not write it."""

    _count = 0

    def hearers(self, room: int, sender: Member) -> list[Member]:
        self._count += 1
        return [sender] if self._count % 2 == 0 else self.members(room)


@fault("SEND-01", "JOIN-04")
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
