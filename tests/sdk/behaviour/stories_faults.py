"""Rows about bad luck: whatever happens, nothing is missed in silence or delivered twice."""

from __future__ import annotations

import random

from multichat_proto.events import BadFrame, Gap, Reconnected, RoomMessage, RoomRejoined
from multichat_proto.exceptions import DeliveryUnknown, NotSent
from multichat_proto.options import Options
from multichat_proto.testing import Faults
from tests.sdk.behaviour.stage import Stage, story


async def _endure(stage: Stage, faults: Faults) -> tuple[list[int | None], int]:
    """
    Live through faults.

    Returns:
        The numbers that were heard, with None where a gap was announced, and how often the
        connection was made anew.

    """
    server = stage.backstage.server
    name = stage.room()
    alice = await stage.chat(
        "alice",
        rooms=[name],
        options=Options(answer_timeout=3.0),
        random=random.Random(faults.seed).random,  # noqa: S311  # repeatable, not secret
    )
    room = await alice.join(name)
    with alice.subscribe(max_queue=10_000) as events:
        server.spoil(faults)
        for number in range(300):
            server.say("bob", name, str(number))
            if number % 10 == 9:
                try:
                    await room.send("own")
                except (DeliveryUnknown, NotSent):
                    continue
        server.spoil(None)
        while True:
            try:
                await room.send("the end")
                break
            except (DeliveryUnknown, NotSent):
                continue
        heard: list[int | None] = []
        reconnections = 0
        async for event in events:
            match event:
                case RoomMessage(username="bob", text=text):
                    heard.append(int(text))
                case RoomMessage(text="the end"):
                    break
                case RoomRejoined() | Gap():
                    heard.append(None)
                case Reconnected(gaps=gaps):
                    assert [gap.room for gap in gaps] == [name]
                    reconnections += 1
                case BadFrame():
                    assert faults.hostile
    assert room.is_joined
    return heard, reconnections


def _is_honest(heard: list[int | None]) -> bool:
    """Whether numbers grow, by one unless a gap was announced between them."""
    before: int | None = -1
    is_gap = False
    for number in heard:
        if number is None:
            is_gap = True
            continue
        assert before is not None
        if number != before + 1 and not (is_gap and number > before):
            return False
        before, is_gap = number, False
    return True


@story("script")
async def connections_that_break_leave_no_silent_gap(stage: Stage) -> None:
    """Cut before and after commands, hundreds of times."""
    for seed in range(5):
        faults = Faults(seed=seed, cut=0.02, tear=0.05, latency=(0.0, 0.2))
        heard, reconnections = await _endure(stage, faults)
        assert _is_honest(heard), heard
        assert reconnections


@story("script")
async def a_server_that_loses_messages_is_found_out(stage: Stage) -> None:
    """The story above would see a message that is missed, or told twice, in silence."""
    for faults in (Faults(seed=1, drop=0.05), Faults(seed=1, duplicate=0.05)):
        heard, _ = await _endure(stage, faults)
        assert not _is_honest(heard)


@story("script")
async def a_hostile_server_disturbs_nothing(stage: Stage) -> None:
    """Frames that break v1 come between the others."""
    heard, reconnections = await _endure(stage, Faults(seed=1, hostile=0.5))

    assert heard == list(range(300))
    assert not reconnections
