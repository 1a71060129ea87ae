"""What a story finds: the target and its rooms, its limits, and a report to speak to."""

from typing import NoReturn

import trio

from multichat_conformance.actors import Backdrop
from multichat_conformance.actors.backdrop import FREE_ROOM
from multichat_conformance.catalogue import Check
from multichat_conformance.context import Context
from multichat_conformance.events import Finding
from multichat_conformance.findings import NotTested, Violation
from multichat_conformance.target.model import Account, Limits, Room, Target
from multichat_conformance.transcript import shorten

__all__ = ["Scenery"]


class Scenery:
    """
    What a story finds.

    Args:
        check: Whose story it is.
        context: What is known of the run.
        backdrop: What the actors share.
        nursery: Owns every task of the story.

    Attributes:
        notes: What the report says of this check even if it passes.
        observed: What it says of a clause that leaves something open.

    """

    def __init__(
        self, check: Check, context: Context, backdrop: Backdrop, nursery: trio.Nursery
    ) -> None:
        self.backdrop = backdrop
        self.nursery = nursery
        self.notes: list[str] = []
        self.observed: list[str] = []
        self._check = check
        self._context = context
        self._own_rooms: list[Room] = []
        self._own_cast: dict[str, Account] = {}

    @property
    def target(self) -> Target:
        """The server, as its target file describes it."""
        return self._context.target

    @property
    def context(self) -> Context:
        """What is known of the run."""
        return self._context

    def room(self, place: int = 0) -> Room:
        """
        Return one of the open rooms; the last one is kept for fences.

        Raises:
            NotTested: The target file has too few.

        """
        rooms = self._open_rooms()
        if place >= len(rooms):
            raise NotTested(f"needs {place + 1} open rooms; add [[rooms]] to the target file")
        self.backdrop.story_rooms.add(rooms[place].id)
        return rooms[place]

    def as_stated(self, room: Room) -> Room:
        """Return a room with the title that the target file gives it, be it seen or not."""
        return self._context.as_stated(room)

    @property
    def some_room(self) -> str:
        """The id of an open room, or of no room where none is given."""
        return self.room().id if self._open_rooms() else FREE_ROOM

    @property
    def visitor(self) -> str | None:
        """Who tells a story that anybody can tell: a role, or None for a stranger."""
        return self._context.visitor

    @property
    def staff_room(self) -> Room:
        """The first staff room."""
        for room in self.target.rooms:
            if room.staff_only:
                self.backdrop.story_rooms.add(room.id)
                return room
        raise NotTested("needs a staff room; add [[rooms]] with staff_only to the target file")

    @property
    def fence_room(self) -> Room:
        """The open room that fences use; who comes and goes there is nobody's business."""
        return self._open_rooms()[-1]

    @property
    def free_room(self) -> str:
        """An id that is no room's, and never can be."""
        return FREE_ROOM

    def nonce(self) -> str:
        """Return a text that nobody else says."""
        return self.backdrop.nonce()

    def limit(self, name: str) -> int:
        """Return a stated limit as a whole number, rounded down."""
        return int(self.seconds(name))

    def seconds(self, name: str) -> float:
        """Return a stated limit as it is."""
        value: float | bool | None = getattr(self.target.limits, name)
        if value is None or value is False:
            raise NotTested(f"needs limits.{name} in the target file")
        return float(value)

    @property
    def limits(self) -> Limits:
        """All stated limits."""
        return self.target.limits

    def expect(
        self, holds: bool, summary: str, *, expected: str, got: str, clause: str = ""
    ) -> None:
        """
        End the story with a finding about the target unless something holds.

        Raises:
            Violation: It does not.

        """
        if not holds:
            self.blame(summary, expected=expected, got=got, clause=clause)

    def blame(self, summary: str, *, expected: str, got: str, clause: str = "") -> NoReturn:
        """
        End the story with a finding about the target.

        Raises:
            Violation: Always.

        """
        clause = clause or self.backdrop.clause
        raise Violation(Finding(clause, summary, expected, shorten(got)))

    def note(self, text: str) -> None:
        """Say something in the report even if the check passes."""
        if text not in self.notes:
            self.notes.append(text)

    def observe(self, text: str) -> None:
        """Record what the target does where the clause leaves it open (MAY)."""
        self.observed.append(text)

    def _open_rooms(self) -> list[Room]:
        return self._own_rooms or [room for room in self.target.rooms if not room.staff_only]
