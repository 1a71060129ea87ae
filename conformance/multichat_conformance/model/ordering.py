"""One order a room: of each sender, between all members, and without a gap (hardened)."""

import json
from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations, pairwise

from multichat_conformance.model.faults import Fault
from multichat_conformance.model.followed import Spoken
from multichat_conformance.model.records import Got, Tape

__all__ = ["reordered"]

Heard = Sequence[tuple[Tape, list[Got]]]


def reordered(heard: Mapping[str, Heard], by_text: Mapping[str, Spoken]) -> Iterable[Fault]:
    """
    Find what came in another order than it must.

    Args:
        heard: For each room, what each connection got of it, in order.
        by_text: The messages.

    """
    for room, listeners in heard.items():
        sequences = [(tape, _once(frames)) for tape, frames in listeners]
        for tape, texts in sequences:
            yield from _of_one_sender(room, tape, texts, by_text)
        for one, other in combinations(sequences, 2):
            yield from _between(room, one, other)
        yield from _gaps(room, sequences, {id(tape): frames for tape, frames in listeners})


def _once(frames: Iterable[Got]) -> list[str]:
    return list(dict.fromkeys(got.frame["message"] for got in frames))


def _of_one_sender(
    room: str, tape: Tape, texts: Sequence[str], by_text: Mapping[str, Spoken]
) -> Iterable[Fault]:
    latest: dict[int, Spoken] = {}
    for text in texts:
        spoken = by_text.get(text)
        if spoken is None:
            continue
        before = latest.get(id(spoken.tape))
        if before is not None and before.place > spoken.place:
            yield Fault(
                "reorder",
                "MC1-ORDER-03",
                f"{tape.name} received messages of {spoken.tape.name} to room {room} in another "
                "order than they were sent",
                f"{json.dumps(text)} before {json.dumps(before.text)}",
                ", ".join(json.dumps(one) for one in texts),
                tape.name,
            )
            return
        latest[id(spoken.tape)] = spoken


def _between(
    room: str, one: tuple[Tape, list[str]], other: tuple[Tape, list[str]]
) -> Iterable[Fault]:
    common = set(one[1]) & set(other[1])
    first, second = ([text for text in texts if text in common] for _, texts in (one, other))
    if first != second:
        yield Fault(
            "reorder",
            "MC1-ORDER-04",
            f"{one[0].name} and {other[0].name} received the messages of room {room} in different "
            "orders",
            ", ".join(json.dumps(text) for text in first),
            ", ".join(json.dumps(text) for text in second),
            other[0].name,
        )


def _gaps(
    room: str, sequences: Sequence[tuple[Tape, list[str]]], frames: Mapping[int, list[Got]]
) -> Iterable[Fault]:
    for tape, texts in sequences:
        for run in _runs(tape, room, frames[id(tape)]):
            for other, order in sequences:
                if other is tape:
                    continue
                for before, after in pairwise(run):
                    if before not in order or after not in order:
                        continue
                    between = order[order.index(before) + 1 : order.index(after)]
                    missed = [text for text in between if text not in texts]
                    if missed:
                        yield Fault(
                            "gap",
                            "MC1-ORDER-05",
                            f"{tape.name} was in room {room} and missed a message that "
                            f"{other.name} got between two that both got",
                            ", ".join(json.dumps(text) for text in [before, *missed, after]),
                            ", ".join(json.dumps(text) for text in [before, after]),
                            tape.name,
                        )
                        return


def _runs(tape: Tape, room: str, frames: Sequence[Got]) -> Iterable[list[str]]:
    """Return what came between a *joined* and the *left* after it, for each stay."""
    lefts = [got.moment for got in tape.got if got.kind == "leave" and got.room == room]
    run: list[str] = []
    for got in frames:
        while lefts and got.moment > lefts[0]:
            lefts.pop(0)
            yield run
            run = []
        run.append(got.frame["message"])
    yield run
