"""
Members that do not read: MC1-CLOSE-06, MC1-DELIV-01 and MC1-DELIV-02.

A reader that stops must cost the others nothing, and must not lose messages without a word. How
much is sent is bounded by the stated backlog, and what systems hold back on both sides of a
connection besides. A sender's connection that is RATE_LIMITED is replaced by a fresh one.
"""

from typing import Final

import trio

from multichat_conformance.actors import PoliteActor, RawActor
from multichat_conformance.actors.actor import Ended
from multichat_conformance.actors.wire import Opcode
from multichat_conformance.catalogue import Group, check
from multichat_conformance.findings import NotTested
from multichat_conformance.patterns import Exit, Said, Stream
from multichat_conformance.stage import Stage
from multichat_conformance.target.model import Room
from multichat_conformance.transcript import shorten

LARGEST_BACKLOG: Final = 64 * 1024 * 1024
"""Bytes; a larger stated one is not filled."""

IN_BETWEEN: Final = 6 * 1024 * 1024
"""Bytes that two systems hold back at most between a server and a client that does not read."""

LONGEST: Final = 32 * 1024
"""Characters of one message, if the target takes such."""

_SHORTEST: Final = 64

AT_ONCE: Final = 16
"""Messages that are said at once, fewer than any server takes (MC1-LIMIT-06)."""

_UNBOUNDED: Final = (
    "What a member does not read is kept without an end, or thrown away, or everybody waits for "
    "it; nobody puts it out."
)


class _Talk:
    """
    Bob, who says long things in a room, some at once, over as many connections as it takes.

    Attributes:
        said: All texts that came back to him, in order.
        bytes: How many bytes of text that is.

    """

    def __init__(self, stage: Stage, room: Room) -> None:
        self._stage = stage
        self._room = room
        self._sender: PoliteActor | None = None
        # What is said at once stays within half of the backlog.
        share = max(_SHORTEST, _backlog(stage) // (2 * AT_ONCE))
        self._length = min(LONGEST, share, int(stage.limits.message_length or LONGEST))
        self.said: list[str] = []
        self.bytes = 0

    async def goes_on(self) -> None:
        """Say some more things; they have come back when this returns."""
        sender = self._sender or await self._fresh()
        texts = [self._text() for _ in range(AT_ONCE)]
        for text in texts:
            await sender.command({"command": "send", "room": self._room.id, "message": text})
        for _ in texts:
            came = await sender.take_any(
                "its own message back, with a member that does not read in the room",
                Stream.ANSWERS,
                Stream.MESSAGES,
                clause="MC1-DELIV-02",
            )
            if came.frame.get("error") == "RATE_LIMITED":
                self._sender = None
                continue
            said = str(came.frame.get("message"))
            hoped = said if said in texts else texts[0]
            sender.check(came, Said(self._room, hoped, sender), clause="MC1-DELIV-02")
            self.said.append(said)
            self.bytes += self._length
        if self._sender is None:
            await sender.close()

    async def _fresh(self) -> PoliteActor:
        self._sender = await self._stage.actor("bob")
        await self._sender.join(self._room)
        return self._sender

    def _text(self) -> str:
        nonce = self._stage.nonce()
        return nonce + "x" * (self._length - len(nonce))


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

    began = trio.current_time()
    while not is_out():
        if talk.bytes > most:
            carol.blame(
                "",
                f"a member that reads nothing is still in the room after {talk.bytes:,} bytes",
                f"its LEAVE, soon after the stated backlog of {_backlog(stage):,} bytes",
                "no LEAVE",
            )
        await talk.goes_on()
        # A sign of life: it reads nothing, but it is there.
        await deaf.send_frame(Opcode.PONG)
    out = trio.current_time()
    deaf.read_again()
    ended = await deaf.is_closed()

    if ended.code != 1013:
        _may_be_judged(stage, ended, filling=out - began, closing=trio.current_time() - out)
    await deaf.is_closed(1013)
    stage.expect(
        bool(ended.reason),
        "a member was put out for its backlog without a reason",
        expected="code 1013 and a reason",
        got=str(ended),
    )
    for text in talk.said:
        await carol.receives(Said(room, text, stage.account("bob")), clause="MC1-DELIV-02")
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
    before = len(talk.said)
    await talk.goes_on()
    for text in talk.said[before:]:
        await deaf.receives(Said(room, text, stage.account("bob")))


def _may_be_judged(stage: Stage, ended: Ended, *, filling: float, closing: float) -> None:
    """
    See that the member was put out for its backlog, and read again in time to be told why.

    Raises:
        NotTested: Everything took so long that it may have been something else.

    """
    vanish, close = stage.limits.vanish_seconds, stage.limits.close_seconds
    if vanish and filling > vanish / 2:
        raise NotTested(
            "needs a target that fills its backlog before it takes a member that does not read "
            "for a vanished one: raise limits.vanish_seconds"
        )
    if ended.code is None and close and closing > close / 2:
        raise NotTested(
            "needs more time to read the target's close frame: raise limits.close_seconds"
        )


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
