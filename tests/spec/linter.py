"""
The rules that a version of the specification has to obey.

Each rule takes the version's folder (and the project's, where it looks beyond it) and
returns a sentence for each breach. ``test_linter.py`` holds the real folder to them, and
shows each rule failing on a broken copy.
"""

import json
import os
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError
from referencing import Registry
from referencing.jsonschema import DRAFT202012, SchemaRegistry

from multichat_spec import Json, expand
from multichat_spec.clauses import ERROR_CODE, ClauseError, Problem, parse, scan
from multichat_spec.generate import generated
from tests.spec.oracle import read_command, read_server_frame

__all__ = ["RULES", "cited_clauses", "unknown_citations"]

_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_CITATION = re.compile(r"\bMC[0-9]+-[A-Z]+-[0-9]+\b")
_CLOSE_CODE = re.compile(r"\b(?:code|with|use) (10[01][0-9])\b", re.IGNORECASE)
_TEXT_FILES = {
    ".md",
    ".json",
    ".jsonl",
    ".py",
    ".toml",
    ".yml",
    ".yaml",
    ".js",
    ".html",
    ".css",
    ".txt",
}
_NOT_OURS = {"__pycache__", "build", "dist", "htmlcov", "node_modules", "site", "site-packages"}


def clauses(folder: Path) -> list[str]:
    """The text obeys the form of clauses: see ``multichat_spec.clauses``."""
    text = folder.joinpath("README.md").read_text(encoding="utf-8")
    return [str(item) for item in scan(text) if isinstance(item, Problem)]


def codes(folder: Path) -> list[str]:
    """Error codes and close codes are in the text and in their tables, and cite real clauses."""
    text = " ".join(folder.joinpath("README.md").read_text(encoding="utf-8").split())
    by_id = {clause.id: clause for clause in _clauses(folder)}
    found = []
    errors = {row["code"] for row in _json(folder / "errors.json")["errors"]}
    named = set(ERROR_CODE.findall(text))
    found += [f"{code} is in the text, not in errors.json" for code in sorted(named - errors)]
    found += [f"{code} is in errors.json, not in the text" for code in sorted(errors - named)]
    closes = {row["code"] for row in _json(folder / "close_codes.json")["close_codes"]}
    spoken = {int(code) for code in _CLOSE_CODE.findall(text)}
    found += [f"{code} is in the text, not in close_codes.json" for code in sorted(spoken - closes)]
    for row in _json(folder / "close_codes.json")["close_codes"]:
        clause = by_id.get(row["clause"])
        if clause is None:
            found.append(f"{row['code']} cites {row['clause']}, which does not exist")
        # Some are in the table alone, but then their clause says to obey the table.
        elif row["code"] not in spoken and "close_codes.json" not in clause.text:
            found.append(f"{row['code']} is in close_codes.json, not in the text")
    for row in _json(folder / "errors.json")["errors"]:
        clause = by_id.get(row["clause"])
        if clause is None or row["code"] not in clause.errors:
            found.append(f"{row['code']} cites {row['clause']}, which does not name it")
        elif clause.profile != row["profile"]:
            found.append(f"{row['code']} is {row['profile']}, its clause is {clause.profile}")
    return found


def schemas(folder: Path) -> list[str]:
    """Every schema is valid 2020-12, has $id, description and examples, and accepts them."""
    found = []
    registry, contents = _registry(folder)
    for name, schema in contents.items():
        missing = {"$schema", "title", "description", "examples"} - schema.keys()
        found += [f"{name} has no {member}" for member in sorted(missing)]
        if schema.get("$schema") != _DIALECT:
            found.append(f"{name} is not of 2020-12")
        if schema.get("$id") != _identifier(folder, name):
            found.append(f"{name} has another $id than {_identifier(folder, name)}")
        try:
            Draft202012Validator.check_schema(schema)
        except SchemaError as error:
            found.append(f"{name} is no valid schema of 2020-12: {error.message}")
    if found:
        return found
    return [
        f"{name}: example {index} is not valid: {error.message}"
        for name, schema in contents.items()
        for index, example in enumerate(schema["examples"])
        for error in Draft202012Validator(schema, registry=registry).iter_errors(example)
    ]


def tables(folder: Path) -> list[str]:
    """Every table and example file obeys the schema that stands beside it."""
    registry, contents = _registry(folder)

    def against(name: str, file: Path, value: Any) -> list[str]:
        if name not in contents:
            return [f"{name} is missing"]
        validator = Draft202012Validator(contents[name], registry=registry)
        return [
            f"{file.relative_to(folder).as_posix()}: {error.json_path}: {error.message[:200]}"
            for error in validator.iter_errors(value)
        ]

    found = []
    for file, value in _examples(folder):
        form = "session" if file.parent.name == "sessions" else "frame"
        found += against(f"examples/{form}.schema.json", file, value)
    recordings = folder / "recordings"
    for name in ("malformed", "deviations"):
        file = recordings / f"{name}.json"
        found += against(f"recordings/{name}.schema.json", file, _json(file))
    file = recordings / "sessions.jsonl"
    for line in file.read_text(encoding="utf-8").splitlines():
        found += against("recordings/session.schema.json", file, json.loads(line))
    return found


