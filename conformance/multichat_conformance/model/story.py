"""
A story as data: who does what, in which order, and how it is written to a file.

The names in a story are roles, not accounts: ``alice`` is the first plain account of whatever
target it is told to, ``alice-2`` a second connection of hers, ``dave`` is staff. Rooms are ``A``,
``B`` and so on for the open ones, ``staff`` for the staff room, ``new`` for one that a hook makes
and ``nowhere`` for an id that is no room's. So a saved story can be told to any target, and no
secret is in it.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal, TypeAlias, get_args

__all__ = ["VERSION", "Pace", "Step", "Story", "StoryError", "read_story", "write_story"]

VERSION: Final = 1
"""Of the form of the file; a later one is refused with words that say so."""

Pace: TypeAlias = Literal["closed-loop", "pipelined"]
"""``closed-loop``: every step waits for its answer. ``pipelined``: only the step *wait* waits."""

Verb: TypeAlias = Literal[
    "join",
    "leave",
    "send",
    "text",
    "connect",
    "close",
    "half-close",
    "reset",
    "wait",
    "make-staff-room",
    "delete-room",
    "make-plain",
    "deactivate",
    "rename",
]

VERBS: Final[tuple[str, ...]] = get_args(Verb)
ENDS: Final = frozenset({"close", "half-close", "reset"})
HOOKS: Final[Mapping[str, str]] = {
    "make-staff-room": "make_staff_room",
    "delete-room": "delete_room",
    "make-plain": "make_plain",
    "deactivate": "deactivate",
    "rename": "rename_user",
}
"""The steps that need a hook, and which."""

PARTS: Final[Mapping[str, frozenset[str]]] = {
    "join": frozenset({"who", "room"}),
    "leave": frozenset({"who", "room"}),
    "send": frozenset({"who", "room"}),
    "text": frozenset({"who", "text"}),
    "connect": frozenset({"who"}),
    "close": frozenset({"who"}),
    "half-close": frozenset({"who"}),
    "reset": frozenset({"who"}),
    "wait": frozenset(),
    "make-staff-room": frozenset({"room"}),
    "delete-room": frozenset({"room"}),
    "make-plain": frozenset({"who"}),
    "deactivate": frozenset({"who"}),
    "rename": frozenset({"who"}),
}
"""What each step says besides what is done."""

ROLES: Final = ("alice", "bob", "carol", "dave")

MOST_BYTES: Final = 4 * 1024 * 1024
MOST_STEPS: Final = 1_000
LONGEST_TEXT: Final = 200_000
"""What a file of a story may hold: it may come from anywhere."""

_WORDS: Final = {
    "join": "{who} joins {room}",
    "leave": "{who} leaves {room}",
    "send": "{who} sends a message to {room}",
    "text": "{who} sends the text {text}",
    "connect": "{who} connects",
    "close": "{who} closes the connection",
    "half-close": "{who} ends the TCP stream without a close frame",
    "reset": "{who} resets the TCP connection",
    "wait": "everybody waits for what must come",
    "make-staff-room": "{room} is made a staff room",
    "delete-room": "{room} is deleted",
    "make-plain": "{who} loses staff rights",
    "deactivate": "the user {who} is deactivated",
    "rename": "the user {who} is renamed",
}
_ROOM_WORDS: Final = {
    "staff": "the staff room",
    "new": "a new room",
    "nowhere": "a room that does not exist",
}


class StoryError(Exception):
    """A file holds no story that can be told; the text says why."""


@dataclass(frozen=True, slots=True)
class Step:
    """
    One step.

    Attributes:
        do: What is done.
        who: The connection; of ``make-plain``, ``deactivate`` and ``rename`` the user.
        room: A room's label.
        text: Of ``text``: the message to send as it is.

    """

    do: str
    who: str = ""
    room: str = ""
    text: str = ""

    @property
    def user(self) -> str:
        """The role whose connection it is: alice for alice-2."""
        return self.who.partition("-")[0]

    def __str__(self) -> str:
        """Return the step in words."""
        room = _ROOM_WORDS.get(self.room, f"room {self.room}")
        # Escaped: it may hold anything, and a story has a line a step.
        shown = json.dumps(self.text)[1:-1].replace('\\"', '"')
        shown = shown if len(shown) <= 200 else f"{shown[:200]}…"
        return _WORDS[self.do].format(who=self.who, room=room, text=shown)


@dataclass(frozen=True, slots=True)
class Story:
    """
    A story.

    Attributes:
        check: The id of the check that it belongs to.
        pace: Whether every step waits.
        strict: Whether the hardened clauses hold, too.
        steps: What is done, in order.
        rooms: The labels' ids where the story was made; texts may name them.

    """

    check: str
    pace: Pace
    strict: bool
    steps: tuple[Step, ...]
    rooms: Mapping[str, str] = field(default_factory=dict, hash=False)

    def words(self) -> list[str]:
        """Return the story in words, a line a step; waits at its very end say nothing."""
        steps = list(self.steps)
        while steps and steps[-1].do == "wait":
            steps.pop()
        return [f"{number}. {step}" for number, step in enumerate(steps, 1)]

    def hooks(self) -> frozenset[str]:
        """Return the hooks that it pulls."""
        found = {HOOKS[step.do] for step in self.steps if step.do in HOOKS}
        if any(step.room == "new" for step in self.steps):
            found |= {"create_room", "delete_room"}
        return frozenset(found)

    def connections(self) -> tuple[str, ...]:
        """Return the connections, in the order in which they appear."""
        acting = [step.who for step in self.steps if step.who and step.do not in HOOKS]
        return tuple(dict.fromkeys(acting))


def write_story(story: Story, file: Path, *, about: Mapping[str, object]) -> None:
    """
    Write a story to a file.

    Args:
        story: The story.
        file: Where; its folder is made.
        about: What a reader wants to know besides, such as the finding; replaying ignores it.

    """
    steps = [
        {key: value for key in ("do", "who", "room", "text") if (value := getattr(step, key)) != ""}
        for step in story.steps
    ]
    document = {
        "multichat_story": VERSION,
        "check": story.check,
        "pace": story.pace,
        "strict": story.strict,
        "rooms": dict(story.rooms),
        "words": story.words(),
        **about,
        "steps": steps,
    }
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")


def read_story(file: Path) -> Story:
    """
    Read a story from a file.

    Raises:
        StoryError: It cannot be read, or holds no story of this version.

    """
    try:
        with file.open("rb") as opened:
            data = opened.read(MOST_BYTES + 1)
        if len(data) > MOST_BYTES:
            raise StoryError(f"{file} is larger than any story")
        document = json.loads(data)
    except OSError as exc:
        raise StoryError(f"{file} cannot be read: {exc.strerror or exc}") from exc
    except (ValueError, RecursionError) as exc:
        raise StoryError(f"{file} is not JSON: {exc}") from exc
    try:
        return _story(document)
    except StoryError as exc:
        raise StoryError(f"{file}: {exc}") from None


def _story(document: Any) -> Story:
    if not isinstance(document, dict) or "multichat_story" not in document:
        raise StoryError("no story: the member multichat_story is missing")
    if document["multichat_story"] != VERSION:
        raise StoryError(
            f"a story of version {document['multichat_story']!r}; this suite reads {VERSION}"
        )
    check, strict = document.get("check"), document.get("strict")
    pace: Any = document.get("pace")
    if not isinstance(check, str) or pace not in get_args(Pace) or not isinstance(strict, bool):
        raise StoryError("check must be a string, pace closed-loop or pipelined, strict a boolean")
    rooms = document.get("rooms", {})
    if not isinstance(rooms, dict) or not all(isinstance(id_, str) for id_ in rooms.values()):
        raise StoryError("rooms must be an object of strings")
    steps = document.get("steps")
    if not isinstance(steps, list) or len(steps) > MOST_STEPS:
        raise StoryError(f"steps must be a list of at most {MOST_STEPS}")
    found = tuple(_step(step, number) for number, step in enumerate(steps, 1))
    return Story(check, pace, strict, found, rooms)


def _step(value: Any, number: int) -> Step:
    if not isinstance(value, dict) or value.get("do") not in VERBS:
        raise StoryError(f"step {number} does nothing that is known")
    do = value["do"]
    if set(value) - {"do"} != PARTS[do]:
        raise StoryError(f"step {number} ({do}) needs {sorted(PARTS[do])} and nothing else")
    if not all(isinstance(part, str) and len(part) <= LONGEST_TEXT for part in value.values()):
        raise StoryError(f"step {number} ({do}) holds something that is no text, or a too long one")
    step = Step(do, value.get("who", ""), value.get("room", ""), value.get("text", ""))
    if step.who and not _is_connection(step.who):
        raise StoryError(f"step {number}: nobody is called {step.who!r}; roles are {list(ROLES)}")
    if step.room and not _is_label(step.room):
        raise StoryError(f"step {number}: no room is called {step.room!r}")
    if step.who and do in HOOKS and step.who != step.user:
        raise StoryError(f"step {number} ({do}) is about a user, and {step.who} is a connection")
    if do == "delete-room" and step.room != "new":
        # The target's own rooms could not be put back.
        raise StoryError(f"step {number}: only the room that the story makes (new) can be deleted")
    if do == "make-staff-room" and step.room in ("staff", "nowhere"):
        raise StoryError(f"step {number}: {_ROOM_WORDS[step.room]} cannot be made a staff room")
    return step


def _is_connection(who: str) -> bool:
    role, dash, number = who.partition("-")
    return role in ROLES and (not dash or number in {"2", "3"})


def _is_label(room: str) -> bool:
    return room in _ROOM_WORDS or (len(room) == 1 and "A" <= room <= "H")


def shortest_first(steps: Sequence[Step]) -> tuple[int, int, tuple[str, ...]]:
    """Return a key by which shorter and plainer stories come first."""
    return len(steps), sum(len(step.text) for step in steps), tuple(str(step) for step in steps)
