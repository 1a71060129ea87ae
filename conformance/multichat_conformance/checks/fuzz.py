"""fuzz: frames made from the schemas (sections 1.2, 3, 4 and 7)."""

from typing import TYPE_CHECKING

from multichat_conformance.catalogue import Group, check

if TYPE_CHECKING:
    from multichat_conformance.running.workshop import Workshop

_MOST_FRAMES = 16
"""Frames of one story, which a server takes at once of any connection (MC1-LIMIT-06)."""


@check(
    "MC1-JSON-07",
    "MC1-FRAME-04",
    "MC1-ROOM-01",
    "MC1-ROOM-02",
    "MC1-ROOM-05",
    "MC1-ROOM-06",
    "MC1-SEND-04",
    "MC1-ERR-06",
    actors=("alice", "bob"),
    cause="A command is read by something else than a JSON parser, or its parts are used as they "
    "were written instead of by their value.",
    search=True,
)
def well_formed_commands_are_carried_out(workshop: "Workshop") -> None:
    """
    A command is carried out however it is written.

    Commands made from the schemas: members in any order, additional ones, white space, escapes,
    ids as strings and as integers, any text. Sent in closed loop while another member listens.
    """
    _fuzz(workshop, strict=False, quick=0.9, deep=10.0)


@check(
    "MC1-ERR-05",
    "MC1-ERR-07",
    "MC1-ERR-08",
    "MC1-ERR-10",
    "MC1-JSON-01",
    "MC1-JSON-02",
    "MC1-JSON-03",
    "MC1-JSON-04",
    "MC1-JSON-05",
    "MC1-JSON-06",
    "MC1-FRAME-09",
    "MC1-ROOM-03",
    "MC1-SEND-05",
    actors=("alice", "bob"),
    group=Group.INTRUSIVE,
    cause="A malformed frame is answered with another code than the clauses' order asks for, is "
    "not answered, or is taken for a command.",
    search=True,
)
def near_valid_frames_get_their_answer(workshop: "Workshop") -> None:
    """
    A frame that is almost a command gets the one answer that the clauses' order asks for.

    Commands with a fault or two: a member dropped, retyped, twice, an id spelled in another way
    or out of range, JSON that is not quite JSON. What a text must be answered with is read from
    the text that is sent, after shrinking, too; another member must not notice anything.
    """
    _fuzz(workshop, strict=True, quick=0.9, deep=10.0)


def _fuzz(workshop: "Workshop", *, strict: bool, quick: float, deep: float) -> None:
    from multichat_conformance.model.programs import Offers, fuzzed
    from multichat_conformance.model.search import Budget, search

    offers = Offers.of(workshop.context)
    stories = fuzzed(workshop.check.id, offers, most=_MOST_FRAMES, strict=strict)
    search(workshop, stories, Budget(quick=quick, deep=deep))
