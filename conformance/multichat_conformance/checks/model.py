"""model: stories that are made up, held against a model of rooms (sections 4, 5, 6, 9 and 10)."""

from typing import TYPE_CHECKING

from multichat_conformance.catalogue import Group, check

if TYPE_CHECKING:
    from multichat_conformance.running.workshop import Workshop

_LONGEST_LOOP = 16
_LONGEST_BURST = 24


@check(
    "MC1-SEND-01",
    "MC1-SEND-02",
    "MC1-SEND-03",
    "MC1-SEND-06",
    "MC1-JOIN-02",
    "MC1-JOIN-06",
    "MC1-LEAVE-02",
    "MC1-LEAVE-04",
    "MC1-LEAVE-05",
    "MC1-MEMB-01",
    "MC1-MEMB-02",
    "MC1-MEMB-03",
    "MC1-ANN-01",
    "MC1-ANN-02",
    "MC1-ANN-03",
    "MC1-ANN-04",
    "MC1-MSG-01",
    "MC1-ORDER-01",
    actors=("alice",),
    cause="Who is in which room is kept in more than one place, and some step changes one of them "
    "only; the story in the notes is the shortest that shows it.",
    search=True,
)
def rooms_in_closed_loop(workshop: "Workshop") -> None:
    """
    Everybody sees what a model of rooms says, whatever they do one after the other.

    Made-up stories of several users and connections who join, leave, send, close, break off and
    come back; every step waits for all that it must bring about. What core leaves open, such as
    the announcement of disconnects, is not looked at.
    """
    from multichat_conformance.model.programs import Offers, programs
    from multichat_conformance.model.search import Budget, search

    offers = Offers.of(workshop.context)
    stories = programs(
        workshop.check.id, "closed-loop", offers, longest=_LONGEST_LOOP, revoking=False
    )
    search(workshop, stories, Budget(quick=1.5, deep=12.0))


@check(
    "MC1-ORDER-02",
    "MC1-ORDER-03",
    "MC1-ORDER-04",
    "MC1-ORDER-05",
    "MC1-DELIV-01",
    "MC1-JOIN-05",
    "MC1-JOIN-07",
    "MC1-LEAVE-03",
    "MC1-LEAVE-06",
    "MC1-ANN-05",
    "MC1-END-01",
    "MC1-END-03",
    "MC1-REVOKE-01",
    "MC1-REVOKE-02",
    "MC1-REVOKE-03",
    "MC1-REVOKE-04",
    "MC1-REVOKE-05",
    "MC1-REVOKE-07",
    actors=("alice",),
    cause="Commands of one connection, or of several at the same time, get in each other's way "
    "between the look at who is in a room and the sending; the story in the notes is the shortest "
    "that shows it.",
    search=True,
)
def rooms_interleaved(workshop: "Workshop") -> None:
    """
    Everybody sees what a model of rooms says, whatever they do at the same time.

    As in closed loop, but nobody waits: commands of several connections are under way at once,
    connections end behind them, and hooks, where the target has them and the group intrusive may
    run, take access away. One order a room, the order of each sender, each message once, each
    announcement once.
    """
    from multichat_conformance.model.programs import Offers, programs
    from multichat_conformance.model.search import Budget, search

    offers = Offers.of(workshop.context)
    revoking = Group.INTRUSIVE in workshop.context.groups
    stories = programs(
        workshop.check.id, "pipelined", offers, longest=_LONGEST_BURST, revoking=revoking
    )
    search(workshop, stories, Budget(quick=2.5, deep=22.0))
