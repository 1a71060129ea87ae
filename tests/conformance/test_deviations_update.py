"""How ``--update-deviations`` writes the file: what people wrote stays, what is stale goes."""

import datetime
import tomllib
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from multichat_conformance.deviations import Deviations, DeviationsError, parse_deviations
from multichat_conformance.deviations_update import TODO, update_deviations, updated
from multichat_conformance.events import Attempt, CheckFinished, Finding
from multichat_conformance.outcomes import Outcome
from tests.conformance.reports.hostile import TEXTS

PATH = Path("deviations.toml")
TODAY = datetime.date(2026, 9, 1)

FILE = """\
# Of our server, see the handbook.

# The list of members is a multiset.
[[deviation]]
check = "join.second-join-changes-nothing"   # twice
reason = "announced again"
link = "https://tracker.example/12"
expires = 2027-01-31

# --- sending ---

# Mended soon.
[[deviation]]
check = "send.text-comes-unchanged"
reason = '''
# no comment
[[deviation]]'''

[[deviation]]
reason = "races"
check = "order.one-order-for-all"
outcome = "unstable"
rate = "1/3"
# the end
"""

SECOND, TEXT, ORDER = (
    "join.second-join-changes-nothing",
    "send.text-comes-unchanged",
    "order.one-order-for-all",
)


def came(name: str, outcome: Outcome, failed: int = 0, summary: str = "wrong") -> CheckFinished:
    finding = Finding("MC1-JOIN-02", summary, "", "")
    attempts = tuple(Attempt(n, 1.0, finding if n <= failed else None, ()) for n in (1, 2, 3))
    return CheckFinished(
        id=name,
        title="",
        area=name.partition(".")[0],
        profile="core",
        level="MUST",
        group="safe",
        clauses=(),
        outcome=outcome,
        reason="",
        cause="",
        link="",
        duration_ms=1.0,
        attempts=attempts,
        notes=(),
        repeat="",
    )


def update(text: str, *results: CheckFinished) -> str:
    return updated(text, parse_deviations(text, PATH), results)


def checks_of(text: str) -> list[str]:
    return list(parse_deviations(text, PATH).entries)


def test_what_still_fails_stays_to_the_letter() -> None:
    still = [came(name, Outcome.EXPECTED_FAILURE, 3) for name in (SECOND, TEXT)]

    assert update(FILE, *still, came(ORDER, Outcome.PASS)) == FILE


def test_what_was_not_run_stays() -> None:
    assert update(FILE) == FILE


def test_what_has_expired_and_fails_stays_expired() -> None:
    """Only a person can say how much longer it may be so."""
    assert update(FILE, came(SECOND, Outcome.FAIL, 3)) == FILE


def test_a_stale_entry_goes_with_its_comment() -> None:
    text = update(FILE, came(TEXT, Outcome.UNEXPECTED_PASS))

    assert text == FILE.replace(
        """\
# Mended soon.
[[deviation]]
check = "send.text-comes-unchanged"
reason = '''
# no comment
[[deviation]]'''

""",
        "",
    )


def test_the_first_entry_goes_and_the_head_of_the_file_stays() -> None:
    text = update(FILE, came(SECOND, Outcome.UNEXPECTED_PASS))

    assert text.startswith(
        "# Of our server, see the handbook.\n\n# --- sending ---\n\n# Mended soon.\n[[deviation]]\n"
    )


@pytest.mark.parametrize(
    "outcome",
    [Outcome.UNEXPECTED_PASS, Outcome.PASS, Outcome.OBSERVED, Outcome.NOT_APPLICABLE],
)
def test_all_that_is_stale_goes(outcome: Outcome) -> None:
    text = update(FILE, came(SECOND, outcome), came(TEXT, outcome))

    assert checks_of(text) == [ORDER]


def test_a_pass_proves_nothing_of_what_is_unstable() -> None:
    assert ORDER in checks_of(update(FILE, came(ORDER, Outcome.PASS)))


def test_new_failures_come_at_the_end_in_the_order_of_their_ids() -> None:
    text = update(
        FILE,
        came("join.b-new", Outcome.UNSTABLE, 2, "sometimes"),
        came("join.a-new", Outcome.FAIL, 3, "bob got\n\x1b[2J nothing"),
        came("join.fine", Outcome.PASS),
        came("join.soft", Outcome.WARN, 3),
    )

    assert text == FILE + (
        "\n# bob got\\n\\x1b[2J nothing\n[[deviation]]\n"
        f'check = "join.a-new"\nreason = "{TODO}"\n'
        "\n# sometimes\n[[deviation]]\n"
        f'check = "join.b-new"\nreason = "{TODO}"\noutcome = "unstable"\nrate = "2/3"\n'
    )


