"""The report at a terminal: colours, encodings, what is drawn again, what is left unsaid."""

import io
import re
from collections.abc import Mapping
from dataclasses import replace

import pytest
from hypothesis import given

from multichat_conformance.events import CheckStarted, Event, LeftOut
from multichat_conformance.outcomes import ExitCode, Outcome
from multichat_conformance.reports.console import ConsoleReport, Verbosity
from multichat_conformance.reports.words import duration
from tests.conformance.reports import made_up
from tests.conformance.reports.drawing import Terminal, printed
from tests.conformance.reports.hostile import OUTCOMES, TEXTS, run_with

SGR = re.compile(r"\x1b\[[0-9;]*m")


@pytest.mark.parametrize(
    ("terminal", "environ", "coloured"),
    [
        (True, {"TERM": "xterm"}, True),
        (True, {"TERM": "dumb"}, False),
        (True, {"TERM": "xterm", "NO_COLOR": "1"}, False),
        (True, {"TERM": "xterm", "NO_COLOR": ""}, True),
        (False, {}, False),
        (False, {"FORCE_COLOR": "1"}, True),
        (False, {"FORCE_COLOR": ""}, False),
        (False, {"FORCE_COLOR": "1", "NO_COLOR": "1"}, False),
    ],
)
def test_who_gets_colours(terminal: bool, environ: Mapping[str, str], coloured: bool) -> None:
    stream = Terminal() if terminal else io.StringIO()

    text = printed(made_up.everything(), stream=stream, environ=environ)

    assert bool(SGR.search(text)) == coloured


def test_colours_change_nothing_else() -> None:
    coloured = printed(made_up.everything(), environ={"FORCE_COLOR": "1"})

    assert SGR.sub("", coloured) == printed(made_up.everything())


def test_nothing_is_drawn_twice_into_a_pipe() -> None:
    text = printed(made_up.green(), redraw=None)

    assert "\x1b" not in text
    assert "\r" not in text


def test_a_terminal_gets_a_status_line_that_goes_away() -> None:
    text = printed(made_up.green(), stream=Terminal(), environ={"TERM": "xterm"}, redraw=None)

    assert "3 of 7" in SGR.sub("", text)
    assert "send.stranger-hears-nothing" in text
    assert text.count("\x1b[?25l") == text.count("\x1b[?25h") == 1  # the cursor comes back
    # What stays is what a pipe would have got.
    assert "conformant with multichat v1" in text.rpartition("\x1b[2K")[2]


def test_the_status_line_says_for_how_long_a_check_runs() -> None:
    stream = Terminal()
    now = [10.0]
    report = ConsoleReport(
        stream,
        width=100,
        ticking=False,
        clock=lambda: now[0],
        environ={"TERM": "xterm", "NO_COLOR": "1"},
    )
    report.event(made_up.STARTED)
    report.event(CheckStarted("model.rooms-hold", "Rooms hold", "model"))
    now[0] = 52.0
    report.event(CheckStarted("model.order-holds", "Order holds", "model"))
    report.event(made_up.check("model.order-holds", "Order holds"))
    report.close()

    assert "model.order-holds and 1 more" in stream.getvalue()
    assert "model.rooms-hold  42 s" in stream.getvalue()


def test_the_thread_of_the_status_line_ends_with_the_report() -> None:
    stream = Terminal()
    report = ConsoleReport(stream, width=100, environ={"TERM": "xterm"})
    for event in made_up.broken_off():
        report.event(event)
    report.close()
    ended = stream.getvalue()
    report.close()

    assert stream.getvalue() == ended
    assert "broken off" in ended


def test_an_old_encoding_gets_ascii() -> None:
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding="ascii", write_through=True)

    text = printed(made_up.everything(), stream=stream)

    assert text.isascii()
    assert "|- x second-join-changes-nothing" in text


def test_a_letter_that_an_encoding_lacks_is_escaped() -> None:
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding="latin-1", write_through=True)

    text = printed(made_up.everything(), stream=stream, verbosity="verbose")

    assert "Gr\\xfc\\xdfe, \\u65e5\\u672c" in text


@pytest.mark.parametrize(
    ("columns", "widest"), [("70", 70), ("5000", 140), ("3", 40), ("x", 100), ("", 100)]
)
def test_the_width_is_what_the_terminal_has_within_reason(columns: str, widest: int) -> None:
    text = printed(made_up.everything(), width=None, environ={"COLUMNS": columns})

    assert max(len(line) for line in text.split("\n") if set(line) == {"─"}) == widest


def test_quiet_says_failures_and_verdict_only() -> None:
    text = printed(made_up.green(), verbosity="quiet")

    assert "handshake" not in text
    assert "target" not in text
    assert "core      conformant" in text


