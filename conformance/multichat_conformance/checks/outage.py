"""A server without its store: MC1-ERR-09 in section 7.2 of the specification."""

from typing import Final

import trio

from multichat_conformance.actors import PoliteActor
from multichat_conformance.actors.actor import Ended
from multichat_conformance.catalogue import Group, check
from multichat_conformance.patterns import Error, Stream
from multichat_conformance.stage import Stage
from multichat_conformance.target.model import Room
from multichat_conformance.timing import pause

_ASKED_EVERY: Final = 0.1
_ASKED_AT_MOST: Final = 24
"""Commands of one connection, below what any server takes at once (MC1-LIMIT-06)."""

_HOOKS: Final = ("store_away", "store_back")
_SILENT: Final = (
    "The error of the store ends the task that carries the command out, and nobody answers."
)


@check(
    "MC1-ERR-09",
    "MC1-AUTH-05",
    actors=("alice", "bob"),
    limits=("outage_seconds",),
    hooks=_HOOKS,
    group=Group.INTRUSIVE,
    cause=_SILENT,
)
async def commands_without_a_store_are_answered(stage: Stage) -> None:
    """Without its store a server answers SERVER_UNAVAILABLE or closes, and then works again."""
    room = stage.room()
    alice = await stage.actor("alice")
    bob = await stage.actor("bob")
    await bob.join(room)

    await stage.hook("store_away", undo=("store_back", {}))

    async with trio.open_nursery() as nursery:
        nursery.start_soon(_is_told, stage, alice, "join", room, stage.nonce())
        nursery.start_soon(_is_told, stage, bob, "send", room, stage.nonce())
    await stage.hook("store_back")
    stage.undone("store_back")
    again = await stage.actor("alice", warm=False)
    await again.joins_in_time(room)
    await again.says(room)


async def _is_told(stage: Stage, actor: PoliteActor, name: str, room: Room, text: str) -> None:
    """Give a command until it is not carried out any more, and see that each is answered."""
    command = {"command": name, "room": room.id, "message": text}
    answers = (Stream.ANSWERS, Stream.MESSAGES) if name == "send" else (Stream.ANSWERS,)
    obeyed = stage.seconds("outage_seconds")
    until = trio.current_time() + obeyed + stage.backdrop.grace
    apart = max(_ASKED_EVERY, (obeyed + stage.backdrop.grace) / _ASKED_AT_MOST)
    while trio.current_time() < until:
        await actor.command(command)
        answer = await actor.next_or_end(
            "SERVER_UNAVAILABLE, or the end of the connection", *answers
        )
        if isinstance(answer, Ended) or answer.frame.get("error") == "SERVER_UNAVAILABLE":
            return
        if "error" in answer.frame:
            actor.check(answer, Error("SERVER_UNAVAILABLE"), to=str(command))
        await pause(apart)
    actor.blame(
        "MC1-AUTH-05",
        f"{actor.name}'s commands are still obeyed after the store was away for {obeyed:g} s",
        "SERVER_UNAVAILABLE, or the end of the connection",
        "they are carried out",
    )
