"""Checks that tests make up, and what came of them."""

from collections.abc import Awaitable, Callable
from typing import Any

from multichat_conformance.catalogue import Check, Group, Needs
from multichat_conformance.events import Attempt, CheckFinished, Finding
from multichat_conformance.outcomes import Outcome
from multichat_conformance.stage import Stage

__all__ = ["CORE", "HARDENED", "MAY", "SHOULD", "a_check", "a_result"]

CORE = "MC1-JOIN-02"
HARDENED = "MC1-JOIN-07"
SHOULD = "MC1-ERR-02"
MAY = "MC1-LIMIT-07"


async def _nothing(stage: Stage) -> None:
    """Ask nothing of the target."""


def a_check(
    story: Callable[[Stage], Awaitable[None]] = _nothing,
    *clauses: str,
    name: str = "made-up",
    group: Group = Group.SAFE,
    search: bool = False,
    **needs: Any,
) -> Check:
    """Return a check in the area ``test``."""
    return Check(
        area="test",
        name=name,
        title="Something holds",
        about="",
        clauses=clauses or (CORE,),
        group=group,
        needs=Needs(**needs),
        cause="",
        search=search,
        story=story,
    )


def a_result(outcome: Outcome, check: Check | None = None, *, reason: str = "") -> CheckFinished:
    """Return what came of a check."""
    check = check or a_check()
    finding = None
    if outcome in (Outcome.FAIL, Outcome.WARN, Outcome.UNSTABLE, Outcome.EXPECTED_FAILURE):
        finding = Finding("", "something does not hold", "that it does", "that it does not")
    return CheckFinished(
        id=check.id,
        title=check.title,
        area=check.area,
        profile=check.profile,
        level=check.level,
        group=check.group,
        clauses=check.clauses,
        outcome=outcome,
        reason=reason,
        cause="",
        link="",
        duration_ms=1.0,
        attempts=(Attempt(1, 1.0, finding, ()),),
        notes=(),
        repeat=f"repeat {check.id}",
    )
