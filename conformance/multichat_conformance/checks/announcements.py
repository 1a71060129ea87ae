"""ENTER and LEAVE: section 6.2 of the specification."""

from collections import Counter

from multichat_conformance.actors import Actor
from multichat_conformance.catalogue import check
from multichat_conformance.commands import join, leave, send
from multichat_conformance.patterns import ENTER, Enter, Exit, Pattern, Stream
from multichat_conformance.stage import Stage
from multichat_conformance.target.model import Room

TRIES = 4
"""Joins of an anonymous connection that are refused."""


@check(
    "MC1-ANN-01",
    actors=("alice", "bob", "carol"),
    claims=("announces",),
    cause="ENTER is missing, goes to some members only, or carries another name.",
)
async def every_member_sees_who_enters(stage: Stage) -> None:
    """Each member of a room gets one ENTER with the joiner's name."""
    room = stage.room()
    bob, carol = await stage.members(room, "bob", "carol")
    await bob.receives(Enter(room, carol))
    alice = await stage.actor("alice")

    await alice.join(room)

    await bob.receives(Enter(room, alice))
    await carol.receives(Enter(room, alice))
    await stage.silence(bob, carol, after=alice)


@check(
    "MC1-ANN-01",
    "MC1-MEMB-01",
    actors=("alice", "bob"),
    claims=("announces",),
    cause="Users are announced, not connections.",
)
async def second_connection_of_a_member_is_announced(stage: Stage) -> None:
    """A second connection of a user who is in the room is announced like the first."""
    room = stage.room()
    bob, alice = await stage.members(room, "bob", "alice")
    await bob.receives(Enter(room, alice))

    (second,) = await stage.members(room, "alice")

    await alice.receives(Enter(room, second))
    await bob.receives(Enter(room, second))


@check(
    "MC1-ANN-02",
    actors=("alice", "bob"),
    cause="ENTER is sent to the room when the joiner is in its list already.",
)
async def joiner_sees_no_enter_of_its_own(stage: Stage) -> None:
    """Who joins gets no ENTER of its own, neither before *joined* nor after it."""
    room = stage.room()
    (bob,) = await stage.members(room, "bob")
    alice = await stage.actor("alice")
    began = len(alice.history)

    await alice.join(room)

    await bob.says(room)
    await alice.take(Stream.MESSAGES)
    await stage.silence(alice, after=alice)
    await stage.silence(alice, after=bob)
    # What else may come before *joined* is another clause's matter (MC1-JOIN-05).
    own = [one for one in alice.history[began:] if Enter(room, alice).mismatch(one.frame) is None]
    stage.expect(
        not own,
        f"{alice.name} received the ENTER of its own join",
        expected="*joined*, and no ENTER",
        got=" ".join(one.text for one in own),
    )


@check(
    "MC1-ANN-03",
    actors=("alice", "bob", "carol"),
    claims=("announces",),
    cause="LEAVE is missing, goes to some members only, or carries another name.",
)
async def every_member_sees_who_leaves(stage: Stage) -> None:
    """Each member of a room gets one LEAVE with the leaver's name."""
    room = stage.room()
    bob, carol, alice = await stage.members(room, "bob", "carol", "alice")
    await bob.receives(Enter(room, carol), clause="MC1-ANN-01")
    for member in (bob, carol):
        await member.receives(Enter(room, alice), clause="MC1-ANN-01")

    await alice.leave(room)

    await bob.receives(Exit(room, alice))
    await carol.receives(Exit(room, alice))
    await stage.silence(bob, carol, after=alice)


@check(
    "MC1-ANN-03",
    "MC1-MEMB-01",
    actors=("alice", "bob"),
    claims=("announces",),
    cause="A user is announced as gone only with the last connection.",
)
async def one_of_two_connections_leaves_visibly(stage: Stage) -> None:
    """The leave of one of two connections of a user is announced, to the other one, too."""
    room = stage.room()
    bob, alice, second = await stage.members(room, "bob", "alice", "alice")
    for _ in range(2):
        await bob.receives(Enter(room, alice), clause="MC1-ANN-01")
    await alice.receives(Enter(room, alice), clause="MC1-ANN-01")

    await second.leave(room)

    await bob.receives(Exit(room, second))
    await alice.receives(Exit(room, second))


