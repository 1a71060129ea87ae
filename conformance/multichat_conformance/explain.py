"""
What a clause asks for, or what a check does: all that is known of it, on one page.

Nothing is written here that stands elsewhere: the texts are the specification's and the
catalogue's, the examples are the specification's example frames that cite the clause.
"""

import difflib
import json
import textwrap
from collections.abc import Iterator, Sequence
from importlib.resources import files
from typing import Final

import multichat_spec
from multichat_conformance.catalogue import STAFF_ROLE, Check, Group, Needs, catalogue, find
from multichat_conformance.coverage import coverage
from multichat_conformance.reports.escape import cut, visible
from multichat_spec import Example, Requirement

__all__ = ["GROUPS", "UnknownId", "explain", "faults_caught_by", "needs_in_words"]

GROUPS: Final = {
    Group.SAFE: "well-formed traffic, harmless handshakes, and the hooks of core checks",
    Group.INTRUSIVE: (
        "malformed traffic, misused sessions, and hooks by which hardened checks take rights away "
        "or delete"
    ),
    Group.LIFECYCLE: "stops and starts the server",
    Group.LOAD: "floods, slow readers and many connections",
}
"""What the checks of a group do to a server."""

_FAULTS: Final = 3
_EXAMPLES: Final = 4
_FRAME: Final = 240


class UnknownId(LookupError):
    """Neither a clause nor a check has this id; the text says which are near."""


def explain(name: str, *, width: int = 80) -> str:
    """
    Return what is known of a clause or a check, as lines of text.

    Args:
        name: The id of a clause (``MC1-JOIN-07``) or of a check.
        width: Of a line, in characters; frames may be longer.

    Raises:
        UnknownId: There is neither.

    """
    page = _Page(width)
    check = find(name)
    if check is not None:
        _explain_check(page, check)
        return page.text()
    try:
        clause = multichat_spec.requirement(name.upper())
    except multichat_spec.UnknownName as exc:
        raise UnknownId(_nothing_known(name)) from exc
    _explain_clause(page, clause)
    return page.text()


def needs_in_words(needs: Needs) -> Iterator[str]:
    """Yield what a check needs of a target file, a phrase each."""
    plain = [role for role in needs.actors if role != STAFF_ROLE]
    if plain:
        yield f"{len(plain)} plain account{'s' if len(plain) > 1 else ''}"
    if STAFF_ROLE in needs.actors:
        yield "a staff account"
    if needs.visitor:
        yield "a plain account and an open room, or that the server lets strangers connect"
    if needs.rooms:
        yield f"{needs.rooms} open room{'s' if needs.rooms > 1 else ''}"
    if needs.staff_room:
        yield "a staff room"
    for hook in needs.hooks:
        yield f"the hook {hook}"
    for limit in needs.limits:
        yield f"limits.{limit}"
    for claim in needs.claims:
        yield f"capabilities.{claim}"
    if needs.restart:
        yield "[start], or the hooks stop and start"
    if needs.logout:
        yield "a login form"


def faults_caught_by(check: str) -> tuple[str, ...]:
    """
    Return the faults that a check is known to find, a sentence each.

    They are those of the published matrix: mistakes that were built into a small correct server
    to see that the suite finds them.
    """
    file = files("multichat_conformance").joinpath("matrix.json")
    matrix = json.loads(file.read_text("utf-8"))
    found = (name for name, checks in matrix["faults"].items() if check in checks)
    return tuple(matrix["sentences"][name] for name in found)


class _Page:
    """Lines under headings, wrapped to a width."""

    def __init__(self, width: int) -> None:
        self._width = max(width, 40)
        self._lines: list[str] = []

    def text(self) -> str:
        """Return all of it."""
        return "\n".join(self._lines) + "\n"

    def line(self, text: str) -> None:
        """Add a line as it is."""
        self._lines.append(text)

    def heading(self, text: str) -> None:
        """Begin a part."""
        self._lines += ["", text]

    def paragraph(self, text: str, indent: str = "  ") -> None:
        """Add a text that is wrapped; blank lines part paragraphs."""
        for number, part in enumerate(text.split("\n\n")):
            if number:
                self._lines.append("")
            self._lines += textwrap.wrap(
                " ".join(part.split()),
                self._width,
                initial_indent=indent,
                subsequent_indent=indent,
                break_long_words=False,
                break_on_hyphens=False,
            )


