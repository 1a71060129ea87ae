"""The failure card: what it says, what it marks, what it leaves out."""

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

import multichat_spec
from multichat_conformance.events import Attempt, CheckFinished, Finding, Line
from multichat_conformance.outcomes import Outcome
from multichat_conformance.reports.card import card_of, difference, gaps, steps_of
from multichat_conformance.reports.card_text import MOST_STEPS, card_rows, card_text, fit
from multichat_conformance.reports.words import ASCII
from tests.conformance.reports import made_up
from tests.conformance.reports.hostile import OUTCOMES, TEXTS, run_with

FAILED, UNSTABLE = (
    next(each for each in made_up.checks() if each.outcome is outcome)
    for outcome in (Outcome.FAIL, Outcome.UNSTABLE)
)


def lines(number: int, text: str = "x") -> tuple[Line, ...]:
    return tuple(made_up.frame(float(n), "bob", "received", f"{text}{n}") for n in range(number))


def attempt(got: str, transcript: tuple[Line, ...], actor: str = "bob") -> Attempt:
    return Attempt(1, 1.0, Finding("MC1-JOIN-02", "wrong", "right", got, actor), transcript)


def test_the_broken_clause_comes_first_with_its_whole_text() -> None:
    card = card_of(FAILED)

    assert [clause.id for clause in card.clauses] == ["MC1-ANN-05", "MC1-JOIN-07"]
    assert card.clauses[0].text == multichat_spec.requirement("MC1-ANN-05").text
    assert card.clauses[0].text in card_text(card, width=200)


def test_a_clause_that_does_not_exist_is_said_to() -> None:
    card = card_of(replace(FAILED, clauses=("MC1-NONE-" + "99",), attempts=()))

    assert "no such clause" in card_text(card)


@pytest.mark.parametrize(("check", "label"), [(FAILED, "3/3"), (UNSTABLE, "1/3")])
def test_the_label_says_how_often_it_failed(check: CheckFinished, label: str) -> None:
    assert card_of(check).label == label
    assert f"{label} attempts failed" in card_text(card_of(check))


def test_the_commands_stay_whole_however_narrow_it_is() -> None:
    text = card_text(card_of(FAILED), width=40)

    assert FAILED.repeat in text
    assert f"multichat conformance explain {FAILED.id}" in text


def test_the_likely_cause_is_the_servers() -> None:
    """A hook that fails says nothing about the server's code."""
    finding = Finding("", "the hook failed", "", "", side="suite")
    own = replace(FAILED, attempts=(Attempt(1, 1.0, finding, ()),))

    assert card_of(FAILED).cause == FAILED.cause
    assert card_of(own).cause == ""


def test_two_objects_are_compared_by_line() -> None:
    assert difference('{"b": 1, "a": 0}', '{"a": 0, "b": 2}') == (
        (" ", "{"),
        (" ", '  "a": 0,'),
        ("-", '  "b": 1'),
        ("+", '  "b": 2'),
        (" ", "}"),
    )


@pytest.mark.parametrize(
    ("expected", "got"),
    [
        ("an error frame", '{"error": "x"}'),
        ('{"a": 1}', "nothing within 2.0 s"),
        ('{"a": 1}', '{ "a" : 1 }'),
        ('{"a": 1}', '{"a": 1'),
        ('{"a": 1}', '{"a": ' + "[" * 5000),
        ('{"a": 1}', '{"a": ' + "9" * 5000 + "}"),
        ('{"a": 1}', '{"a": "' + "x" * 100_000 + '"}'),
        ("[1]", "[2]"),
    ],
    ids=["words", "none came", "same", "broken", "deep", "huge number", "huge text", "no object"],
)
def test_what_is_no_pair_of_different_objects_is_not_compared(expected: str, got: str) -> None:
    """Expected and got are shown as they are then."""
    assert difference(expected, got) == ()