@pytest.mark.parametrize(
    ("name", "result", "outcome", "rate"),
    [
        (SECOND, came(SECOND, Outcome.UNSTABLE, 1), "unstable", (1, 3)),
        (ORDER, came(ORDER, Outcome.UNSTABLE, 2), "unstable", (2, 3)),
        (ORDER, came(ORDER, Outcome.FAIL, 3), "unstable", (3, 3)),
    ],
)
def test_an_entry_that_says_too_little_is_changed(
    name: str, result: CheckFinished, outcome: str, rate: tuple[int, int]
) -> None:
    before = parse_deviations(FILE, PATH).entries[name]
    after = parse_deviations(update(FILE, result), PATH).entries[name]

    assert (after.outcome, after.rate) == (outcome, rate)
    assert (after.reason, after.link, after.expires) == (
        before.reason,
        before.link,
        before.expires,
    )


def test_a_second_update_changes_nothing() -> None:
    results = (came(SECOND, Outcome.UNEXPECTED_PASS), came("join.new", Outcome.FAIL, 3))
    once = update(FILE, *results)

    again = (came("join.new", Outcome.EXPECTED_FAILURE, 3),)
    assert update(once, *again) == once


def test_a_file_is_made_when_there_is_something_to_list(tmp_path: Path) -> None:
    path = tmp_path / "deviations.toml"
    update_deviations(path, [came("join.new", Outcome.PASS)])
    assert not path.exists()

    text = update_deviations(path, [came("join.new", Outcome.FAIL, 3)])

    assert path.read_text() == text
    assert text.startswith("# wrong\n[[deviation]]\n")


def test_the_last_entry_leaves_an_empty_file() -> None:
    text = '[[deviation]]\ncheck = "join.a"\nreason = "x"\n'

    assert update(text, came("join.a", Outcome.UNEXPECTED_PASS)) == ""


def test_the_lines_end_as_they_did() -> None:
    text = update(FILE.replace("\n", "\r\n"), came("join.new", Outcome.FAIL, 3))

    assert text.count("\r\n") == text.count("\n")


def test_a_file_without_a_last_line_end_is_continued() -> None:
    text = update(FILE.rstrip(), came("join.new", Outcome.FAIL, 3))

    assert checks_of(text) == [SECOND, TEXT, ORDER, "join.new"]


def test_what_cannot_be_changed_in_place_is_told() -> None:
    text = 'deviation = [{ check = "join.a", reason = "x" }]\n'

    with pytest.raises(DeviationsError, match=r"begin each entry with \[\[deviation\]\]"):
        update(text, came("join.a", Outcome.UNEXPECTED_PASS))


def test_a_broken_file_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "deviations.toml"
    path.write_text("[[deviation]]\n")

    with pytest.raises(DeviationsError, match="'check' is missing"):
        update_deviations(path, [came("join.new", Outcome.FAIL, 3)])
    assert path.read_text() == "[[deviation]]\n"


OUTCOMES = st.sampled_from([*Outcome])
RESULTS = st.dictionaries(
    st.sampled_from([SECOND, TEXT, ORDER, "join.new", "send.new"]),
    st.tuples(OUTCOMES, st.integers(0, 3), TEXTS),
)


@given(RESULTS, st.integers(0, len(FILE)), st.sampled_from(["", "# x\n", "\n\n", "\r\n", "#'''\n"]))
def test_an_updated_file_makes_the_same_run_pass(
    results: dict[str, tuple[Outcome, int, str]], at: int, more: str
) -> None:
    """Nothing that is listed is lost, whatever stands in the file, and nothing new is red."""
    text = FILE[:at] + more + FILE[at:]
    try:
        listed = parse_deviations(text, PATH)
    except DeviationsError:
        return
    raw = {Outcome.FAIL: 3, Outcome.WARN: 3, Outcome.PASS: 0}
    run = [
        came(name, outcome, raw.get(outcome, max(failed, 1)), summary)
        for name, (outcome, failed, summary) in results.items()
        if outcome not in (Outcome.EXPECTED_FAILURE, Outcome.UNEXPECTED_PASS)
    ]
    weighed = [weigh(listed, check) for check in run]

    after = parse_deviations(updated(text, listed, weighed), PATH)

    again = [weigh(after, check) for check in run]
    red = {Outcome.FAIL, Outcome.UNSTABLE, Outcome.UNEXPECTED_PASS}
    assert not red & {check.outcome for check in again}
    assert updated(updated(text, listed, weighed), after, again) == updated(text, listed, weighed)
    kept = {name for name in listed.entries if name not in results}
    assert kept <= set(after.entries)
    for name in kept:
        assert replace(after.entries[name], line=None) == replace(listed.entries[name], line=None)


def weigh(listed: Deviations, check: CheckFinished) -> CheckFinished:
    outcome, reason, _ = listed.apply(check.id, check.outcome, *check.failed_of, TODAY)
    return replace(check, outcome=outcome, reason=reason)


def test_the_text_of_an_update_is_toml() -> None:
    text = update("", came("join.new", Outcome.FAIL, 3, 'a "quote" \\ and \x7f'))

    assert tomllib.loads(text)["deviation"][0]["reason"] == TODO
