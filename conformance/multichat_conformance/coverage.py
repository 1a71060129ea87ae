"""
Which clause is checked by what, and why the others are not.

Every clause of the specification that a server can be seen to keep or to break has a check; of
every other the specification itself says why it has none. :func:`gaps` is empty, and a test
holds it so.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import multichat_spec
from multichat_conformance.catalogue import Check, catalogue
from multichat_spec import Requirement

__all__ = ["Covered", "coverage", "gaps", "summary"]


@dataclass(frozen=True, slots=True)
class Covered:
    """
    One clause and what checks it.

    Attributes:
        clause: The clause.
        checks: The checks that cite it, in the order of the catalogue.

    """

    clause: Requirement
    checks: tuple[Check, ...]

    @property
    def reason(self) -> str:
        """Why nothing checks it, in the specification's words; empty if it can be checked."""
        return "" if self.clause.check.possible else self.clause.check.how

    @property
    def is_missing(self) -> bool:
        """Whether it could be checked and is not."""
        return self.clause.check.possible and not self.checks


def coverage(checks: Iterable[Check] | None = None) -> tuple[Covered, ...]:
    """
    Return every clause, in the order of the text, with the checks that cite it.

    Args:
        checks: The checks to look through; None: the whole catalogue.

    """
    citing: dict[str, list[Check]] = {}
    for check in catalogue() if checks is None else checks:
        for clause in dict.fromkeys(check.clauses):
            citing.setdefault(clause, []).append(check)
    return tuple(
        Covered(clause, tuple(citing.get(clause.id, ())))
        for clause in multichat_spec.requirements()
    )


def gaps(checks: Iterable[Check] | None = None) -> tuple[str, ...]:
    """Return the ids of clauses that could be checked and are not."""
    return tuple(row.clause.id for row in coverage(checks) if row.is_missing)


def summary(rows: Iterable[Covered]) -> str:
    """Return in one sentence how many clauses are checked, and how many are not."""
    rows = tuple(rows)
    checked = sum(bool(row.checks) for row in rows)
    unseen = sum(not row.clause.check.possible and not row.checks for row in rows)
    missing = sum(row.is_missing for row in rows)
    sentence = (
        f"{checked} of {len(rows)} clauses are checked; {unseen} cannot be seen at a server, and "
        "each says why"
    )
    return f"{sentence}; {missing} could be checked and are not." if missing else f"{sentence}."
