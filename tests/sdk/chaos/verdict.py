"""What must hold of what a guest heard, whatever the network did."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from multichat_proto import (
    BadFrame,
    ChatEvent,
    Disconnected,
    Gap,
    Refused,
    RoomJoined,
    RoomLost,
    RoomMessage,
    RoomRejoined,
)

__all__ = ["check_outcomes", "check_stream", "counted_gaps"]


def check_stream(events: Iterable[ChatEvent], truth: Mapping[str, Sequence[str]]) -> None:
    """
    Check that nothing came twice or out of order, and that no hole is unannounced.

    Args:
        events: What the chat's own stream gave.
        truth: What was said in each room, in order; all texts differ.

    """
    places = {room: {text: n for n, text in enumerate(texts)} for room, texts in truth.items()}
    last: dict[str, int | None] = {}
    is_in: set[str] = set()
    may_miss: set[str] = set()
    for event in events:
        match event:
            case RoomJoined(room=room):
                assert room not in is_in
                is_in.add(room)
                may_miss.add(room)
            case Disconnected():
                is_in.clear()
            case RoomRejoined(room=room):
                assert room not in is_in
                is_in.add(room)
                may_miss.add(room)
            case Gap():
                may_miss.update(truth)
            case RoomMessage(room=room, text=text):
                assert room in is_in, f"a message of a room that one is not in: {event}"
                place, before = places[room][text], last.get(room)
                if before is not None:
                    assert place > before, f"twice, or out of order: {event}"
                    missing = truth[room][before + 1 : place]
                    assert not missing or room in may_miss, f"{missing} missing before {event}"
                last[room] = place
                may_miss.discard(room)
            case RoomLost() | BadFrame() | Refused():
                raise AssertionError(f"nobody has done this: {event}")


def check_outcomes(outcomes: Mapping[str, str], truth: Mapping[str, Sequence[str]]) -> None:
    """Check that what ``send`` said of each text is what became of it."""
    times = Counter(text for texts in truth.values() for text in texts)
    for text, outcome in outcomes.items():
        allowed = {
            "said": {1},
            "NotSent": {0},
            "ServerUnavailable": {0},
            "DeliveryUnknown": {0, 1},
        }[outcome]
        assert times[text] in allowed, f"{text!r}: {outcome}, and was said {times[text]} times"


def counted_gaps(events: Iterable[ChatEvent]) -> int:
    """Return how often a room was joined again."""
    return sum(isinstance(event, RoomRejoined) for event in events)
