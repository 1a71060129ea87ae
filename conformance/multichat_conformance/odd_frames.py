"""
Odd frames, and what a hardened server answers: those of the specification's table, and others.

The table (``recordings/malformed.json``) speaks of a user alice, of rooms 1, 2 and 4 and of
certain limits. :func:`table` puts a target's own user, rooms and limits in their places, so that
the table holds for every server.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Final, Literal

import multichat_spec
from multichat_conformance.actors import Received
from multichat_conformance.findings import NotTested
from multichat_conformance.patterns import ENTER, LEAVE, Error, Joined, Left, Pattern, Said
from multichat_conformance.target.model import Account, Limits, Room, Target

__all__ = ["Answer", "OddFrame", "RawFrame", "kinds", "table"]

LONG: Final = 60_000
"""Characters from which on it depends on the stated limits what becomes of a frame."""

_VERY_LONG: Final = "very long"

_KINDS: Final[Mapping[str, str]] = {
    "MC1-JSON-01": "no JSON object",
    "MC1-JSON-02": "not quite JSON",
    "MC1-JSON-03": "not quite JSON",
    "MC1-JSON-06": "not quite JSON",
    "MC1-JSON-05": "nested too deeply",
    "MC1-ERR-08": "no whole command",
    "MC1-ROOM-03": "no room",
    "MC1-ROOM-04": "no room",
    "MC1-SEND-05": "no text",
    "MC1-FRAME-03": "binary",
    "MC1-FRAME-06": "broken framing",
    "MC1-FRAME-07": "no UTF-8",
}


@dataclass(frozen=True, slots=True)
class RawFrame:
    """A WebSocket frame to be written as it stands."""

    opcode: int
    payload: bytes
    fin: bool
    reserved: int
    masked: bool


@dataclass(frozen=True, slots=True)
class Answer:
    """
    One answer that is right.

    Attributes:
        frames: What must come, and nothing else.
        close: The code of the close frame that must come instead; ``any`` code.
        pong: The payload of the pong that must come, too.

    """

    frames: tuple[Pattern, ...] = ()
    close: int | Literal["any"] | None = None
    pong: bytes | None = None

    def __str__(self) -> str:
        """Return it in words."""
        if self.close is not None:
            code = "of any code" if self.close == "any" else f"with code {self.close}"
            return f"a close frame {code}"
        pong = [] if self.pong is None else [f"a pong with {self.pong!r}"]
        return " ".join([*(str(frame) for frame in self.frames), *pong]) or "nothing"

    def fits(self, got: Sequence[Received]) -> bool:
        """Return whether these frames are what must come."""
        return len(got) == len(self.frames) and all(
            wanted.mismatch(one.frame) is None for wanted, one in zip(self.frames, got, strict=True)
        )


@dataclass(frozen=True, slots=True)
class OddFrame:
    """
    A frame that a server may get wrong.

    Attributes:
        name: What findings call it.
        answers: The answers that are right.
        clause: The clause that decides.
        text: The text message to send.
        raw: The WebSocket frames to write instead.
        joined: The rooms that the sender is in beforehand.

    """

    name: str
    answers: tuple[Answer, ...]
    clause: str
    text: str = ""
    raw: tuple[RawFrame, ...] = ()
    joined: tuple[Room, ...] = ()

    @property
    def ends(self) -> bool:
        """Whether the connection is to be ended."""
        return any(answer.close is not None for answer in self.answers)


def kinds() -> frozenset[str]:
    """Return the kinds of which the table has cases; each is a check."""
    return frozenset(_by_kind())


@cache
def _by_kind() -> Mapping[str, Sequence[multichat_spec.MalformedCase]]:
    found: dict[str, list[multichat_spec.MalformedCase]] = {}
    for case in multichat_spec.malformed_cases():
        found.setdefault(_kind(case), []).append(case)
    return found


def _kind(case: multichat_spec.MalformedCase) -> str:
    if case.frame is None:
        return "control frames" if case.valid else _KINDS[case.clause]
    text = multichat_spec.expand(case.frame)
    if len(text) > LONG:
        return _VERY_LONG
    if case.valid:
        return "odd and right"
    kind = _KINDS[case.clause]
    return f"{kind} to {json.loads(text)['command']}" if kind == "no room" else kind


@cache
def _keywords() -> Mapping[str, str]:
    return {requirement.id: requirement.keyword for requirement in multichat_spec.requirements()}


def table(kind: str, target: Target, sender: Account) -> list[OddFrame]:
    """
    Return the cases of a kind for a target.

    Args:
        kind: Which; see :func:`kinds`.
        target: Whose rooms and limits take the places of the table's.
        sender: Who sends them.

    Raises:
        NotTested: The target has too few rooms.

    """
    rooms = _rooms(target)
    return [
        _Case(case, rooms, sender).odd_frame(target.limits if kind == _VERY_LONG else None)
        for case in _by_kind()[kind]
    ]


def _rooms(target: Target) -> Mapping[str, Room]:
    open_rooms = [room for room in target.rooms if not room.staff_only]
    if len(open_rooms) < 2:
        raise NotTested("needs 2 open rooms; add [[rooms]] to the target file")
    # Room 4 is there for its title, as the reference's last room is; any other will do.
    return {"1": open_rooms[0], "2": open_rooms[1], "4": open_rooms[-1]}


_ROOM: Final = re.compile(r'("room"\s*:\s*)(.*?)(?=,\s*"|\}|$)', re.DOTALL)
_NUMBER: Final = re.compile(r"(?<![-1-9])[124](?!\d)")
"""The 1, 2 or 4 in a spelling such as "01", 1.0 or " 1 "; none within a longer number."""


class _Case:
    """One case of the table, for a target."""

    def __init__(
        self, case: multichat_spec.MalformedCase, rooms: Mapping[str, Room], sender: Account
    ) -> None:
        self._case = case
        self._rooms = rooms
        self._sender = sender

    def odd_frame(self, limits: Limits | None) -> OddFrame:
        case = self._case
        text = "" if case.frame is None else self._translated(multichat_spec.expand(case.frame))
        answers = tuple(self._answer(one) for one in (case.answer, *case.alternatives))
        clause = case.clause
        if limits is not None:
            answers, clause = self._by_limits(text, answers, limits)
        if _keywords()[clause] == "MAY":
            clause = ""  # what a MAY leaves open breaks nothing; the check's own clause does
        return OddFrame(
            name=f"table case {case.id} ({case.title})",
            answers=answers,
            clause=clause,
            text=text,
            raw=tuple(_raw(one) for one in case.raw),
            joined=tuple(self._rooms[id_] for id_ in case.joined),
        )

    def _translated(self, text: str) -> str:
        def value(found: re.Match[str]) -> str:
            return found[1] + _NUMBER.sub(lambda number: self._rooms[number[0]].id, found[2])

        return _ROOM.sub(value, text)

    def _answer(self, answer: multichat_spec.Json) -> Answer:
        pong = bytes.fromhex(answer["pong"]) if "pong" in answer else None
        # Announcements are another matter, and not every server sends them.
        frames = tuple(
            self._pattern(frame)
            for frame in answer.get("frames", ())
            if frame.get("msg_type") not in (ENTER, LEAVE)
        )
        return Answer(frames, answer.get("close"), pong)

    def _pattern(self, frame: multichat_spec.Json) -> Pattern:
        match frame:
            case {"parts": _}:
                return self._pattern(json.loads(multichat_spec.expand(frame)))
            case {"join": id_}:
                return Joined(self._rooms[id_])
            case {"leave": id_}:
                return Left(self._rooms[id_])
            case {"error": code}:
                return Error(code)
            case _:
                return self._said(frame["message"])

    def _said(self, text: str) -> Pattern:
        # All messages of the table go to room 1.
        return Said(self._rooms["1"], text, self._sender)

    def _by_limits(
        self, text: str, answers: tuple[Answer, ...], limits: Limits
    ) -> tuple[tuple[Answer, ...], str]:
        # The table's answers presume the limits of its head.
        if limits.frame_bytes and len(text.encode()) > limits.frame_bytes:
            return (Answer(close=1009),), "MC1-LIMIT-02"
        said: Any = json.loads(text)
        if said["command"] != "send":
            return answers, self._case.clause
        if limits.message_length and len(said["message"]) > limits.message_length:
            return (Answer((Error("MESSAGE_TOO_LONG"),)),), "MC1-LIMIT-03"
        return (Answer((self._said(said["message"]),)),), "MC1-SEND-04"


def _raw(frame: multichat_spec.Json) -> RawFrame:
    return RawFrame(
        opcode=frame["opcode"],
        payload=bytes.fromhex(frame["payload_hex"]),
        fin=frame["fin"],
        reserved=frame["rsv"],
        masked=frame["masked"],
    )
