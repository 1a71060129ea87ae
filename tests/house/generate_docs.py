"""
Write the generated parts of docs/ (`make docs`); a test compares whole pages.

A generated part stands between two comments that name it::

    <!-- generated: settings -->
    <!-- end: settings -->
"""

from __future__ import annotations

import json
import re
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import typer
from typer.testing import CliRunner

import multichat_spec
from multichat_cli.app import app
from multichat_cli.conformance.exit_codes import MEANINGS
from multichat_conformance.catalogue import Check, catalogue
from multichat_conformance.coverage import coverage, summary
from multichat_conformance.explain import GROUPS
from multichat_conformance.outcomes import ABOUT
from multichat_conformance.target.file import target_schema
from multichat_conformance.target.model import HOOKS
from multichat_proto.verdicts import RECONNECT, Reconnect
from multichat_server.api.errors import PROBLEMS
from multichat_server.api.openapi import described
from multichat_server.api.operation import Operation, Who
from multichat_server.api.table import OPERATIONS
from multichat_server.config import SETTINGS
from tests.house.generate_reference import reference
from tests.house.repository import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

PART = re.compile(
    r"(?P<begin><!-- generated: (?P<name>[a-z -]+) -->\n).*?(?P<end><!-- end: (?P=name) -->)",
    re.DOTALL,
)


def table(head: tuple[str, ...], rows: Iterable[tuple[object, ...]]) -> str:
    """Return a Markdown table."""
    lines = [head, ("---",) * len(head), *rows]
    cells = [[str(cell).replace("|", "\\|") for cell in line] for line in lines]
    return "".join(f"| {' | '.join(line)} |\n" for line in cells)


def settings() -> str:
    """Every setting: its name in the file, its default and unit, what it does."""
    return table(
        ("setting", "default", "unit", "meaning"),
        ((f"`{s.name}`", _shown(s.default), s.unit, s.meaning) for s in SETTINGS),
    )


def _shown(value: object) -> str:
    match value:
        case bool():
            return f"`{str(value).lower()}`"
        case ():
            return "none"
        case _:
            return f"`{value}`"


WHO = {Who.EVERYBODY: "everybody", Who.USERS: "logged in", Who.STAFF: "staff"}


def api_operations() -> str:
    """Everything that the API can be asked for."""
    return table(
        ("", "who", "takes", "answer", "what it does"),
        (
            (
                f"`{each.method} {each.path}`",
                WHO[each.who],
                _taken(each),
                f"{each.status}{_members_of(each.gives)}",
                each.about.partition("\n")[0],
            )
            for each in OPERATIONS
        ),
    )


def _taken(operation: Operation) -> str:
    if operation.takes is None:
        return ""
    if operation.is_safe:
        names = operation.takes.__struct_fields__
        return f"`?{'=&'.join(names)}=`"
    fields = msgspec.structs.fields(operation.takes)
    return ", ".join(f"`{each.name}`{'' if each.required else '?'}" for each in fields)


def _members_of(kind: Any) -> str:
    names = getattr(kind, "__struct_fields__", ())
    return ": " + ", ".join(f"`{name}`" for name in names) if names else ""


def api_codes() -> str:
    """Every code of the API, and what it comes with."""
    return table(
        ("status", "`error`", "meaning"),
        (
            (problem.status.value, f"`{code}`", problem.meaning)
            for code, problem in sorted(PROBLEMS.items(), key=lambda each: each[1].status)
        ),
    )


def errors() -> str:
    """Every error code of the newest version."""
    return table(
        ("code", "meaning", "commands", "clause"),
        (
            (f"`{row['code']}`", row["meaning"], ", ".join(row["commands"]), row["clause"])
            for row in multichat_spec.errors().values()
        ),
    )


def close_codes() -> str:
    """Every close code of the newest version that somebody sends."""
    return table(
        ("code", "sent by", "meaning", "connect again", "clause"),
        (
            (
                row["code"],
                ", ".join(row["sent_by"]),
                row["meaning"],
                row["reconnect"],
                row["clause"],
            )
            for row in multichat_spec.close_codes().values()
            if row["sent_by"]
        ),
    )


REACTIONS = {
    Reconnect.NO: "the session ends with `ConnectionClosed`",
    Reconnect.AFTER_LOGIN: "one new login, if there is a password; otherwise the session ends",
    Reconnect.BACKOFF: "it connects again",
    Reconnect.BACKOFF_LONG: "it connects again, after a longer wait",
}


def reactions() -> str:
    """What the client does about each close code."""
    return table(
        ("close code", "what the client does"),
        (
            *((int(code), REACTIONS[verdict]) for code, verdict in sorted(RECONNECT.items())),
            ("any other", REACTIONS[Reconnect.BACKOFF]),
        ),
    )


def sdk_client() -> str:
    """What a program imports to chat."""
    names = ("trio", "asyncio", "sync", "events", "exceptions", "options", "credentials")
    return reference(*(f"multichat_proto.{name}" for name in names))


def sdk_bots() -> str:
    """What a bot imports."""
    return reference("multichat_proto.bots")


def sdk_testing() -> str:
    """What a test imports."""
    return reference("multichat_proto.testing", "multichat_proto.testing.pytest_plugin")


def commands() -> str:
    """Every command's ``--help``, as a terminal of 80 columns shows it."""
    return "\n".join(_helps(typer.main.get_command(app), ("multichat",)))


