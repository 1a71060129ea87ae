"""
The first look at a target: can it be reached, logged in to, measured, and does it keep order?

Whatever is wrong here would make every check fail for the same reason, so it ends the run with
one sentence instead.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import trio

from multichat_conformance.actors import Actor
from multichat_conformance.actors.backdrop import FREE_ROOM
from multichat_conformance.catalogue import STAFF_ROLE
from multichat_conformance.context import Context
from multichat_conformance.findings import NotTested, Violation
from multichat_conformance.patterns import Stream
from multichat_conformance.stage import Stage
from multichat_conformance.target.model import Room
from multichat_conformance.timing import quiet_window

__all__ = ["Ready", "doubtful_title", "keeps_order", "look", "see_room"]

_MEASURED: Final = 5
_ROUNDS: Final = 2
_NOBODY: Final = "MC1-AUTH-01"
"""The clause that is blamed when a session turns out to be none."""

_NUMBERED: Final = 12
"""Messages sent at once to see whether order is kept; with the commands beside them fewer than
the 32 that every hardened server takes (MC1-LIMIT-06)."""


@dataclass(frozen=True, slots=True)
class Ready:
    """What the first look has shown: sentences for the report."""

    notes: tuple[str, ...]


async def look(stage: Stage, context: Context) -> Ready:
    """
    Look at the target, measure it, and say in the context whether it keeps order.

    Raises:
        NotTested: It cannot be tested; the text says why and what to do.

    """
    try:
        return await _look(stage, context)
    except Violation as exc:
        finding = exc.finding
        if not exc.hopeless:
            # It speaks, if not as it should: let the checks say what is wrong with it.
            context.keeps_order = False
            return Ready((f"the first look has already seen something wrong: {finding.summary}",))
        raise NotTested(
            f"the target cannot be tested: {finding.summary} (expected {finding.expected}, "
            f"got {finding.got}); check the url, the accounts and the rooms of the target file"
        ) from exc


async def _look(stage: Stage, context: Context) -> Ready:
    cast = context.cast()
    if not cast:
        return Ready(await _look_as_nobody(stage, context))
    if context.visitor is None:
        context.takes_strangers = (await stage.handshake()).status == 101
    async with trio.open_nursery() as nursery:
        for account in cast.values():
            nursery.start_soon(context.sessions.of, account)
    # Until it is seen; nothing of this look rests on it.
    stage.backdrop.keeps_order = True
    notes: list[str] = []
    role = next(iter(cast))
    actor = await _first_actor(stage, context, role)
    answered = stage.fence_room.id if context.warms_up_by_joining else FREE_ROOM
    for _ in range(_MEASURED):
        await actor.ask({"command": "join", "room": answered})
    await actor.leave_all()
    for room in context.target.rooms:
        if not room.staff_only:
            notes += await _look_into(room, actor, context)
    if STAFF_ROLE in cast and any(room.staff_only for room in context.target.rooms):
        staff = await stage.actor(STAFF_ROLE)
        for room in context.target.rooms:
            if room.staff_only:
                notes += await _look_into(room, staff, context)
    open_rooms = [room for room in context.target.rooms if not room.staff_only]
    if not open_rooms:
        notes.append("no open room is given, so only what needs no room is tested")
    else:
        context.keeps_order = await keeps_order(stage, role, open_rooms[-2:])
    return Ready(tuple(notes))


async def _first_actor(stage: Stage, context: Context, role: str) -> Actor:
    """Connect as somebody, and find out by which command all others can warm up."""
    try:
        return await stage.actor(role)
    except Violation as exc:
        given = any(not room.staff_only for room in context.target.rooms)
        if not (exc.hopeless and given) or exc.finding.clause == _NOBODY:
            raise
    # It may have a fault in just this; that must not spoil everything.
    context.warms_up_by_joining = True
    actor = await stage.actor(role)
    stage.note("a join of a room that cannot exist is not answered, so actors warm up in a room")
    return actor


async def _look_as_nobody(stage: Stage, context: Context) -> tuple[str, ...]:
    began = trio.current_time()
    response = await stage.handshake()
    if response.status not in (101, 401, 403):
        raise NotTested(
            f"{stage.target.url} answers a WebSocket handshake with {response}: check the url"
        )
    stage.backdrop.round_trips.add(trio.current_time() - began)
    context.takes_strangers = response.status == 101
    alone = "no accounts are given, so only what needs no login is tested"
    if not context.takes_strangers:
        return (
            f"{alone}; and strangers are refused ({response}), so that is next to nothing",
            "whether order is kept was not looked at: that takes a connection",
        )
    nobody = await stage.anonymous()
    try:
        kept = await _answers_in_order(nobody) if nobody is not None else None
    except Violation as exc:
        # Handshakes can be judged even where nothing is answered on a connection.
        return (
            alone,
            f"the first look has already seen something wrong: {exc.finding.summary}",
            "whether order is kept could not be seen",
        )
    context.keeps_order = bool(kept)
    return (alone,) if kept is not None else (alone, "whether order is kept could not be seen")


async def _answers_in_order(nobody: Actor) -> bool | None:
    """
    Measure a stranger's round trips, and return whether pipelined commands keep their order.

    None: it cannot be seen, since both commands have the same answer. Whether an answer is the
    right one is for the checks to say.
    """
    joins, sends = (
        {"command": "join", "room": FREE_ROOM},
        {"command": "send", "room": FREE_ROOM, "message": ""},
    )
    refusals = [(await nobody.ask(joins)).frame.get("error") for _ in range(_MEASURED)]
    joined = refusals[-1]
    await nobody.command(sends)
    sent = (await nobody.take(Stream.ANSWERS, "an answer to a send")).frame.get("error")
    if joined == sent:
        return None
    commands = [sends if place % 3 else joins for place in range(_NUMBERED)]
    codes = [str(sent if one is sends else joined) for one in commands]
    kept = True
    for _ in range(_ROUNDS):
        await nobody.pipeline(*commands)
        kept = await _came(nobody, Stream.ANSWERS, codes, "error") and kept
    return kept


async def _look_into(room: Room, actor: Actor, context: Context) -> list[str]:
    """Look at a room, and return what should be known of it."""
    doubt = doubtful_title(room, await see_room(actor, room))
    if not doubt:
        return []
    context.is_titled_otherwise(room)
    return [doubt]


def doubtful_title(room: Room, title: str) -> str:
    """Say that a room has another title than in the target file; empty: it has not."""
    if room.title is None or title == room.title:
        return ""
    return (
        f"room {room.id} has the title {title!r} on the target and {room.title!r} in the target "
        "file: either the target changes titles, which it must not (MC1-JOIN-03), or [[rooms]] is "
        "not right"
    )


async def see_room(actor: Actor, room: Room) -> str:
    """
    Have somebody join and leave a room, and return the title that the target gives it.

    Raises:
        NotTested: They cannot.

    """
    answer = await actor.ask({"command": "join", "room": room.id})
    code = answer.frame.get("error")
    if code is not None:
        raise NotTested(
            f"{actor.username} cannot join room {room.id} of the target file ({code}): make the "
            "room on the target, or put [[rooms]] right"
        )
    await actor.leave_all()
    return str(answer.frame.get("title", ""))


async def keeps_order(stage: Stage, role: str, rooms: Sequence[Room]) -> bool:
    """
    Send messages and commands at once, from fresh connections, and look at what comes.

    Args:
        stage: Where.
        role: Whose connections.
        rooms: The messages go to these in turn. v1 promises no order between rooms, and a fence
            stands in another room than what it follows; so it must be seen that order is kept.

    Returns:
        Whether the sender, a listener in the same rooms and the commands' answers all saw the
        order in which everything was sent.

    """
    if stage.context.warms_up_by_joining:
        # What is to be seen would not come.
        return False
    kept = True
    for _ in range(_ROUNDS):
        sender = await stage.actor(role)
        listener = await stage.actor(role)
        outsider = await stage.actor(role)
        await outsider.join(rooms[-1])
        for actor in (sender, listener):
            for room in rooms:
                await actor.join(room)
        sender.forget()
        texts = [stage.nonce() for _ in range(_NUMBERED)]
        for place, text in enumerate(texts):
            room = rooms[place % len(rooms)]
            await sender.command({"command": "send", "room": room.id, "message": text})
        expected = []
        for place in range(4):
            command = {"command": "join", "room": FREE_ROOM}
            expected.append(stage.backdrop.no_room)
            if place % 2:
                command = {"command": "send", "room": FREE_ROOM, "message": ""}
                expected[-1] = "ROOM_ACCESS_DENIED"
            await sender.command(command)
        kept = (
            await _came(sender, Stream.MESSAGES, texts, "message")
            and await _came(listener, Stream.MESSAGES, texts, "message")
            and await _came(sender, Stream.ANSWERS, expected, "error")
            and await _hears_no_late_leak(outsider, texts)
            and kept
        )
        for actor in (sender, listener, outsider):
            await actor.leave_all()
    return kept


async def _hears_no_late_leak(outsider: Actor, texts: Sequence[str]) -> bool:
    """Return whether what leaks from another room, if anything does, does not come too late."""
    await quiet_window(outsider.backdrop.round_trips.quiet)
    heard = [str(one.frame["message"]) for one in outsider.waiting(Stream.MESSAGES)]
    outsider.forget()
    return heard == [text for text in texts if text in heard]


async def _came(actor: Actor, stream: Stream, wanted: Sequence[str], member: str) -> bool:
    """Return whether these came in this order, and take all that came."""
    got: list[object] = []
    with trio.move_on_after(min(actor.backdrop.patience, 5.0)):
        while len(got) < len(wanted):
            got.append((await actor.take(stream)).frame.get(member))
    return got == list(wanted)
