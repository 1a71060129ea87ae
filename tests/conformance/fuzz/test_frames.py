"""The generator makes every member and type of every schema, and every fault of each."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

import multichat_spec
from multichat_conformance.fuzz.frames import FAULTS, JSON_TYPES, near_valid, valid, values_of
from multichat_conformance.fuzz.reading import COMMANDS, is_well_formed, meanings_of
from multichat_conformance.judging import is_valid
from multichat_conformance.model.programs import Offers, fuzzed
from multichat_conformance.model.seeded import explore
from multichat_conformance.target.model import Limits

ROOMS = ["1", "2"]


def drawn(strategy: SearchStrategy[Any], most: int = 160) -> list[Any]:
    found: list[Any] = []

    def keep(one: Any) -> bool:
        found.append(one)
        return False

    explore(strategy, keep, seed=11, seconds=60, most=most, clock=lambda: 0.0)
    return found


def kind_of(value: object) -> str:
    kinds: dict[type, str] = {
        bool: "boolean",
        int: "integer",
        float: "fraction",
        str: "string",
        list: "array",
        dict: "object",
        type(None): "null",
    }
    return kinds[type(value)]


@pytest.mark.parametrize("command", COMMANDS)
def test_every_member_of_each_schema_is_made_in_each_of_its_types(command: str) -> None:
    made = [json.loads(text) for text in drawn(valid(rooms=ROOMS, commands=[command]))]

    properties = multichat_spec.schema(f"client/{command}")["properties"]
    assert all(properties.keys() <= one.keys() for one in made)
    assert {kind_of(one["room"]) for one in made} == {"string", "integer"}
    assert {one["command"] for one in made} == {command}
    assert any(one.keys() - properties.keys() for one in made), "no additional members"
    assert {str(one["room"]) for one in made} >= set(ROOMS)


def test_what_is_made_as_valid_is_allowed_by_the_schemas() -> None:
    for text in drawn(valid(rooms=ROOMS)):
        assert is_valid("client", json.loads(text)), text


@pytest.mark.parametrize("command", COMMANDS)
def test_every_needed_member_is_dropped_and_retyped(command: str) -> None:
    texts = drawn(near_valid(rooms=ROOMS, commands=[command], faults=["drop", "retype"]), 600)
    made = [json.loads(text) for text in texts]

    for member in multichat_spec.schema(f"client/{command}")["required"]:
        assert any(member not in one for one in made), f"{member} is never dropped"
        kinds = {kind_of(one[member]) for one in made if member in one}
        assert kinds == set(JSON_TYPES), f"{member} is never of {set(JSON_TYPES) - kinds}"


@pytest.mark.parametrize("fault", FAULTS)
def test_every_fault_makes_something_that_is_not_well_formed(fault: str) -> None:
    texts = drawn(near_valid(rooms=ROOMS, faults=[fault]), 40)

    assert not all(is_well_formed(text) for text in texts)


def test_every_code_that_a_frame_alone_can_get_is_asked_for() -> None:
    codes = {
        meaning.code
        for text in drawn(near_valid(rooms=ROOMS), 400)
        for meaning in meanings_of(text, Limits())
    }

    assert codes == {"", "FRAME_INVALID", "COMMAND_INVALID", "ROOM_INVALID", "MESSAGE_INVALID"}


def test_texts_can_be_sent() -> None:
    """Every text is UTF-8 (MC1-FRAME-07 is not what is tried here)."""
    for text in drawn(near_valid(rooms=ROOMS)):
        text.encode()


@pytest.mark.parametrize(
    "schema",
    [{"type": "array"}, {"type": "string", "format": "date"}, {"type": "string", "pattern": "x"}],
)
def test_a_keyword_that_is_not_known_is_refused(schema: dict[str, Any]) -> None:
    with pytest.raises(NotImplementedError):
        values_of(schema, ROOMS)


def test_enumerations_are_known() -> None:
    """The schemas of the server have them."""
    schema = multichat_spec.schema("server/error")["properties"]["command"]

    assert set(drawn(values_of(schema, ROOMS), 40)) == {"join", "leave", "send"}


def offers(*roles: str) -> Offers:
    return Offers(roles, {"A": "1", "staff": "3"})


def test_a_story_of_well_formed_frames_holds_no_other() -> None:
    stories = drawn(fuzzed("fuzz.x", offers("alice", "bob"), most=8, strict=False), 40)

    texts = [step.text for story in stories for step in story.steps if step.do == "text"]
    assert all(is_well_formed(text) for text in texts)
    assert not any(story.strict for story in stories)


def test_messages_of_a_story_can_be_told_apart() -> None:
    for story in drawn(fuzzed("fuzz.x", offers("alice"), most=16, strict=True), 40):
        said = [
            text
            for step in story.steps
            if step.do == "text"
            for text in {
                meaning.text
                for meaning in meanings_of(step.text, Limits())
                if meaning.command == "send"
            }
        ]
        assert len(said) == len(set(said))
        assert story.connections() == ("alice-2", "alice")


def test_the_generator_is_no_more_random_than_its_seed() -> None:
    make: Callable[[], SearchStrategy[str]] = lambda: near_valid(rooms=ROOMS)  # noqa: E731

    assert drawn(make(), 80) == drawn(make(), 80)
    assert drawn(st.just(1), 3) == [1]
