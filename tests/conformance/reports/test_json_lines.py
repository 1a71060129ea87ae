"""JSON Lines and the schema that is published with them."""

import dataclasses
import json
import typing
from typing import Any

import jsonschema
import pytest
from hypothesis import example, given

from multichat_conformance import events, outcomes
from multichat_conformance.outcomes import ExitCode, Outcome, Verdict
from multichat_conformance.reports.json_lines import FORMAT, schema, schema_text
from tests.conformance.reports import made_up
from tests.conformance.reports.drawing import written
from tests.conformance.reports.hostile import OUTCOMES, TEXTS, run_with

SCHEMA = schema()
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)

DESCRIBED = {
    events.RunStarted: "run_started",
    events.TargetReady: "target_ready",
    events.CheckStarted: "check_started",
    events.CheckFinished: "check_finished",
    events.RunFinished: "run_finished",
    events.Attempt: "attempt",
    events.Finding: "finding",
    events.Line: "line",
    events.LeftOut: "left_out",
}


def lines(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def closed(value: Any) -> Any:
    """Return the schema with no member allowed that it does not describe."""
    if isinstance(value, dict):
        inner = {key: closed(each) for key, each in value.items()}
        return {**inner, "additionalProperties": False} if "properties" in value else inner
    return [closed(each) for each in value] if isinstance(value, list) else value


STRICT = jsonschema.Draft202012Validator(closed(SCHEMA))


def test_the_schema_is_one() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    assert SCHEMA["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert json.loads(schema_text()) == SCHEMA


def test_the_format_has_one_number() -> None:
    assert SCHEMA["$id"].endswith(f":{FORMAT}")
    assert SCHEMA["$defs"]["run_started"]["properties"]["format"] == {
        "const": FORMAT,
        "description": "The number of this format, which the schema's $id ends in.",
    }


@pytest.mark.parametrize(("kind", "name"), DESCRIBED.items(), ids=DESCRIBED.values())
def test_each_field_is_described(kind: type, name: str) -> None:
    """A field that is added to an event is added to the schema, with words."""
    described = SCHEMA["$defs"][name]
    fields = {field.name for field in dataclasses.fields(kind)}

    assert set(described["properties"]) - {"event", "format"} == fields
    assert set(described["required"]) == set(described["properties"])
    for field in fields:
        row = described["properties"][field]
        assert row.get("description") or "$ref" in row


def test_each_event_is_described() -> None:
    assert set(typing.get_args(events.Event)) <= set(DESCRIBED)


@pytest.mark.parametrize(
    ("name", "values"), [("outcome", Outcome), ("verdict", Verdict)], ids=["outcome", "verdict"]
)
def test_the_words_are_those_of_the_suite(
    name: str, values: type[outcomes.Outcome] | type[outcomes.Verdict]
) -> None:
    assert SCHEMA["$defs"][name]["enum"] == [each.value for each in values]


def test_the_exit_codes_are_those_of_the_suite() -> None:
    listed = SCHEMA["$defs"]["run_finished"]["properties"]["exit_code"]["enum"]

    assert listed == sorted(int(code) for code in ExitCode)


@pytest.mark.parametrize("name", made_up.STREAMS)
def test_each_line_is_valid(name: str) -> None:
    for line in lines(written("jsonl", made_up.STREAMS[name]())):
        STRICT.validate(line)


@given(text=TEXTS, outcome=OUTCOMES)
@example(text="\x7f\x1b\ud800", outcome=Outcome.FAIL)
def test_any_text_comes_back_as_it_was(text: str, outcome: Outcome) -> None:
    report = written("jsonl", run_with(text, outcome))

    assert report.isascii()
    assert all(line.isprintable() for line in report.splitlines())
    for line in lines(report):
        VALIDATOR.validate(line)
    assert lines(report)[2]["attempts"][0]["transcript"][0]["text"] == text


def test_a_run_without_an_end_says_so() -> None:
    last = lines(written("jsonl", made_up.broken_off()))[-1]

    assert last == {"event": "run_broken_off", "finished": 4, "planned": 17}


def test_a_run_with_an_end_has_no_other() -> None:
    assert lines(written("jsonl", made_up.interrupted()))[-1]["event"] == "run_finished"
    assert written("jsonl", []) == ""


@pytest.mark.parametrize(
    "mutant",
    [
        {"event": "nonsense"},
        {"event": "check_started", "id": "a.b", "title": "t"},
        {"event": "check_started", "id": "a.b", "title": "t", "area": 1},
        {"event": "run_broken_off", "finished": -1, "planned": 0},
    ],
)
def test_the_schema_refuses_what_is_none(mutant: dict[str, Any]) -> None:
    assert not VALIDATOR.is_valid(mutant)
