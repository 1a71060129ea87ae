"""
The deviations file of a target: which checks are known to fail, why, and until when.

It keeps a build green while known mistakes are mended, and it cannot rot: an entry whose check
passes is *stale*, one whose check does not exist *unmatched*, one whose day has passed *expired*,
and each of these makes a run fail. It never makes a target conformant
(:func:`~multichat_conformance.outcomes.verdict`). An entry looks like this::

    # The list of members is a multiset.
    [[deviation]]
    check = "join.second-join-is-announced-to-nobody"
    reason = "a second join is announced again"
    link = "https://tracker.example/issues/12"  # optional
    expires = 2027-01-31                        # optional, the last day that it counts
    outcome = "fail"                            # or "warn", or "unstable" with a rate

An entry names a check and not a clause: a clause that is broken in one way must not hide that
tomorrow it is broken in another. ``warn`` is for checks of a SHOULD; they never make a run fail,
so the entry only gives the reason. ``unstable`` has a ``rate`` such as ``"1/3"``: how many of the
attempts may fail at most. Because such a check passes often, a pass does not make it stale.

:mod:`~multichat_conformance.deviations_update` writes these files.
"""

import datetime
import difflib
import re
import tomllib
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, Final, Literal, TypeAlias

from multichat_conformance.outcomes import Outcome

__all__ = [
    "Deviation",
    "Deviations",
    "DeviationsError",
    "Kind",
    "blocks",
    "load_deviations",
    "parse_deviations",
]

Kind: TypeAlias = Literal["fail", "warn", "unstable"]

_LARGEST: Final = 1_048_576
"""Bytes of a file; there are a few hundred checks."""

_KNOWN: Final = ("check", "reason", "link", "expires", "outcome", "rate")
_KINDS: Final[tuple[Kind, ...]] = ("fail", "warn", "unstable")
_ID: Final = re.compile(r"[a-z0-9_]+\.[a-z0-9-]+")
_RATE: Final = re.compile(r"([1-9][0-9]{0,2})/([1-9][0-9]{0,2})")
_HEADER: Final = re.compile(r"""\s*\[\[\s*(?:deviation|"deviation"|'deviation')\s*\]\]""")


class DeviationsError(ValueError):
    """
    A deviations file that cannot be used: a mistake of who wrote it.

    Attributes:
        path: The file.
        line: Where in it, from 1; None if that is not known.
        problem: What is wrong and what was expected.

    """

    def __init__(self, path: Path, line: int | None, problem: str) -> None:
        super().__init__(path, line, problem)
        self.path, self.line, self.problem = path, line, problem

    def __str__(self) -> str:
        where = f"{self.path}:{self.line}" if self.line else str(self.path)
        return f"{where}: {self.problem}"


@dataclass(frozen=True, slots=True)
class Deviation:
    """
    An entry of the file.

    Attributes:
        check: The id of the check.
        reason: What the server does, and why that stands.
        link: Where that is discussed; empty if nowhere.
        expires: The last day that the entry counts; None: it counts for ever.
        outcome: How the check fails.
        rate: Of ``unstable``: how many of the attempts may fail, as ``(1, 3)``.
        line: Where the entry begins, from 1; None if that is not known.

    """

    check: str
    reason: str
    link: str = ""
    expires: datetime.date | None = None
    outcome: Kind = "fail"
    rate: tuple[int, int] | None = None
    line: int | None = None

    def expired(self, today: datetime.date) -> bool:
        """Tell whether the entry's last day has passed."""
        return self.expires is not None and today > self.expires


