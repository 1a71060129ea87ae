"""What became of an import: how many, and everything that did not go as it should."""

from dataclasses import dataclass
from typing import Literal

__all__ = ["Code", "Counts", "Note", "Report", "Thing"]

Thing = Literal["user", "room"]

Code = Literal["left_out", "password_lost", "no_password", "renamed", "looks_alike", "differs"]
"""
``left_out``: it was not brought over. ``differs``: there is one already that is not the same, and
stays as it is. ``password_lost``: the user is here, but its password could not be. ``no_password``:
it had none there either. ``renamed``: its name is written otherwise here. ``looks_alike``: there is
another whose name a person can take for this one's.
"""


@dataclass(frozen=True, slots=True)
class Note:
    """
    Something about one user or room of the source.

    Attributes:
        thing: Which of the two.
        id: Its id there, as text; hostile, as all of it.
        name: Its name or title there.
        code: What became of it.
        sentence: The same for people, with the reason.

    """

    thing: Thing
    id: str
    name: str
    code: Code
    sentence: str

    @property
    def is_loss(self) -> bool:
        """Whether something is not here that was there."""
        return self.code in ("left_out", "password_lost", "differs")


@dataclass(frozen=True, slots=True)
class Counts:
    """
    How many users, or rooms.

    Attributes:
        added: Are new.
        present: Were here already.
        left_out: Were not brought over, or are here otherwise.
        without_password: Of those added, whose password could not be brought over.

    """

    added: int
    present: int
    left_out: int
    without_password: int = 0


@dataclass(frozen=True, slots=True)
class Report:
    """
    What an import did, or would do.

    Attributes:
        users: The users.
        rooms: The rooms.
        notes: What there is to say of single ones, users first, by id.

    """

    users: Counts
    rooms: Counts
    notes: list[Note]

    @property
    def is_complete(self) -> bool:
        """Whether all that was there is here now."""
        return not any(note.is_loss for note in self.notes)