@check(
    "MC1-ANN-04",
    actors=("alice", "bob", "carol"),
    cause="Some ways in or out of a room are announced and others not, or the target file says "
    "the contrary of what the server is set to (capabilities.announces).",
)
async def all_are_announced_or_none(stage: Stage) -> None:
    """
    Several joins and leaves are all announced, or none is, as the target file says.

    What is announced is compared in order: who is announced twice, or under another name, is
    found here, too.
    """
    room = stage.room()
    (bob,) = await stage.members(room, "bob")
    alice, carol = await stage.actor("alice"), await stage.actor("carol")

    changes: list[Pattern] = []
    for _ in range(2):
        for actor in (alice, carol):
            await actor.join(room)
            changes.append(Enter(room, actor))
        await alice.leave(room)
        changes.append(Exit(room, alice))
        await carol.leave(room)
        changes.append(Exit(room, carol))

    if stage.target.announces:
        for change in changes:
            await bob.receives(change)
    await stage.silence(bob, after=alice)
    await stage.silence(bob, after=carol)


@check(
    "MC1-ANN-05",
    actors=("alice", "dave"),
    staff_room=True,
    claims=("announces",),
    cause="ENTER or LEAVE is sent before the rights are looked at.",
)
async def refused_commands_are_announced_to_nobody(stage: Stage) -> None:
    """A join, a leave and a send that are refused are not seen by those in the room."""
    room = stage.staff_room
    alice = await stage.actor("alice")
    (dave,) = await stage.members(room, "dave")
    nobody = await stage.anonymous()

    for command in (join(room), leave(room), send(room, stage.nonce())):
        await alice.is_refused(command, "ROOM_ACCESS_DENIED", clause="MC1-ROOM-07")
    if nobody is not None:
        for _ in range(TRIES):
            await nobody.is_refused(join(room), "USER_HAS_TO_LOGIN", clause="MC1-AUTH-03")

    await stage.silence(dave, after=alice)
    see_nobody_announced(stage, room, dave)


def see_nobody_announced(stage: Stage, room: Room, member: Actor) -> None:
    """
    See that the joins of nobody, which were refused, were not announced under a made-up name.

    A name that the suite does not know may be another person's; but nobody else comes as often
    as nobody has tried, meanwhile.
    """
    entered = Counter(
        str(one.frame["username"])
        for one in member.set_aside
        if one.frame.get("msg_type") == ENTER and one.frame["room"] == room.id
    )
    name, times = max(entered.items(), key=lambda item: item[1], default=("", 0))
    stage.expect(
        times < TRIES,
        f"{member.name} saw {name!r} enter {times} times while nobody tried {TRIES} times",
        expected="no announcement",
        got=f"ENTER of {name!r}",
    )


@check(
    "MC1-ANN-05",
    actors=("alice", "bob"),
    claims=("announces",),
    cause="A member is announced again for each command, or left to be announced after it left.",
)
async def nothing_is_announced_twice(stage: Stage) -> None:
    """Of two joins and two leaves the second ones change nothing and are not announced."""
    room = stage.room()
    (bob,) = await stage.members(room, "bob")
    alice = await stage.actor("alice")

    for _ in range(2):
        await alice.join(room)
    for _ in range(2):
        await alice.leave(room)

    await bob.receives(Enter(room, alice), clause="MC1-ANN-01")
    next_one = await bob.take(Stream.ANNOUNCEMENTS, str(Exit(room, alice)), clause="MC1-ANN-03")
    entered_again = Enter(room, alice).mismatch(next_one.frame) is None
    bob.check(next_one, Exit(room, alice), clause="MC1-ANN-05" if entered_again else "MC1-ANN-03")
    await stage.silence(bob, after=alice)
