"""The specification obeys its rules, and each rule is seen to fail on a broken copy."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import multichat_spec
from tests.spec import linter

PROJECT = Path(__file__).parents[2]
FOLDERS = sorted(PROJECT.glob("spec/v[0-9]*/"))
# Built from its parts, so that this file cites no clause that does not exist.
NO_SUCH_CLAUSE = f"MC1-{'none'.upper()}-01"


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of v1 that a test may break."""
    folder = tmp_path / "v1"
    shutil.copytree(PROJECT / "spec" / "v1", folder)
    return folder


@pytest.mark.parametrize("rule", linter.RULES)
@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_the_specification_obeys_its_rules(folder: Path, rule: str) -> None:
    assert linter.RULES[rule](folder) == []


def test_every_clause_cited_in_the_project_exists() -> None:
    known = {
        row.id
        for version in multichat_spec.versions()
        for row in multichat_spec.requirements(version=version)
    }

    assert linter.unknown_citations(PROJECT, known) == []


def test_the_project_cites_clauses_outside_the_specification() -> None:
    files = {file for file, _, _ in linter.cited_clauses(PROJECT)}

    assert PROJECT / "multichat_proto" / "codec.py" in files


def text(old: str, new: str) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        file = folder / "README.md"
        before = file.read_text(encoding="utf-8")
        assert old in before
        file.write_text(before.replace(old, new, 1), encoding="utf-8")

    return change


def table(name: str, edit: Callable[[Any], None]) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        file = folder / name
        value = json.loads(file.read_text(encoding="utf-8"))
        edit(value)
        file.write_text(json.dumps(value), encoding="utf-8")

    return change


def truncate(name: str) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        file = folder / name
        file.write_bytes(file.read_bytes()[:-1])

    return change


def move(source: str, target: str) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        folder.joinpath(source).rename(folder / target)

    return change


JOIN = "schemas/client/join.json"
CLAUSE = "**MC1-JOIN-03** `core` A server MUST give"

