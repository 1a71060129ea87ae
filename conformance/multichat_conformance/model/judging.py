"""
The history checker: what each connection must have seen, may have seen and must not have seen.

It finds *loss* (a member did not get what it must), *leak* (somebody got what is not theirs),
*duplicates*, *reorder* (of one sender, or between members), *gaps*, *ghosts* (a membership that
outlives its connection) and announcements that are missing, too many, or of the wrong people.

What core does not promise is not looked at unless the story is strict: the order of frames, the
place of a room's frames between *joined* and *left*, the announcement of disconnects, and
announcements of what changes no membership.
"""

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from multichat_conformance.model.faults import Fault, clause_for
from multichat_conformance.model.following import Followed, Move, Spoken, Stay, follow
from multichat_conformance.model.ordering import reordered
from multichat_conformance.model.records import NEVER, Got, Records, Tape

__all__ = ["Judgement", "Lack", "judge"]

_ENTER, _LEAVE = 4, 5
_NAMES = {_ENTER: "ENTER", _LEAVE: "LEAVE"}


@dataclass(frozen=True, slots=True)
class Lack:
    """Something that must still come to a connection; if it does not, it is a fault."""

    tape: Tape
    fault: Fault


@dataclass(frozen=True, slots=True)
class Judgement:
    """
    What the records show so far.

    Attributes:
        faults: What is wrong already, whatever may still come; the plainest first.
        lacks: What must still come.

    """

    faults: tuple[Fault, ...]
    lacks: tuple[Lack, ...]


def judge(records: Records) -> Judgement:
    """Hold the records against the model."""
    followed = [follow(tape, records) for tape in records.tapes]
    faults = [one.fault for one in followed if one.fault]
    lacks = [_lack(one) for one in followed if one.lacks]
    seen = _Seen(records, followed)
    faults += seen.strangers
    faults += _messages(seen, lacks)
    faults += _announcements(seen, lacks)
    if records.strict:
        for one in followed:
            faults += _places(one, seen)
        faults += reordered(seen.heard, seen.by_text)
    order = {kind: place for place, kind in enumerate(_PLAINEST)}
    faults.sort(key=lambda fault: order.get(fault.kind, len(order)))
    return Judgement(tuple(faults), tuple(lacks))


_PLAINEST = ("wrong message", "ghost", "duplicate", "leak", "answer", "reorder", "gap")
"""A wrong answer is often the mere consequence of another mistake."""


class _Seen:
    """What was seen of each message, sorted out once."""

    def __init__(self, records: Records, followed: Sequence[Followed]) -> None:
        self.records = records
        self.followed = followed
        self.by_text = {spoken.text: spoken for one in followed for spoken in one.spoken}
        self.known = {
            meaning.text
            for tape in records.tapes
            for sent in tape.sent
            for meaning in sent.meanings
            if meaning.command == "send"
        }
        self.heard: dict[str, list[tuple[Tape, list[Got]]]] = defaultdict(list)
        self.first: dict[str, float] = {}
        self.copies: dict[tuple[int, str], list[Got]] = defaultdict(list)
        self.strangers: list[Fault] = []
        for place, tape in enumerate(records.tapes):
            self._sort(place, tape)

    def _sort(self, place: int, tape: Tape) -> None:
        by_room: dict[str, list[Got]] = defaultdict(list)
        for got in tape.got:
            if got.kind != "msg_type" or got.frame["msg_type"] in _NAMES:
                continue
            text = got.frame["message"]
            if text in self.known:
                self.first[text] = min(self.first.get(text, NEVER), got.moment)
                self.copies[place, text].append(got)
                by_room[got.room].append(got)
            else:
                self.strangers.append(
                    Fault(
                        "wrong message",
                        "MC1-SEND-04",
                        f"{tape.name} received a message that nobody has sent",
                        "messages of the story, unchanged",
                        _json(got),
                        tape.name,
                    )
                )
        for room, frames in by_room.items():
            self.heard[room].append((tape, frames))


