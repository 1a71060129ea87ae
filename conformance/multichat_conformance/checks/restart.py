"""A server that stops and starts again: MC1-CLOSE-05 in section 10.2 of the specification."""

from multichat_conformance.catalogue import Group, check
from multichat_conformance.patterns import Said
from multichat_conformance.stage import Stage

_UNORDERLY = (
    "The process ends with its connections open, closes them with 1001 or 1006 as its library "
    "does, or waits for clients that never close."
)


@check(
    "MC1-CLOSE-05",
    "MC1-CLOSE-02",
    "MC1-END-01",
    "MC1-MEMB-03",
    actors=("alice", "bob"),
    limits=("stop_seconds",),
    restart=True,
    group=Group.LIFECYCLE,
    cause=_UNORDERLY,
)
async def everybody_is_told_and_nothing_survives(stage: Stage) -> None:
    """
    A stop closes everybody with 1012 in time, tells nobody a LEAVE, and ends all memberships.

    Two clients make it hard: one reads nothing, and one does not answer the close frame. Both are
    one story because a stop and a start take long.
    """
    room = stage.room()
    alice = await stage.actor("alice")
    bob = await stage.actor("bob")
    deaf = await stage.raw("alice")
    rude = await stage.raw("bob")
    members = (alice, bob, deaf, rude)
    await stage.all_in(room, *members)
    deaf.stop_reading()
    rude.answers_close = False

    allowed = stage.seconds("stop_seconds")
    took = await stage.stop_target(within=allowed)

    stage.expect(
        took <= allowed + stage.backdrop.grace,
        f"the target took {took:.1f} s to stop",
        expected=f"its end within the {allowed:g} s that it states",
        got=f"{took:.1f} s, with a client that reads nothing and one that answers no close frame",
    )
    for actor in (alice, bob, rude):
        await actor.is_closed(1012)
        surplus = actor.waiting()
        stage.expect(
            not surplus,
            f"{actor.name} was told more than 1012 by a target that stops",
            expected="the close frame alone",
            got=" ".join(received.text for received in surplus),
            clause="MC1-END-01",
        )
    deaf.read_again()
    await deaf.is_closed(1012)
    await stage.start_target()
    again = await stage.actor("alice")
    other = await stage.actor("bob")
    command = {"command": "send", "room": room.id, "message": stage.nonce()}
    await again.is_refused(command, "ROOM_ACCESS_DENIED", clause="MC1-MEMB-03")
    await again.join(room)
    await other.join(room)
    text = await other.says(room)
    await again.receives(Said(room, text, other))
