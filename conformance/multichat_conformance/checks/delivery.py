"""Delivery, as far as it is seen without load: section 6.4 of the specification."""

from collections import Counter
from collections.abc import Sequence

import trio

from multichat_conformance.actors import PoliteActor
from multichat_conformance.catalogue import check
from multichat_conformance.commands import send
from multichat_conformance.patterns import Stream
from multichat_conformance.stage import Stage
from multichat_conformance.target.model import Room

AT_ONCE = 24
"""Messages; with all else fewer than any server must take at once (MC1-LIMIT-06)."""

MOST = 50
"""Messages of a sender where the server states that it takes so many."""


@check(
    "MC1-DELIV-01",
    actors=("alice", "bob", "carol"),
    cause="A queue between the connections is full and drops what does not fit; or two tasks "
    "change a room's list at once.",
)
async def nothing_is_lost_among_three(stage: Stage) -> None:
    """What three members send at the same time comes to each of them, all of it, once."""
    room = stage.room()
    members = await stage.members(room, "alice", "bob", "carol")

    await everybody_talks(stage, members, dict.fromkeys(members, room))


@check(
    "MC1-DELIV-01",
    "MC1-MEMB-02",
    actors=("alice", "bob"),
    cause="A queue between the connections is full and drops what does not fit; or messages of "
    "two rooms get into each other's way.",
)
async def nothing_is_lost_among_two_rooms(stage: Stage) -> None:
    """What two members of two rooms send at the same time comes to both, all of it, once."""
    room, other = stage.room(0), stage.room(1)
    alice, bob = await stage.members(room, "alice", "bob")
    for actor in (alice, bob):
        await actor.join(other)

    await everybody_talks(stage, (alice, bob), {alice: room, bob: other})


async def everybody_talks(
    stage: Stage, members: Sequence[PoliteActor], rooms: dict[PoliteActor, Room]
) -> None:
    """Have all talk at once, each in a room that all are in, and see that nothing is lost."""
    burst = stage.limits.command_burst
    # Some are left for what went before and what comes after.
    number = min(MOST, int(burst) - 8) if burst and burst > AT_ONCE + 8 else AT_ONCE
    texts = {member: [stage.nonce() for _ in range(number)] for member in members}

    async with trio.open_nursery() as nursery:
        for member in members:
            frames = [send(rooms[member], text) for text in texts[member]]
            nursery.start_soon(member.pipeline, *frames)

    for member in members:
        await has_all(stage, member, [text for own in texts.values() for text in own])


async def has_all(stage: Stage, member: PoliteActor, texts: Sequence[str]) -> None:
    """See that a member gets each of some texts once, or is closed with a code."""
    heard: Counter[str] = Counter()
    missing = set(texts)
    while missing:
        if member.ended is not None and not member.waiting(Stream.MESSAGES):
            stage.expect(
                member.ended.code is not None,
                f"{member.name} was not given every message, and not closed with a code",
                expected="every message, or a close frame",
                got=str(member.ended),
            )
            stage.note(f"{member.name} was ended with {member.ended}, which the clause allows")
            return
        answers = member.waiting(Stream.ANSWERS)
        if answers:
            member.blame("", f"{member.name}'s message was refused", "delivery", answers[0].text)
        what = f"{len(missing)} more of {len(texts)} messages"
        text = (await member.take(Stream.MESSAGES, what)).frame["message"]
        heard[text] += 1
        missing.discard(text)
    twice = [text for text, times in heard.items() if times > 1]
    stage.expect(
        not twice,
        f"{member.name} got messages more than once",
        expected="each once",
        got=" ".join(twice),
        clause="MC1-SEND-06",
    )
