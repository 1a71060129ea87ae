"""join: section 4.2 of the specification."""

from multichat_conformance.catalogue import check
from multichat_conformance.patterns import Enter, Joined, Said
from multichat_conformance.stage import Stage


@check(
    "MC1-JOIN-02",
    actors=("alice",),
    cause="The answer is missing, is of another form, or names another room or title.",
)
async def open_room_is_joined(stage: Stage) -> None:
    """A join of an open room is answered with its id and title."""
    alice = await stage.actor("alice")

    await alice.join(stage.room())


@check(
    "MC1-JOIN-04",
    actors=("alice", "bob"),
    cause="The answer goes out before the connection is in the room's list.",
)
async def nothing_is_missed_after_the_answer(stage: Stage) -> None:
    """A message that is sent when the joiner has its answer reaches the joiner."""
    room = stage.room()
    alice = await stage.actor("alice")
    bob = await stage.actor("bob")
    await bob.join(room)

    await alice.join(room)
    text = await bob.says(room)

    await alice.receives(Said(room, text, bob))


@check(
    "MC1-JOIN-07",
    actors=("alice", "bob"),
    claims=("announces",),
    cause="The server counts joins, or puts the connection into the room's list twice.",
)
async def second_join_changes_nothing(stage: Stage) -> None:
    """A second join is announced to nobody, delivers nothing twice, and one leave ends it."""
    room = stage.room()
    alice = await stage.actor("alice")
    bob = await stage.actor("bob")
    await bob.join(room)
    await alice.join(room)
    await bob.receives(Enter(room, alice))

    answer = await alice.ask({"command": "join", "room": room.id})

    alice.check(answer, Joined(room))
    await stage.silence(bob, after=alice)
    text = await bob.says(room)
    await alice.receives(Said(room, text, bob))
    await stage.silence(alice, after=bob)
    await alice.leave(room)
    alice.forget()
    await alice.is_refused(
        {"command": "send", "room": room.id, "message": "?"}, "ROOM_ACCESS_DENIED"
    )
