"""
Members that do not read: MC1-CLOSE-06, MC1-DELIV-01 and MC1-DELIV-02.

A reader that stops must cost the others nothing, and must not lose messages without a word. How
much is sent is bounded by the stated backlog, and what systems hold back on both sides of a
connection besides. The senders work in closed loop, and a connection that is RATE_LIMITED is
replaced by a fresh one.
"""

from typing import Final

from multichat_conformance.actors import PoliteActor, RawActor
from multichat_conformance.catalogue import Group, check
from multichat_conformance.findings import NotTested
from multichat_conformance.patterns import Exit, Said, Stream
from multichat_conformance.stage import Stage
from multichat_conformance.target.model import Room
from multichat_conformance.transcript import shorten

LARGEST_BACKLOG: Final = 64 * 1024 * 1024
"""Bytes; a larger stated one is not filled."""

IN_BETWEEN: Final = 12 * 1024 * 1024
"""Bytes that two systems hold back at most between a server and a client that does not read."""

LONGEST: Final = 32 * 1024
"""Characters of one message, if the target takes such."""

_UNBOUNDED: Final = (
    "What a member does not read is kept without an end, or thrown away, or everybody waits for "
    "it; nobody puts it out."
)


class _Talk:
    """
    Bob, who says long things in a room, in closed loop, over as many connections as it takes.

    Attributes:
        said: All texts, in order.
        bytes: How many bytes of text that is.

    """

    def __init__(self, stage: Stage, room: Room) -> None:
        self._stage = stage
        self._room = room
        self._sender: PoliteActor | None = None
        self._length = min(LONGEST, int(stage.limits.message_length or LONGEST))
        self.said: list[str] = []
        self.bytes = 0

    async def goes_on(self) -> None:
        """Say one more thing; it has come back when this returns."""
        while True:
            sender = self._sender or await self._fresh()
            nonce = self._stage.nonce()
            text = nonce + "x" * (self._length - len(nonce))
            await sender.command({"command": "send", "room": self._room.id, "message": text})
            came = await sender.take_any(
                "its own message back, with a member that does not read in the room",
                Stream.ANSWERS,
                Stream.MESSAGES,
                clause="MC1-DELIV-02",
            )
            if came.frame.get("error") != "RATE_LIMITED":
                sender.check(came, Said(self._room, text, sender), clause="MC1-DELIV-02")
                self.said.append(text)
                self.bytes += len(text)
                return
            await sender.close()
            self._sender = None

    async def _fresh(self) -> PoliteActor:
        self._sender = await self._stage.actor("bob")
        await self._sender.join(self._room)
        return self._sender


def _backlog(stage: Stage) -> int:
    stated = stage.limit("backlog_bytes")
    if stated > LARGEST_BACKLOG:
        raise NotTested(f"needs limits.backlog_bytes of at most {LARGEST_BACKLOG}: a smaller one")
    return stated


async def _deaf(stage: Stage, room: Room) -> RawActor:
    deaf = await stage.raw("alice")
    await deaf.join(room)
    deaf.stop_reading()
    return deaf


@check(
    "MC1-CLOSE-06",
    "MC1-DELIV-02",
    "MC1-DELIV-01",
    actors=("alice", "bob", "carol"),
    claims=("announces",),
    limits=("backlog_bytes",),
    group=Group.LOAD,
    cause=_UNBOUNDED,
)
async def backlog_beyond_the_limit(stage: Stage) -> None:
    """A member that does not read is put out; the others get every message and see its LEAVE."""
    room = stage.room()
    most = _backlog(stage) + IN_BETWEEN
    carol = await stage.actor("carol")
    deaf = await _deaf(stage, room)
    await carol.join(room)
    talk = _Talk(stage, room)

    def is_out() -> bool:
        return any(Exit(room, deaf).mismatch(e.frame) is None for e in carol.waiting())

    while not is_out():
        if talk.bytes > most:
            carol.blame(
                "",
                f"a member that reads nothing is still in the room after {talk.bytes:,} bytes",
                f"its LEAVE, soon after the stated backlog of {_backlog(stage):,} bytes",
                "no LEAVE",
            )
        await talk.goes_on()

    for text in talk.said:
        await carol.receives(Said(room, text, stage.account("bob")), clause="MC1-DELIV-02")
    deaf.read_again()
    ended = await deaf.is_closed(1013, None)
    stage.expect(
        ended.code is None or bool(ended.reason),
        "a member was put out for its backlog without a reason",
        expected="code 1013 and a reason",
        got=str(ended),
    )
    _has_no_gap(deaf, talk.said)


@check(
    "MC1-DELIV-01",
    "MC1-DELIV-02",
    actors=("alice", "bob"),
    limits=("backlog_bytes",),
    group=Group.LOAD,
    cause="A queue that is full drops what comes next, or what came first, without a word.",
)
async def nothing_is_lost_within_the_backlog(stage: Stage) -> None:
    """A member that reads late, but not too late, gets all in order, and others are not held up."""
    room = stage.room()
    deaf = await _deaf(stage, room)
    talk = _Talk(stage, room)

    while talk.bytes < _backlog(stage) // 2:
        await talk.goes_on()
    deaf.read_again()

    for text in talk.said:
        await deaf.receives(Said(room, text, stage.account("bob")))
    await talk.goes_on()
    await deaf.receives(Said(room, talk.said[-1], stage.account("bob")))


def _has_no_gap(deaf: RawActor, said: list[str]) -> None:
    """See that what a member got before it was put out is all that was said until then."""
    got = [str(received.frame["message"]) for received in deaf.waiting(Stream.MESSAGES)]
    if got != said[: len(got)]:
        place = next(n for n, pair in enumerate(zip(got, said, strict=False)) if len(set(pair)) > 1)
        deaf.blame(
            "MC1-DELIV-01",
            f"after {place} messages {deaf.name} did not get the next one that was said",
            shorten(said[place], 60),
            shorten(got[place], 60),
        )
