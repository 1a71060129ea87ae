"""
Losing access to a room: section 9.1 of the specification.

Hooks take the access away. A clause gives the target one second to act on it, counted from the
hook's answer, and the suite adds some grace for the way. What must not come is shown by fences.
"""

from typing import Final

from multichat_conformance.actors import Actor
from multichat_conformance.catalogue import Group, check
from multichat_conformance.patterns import Error, Exit, Left, Said, Stream
from multichat_conformance.stage import Stage
from multichat_conformance.target.model import Account, Room
from multichat_conformance.timing import SEEN_WITHIN

PUT_OUT_WITHIN: Final = 1.0
"""Seconds (MC1-REVOKE-01)."""

_ROOM_HOOKS: Final = ("make_staff_room", "make_open_room")
_STAFF_HOOKS: Final = ("make_staff", "make_plain")
_USER_HOOKS: Final = ("deactivate", "activate")

_UNAWARE: Final = (
    "Access is looked at when a command comes, and nobody looks again at those who are in a room "
    "already when rooms and users change."
)


async def _close_to_plain_users(stage: Stage, room: Room) -> None:
    await stage.hook("make_staff_room", undo=("make_open_room", {"room": room.id}), room=room.id)


async def _make_staff(stage: Stage, actor: Actor) -> None:
    name = actor.username
    await stage.hook("make_staff", undo=("make_plain", {"username": name}), username=name)


async def _deactivate(stage: Stage, actor: Actor) -> None:
    name = actor.username
    await stage.hook("deactivate", undo=("activate", {"username": name}), username=name)


async def _comes_to(actor: Actor, command: str, room: Room, code: str, *, clause: str = "") -> None:
    """See a command refused; that commands know of a change may take a second (MC1-AUTH-05)."""
    asked = {"command": command, "room": room.id}
    await actor.comes_to(asked, Error(code), within=SEEN_WITHIN, clause=clause)


async def _delete(stage: Stage, account: Account) -> None:
    await stage.hook("delete_user", username=account.username)
    stage.undone("delete_user")


@check(
    "MC1-REVOKE-01",
    actors=("alice",),
    hooks=_ROOM_HOOKS,
    group=Group.INTRUSIVE,
    cause=_UNAWARE,
)
async def room_made_a_staff_room(stage: Stage) -> None:
    """A plain member of a room that is made a staff room gets left within a second."""
    room = stage.room()
    alice = await stage.actor("alice")
    await alice.join(room)

    await _close_to_plain_users(stage, room)

    await alice.receives(Left(room), within=PUT_OUT_WITHIN)


@check(
    "MC1-REVOKE-01",
    "MC1-REVOKE-07",
    actors=("alice", "dave"),
    hooks=("create_room", "delete_room"),
    group=Group.INTRUSIVE,
    cause="A room is deleted from the database, and the list of those who are in it stays.",
)
async def room_deleted(stage: Stage) -> None:
    """Everybody in a room that is deleted gets left within a second, staff too, and no LEAVE."""
    room = await stage.new_room()
    alice = await stage.actor("alice")
    dave = await stage.actor("dave")
    await alice.joins_in_time(room)
    await stage.all_in(room, alice, dave)

    await stage.hook("delete_room", room=room.id)
    stage.undone("delete_room")

    await alice.receives(Left(room), within=PUT_OUT_WITHIN)
    await dave.receives(Left(room), within=PUT_OUT_WITHIN)
    await stage.silence(alice, dave, after=dave, clause="MC1-REVOKE-07")
    await _comes_to(alice, "leave", room, "ROOM_INVALID")


@check(
    "MC1-REVOKE-01",
    "MC1-REVOKE-07",
    actors=("alice",),
    staff_room=True,
    hooks=_STAFF_HOOKS,
    group=Group.INTRUSIVE,
    cause="Staff rights are looked at when a command comes, not when they are taken away.",
)
async def member_made_plain(stage: Stage) -> None:
    """Both connections of a user who is no longer staff get left of the staff room, no LEAVE."""
    room = stage.staff_room
    alice = await stage.actor("alice")
    second = await stage.actor("alice")
    await _make_staff(stage, alice)
    await alice.joins_in_time(room)
    await stage.all_in(room, alice, second)

    await stage.hook("make_plain", username=alice.username)

    await alice.receives(Left(room), within=PUT_OUT_WITHIN)
    await second.receives(Left(room), within=PUT_OUT_WITHIN)
    await stage.silence(alice, second, after=alice, clause="MC1-REVOKE-07")


