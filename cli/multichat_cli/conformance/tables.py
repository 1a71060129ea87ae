"""Print what the suite knows of itself: checks, clauses, schemas."""

import json
import sys
import textwrap
from collections.abc import Callable, Iterable, Iterator, Sequence
from importlib.resources import files

from multichat_cli.conformance.options import Group, Level
from multichat_cli.conformance.printing import lines, width
from multichat_cli.exit_codes import CommandFailed, ExitCode
from multichat_cli.running import fail
from multichat_conformance.catalogue import Check, catalogue
from multichat_conformance.coverage import Covered, coverage, summary
from multichat_conformance.explain import UnknownId, explain, needs_in_words
from multichat_conformance.running.options import Options, planned
from multichat_conformance.target.file import target_schema

__all__ = ["checks", "covered", "explanation", "schema_of", "show"]


def show(made: Callable[[], Iterable[str]]) -> None:
    """
    Print what is made, or say why it cannot be.

    Raises:
        typer.Exit: It cannot.

    """
    try:
        lines(made())
    except CommandFailed as exc:
        raise fail(exc) from exc


def checks(
    only: Sequence[str], groups: Sequence[Group] | None, level: Level, *, as_json: bool
) -> Iterator[str]:
    """Yield the lines of a list of checks."""
    chosen = [
        check
        for check in planned(catalogue(), Options(level=level.value, only=tuple(only)))
        if groups is None or check.group.value in {group.value for group in groups}
    ]
    if not chosen:
        raise CommandFailed(ExitCode.USAGE, "no check fits: see multichat conformance list")
    if as_json:
        for check in chosen:
            yield json.dumps(_as_event(check))
        return
    area = ""
    for check in chosen:
        if check.area != area:
            yield f"{chr(10) if area else ''}{check.area}"
            area = check.area
        yield f"  {check.id}"
        about = f"{check.level}, {check.profile}, {check.group}: {', '.join(check.clauses)}"
        yield from _indented(check.title + ".")
        yield from _indented(about)
    yield ""
    yield f"{len(chosen)} checks"


def _as_event(check: Check) -> dict[str, object]:
    return {
        "event": "check",
        "id": check.id,
        "title": check.title,
        "area": check.area,
        "profile": check.profile,
        "level": check.level,
        "group": check.group.value,
        "clauses": list(check.clauses),
        "needs": list(needs_in_words(check.needs)),
    }


def explanation(name: str) -> Iterator[str]:
    """
    Yield the lines of an explanation.

    Raises:
        CommandFailed: There is nothing of that name.

    """
    try:
        text = explain(name, width=min(width(sys.stdout), 100))
    except UnknownId as exc:
        raise CommandFailed(ExitCode.USAGE, str(exc)) from exc
    yield from text.splitlines()


def covered(*, only_missing: bool, as_json: bool) -> Iterator[str]:
    """Yield the lines of the table of clauses."""
    rows = coverage()
    shown = [row for row in rows if row.is_missing] if only_missing else rows
    if as_json:
        yield from (json.dumps(_as_clause(row)) for row in shown)
        return
    for row in shown:
        clause = row.clause
        yield f"{clause.id:<15}  {clause.keyword:<10}  {clause.profile}"
        if row.checks:
            yield from (f"  {check.id}" for check in row.checks)
        else:
            yield from _indented(
                f"not checked: {row.reason or 'nobody has written a check yet'}", 2
            )
    if shown:
        yield ""
    yield summary(rows)


def _as_clause(row: Covered) -> dict[str, object]:
    clause = row.clause
    return {
        "event": "clause",
        "id": clause.id,
        "section": clause.section.number,
        "keyword": clause.keyword,
        "profile": clause.profile,
        "role": clause.role,
        "text": clause.text,
        "checks": [check.id for check in row.checks],
        "reason": row.reason,
    }


def schema_of(document: str) -> Iterator[str]:
    """Yield the lines of a published schema."""
    if document == "target":
        schema = target_schema()
    else:
        file = files("multichat_conformance").joinpath("reports/events.schema.json")
        schema = json.loads(file.read_text("utf-8"))
    yield from json.dumps(schema, indent=2, ensure_ascii=False).splitlines()


def _indented(text: str, by: int = 4) -> list[str]:
    indent = " " * by
    return textwrap.wrap(
        text,
        width(sys.stdout),
        initial_indent=indent,
        subsequent_indent=indent,
        break_on_hyphens=False,
        break_long_words=False,
    )
