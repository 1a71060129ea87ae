"""
The rooms of a target as stories call them, and when all of them are open again after hooks.

A server may take a second to see what was changed (MC1-AUTH-05).
"""

from collections.abc import Sequence
from typing import Final

import trio

from multichat_conformance.actors import RawActor
from multichat_conformance.commands import join, send
from multichat_conformance.patterns import Stream
from multichat_conformance.stage import Stage
from multichat_conformance.target.model import Room
from multichat_conformance.timing import SEEN_WITHIN, pause

__all__ = ["SETTLING", "rooms_of", "settle"]

SETTLING: Final = 3 * SEEN_WITHIN
"""Seconds after which a change is not waited for any more."""

_POLL: Final = 0.1
"""Seconds from one look to the next; few enough looks for every rate limit (MC1-LIMIT-06)."""


def rooms_of(rooms: Sequence[Room]) -> dict[str, Room]:
    """Return the rooms of a target by their labels; the last open one is kept for fences."""
    open_rooms = [room for room in rooms if not room.staff_only]
    labels = dict(zip("ABCDEFGH", open_rooms[:-1], strict=False))
    staff = next((room for room in rooms if room.staff_only), None)
    return labels if staff is None else {**labels, "staff": staff}


async def settle(stage: Stage) -> None:
    """
    Wait, for a moment at most, until all may enter every room that is theirs, by their names.

    What hooks have taken away was given back when the story ended; the next story must not be
    about how soon a server sees it.
    """
    rooms = rooms_of(stage.target.rooms).values()
    for role, account in stage.context.cast().items():
        actor = await stage.raw(role)
        until = trio.current_time() + SETTLING
        for room in rooms:
            if account.staff or not room.staff_only:
                await _until_in(actor, room, until)
        await _until_named(actor, account.username, until)
        await actor.leave_all()


async def _until_in(actor: RawActor, room: Room, until: float) -> None:
    while True:
        answer = await actor.ask(join(room))
        if "join" in answer.frame or trio.current_time() > until:
            return
        await pause(_POLL)


async def _until_named(actor: RawActor, username: str, until: float) -> None:
    while actor.rooms:
        await actor.command(send(min(actor.rooms), actor.backdrop.nonce()))
        received = await actor.take_any("its own message back", Stream.MESSAGES, Stream.ANSWERS)
        if received.frame.get("username") == username or trio.current_time() > until:
            return
        await pause(_POLL)
