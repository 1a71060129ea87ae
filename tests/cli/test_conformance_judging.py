"""A report that goes wrong ends neither the run nor the other reports."""

import pytest

from multichat_cli.conformance.judging import Guarded
from multichat_conformance.events import CheckStarted, Event

EVENT = CheckStarted("join.x", "x", "join")


class Broken:
    """A report that always raises, and counts how often it was asked."""

    def __init__(self, exc: Exception) -> None:
        self.exc = exc
        self.asked = 0

    def event(self, event: Event) -> None:  # noqa: ARG002  # as reports have it
        self.asked += 1
        raise self.exc

    def close(self) -> None:
        raise self.exc


@pytest.mark.parametrize(
    ("exc", "said"),
    [
        (OSError(28, "No space left on device"), "cannot write the page: No space left on device"),
        (BrokenPipeError(), "nobody reads the output any more"),
        (KeyError("red"), "cannot write the page: KeyError: 'red'"),
        (AttributeError("None has no x"), "cannot write the page: AttributeError: None has no x"),
        (UnicodeEncodeError("ascii", "ä", 0, 1, "no"), "cannot write the page: UnicodeEncodeError"),
        (RecursionError("too deep"), "cannot write the page: RecursionError: too deep"),
        (ZeroDivisionError("by 0"), "cannot write the page: ZeroDivisionError: by 0"),
    ],
)
def test_a_report_that_goes_wrong_is_asked_no_more(exc: Exception, said: str) -> None:
    broken = Broken(exc)
    guarded = Guarded(broken, "the page")

    guarded.event(EVENT)
    guarded.event(EVENT)
    guarded.close()

    assert broken.asked == 1
    assert guarded.trouble.startswith(said)


def test_one_that_goes_wrong_at_its_end_says_so() -> None:
    guarded = Guarded(Broken(TypeError("no text")), "the page")

    guarded.close()

    assert guarded.trouble == "cannot write the page: TypeError: no text"
