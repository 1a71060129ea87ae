"""leave: section 4.3 of the specification."""

from multichat_conformance.actors import Actor
from multichat_conformance.catalogue import check
from multichat_conformance.commands import leave, send
from multichat_conformance.patterns import Exit, Joined, Left, Said
from multichat_conformance.stage import Stage
from multichat_conformance.target.model import Room

ROUNDS = 2
AT_ONCE = 10
"""Messages a round; with all else fewer than any server must take at once (MC1-LIMIT-06)."""


@check(
    "MC1-LEAVE-02",
    actors=("alice",),
    cause="The answer is missing, is of another form, or names another room.",
)
async def leave_is_answered(stage: Stage) -> None:
    """A leave is answered with *left* and the room's id."""
    room = stage.room()
    (alice,) = await stage.members(room, "alice")

    await alice.leave(room)


@check(
    "MC1-LEAVE-02",
    actors=("dave",),
    staff_room=True,
    cause="leave looks at the rights in another way than join.",
)
async def staff_leaves_a_staff_room(stage: Stage) -> None:
    """A leave of a staff room by staff is answered with *left*."""
    (dave,) = await stage.members(stage.staff_room, "dave")

    await dave.leave(stage.staff_room)


@check(
    "MC1-LEAVE-02",
    "MC1-MEMB-03",
    actors=("alice", "bob"),
    cause="What leave undoes is not what join does.",
)
async def one_can_come_back(stage: Stage) -> None:
    """Who has left can join again, and is a member as before, once."""
    room = stage.room()
    bob, alice = await stage.members(room, "bob", "alice")

    await alice.leave(room)
    await alice.join(room)

    text = await bob.says(room, clause="MC1-SEND-01")
    await alice.receives(Said(room, text, bob), clause="MC1-SEND-01")
    await alice.says(room, clause="MC1-SEND-01")
    await stage.silence(alice, after=bob, announcements=False, clause="MC1-SEND-06")


@check(
    "MC1-LEAVE-03",
    actors=("alice", "bob"),
    cause="leave takes the connection out of one list and leaves it in another.",
)
async def nothing_comes_after_the_answer(stage: Stage) -> None:
    """Who has left gets nothing more of the room, and cannot send to it."""
    room = stage.room()
    bob, alice = await stage.members(room, "bob", "alice")
    await alice.leave(room)
    alice.forget()

    await bob.says(room)

    await stage.silence(alice, after=bob)
    await alice.is_refused(send(room, "?"), "ROOM_ACCESS_DENIED", clause="MC1-SEND-03")


@check(
    "MC1-LEAVE-03",
    actors=("alice", "bob"),
    cause="The answer goes out by another way than messages, and overtakes them; or the "
    "connection is taken out of the room's list after the answer.",
)
async def nothing_comes_after_the_answer_while_others_talk(stage: Stage) -> None:
    """While others talk without pause, *left* is the last that a leaver gets of the room."""
    room = stage.room()
    alice = await stage.actor("alice")
    (bob,) = await stage.members(room, "bob")

    for _ in range(ROUNDS):
        await alice.join(room)
        texts = [stage.nonce() for _ in range(AT_ONCE)]
        await bob.pipeline(*(send(room, text) for text in texts[: AT_ONCE // 2]))
        await alice.command(leave(room))
        await bob.pipeline(*(send(room, text) for text in texts[AT_ONCE // 2 :]))
        left = await alice.receives(Left(room), clause="MC1-LEAVE-02")
        await bob.meets(texts[-1], room)
        bob.forget()

        await see_nothing_after(stage, alice, left.place, room, bob)
        alice.forget()


async def see_nothing_after(
    stage: Stage, leaver: Actor, place: int, room: Room, talker: Actor
) -> None:
    """See that a leaver got nothing of a room behind a place in its history."""
    before = len(leaver.waiting())
    leaver.forget()
    await stage.silence(leaver, after=talker, announcements=False)
    late = [one for one in leaver.history[place + 1 :] if one.frame.get("room") == room.id]
    stage.expect(
        not late,
        f"{leaver.name} received something of room {room.id} after its *left*",
        expected=f"nothing of room {room.id}",
        got=" ".join(one.text for one in late) or str(before),
    )


@check(
    "MC1-LEAVE-04",
    actors=("alice",),
    claims=("announces",),
    cause="The connection is taken out of the room's list before LEAVE is sent, or LEAVE is sent "
    "after the answer.",
)
async def leaver_sees_its_own_leave_first(stage: Stage) -> None:
    """Who leaves gets LEAVE with its own name, and then *left*."""
    room = stage.room()
    (alice,) = await stage.members(room, "alice")

    await alice.leave(room)

    await alice.receives(Exit(room, alice))
    joined, farewell, left = alice.history[-3:]
    alice.check(joined, Joined(room))
    alice.check(farewell, Exit(room, alice), to="a leave: LEAVE must come before *left*")
    alice.check(left, Left(room))


@check(
    "MC1-LEAVE-05",
    actors=("alice",),
    cause="leave is refused, or not answered, where there is nothing to leave.",
)
async def leave_without_join_is_answered(stage: Stage) -> None:
    """A leave of an open room that the connection is not in is answered with *left*."""
    room = stage.room()
    alice = await stage.actor("alice")

    await alice.leave(room)
    await alice.leave(room)


@check(
    "MC1-LEAVE-06",
    "MC1-ANN-05",
    actors=("alice", "bob"),
    claims=("announces",),
    cause="LEAVE is sent for each leave, whether or not the connection was a member.",
)
async def strangers_leave_is_announced_to_nobody(stage: Stage) -> None:
    """A leave of a room that the connection is not in is announced to nobody."""
    room = stage.room()
    alice = await stage.actor("alice")
    (bob,) = await stage.members(room, "bob")

    await alice.leave(room)

    await stage.silence(bob, alice, after=alice)