@dataclass(frozen=True, slots=True)
class Deviations:
    """
    A deviations file.

    Attributes:
        entries: What it lists, by the id of the check.
        path: Where it is; None: there is no file, and nothing is listed.

    """

    entries: Mapping[str, Deviation]
    path: Path | None = None

    def expects_failure(self, check_id: str, today: datetime.date) -> bool:
        """Tell whether a check is listed as one that always fails."""
        entry = self.entries.get(check_id)
        return entry is not None and entry.outcome == "fail" and not entry.expired(today)

    def apply(
        self, check_id: str, outcome: Outcome, failed: int, of: int, today: datetime.date
    ) -> tuple[Outcome, str, str]:
        """
        Weigh what came of a check against what is listed.

        An entry that has expired changes nothing: what fails, fails.

        Args:
            check_id: The check.
            outcome: What came of it.
            failed: How many attempts failed.
            of: How many there were; 0 if none.
            today: The day of the run.

        Returns:
            The outcome that counts; a reason and a link to report with it, both empty if the
            file has nothing to say.

        """
        entry = self.entries.get(check_id)
        if entry is None or entry.expired(today):
            return outcome, "", ""
        match entry.outcome, outcome:
            case ("fail", Outcome.FAIL):
                return Outcome.EXPECTED_FAILURE, entry.reason, entry.link
            case ("unstable", Outcome.FAIL | Outcome.UNSTABLE):
                rate = Fraction(*(entry.rate or (1, 1)))
                if of and Fraction(failed, of) <= rate:
                    return Outcome.EXPECTED_FAILURE, entry.reason, entry.link
                listed = f"the deviations file lists it as failing in at most {_of(entry)} attempts"
                return outcome, f"{listed}, and {failed}/{of} failed", entry.link
            case ("unstable", Outcome.PASS):
                return outcome, "", ""
            case (_, Outcome.WARN):
                return outcome, entry.reason, entry.link
            case (_, Outcome.FAIL | Outcome.UNSTABLE):
                listed = f'the deviations file lists it with outcome = "{entry.outcome}"'
                return outcome, f"{listed}, and {failed}/{of} attempts failed", entry.link
            case (_, Outcome.PASS):
                said = f"it passes, so its entry in the deviations file is stale ({entry.reason})"
                return Outcome.UNEXPECTED_PASS, said, entry.link
        return outcome, "", ""

    def complaints(
        self,
        ran: Mapping[str, Outcome],
        known_ids: Collection[str],
        today: datetime.date,
        whole: bool,
    ) -> tuple[str, ...]:
        """
        Say what is wrong with the file, a sentence for each entry; any makes the run fail.

        Args:
            ran: What came of each check of the run, after :meth:`apply`.
            known_ids: Every check that there is.
            today: The day of the run.
            whole: Whether the run was not filtered. An entry whose check did not run says
                nothing in a filtered run.

        """
        found = (
            self._complaint(entry, ran.get(entry.check), known_ids, today, whole)
            for entry in self.entries.values()
        )
        return tuple(complaint for complaint in found if complaint)

    def _complaint(
        self,
        entry: Deviation,
        outcome: Outcome | None,
        known_ids: Collection[str],
        today: datetime.date,
        whole: bool,
    ) -> str:
        if outcome is None and not whole:
            return ""
        where = f"{self.path.name}:{entry.line}: " if self.path and entry.line else ""
        if entry.check not in known_ids:
            near = difflib.get_close_matches(entry.check, known_ids, n=2)
            hint = f"did you mean {' or '.join(near)}?" if near else "remove the entry"
            return f"{where}there is no check {entry.check}; {hint}"
        if entry.expired(today):
            then = "mend the server, or give the entry another day"
            return f"{where}the entry of {entry.check} expired on {entry.expires}; {then}"
        if outcome is Outcome.UNEXPECTED_PASS:
            return f"{where}{entry.check} passes, so its entry is stale; remove it"
        if outcome in (Outcome.NOT_APPLICABLE, Outcome.OBSERVED):
            why = (
                "does not apply to the target"
                if outcome is Outcome.NOT_APPLICABLE
                else "cannot fail"
            )
            return f"{where}{entry.check} {why}, so its entry is stale; remove it"
        return ""


def load_deviations(path: Path) -> Deviations:
    """
    Read a deviations file; one that does not exist lists nothing.

    Raises:
        DeviationsError: The file cannot be read or is not what it should be.

    """
    try:
        with path.open("rb") as file:
            raw = file.read(_LARGEST + 1)
    except FileNotFoundError:
        return Deviations({}, path)
    except OSError as exc:
        raise DeviationsError(path, None, f"cannot be read: {exc.strerror}") from exc
    if len(raw) > _LARGEST:
        raise DeviationsError(path, None, f"has more than {_LARGEST:,} bytes")
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as exc:
        line = raw[: exc.start].count(b"\n") + 1
        raise DeviationsError(path, line, "is not UTF-8, as TOML must be") from exc
    return parse_deviations(text, path)


