"""
A walk: odd frames, sent one after the other, and what comes of each.

After each frame the sender says something in a room that it shares with a witness. When that has
come back to both, everything that the odd frame has caused has come, too: its answer to the
sender, and what it may have had delivered to the witness. Then the witness says something, which
must reach the sender. So each frame is shown to be answered as it must be, and only so; the
connection that sent it goes on; and so does everybody else.

Connections are renewed before they have sent as many messages as any server must take from a
quiet one (MC1-LIMIT-06), and after each frame that ends one.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Final

import trio

from multichat_conformance.actors import Actor, PoliteActor, RawActor, Received
from multichat_conformance.commands import send
from multichat_conformance.events import Finding
from multichat_conformance.findings import Violation
from multichat_conformance.odd_frames import OddFrame
from multichat_conformance.patterns import Stream
from multichat_conformance.stage import Stage
from multichat_conformance.target.model import Room
from multichat_conformance.timing import quiet_window
from multichat_conformance.transcript import shorten

__all__ = ["Walk"]

MOST_MESSAGES: Final = 25
"""Of one connection; the longest step after that takes it to fewer than 32."""

MOST_FINDINGS: Final = 20
"""After so many frames that went wrong the walk ends: more would tell nobody anything new."""

LONGEST_FAILURE: Final = 1.0
"""Seconds. A frame that goes wrong and takes longer has made somebody wait in vain."""

_SERVED: Final = "MC1-ERR-10"


class Walk:
    """
    Sends odd frames as alice, with bob for a witness.

    Args:
        stage: Where.

    """

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._fence = stage.fence_room
        self._shared = {self._fence.id: self._fence, stage.room().id: stage.room()}
        self._sender: RawActor | None = None
        self._witness: PoliteActor | None = None
        self._sent = {"alice": 0, "bob": 0}

    async def through(self, frames: Iterable[OddFrame]) -> None:
        """
        Send each frame and see what comes of it.

        Raises:
            Violation: Some were not answered as they must be, or somebody was not served after
                one; the finding names the frames.

        """
        found: list[tuple[OddFrame, Finding]] = []
        for odd in frames:
            began = trio.current_time()
            try:
                await self._see(odd)
            except Violation as exc:
                found.append((odd, exc.finding))
                # What is wrong with one frame says nothing of the next: both connect anew. But
                # a target that does not answer at all would be waited for again and again.
                if len(found) == MOST_FINDINGS or trio.current_time() - began > LONGEST_FAILURE:
                    break
                await self._part()
        if found:
            raise Violation(_together(found))

    async def _part(self) -> None:
        for actor in (self._sender, self._witness):
            if actor is not None:
                await actor.vanish()
        self._sender = self._witness = None

    async def _see(self, odd: OddFrame) -> None:
        sender, witness = await self._ready_sender(), await self._ready_witness()
        await self._be_in(sender, odd.joined)
        sender.forget()
        await self._send(sender, odd)
        if odd.ends:
            await self._see_end(sender, odd)
            self._sender = None
            sender = await self._ready_sender()
        else:
            await self._see_answer(sender, witness, odd)
        # The witness is served, and what it says reaches the sender.
        text = await self._says(witness, self._fence)
        await sender.meets(text, self._fence, clause=_SERVED)

    async def _send(self, sender: RawActor, odd: OddFrame) -> None:
        if not odd.raw:
            await sender.send_text(odd.text)
        for one in odd.raw:
            await sender.send_frame(
                one.opcode, one.payload, fin=one.fin, reserved=one.reserved, masked=one.masked
            )
        self._sent["alice"] += 1

    async def _see_end(self, sender: RawActor, odd: OddFrame) -> None:
        codes = [answer.close for answer in odd.answers if isinstance(answer.close, int)]
        ended = await sender.is_closed(*codes, clause=odd.clause)
        if ended.code is None:
            sender.blame(odd.clause, "there was no close frame", _wanted(odd), str(ended))
        await sender.vanish()

    async def _see_answer(self, sender: RawActor, witness: Actor, odd: OddFrame) -> None:
        if not self._stage.backdrop.keeps_order:
            await quiet_window(self._stage.backdrop.round_trips.quiet)
        marker = self._stage.nonce()
        self._sent["alice"] += 1
        await sender.command(send(self._fence, marker))
        await sender.meets(marker, self._fence, clause=_SERVED)
        await witness.meets(marker, self._fence, clause=_SERVED)
        got = sender.waiting(Stream.ANSWERS, Stream.MESSAGES)
        sender.forget()
        fitting = next((answer for answer in odd.answers if answer.fits(got)), None)
        if fitting is None:
            sender.blame(
                odd.clause,
                f"{sender.name} got {_count(got)}",
                _wanted(odd),
                _shown(got),
            )
        if fitting.pong is not None:
            await sender.gets_pong(fitting.pong, clause=odd.clause)
        heard = witness.waiting(Stream.ANSWERS, Stream.MESSAGES)
        witness.forget()
        said = [frame for frame in fitting.frames if frame.stream is Stream.MESSAGES]
        if len(heard) != len(said) or any(
            wanted.mismatch(one.frame) for wanted, one in zip(said, heard, strict=True)
        ):
            witness.blame(
                odd.clause,
                f"{witness.name}, a member of the room, got {_heard(heard)} because of it",
                " ".join(str(frame) for frame in said) or "nothing",
                _shown(heard),
            )
        if not _may_leave(odd):
            for room in odd.joined:
                # It is a member as before.
                self._sent["alice"] += 1
                await witness.meets(await sender.says(room, clause="MC1-ERR-04"), room)

    async def _be_in(self, sender: RawActor, rooms: Sequence[Room]) -> None:
        wanted = {room.id for room in rooms} | {self._fence.id}
        for id_ in sorted(sender.rooms - wanted):
            self._sent["alice"] += 1
            await sender.leave(id_)
        for room in rooms:
            if room.id not in sender.rooms:
                self._sent["alice"] += 1
                await sender.join(room)

    async def _ready_sender(self) -> RawActor:
        sender = self._sender
        if sender is not None and self._sent["alice"] > MOST_MESSAGES:
            await sender.close()
            sender = None
        if sender is None:
            sender = await self._stage.raw("alice")
            await sender.join(self._fence)
            self._sent["alice"] = 2  # the warm-up and this one
            self._sender = sender
        return sender

    async def _ready_witness(self) -> PoliteActor:
        witness = self._witness
        if witness is not None and self._sent["bob"] > MOST_MESSAGES:
            await witness.close()
            witness = None
        if witness is None:
            witness = await self._stage.actor("bob")
            for room in self._shared.values():
                await witness.join(room)
            self._sent["bob"] = 1 + len(self._shared)
            self._witness = witness
        return witness

    async def _says(self, witness: PoliteActor, room: Room) -> str:
        self._sent["bob"] += 1
        return await witness.says(room, clause=_SERVED)


def _together(found: Sequence[tuple[OddFrame, Finding]]) -> Finding:
    """Return the first finding, which names the other frames that something is wrong with."""
    odd, first = found[0]
    summary = f"{odd.name}: {first.summary}"
    if len(found) > 1:
        others = "; ".join(other.name for other, _ in found[1:])
        summary += f". The same or another answer was wrong to {len(found) - 1} more: {others}"
    return replace(first, summary=summary)


def _may_leave(odd: OddFrame) -> bool:
    return any("leave" in frame.members for answer in odd.answers for frame in answer.frames)


def _wanted(odd: OddFrame) -> str:
    return shorten(" or ".join(str(answer) for answer in odd.answers), 500)


def _shown(got: Sequence[Received]) -> str:
    return shorten(" ".join(one.text for one in got), 500) or "nothing"


def _count(got: Sequence[Received]) -> str:
    return {0: "no answer", 1: "another answer"}.get(len(got), f"{len(got)} answers")


def _heard(got: Sequence[Received]) -> str:
    return {0: "nothing", 1: "a frame"}.get(len(got), f"{len(got)} frames")