def _lack(one: Followed) -> Lack:
    tape = one.tape
    got = f"the server ended the connection: {tape.cut_off}" if tape.cut_off else "nothing"
    fault = Fault(
        "cut off" if tape.cut_off else "silence",
        one.lack_clause,
        f"{tape.name} waited for {one.lacks}",
        one.lacks,
        got,
        tape.name,
    )
    return Lack(tape, fault)


# Messages.


def _messages(seen: _Seen, lacks: list[Lack]) -> list[Fault]:
    faults: list[Fault] = []
    for text, spoken in seen.by_text.items():
        last = min(seen.first.get(text, NEVER), spoken.echoed)
        for place, one in enumerate(seen.followed):
            copies = seen.copies.get((place, text), [])
            if copies:
                faults += _copies(copies, spoken, one, last, seen)
            elif one.tape is not spoken.tape and _is_owed(spoken, one, last):
                lacks.append(_loss(spoken, one.tape, seen))
    return faults


def _is_owed(spoken: Spoken, one: Followed, last: float) -> bool:
    if spoken.fate not in ("said", "owed"):
        return False
    return any(
        # Who goes away while a message is on its way to it has no claim to it.
        stay.joined < spoken.sent and _outlasts(stay, last) and stay.by != "end"
        for stay in _stays(one, spoken.room)
    )


def _loss(spoken: Spoken, tape: Tape, seen: _Seen) -> Lack:
    strict = seen.records.strict
    clause = "MC1-END-03" if spoken.fate == "owed" else clause_for("loss", strict=strict)
    got = f"the server ended the connection: {tape.cut_off}" if tape.cut_off else "nothing"
    return Lack(
        tape,
        Fault(
            "loss",
            clause,
            f"{tape.name}, a member of room {spoken.room}, did not get a message of "
            f"{spoken.tape.name}",
            f"the message {spoken.text!r}",
            got,
            tape.name,
        ),
    )


def _copies(
    copies: Sequence[Got], spoken: Spoken, one: Followed, last: float, seen: _Seen
) -> Iterable[Fault]:
    tape, first = one.tape, copies[0]
    strict = seen.records.strict
    user = seen.records.world(spoken.sent).users[spoken.tape.role]
    wanted = {"room": spoken.room, "username": user.name, "msg_type": 0}
    for got in copies:
        wrong = [name for name, value in wanted.items() if got.frame[name] != value]
        if wrong:
            clause = (
                "MC1-TYPE-02"
                if wrong == ["msg_type"]
                else clause_for("wrong message", strict=strict)
            )
            yield Fault(
                "wrong message",
                clause,
                f"{tape.name} received a message of {spoken.tape.name} with another {wrong[0]}",
                f"{wrong[0]} {json.dumps(wanted[wrong[0]])}",
                _json(got),
                tape.name,
            )
    if len(copies) > 1:
        twice = any(move.why == "noise" and move.kind == _ENTER for move in one.moves)
        clause = "MC1-JOIN-07" if strict and twice else clause_for("duplicate", strict=strict)
        yield Fault(
            "duplicate",
            clause,
            f"{tape.name} received a message of {spoken.tape.name} {len(copies)} times",
            "each message once",
            " ".join(_json(got) for got in copies),
            tape.name,
        )
    if spoken.fate == "refused":
        yield _leak(first, spoken, one, "MC1-SEND-03", "which was refused")
    elif not any(
        stay.room == spoken.room and stay.may_touch(spoken.sent, last) for stay in one.stays
    ):
        clause = "MC1-SEND-02"
        if strict and any(stay.by == "put out" for stay in _stays(one, spoken.room)):
            clause = "MC1-REVOKE-02"
        yield _leak(first, spoken, one, clause, f"of room {spoken.room}, which it was not in")


def _leak(got: Got, spoken: Spoken, one: Followed, clause: str, about: str) -> Fault:
    return Fault(
        "leak",
        clause,
        f"{one.tape.name} received a message of {spoken.tape.name} {about}",
        "nothing of that kind",
        _json(got),
        one.tape.name,
    )


