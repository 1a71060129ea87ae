"""Faults are those that were asked for, alike for one seed, and hostile frames are harmless."""

from __future__ import annotations

from typing import Any

import pytest

from multichat_proto.client import ClientConnection, Ignored, Violation
from multichat_proto.exceptions import ConnectionClosed, LocalProtocolError
from multichat_proto.testing import HOSTILE_FRAMES, Faults, MemoryServer
from tests.sdk.testing.wire import Wire


def heard(faults: Faults | None, messages: int = 40) -> list[Any]:
    """What a member hears of numbered messages: their texts, and frames that are none."""
    server = MemoryServer()
    alice = Wire(server, "alice")
    alice.says("join", "1")
    server.enter("bob", "1")
    alice.hears()
    server.spoil(faults)
    for number in range(messages):
        server.say("bob", "1", str(number))
    alice.now = 1_000.0
    return [
        frame["message"] if isinstance(frame, dict) and "message" in frame else frame
        for frame in alice.hears()
    ]


ALL = [str(number) for number in range(40)]


def test_without_faults_everything_is_heard_once() -> None:
    assert heard(None) == ALL
    assert heard(Faults()) == ALL


def test_one_seed_makes_one_story() -> None:
    faults = Faults(seed=1, drop=0.3, duplicate=0.3, reorder=0.3, hostile=0.3)

    assert heard(faults) == heard(faults)
    assert heard(faults) != heard(Faults(seed=2, drop=0.3, duplicate=0.3, reorder=0.3, hostile=0.3))


def test_some_are_dropped() -> None:
    texts = heard(Faults(drop=0.5))

    assert 5 < len(texts) < 35
    assert texts == sorted(texts, key=int)


def test_some_come_twice() -> None:
    texts = heard(Faults(duplicate=0.5))

    assert 45 < len(texts) < 75
    assert sorted(set(texts), key=int) == ALL


def test_some_change_places() -> None:
    texts = heard(Faults(reorder=0.5))

    assert texts != ALL
    assert sorted(texts, key=int) == ALL


def test_hostile_frames_come_between() -> None:
    frames = heard(Faults(hostile=0.5))

    assert [frame for frame in frames if frame in ALL] == ALL
    assert len(frames) > 45


def test_latency_is_within_its_bounds_and_keeps_the_order() -> None:
    server = MemoryServer()
    alice = Wire(server, "alice")
    alice.says("join", "1")
    server.spoil(Faults(latency=(1.0, 2.0)))
    for number in range(20):
        server.say("bob", "1", str(number))

    alice.now = 0.99
    assert alice.hears() == []
    alice.now = 2.0
    texts = [frame["message"] for frame in alice.hears() if frame["msg_type"] == 0]
    assert texts == [str(number) for number in range(20)]


@pytest.mark.parametrize("faults", [Faults(cut=1.0), Faults(tear=1.0)], ids=["cut", "tear"])
def test_a_connection_may_end(faults: Faults) -> None:
    """With ``cut`` the command was carried out, with ``tear`` it was not."""
    server = MemoryServer()
    alice = Wire(server, "alice")
    alice.says("join", "1")
    server.spoil(faults)

    with pytest.raises(ConnectionClosed) as closed:
        alice.says("send", "1", message="hi")

    assert closed.value.code == 1006
    assert bool(server.said("1")) is (faults.cut > 0)
    assert server.members("1") == frozenset()


@pytest.mark.parametrize(
    "arguments",
    [{"drop": 1.5}, {"cut": -0.1}, {"latency": (2.0, 1.0)}, {"latency": (-1.0, 1.0)}],
    ids=["above-one", "below-nought", "backwards", "negative"],
)
def test_impossible_faults_are_refused(arguments: dict[str, Any]) -> None:
    with pytest.raises(LocalProtocolError):
        Faults(**arguments)


@pytest.mark.parametrize(
    "frame",
    [frame for frame in HOSTILE_FRAMES if isinstance(frame, str)],
    ids=[f"frame{place}" for place, frame in enumerate(HOSTILE_FRAMES) if isinstance(frame, str)],
)
def test_a_hostile_frame_changes_nothing(frame: str) -> None:
    """MC1-CLIENT-02, MC1-CLIENT-03."""
    client = ClientConnection()
    client.join("1")
    before = dict(client.rooms)

    assert isinstance(client.receive_text(frame), Violation | Ignored)
    assert dict(client.rooms) == before
    assert len(client.unanswered) == 1
