"""What came of the commands of one connection: memberships, messages, and what to announce."""

from dataclasses import dataclass, field
from typing import Literal

from multichat_conformance.model.faults import Fault
from multichat_conformance.model.records import NEVER, Records, Tape

__all__ = ["Followed", "Move", "Spoken", "Stay", "outlived"]


@dataclass(slots=True)
class Stay:
    """
    A membership, as far as it is known.

    Attributes:
        room: Where.
        asked: When the `join` was sent.
        joined: When *joined* came; NEVER: it did not.
        parting: When what ends it was sent or done; NEVER: nothing did.
        left: When *left* came; NEVER: it did not.
        by: What ended it.

    """

    room: str
    asked: float
    joined: float = NEVER
    parting: float = NEVER
    left: float = NEVER
    by: Literal["", "leave", "end", "put out"] = ""

    def may_touch(self, first: float, last: float) -> bool:
        """Whether one may have been a member at some time between two moments."""
        return self.asked < last and first < self.left

    def outlasts(self, last: float) -> bool:
        """Whether nothing had ended it at a moment; NEVER: whether nothing has."""
        return self.parting == NEVER if last == NEVER else last < self.parting


@dataclass(slots=True)
class Spoken:
    """
    A `send` that was, or may have been, carried out.

    Attributes:
        tape: Whose.
        place: Which of the connection's messages it is, to tell their order.
        room: Where.
        text: What.
        sent: When.
        echoed: When its own copy came.
        fate: ``said``: it came back; ``refused``; ``owed``: it did not come back, and must
            still reach others; ``open``: it may.

    """

    tape: Tape
    place: int
    room: str
    text: str
    sent: float
    echoed: float = NEVER
    fate: Literal["said", "refused", "owed", "open"] = "open"


@dataclass(slots=True)
class Move:
    """
    What ENTER or LEAVE may be about.

    Attributes:
        kind: 4 ENTER, 5 LEAVE.
        room: Where.
        tape: Whose.
        first: The moment from which on it may have happened.
        last: The moment by which it has certainly happened; NEVER: unknown.
        why: ``join``, ``leave``, ``end``, ``put out``; ``noise`` changes no membership and is
            announced by a server that is not hardened.
        sure: Whether it has certainly happened.

    """

    kind: int
    room: str
    tape: Tape
    first: float
    last: float
    why: Literal["join", "leave", "end", "put out", "noise"]
    sure: bool = True


@dataclass(slots=True)
class Followed:
    """
    What came of the commands of one connection.

    Attributes:
        stays: Its memberships.
        spoken: Its messages.
        moves: What may be announced of it.
        fault: The first wrong answer.
        lacks: What must still come as an answer, in words; empty: nothing.
        lack_clause: The clause that is broken if it does not come.

    """

    tape: Tape
    stays: list[Stay] = field(default_factory=list)
    spoken: list[Spoken] = field(default_factory=list)
    moves: list[Move] = field(default_factory=list)
    fault: Fault | None = None
    lacks: str = ""
    lack_clause: str = ""

    def inside(self, room: str) -> Stay | None:
        """Return the stay in a room that nothing has ended yet."""
        return next(
            (stay for stay in self.stays if stay.room == room and stay.parting == NEVER), None
        )

    def stays_in(self, room: str) -> list[Stay]:
        """Return the stays in a room."""
        return [stay for stay in self.stays if stay.room == room]


def outlived(found: Followed, room: str, moment: float, records: Records) -> bool:
    """
    Return whether a membership of a room had ended by a moment.

    It may be the connection's own, or that of an earlier connection of the same user. What then
    still comes of the room is the work of a ghost.
    """
    tape = found.tape
    if any(stay.parting < moment for stay in found.stays_in(room)):
        return True
    return any(
        meaning.command == "join" and meaning.room == room
        for former in records.tapes
        if former is not tape and former.role == tape.role and former.ended_at < moment
        for sent in former.sent
        for meaning in sent.meanings
    )
