"""
The announcements in a history: who must have seen, and who may have seen, ENTER and LEAVE.

A server that is not hardened may announce what changes no membership, and need not announce the
end of a connection; of neither anything is said unless the story is strict.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Final

from multichat_conformance.model.faults import Fault, Lack
from multichat_conformance.model.followed import Followed, Move
from multichat_conformance.model.records import NEVER, Records
from multichat_conformance.patterns import ENTER, LEAVE

__all__ = ["NAMES", "announcements"]

NAMES: Final = {ENTER: "ENTER", LEAVE: "LEAVE"}


def announcements(followed: Sequence[Followed], records: Records) -> tuple[list[Fault], list[Lack]]:
    """Hold ENTER and LEAVE against what happened; return what is wrong and what must come."""
    moves = [move for one in followed for move in one.moves]
    _date_ends(moves, records)
    faults: list[Fault] = []
    lacks: list[Lack] = []
    for one in followed:
        came: Counter[tuple[str, int, str]] = Counter()
        for got in one.tape.got:
            kind = got.frame.get("msg_type")
            if kind in NAMES:
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
    return faults, lacks


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
        stay.joined < move.first and stay.outlasts(move.last) and stay.by != "end"
        for stay in one.stays_in(move.room)
    )


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
            for stay in one.stays_in(move.room)
            if not (stay.by == "put out" and stay.parting == move.first)
        )
    last = move.last if strict else NEVER
    return any(stay.may_touch(move.first, last) for stay in one.stays_in(move.room))


_MISSING = {"join": "MC1-ANN-01", "leave": "MC1-ANN-03", "end": "MC1-END-01"}


def _missing(move: Move, one: Followed, records: Records) -> Lack:
    name, what = records.world(move.first).users[move.tape.role].name, NAMES[move.kind]
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
    if kind == ENTER and role == one.tape.role and allowed == 0 and not _joined_again(room, one):
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
        f"{one.tape.name} received {NAMES[kind]} of {role or 'somebody else'} in room {room} "
        f"{_times(number)}",
        f"{_times(allowed)}: nothing more was to be announced" if allowed else "none",
        _times(number),
        one.tape.name,
    )


def _joined_again(room: str, one: Followed) -> bool:
    """Tell whether somebody was told *joined* while it was a member."""
    told = sum(got.kind == "join" and got.room == room for got in one.tape.got)
    return told > len(list(one.stays_in(room)))


def _is_first_join(room: str, one: Followed) -> bool:
    return any(move.why == "join" and move.room == room for move in one.moves)


def _unclaimed(one: Followed, came: Counter[tuple[str, int, str]]) -> Iterable[Fault]:
    for room, kind, role in came:
        yield Fault(
            "surplus announcement",
            "MC1-ANN-04",
            f"{one.tape.name} received {NAMES[kind]} of {role or 'somebody'} in room {room}",
            "none: the target file says that the target does not announce",
            _times(came[room, kind, role]),
            one.tape.name,
        )


def _times(number: int) -> str:
    return {1: "once", 2: "twice"}.get(number, f"{number} times")
