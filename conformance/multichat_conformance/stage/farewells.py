"""
Farewells: who has gone from a room, and who is yet to hear of it.

Several connections may be of one user, and their LEAVE look alike. So they are counted: as often
as connections of a user have gone from a room while a witness was in it, it must hear of that.
"""

from collections.abc import Iterator, Sequence

from multichat_conformance.actors import Actor
from multichat_conformance.patterns import Exit

__all__ = ["is_yet_to_hear"]


def is_yet_to_hear(witness: Actor, who: Actor, room: str, actors: Sequence[Actor]) -> bool:
    """
    Tell whether a member of a room has heard of fewer farewells than there were.

    Args:
        witness: The member.
        who: One of those who have gone; all connections of this user are counted.
        room: The room's id.
        actors: All that the story has.

    """
    since = _entered_at(witness, room)
    namesakes = (one for one in actors if one.username == who.username)
    gone = sum(moment > since for one in namesakes for moment in _went_at(one, room))
    farewell = Exit(room, who)
    heard = sum(
        one.moment > since and farewell.mismatch(one.frame) is None for one in witness.history
    )
    return heard < gone


def _entered_at(actor: Actor, room: str) -> int:
    """Return the moment at which an actor was last told that it is in a room."""
    moments = (one.moment for one in actor.history if one.frame.get("join") == room)
    return max(moments, default=0)


def _went_at(actor: Actor, room: str) -> Iterator[int]:
    """Return the moments at which an actor ceased to be in a room."""
    is_in = False
    for one in actor.history:
        if one.frame.get("join") == room:
            is_in = True
        elif is_in and one.frame.get("leave") == room:
            is_in = False
            yield one.moment
    if actor.ended is not None and room in actor.was_in:
        yield actor.ended_at
