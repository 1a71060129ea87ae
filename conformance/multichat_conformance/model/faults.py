"""What the judge can find, and which clause each breaks where."""

from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from multichat_conformance.model.records import Tape

__all__ = ["NO_EVIDENCE", "Fault", "Kind", "Lack", "clause_for"]

Kind: TypeAlias = Literal[
    "answer",
    "silence",
    "cut off",
    "loss",
    "leak",
    "duplicate",
    "reorder",
    "gap",
    "ghost",
    "wrong message",
    "missing announcement",
    "surplus announcement",
]

NO_EVIDENCE: Final = frozenset({"silence", "loss", "missing announcement", "cut off"})
"""The kinds that say that something has not come, which takes patience to say, or that a
connection was ended, which a network does too. All others show what must not have come."""


@dataclass(frozen=True, slots=True)
class Fault:
    """
    Something that the server did wrong.

    Attributes:
        kind: What sort of mistake.
        clause: The clause that it breaks.
        summary: A sentence: who, what, where.
        expected: What must have been.
        got: What was.
        at: The connection that saw it.

    """

    kind: Kind
    clause: str
    summary: str
    expected: str
    got: str
    at: str = ""


@dataclass(frozen=True, slots=True)
class Lack:
    """Something that must still come to a connection; if it does not, it is a fault."""

    tape: Tape
    fault: Fault


_CLAUSES: Final[dict[tuple[Kind, bool], str]] = {
    ("loss", False): "MC1-SEND-01",
    ("loss", True): "MC1-DELIV-01",
    ("gap", True): "MC1-ORDER-05",
    ("leak", False): "MC1-SEND-02",
    ("leak", True): "MC1-SEND-02",
    ("duplicate", False): "MC1-SEND-06",
    ("duplicate", True): "MC1-ORDER-03",
    ("reorder", True): "MC1-ORDER-03",
    ("wrong message", False): "MC1-MSG-01",
    ("wrong message", True): "MC1-MSG-01",
}


def clause_for(kind: Kind, *, strict: bool) -> str:
    """Return the clause that is broken where no narrower one is known."""
    return _CLAUSES[kind, strict]