@check(
    "MC1-REVOKE-05",
    "MC1-REVOKE-01",
    actors=("alice",),
    rooms=3,
    hooks=_USER_HOOKS,
    group=Group.INTRUSIVE,
    cause="A session is looked up, and whether its user is active is not.",
)
async def member_deactivated(stage: Stage) -> None:
    """The connection of a deactivated user leaves its rooms and is an anonymous one."""
    room, other = stage.room(), stage.room(1)
    alice = await stage.actor("alice")
    await alice.join(room)
    await alice.join(other)

    await _deactivate(stage, alice)

    lost = set()
    for _ in range(2):
        answer = await alice.take(
            Stream.ANSWERS, "left of each room", within=PUT_OUT_WITHIN, clause="MC1-REVOKE-01"
        )
        lost.add(str(answer.frame.get("leave")))
    stage.expect(
        lost == {room.id, other.id},
        "alice was deactivated and not put out of all her rooms",
        expected=f"left of the rooms {room.id} and {other.id}",
        got=f"left of {', '.join(sorted(lost))}",
        clause="MC1-REVOKE-01",
    )
    alice.is_now_nobody()
    for command in ("join", "leave"):
        await _comes_to(alice, command, room, "USER_HAS_TO_LOGIN")


@check(
    "MC1-REVOKE-05",
    "MC1-REVOKE-01",
    rooms=2,
    hooks=("create_user", "delete_user"),
    logout=True,
    group=Group.INTRUSIVE,
    cause="The connection goes on with the user that it had at the handshake.",
)
async def member_deleted(stage: Stage) -> None:
    """The connection of a deleted user leaves its room and is an anonymous one."""
    room = stage.room()
    account = await stage.new_user()
    guest = await stage.actor_of(account, "guest")
    await guest.join(room)

    await _delete(stage, account)

    await guest.receives(Left(room), within=PUT_OUT_WITHIN, clause="MC1-REVOKE-01")
    guest.is_now_nobody()
    await _comes_to(guest, "join", room, "USER_HAS_TO_LOGIN")


@check(
    "MC1-REVOKE-02",
    "MC1-SEND-03",
    actors=("alice", "dave"),
    hooks=_ROOM_HOOKS,
    group=Group.INTRUSIVE,
    cause="The connection is told that it left, and stays in the list that messages go to.",
)
async def nothing_comes_after_left(stage: Stage) -> None:
    """
    One who was put out of a room gets nothing of it any more, and cannot send to it.

    Whether left came is for others to check: the leak is worse than the missing word.
    """
    room = stage.room()
    alice = await stage.actor("alice")
    dave = await stage.actor("dave")
    await stage.all_in(room, alice, dave)

    await _close_to_plain_users(stage, room)
    await alice.comes(Left(room), within=PUT_OUT_WITHIN)
    await dave.says(room)

    await stage.silence(alice, after=dave)
    await alice.is_refused(
        {"command": "send", "room": room.id, "message": stage.nonce()},
        "ROOM_ACCESS_DENIED",
        clause="MC1-SEND-03",
    )
    dave.forget(Stream.ANNOUNCEMENTS)
    await stage.silence(dave, after=alice, announcements=False, clause="MC1-SEND-03")


@check(
    "MC1-REVOKE-02",
    actors=("alice", "bob"),
    hooks=_USER_HOOKS,
    group=Group.INTRUSIVE,
    cause="The rooms of a user who was deactivated go on delivering to the open connection.",
)
async def deactivated_user_hears_nothing(stage: Stage) -> None:
    """A user who was deactivated gets nothing of the room after left."""
    room = stage.room()
    alice = await stage.actor("alice")
    bob = await stage.actor("bob")
    await stage.all_in(room, alice, bob)

    await _deactivate(stage, alice)
    await alice.comes(Left(room), within=PUT_OUT_WITHIN)
    alice.is_now_nobody()
    await bob.says(room)

    await stage.silence(alice, after=bob)


@check(
    "MC1-REVOKE-03",
    actors=("alice", "dave"),
    claims=("announces",),
    hooks=_ROOM_HOOKS,
    group=Group.INTRUSIVE,
    cause="The member is taken out of the list, and nobody is told.",
)
async def those_who_remain_see_it(stage: Stage) -> None:
    """Those who remain see one LEAVE of a member that was put out; the member gets left alone."""
    room = stage.room()
    alice = await stage.actor("alice")
    dave = await stage.actor("dave")
    await stage.all_in(room, alice, dave)

    await _close_to_plain_users(stage, room)

    await dave.receives(Exit(room, alice), within=PUT_OUT_WITHIN)
    await alice.receives(Left(room), within=PUT_OUT_WITHIN, clause="MC1-REVOKE-01")
    await stage.silence(alice, dave, after=dave)


@check(
    "MC1-REVOKE-03",
    actors=("alice", "bob"),
    claims=("announces",),
    hooks=_USER_HOOKS,
    group=Group.INTRUSIVE,
    cause="The member is taken out of the list, and nobody is told.",
)
async def leave_of_a_deactivated_user_is_seen(stage: Stage) -> None:
    """Those who remain see one LEAVE of a user who was deactivated."""
    room = stage.room()
    alice = await stage.actor("alice")
    bob = await stage.actor("bob")
    await stage.all_in(room, alice, bob)

    await _deactivate(stage, alice)

    await bob.receives(Exit(room, alice), within=PUT_OUT_WITHIN)
    await alice.receives(Left(room), within=PUT_OUT_WITHIN, clause="MC1-REVOKE-01")
    alice.is_now_nobody()
    await stage.silence(alice, bob, after=bob)


