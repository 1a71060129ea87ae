"""Connections that come and go: what is left of them must be nothing (section 10.1)."""

from typing import Final

import trio

from multichat_conformance.actors import PoliteActor
from multichat_conformance.catalogue import Group, check
from multichat_conformance.patterns import ENTER, LEAVE, Said, Stream
from multichat_conformance.stage import Stage
from multichat_conformance.target.model import Room

CONNECTIONS: Final = 50
AT_ONCE: Final = 10


@check(
    "MC1-END-01",
    "MC1-MEMB-03",
    "MC1-SEND-06",
    actors=("alice", "bob"),
    group=Group.LOAD,
    cause=(
        "Something stays behind of a connection that ended: a subscription, a member in the "
        "room's list, a task; with many of them messages come late, or more than once."
    ),
)
async def nothing_is_left_behind(stage: Stage) -> None:
    """Fifty connections join and end in all ways; one LEAVE each, and the room is as before."""
    room = stage.room()
    bob = await stage.actor("bob")
    await bob.join(room)
    ways = trio.CapacityLimiter(AT_ONCE)

    async with trio.open_nursery() as nursery:
        for place in range(CONNECTIONS):
            nursery.start_soon(_come_and_go, stage, room, place, ways)

    if stage.target.announces:
        await _saw_each_leave(bob)
    witness = await stage.actor("alice")
    await witness.join(room)
    text = await bob.says(room, clause="MC1-SEND-06")
    await witness.receives(Said(room, text, bob), clause="MC1-SEND-06")
    bob.forget(Stream.ANNOUNCEMENTS)
    await stage.silence(bob, witness, after=bob, clause="MC1-SEND-06")


async def _come_and_go(stage: Stage, room: Room, place: int, ways: trio.CapacityLimiter) -> None:
    async with ways:
        guest = await stage.raw("alice", warm=stage.context.warm_ups > 0)
        await guest.join(room)
        match place % 4:
            case 0:
                await guest.close()
            case 1:
                await guest.end_stream()
                await guest.stream_ends()
            case 2:
                await guest.reset()
            case _:
                await guest.vanish()


async def _saw_each_leave(bob: PoliteActor) -> None:
    """Take ENTER and LEAVE of every guest, which come in any order that makes sense."""
    inside = left = 0
    while left < CONNECTIONS:
        seen = await bob.take(Stream.ANNOUNCEMENTS, f"LEAVE of each of {CONNECTIONS} connections")
        kind = seen.frame["msg_type"]
        inside += {ENTER: 1, LEAVE: -1}.get(kind, 0)
        left += kind == LEAVE
        if inside < 0:
            bob.blame(
                "",
                f"bob saw a LEAVE more than there were connections, after {left} of them",
                "one LEAVE for each ENTER",
                seen.text,
            )
