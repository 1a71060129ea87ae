"""
Write a deviations file anew from what a run has found, for ``--update-deviations``.

What a person wrote stays as it was typed: comments, reasons, links, days, the order. Entries that
have become stale go, with the comments right above them; new ones come at the end. An entry that
matches no check stays, because only who wrote it knows what was meant.
"""

import json
import re
import tomllib
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Final

from multichat_conformance.deviations import (
    Deviation,
    Deviations,
    DeviationsError,
    blocks,
    load_deviations,
    parse_deviations,
)
from multichat_conformance.events import CheckFinished
from multichat_conformance.outcomes import Outcome
from multichat_conformance.reports.escape import cut, visible
from multichat_conformance.reports.report import write_atomically

__all__ = ["TODO", "update_deviations", "updated"]

TODO: Final = "TODO: say why"
"""The reason of an entry that nobody has looked at yet."""

_STALE: Final = (Outcome.OBSERVED, Outcome.NOT_APPLICABLE)


def update_deviations(path: Path, results: Iterable[CheckFinished]) -> str:
    """
    Bring a deviations file up to date, and return its new text.

    The file is replaced at once or not at all; it is made if it does not exist and there is
    something to list.

    Raises:
        DeviationsError: The file that is there is broken.
        OSError: It cannot be written.

    """
    listed = load_deviations(path)
    exists = path.exists()
    text = path.read_bytes().decode("utf-8") if exists else ""
    new = updated(text, listed, results)
    if new != text:
        write_atomically(path, new)
    return new


def updated(text: str, listed: Deviations, results: Iterable[CheckFinished]) -> str:
    """
    Return the text of a file brought up to date with the results of a run.

    Args:
        text: The file's text, which ``listed`` was read from.
        listed: What it lists.
        results: What came of each check of the run, deviations applied.

    Raises:
        DeviationsError: The entries are written in a form that cannot be changed in place.

    """
    path = listed.path or Path("deviations.toml")
    before, parts = blocks(text)
    if len(parts) != len(listed.entries):
        raise DeviationsError(path, None, "begin each entry with [[deviation]], to have it updated")
    came = {check.id: check for check in results}
    pieces = [before]
    expected: dict[str, Deviation] = {}
    for entry, (_, block) in zip(listed.entries.values(), parts, strict=True):
        body, rest = _body_and_rest(block)
        now = _now(entry, came.pop(entry.check, None))
        if now is None:
            # The comments right above it are its own; what follows belongs to the next.
            above = _without_comment(pieces[-1])
            parted = above in ("", "\n") or above.endswith("\n\n")
            pieces[-1] = above
            pieces.append(rest.lstrip("\n") if parted else rest)
            continue
        expected[entry.check] = now
        pieces.append(body if now == entry else _rendered(now))
        pieces.append(rest)
    new = "".join(pieces)
    if len(expected) < len(parts):
        new = f"{new.rstrip()}\n" if new.strip() else ""
    for check in sorted(came.values(), key=lambda each: each.id):
        added = _new(check)
        if added is not None:
            expected[added.check] = added
            said = check.finding.summary if check.finding else check.reason
            gap = "" if not new.strip() else "\n" if new.endswith("\n") else "\n\n"
            new = (
                f"{new if new.strip() else ''}{gap}# {cut(visible(said), 200)}\n{_rendered(added)}"
            )
    if "\r\n" in text:
        new = re.sub(r"(?<!\r)\n", "\r\n", new)
    _verify(new, expected, path)
    return new


def _now(entry: Deviation, check: CheckFinished | None) -> Deviation | None:
    """Return what an entry should say after a run; None: it is stale."""
    if check is None:
        return entry
    failed, of = check.failed_of
    if check.outcome in _STALE or check.outcome is Outcome.UNEXPECTED_PASS:
        return None
    if check.outcome is Outcome.PASS:
        return entry if entry.outcome == "unstable" else None
    if check.outcome is Outcome.UNSTABLE or (
        check.outcome is Outcome.FAIL and entry.outcome == "unstable"
    ):
        worse = entry.rate is None or failed * entry.rate[1] > entry.rate[0] * of
        rate = (failed, of) if worse else entry.rate
        return replace(entry, outcome="unstable", rate=rate)
    if check.outcome is Outcome.FAIL:
        return replace(entry, outcome="fail", rate=None)
    return entry


def _new(check: CheckFinished) -> Deviation | None:
    failed, of = check.failed_of
    if check.outcome is Outcome.FAIL:
        return Deviation(check.id, TODO)
    if check.outcome is Outcome.UNSTABLE:
        return Deviation(check.id, TODO, outcome="unstable", rate=(max(failed, 1), max(of, 1)))
    return None


def _rendered(entry: Deviation) -> str:
    lines = [
        "[[deviation]]",
        f"check = {_string(entry.check)}",
        f"reason = {_string(entry.reason)}",
    ]
    if entry.link:
        lines.append(f"link = {_string(entry.link)}")
    if entry.expires:
        lines.append(f"expires = {entry.expires.isoformat()}")
    if entry.outcome != "fail":
        lines.append(f"outcome = {_string(entry.outcome)}")
    if entry.rate:
        lines.append(f'rate = "{entry.rate[0]}/{entry.rate[1]}"')
    return "\n".join(lines) + "\n"


def _string(text: str) -> str:
    # A basic string of TOML is one of JSON, but for DEL, which it does not take bare.
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _body_and_rest(block: str) -> tuple[str, str]:
    """Part a block behind its last value: comments that follow belong to the next entry."""
    lines = re.split(r"(?<=\n)", block)
    whole = tomllib.loads(block)
    for end in range(1, len(lines) + 1):
        body = "".join(lines[:end])
        try:
            if tomllib.loads(body) == whole:
                return body, "".join(lines[end:])
        except tomllib.TOMLDecodeError:
            continue  # in the middle of a value of several lines
    return block, ""


def _without_comment(text: str) -> str:
    """Return what stands before an entry without the comment lines right above it."""
    lines = re.split(r"(?<=\n)", text)
    if lines[-1] == "":
        lines.pop()
    while lines and lines[-1].lstrip().startswith("#"):
        lines.pop()
    return "".join(lines)


def _verify(new: str, expected: dict[str, Deviation], path: Path) -> None:
    """Read the text that is about to be written: a file that lost an entry must not be."""

    def bare(entries: Iterable[Deviation]) -> list[Deviation]:
        return [replace(entry, line=None) for entry in entries]

    found = parse_deviations(new, path)
    if bare(found.entries.values()) != bare(expected.values()):
        raise DeviationsError(path, None, "cannot be updated in place; please change it by hand")