@check(
    "MC1-REVOKE-07",
    "MC1-REVOKE-03",
    actors=("alice", "bob", "dave"),
    claims=("announces",),
    hooks=_ROOM_HOOKS,
    group=Group.INTRUSIVE,
    cause="Members are put out one by one, so that the later ones see the earlier ones leave.",
)
async def put_out_at_one_instant(stage: Stage) -> None:
    """Of two who are put out by the same change none sees the other's LEAVE."""
    room = stage.room()
    alice = await stage.actor("alice")
    bob = await stage.actor("bob")
    dave = await stage.actor("dave")
    await stage.all_in(room, alice, bob, dave)

    await _close_to_plain_users(stage, room)

    for actor in (alice, bob):
        await actor.receives(Left(room), within=PUT_OUT_WITHIN, clause="MC1-REVOKE-01")
    await stage.silence(alice, bob, after=dave)
    left = [await dave.take(Stream.ANNOUNCEMENTS, clause="MC1-REVOKE-03") for _ in range(2)]
    stage.expect(
        {one.frame["username"] for one in left} == {alice.username, bob.username},
        "dave, who remains, did not see the LEAVE of each who was put out",
        expected=f"LEAVE of {alice.username} and of {bob.username}",
        got=" ".join(one.text for one in left),
        clause="MC1-REVOKE-03",
    )
    await stage.silence(dave, after=dave, clause="MC1-REVOKE-03")


@check(
    "MC1-REVOKE-04",
    actors=("alice", "bob"),
    rooms=3,
    hooks=_ROOM_HOOKS,
    group=Group.INTRUSIVE,
    cause="The connection is closed, or loses all of its rooms with the one.",
)
async def other_memberships_go_on(stage: Stage) -> None:
    """A member that is put out of one room stays connected and in its other rooms."""
    lost, kept = stage.room(), stage.room(1)
    alice = await stage.actor("alice")
    bob = await stage.actor("bob")
    await alice.join(lost)
    await stage.all_in(kept, alice, bob)

    await _close_to_plain_users(stage, lost)
    await alice.receives(Left(lost), within=PUT_OUT_WITHIN, clause="MC1-REVOKE-01")

    text = await bob.says(kept)
    await alice.receives(Said(kept, text, bob))
    text = await alice.says(kept)
    await bob.receives(Said(kept, text, alice))


@check(
    "MC1-REVOKE-01",
    "MC1-ROOM-07",
    "MC1-REVOKE-02",
    actors=("alice", "dave"),
    hooks=_ROOM_HOOKS,
    group=Group.INTRUSIVE,
    cause=(
        "Messages to the member are held back while the access is gone, but the membership itself "
        "is still there and comes to life again."
    ),
)
async def way_back_is_a_join(stage: Stage) -> None:
    """After being put out one can neither leave nor join, and once the room is open, join anew."""
    room = stage.room()
    alice = await stage.actor("alice")
    dave = await stage.actor("dave")
    await stage.all_in(room, alice, dave)

    await _close_to_plain_users(stage, room)
    await alice.receives(Left(room), within=PUT_OUT_WITHIN)
    for command in ("leave", "join"):
        await _comes_to(alice, command, room, "ROOM_ACCESS_DENIED", clause="MC1-ROOM-07")
    await stage.hook("make_open_room", room=room.id)
    await dave.says(room)
    await stage.silence(alice, after=dave, clause="MC1-REVOKE-02")
    await alice.joins_in_time(room)
    text = await dave.says(room)

    await alice.receives(Said(room, text, dave))


@check(
    "MC1-END-01",
    "MC1-REVOKE-03",
    actors=("alice", "dave"),
    claims=("announces",),
    hooks=_ROOM_HOOKS,
    group=Group.INTRUSIVE,
    cause=(
        "The subscription outlives the access: a member that is put out is still in some list, "
        "from which it is taken only when its connection ends, or never."
    ),
)
async def membership_does_not_outlive_the_access(stage: Stage) -> None:
    """When the connection of one who was put out ends, nobody sees a second LEAVE."""
    room = stage.room()
    alice = await stage.actor("alice")
    dave = await stage.actor("dave")
    await stage.all_in(room, alice, dave)

    await _close_to_plain_users(stage, room)
    await alice.receives(Left(room), within=PUT_OUT_WITHIN, clause="MC1-REVOKE-01")
    await dave.receives(Exit(room, alice), within=PUT_OUT_WITHIN, clause="MC1-REVOKE-03")
    await alice.close()

    await stage.silence(dave, after=dave)
