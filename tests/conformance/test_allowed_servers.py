"""Servers that the clauses allow, if they are unusual, and that no check may accuse."""

import base64
from dataclasses import replace
from typing import Any

import pytest
import trio

from multichat_conformance.catalogue import find
from multichat_conformance.checks.authentication import changed
from multichat_conformance.context import Context
from multichat_conformance.outcomes import Outcome
from multichat_conformance.running.options import Options
from multichat_conformance.running.run import Run
from multichat_conformance.running.telling import Told, tell
from multichat_conformance.target import Target
from tests.conformance.on_stage import context_of
from tests.conformance.small_server.commands import Commands
from tests.conformance.small_server.connection import Connection
from tests.conformance.small_server.frames import Frame, Refused
from tests.conformance.small_server.hall import Hall, Member
from tests.conformance.small_server.handshake import Handshake
from tests.conformance.small_server.limits import Limits
from tests.conformance.small_server.running import small_server
from tests.conformance.small_server.threaded import served


async def found_by(name: str, target: Target, **known: Any) -> Told:
    """Tell the story of a check once."""
    check = find(name)
    assert check is not None
    context: Context = replace(context_of(target, patience=2.0), **known)
    told = await tell(check, context)
    assert not told.trouble
    assert not told.not_tested
    return told


async def test_a_burst_may_be_32_commands_exactly() -> None:
    """MC1-LIMIT-06 promises no more, so the check that sends them sends nothing besides."""
    limits = Limits(command_burst=32, command_rate=0.001)
    async with small_server(limits=limits) as running:
        told = await found_by("limits.burst-of-32-commands", running.target)

    assert told.attempt.finding is None


async def test_a_burst_of_31_is_too_small() -> None:
    limits = Limits(command_burst=31, command_rate=0.001)
    async with small_server(limits=limits) as running:
        told = await found_by("limits.burst-of-32-commands", running.target)

    assert told.attempt.finding is not None


@pytest.mark.parametrize(
    "name",
    [
        "membership.one-connection-is-in-two-rooms",
        "send.former-memberships-double-nothing",
        "model.rooms-in-closed-loop",
        "connection_end.close-frame-is-told",
    ],
)
def test_a_connection_may_be_limited_to_two_rooms(name: str) -> None:
    """What needs more rooms, the fence's included, is not told."""
    check = find(name)
    assert check is not None
    with served(limits=Limits(rooms_per_connection=2)) as target:
        run = Run(target, Options(seed=3, patience=2.0), lambda _: None)
        assert run.begin([]), run.trouble
        result = run.play(check)
        run.finish()

    wanted = Outcome.PASS if check.needs.rooms == 2 else Outcome.NOT_TESTED
    assert (result.outcome, result.attempts[1:]) == (wanted, ()), result.reason


class AnswersTwice(Connection):
    """Says each error twice."""

    def say(self, frame: Frame) -> None:
        for _ in range(1 + ("error" in frame)):
            super().say(frame)


async def test_an_answer_too_many_behind_a_burst_is_seen() -> None:
    async with small_server((AnswersTwice,)) as running:
        told = await found_by("limits.burst-of-32-commands", running.target)

    assert told.attempt.finding is not None
    assert "more than an answer to each command" in told.attempt.finding.summary


class AnswersTheLastPing(Connection):
    """Answers the last ping of what one read brings (RFC 6455, section 5.5.3)."""

    asked: bytes | None = None

    def pong(self, payload: bytes) -> None:
        self.asked = payload

    def _take(self, data: bytes) -> None:
        super()._take(data)
        if self.asked is not None:
            super().pong(self.asked)
            self.asked = None


class AnswersTheFirstPing(AnswersTheLastPing):
    """Answers the first ping of what one read brings, which nothing allows."""

    def pong(self, payload: bytes) -> None:
        self.asked = payload if self.asked is None else self.asked