def _stays(one: Followed, room: str) -> list[Stay]:
    return [stay for stay in one.stays if stay.room == room]


# Announcements.


def _announcements(seen: _Seen, lacks: list[Lack]) -> list[Fault]:
    records = seen.records
    moves = [move for one in seen.followed for move in one.moves]
    _date_ends(moves, records)
    faults: list[Fault] = []
    for one in seen.followed:
        came: Counter[tuple[str, int, str]] = Counter()
        for got in one.tape.got:
            kind = got.frame.get("msg_type")
            if kind in _NAMES:
                role = records.role_of(got.frame["username"])
                came[got.room, kind, role] += 1
        if not records.announces:
            faults += _unclaimed(one, came)
            continue
        subjects = {(move.room, move.kind, move.tape.role) for move in moves} | set(came)
        for room, kind, role in sorted(subjects):
            about = [
                move
                for move in moves
                if (move.room, move.kind, move.tape.role) == (room, kind, role)
            ]
            due = [move for move in about if _must_see(move, one)]
            allowed = [move for move in about if _may_see(move, one, strict=records.strict)]
            number = came[room, kind, role]
            if number < len(due):
                lacks.append(_missing(due[number], one, records))
            elif number > len(allowed):
                faults += _too_many(room, kind, role, one, number, len(allowed), about, records)
    return faults


def _date_ends(moves: Sequence[Move], records: Records) -> None:
    """Nobody answers the end of a connection: it has happened when its LEAVE was seen."""
    for move in moves:
        alike = [
            other
            for other in moves
            if (other.room, other.kind, other.tape.role) == (move.room, move.kind, move.tape.role)
        ]
        if move.last == NEVER and len(alike) == 1:
            name = move.tape.role
            seen = [
                got.moment
                for tape in records.tapes
                for got in tape.got
                if got.frame.get("msg_type") == move.kind
                and got.room == move.room
                and records.role_of(got.frame["username"]) == name
            ]
            move.last = min(seen, default=NEVER)


def _must_see(move: Move, one: Followed) -> bool:
    if not move.sure or move.why == "noise":
        return False
    if move.tape is one.tape:
        return move.why == "leave"  # MC1-LEAVE-04; ANN-02 for ENTER
    return any(
        stay.joined < move.first and _outlasts(stay, move.last) and stay.by != "end"
        for stay in _stays(one, move.room)
    )


def _outlasts(stay: Stay, last: float) -> bool:
    return stay.parting == NEVER if last == NEVER else last < stay.parting


def _may_see(move: Move, one: Followed, *, strict: bool) -> bool:
    if move.why == "noise" and strict:
        return False
    if move.tape is one.tape:
        # One that left by command, and whose connection ended before the answer came.
        cut_short = move.why == "end" and move.first < one.tape.ended_at
        return move.why in ("leave", "noise") or cut_short
    if move.why == "put out":
        # All who lose the room by one change are put out at one instant (MC1-REVOKE-07).
        return any(
            stay.may_touch(move.first, NEVER)
            for stay in _stays(one, move.room)
            if not (stay.by == "put out" and stay.parting == move.first)
        )
    last = move.last if strict else NEVER
    return any(stay.may_touch(move.first, last) for stay in _stays(one, move.room))


_MISSING = {"join": "MC1-ANN-01", "leave": "MC1-ANN-03", "end": "MC1-END-01"}


