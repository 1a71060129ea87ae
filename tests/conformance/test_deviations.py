"""The deviations file: how it is read, what it changes, and what makes it untrue."""

import datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from multichat_conformance.deviations import (
    Deviation,
    Deviations,
    DeviationsError,
    blocks,
    load_deviations,
    parse_deviations,
)
from multichat_conformance.outcomes import Outcome

PATH = Path("deviations.toml")
TODAY = datetime.date(2026, 9, 1)
TOMORROW, YESTERDAY = datetime.date(2026, 9, 2), datetime.date(2026, 8, 31)
JOIN, SEND = "join.room-is-joined", "send.text-comes-unchanged"

WHOLE = """\
# What our server does not do yet.

[[deviation]]
check = "join.room-is-joined"
reason = "the title is missing"

# Needs a new database.
[[deviation]]
check = "send.text-comes-unchanged"
reason = '''
[[deviation]]
is what the text says'''
link = "https://tracker.example/1"
expires = 2026-09-02 # soon
outcome = "unstable"
rate = "1/3"
"""


def of(*entries: Deviation) -> Deviations:
    return Deviations({entry.check: entry for entry in entries}, PATH)


def test_a_file_is_read() -> None:
    found = parse_deviations(WHOLE, PATH)

    assert list(found.entries.values()) == [
        Deviation(JOIN, "the title is missing", line=3),
        Deviation(
            SEND,
            "[[deviation]]\nis what the text says",
            "https://tracker.example/1",
            TOMORROW,
            "unstable",
            (1, 3),
            line=8,
        ),
    ]


@pytest.mark.parametrize("text", ["", "# nothing yet\n", "deviation = []\n"])
def test_an_empty_file_lists_nothing(text: str) -> None:
    assert parse_deviations(text, PATH).entries == {}


def test_a_file_that_is_not_there_lists_nothing(tmp_path: Path) -> None:
    assert load_deviations(tmp_path / "none.toml").entries == {}


def entry(**rows: str) -> str:
    """Return an entry; a row of TOML replaces the one of that name, an empty one removes it."""
    kept = {"check": f'"{JOIN}"', "reason": '"it does not"'} | rows
    lines = [f"{name} = {value}" for name, value in kept.items() if value]
    return "\n".join(["# a line", "[[deviation]]", *lines, ""])


@pytest.mark.parametrize(
    ("text", "line", "problem"),
    [
        ("[[deviation]\n", 1, "is not TOML"),
        ("a = 1\nb = \n", 2, "is not TOML"),
        ('[[deviation]]\ncheck = "', 2, "is not TOML"),
        ("a = " + "[" * 100_000, None, "nested too deeply|is not TOML"),
        ("[[deviations]]\n", None, "unknown name 'deviations'; expected entries that begin with"),
        ("[deviation]\ncheck = 'x'\n", None, "no list; begin each entry with"),
        ("deviation = 1\n", None, "no list"),
        ("deviation = [1]\n", None, "no list"),
        (entry(check=""), 2, "'check' is missing; expected the id of a check"),
        (entry(check="7"), 2, "'check' is 7"),
        (entry(check='"MC1-JOIN-02"'), 2, "'check' is 'MC1-JOIN-02'; expected the id"),
        (entry(check='"join.Room"'), 2, "'check' is 'join.Room'"),
        (entry(reason=""), 2, "'reason' is missing; expected a sentence"),
        (entry(reason='" "'), 2, "'reason' is ' '"),
        (entry(reason="[]"), 2, r"'reason' is \[\]"),
        (entry(link='"javascript:alert(1)"'), 2, "'link' is .*; expected an address"),
        (entry(link='"https://x\\u001b[2J"'), 2, "'link' is"),
        (entry(link="1"), 2, "'link' is 1"),
        (entry(expires='"2027-01-31"'), 2, "'expires' is .*; expected a day without quotes"),
        (entry(expires="2027-01-31T00:00:00"), 2, "'expires' is datetime"),
        (entry(outcome='"maybe"'), 2, "'outcome' is 'maybe'; expected one of fail, warn, unst"),
        (entry(outcome="[]"), 2, r"'outcome' is \[\]"),
        (entry(outcome='"unstable"'), 2, "'rate' is missing; expected how many attempts"),
        (entry(outcome='"unstable"', rate='"0/3"'), 2, "'rate' is '0/3'"),
        (entry(outcome='"unstable"', rate='"4/3"'), 2, "'rate' is '4/3'"),
        (entry(outcome='"unstable"', rate="0.3"), 2, "'rate' is 0.3"),
        (entry(rate='"1/3"'), 2, "'rate' goes with"),
        (entry(rate="1"), 2, "'rate' goes with"),
        (entry(resaon='"x"'), 2, "no 'resaon'; did you mean 'reason'"),
        (entry(clause='"MC1-JOIN-02"'), 2, "no 'clause'; there are check, reason"),
        (entry() + entry(), 6, "is listed twice, first in line 2"),
    ],
)
def test_a_broken_file_is_told_where_and_what(text: str, line: int | None, problem: str) -> None:
    with pytest.raises(DeviationsError, match=problem) as caught:
        parse_deviations(text, PATH)

    assert caught.value.line == line
    assert str(caught.value).startswith(
        f"deviations.toml:{line}: " if line else "deviations.toml: "
    )


