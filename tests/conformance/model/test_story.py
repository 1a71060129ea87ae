"""Stories as data: written, read back, told in words; files from anywhere are refused in words."""

import json
from pathlib import Path
from typing import Any

import pytest

from multichat_conformance.model.story import Step, Story, StoryError, read_story, write_story

STORY = Story(
    "model.rooms-interleaved",
    "pipelined",
    True,
    (
        Step("join", "alice", "A"),
        Step("text", "bob-2", text='{"command": "join", "room": "\ud800"}'),
        Step("wait"),
        Step("make-staff-room", room="A"),
        Step("deactivate", "carol"),
        Step("reset", "alice"),
        Step("wait"),
    ),
    {"A": "1"},
)


def changed(file: Path, **changes: Any) -> Path:
    document = json.loads(file.read_text())
    document |= changes
    file.write_text(json.dumps(document))
    return file


@pytest.fixture
def file(tmp_path: Path) -> Path:
    file = tmp_path / "stories" / "one.json"
    write_story(STORY, file, about={"seed": 5, "finding": {"clause": "MC1-SEND-02"}})
    return file


def test_a_story_is_read_as_it_was_written(file: Path) -> None:
    """A lone surrogate in a text included."""
    assert read_story(file) == STORY


def test_a_file_says_in_words_what_it_holds(file: Path) -> None:
    document = json.loads(file.read_text())

    assert document["words"] == STORY.words()
    assert document["finding"] == {"clause": "MC1-SEND-02"}


def test_the_words_of_a_story() -> None:
    """A line a step, waits at the end left out, nothing in it that a terminal would obey."""
    assert STORY.words() == [
        "1. alice joins room A",
        '2. bob-2 sends the text {"command": "join", "room": "\\ud800"}',
        "3. everybody waits for what must come",
        "4. room A is made a staff room",
        "5. the user carol is deactivated",
        "6. alice resets the TCP connection",
    ]
    assert Step("text", "bob", text="\x1b[2J\n").__str__() == "bob sends the text \\u001b[2J\\n"


def test_a_story_knows_its_hooks_and_its_people() -> None:
    assert STORY.hooks() == {"make_staff_room", "deactivate"}
    assert STORY.connections() == ("alice", "bob-2")
    made = Story("x", "pipelined", True, (Step("join", "alice", "new"),))
    assert made.hooks() == {"create_room", "delete_room"}


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"multichat_story": 2}, "version 2"),
        ({"check": 5}, "check must be a string"),
        ({"pace": "fast"}, "pace closed-loop or pipelined"),
        ({"strict": "yes"}, "strict a boolean"),
        ({"rooms": ["1"]}, "rooms must be"),
        ({"rooms": {"A": 1}}, "rooms must be"),
        ({"steps": {}}, "steps must be a list"),
        ({"steps": [{"do": "wait"}] * 1001}, "at most 1000"),
        ({"steps": [{"do": "dance"}]}, "step 1 does nothing that is known"),
        ({"steps": ["join"]}, "step 1 does nothing that is known"),
        ({"steps": [{"do": ["join"]}]}, "step 1 does nothing that is known"),
        ({"steps": [{"do": "join", "who": "alice"}]}, "step 1 .join. needs"),
        ({"steps": [{"do": "wait", "who": "alice"}]}, "step 1 .wait. needs"),
        ({"steps": [{"do": "join", "who": "eve", "room": "A"}]}, "nobody is called 'eve'"),
        ({"steps": [{"do": "join", "who": "alice-9", "room": "A"}]}, "nobody is called"),
        ({"steps": [{"do": "join", "who": "bob", "room": "1"}]}, "no room is called '1'"),
        ({"steps": [{"do": "text", "who": "bob", "text": 5}]}, "no text"),
        ({"steps": [{"do": "text", "who": "bob", "text": "x" * 200_001}]}, "too long"),
        (
            {"steps": [{"do": "delete-room", "room": "A"}]},
            "only the room that the story makes",
        ),
        ({"steps": [{"do": "make-staff-room", "room": "staff"}]}, "the staff room cannot be"),
        ({"steps": [{"do": "make-staff-room", "room": "nowhere"}]}, "not exist cannot be made"),
        ({"steps": [{"do": "deactivate", "who": "alice-2"}]}, "alice-2 is a connection"),
        ({"steps": [{"do": "make-plain", "who": "dave-2"}]}, "dave-2 is a connection"),
        ({"steps": [{"do": "rename", "who": "bob-3"}]}, "bob-3 is a connection"),
    ],
)
def test_what_is_no_story_is_refused_in_words(
    file: Path, changes: dict[str, Any], words: str
) -> None:
    with pytest.raises(StoryError, match=words):
        read_story(changed(file, **changes))


@pytest.mark.parametrize("text", ["", "[]", "{}", "[" * 100_000, "\ufeff{}"])
def test_other_files_are_refused(tmp_path: Path, text: str) -> None:
    file = tmp_path / "story.json"
    file.write_text(text)

    with pytest.raises(StoryError, match=r"story\.json"):
        read_story(file)


def test_no_file_and_a_huge_file_are_refused(tmp_path: Path) -> None:
    with pytest.raises(StoryError, match="cannot be read"):
        read_story(tmp_path / "none.json")
    huge = tmp_path / "huge.json"
    huge.write_bytes(b" " * (4 * 1024 * 1024 + 1))
    with pytest.raises(StoryError, match="larger than any story"):
        read_story(huge)
