"""
Read the numbered clauses out of a version's text.

A clause is a paragraph of this shape, between two blank lines::

    **MC1-AREA-NN** `core` A server MUST answer ... The text may run
    over several lines.
    *Check:* how the suite can see it.

It begins with its id, then comes its profile in backticks, then the text with exactly one
keyword of BCP 14 in capitals, then a line that begins with ``*Check:*`` (how it is seen to
hold) or ``*No check:*`` (why it cannot be seen from outside). All other paragraphs explain,
and use no keyword; a keyword in quotation marks or in backticks is talked about, not used.

:func:`scan` goes on after a mistake, for a linter that wants them all; :func:`parse` raises
at the first one.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import cast

from multichat_spec.model import Check, Keyword, Profile, Requirement, Role, Section

__all__ = ["CLAUSE_ID", "ERROR_CODE", "ClauseError", "Problem", "parse", "scan"]

# The version's number is part of the id, so that an id of v1 never means a clause of v2.
CLAUSE_ID = re.compile(r"MC[1-9][0-9]*-[A-Z]+-[0-9]{2}")
ERROR_CODE = re.compile(r"`([A-Z]+(?:_[A-Z]+)+)`")

_HEADING = re.compile(r"(?P<marks>#{1,6}) (?:(?P<number>[0-9]+(?:\.[0-9]+)*)\.? )?(?P<title>.+)")
_OPENING = re.compile(r"\*\*(?P<id>MC[^*]*)\*\* `(?P<profile>[^`]*)` (?P<text>.+)", re.DOTALL)
_CHECK = re.compile(r"\*(?P<kind>Check|No check):\*(?: (?P<how>.+))?", re.DOTALL)
_KEYWORD = re.compile(r"\b(?:(?:MUST|SHOULD|SHALL)(?: NOT)?|MAY|REQUIRED|RECOMMENDED|OPTIONAL)\b")
_KEYWORDS = frozenset({"MUST", "MUST NOT", "SHOULD", "SHOULD NOT", "MAY"})
_MENTIONED = re.compile(r"`[^`]*`|\"[^\"]*\"|“[^”]*”")
_FENCE = re.compile(r"(?P<fence>```+|~~~+)")


@dataclass(frozen=True, slots=True)
class Problem:
    """A place in the text that breaks its form: the line's number, from 1, and what is wrong."""

    line: int
    what: str

    def __str__(self) -> str:
        return f"line {self.line}: {self.what}"


class ClauseError(ValueError):
    """The text breaks the form of clauses; see :attr:`problem`."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(str(problem))
        self.problem = problem


def parse(text: str) -> tuple[Requirement, ...]:
    """
    Return the clauses of a text in order.

    Raises:
        ClauseError: The text breaks the form.

    """
    found: list[Requirement] = []
    for item in scan(text):
        if isinstance(item, Problem):
            raise ClauseError(item)
        found.append(item)
    return tuple(found)


def scan(text: str) -> Iterator[Requirement | Problem]:
    """Yield the clauses of a text and everything that breaks their form, in order."""
    section: Section | None = None
    seen: dict[str, int] = {}
    for line, block in _blocks(text):
        heading = _HEADING.fullmatch(block)
        if heading is not None:
            section = _section(heading)
        if not block.startswith("**MC"):
            yield from _explanation(line, block)
            continue
        clause = _clause(line, block, section)
        yield clause
        if isinstance(clause, Requirement):
            if clause.id in seen:
                yield Problem(line, f"{clause.id} is used twice; first on line {seen[clause.id]}")
            seen.setdefault(clause.id, line)


def _blocks(text: str) -> Iterator[tuple[int, str]]:
    """Yield each paragraph and heading with its first line's number; code fences are left out."""
    start, block, fence = 1, [""], ""
    block.clear()
    for number, line in enumerate([*text.splitlines(), ""], start=1):
        mark = _FENCE.match(line.lstrip())
        if fence:
            fence = "" if line.strip() == fence else fence
        elif mark is not None or not line.strip() or line.startswith("#"):
            if block:
                yield start, "\n".join(block)
                block.clear()
            if mark is not None:
                fence = mark["fence"]
            elif line.startswith("#"):
                yield number, line.strip()
        else:
            if not block:
                start = number
            block.append(line.rstrip())


def _section(heading: re.Match[str]) -> Section | None:
    return Section(heading["number"], heading["title"].strip()) if heading["number"] else None


def _explanation(line: int, block: str) -> Iterator[Problem]:
    for offset, part in enumerate(_without_mentions(block).split("\n")):
        for keyword in _KEYWORD.findall(part):
            yield Problem(line + offset, f"{keyword} outside a clause with an id")


def _clause(line: int, block: str, section: Section | None) -> Requirement | Problem:
    opening = _OPENING.fullmatch(block)
    if opening is None:
        return Problem(line, "a clause begins with **ID** `profile` text")
    clause_id, profile = opening["id"], opening["profile"]
    if CLAUSE_ID.fullmatch(clause_id) is None:
        return Problem(line, f"{clause_id!r} is no clause id (MC1-AREA-NN)")
    if profile not in ("core", "hardened"):
        return Problem(line, f"{clause_id}: no profile {profile!r} (core, hardened)")
    if section is None:
        return Problem(line, f"{clause_id} stands outside a numbered section")
    text, check = _split_check(opening["text"])
    if check is None:
        return Problem(line, f"{clause_id} has no line *Check:* or *No check:* with a text")
    keywords = _KEYWORD.findall(_without_mentions(text))
    if len(keywords) != 1 or keywords[0] not in _KEYWORDS:
        named = ", ".join(keywords) or "none"
        return Problem(line, f"{clause_id} has to use one keyword exactly, not {named}")
    if _KEYWORD.search(_without_mentions(check.how)):
        return Problem(line, f"{clause_id} uses a keyword in its check")
    return Requirement(
        id=clause_id,
        section=section,
        keyword=cast("Keyword", keywords[0]),
        profile=cast("Profile", profile),
        role=_role(text),
        text=text,
        check=check,
        errors=tuple(dict.fromkeys(ERROR_CODE.findall(text))),
    )


def _split_check(body: str) -> tuple[str, Check | None]:
    lines = body.split("\n")
    for index, part in enumerate(lines):
        if part.startswith(("*Check:*", "*No check:*")):
            match = _CHECK.fullmatch(" ".join(lines[index:]))
            how = match["how"] if match is not None else None
            text = " ".join(piece.strip() for piece in lines[:index])
            if match is None or how is None:
                return text, None
            return text, Check(possible=match["kind"] == "Check", how=" ".join(how.split()))
    return " ".join(piece.strip() for piece in lines), None


def _role(text: str) -> Role:
    if text.startswith("A server"):
        return "server"
    return "client" if text.startswith("A client") else "both"


def _without_mentions(text: str) -> str:
    """Blank out what is only talked about, keeping the lines as they are."""
    return _MENTIONED.sub(lambda match: re.sub(r"[^\n]", " ", match[0]), text)