def test_a_file_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    (tmp_path / "latin.toml").write_bytes(b"# one\n# Gr\xfc\xdfe\n")
    (tmp_path / "huge.toml").write_bytes(b"#" * 1_048_577)

    with pytest.raises(DeviationsError, match=r"latin\.toml:2: is not UTF-8"):
        load_deviations(tmp_path / "latin.toml")
    with pytest.raises(DeviationsError, match="has more than 1,048,576 bytes"):
        load_deviations(tmp_path / "huge.toml")
    with pytest.raises(DeviationsError, match="cannot be read"):
        load_deviations(tmp_path)


@given(
    st.lists(
        st.sampled_from([*WHOLE.splitlines(keepends=True), "'''", '"', "\r\n", "[", "=", "\x00"]),
        max_size=30,
    ).map("".join)
)
def test_no_file_is_more_than_broken(text: str) -> None:
    """Whatever stands in it, it is read or refused."""
    try:
        found = parse_deviations(text, PATH)
    except DeviationsError:
        return
    before, parts = blocks(text)
    assert before + "".join(block for _, block in parts) == text
    assert len(parts) in (0, len(found.entries))


FAIL = Deviation(JOIN, "why", "https://x")
WARN = Deviation(JOIN, "why", "https://x", outcome="warn")
SOMETIMES = Deviation(JOIN, "why", "https://x", outcome="unstable", rate=(1, 3))
OFTEN = Deviation(JOIN, "why", "https://x", outcome="unstable", rate=(3, 3))


@pytest.mark.parametrize(
    ("listed", "outcome", "failed", "counts", "reason"),
    [
        (FAIL, Outcome.FAIL, 3, Outcome.EXPECTED_FAILURE, "why"),
        (FAIL, Outcome.PASS, 0, Outcome.UNEXPECTED_PASS, "stale (why)"),
        (FAIL, Outcome.UNSTABLE, 1, Outcome.UNSTABLE, 'outcome = "fail", and 1/3'),
        (FAIL, Outcome.WARN, 3, Outcome.WARN, "why"),
        (WARN, Outcome.WARN, 3, Outcome.WARN, "why"),
        (WARN, Outcome.PASS, 0, Outcome.UNEXPECTED_PASS, "stale"),
        (WARN, Outcome.FAIL, 3, Outcome.FAIL, 'outcome = "warn", and 3/3'),
        (SOMETIMES, Outcome.UNSTABLE, 1, Outcome.EXPECTED_FAILURE, "why"),
        (SOMETIMES, Outcome.UNSTABLE, 2, Outcome.UNSTABLE, "at most 1/3 attempts, and 2/3"),
        (SOMETIMES, Outcome.FAIL, 3, Outcome.FAIL, "at most 1/3 attempts, and 3/3"),
        (SOMETIMES, Outcome.PASS, 0, Outcome.PASS, ""),
        (OFTEN, Outcome.FAIL, 3, Outcome.EXPECTED_FAILURE, "why"),
        *(
            (listed, outcome, 0, outcome, "")
            for listed in (FAIL, WARN, SOMETIMES)
            for outcome in (
                Outcome.NOT_TESTED,
                Outcome.NOT_APPLICABLE,
                Outcome.OBSERVED,
                Outcome.HARNESS_ERROR,
            )
        ),
    ],
)
def test_what_an_entry_makes_of_an_outcome(
    listed: Deviation, outcome: Outcome, failed: int, counts: Outcome, reason: str
) -> None:
    became, said, link = of(listed).apply(JOIN, outcome, failed, 3, TODAY)

    assert became is counts
    assert reason in said
    assert bool(said) == bool(reason)
    assert link == ("https://x" if said else "")


