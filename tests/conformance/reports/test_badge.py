"""The badge: what it claims for which verdicts, and that it is a picture."""

import json
import xml.etree.ElementTree as ET
from dataclasses import replace

import pytest
from hypothesis import given

from multichat_conformance.events import Event
from multichat_conformance.outcomes import Verdict
from tests.conformance.reports import made_up
from tests.conformance.reports.drawing import written
from tests.conformance.reports.hostile import TEXTS


def run(core: Verdict, hardened: Verdict, *, interrupted: bool = False) -> list[Event]:
    end = replace(made_up.FINISHED, core=core, hardened=hardened, interrupted=interrupted)
    return [made_up.STARTED, end]


GOOD, BAD, PART, NONE = (
    Verdict.CONFORMANT,
    Verdict.NOT_CONFORMANT,
    Verdict.INCOMPLETE,
    Verdict.NOT_JUDGED,
)


@pytest.mark.parametrize(
    ("core", "hardened", "message", "colour"),
    [
        (GOOD, GOOD, "core + hardened", "brightgreen"),
        (GOOD, NONE, "core", "brightgreen"),
        (GOOD, PART, "core, hardened incomplete", "yellow"),
        (GOOD, BAD, "core, not hardened", "yellow"),
        (BAD, GOOD, "not conformant", "red"),
        (BAD, BAD, "not conformant", "red"),
        (BAD, NONE, "not conformant", "red"),
        (PART, BAD, "not conformant", "red"),
        (PART, PART, "incomplete", "yellow"),
        (PART, GOOD, "incomplete", "yellow"),
        (NONE, NONE, "incomplete", "yellow"),
    ],
)
def test_what_the_badge_claims(core: Verdict, hardened: Verdict, message: str, colour: str) -> None:
    said = json.loads(written("badge", run(core, hardened)))

    assert said == {
        "schemaVersion": 1,
        "label": "multichat v1",
        "message": message,
        "color": colour,
    }


@pytest.mark.parametrize("name", ["interrupted", "broken_off", "unreachable"])
def test_a_run_without_a_verdict_claims_nothing(name: str) -> None:
    assert json.loads(written("badge", made_up.STREAMS[name]()))["color"] != "brightgreen"


def test_an_interrupted_run_is_never_green() -> None:
    said = json.loads(written("badge", run(GOOD, GOOD, interrupted=True)))

    assert said["message"] == "incomplete"


@given(TEXTS)
def test_the_picture_is_one_whatever_the_version_is_called(text: str) -> None:
    picture = written("badge-svg", [replace(made_up.STARTED, spec=text), made_up.FINISHED])
    root = ET.fromstring(picture)  # noqa: S314  # our own

    tags = [element.tag.rpartition("}")[2] for element in root.iter()]
    assert tags == ["svg", "title", "clipPath", "rect", "g", "rect", "rect", "g", "text", "text"]