def test_the_guilty_frame_is_the_last_that_reads_so() -> None:
    transcript = (
        made_up.frame(1.0, "bob", "received", "{}"),
        made_up.frame(2.0, "bob", "received", "{}"),
        made_up.frame(3.0, "alice", "received", "{}"),
        made_up.frame(4.0, "bob", "sent", "{}"),
    )

    marked = [step.line.at_ms for step in steps_of(attempt("{}", transcript)) if step.guilty]

    assert marked == [2.0]


def test_a_frame_within_words_is_found() -> None:
    steps = steps_of(attempt("the frame x1, twice", lines(3)))

    assert [step.guilty for step in steps] == [False, True, False]


@pytest.mark.parametrize("got", ["", "nothing within 2.0 s"])
def test_no_frame_is_blamed_without_reason(got: str) -> None:
    assert not any(step.guilty for step in steps_of(attempt(got, lines(3))))


@given(st.integers(1, 200), st.integers(0, 199), st.integers(4, 40))
def test_a_long_chart_loses_its_middle_only(number: int, guilty: int, most: int) -> None:
    steps = steps_of(attempt(f"x{guilty}", lines(number)))

    shown = gaps(steps, most)

    kept = [step for step in shown if not isinstance(step, int)]
    assert len(kept) + sum(step for step in shown if isinstance(step, int)) == number
    assert len(shown) <= most
    assert kept == sorted(kept, key=lambda step: step.line.at_ms)
    if guilty < number:
        assert any(step.guilty for step in kept)
    if number <= most:
        assert kept == list(steps)


def test_of_lines_that_are_alike_one_is_shown() -> None:
    """A flood of one answer would hide all else."""
    same = [made_up.frame(float(n), "alice", "received", "again") for n in range(100)]
    transcript = (*lines(3), *same, *(replace(line, at_ms=200.0) for line in lines(3, "y")))

    shown = gaps(steps_of(attempt("y1", transcript)), 12)

    texts = [step if isinstance(step, int) else step.line.text for step in shown]
    assert texts == ["x0", "x1", "x2", "again", 99, "y0", "y1", "y2"]


def test_a_card_fits_a_screen() -> None:
    long = replace(FAILED, attempts=(attempt("x7", lines(500)),))

    text = card_text(card_of(long))

    assert "more lines" in text
    assert len(text.split("\n")) <= MOST_STEPS + 20


@pytest.mark.parametrize("width", [40, 60, 100, 140])
@given(text=TEXTS, outcome=OUTCOMES)
def test_no_row_is_wider_than_it_may_be(width: int, text: str, outcome: Outcome) -> None:
    check = run_with(text, outcome)[2]
    assert isinstance(check, CheckFinished)

    for row in card_rows(card_of(check), width=width):
        line = "".join(span[0] for span in row)
        if not line.startswith(("  repeat ", "  explain ")):
            assert cell_len(line.rstrip()) <= width


def test_a_card_in_ascii_is_ascii() -> None:
    check = replace(FAILED, title="Grüße, 日本")

    text = card_text(card_of(check), signs=ASCII)

    assert text.isascii()
    assert "Gr\\xfc\\xdfe, \\u65e5\\u672c" in text


def test_all_actors_with_a_column_have_one_head() -> None:
    text = card_text(card_of(FAILED), width=100)

    assert "alice           bob" in text
    assert "bob    ←" in card_text(card_of(FAILED), width=60)


def test_a_very_long_frame_is_cut_with_a_mark() -> None:
    frame = json.dumps({"message": "x" * 100_000})
    check = replace(
        FAILED, attempts=(attempt(frame, (made_up.frame(1, "bob", "received", frame),)),)
    )

    text = card_text(card_of(check))

    assert "more characters" in " ".join(text.split())
    assert len(text) < 10_000


@given(TEXTS.filter(str.isprintable), st.integers(1, 30))
def test_fit_fills_a_width_exactly(text: str, width: int) -> None:
    assert cell_len(fit(text, width)) == width
