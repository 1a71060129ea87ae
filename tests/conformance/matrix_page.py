"""The matrix as a page: which faults there are, and which checks find each."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from multichat_conformance.catalogue import catalogue
from tests.conformance.small_server.faults import FAULTS, Fault

__all__ = ["PAGE", "render"]

PAGE: Final = Path(__file__).parents[2] / "docs" / "conformance-matrix.md"

HEAD: Final = """\
# The judge judged

A check that cannot fail proves nothing. So the tests keep a small server of v1 that is correct,
in core and hardened, and {faults} faults of it: each is one mistake that servers make, at one
place. The {checks} checks of the suite are played against them: on the correct server all, on a
fault those that are about a clause that it breaks. This page says what came of it;
`python -m tests.conformance.matrix --write` makes it anew.

- The correct server passes every check.
- Every check finds at least one fault.
- Every fault is found by the checks that are declared for it, which the tests play again and
  again. Most faults are found by others, too; those are counted.

What the first look of a run finds wanting (`target.first-look`) is not judged at all: a run
against such a server ends with one sentence.
"""


def render(
    found: Mapping[str, Sequence[str]], declared: Mapping[str, Sequence[str]] | None = None
) -> str:
    """
    Return the page.

    Args:
        found: The checks that found each fault, by its name.
        declared: The checks that are declared for each; None: those that its papers name.

    """
    if declared is None:
        declared = {fault.name: fault.caught_by for fault in FAULTS.values()}
    lines = [HEAD.format(faults=len(FAULTS), checks=len(catalogue()))]
    lines += ["## The faults", ""]
    lines += [
        "| Fault | What is wrong | Breaks | Declared checks | Others |",
        "|---|---|---|---|---|",
    ]
    lines += [
        _fault_row(fault, found.get(fault.name, ()), declared[fault.name])
        for fault in FAULTS.values()
    ]
    lines += ["", "## The checks", "", "| Check | Finds | For example |", "|---|---|---|"]
    lines += [_check_row(check.id, found, declared) for check in catalogue()]
    return "\n".join(lines) + "\n"


def _fault_row(fault: Fault, found: Sequence[str], declared: Sequence[str]) -> str:
    clauses = " ".join(fault.breaks)
    named = "<br>".join(f"`{check}`" for check in declared)
    others = len(set(found) - set(declared))
    return f"| `{fault.name}` | {fault.sentence} | {clauses} | {named} | {others or ''} |"


def _check_row(
    check: str, found: Mapping[str, Sequence[str]], declared: Mapping[str, Sequence[str]]
) -> str:
    names = [name for name, checks in declared.items() if check in checks]
    number = sum(check in checks for checks in found.values())
    return f"| `{check}` | {number} | {', '.join(f'`{name}`' for name in names[:3])} |"
