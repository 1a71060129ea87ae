"""The first look: order is believed once it was seen, between rooms too."""

import pytest
import trio

from multichat_conformance.context import Context
from multichat_conformance.running.preflight import look
from multichat_conformance.secrets import Redactor
from multichat_conformance.stage import Stage
from multichat_conformance.target import Target
from multichat_conformance.target.login import Sessions
from multichat_conformance.timing import RoundTrips, pause
from tests.conformance.on_stage import on_stage
from tests.conformance.small_server import frames, small_server
from tests.conformance.small_server.hall import Hall, Member
from tests.conformance.small_server.store import ROOMS, Account

FENCE = [id_ for id_, _, staff_only in ROOMS if not staff_only][-1]


def context_of(target: Target) -> Context:
    redactor = Redactor()
    return Context(target, redactor, Sessions(target, redactor, patience=5.0), RoundTrips(5.0))


def test_order_is_not_believed_before_it_was_seen() -> None:
    assert not context_of(Target("ws://127.0.0.1:9/")).keeps_order


class Lanes(Hall):
    """Each room has a lane of its own: in order within, and one slower than the others."""

    def send(self, room: int, text: str, member: Member, account: Account) -> None:
        assert self.is_member(room, member)
        frame = self.message(room, text, account.username, frames.MESSAGE)
        trio.lowlevel.spawn_system_task(self._later, room, frame, self.members(room))

    async def _later(self, room: int, frame: frames.Frame, hearers: list[Member]) -> None:
        await pause(0.0 if room == FENCE else 0.005)
        for each in hearers:
            each.say(frame)


class LeakyLanes(Lanes):
    """Who is in the room hears at once; what leaks to others comes when the lane comes to it."""

    def send(self, room: int, text: str, member: Member, account: Account) -> None:
        frame = self.message(room, text, account.username, frames.MESSAGE)
        for each in self.members(room):
            each.say(frame)
        others = [each for each in member.everybody if not self.is_member(room, each)]
        trio.lowlevel.spawn_system_task(self._later, room, frame, others)


@pytest.mark.parametrize(("parts", "kept"), [((), True), ((Lanes,), False), ((LeakyLanes,), False)])
async def test_order_between_rooms_is_looked_at(parts: tuple[type, ...], kept: bool) -> None:
    async with small_server(parts) as running:
        context = context_of(running.target)

        async def story(stage: Stage) -> None:
            await look(stage, context)

        told = await on_stage(running.target, story, context=context)

    assert (told.attempt.finding, told.trouble, told.not_tested) == (None, "", "")
    assert context.keeps_order is kept