PINGS = "frames.frame-may-come-in-pieces-and-with-others"


async def test_one_pong_may_answer_two_pings() -> None:
    async with small_server((AnswersTheLastPing,)) as running:
        told = await found_by(PINGS, running.target)

    assert told.attempt.finding is None


async def test_one_pong_must_answer_the_last_ping() -> None:
    async with small_server((AnswersTheFirstPing,)) as running:
        told = await found_by(PINGS, running.target)

    assert told.attempt.finding is not None
    assert told.attempt.finding.clause == "MC1-FRAME-08"


class StoresLater(Commands):
    """Stores a membership a moment after the answer, as the original of 2016 may."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.stored: set[tuple[Member, int]] = set()

    def join(self, connection: Connection, command: Any) -> None:
        super().join(connection, command)

        async def store() -> None:
            with trio.move_on_after(0.02):
                await trio.sleep_forever()
            self.stored.add((connection, command.room))

        trio.lowlevel.spawn_system_task(store)

    def check_membership(self, connection: Connection, room: int) -> None:
        if (connection, room) not in self.stored:
            raise Refused("ROOM_ACCESS_DENIED", "this connection is not in the room")


async def test_where_order_is_not_kept_a_membership_may_come_late() -> None:
    async with small_server((StoresLater,)) as running:
        told = await found_by(
            "frames.unknown-strings-are-ignored", running.target, keeps_order=False
        )

    assert told.attempt.finding is None


class DropsForNewcomers(Hall):
    """What is said gets to the speaker and to whoever came first."""

    def hearers(self, room: int, sender: Member) -> list[Member]:
        hearers = super().hearers(room, sender)
        return [one for one in hearers if one is sender or one is hearers[0]]


async def test_a_stay_in_which_nothing_is_heard_has_a_gap() -> None:
    """MC1-ORDER-05: what is surely said during the stay must be heard, too."""
    async with small_server((DropsForNewcomers,)) as running:
        told = await found_by("order.a-stay-has-no-gap", running.target)

    assert told.attempt.finding is not None
    assert told.attempt.finding.got == ""


class IsElsewhere(Handshake):
    """Has the chat at another path."""

    def is_ours(self, path: str) -> bool:
        return path == "/talk/"


async def test_a_target_at_another_path_does_not_fulfil_the_clause_about_the_path() -> None:
    """MC1-HAND-01; all else is judged where it is."""
    async with small_server((IsElsewhere,)) as running:
        url = running.target.url.replace("/chat/stream/", "/talk/")
        target = replace(running.target, url=url)
        told = await found_by("handshake.handshake-is-accepted", target)
        other = await found_by("join.open-room-is-joined", target)

    assert told.attempt.finding is not None
    assert told.attempt.finding.summary == "a handshake at /chat/stream/ was not accepted"
    assert other.attempt.finding is None


@pytest.mark.parametrize("key", [b"al:pw", b"alice:pw", b"alice:secret", b"alice:secret?"])
def test_a_session_is_changed_where_it_counts(key: bytes) -> None:
    """Who reads base64 without looking at its end must get something else (MC1-AUTH-02)."""
    for changed_key in changed(base64.b64encode(key).decode()).values():
        letters = changed_key.rstrip("=")
        letters = letters[: len(letters) - (len(letters) % 4 == 1)]
        assert base64.b64decode(letters + "=" * (-len(letters) % 4)) != key


@pytest.mark.parametrize("path", ["/chat/stream/", "/talk/"])
async def test_the_handshake_is_asked_for_at_the_path_of_the_clause(path: str) -> None:
    """MC1-HAND-01 names it, so a target that is elsewhere does not fulfil it."""
    async with small_server() as running:
        url = running.target.url.replace("/chat/stream/", path)
        told = await found_by("handshake.handshake-is-accepted", replace(running.target, url=url))

    assert told.attempt.finding is None
    assert bool(told.notes) is (path != "/chat/stream/")
