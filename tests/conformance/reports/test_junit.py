"""JUnit XML: valid by the common schema, and nothing reads greener than it is."""

import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
import xmlschema
from hypothesis import given

from multichat_conformance.outcomes import Outcome
from tests.conformance.reports import made_up
from tests.conformance.reports.drawing import written
from tests.conformance.reports.hostile import OUTCOMES, TEXTS, run_with

SCHEMA = xmlschema.XMLSchema(Path(__file__).parent / "junit.xsd")

TAGS = {
    Outcome.PASS: None,
    Outcome.WARN: None,
    Outcome.OBSERVED: None,
    Outcome.FAIL: "failure",
    Outcome.UNSTABLE: "failure",
    Outcome.UNEXPECTED_PASS: "failure",
    Outcome.HARNESS_ERROR: "error",
    Outcome.NOT_TESTED: "skipped",
    Outcome.NOT_APPLICABLE: "skipped",
    Outcome.EXPECTED_FAILURE: "skipped",
}


def tree(name: str) -> ET.Element:
    return ET.fromstring(written("junit", made_up.STREAMS[name]()))  # noqa: S314  # our own


@pytest.mark.parametrize("name", made_up.STREAMS)
def test_the_file_is_valid(name: str) -> None:
    SCHEMA.validate(written("junit", made_up.STREAMS[name]()))


def test_a_run_without_events_is_valid_too() -> None:
    SCHEMA.validate(written("junit", []))


@given(text=TEXTS, outcome=OUTCOMES)
def test_any_text_gives_a_valid_file(text: str, outcome: Outcome) -> None:
    """Without the characters that XML forbids, and with no element but ours."""
    report = written("junit", run_with(text, outcome))

    SCHEMA.validate(report)
    root = ET.fromstring(report)  # noqa: S314  # our own
    assert all(each.isprintable() for each in "".join(root.itertext()).split("\n"))


@pytest.mark.parametrize("outcome", Outcome)
def test_what_an_outcome_is_in_junit(outcome: Outcome) -> None:
    check = next(each for each in made_up.checks() if each.outcome is outcome)
    case = tree("everything").find(f".//testcase[@name='{check.id}']")
    assert case is not None

    results = [each.tag for each in case if each.tag != "system-out"]
    wanted = TAGS[outcome]

    assert results == ([wanted] if wanted else [])
    if wanted == "failure":
        failure = case.find("failure")
        assert failure is not None
        assert check.repeat in (failure.text or "")


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("revocation.member-is-put-out", "not tested: the target file has no hook"),
        ("announcements.enter-is-announced", "not applicable: the target does not claim"),
        ("join.title-is-not-escaped", "expected failure: titles are escaped"),
    ],
)
def test_a_skip_says_which_of_three_it_is(name: str, message: str) -> None:
    skipped = tree("everything").find(f".//testcase[@name='{name}']/skipped")

    assert skipped is not None
    assert skipped.get("message", "").startswith(message)


def test_what_was_not_tested_is_a_property_too() -> None:
    stated = tree("everything").findall(".//property[@name='not_tested']")

    assert [each.get("value", "").partition(":")[0] for each in stated] == [
        "revocation.member-is-put-out"
    ]


def test_the_numbers_add_up() -> None:
    root = tree("everything")

    for name, tag in (("tests", None), ("failures", "failure"), ("errors", "error")):
        cases = root.findall(f".//testcase/{tag}" if tag else ".//testcase")
        assert root.get(name) == str(len(cases))


def test_the_transcripts_of_all_attempts_are_there_whole() -> None:
    out = tree("everything").findtext(".//testcase[@name='send.text-comes-unchanged']/system-out")
    assert out is not None

    assert [out.count(f"attempt {n}: ") for n in (1, 2, 3)] == [1, 1, 1]
    assert out.count('"message": "17"') == 3


def test_an_untrue_deviations_file_is_a_failure() -> None:
    failures = tree("everything").findall("testsuite[@name='run']/testcase/failure")

    assert len(failures) == 2


@pytest.mark.parametrize("name", ["interrupted", "broken_off", "unreachable"])
def test_a_run_that_did_not_judge_is_an_error(name: str) -> None:
    root = tree(name)

    assert root.get("errors") == "1"
    assert len(root.findall("testsuite[@name='run']/testcase/error")) == 1


def test_a_green_run_has_nothing_of_all_this() -> None:
    root = tree("green")

    assert (root.get("failures"), root.get("errors")) == ("0", "0")
    assert root.find("testsuite[@name='run']") is None
