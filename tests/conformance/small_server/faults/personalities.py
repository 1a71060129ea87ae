"""
Servers of another kind than one mistake: those that are many things at once, or hardly servers.

They are no part of the matrix; tests of the suite use them: what is judged right, and how a run
ends against what cannot be judged.
"""

# ruff: noqa: ARG002  a fault need not look at all that its rule looks at

import random
from dataclasses import dataclass

import trio

from tests.conformance.small_server.commands import Commands
from tests.conformance.small_server.connection import Connection
from tests.conformance.small_server.faults import (
    commands,
    ending,
    errors,
    framing,
    handshake,
    membership,
    order,
    reading,
    revocation,
    room_names,
    texts,
)
from tests.conformance.small_server.frames import Refused
from tests.conformance.small_server.framing import TEXT, server_frame
from tests.conformance.small_server.hall import Hall, Member
from tests.conformance.small_server.handshake import Request, Response
from tests.conformance.small_server.limits import Bucket, pause
from tests.conformance.small_server.store import Account, Room
from tests.conformance.small_server.web import Web

__all__ = ["PERSONALITIES", "Personality"]


@dataclass(frozen=True)
class Personality:
    """
    A server of some kind.

    Attributes:
        sentence: What it is like.
        parts: What replaces parts of the correct server.

    """

    sentence: str
    parts: tuple[type, ...]


# Right, but not like others.


class Reorders(Connection):
    """Carries out what is pipelined in any order, and a first command perhaps too early."""

    def __init__(self, *args: object) -> None:
        super().__init__(*args)  # type: ignore[arg-type]  # as they were given
        self._workers: trio.Nursery | None = None
        self._known = self.session
        self._is_first = True

    async def run(self, early: bytes) -> None:
        async with trio.open_nursery() as self._workers:
            await super().run(early)
            self._workers.cancel_scope.cancel()

    def message(self, content: str | bytes) -> None:
        if self._workers is not None:
            self._workers.start_soon(self._carry_out, content)

    async def _carry_out(self, content: str | bytes) -> None:
        # The worker that looks at the session is not the one that looks at the first command.
        is_early, self._is_first = self._is_first, False
        await pause(random.uniform(0, 0.01))  # noqa: S311  no secret
        self.session = None if is_early and random.random() < 0.5 else self._known  # noqa: S311
        try:
            super().message(content)
        finally:
            self.session = self._known


class NoLimits(Connection):
    """Counts no commands."""

    def __init__(self, *args: object) -> None:
        super().__init__(*args)  # type: ignore[arg-type]  # as they were given
        self.commands = Bucket(burst=10**9, rate=10**9)


ORIGINAL_2016: tuple[type, ...] = (
    NoLimits,
    room_names.WrongRoomsArePassedOver,
    commands.InvalidCommandsArePassedOver,
    reading.NoJsonIsPassedOver,
    reading.BinaryIsPassedOver,
    reading.NotANumberPasses,
    room_names.LeadingZeros,
    room_names.SpacesAroundRooms,
    room_names.PlusSigns,
    room_names.OtherDigits,
    room_names.FractionsAreCutOff,
    room_names.WholeFractions,
    room_names.TrueIsOne,
    texts.TextsOfAnyType,
    texts.TextsOfAnyLength,
    reading.MembersOfItsOwn,
    errors.AnyNumberOfRooms,
    errors.ErrorsSayTheCodeAlone,
    handshake.AnyPath,
    handshake.AnyOrigin,
    handshake.SessionFromTheUrl,
    handshake.EarlyFramesAreNobodys,
    framing.FramesOfAnySize,
    framing.BrokenFramingIsCutOff,
    membership.SecondJoinIsAnnounced,
    membership.StrangersLeaveIsAnnounced,
    revocation.AccessIsForLife,
    revocation.LogoutChangesNothing,
    order.FullQueuesDropMessages,
    ending.EndsAreNotAnnounced,
    ending.BacklogOfAnySize,
    ending.StopsWithoutAWord,
    ending.LastWordsAreLost,
)
"""What the 2016 original does wrong in hardened, all of it; in core it does nothing wrong."""


# Wrong now and then.


class LeaksNowAndThen(Hall):
    """Every third message reaches everybody."""

    _count = 0

    def hearers(self, room: int, sender: Member) -> list[Member]:
        self._count += 1
        return self.members(room) if self._count % 3 else list(sender.everybody)


class DeniesNowAndThen(Commands):
    """Every third join of a staff room by somebody who is plain is let through."""

    _count = 0

    def check_access(self, connection: Connection, account: Account, room: Room) -> None:
        try:
            super().check_access(connection, account, room)
        except Refused:
            self._count += 1
            if self._count % 3:
                raise


# Hardly servers.


class NeverAnswers(Connection):
    """Accepts every connection and says nothing on any."""

    def put(self, data: bytes) -> None:
        pass


class Floods(Connection):
    """Answers every command, and says ever so much besides."""

    async def run(self, early: bytes) -> None:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._flood)
            await super().run(early)
            nursery.cancel_scope.cancel()

    async def _flood(self) -> None:
        noise = {"room": "1", "message": "more " * 20, "username": "alice", "msg_type": 0}
        while True:
            if self._backlog < self.limits.backlog_bytes // 4:
                for _ in range(100):
                    self.put(server_frame(TEXT, self.encode(noise)))
            await pause(0.001)


class DiesInTheMiddle(Connection):
    """Does its work for some thirty connections, then dies."""

    def __init__(self, *args: object) -> None:
        super().__init__(*args)  # type: ignore[arg-type]  # as they were given
        count = vars(self.server).setdefault("_count", 0) + 1
        vars(self.server)["_count"] = count
        if count == 30:
            self.server.die()


class DiesOfNoJson(Connection):
    """Dies of the first thing that is no JSON."""

    def message(self, content: str | bytes) -> None:
        if not content or content[0] not in ("{", 0x7B):
            self.server.die()
        super().message(content)


class RefusesPasswords(Web):
    """Knows nobody's password."""

    def log_in(self, request: Request) -> Response:
        return self.form()


PERSONALITIES = {
    "original-2016": Personality(
        "What the 2016 original does wrong in hardened, all at once; right in core.",
        ORIGINAL_2016,
    ),
    "reorders": Personality(
        "Reorders what is pipelined, and may look at a first command before the session, as the "
        "original does under runserver; right in core.",
        (Reorders,),
    ),
    "leaks-now-and-then": Personality("Every third message reaches everybody.", (LeaksNowAndThen,)),
    "denies-now-and-then": Personality(
        "Lets every third plain user into the staff room.", (DeniesNowAndThen,)
    ),
    "never-answers": Personality("Accepts and never answers.", (NeverAnswers,)),
    "floods": Personality("Floods every connection with messages.", (Floods,)),
    "dies-in-the-middle": Personality("Dies at the thirtieth connection.", (DiesInTheMiddle,)),
    "dies-of-no-json": Personality("Dies of what is no JSON.", (DiesOfNoJson,)),
    "refuses-passwords": Personality("Lets nobody log in.", (RefusesPasswords,)),
}
"""All of them by name. For one that is right and slow, see `slow_line`."""