def _helps(command: object, name: tuple[str, ...]) -> Iterator[str]:
    shown = CliRunner().invoke(
        app,
        [*name[1:], "--help"],
        prog_name=name[0],
        env={"COLUMNS": "80", "NO_COLOR": "1", "TERM": "dumb"},
    )
    assert shown.exit_code == 0, shown.output
    lines = "\n".join(line.rstrip() for line in shown.stdout.strip("\n").splitlines())
    yield f"## {' '.join(name)}\n\n```text\n{lines}\n```\n"
    for word, below in getattr(command, "commands", {}).items():
        yield from _helps(below, (*name, word))


def outcomes() -> str:
    """What can come of a check."""
    return table(("outcome", "meaning"), ((f"`{name}`", about) for name, about in ABOUT.items()))


def verdict_codes() -> str:
    """The exit codes of ``multichat conformance run``."""
    return table(("code", "meaning"), ((int(code), MEANINGS[code]) for code in MEANINGS))


def groups() -> str:
    """The groups of checks."""
    return table(
        ("group", "what its checks do"), ((f"`{g}`", about) for g, about in GROUPS.items())
    )


def checks() -> str:
    """Every check, by area."""
    lines = []
    for area, found in groupby(catalogue(), key=lambda check: check.area):
        rows = (
            (
                f"`{check.id}`",
                check.title,
                f"{check.profile}, {check.level}",
                check.group.value,
                ", ".join(check.clauses),
            )
            for check in found
        )
        head = ("id", "what it checks", "profile", "group", "clauses")
        lines.append(f"### {area}\n\n{table(head, rows)}")
    return "\n".join(lines)


def clauses() -> str:
    """Every clause with its checks, or the reason why there are none."""
    return table(
        ("clause", "section", "key word", "profile", "checks"),
        (
            (
                row.clause.id,
                row.clause.section.number,
                row.clause.keyword,
                row.clause.profile,
                ", ".join(f"`{check.id}`" for check in row.checks) or f"none: {row.reason}",
            )
            for row in coverage()
        ),
    )


def coverage_in_a_sentence() -> str:
    """How many clauses are checked."""
    return f"{len(catalogue())} checks; {summary(coverage())}\n"


def target_members() -> str:
    """Every member of a target file, from its schema."""
    return table(("member", "type", "default", "meaning"), _members(target_schema(), ""))


def _members(schema: Mapping[str, Any], place: str) -> Iterator[tuple[str, str, str, str]]:
    for name, member in schema["properties"].items():
        where = f"{place}{name}"
        default = f"`{json.dumps(member['default'])}`" if "default" in member else ""
        if "properties" in member:
            if "description" in member:
                yield f"`[{where}]`", "table", "", member["description"]
            if name != "commands":
                yield from _members(member, f"{where}.")
        elif "properties" in member.get("items", {}):
            yield f"`[[{where}]]`", "tables", "", member["description"]
            yield from _members(member["items"], f"{where}.")
        else:
            yield f"`{where}`", _type(member), default, member["description"]


def _type(member: Mapping[str, Any]) -> str:
    if "enum" in member:
        return ", ".join(f"`{value}`" for value in member["enum"])
    if "oneOf" in member:
        return "number or `false`"
    return "list" if member["type"] == "array" else str(member["type"])


def hooks() -> str:
    """Every hook, its arguments, and what its want costs."""
    return table(
        ("hook", "arguments", "checks that need it", "of core"),
        (
            (
                f"`{name}`",
                ", ".join(f"`{a}`" for a in given) or "none",
                str(len(needing(name))),
                str(sum(check.profile == "core" for check in needing(name))),
            )
            for name, given in HOOKS.items()
        ),
    )


def needing(hook: str) -> list[Check]:
    """Return the checks that cannot be told without a hook."""
    return [
        check
        for check in catalogue()
        if hook in check.needs.hooks or (check.needs.restart and hook in ("stop", "start"))
    ]


PARTS: dict[str, Callable[[], str]] = {
    "settings": settings,
    "api operations": api_operations,
    "api codes": api_codes,
    "errors": errors,
    "close codes": close_codes,
    "commands": commands,
    "outcomes": outcomes,
    "verdict codes": verdict_codes,
    "groups": groups,
    "checks": checks,
    "clauses": clauses,
    "coverage": coverage_in_a_sentence,
    "target members": target_members,
    "hooks": hooks,
    "sdk close codes": reactions,
    "sdk client": sdk_client,
    "sdk bots": sdk_bots,
    "sdk testing": sdk_testing,
}


def rendered(text: str) -> str:
    """Return a page with its generated parts as they should be."""
    return PART.sub(lambda m: f"{m['begin']}\n{PARTS[m['name']]()}\n{m['end']}", text)


def pages() -> list[Path]:
    """Every page of the documentation."""
    return sorted((ROOT / "docs").rglob("*.md"))


OPENAPI = ROOT / "reference_server/multichat_server/api/openapi.json"
IDS = ROOT / "conformance/multichat_conformance/checks/ids.txt"


def ledger(text: str) -> str:
    """Return the ledger of published ids with the new ones in it; none is ever taken away."""
    lines = text.splitlines()
    about = [line for line in lines if line.startswith("#")]
    known = {line for line in lines if not line.startswith("#")}
    return "\n".join([*about, *sorted(known | {check.id for check in catalogue()})]) + "\n"


def main() -> None:
    """Rewrite the pages that are out of date, and say which; add new ids to the ledger."""
    if (document := described(OPERATIONS)) != OPENAPI.read_bytes():
        OPENAPI.write_bytes(document)
        print(f"written: {OPENAPI.relative_to(ROOT)}")
    if (new := ledger(IDS.read_text())) != IDS.read_text():
        IDS.write_text(new)
        print(f"written: {IDS.relative_to(ROOT)}")
    for page in pages():
        text = page.read_text()
        if (new := rendered(text)) != text:
            page.write_text(new)
            print(f"written: {page.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
