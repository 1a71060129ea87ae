"""
Write the files of the specification that are made from others.

    python -m multichat_spec.generate               write requirements.json and asyncapi.json
    python -m multichat_spec.generate --check       say which of them is out of date
    python -m multichat_spec.generate --freeze v1   write v1.sha256, which publishes v1

Works in a checkout only: an installed package's files are not for writing. Exits with 0 when
all is well, 1 when a file is out of date or a version may not be changed, 2 on wrong usage.
"""

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path

from multichat_spec import documents
from multichat_spec.clauses import ClauseError, parse
from multichat_spec.export import asyncapi
from multichat_spec.freeze import checksums, differences
from multichat_spec.model import Json

__all__ = ["generated", "main"]


def generated(folder: Path) -> Iterator[tuple[Path, str]]:
    """
    Yield each generated file of a version's folder and what it ought to hold.

    Args:
        folder: The folder of the version, such as ``spec/v1``.

    Raises:
        ClauseError: The version's text breaks the form of clauses.

    """
    text = folder.joinpath("README.md").read_text(encoding="utf-8")
    rows = [asdict(clause) for clause in parse(text)]
    yield (
        folder / "requirements.json",
        _render({"version": folder.name, "generated_from": "README.md", "requirements": rows}),
    )
    schemas = {
        name.removesuffix(".json"): documents.read_json(file)
        for name, file in documents.walk(folder / "schemas")
        if name.endswith(".json")
    }
    errors = documents.read_json(folder / "errors.json")
    yield folder / "asyncapi.json", _render(asyncapi(folder.name, schemas, errors["errors"]))


def main(arguments: Sequence[str] | None = None) -> int:
    """
    Run the command.

    Args:
        arguments: What follows the command's name; ``None`` takes it from the command line.

    Returns:
        The exit code.

    """
    parser = argparse.ArgumentParser(prog="python -m multichat_spec.generate")
    parser.description = "Write the files of the specification that are made from others."
    parser.add_argument("--check", action="store_true", help="write nothing; compare whole files")
    parser.add_argument("--freeze", metavar="VERSION", help="write the version's checksums")
    parser.add_argument(
        "--change-published",
        action="store_true",
        help="with --freeze: replace the checksums of a version that is published already",
    )
    parser.add_argument("--spec", type=Path, help="the folder that holds v1/ (default: this one)")
    chosen = parser.parse_args(arguments)
    spec = chosen.spec if chosen.spec is not None else documents.root()
    if not isinstance(spec, Path) or spec.joinpath("__init__.py").exists():
        parser.error("an installed package is not for writing; run this in a checkout")
    if chosen.freeze is not None:
        return _freeze(spec, chosen.freeze, change_published=chosen.change_published)
    folders = sorted(folder for folder in spec.glob("v[0-9]*") if folder.is_dir())
    return max((_bring_up_to_date(folder, check=chosen.check) for folder in folders), default=0)


def _bring_up_to_date(folder: Path, *, check: bool) -> int:
    result = 0
    try:
        for file, content in generated(folder):
            # Whole files are compared: a line by line comparison takes a truncated file for good.
            if file.exists() and file.read_text(encoding="utf-8") == content:
                continue
            if check:
                _say(f"{file} is out of date; run: python -m multichat_spec.generate")
                result = 1
            else:
                file.write_text(content, encoding="utf-8", newline="\n")
                _say(f"wrote {file}")
    except ClauseError as error:
        _say(f"{folder / 'README.md'}: {error}")
        return 1
    return result


def _freeze(spec: Path, version: str, *, change_published: bool) -> int:
    folder, file = spec / version, spec / f"{version}.sha256"
    if not folder.is_dir():
        _say(f"{folder} is no folder")
        return 1
    if _bring_up_to_date(folder, check=True):
        return 1
    if file.exists() and not change_published:
        changes = differences(folder, file.read_text(encoding="utf-8"))
        for change in changes:
            _say(change)
        if changes:
            _say(f"{version} is published: correct it by an erratum, or use --change-published")
        return 1 if changes else 0
    file.write_text(checksums(folder), encoding="utf-8", newline="\n")
    _say(f"wrote {file}")
    return 0


def _render(value: Json) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2) + "\n"


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")


if __name__ == "__main__":
    sys.exit(main())
