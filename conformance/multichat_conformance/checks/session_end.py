"""
The end of a session: section 9.2 of the specification.

A session that has ended takes its connections with it, and no others. Each story ends sessions
that were logged in for it alone.
"""

from typing import Final

from multichat_conformance.catalogue import Group, check
from multichat_conformance.patterns import Said
from multichat_conformance.stage import Stage

CLOSED_WITHIN: Final = 1.0
"""Seconds after a logout or a new password (MC1-REVOKE-06)."""

_UNAWARE: Final = (
    "The session is looked at in the handshake alone, or at each command; its end reaches no "
    "connection that is open."
)


@check(
    "MC1-REVOKE-06",
    actors=("alice",),
    logout=True,
    group=Group.INTRUSIVE,
    cause=_UNAWARE,
)
async def logout_closes(stage: Stage) -> None:
    """All connections of a session are closed with 1008 within a second of its logout."""
    session = await stage.fresh_session("alice")
    first = await stage.actor("alice", session=session)
    second = await stage.actor("alice", session=session)

    await stage.log_out(session)

    await first.is_closed(1008, within=CLOSED_WITHIN)
    await second.is_closed(1008, within=CLOSED_WITHIN)


@check(
    "MC1-REVOKE-06",
    actors=("alice", "bob"),
    logout=True,
    group=Group.INTRUSIVE,
    cause="The connections of the user are closed, not those of the session.",
)
async def other_sessions_go_on(stage: Stage) -> None:
    """A logout ends the connections of that session alone, not the user's others, nor anybody's."""
    room = stage.room()
    session = await stage.fresh_session("alice")
    gone = await stage.actor("alice", session=session)
    alice = await stage.actor("alice")
    bob = await stage.actor("bob")
    await stage.all_in(room, alice, bob)

    await stage.log_out(session)
    await gone.is_closed(1008, within=CLOSED_WITHIN)

    text = await bob.says(room)
    await alice.receives(Said(room, text, bob))
    await alice.says(room)


@check(
    "MC1-REVOKE-06",
    rooms=2,
    hooks=("create_user", "delete_user", "change_password"),
    logout=True,
    group=Group.INTRUSIVE,
    cause="A new password ends no session, or the end reaches no connection that is open.",
)
async def new_password_closes(stage: Stage) -> None:
    """The connections of a user whose password was changed are closed with 1008 within a second."""
    account = await stage.new_user()
    first = await stage.actor_of(account, "guest", session=await stage.fresh_session(account))
    second = await stage.actor_of(account, "guest", session=await stage.fresh_session(account))

    await stage.hook(
        "change_password", username=account.username, password=f"pw-{stage.nonce()}-Zq8"
    )

    await first.is_closed(1008, within=CLOSED_WITHIN)
    await second.is_closed(1008, within=CLOSED_WITHIN)


@check(
    "MC1-REVOKE-06",
    actors=("alice",),
    rooms=3,
    logout=True,
    group=Group.INTRUSIVE,
    cause="The rooms are left one by one before the connection is closed.",
)
async def no_left_goes_before_the_close(stage: Stage) -> None:
    """The close is all that a member hears of its session's end: no left, no LEAVE."""
    session = await stage.fresh_session("alice")
    alice = await stage.actor("alice", session=session)
    await alice.join(stage.room())
    await alice.join(stage.room(1))

    await stage.log_out(session)

    await alice.is_closed(1008, within=CLOSED_WITHIN)
    surplus = alice.waiting()
    stage.expect(
        not surplus,
        "alice received frames before the close of a session that has ended",
        expected="the close frame alone",
        got=" ".join(received.text for received in surplus),
    )


@check(
    "MC1-REVOKE-06",
    "MC1-END-01",
    actors=("alice", "bob"),
    rooms=3,
    claims=("announces",),
    logout=True,
    group=Group.INTRUSIVE,
    cause="The connection is closed and stays in the rooms, or goes from them unannounced.",
)
async def others_see_the_end(stage: Stage) -> None:
    """The end of a session ends the memberships: the others see one LEAVE a room."""
    room, other = stage.room(), stage.room(1)
    session = await stage.fresh_session("alice")
    alice = await stage.actor("alice", session=session)
    bob = await stage.actor("bob")
    for place in (room, other):
        await stage.all_in(place, alice, bob)

    await stage.log_out(session)
    await alice.is_closed(1008, within=CLOSED_WITHIN)

    await bob.sees_leaving(alice, room, other, clause="MC1-END-01")
    await stage.silence(bob, after=bob, clause="MC1-END-01")