def test_verbose_shows_each_check() -> None:
    normal = printed(made_up.everything())
    verbose = printed(made_up.everything(), verbosity="verbose")

    assert "stranger-hears-nothing" not in normal
    assert all(check.id.partition(".")[2] in verbose for check in made_up.checks())


def test_what_was_not_tested_is_said_once() -> None:
    """By what it takes to have it, at the end; a branch each would bury the rest."""
    reason = "needs an account for alice: add [[accounts]] to the target file"
    checks = [
        made_up.check(
            f"a.{name}", name, Outcome.NOT_TESTED, reason=reason, milliseconds=0.0, attempts=()
        )
        for name in ("one", "two", "three")
    ]
    left = LeftOut("needs an account for alice", tuple(check.id for check in checks), "add it")
    finished = replace(made_up.FINISHED, left_out=(left,))

    text = printed([made_up.STARTED, *checks, finished])
    verbose = printed([made_up.STARTED, *checks, finished], verbosity="verbose")

    assert "a                  ? 3\n" in text
    assert text.count("needs an account for alice") == 1
    assert "3 checks: needs an account for alice: add it" in text
    assert verbose.count(reason) == 3
    assert " ms" not in text.partition("?")[2].partition("\n")[0]


def test_no_time_is_shown_as_none() -> None:
    """A clock that ticks seldom must not make it look as if nothing had been done."""
    assert [duration(ms) for ms in (0.0, 0.04, 0.06)] == ["<0.1 ms", "<0.1 ms", "0.1 ms"]


@pytest.mark.parametrize("verbosity", ["quiet", "normal", "verbose"])
def test_each_failure_has_its_card_whatever_is_asked_for(verbosity: Verbosity) -> None:
    text = printed(made_up.everything(), verbosity=verbosity)

    for check in made_up.checks():
        if check.outcome in (Outcome.FAIL, Outcome.UNSTABLE, Outcome.HARNESS_ERROR):
            assert check.repeat in text


@pytest.mark.parametrize("name", ["interrupted", "broken_off"])
@pytest.mark.parametrize("verbosity", ["quiet", "normal", "verbose"])
def test_a_run_without_an_end_says_so(name: str, verbosity: Verbosity) -> None:
    text = printed(made_up.STREAMS[name](), verbosity=verbosity)

    assert re.search("interrupted|broken off", text)
    assert "4 of 17 checks had ended" in text
    assert "join.joined-comes-first" in text
    assert not re.search(r"core +conformant", text)
    # The branch of the check that was running is there with what it has.
    assert verbosity == "quiet" or re.search(r"^join +. 1", text, re.MULTILINE)


@pytest.mark.parametrize(("told", "said"), [(0, "none of 17 checks had begun"), (1, "1 of 17")])
def test_a_run_that_was_given_up_counts_what_was_told(told: int, said: str) -> None:
    """All others were closed as not tested, which is no end that they came to."""
    checks = made_up.checks()
    closed = [replace(one, outcome=Outcome.NOT_TESTED, attempts=()) for one in checks[told:]]
    ended = replace(made_up.FINISHED, interrupted=True, exit_code=int(ExitCode.INCOMPLETE))
    events: list[Event] = [made_up.STARTED, *checks[:told], *closed, ended]

    text = printed(events)

    assert f"given up  {said}" in text
    assert "interrupted" not in text


def test_a_report_without_a_run_says_nothing() -> None:
    assert printed([]) == ""


def test_areas_that_overlap_are_told_apart() -> None:
    """Checks may run side by side; a branch is printed when nothing of it runs any more."""
    first, second = made_up.check("a.one", "One"), made_up.check("b.two", "Two")
    late = made_up.check("a.three", "Three")
    text = printed(
        [
            made_up.STARTED,
            CheckStarted("a.one", "One", "a"),
            CheckStarted("b.two", "Two", "b"),
            first,
            second,
            CheckStarted("c.four", "Four", "c"),
            CheckStarted("a.three", "Three", "a"),
            late,
            made_up.check("c.four", "Four"),
        ]
    )

    heads = [line.split("  ")[0] for line in text.split("\n") if "✔" in line]
    assert heads == ["b", "a", "c"] or heads == ["a", "b", "a (continued)", "c"]


@given(text=TEXTS, outcome=OUTCOMES)
def test_no_text_drives_the_terminal(text: str, outcome: Outcome) -> None:
    shown = printed(
        run_with(text, outcome), environ={"FORCE_COLOR": "1"}, verbosity="verbose", width=80
    )

    for line in SGR.sub("", shown).split("\n"):
        assert line.isprintable()
