"""The rows that the readers of this package return: frozen values with plain fields."""

from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

__all__ = [
    "Check",
    "Direction",
    "Example",
    "Frame",
    "Json",
    "Keyword",
    "MalformedCase",
    "Profile",
    "Requirement",
    "Role",
    "Section",
    "UnknownName",
]

Json: TypeAlias = dict[str, Any]
"""A JSON object as :mod:`json` reads it."""

Frame: TypeAlias = str | Json
"""The text of a frame, or the parts it is to be built from (see :func:`expand`)."""

Keyword: TypeAlias = Literal["MUST", "MUST NOT", "SHOULD", "SHOULD NOT", "MAY"]
Profile: TypeAlias = Literal["core", "hardened"]
Role: TypeAlias = Literal["server", "client", "both"]
Direction: TypeAlias = Literal["client", "server"]


class UnknownName(LookupError):
    """The specification holds nothing under the name that was asked for."""


@dataclass(frozen=True, slots=True)
class Section:
    """A numbered section of the text."""

    number: str
    title: str


@dataclass(frozen=True, slots=True)
class Check:
    """How a clause is seen to hold from outside, or why it cannot be."""

    possible: bool
    how: str


@dataclass(frozen=True, slots=True)
class Requirement:
    """
    One clause of the text.

    Attributes:
        id: The permanent id: ``MC1-``, the area in capitals, two digits.
        section: The section that the clause stands in.
        keyword: The one BCP 14 keyword of the clause.
        profile: Who owes it: everybody (``core``) or a server open to the world (``hardened``).
        role: Which side it binds.
        text: The clause itself, on one line, in Markdown.
        check: How it is checked, or why it cannot be.
        errors: The error codes it names, in order of appearance.

    """

    id: str
    section: Section
    keyword: Keyword
    profile: Profile
    role: Role
    text: str
    check: Check
    errors: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Example:
    """
    One example frame.

    Attributes:
        name: The file's name without its ending.
        valid: Whether it is filed as valid.
        direction: Who sends it.
        frame: The frame's text, or its parts.
        description: What it shows.
        clauses: The clauses it shows.
        errors: For an invalid client frame: the codes that a server may answer with.
        outcome: For a server frame that is not valid: whether a client ignores it
            (``ignore``) or may treat it as the server's mistake (``violation``).
        optional: Whether a receiver may also accept the frame.
        reason: Why it is not valid; empty for a valid one.

    """

    name: str
    valid: bool
    direction: Direction
    frame: Frame
    description: str
    clauses: tuple[str, ...]
    errors: tuple[str, ...] = ()
    outcome: Literal["ignore", "violation"] | None = None
    optional: bool = False
    reason: str = ""


@dataclass(frozen=True, slots=True)
class MalformedCase:
    """
    One odd frame of the recordings and what v1 answers to it.

    Attributes:
        id: The id of the recorded session, which is also the case's.
        title: What is odd about it.
        joined: Rooms that the sender is in beforehand.
        frame: The text to send as one text frame, or its parts; ``None`` for raw frames.
        raw: The frames to send at WebSocket level, when no text frame can say it.
        answer: ``{"frames": [...]}``, ``{"close": 1002}`` or ``{"pong": "616263"}``.
        alternatives: Other answers in the same form that v1 allows.
        recorded: What the 2016 original did, in the same form, with ``{"end": "reset"}``
            besides.
        valid: Whether the frame is a well-formed command of v1.
        clause: The clause that decides.
        note: Whatever else is worth knowing; may be empty.

    """

    id: str
    title: str
    joined: tuple[str, ...]
    frame: Frame | None
    raw: tuple[Json, ...]
    answer: Json
    alternatives: tuple[Json, ...]
    recorded: Json
    valid: bool
    clause: str
    note: str