@pytest.mark.parametrize("outcome", Outcome)
@pytest.mark.parametrize("listed", [of(), of(Deviation(SEND, "why"))])
def test_what_is_not_listed_stays(outcome: Outcome, listed: Deviations) -> None:
    assert listed.apply(JOIN, outcome, 3, 3, TODAY) == (outcome, "", "")


@pytest.mark.parametrize(
    ("day", "counts"),
    [
        (None, Outcome.EXPECTED_FAILURE),
        (TOMORROW, Outcome.EXPECTED_FAILURE),
        (TODAY, Outcome.EXPECTED_FAILURE),
        (YESTERDAY, Outcome.FAIL),
    ],
)
def test_an_entry_counts_until_its_last_day(day: datetime.date | None, counts: Outcome) -> None:
    listed = of(Deviation(JOIN, "why", expires=day))

    assert listed.apply(JOIN, Outcome.FAIL, 3, 3, TODAY)[0] is counts


KNOWN = (JOIN, SEND)


@pytest.mark.parametrize(
    ("listed", "today", "expected"),
    [
        (FAIL, TODAY, True),
        (WARN, TODAY, False),
        (SOMETIMES, TODAY, False),
        (Deviation(JOIN, "why", expires=YESTERDAY), TODAY, False),
        (Deviation(SEND, "why"), TODAY, False),
    ],
)
def test_what_is_known_to_fail_is_not_tried_again(
    listed: Deviation, today: datetime.date, expected: bool
) -> None:
    assert of(listed).expects_failure(JOIN, today) is expected


@pytest.mark.parametrize("whole", [True, False])
@pytest.mark.parametrize(
    ("listed", "outcome", "complaint"),
    [
        (Deviation(JOIN, "why"), Outcome.EXPECTED_FAILURE, ""),
        (Deviation(JOIN, "why"), Outcome.NOT_TESTED, ""),
        (Deviation(JOIN, "why"), Outcome.WARN, ""),
        (Deviation(JOIN, "why"), Outcome.UNEXPECTED_PASS, "passes, so its entry is stale"),
        (Deviation(JOIN, "why"), Outcome.NOT_APPLICABLE, "does not apply to the target"),
        (Deviation(JOIN, "why"), Outcome.OBSERVED, "cannot fail, so its entry is stale"),
        (Deviation(JOIN, "why", expires=YESTERDAY), Outcome.FAIL, "expired on 2026-08-31"),
        (Deviation(JOIN, "why", expires=YESTERDAY), Outcome.PASS, "expired on 2026-08-31"),
        (SOMETIMES, Outcome.PASS, ""),
    ],
)
def test_what_is_complained_of(
    listed: Deviation, outcome: Outcome, complaint: str, whole: bool
) -> None:
    """Stale, unmatched and expired entries fail a run."""
    found = of(listed).complaints({JOIN: outcome}, KNOWN, TODAY, whole)

    assert len(found) == bool(complaint)
    assert complaint in "".join(found)


@pytest.mark.parametrize(
    ("listed", "complaint"),
    [
        (Deviation(JOIN, "why"), ""),
        (Deviation(JOIN, "why", expires=YESTERDAY), "expired"),
        (
            Deviation("join.room-is-jonied", "why", line=9),
            "deviations.toml:9: there is no check join.room-is-jonied; did you mean join.room-is-",
        ),
        (Deviation("zzz.zzz", "why"), "there is no check zzz.zzz; remove the entry"),
    ],
)
def test_what_did_not_run_speaks_in_a_whole_run_only(listed: Deviation, complaint: str) -> None:
    ran = {SEND: Outcome.PASS}
    whole = of(listed).complaints(ran, KNOWN, TODAY, whole=True)

    assert of(listed).complaints(ran, KNOWN, TODAY, whole=False) == ()
    assert len(whole) == bool(complaint)
    assert complaint in "".join(whole)
