"""The chaos run's verdict can be a bad one."""

from __future__ import annotations

import pytest

from multichat_proto import (
    ChatEvent,
    ConnectionClosed,
    Disconnected,
    Gap,
    Room,
    RoomJoined,
    RoomMessage,
    RoomRejoined,
)
from tests.sdk.chaos.verdict import check_outcomes, check_stream

ROOM = Room("1")
TRUTH = {"1": ["a", "b", "c", "d"]}

JOINED = RoomJoined(ROOM, "Lobby")
LOST = Disconnected(ConnectionClosed(1006), 0.0)
BACK = RoomRejoined(ROOM, "Lobby", 0.0, 1.0)


def said(text: str) -> RoomMessage:
    return RoomMessage(ROOM, "carol", text)


@pytest.mark.parametrize(
    "events",
    [
        pytest.param([JOINED, said("b"), said("c")], id="joined late"),
        pytest.param([JOINED, said("a"), LOST, BACK, said("d")], id="announced by a rejoin"),
        pytest.param([JOINED, said("a"), Gap(None, 2), said("d")], id="announced by a gap"),
    ],
)
def test_good(events: list[ChatEvent]) -> None:
    check_stream(events, TRUTH)


@pytest.mark.parametrize(
    ("events", "complaint"),
    [
        pytest.param([JOINED, said("a"), said("a")], "twice", id="twice"),
        pytest.param([JOINED, said("b"), said("a")], "out of order", id="out of order"),
        pytest.param([JOINED, said("a"), said("c")], "missing before", id="silent gap"),
        pytest.param(
            [JOINED, said("a"), LOST, BACK, said("c"), said("a")], "twice", id="twice after a loss"
        ),
        pytest.param([JOINED, LOST, said("a")], "not in", id="not in the room"),
        pytest.param(
            [JOINED, said("a"), LOST, BACK, said("b"), said("d")],
            "missing before",
            id="a second gap",
        ),
    ],
)
def test_bad(events: list[ChatEvent], complaint: str) -> None:
    with pytest.raises(AssertionError, match=complaint):
        check_stream(events, TRUTH)


@pytest.mark.parametrize(
    ("text", "outcome"), [("x", "said"), ("a", "NotSent")], ids=["said", "not sent"]
)
def test_a_wrong_outcome(text: str, outcome: str) -> None:
    with pytest.raises(AssertionError, match=text):
        check_outcomes({text: outcome}, TRUTH)


@pytest.mark.parametrize("text", ["a", "x"], ids=["said", "not said"])
def test_an_unknown_outcome_may_be_either(text: str) -> None:
    check_outcomes({text: "DeliveryUnknown"}, TRUTH)
