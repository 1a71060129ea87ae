"""
What a server must give up after a time that it states: sections 2.1, 9.2, 10.1 and 10.2.

These stories almost only wait, so they begin with the run and are told beside the others.
"""

from typing import Final

import trio

from multichat_conformance.actors.handshake import request_bytes
from multichat_conformance.actors.knock import knock
from multichat_conformance.actors.wire import Opcode
from multichat_conformance.catalogue import Group, check
from multichat_conformance.patterns import Exit, Said
from multichat_conformance.stage import Stage
from multichat_conformance.timing import pause

EXPIRED_WITHIN: Final = 60.0
"""Seconds after a session has run out of time (MC1-REVOKE-06)."""


@check(
    "MC1-HAND-07",
    limits=("handshake_seconds",),
    group=Group.INTRUSIVE,
    cause="There is no deadline before the upgrade, or each byte that comes starts it anew.",
    aside=True,
)
async def slow_handshake_is_ended(stage: Stage) -> None:
    """
    A handshake that is not whole in the stated time is ended, though bytes go on coming.

    One connection stops in the middle of a header; another writes a byte now and then, which a
    deadline for each read would let go on for ever. Both get the stated time and two seconds.
    """
    within = stage.seconds("handshake_seconds") + stage.backdrop.grace
    request = request_bytes(stage.target)[:-4] + b"\r\nX-Slow: "
    ended = {}

    async def stops() -> None:
        async with knock(stage.backdrop, "half a handshake, and no more") as one:
            await one.write(request)
            ended["a handshake that stops"] = await one.ends(within=within)

    async def dribbles() -> None:
        async with knock(stage.backdrop, "half a handshake, then a byte now and then") as one:
            until = trio.current_time() + within
            await one.write(request)
            while trio.current_time() < until and await one.write(b"x"):
                await pause(within / 30)
            ended["a handshake that dribbles"] = await one.ends(within=0)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(stops)
        nursery.start_soon(dribbles)

    for name, is_ended in ended.items():
        stage.expect(
            is_ended,
            f"{name} was not ended",
            expected=f"the end of the connection within {within:.1f} s, two of them tolerance",
            got="an open connection",
        )


@check(
    "MC1-CLOSE-03",
    visitor=True,
    limits=("close_seconds",),
    group=Group.INTRUSIVE,
    cause="After its close frame the server waits for the client's without an end.",
    aside=True,
)
async def wait_after_a_fault_is_bounded(stage: Stage) -> None:
    """A client that broke the framing and answers no close frame is not waited for for ever."""
    visitor = await stage.raw(stage.visitor)
    visitor.answers_close = False

    await visitor.send_frame(Opcode.TEXT, b"{}", masked=False)

    await visitor.is_closed(clause="MC1-FRAME-06")
    await visitor.stream_ends(within=stage.seconds("close_seconds"))


@check(
    "MC1-CLOSE-03",
    actors=("alice",),
    rooms=0,
    limits=("close_seconds",),
    logout=True,
    group=Group.INTRUSIVE,
    cause="After its close frame the server waits for the client's without an end.",
    aside=True,
)
async def wait_for_the_answer_is_bounded(stage: Stage) -> None:
    """A client that answers no close frame, and goes on pinging, is not waited for for ever."""
    session = await stage.fresh_session("alice")
    alice = await stage.raw("alice", session=session)
    alice.answers_close = False

    await stage.log_out(session)

    await alice.is_closed(1008, within=1.0, clause="MC1-REVOKE-06")
    await alice.send_frame(Opcode.PING, b"still here")
    await alice.stream_ends(within=stage.seconds("close_seconds"))


@check(
    "MC1-END-02",
    "MC1-END-01",
    actors=("alice", "bob"),
    limits=("vanish_seconds",),
    cause=(
        "No pings are sent, or nobody looks whether a pong came back; or whoever sends nothing "
        "counts as gone, though it answers every ping."
    ),
    aside=True,
)
async def vanished_peer_is_noticed(stage: Stage) -> None:
    """A peer that answers no ping is gone within the stated bound; one that answers them stays."""
    room = stage.room()
    within = stage.seconds("vanish_seconds")
    vanished = await stage.raw("alice")
    idle = await stage.raw("alice")
    bob = await stage.actor("bob")
    await stage.all_in(room, vanished, idle, bob)

    vanished.answers_pings = False
    vanished.answers_close = False

    if stage.target.announces:
        await bob.receives(Exit(room, vanished), within=within)
    else:
        await vanished.is_closed(within=within)
    stage.expect(
        idle.ended is None,
        "a connection that sends nothing, but answers every ping, was ended",
        expected="only the one that answers no ping is taken for gone",
        got=str(idle.ended),
    )
    idle.forget()
    text = await bob.says(room)
    await idle.receives(Said(room, text, bob))
    await stage.silence(bob, after=bob, clause="MC1-END-01")


@check(
    "MC1-REVOKE-06",
    actors=("alice",),
    rooms=0,
    hooks=("expire_session",),
    logout=True,
    group=Group.INTRUSIVE,
    cause="Nobody looks whether the session of an open connection has run out of time.",
    aside=True,
)
async def expiry_closes(stage: Stage) -> None:
    """A connection whose session runs out of time is closed with 1008 within a minute."""
    session = await stage.fresh_session("alice")
    alice = await stage.actor("alice", session=session)

    await stage.hook("expire_session", session=session.key)

    await alice.is_closed(1008, within=EXPIRED_WITHIN)
