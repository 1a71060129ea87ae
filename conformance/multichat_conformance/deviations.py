# ruff: noqa: ARG002
"""Placeholder until the module of that name is merged."""

from collections.abc import Collection, Mapping
from datetime import date

from multichat_conformance.outcomes import Outcome


class Deviations:
    """Nothing is known."""

    def expects_failure(self, check: str) -> bool:
        """Say whether a failure is expected."""
        return False

    def apply(
        self, check: str, outcome: Outcome, failed: int, of: int, today: date
    ) -> tuple[Outcome, str, str]:
        """Return what it was."""
        return outcome, "", ""

    def complaints(
        self, ran: Mapping[str, Outcome], known: Collection[str], today: date, *, whole: bool
    ) -> tuple[str, ...]:
        """Return nothing."""
        return ()


class DeviationsError(ValueError):
    """Placeholder."""


def load_deviations(path: object) -> Deviations:
    """Return nothing."""
    return Deviations()
