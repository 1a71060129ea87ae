"""
What each command of a connection must be answered with, and what follows from the answers.

Membership is a connection's own (MC1-MEMB-01): what another does changes nothing in it. So the
answers to a connection's commands are known from its own commands and the world alone, however
many others act at the same time; and they come in the order of the commands (MC1-ORDER-02), or
one at a time in closed loop. Where a text may be taken for one thing or another, the answer that
came decides which it was.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from multichat_conformance.model.faults import Fault
from multichat_conformance.model.followed import Followed, Move, Spoken, Stay, outlived
from multichat_conformance.model.records import NEVER, Got, Meaning, Records, Sent, Tape, World

__all__ = ["follow"]

_CODE_CLAUSES = {
    "USER_HAS_TO_LOGIN": "MC1-AUTH-03",
    "ROOM_INVALID": "MC1-ROOM-06",
    "ROOM_ACCESS_DENIED": "MC1-ROOM-07",
}


@dataclass(frozen=True, slots=True)
class _Expected:
    frame: Mapping[str, Any]
    clause: str
    meaning: Meaning
    former: tuple[str, ...] = ()

    def fits(self, frame: Mapping[str, Any]) -> bool:
        if frame.get("username") in self.former:
            frame = {**frame, "username": self.frame["username"]}
        return all(
            name in frame and type(frame[name]) is type(value) and frame[name] == value
            for name, value in self.frame.items()
        )


def follow(tape: Tape, records: Records) -> Followed:
    """Walk the commands of a connection, and what the world did to it, along its answers."""
    found = Followed(tape)
    answers = iter(_answers(tape))
    for turn in _turns(tape, records):
        if isinstance(turn, Sent):
            _obey(turn, found, records, answers)
        else:
            _suffer(turn, found, answers)
        if found.fault:
            break
    else:
        surplus = next(answers, None)
        if surplus is not None:
            found.fault = _surplus(tape, surplus)
    if tape.ended_at < NEVER:
        _end(found, records)
    return found


def _turns(tape: Tape, records: Records) -> list[Sent | tuple[int, World]]:
    changes = [(since, world) for since, world in records.worlds[1:] if since < tape.ended_at]
    turns: list[Sent | tuple[int, World]] = [*tape.sent, *changes]
    return sorted(turns, key=lambda turn: turn.moment if isinstance(turn, Sent) else turn[0])


def _answers(tape: Tape) -> list[Got]:
    own = {
        meaning.text for sent in tape.sent for meaning in sent.meanings if meaning.command == "send"
    }
    answers: list[Got] = []
    for got in tape.got:
        if got.kind != "msg_type":
            answers.append(got)
        elif got.frame["msg_type"] == 0 and got.frame["message"] in own:
            # A second copy is no second answer; the judge sees to it.
            own.discard(got.frame["message"])
            answers.append(got)
    return answers


def _obey(sent: Sent, found: Followed, records: Records, answers: Iterator[Got]) -> None:
    expected = [_expected(meaning, sent, found, records) for meaning in sent.meanings]
    answer = next(answers, None)
    if answer is None:
        _unanswered(sent, expected[0], found, records)
        return
    for one in expected:
        if one.fits(answer.frame):
            _take(one.meaning, sent, answer, found, refused="error" in one.frame)
            return
    wanted = expected[0]
    found.fault = Fault(
        "ghost" if _speaks_as_a_ghost(wanted, answer, sent, found, records) else "answer",
        _blamed(wanted, answer, sent, found, strict=records.strict),
        f"{found.tape.name} received another answer than it must to {_short(sent.text)}",
        " or ".join(dict.fromkeys(_json(one.frame) for one in expected)),
        _json(answer.frame),
        found.tape.name,
    )


def _speaks_as_a_ghost(
    wanted: _Expected, answer: Got, sent: Sent, found: Followed, records: Records
) -> bool:
    meaning = wanted.meaning
    return (
        meaning.command == "send"
        and found.inside(meaning.room) is None
        and answer.frame.get("message") == meaning.text
        and outlived(found, meaning.room, sent.moment, records)
    )


def _blamed(wanted: _Expected, answer: Got, sent: Sent, found: Followed, *, strict: bool) -> str:
    if strict and any(
        later.moment > sent.moment and answer.room and answer.room != wanted.meaning.room
        for later in found.tape.sent
    ):
        return "MC1-ORDER-02"
    return wanted.clause


def _expected(meaning: Meaning, sent: Sent, found: Followed, records: Records) -> _Expected:
    if meaning.code:
        return _Expected({"error": meaning.code}, meaning.clause, meaning)
    world, room = records.world(sent.moment), meaning.room
    refusal = world.refusal(found.tape.role, room)
    stay = found.inside(room)
    if meaning.command == "send" and stay is None:
        return _Expected({"error": "ROOM_ACCESS_DENIED"}, "MC1-SEND-03", meaning)
    if refusal:
        return _Expected({"error": refusal}, _CODE_CLAUSES[refusal], meaning)
    if meaning.command == "join":
        frame: dict[str, Any] = {"join": room}
        title = world.rooms[room].title
        if title is not None:
            frame["title"] = title
        return _Expected(frame, "MC1-JOIN-06" if stay else "MC1-JOIN-02", meaning)
    if meaning.command == "leave":
        clause = "MC1-LEAVE-02" if stay else "MC1-LEAVE-05"
        return _Expected({"leave": room}, clause, meaning)
    user = world.users[found.tape.role]
    message = {"room": room, "message": meaning.text, "username": user.name, "msg_type": 0}
    return _Expected(message, "MC1-SEND-01", meaning, user.former)


def _take(meaning: Meaning, sent: Sent, answer: Got, found: Followed, *, refused: bool) -> None:
    room, tape = meaning.room, found.tape
    if meaning.command == "send":
        spoken = Spoken(tape, len(found.spoken), room, meaning.text, sent.moment, answer.moment)
        spoken.fate = "refused" if refused else "said"
        found.spoken.append(spoken)
    if refused or not meaning.command or meaning.command == "send":
        return
    stay = found.inside(room)
    kind = 4 if meaning.command == "join" else 5
    if (meaning.command == "join") is (stay is not None):
        found.moves.append(Move(kind, room, tape, sent.moment, answer.moment, "noise", sure=False))
    elif stay is None:
        found.stays.append(Stay(room, sent.moment, answer.moment))
        found.moves.append(Move(kind, room, tape, sent.moment, answer.moment, "join"))
    else:
        stay.parting, stay.left, stay.by = sent.moment, answer.moment, "leave"
        found.moves.append(Move(kind, room, tape, sent.moment, answer.moment, "leave"))


def _unanswered(sent: Sent, wanted: _Expected, found: Followed, records: Records) -> None:
    """
    Take in a command that has no answer: it may have been carried out, or may yet be.

    Either its connection was ended by the story, and no answer will come; or it must still come.
    """
    tape = found.tape
    if not tape.ending and not found.lacks:
        found.lacks = f"{_json(wanted.frame)} in answer to {_short(sent.text)}"
        found.lack_clause = wanted.clause
    meaning, room = wanted.meaning, wanted.meaning.room
    stay = found.inside(room)
    surely_inside = stay is not None and stay.joined < NEVER
    if meaning.command == "send":
        spoken = Spoken(tape, len(found.spoken), room, meaning.text, sent.moment)
        if "error" in wanted.frame:
            never_in = all(one.room != room for one in found.stays)
            spoken.fate = "refused" if never_in and len(sent.meanings) == 1 else "open"
        elif records.strict and surely_inside and tape.ending in ("close", "half-close"):
            spoken.fate = "owed"  # MC1-END-03
        found.spoken.append(spoken)
    elif meaning.command == "join" and stay is None and "error" not in wanted.frame:
        found.stays.append(Stay(room, sent.moment))
        found.moves.append(Move(4, room, tape, sent.moment, NEVER, "join", sure=False))
    elif meaning.command == "leave" and stay is not None and "error" not in wanted.frame:
        # Whether it leaves by command or by its end: it is announced once.
        stay.parting, stay.by = sent.moment, "end" if tape.ending else "leave"
        sure = records.strict and surely_inside and bool(tape.ending)
        why: Literal["end", "leave"] = "end" if tape.ending else "leave"
        found.moves.append(Move(5, room, tape, sent.moment, NEVER, why, sure=sure))
    elif meaning.command in ("join", "leave") and not records.strict:
        kind = 4 if meaning.command == "join" else 5
        found.moves.append(Move(kind, room, tape, sent.moment, NEVER, "noise", sure=False))


def _suffer(change: tuple[int, World], found: Followed, answers: Iterator[Got]) -> None:
    """Some rooms may have been lost: each is told with a *left* that nobody asked for."""
    moment, world = change
    lost = [
        stay
        for stay in found.stays
        if stay.parting == NEVER and world.refusal(found.tape.role, stay.room)
    ]
    for stay in lost:
        stay.parting, stay.by = moment, "put out"
    waiting = {stay.room: stay for stay in lost}
    while waiting:
        answer = next(answers, None)
        rooms = " and ".join(sorted(waiting))
        if answer is None:
            if not found.tape.ending and not found.lacks:
                found.lacks = f"left, unasked, of room {rooms}"
                found.lack_clause = "MC1-REVOKE-01"
            break
        stay_left = waiting.pop(answer.room, None) if answer.kind == "leave" else None
        if stay_left is None:
            found.fault = Fault(
                "answer",
                "MC1-REVOKE-01",
                f"{found.tape.name} has lost room {rooms} and received another frame than left",
                " ".join(_json({"leave": room}) for room in sorted(waiting)),
                _json(answer.frame),
                found.tape.name,
            )
            return
        stay_left.left = answer.moment
    for stay in lost:
        found.moves.append(Move(5, stay.room, found.tape, moment, stay.left, "put out"))


def _end(found: Followed, records: Records) -> None:
    tape = found.tape
    for stay in found.stays:
        if stay.parting == NEVER:
            stay.parting, stay.by = tape.ended_at, "end"
            sure = records.strict and stay.joined < NEVER and not tape.cut_off
            # The server itself knew earlier of an end that it has brought about.
            since = min(stay.asked, tape.ended_at) if tape.cut_off else tape.ended_at
            found.moves.append(Move(5, stay.room, tape, since, NEVER, "end", sure=sure))


def _surplus(tape: Tape, answer: Got) -> Fault:
    clause = {"error": "MC1-ERR-03", "leave": "MC1-LEAVE-02", "join": "MC1-JOIN-02"}
    return Fault(
        "answer",
        clause.get(answer.kind, "MC1-SEND-03"),
        f"{tape.name} received an answer to nothing that it has sent",
        "one answer to each command",
        _json(answer.frame),
        tape.name,
    )


def _json(frame: Mapping[str, Any]) -> str:
    return json.dumps(dict(frame), ensure_ascii=False)


def _short(text: str) -> str:
    return text if len(text) <= 300 else f"{text[:300]}…"
