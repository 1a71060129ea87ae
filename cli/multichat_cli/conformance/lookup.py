"""``multichat conformance list``, ``explain``, ``coverage`` and ``schema``: what is judged."""

from enum import StrEnum
from typing import Annotated

import typer

from multichat_cli.conformance.options import Group, Level, Only
from multichat_cli.options import AsJson

__all__ = [
    "COVERAGE_EPILOG",
    "EXPLAIN_EPILOG",
    "LIST_EPILOG",
    "coverage",
    "explain",
    "list_",
    "schema",
]

LIST_EPILOG = """
Examples:

\b
  multichat conformance list
  multichat conformance list --only join --group safe
  multichat conformance list --json

With --json each line is an object whose member "event" is check.
"""

EXPLAIN_EPILOG = """
Examples:

\b
  multichat conformance explain MC1-JOIN-07
  multichat conformance explain join.second-join-is-announced-to-nobody
"""

COVERAGE_EPILOG = """
Every clause that can be seen to hold or to be broken at a server has a check; of every other
the specification says why it has none.

With --json each line is an object whose member "event" is clause.
"""


def list_(
    only: Only = None,
    group: Annotated[
        list[Group] | None,
        typer.Option(metavar="GROUP", help="Checks of this group. Once for each."),
    ] = None,
    level: Annotated[
        Level, typer.Option(help="Checks of core alone, or of both profiles.")
    ] = Level.HARDENED,
    as_json: AsJson = False,
) -> None:
    """List the checks: id, key word, profile, group, clauses, and what each checks."""
    from multichat_cli.conformance import tables

    tables.show(lambda: tables.checks(only or (), group, level, as_json=as_json))


def explain(
    name: Annotated[str, typer.Argument(metavar="ID", help="The id of a clause or of a check.")],
) -> None:
    """Say all that is known of a clause or a check: its text, examples, causes of failure."""
    from multichat_cli.conformance import tables

    tables.show(lambda: tables.explanation(name))


def coverage(
    missing: Annotated[
        bool,
        typer.Option("--missing", help="Only clauses that could be checked and are not."),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Show which clause is checked by what, and why the others are not."""
    from multichat_cli.conformance import tables

    tables.show(lambda: tables.covered(only_missing=missing, as_json=as_json))


class Document(StrEnum):
    """What has a published schema."""

    TARGET = "target"
    EVENTS = "events"


def schema(
    document: Annotated[
        Document, typer.Argument(help="Target files, or the lines of run --json-lines.")
    ],
) -> None:
    """Print the JSON Schema of target files, or of the events of a run."""
    from multichat_cli.conformance import tables

    tables.show(lambda: tables.schema_of(document.value))
