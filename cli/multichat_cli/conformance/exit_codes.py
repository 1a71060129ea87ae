"""What the exit codes of a verdict mean: one table, which ``--help`` shows."""

from collections.abc import Mapping
from typing import Final

from multichat_conformance.outcomes import ExitCode

__all__ = ["MEANINGS", "table"]

MEANINGS: Final[Mapping[ExitCode, str]] = {
    ExitCode.CONFORMANT: "conformant: nothing failed that the deviations file does not list",
    ExitCode.NOT_CONFORMANT: "not conformant: something failed, or the deviations file is wrong",
    ExitCode.USAGE: "the command line or the target file is wrong",
    ExitCode.INCOMPLETE: "incomplete: nothing failed, but not everything could be tested",
    ExitCode.HARNESS: "the suite itself, a hook or the writing of a report went wrong",
    ExitCode.INTERRUPTED: "ended by Ctrl-C or SIGTERM, with what was found so far",
}


def table(*codes: ExitCode) -> str:
    """Return the lines of the table for some codes, or for all; for ``--help``."""
    shown = codes or tuple(ExitCode)
    return "\n".join(f"  {code:>3}  {MEANINGS[code]}" for code in shown)
