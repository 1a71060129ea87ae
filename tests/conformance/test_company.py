"""Others on the same server, and the server's own doings, fail no story that is not about them."""

import pytest

from multichat_conformance.catalogue import catalogue
from multichat_conformance.running.telling import Told, tell
from tests.conformance.on_stage import context_of
from tests.conformance.small_server import frames, small_server
from tests.conformance.small_server.commands import Commands
from tests.conformance.small_server.connection import Connection
from tests.conformance.small_server.frames import Refused
from tests.conformance.small_server.hall import Hall, Member
from tests.conformance.small_server.store import Account, Room

CHECKS = {check.id: check for check in catalogue()}


async def told_on(check: str, *parts: type) -> Told:
    async with small_server(parts) as running:
        context = context_of(running.target)
        context.keeps_order = True
        return await tell(CHECKS[check], context)


class Crowded(Hall):
    """Has other people coming, talking and going all the time."""

    def crowd(self, room: int) -> None:
        for member in self.members(room):
            member.say(self.message(room, None, "mallory", frames.ENTER))
            member.say(self.message(room, "what a noise", "mallory", frames.MESSAGE))
            member.say(self.message(room, None, "mallory", frames.LEAVE))

    def join(self, room: Room, member: Member) -> None:
        self.crowd(room.id)
        super().join(room, member)
        self.crowd(room.id)

    def leave(self, room: int, member: Member) -> None:
        self.crowd(room)
        super().leave(room, member)

    def send(self, room: int, text: str, member: Member, account: Account) -> None:
        self.crowd(room)
        super().send(room, text, member, account)
        self.crowd(room)


@pytest.mark.parametrize(
    "check",
    [
        "leave.leaver-sees-its-own-leave-first",
        "order.commands-in-one-write-are-answered-in-order",
        "order.pipelined-commands-are-answered-in-order",
        "order.a-stay-has-no-gap",
        "announcements.joiner-sees-no-enter-of-its-own",
        "announcements.refused-commands-are-announced-to-nobody",
    ],
)
async def test_other_people_in_the_room_are_no_fault(check: str) -> None:
    told = await told_on(check, Crowded)

    assert (told.attempt.finding, told.trouble) == (None, "")
    assert told.notes == ("set aside: what 'mallory' did, who is not of the suite",)


class Welcomes(Hall):
    """Greets who enters by a message of type 3 (MC1-TYPE-03)."""

    def join(self, room: Room, member: Member) -> None:
        super().join(room, member)
        for each in self.members(room.id):
            each.say(self.message(room.id, "has entered", "alice", 3))


class Lobby(Connection):
    """Puts everybody who connects into a lobby, unasked (MC1-MEMB-04)."""

    async def run(self, early: bytes) -> None:
        if self.session is not None:
            self.say({"join": "77", "title": "lobby"})
        await super().run(early)


@pytest.mark.parametrize("part", [Welcomes, Lobby])
@pytest.mark.parametrize(
    "check",
    [
        "leave.one-can-come-back",
        "leave.leave-is-answered",
        "send.every-member-gets-it",
        "announcements.joiner-sees-no-enter-of-its-own",
    ],
)
async def test_what_the_server_may_do_on_its_own_account_is_no_fault(
    part: type, check: str
) -> None:
    told = await told_on(check, part)

    assert (told.attempt.finding, told.trouble) == (None, "")
    assert [note.partition(":")[0] for note in told.notes] == ["set aside"]


class AnnouncesNobody(Commands):
    """Refuses the join of nobody, and announces it as that of AnonymousUser."""

    def user(self, connection: Connection) -> Account:
        try:
            return super().user(connection)
        except Refused:
            for room in self.store.rooms:
                for member in self.hall.members(room):
                    member.say(self.hall.message(room, None, "AnonymousUser", frames.ENTER))
            raise


async def test_a_made_up_name_is_found() -> None:
    """Whoever enters just as often as nobody has been refused is nobody (MC1-ANN-05)."""
    told = await told_on("announcements.refused-commands-are-announced-to-nobody", AnnouncesNobody)

    assert told.attempt.finding is not None
    assert "'AnonymousUser' enter" in told.attempt.finding.summary


class Deaf(Hall):
    """Has the others hear the first message after each join, and nothing after that."""

    def __init__(self) -> None:
        super().__init__()
        self._heard: set[Member] = set()

    def join(self, room: Room, member: Member) -> None:
        self._heard.discard(member)
        super().join(room, member)

    def send(self, room: int, text: str, member: Member, account: Account) -> None:
        frame = self.message(room, text, account.username, frames.MESSAGE)
        for each in self.members(room):
            if each is member or each not in self._heard:
                self._heard.add(each)
                each.say(frame)


async def test_a_stay_in_which_little_was_heard_has_a_gap() -> None:
    """What was heard is without a gap, but far from all that was said (MC1-ORDER-05)."""
    told = await told_on("order.a-stay-has-no-gap", Deaf)

    assert told.attempt.finding is not None
    assert told.attempt.finding.clause == "MC1-ORDER-05"