def _missing(move: Move, one: Followed, records: Records) -> Lack:
    name, what = records.world(move.first).users[move.tape.role].name, _NAMES[move.kind]
    clause = _MISSING.get(move.why, "MC1-REVOKE-03")
    whose = f"of {move.tape.name}"
    if move.tape is one.tape:
        clause, whose = "MC1-LEAVE-04", "of its own"
    about = {"end": " (whose connection ended)", "put out": " (who was put out)"}.get(move.why, "")
    got = f"the server ended the connection: {one.tape.cut_off}" if one.tape.cut_off else "nothing"
    return Lack(
        one.tape,
        Fault(
            "missing announcement",
            clause,
            f"{one.tape.name}, a member of room {move.room}, did not get the {what} {whose}{about}",
            f"msg_type {move.kind} ({what}) of {name} in room {move.room}",
            got,
            one.tape.name,
        ),
    )


def _too_many(
    room: str,
    kind: int,
    role: str,
    one: Followed,
    number: int,
    allowed: int,
    about: Sequence[Move],
    records: Records,
) -> Iterable[Fault]:
    clause = "MC1-ANN-05"
    why = {move.why for move in about}
    if kind == _ENTER and role == one.tape.role and allowed == 0:
        clause = "MC1-ANN-02"
    elif "put out" in why:
        clause = "MC1-REVOKE-07"
    elif "end" in why:
        clause = "MC1-END-01"
    if not records.strict and (clause != "MC1-ANN-02" or not _is_first_join(room, one)):
        return
    yield Fault(
        "surplus announcement",
        clause,
        f"{one.tape.name} received {_NAMES[kind]} of {role or 'somebody else'} in room {room} "
        f"{_times(number)}",
        f"{_times(allowed)}: nothing more was to be announced" if allowed else "none",
        _times(number),
        one.tape.name,
    )


def _is_first_join(room: str, one: Followed) -> bool:
    return any(move.why == "join" and move.room == room for move in one.moves)


def _unclaimed(one: Followed, came: Counter[tuple[str, int, str]]) -> Iterable[Fault]:
    for room, kind, role in came:
        yield Fault(
            "surplus announcement",
            "MC1-ANN-04",
            f"{one.tape.name} received {_NAMES[kind]} of {role or 'somebody'} in room {room}",
            "none: the target file says that the target does not announce",
            _times(came[room, kind, role]),
            one.tape.name,
        )


def _times(number: int) -> str:
    return {1: "once", 2: "twice"}.get(number, f"{number} times")


# The place of a room's frames between joined and left: hardened.


def _places(one: Followed, seen: _Seen) -> Iterable[Fault]:
    inside: dict[str, bool] = {}
    farewells: Counter[str] = Counter()
    put_out = {stay.room for stay in one.stays if stay.by == "put out"}
    own = {(move.room, move.last) for move in one.moves if move.why == "leave"}
    for got in one.tape.got:
        room = got.room
        if got.kind == "join":
            inside[room] = True
            continue
        if got.kind == "leave":
            inside[room] = False
            if (room, got.moment) in own and seen.records.announces and not farewells[room]:
                yield Fault(
                    "missing announcement",
                    "MC1-LEAVE-04",
                    f"{one.tape.name} received left of room {room} before its own LEAVE",
                    "LEAVE with one's own name, then left",
                    _json(got),
                    one.tape.name,
                )
            farewells[room] = 0
            continue
        if got.kind != "msg_type":
            continue
        if got.frame["msg_type"] == _LEAVE:
            is_own = seen.records.role_of(got.frame["username"]) == one.tape.role
            farewells[room] += is_own
        if not inside.get(room):
            after = inside.get(room) is False
            clause = "MC1-LEAVE-03" if after else "MC1-JOIN-05"
            if after and room in put_out:
                clause = "MC1-REVOKE-02"
            elif not after and not _stays(one, room):
                clause = "MC1-SEND-02"
            kind = _NAMES.get(got.frame["msg_type"], "a message")
            where = "after left of" if after else "before joined of"
            if not _stays(one, room):
                where = "without having been in"
            yield Fault(
                "leak",
                clause,
                f"{one.tape.name} received {kind} of room {room} {where} it",
                "nothing of the room outside of joined and left",
                _json(got),
                one.tape.name,
            )


def _json(got: Got) -> str:
    return json.dumps(dict(got.frame), ensure_ascii=False)