def parse_deviations(text: str, path: Path) -> Deviations:
    """
    Read the text of a deviations file.

    Raises:
        DeviationsError: It is not what it should be.

    """
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as exc:
        at = re.search(r" \(at line (\d+), column \d+\)$", str(exc))
        line = int(at[1]) if at else text.count("\n") + 1
        problem = re.sub(r" \(at .*\)$", "", str(exc))
        raise DeviationsError(path, line, f"is not TOML: {problem}") from exc
    except RecursionError as exc:
        raise DeviationsError(path, None, "is nested too deeply") from exc
    rows = document.pop("deviation", [])
    if document:
        name = next(iter(document))
        raise DeviationsError(
            path, None, f"unknown name {name!r}; expected entries that begin with [[deviation]]"
        )
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise DeviationsError(
            path, None, "'deviation' is no list; begin each entry with [[deviation]]"
        )
    places: list[int | None] = [number for number, _ in blocks(text)[1]]
    if len(places) != len(rows):
        places = [None] * len(rows)
    entries: dict[str, Deviation] = {}
    for row, place in zip(rows, places, strict=True):
        entry = _entry(row, place, path)
        if entry.check in entries:
            first = entries[entry.check].line
            where = f", first in line {first}" if first else ""
            raise DeviationsError(path, place, f"{entry.check} is listed twice{where}")
        entries[entry.check] = entry
    return Deviations(entries, path)


def blocks(text: str) -> tuple[str, list[tuple[int, str]]]:
    """
    Part a valid file into what stands before the first entry and the entries.

    An entry's block runs from its header to the next; the number is the header's line. What
    looks like a header within a string of several lines is none: up to there the block would be
    no TOML.
    """
    # TOML ends lines with these only; str.splitlines knows more.
    lines = re.split(r"(?<=\n)", text)
    before: list[str] = []
    found: list[tuple[int, list[str]]] = []
    for number, line in enumerate(lines, 1):
        if _HEADER.match(line) and (not found or _is_toml("".join(found[-1][1]))):
            found.append((number, [line]))
        elif found:
            found[-1][1].append(line)
        else:
            before.append(line)
    return "".join(before), [(number, "".join(block)) for number, block in found]


def _is_toml(text: str) -> bool:
    try:
        tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError):
        return False
    return True


def _entry(row: Mapping[str, Any], line: int | None, path: Path) -> Deviation:
    for problem in _problems(row):
        raise DeviationsError(path, line, problem)
    rate = _RATE.fullmatch(row.get("rate", ""))
    return Deviation(
        check=row["check"],
        reason=row["reason"],
        link=row.get("link", ""),
        expires=row.get("expires"),
        outcome=row.get("outcome", "fail"),
        rate=(int(rate[1]), int(rate[2])) if rate else None,
        line=line,
    )


def _problems(row: Mapping[str, Any]) -> Iterator[str]:
    """Yield what is wrong with an entry, in the order in which a person would look."""
    for name in row:
        if name not in _KNOWN:
            near = difflib.get_close_matches(name, _KNOWN, n=1)
            hint = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(_KNOWN)}"
            yield f"an entry has no {name!r}; {hint}"
    check = row.get("check")
    if not isinstance(check, str) or not _ID.fullmatch(check):
        said = "is missing" if check is None else f"is {check!r}"
        yield f"'check' {said}; expected the id of a check, such as \"join.room-is-joined\""
    reason = row.get("reason")
    if not isinstance(reason, str) or not reason.strip():
        said = "is missing" if reason is None else f"is {reason!r}"
        yield f"'reason' {said}; expected a sentence that says what the server does"
    link = row.get("link", "https://")
    if not isinstance(link, str) or not re.match(r"https?://", link) or not link.isprintable():
        yield f"'link' is {link!r}; expected an address that begins with https:// or http://"
    expires = row.get("expires")
    # A datetime is a date to Python, and none here: whose midnight would it be?
    if expires is not None and type(expires) is not datetime.date:
        yield f"'expires' is {expires!r}; expected a day without quotes, such as 2027-01-31"
    outcome = row.get("outcome", "fail")
    if outcome not in _KINDS:
        yield f"'outcome' is {outcome!r}; expected one of {', '.join(_KINDS)}"
    rate = row.get("rate")
    if outcome == "unstable":
        parts = _RATE.fullmatch(rate) if isinstance(rate, str) else None
        if not parts or int(parts[1]) > int(parts[2]):
            said = "is missing" if rate is None else f"is {rate!r}"
            yield f"'rate' {said}; expected how many attempts may fail, such as \"1/3\""
    elif rate is not None:
        yield "'rate' goes with outcome = \"unstable\" only"


def _of(entry: Deviation) -> str:
    failing, attempts = entry.rate or (1, 1)
    return f"{failing}/{attempts}"
