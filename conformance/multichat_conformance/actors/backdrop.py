"""What all actors of a story share."""

from dataclasses import dataclass, field
from typing import Final

from multichat_conformance.target.model import Target
from multichat_conformance.timing import RoundTrips
from multichat_conformance.transcript import Transcript

__all__ = ["FREE_ROOM", "Backdrop"]

FREE_ROOM = "-1"
"""A room that cannot exist, so that a `join` of it changes nothing (MC1-ROOM-06)."""

_MOST_NOTES: Final = 10


@dataclass(slots=True)
class Backdrop:
    """
    What all actors of a story share.

    Attributes:
        target: The server.
        transcript: The record of this telling.
        round_trips: The measured round trips of the run.
        clause: The clause that is blamed where a story names none.
        mark: Stands in every text that the suite sends in this story.
        keeps_order: Whether the target has shown that it keeps the order of what is pipelined.
        usernames: All names that the suite's own actors have or had; room messages of
            other people, who may use the same server, are set aside.
        strangers: Names of such people that were seen.
        aside: What was set aside, in words; see :mod:`~multichat_conformance.actors.whose`.
        story_rooms: Ids of the rooms that the story is about.
        made_rooms: Ids of those of them that were made for the story: nobody else is there.
        asked_rooms: Ids of the rooms that commands have named.
        said: The texts that commands have carried.
        unasked_rooms: Ids of the rooms that the target has put somebody into on its own account.
        no_room: The code with which the target refuses a `join` of :data:`FREE_ROOM`.
        fence_room: The room that fences use; who enters it or leaves it is nobody's business
            unless the story is about it, too.
        texts: How many texts were made.
        moments: How many moments have passed; see :meth:`moment`.

    """

    target: Target
    transcript: Transcript
    round_trips: RoundTrips
    clause: str
    mark: str
    keeps_order: bool = True
    usernames: set[str] = field(default_factory=set)
    strangers: set[str] = field(default_factory=set)
    aside: dict[str, None] = field(default_factory=dict)
    story_rooms: set[str] = field(default_factory=set)
    made_rooms: set[str] = field(default_factory=set)
    asked_rooms: set[str] = field(default_factory=set)
    said: set[str] = field(default_factory=set)
    unasked_rooms: set[str] = field(default_factory=set)
    fence_room: str = ""
    no_room: str = "ROOM_INVALID"
    texts: int = 0
    moments: int = 0

    @property
    def patience(self) -> float:
        """Seconds to wait for what must come."""
        return self.round_trips.patience

    @property
    def grace(self) -> float:
        """Seconds that are granted on top of a bound that a clause or the target states."""
        return self.round_trips.grace

    def set_aside(self, what: str) -> None:
        """Take note, for the report, of what is none of the story's business."""
        if len(self.aside) < _MOST_NOTES:
            self.aside[what] = None

    def nonce(self) -> str:
        """Return a text that nobody else sends."""
        self.texts += 1
        return f"{self.mark}-{self.texts}"

    def moment(self) -> int:
        """Return a number greater than all before: what came before what, over all actors."""
        self.moments += 1
        return self.moments
