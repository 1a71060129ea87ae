"""The generators miss nothing in silence: what they do not understand, they refuse."""

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import Phase, find, given, settings
from hypothesis import strategies as st
from hypothesis.errors import NoSuchExample

from multichat_spec import schemas
from tests.proto.schema_strategies import (
    KEYWORDS_OF_TYPE,
    Reader,
    Unsupported,
    broken,
    valid,
    validator,
)

BASE = "https://multichat.example/it.json"

# The first that is found will do; the smallest would take long to find.
SEARCH = settings(max_examples=5_000, database=None, phases=[Phase.generate])


def reader(schema: Mapping[str, Any]) -> Reader:
    """Return a reader that knows one document."""
    dialect = "https://json-schema.org/draft/2020-12/schema"
    return Reader({"it": {"$schema": dialect, "$id": BASE, **schema}})


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "string", "minLength": 1},
        {"type": "string", "format": "date"},
        {"type": "string", "minimum": 1},
        {"type": "integer", "multipleOf": 2},
        {"type": "integer", "exclusiveMinimum": 2},
        {"type": "object", "additionalProperties": False},
        {"type": "object", "patternProperties": {}},
        {"type": "object", "dependentRequired": {}},
        {"type": "object", "properties": {"a": {"type": "string", "maxLength": 1}}},
        {"type": "object", "allOf": [{"required": ["a"]}]},
        {"type": "object", "allOf": [{"if": {"required": ["a"]}, "then": {"properties": {}}}]},
        {
            "type": "object",
            "allOf": [{"if": {"properties": {}}, "then": {"properties": {}}, "else": False}],
        },
        {
            "type": "object",
            "properties": {},
            "allOf": [{"if": {"properties": {"a": {}}}, "then": {"properties": {}}}],
        },
        {
            "type": "object",
            "properties": {"a": True},
            "allOf": [{"if": {"properties": {"a": False}}, "then": {"properties": {}}}],
        },
        {"type": "array"},
        {"type": "number"},
        {"type": ["string", "boolean"]},
        {"not": {"type": "string"}},
        {"anyOf": [{"type": "string"}], "type": "string"},
        {"anyOf": [{"type": "string", "minLength": 1}]},
        {"oneOf": [True, {"contains": 1}]},
        {"$ref": "#/$defs/a", "minLength": 1, "$defs": {"a": {"type": "string"}}},
        {"$ref": "#/$defs/a", "$defs": {"a": {"type": "string", "maxLength": 1}}},
        {"const": 1, "enum": [1]},
        {"made-up": 1},
        {},
    ],
)
def test_a_schema_that_says_more_is_refused(schema: dict[str, Any]) -> None:
    """Otherwise a keyword that is new in the schemas would be tested by nobody."""
    for make in (reader(schema).valid, reader(schema).broken):
        with pytest.raises(Unsupported):
            make(schema, BASE).validate()


def test_a_reference_to_nowhere_is_refused() -> None:
    """Not taken for something that allows anything."""
    with pytest.raises(KeyError):
        reader({}).valid({"$ref": "#/$defs/a"}, BASE)
    with pytest.raises(KeyError):
        reader({}).valid({"$ref": "other.json"}, BASE)


@pytest.mark.parametrize("name", ["client", "server", "room"])
@given(data=st.data())
def test_the_reference_implementation_agrees(name: str, data: st.DataObject) -> None:
    """What is made as allowed is allowed, what is made as broken is not; more in test_schemas."""
    judge = validator(name)

    assert judge.is_valid(data.draw(valid(name)))
    assert not judge.is_valid(data.draw(broken(name)).instance)


@pytest.mark.parametrize(
    ("name", "member", "keyword"),
    [
        ("client/join", None, "type"),
        ("client/join", "command", "required"),
        ("client/join", "command", "const"),
        ("client/leave", "room", "required"),
        ("client/leave", "room", "anyOf: type"),
        ("client/leave", "room", "anyOf: pattern"),
        ("client/leave", "room", "anyOf: minimum"),
        ("client/leave", "room", "anyOf: maximum"),
        ("client/send", "message", "type"),
        ("client/send", "message", "required"),
        ("client", "message", "type"),
        ("server/error", "error", "pattern"),
        ("server/error", "command", "enum"),
        ("server/error", "join", "false"),
        ("server/message", "room", "pattern"),
        ("server/message", "msg_type", "minimum"),
        ("server/message", "msg_type", "maximum"),
        ("server/message", "msg_type", "type"),
        ("server/message", "message", "type"),
        ("server/message", "message", "then"),
        ("server", "title", "type"),
    ],
)
def test_each_keyword_gets_broken(name: str, member: str | None, keyword: str) -> None:
    """None of them is beyond the generators' reach."""
    fault = find(
        broken(name),
        lambda fault: (fault.member, fault.keyword) == (member, keyword),
        settings=SEARCH,
    )

    assert not validator(name).is_valid(fault.instance)


@pytest.mark.parametrize(
    ("name", "seen"),
    [
        ("client/join", lambda it: isinstance(it["room"], int)),
        ("client/join", lambda it: isinstance(it["room"], float)),
        ("client/join", lambda it: isinstance(it["room"], str)),
        ("client/join", lambda it: len(it) > 3),
        ("client/send", lambda it: it["message"] == ""),
        ("server/message", lambda it: it["msg_type"] == 3),
        ("server/message", lambda it: it["msg_type"] == 4 and it["message"] is None),
        ("server/message", lambda it: it["msg_type"] > 5 and it["message"] is None),
        ("server/message", lambda it: it["msg_type"] > 5 and it["message"] is not None),
        ("server/message", lambda it: it["msg_type"] == 2**53 - 1),
        ("server/error", lambda it: set(it) == {"error", "command", "room", "detail"}),
        ("server/error", lambda it: set(it) == {"error"}),
    ],
)
def test_each_corner_gets_made(name: str, seen: Any) -> None:
    """Both sides of each boundary, each optional member with and without."""
    find(valid(name), seen, settings=SEARCH)


def test_a_member_that_is_forbidden_is_never_made() -> None:
    """``false`` allows nothing."""
    with pytest.raises(NoSuchExample):
        find(
            valid("server/left"),
            lambda it: "join" in it,
            settings=settings(SEARCH, max_examples=100),
        )


def test_every_keyword_of_the_schemas_is_one_that_the_table_lists() -> None:
    """The module's docstring names the part of the standard that it knows."""
    assert KEYWORDS_OF_TYPE.keys() == {"string", "integer", "object", "null"}
    for name, schema in schemas().items():
        known = Reader(schemas())
        known.valid(schema, schema["$id"]).validate()
        known.broken(schema, schema["$id"]).validate()
        assert name
