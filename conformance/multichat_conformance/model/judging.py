"""
The history checker: what each connection must have seen, may have seen and must not have seen.

It finds *loss* (a member did not get what it must), *leak* (somebody got what is not theirs),
*duplicates*, *reorder* (of one sender, or between members), *gaps*, *ghosts* (a membership that
outlives its end, on the same connection or on a later one of the user) and announcements that are
missing, too many, or of the wrong people.

What core does not promise is not looked at unless the story is strict: the order of frames, the
place of a room's frames between *joined* and *left*, the announcement of disconnects, and
announcements of what changes no membership.
"""

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from multichat_conformance.model.announcing import NAMES, announcements
from multichat_conformance.model.faults import Fault, Kind, Lack, clause_for
from multichat_conformance.model.followed import Followed, Spoken, outlived
from multichat_conformance.model.following import follow
from multichat_conformance.model.ordering import reordered
from multichat_conformance.model.records import NEVER, Got, Records, Tape
from multichat_conformance.patterns import ENTER, LEAVE

__all__ = ["Judgement", "judge"]


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
    wrong, due = announcements(followed, records)
    faults += wrong
    lacks += due
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
            if got.kind != "msg_type" or got.frame["msg_type"] in NAMES:
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
        stay.joined < spoken.sent and stay.outlasts(last) and stay.by != "end"
        for stay in one.stays_in(spoken.room)
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
        if got.frame["username"] in user.former:
            wrong.remove("username")
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
        twice = any(move.why == "noise" and move.kind == ENTER for move in one.moves)
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
        yield _leak(first, spoken, one, "leak", "MC1-SEND-03", "which was refused")
    elif not any(
        stay.room == spoken.room and stay.may_touch(spoken.sent, last) for stay in one.stays
    ):
        clause = "MC1-SEND-02"
        if strict and any(stay.by == "put out" for stay in one.stays_in(spoken.room)):
            clause = "MC1-REVOKE-02"
        # By when it was sent: before that, a membership may have ended in good order.
        kind: Kind = "ghost" if outlived(one, spoken.room, spoken.sent, seen.records) else "leak"
        yield _leak(first, spoken, one, kind, clause, f"of room {spoken.room}, which it was not in")


def _leak(got: Got, spoken: Spoken, one: Followed, kind: Kind, clause: str, about: str) -> Fault:
    return Fault(
        kind,
        clause,
        f"{one.tape.name} received a message of {spoken.tape.name} {about}",
        "nothing of that kind",
        _json(got),
        one.tape.name,
    )


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
        if got.frame["msg_type"] == LEAVE:
            is_own = seen.records.role_of(got.frame["username"]) == one.tape.role
            farewells[room] += is_own
        if not inside.get(room):
            after = inside.get(room) is False
            clause = "MC1-LEAVE-03" if after else "MC1-JOIN-05"
            if after and room in put_out:
                clause = "MC1-REVOKE-02"
            elif not after and not one.stays_in(room):
                clause = "MC1-SEND-02"
            kind = NAMES.get(got.frame["msg_type"], "a message")
            where = "after left of" if after else "before joined of"
            if not one.stays_in(room):
                where = "without having been in"
            ghost = after or outlived(one, room, got.moment, seen.records)
            yield Fault(
                "ghost" if ghost else "leak",
                clause,
                f"{one.tape.name} received {kind} of room {room} {where} it",
                "nothing of the room outside of joined and left",
                _json(got),
                one.tape.name,
            )


def _json(got: Got) -> str:
    return json.dumps(dict(got.frame), ensure_ascii=False)
