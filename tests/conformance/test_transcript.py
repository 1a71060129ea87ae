"""The record of a story: times, masks, limits."""

import pytest

from multichat_conformance import transcript
from multichat_conformance.events import Line
from multichat_conformance.secrets import MASK, Redactor
from multichat_conformance.transcript import Transcript, shorten


class Clock:
    """Seconds that pass when the test says so."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def record(clock: Clock) -> Transcript:
    redactor = Redactor()
    redactor.hide("hunter22")
    return Transcript(redactor, clock)


def test_lines_have_their_time_since_the_beginning(record: Transcript, clock: Clock) -> None:
    record.add("alice", "sent", "text", "{}")
    clock.now += 0.0123456
    record.note("bob hangs up", actor="bob")

    assert record.lines == (
        Line(0.0, "alice", "sent", "text", "{}"),
        Line(12.3, "bob", "note", "note", "bob hangs up"),
    )
    assert record.elapsed() == pytest.approx(0.0123456)


def test_secrets_are_masked_before_a_line_is_cut(
    record: Transcript, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Half of a secret would still be one."""
    monkeypatch.setattr(transcript, "LONGEST_LINE", 8)
    record.add("alice", "received", "text", "1234hunter22")

    assert "hunt" not in record.lines[0].text
    assert record.lines[0].text.startswith(f"1234{MASK}"[:8])


def test_nothing_is_recorded_after_the_end(record: Transcript) -> None:
    record.close()
    record.note("clearing away")

    assert record.lines == ()


def test_a_flood_does_not_fill_the_memory(
    record: Transcript, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transcript, "MOST_LINES", 3)
    for number in range(10):
        record.note(str(number))

    assert [line.text for line in record.lines] == ["0", "1", "2"]


def test_a_long_text_says_how_much_is_gone() -> None:
    assert shorten("abc", 3) == "abc"
    assert shorten("a" * 5003, 3) == "aaa… (5,000 more characters)"
