"""Who has gone from a room, and who is yet to hear of it."""

from multichat_conformance.actors.actor import Ended
from multichat_conformance.stage.farewells import is_yet_to_hear
from tests.conformance.puppet import Puppet, backdrop
from tests.conformance.test_actor import JOINED, LEFT, came

GONE = Ended(1000)


def stage(*names: str) -> list[Puppet]:
    """Return actors of one story, none of them in a room."""
    shared = backdrop()
    return [Puppet(name=name, shared=shared) for name in names]


def test_a_member_is_yet_to_hear_of_one_who_went_while_it_was_there() -> None:
    alice, bob = actors = stage("alice", "bob")
    alice.heard_text(JOINED)
    bob.heard_text(JOINED)
    alice.heard_end(GONE)

    assert is_yet_to_hear(bob, alice, "1", actors)
    bob.heard_text(came("alice", msg_type=5))
    assert not is_yet_to_hear(bob, alice, "1", actors)


def test_who_came_later_hears_nothing_of_it() -> None:
    alice, bob = actors = stage("alice", "bob")
    alice.heard_text(JOINED)
    alice.heard_end(GONE)
    bob.heard_text(JOINED)

    assert not is_yet_to_hear(bob, alice, "1", actors)


def test_another_connection_of_the_same_user_takes_no_farewell_back() -> None:
    """A LEAVE and an ENTER were heard: of the one who went, and of the one who came after it."""
    alice, again, bob = actors = stage("alice", "alice", "bob")
    alice.heard_text(JOINED)
    bob.heard_text(JOINED)
    alice.heard_end(GONE)
    bob.heard_text(came("alice", msg_type=5))
    again.heard_text(JOINED)
    bob.heard_text(came("alice"))

    assert not is_yet_to_hear(bob, alice, "1", actors)
    again.heard_end(GONE)
    assert is_yet_to_hear(bob, again, "1", actors)


def test_a_leave_that_was_asked_for_is_a_farewell_too() -> None:
    """Otherwise it would be taken for that of a connection that ended."""
    alice, again, bob = actors = stage("alice", "alice", "bob")
    for actor in actors:
        actor.heard_text(JOINED)
    again.heard_text(LEFT)
    bob.heard_text(came("alice", msg_type=5))
    alice.heard_end(GONE)

    assert is_yet_to_hear(bob, alice, "1", actors)


def test_a_leave_of_a_room_that_one_was_not_in_is_none() -> None:
    alice, again, bob = actors = stage("alice", "alice", "bob")
    alice.heard_text(JOINED)
    bob.heard_text(JOINED)
    again.heard_text(LEFT)
    alice.heard_end(GONE)
    bob.heard_text(came("alice", msg_type=5))

    assert not is_yet_to_hear(bob, alice, "1", actors)
