"""Many who speak at once: MC1-DELIV-01 and MC1-ORDER-04 under load within the limits."""

from collections.abc import Sequence
from typing import Final

import trio

from multichat_conformance.actors import PoliteActor
from multichat_conformance.catalogue import Group, check
from multichat_conformance.patterns import Stream
from multichat_conformance.stage import Stage
from multichat_conformance.target.model import Room

SENDERS: Final = 10
EACH: Final = 24
"""Messages at once; with the join and the warm-up no more than any server takes."""


@check(
    "MC1-DELIV-01",
    "MC1-ORDER-04",
    "MC1-ORDER-03",
    actors=("alice", "bob", "carol"),
    group=Group.LOAD,
    cause=(
        "Under load messages are dropped by a full queue between the processes of the server, or "
        "overtake each other in it."
    ),
)
async def all_messages_of_a_crowd_arrive(stage: Stage) -> None:
    """Many senders speak at once; every member gets every message once, all in the same order."""
    room = stage.room()
    roles = ("alice", "bob", "carol")
    crowd = [await stage.actor(roles[place % 3]) for place in range(SENDERS)]
    for actor in crowd:
        await actor.join(room)
    texts = [[stage.nonce() for _ in range(EACH)] for _ in crowd]

    async with trio.open_nursery() as nursery:
        for actor, own in zip(crowd, texts, strict=True):
            nursery.start_soon(_speak, actor, room, own)

    heard = [await _hear(actor, SENDERS * EACH) for actor in crowd]
    for actor, sequence in zip(crowd, heard, strict=True):
        _is_whole(actor, sequence, texts)
        if sequence != heard[0]:
            place = next(
                n
                for n, pair in enumerate(zip(sequence, heard[0], strict=True))
                if len(set(pair)) > 1
            )
            actor.blame(
                "MC1-ORDER-04",
                f"{actor.name} and {crowd[0].name} got the messages of one room in two orders",
                f"{heard[0][place]} as number {place + 1} at both",
                sequence[place],
            )


async def _speak(actor: PoliteActor, room: Room, texts: Sequence[str]) -> None:
    for text in texts:
        await actor.command({"command": "send", "room": room.id, "message": text})


async def _hear(actor: PoliteActor, number: int) -> list[str]:
    heard: list[str] = []
    while len(heard) < number:
        what = f"message {len(heard) + 1} of {number}, of a crowd that speaks at once"
        received = await actor.take_any(what, Stream.MESSAGES, Stream.ANSWERS)
        if "error" in received.frame:
            actor.blame(
                "MC1-LIMIT-06",
                f"{actor.name} sent {EACH} messages at once, and one was refused",
                "all of them are carried out",
                received.text,
            )
        heard.append(str(received.frame.get("message")))
    return heard


def _is_whole(actor: PoliteActor, heard: Sequence[str], texts: Sequence[Sequence[str]]) -> None:
    """See that a member got every message once, those of each sender in order."""
    for own in texts:
        got = [text for text in heard if text in set(own)]
        if sorted(got) != sorted(own):
            missing = len(set(own) - set(got))
            actor.blame(
                "MC1-DELIV-01",
                f"{actor.name} did not get each of one sender's messages once",
                f"{len(own)} messages, each once",
                f"{missing} are missing, {len(got) - len(set(got))} came again",
            )
        if got != list(own):
            actor.blame(
                "MC1-ORDER-03",
                f"{actor.name} got the messages of one sender in another order",
                ", ".join(own),
                ", ".join(got),
            )