def examples(folder: Path) -> list[str]:
    """Every example frame behaves as it is filed, read by the schemas alone."""
    found = []
    for file, row in _examples(folder):
        if file.parent.name == "sessions":
            continue
        name = file.relative_to(folder).as_posix()
        text = expand(row["frame"])
        valid = file.parent.name == "valid"
        if row["direction"] == "server":
            verdict = read_server_frame(text)
            expected = "valid" if valid else row["outcome"]
            if verdict != expected:
                found.append(f"{name} is filed as {expected} and is {verdict}")
            continue
        code = read_command(text)
        if valid and code is not None:
            found.append(f"{name} is filed as valid and gets {code}")
        # A limit is no matter of form: the frame is well-formed, its length is refused.
        form = [code for code in row.get("errors", []) if code != "MESSAGE_TOO_LONG"]
        if not valid and code not in form and (form or code is not None):
            found.append(f"{name} is filed as {row['errors']} and gets {code}")
    return found


def completeness(folder: Path) -> list[str]:
    """Every command, kind of server frame and error code has an example that shows it."""
    shown: set[str] = set()
    answered: set[str] = set()
    for file, row in _examples(folder):
        if file.parent.name == "valid":
            frame = json.loads(expand(row["frame"]))
            shown.add(frame.get("command", "") if row["direction"] == "client" else _kind(frame))
            shown.add(str(frame.get("error", "")))
        elif file.parent.name == "sessions":
            for step in row["steps"]:
                for received in step["expect"].values():
                    answered |= {item.get("frame", {}).get("error", "") for item in received}
    wanted = {"join", "leave", "send", "joined", "left", "message", "error"}
    wanted |= (errors := {row["code"] for row in _json(folder / "errors.json")["errors"]})
    found = [f"no valid example shows {name}" for name in sorted(wanted - shown)]
    found += [f"no example session shows {name}" for name in sorted(errors - answered)]
    return found


def citations(folder: Path) -> list[str]:
    """Every clause that a file of the version cites exists."""
    return unknown_citations(folder, {row.id for row in _clauses(folder)})


def current(folder: Path) -> list[str]:
    """Every generated file is as it would be made now, compared whole."""
    try:
        return [
            f"{file.name} is out of date"
            for file, content in generated(folder)
            if not file.exists() or file.read_bytes() != content.encode()
        ]
    except ClauseError as error:
        return [str(error)]


def cited_clauses(project: Path) -> Iterator[tuple[Path, int, str]]:
    """Yield every citation of a clause below a folder: file, line from 1, id."""
    for top, folders, files in os.walk(project):
        folders[:] = sorted(
            name
            for name in folders
            if name not in _NOT_OURS and (not name.startswith(".") or name == ".ci")
            # A virtual environment inside the project is not ours either.
            if not Path(top, name, "pyvenv.cfg").exists()
        )
        for file in (Path(top, name) for name in sorted(files)):
            if file.suffix in _TEXT_FILES or file.name in ("Makefile", "run"):
                lines = file.read_text(encoding="utf-8").splitlines()
                for number, line in enumerate(lines, start=1):
                    for citation in _CITATION.findall(line):
                        yield file, number, citation


def unknown_citations(project: Path, known: set[str]) -> list[str]:
    """Return a sentence for each citation of a clause that does not exist."""
    return [
        f"{file.relative_to(project).as_posix()}:{line}: there is no clause {citation}"
        for file, line, citation in cited_clauses(project)
        if citation not in known
    ]


RULES: Mapping[str, Callable[[Path], list[str]]] = {
    rule.__name__: rule
    for rule in (clauses, codes, schemas, tables, examples, completeness, citations, current)
}
"""Every rule that looks at one version alone, by name."""


def _clauses(folder: Path) -> tuple[Any, ...]:
    try:
        return parse(folder.joinpath("README.md").read_text(encoding="utf-8"))
    except ClauseError:
        return ()


def _kind(frame: Json) -> str:
    kinds = {"join": "joined", "leave": "left", "error": "error", "msg_type": "message"}
    return next((kind for member, kind in kinds.items() if member in frame), "")


def _examples(folder: Path) -> Iterator[tuple[Path, Json]]:
    for file in sorted(folder.glob("examples/*/*.json")):
        yield file, _json(file)


def _registry(folder: Path) -> tuple[SchemaRegistry, dict[str, Json]]:
    files = sorted([*folder.glob("schemas/**/*.json"), *folder.glob("*/*.schema.json")])
    contents = {file.relative_to(folder).as_posix(): _json(file) for file in files}
    # Found by its path, whatever it calls itself and whatever dialect it claims.
    registry: SchemaRegistry = Registry().with_resources(
        (_identifier(folder, name), DRAFT202012.create_resource(schema))
        for name, schema in contents.items()
    )
    return registry, contents


def _identifier(folder: Path, name: str) -> str:
    return f"https://multichat.example/spec/{folder.name}/{name}"


def _json(file: Path) -> Any:
    return json.loads(file.read_text(encoding="utf-8"))