def _explain_clause(page: _Page, clause: Requirement) -> None:
    page.line(f"{clause.id}  {clause.keyword}, {clause.profile}, binds {_bound(clause)}")
    page.line(f"Section {clause.section.number}, {clause.section.title}")
    page.heading("The clause")
    page.paragraph(clause.text)
    page.heading("How it is checked" if clause.check.possible else "Why it is not checked")
    page.paragraph(_sentence(clause.check.how))
    (row,) = (row for row in coverage() if row.clause.id == clause.id)
    if row.checks:
        page.heading("Checks")
        for check in row.checks:
            page.line(f"  {check.id}")
            page.paragraph(check.title + ".", "      ")
            if check.cause:
                page.paragraph(f"Likely cause of a failure: {check.cause}", "      ")
            _faults(page, check, "      ")
    elif clause.check.possible:
        page.heading("Checks")
        page.paragraph("None yet.")
    _examples(page, [e for e in multichat_spec.examples() if clause.id in e.clauses])
    if row.checks:
        page.heading("Run it")
        page.line(f"  multichat conformance run --target target.toml --only {clause.id}")


def _bound(clause: Requirement) -> str:
    return {"server": "servers", "client": "clients", "both": "servers and clients"}[clause.role]


def _explain_check(page: _Page, check: Check) -> None:
    page.line(f"{check.id}  {check.level}, {check.profile}, {check.group}")
    page.line(f"{check.title}.")
    if check.about:
        page.heading("Why, and why in this way")
        page.paragraph(check.about)
    page.heading("Clauses")
    for name in check.clauses:
        clause = multichat_spec.requirement(name)
        page.line(f"  {clause.id}  (section {clause.section.number}, {clause.keyword})")
        page.paragraph(clause.text, "      ")
    if check.cause:
        page.heading("Likely cause of a failure")
        page.paragraph(check.cause)
    page.heading("Needs")
    page.paragraph(", ".join(needs_in_words(check.needs)) or "nothing but the address")
    page.paragraph(f"It is in the group {check.group}: {GROUPS[check.group]}.")
    _faults(page, check, "  ")
    cited = multichat_spec.examples()
    _examples(page, [e for e in cited if check.clauses and check.clauses[0] in e.clauses])
    page.heading("Run it")
    page.line(f"  multichat conformance run --target target.toml --only {check.id}")


def _faults(page: _Page, check: Check, indent: str) -> None:
    faults = faults_caught_by(check.id)
    for fault in faults[:_FAULTS]:
        page.paragraph(f"Mistake that it finds: {fault}", indent)
    if len(faults) > _FAULTS:
        page.paragraph(f"… and {len(faults) - _FAULTS} more in docs/conformance-matrix.md", indent)


def _examples(page: _Page, examples: Sequence[Example]) -> None:
    for heading, valid in (("Right", True), ("Wrong", False)):
        chosen = [example for example in examples if example.valid is valid]
        if not chosen:
            continue
        page.heading(heading)
        for example in chosen[:_EXAMPLES]:
            sender = "from a client" if example.direction == "client" else "from the server"
            page.line(f"  {cut(visible(multichat_spec.expand(example.frame)), _FRAME)}")
            why = example.reason or example.description
            page.paragraph(f"{sender}: {_sentence(why)}", "      ")
        if len(chosen) > _EXAMPLES:
            page.line(f"  … and {len(chosen) - _EXAMPLES} more in the specification's examples")


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:] if text else text


def _nothing_known(name: str) -> str:
    known = [check.id for check in catalogue()] + [row.id for row in multichat_spec.requirements()]
    near = difflib.get_close_matches(name, known, 3) or difflib.get_close_matches(
        name.upper(), known, 3
    )
    hint = f"; near are {', '.join(near)}" if near else "; see multichat conformance list"
    return f"no clause and no check has the id {name!r}{hint}"