BREACHES: dict[str, tuple[str, Callable[[Path], None], str]] = {
    "a keyword without an id": (
        "clauses",
        text("Everything else explains.", "Everything else MUST explain."),
        "MUST outside a clause",
    ),
    "an id used twice": ("clauses", text("MC1-JOIN-03** `core`", "MC1-JOIN-02** `core`"), "twice"),
    "an id of another form": ("clauses", text(CLAUSE, CLAUSE.replace("-03", "-3")), "no clause id"),
    "no keyword": ("clauses", text(CLAUSE, CLAUSE.replace("MUST", "must")), "not none"),
    "two keywords": ("clauses", text(CLAUSE, CLAUSE + " and MAY take"), "not MUST, MAY"),
    "no profile": ("clauses", text(CLAUSE, CLAUSE.replace("`core` ", "")), "begins with"),
    "another profile": ("clauses", text(CLAUSE, CLAUSE.replace("core", "soft")), "no profile"),
    "no check": (
        "clauses",
        text("*Check:* a room whose", "It is a room whose"),
        "no line *Check:*",
    ),
    "a keyword in a check": (
        "clauses",
        text("*Check:* a room", "*Check:* it MUST a room"),
        "check",
    ),
    "an error code that is in the text only": (
        "codes",
        text("`MESSAGE_INVALID`, and deliver", "`MESSAGE_EMPTY`, and deliver"),
        "MESSAGE_EMPTY is in the text, not in errors.json",
    ),
    "an error code that is in the table only": (
        "codes",
        table("errors.json", lambda value: value["errors"][0].update(code="ROOM_ON_FIRE")),
        "ROOM_ON_FIRE is in errors.json, not in the text",
    ),
    "an error code whose clause is another": (
        "codes",
        table("errors.json", lambda value: value["errors"][0].update(clause="MC1-JOIN-03")),
        "which does not name it",
    ),
    "a close code that is in the text only": (
        "codes",
        text("close frame of code 1012", "close frame of code 1014"),
        "1014 is in the text, not in close_codes.json",
    ),
    "a close code that is in the table only": (
        "codes",
        table(
            "close_codes.json",
            lambda value: value["close_codes"][0].update(code=1010, clause="MC1-JOIN-03"),
        ),
        "1010 is in close_codes.json, not in the text",
    ),
    "a close code whose clause does not exist": (
        "codes",
        table(
            "close_codes.json", lambda value: value["close_codes"][0].update(clause=NO_SUCH_CLAUSE)
        ),
        "which does not exist",
    ),
    "a schema that is no schema": (
        "schemas",
        table(JOIN, lambda value: value.update(type="objekt")),
        "no valid schema of 2020-12",
    ),
    "a schema without $id": (
        "schemas",
        table(JOIN, lambda value: value.pop("$id")),
        "another $id than",
    ),
    "a schema without description": (
        "schemas",
        table(JOIN, lambda value: value.pop("description")),
        "has no description",
    ),
    "a schema without examples": (
        "schemas",
        table(JOIN, lambda value: value.pop("examples")),
        "has no examples",
    ),
    "a schema whose example is not valid": (
        "schemas",
        table(JOIN, lambda value: value["examples"].append({"command": "join"})),
        "example 2 is not valid",
    ),
    "a schema of another dialect": (
        "schemas",
        table(
            JOIN, lambda value: value.update({"$schema": "http://json-schema.org/draft-07/schema#"})
        ),
        "is not of 2020-12",
    ),
    "a schema with the $id of another": (
        "schemas",
        table(
            "schemas/client/leave.json",
            lambda value: value.update({"$id": value["$id"].replace("leave", "join")}),
        ),
        "another $id than",
    ),
    "a file of another form": (
        "tables",
        table("examples/valid/client-join-string.json", lambda value: value.pop("clauses")),
        "'clauses' is a required property",
    ),
    "a session of another form": (
        "tables",
        table("examples/sessions/conversation.json", lambda value: value["steps"][0].pop("expect")),
        "sessions/conversation.json",
    ),
    "an invalid frame filed as valid": (
        "examples",
        table("examples/valid/client-join-string.json", lambda value: value.update(frame="{}")),
        "is filed as valid and gets COMMAND_INVALID",
    ),
    "a valid frame filed as invalid": (
        "examples",
        table(
            "examples/invalid/client-word.json",
            lambda value: value.update(frame='{"command": "join", "room": "1"}'),
        ),
        "is filed as ['FRAME_INVALID'] and gets None",
    ),
    "a frame filed under another code": (
        "examples",
        table(
            "examples/invalid/client-word.json", lambda value: value.update(errors=["ROOM_INVALID"])
        ),
        "gets FRAME_INVALID",
    ),
    "a server's frame filed under another outcome": (
        "examples",
        table("examples/invalid/server-word.json", lambda value: value.update(outcome="ignore")),
        "is filed as ignore and is violation",
    ),
    "an error code without an example": (
        "completeness",
        move("examples/valid/server-error-rate-limited.json", "examples/rate-limited.json.txt"),
        "no valid example shows RATE_LIMITED",
    ),
    "an error code without a session": (
        "completeness",
        move("examples/sessions/unavailable.json", "examples/unavailable.json.txt"),
        "no example session shows SERVER_UNAVAILABLE",
    ),
    "a citation of a clause that does not exist": (
        "citations",
        table(JOIN, lambda value: value.update(description=f"See {NO_SUCH_CLAUSE}.")),
        f"there is no clause {NO_SUCH_CLAUSE}",
    ),
    "a text newer than what is made from it": (
        "current",
        text("*Check:* a room whose", "*Check:* any room whose"),
        "requirements.json is out of date",
    ),
    "a truncated generated file": (
        "current",
        truncate("requirements.json"),
        "requirements.json is out of date",
    ),
    "schemas newer than the export": (
        "current",
        table(JOIN, lambda value: value.update(title="Join")),
        "asyncapi.json is out of date",
    ),
}


@pytest.mark.parametrize("breach", BREACHES)
def test_a_broken_copy_breaks_the_rule(copy: Path, breach: str) -> None:
    rule, change, sentence = BREACHES[breach]
    change(copy)

    assert any(sentence in problem for problem in linter.RULES[rule](copy))


def test_every_rule_is_seen_to_fail() -> None:
    assert {rule for rule, _, _ in BREACHES.values()} == set(linter.RULES)


def test_a_citation_in_code_of_a_clause_that_does_not_exist_is_found(tmp_path: Path) -> None:
    tmp_path.joinpath("code.py").write_text(f"# as {NO_SUCH_CLAUSE} says\n", encoding="utf-8")

    assert linter.unknown_citations(tmp_path, {"MC1-JOIN-02"}) == [
        f"code.py:1: there is no clause {NO_SUCH_CLAUSE}"
    ]
