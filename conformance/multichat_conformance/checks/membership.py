"""Membership: section 6.1 of the specification."""

from multichat_conformance.catalogue import check
from multichat_conformance.commands import join, send
from multichat_conformance.patterns import Joined, Left, Said, Stream
from multichat_conformance.stage import Stage
from multichat_conformance.timing import SEEN_WITHIN


@check(
    "MC1-MEMB-01",
    actors=("alice", "bob"),
    cause="Membership is kept by user or by session, not by connection.",
)
async def other_connection_of_the_user_is_no_member(stage: Stage) -> None:
    """
    Of a user's connections those that have not joined get nothing, nor may they send.

    One of them is open when another joins, and one is opened after that.
    """
    room = stage.room()
    (bob,) = await stage.members(room, "bob")
    before = await stage.actor("alice")
    (member,) = await stage.members(room, "alice")
    behind = await stage.actor("alice")

    text = await bob.says(room)
    await member.receives(Said(room, text, bob))

    await stage.silence(before, behind, after=bob)
    for other in (before, behind):
        await other.is_refused(send(room, stage.nonce()), "ROOM_ACCESS_DENIED")


@check(
    "MC1-MEMB-01",
    actors=("alice", "bob"),
    cause="A leave ends all memberships of the user in the room.",
)
async def one_connection_leaves_the_other_stays(stage: Stage) -> None:
    """When one of two connections of a user leaves, the other is a member still."""
    room = stage.room()
    bob, stays, leaves = await stage.members(room, "bob", "alice", "alice")

    await leaves.leave(room)

    text = await bob.says(room)
    await stays.receives(Said(room, text, bob))
    await stays.says(room)
    await stage.silence(leaves, after=bob, announcements=False, clause="MC1-LEAVE-03")


@check(
    "MC1-MEMB-01",
    "MC1-MEMB-03",
    actors=("alice", "bob"),
    cause="The end of a connection ends all memberships of its user.",
)
async def one_connection_ends_the_other_stays(stage: Stage) -> None:
    """When one of two connections of a user ends, the other is a member still."""
    room = stage.room()
    bob, stays, goes = await stage.members(room, "bob", "alice", "alice")

    await goes.close()

    text = await bob.says(room)
    await stays.receives(Said(room, text, bob))
    await stays.says(room)


@check(
    "MC1-MEMB-02",
    actors=("alice", "bob", "carol"),
    cause="A connection has one room, and a join takes it out of the one before.",
)
async def one_connection_is_in_two_rooms(stage: Stage) -> None:
    """A connection in two rooms gets the messages of both, each with its own room."""
    # The second is that of the fence: two rooms are all that some servers allow.
    room, other = stage.room(), stage.fence_room
    (bob,) = await stage.members(room, "bob")
    (carol,) = await stage.members(other, "carol")
    (alice,) = await stage.members(room, "alice")
    await alice.join(other)

    of_room = await bob.says(room)
    await alice.receives(Said(room, of_room, bob))
    of_other = await carol.says(other)
    await alice.receives(Said(other, of_other, carol))
    own = await alice.says(room)
    await bob.receives(Said(room, own, alice))
    own = await alice.says(other)
    await carol.receives(Said(other, own, alice))
    await stage.silence(alice, bob, carol, after=alice, announcements=False)


@check(
    "MC1-MEMB-02",
    actors=("alice", "bob"),
    cause="A leave ends all memberships of the connection, or another one.",
)
async def leaving_one_room_keeps_the_other(stage: Stage) -> None:
    """Who leaves one of two rooms is a member of the other still, and of that alone."""
    room, other = stage.room(0), stage.room(1)
    bob, alice = await stage.members(room, "bob", "alice")
    for actor in (bob, alice):
        await actor.join(other)

    await alice.leave(room)

    text = await bob.says(other)
    await alice.receives(Said(other, text, bob))
    await alice.says(other)
    await alice.is_refused(send(room, "?"), "ROOM_ACCESS_DENIED", clause="MC1-SEND-03")


@check(
    "MC1-MEMB-03",
    actors=("alice", "bob"),
    cause="Memberships are kept for the user or the session and given to the next connection.",
)
async def new_connection_is_no_member(stage: Stage) -> None:
    """After a close, a new connection of the same user starts without memberships."""
    room = stage.room()
    bob, before = await stage.members(room, "bob", "alice")

    await before.close()
    after = await stage.actor("alice")

    await after.is_refused(send(room, stage.nonce()), "ROOM_ACCESS_DENIED")
    await bob.says(room)
    await stage.silence(after, after=bob)


@check(
    "MC1-MEMB-03",
    actors=("alice", "bob"),
    cause="Only a close frame ends memberships, or who comes back is taken for who was lost.",
)
async def new_connection_after_a_loss_is_no_member(stage: Stage) -> None:
    """After a connection was lost without a word, a new one of the user is no member."""
    room = stage.room()
    bob, before = await stage.members(room, "bob", "alice")

    await before.vanish()
    after = await stage.actor("alice")

    await after.is_refused(send(room, stage.nonce()), "ROOM_ACCESS_DENIED")
    await bob.says(room)
    await stage.silence(after, after=bob)


@check(
    "MC1-MEMB-04",
    actors=("alice",),
    hooks=("create_room", "delete_room", "make_staff_room"),
    cause="Memberships are looked at only when a command comes.",
)
async def memberships_end_unasked(stage: Stage) -> None:
    """
    Whether a server sends *left* when a membership ends on its own account.

    A core server may; a hardened one must, within a second (MC1-REVOKE-01).
    """
    room = await stage.new_room()
    alice = await stage.actor("alice")
    await alice.comes_to(join(room), Joined(room), within=SEEN_WITHIN)

    await stage.hook("make_staff_room", room=room.id)

    answer = await alice.take_within(SEEN_WITHIN, Stream.ANSWERS)
    if answer is None:
        stage.observe("no *left* comes unasked when a room is closed to a member")
    else:
        alice.check(answer, Left(room))
        stage.observe("*left* comes unasked when a room is closed to a member")
