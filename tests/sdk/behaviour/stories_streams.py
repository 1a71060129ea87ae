"""Rows about streams and queues: slow readers, bounded sending, odd frames."""

from __future__ import annotations

import pytest

from multichat_proto.events import (
    BadFrame,
    Gap,
    Refused,
    RoomMessage,
    UnknownMessage,
)
from multichat_proto.exceptions import (
    ChatClosed,
    NoAnswer,
    QueueOverflow,
    RateLimited,
    RoomError,
    ServerUnavailable,
)
from multichat_proto.options import Options, Overflow
from multichat_proto.testing import HOSTILE_FRAMES
from tests.sdk.behaviour.stage import Stage, story


@story()
async def a_slow_reader_is_told_what_it_missed(stage: Stage) -> None:
    """``drop-oldest``: a counted gap, then the newest."""
    room = await (await stage.chat("alice")).join(stage.room())
    with room.subscribe(max_queue=3, overflow=Overflow.DROP_OLDEST) as events:
        for number in range(10):
            await room.send(str(number))

        assert await events.next() == Gap(room.id, 7)
        texts = [(await events.wait_for(RoomMessage)).text for _ in range(3)]
    assert texts == ["7", "8", "9"]


@story()
async def a_slow_reader_may_be_cut_off(stage: Stage) -> None:
    """``close``: what was kept, then ``QueueOverflow``; others go on."""
    room = await (await stage.chat("alice")).join(stage.room())
    with (
        room.subscribe(max_queue=3, overflow=Overflow.CLOSE) as slow,
        room.subscribe() as other,
    ):
        for number in range(5):
            await room.send(str(number))

        texts = [(await slow.wait_for(RoomMessage)).text for _ in range(3)]
        assert texts == ["0", "1", "2"]
        with pytest.raises(QueueOverflow) as overflow:
            await slow.next()
        assert overflow.value.room == room.id
        others = [(await other.wait_for(RoomMessage)).text for _ in range(5)]
        assert others == ["0", "1", "2", "3", "4"]


@story()
async def a_slow_reader_may_hold_everything_up(stage: Stage) -> None:
    """``block``: nothing is lost, and one's own commands are answered all the same."""
    name = stage.room()
    alice, bob = await stage.chat("alice"), await stage.chat("bob")
    room, speaker = await alice.join(name), await bob.join(name)
    with room.subscribe(max_queue=2, overflow=Overflow.BLOCK) as events:
        await speaker.send("first")
        assert (await events.wait_for(RoomMessage)).text == "first"
        for number in range(30):
            await speaker.send(str(number))

        texts = [(await events.wait_for(RoomMessage)).text for _ in range(30)]

    assert texts == [str(number) for number in range(30)]
    assert (await room.send("mine")).text == "mine"


@story()
async def a_stream_has_one_reader_and_ends_with_its_block(stage: Stage) -> None:
    """What comes after the block is not kept."""
    room = await (await stage.chat("alice")).join(stage.room())
    with room.subscribe() as events:
        await room.send("heard")
        assert (await events.wait_for(RoomMessage)).text == "heard"
    await room.send("not heard")

    with pytest.raises(ChatClosed):
        await events.next()


@story()
async def more_commands_than_the_bucket_holds_are_spread_out(stage: Stage) -> None:
    """MC1-LIMIT-06: they wait for the outbound limit, and each is answered."""
    options = Options(command_rate=50.0, command_burst=5)
    room = await (await stage.chat("alice", options=options)).join(stage.room())

    for number in range(15):
        assert (await room.send(str(number))).text == str(number)


@story("time")
async def the_bucket_takes_its_time(stage: Stage) -> None:
    """Two at once, then one a second: the join and ten messages take nine seconds."""
    options = Options(command_rate=1.0, command_burst=2)
    name = stage.room()
    begin = stage.now()
    room = await (await stage.chat("alice", options=options)).join(name)

    for _ in range(10):
        await room.send("x")

    assert 9.0 <= stage.now() - begin < 9.1


@story("script", "time")
async def a_server_that_limits_is_heeded(stage: Stage) -> None:
    """MC1-LIMIT-05: the refused one raises, and the next goes through after a pause."""
    room = await (await stage.chat("alice")).join(stage.room())
    stage.backstage.server.refuse_command("alice", "send", "RATE_LIMITED")

    with pytest.raises(RateLimited):
        await room.send("too fast")
    refused_at = stage.now()

    assert (await room.send("slower")).text == "slower"
    assert stage.now() - refused_at >= 1.0


@story("script")
async def refusals_name_what_was_refused(stage: Stage) -> None:
    """MC1-CLIENT-05, MC1-CLIENT-06: codes that v1 does not know are errors, too."""
    server = stage.backstage.server
    room = await (await stage.chat("alice")).join(stage.room())
    server.refuse_command("alice", "send", "SERVER_UNAVAILABLE")
    server.refuse_command("alice", "send", "SOMETHING_NEW")

    with pytest.raises(ServerUnavailable):
        await room.send("one")
    with pytest.raises(RoomError, match="SOMETHING_NEW") as refused:
        await room.send("two")

    assert type(refused.value) is RoomError
    assert (refused.value.command, refused.value.room) == ("send", room.id)
    assert (await room.send("three")).text == "three"


@story("script")
async def a_bare_error_belongs_to_the_oldest_command(stage: Stage) -> None:
    """MC1-CLIENT-05: and one that answers nothing is told to the chat."""
    server = stage.backstage.server
    alice = await stage.chat("alice")
    with alice.subscribe() as events:
        server.inject("alice", '{"error": "ROOM_INVALID"}')

        refused = await events.wait_for(Refused)
    assert refused.error.code == "ROOM_INVALID"


@story("script")
async def a_join_that_is_not_answered_can_be_repeated(stage: Stage) -> None:
    """``NoAnswer`` after ``answer_timeout``."""
    alice = await stage.chat("alice", options=Options(answer_timeout=0.5))
    name = stage.room()
    stage.backstage.server.ignore_command("alice", "join")

    with pytest.raises(NoAnswer) as silence:
        await alice.join(name)

    assert (silence.value.command, silence.value.room) == ("join", name)
    room = await alice.join(name)
    assert (await room.send("hi")).text == "hi"


@story("script")
async def types_of_later_versions_are_shown(stage: Stage) -> None:
    """MC1-TYPE-04: the connection goes on."""
    server = stage.backstage.server
    room = await (await stage.chat("alice")).join(stage.room())
    with room.subscribe() as events:
        server.announce(room.id, None, 42, "carol")

        assert await events.next() == UnknownMessage(room.id, "carol", None, 42)


@story("script")
async def hostile_frames_change_nothing(stage: Stage) -> None:
    """MC1-CLIENT-02, MC1-CLIENT-03: what breaks v1 is told, and nothing else happens."""
    server = stage.backstage.server
    alice = await stage.chat("alice")
    room = await alice.join(stage.room())
    with alice.subscribe() as events:
        for frame in HOSTILE_FRAMES:
            server.inject("alice", frame)
        server.say("bob", room.id, "and now")

        told = 0
        while not isinstance(event := await events.next(), RoomMessage):
            told += isinstance(event, BadFrame)
    assert told >= len(HOSTILE_FRAMES) - 3
    assert event.text == "and now"
    assert set(alice.rooms) == {room.id}
    assert (await room.send("well")).text == "well"
    assert len(server.handshakes) == 1


@story("script")
async def a_one_shot_wait_sees_what_comes_from_now_on(stage: Stage) -> None:
    """``wait_for`` takes a class or a function, and takes nothing from other streams."""
    server = stage.backstage.server
    alice = await stage.chat("alice")
    room = await alice.join(stage.room())
    server.say("bob", room.id, "before")
    server.delay(0.2)
    server.say("bob", room.id, "after")

    message = await room.wait_for(
        lambda event: isinstance(event, RoomMessage) and event.text == "after"
    )

    assert isinstance(message, RoomMessage)
    async for event in room:
        if isinstance(event, RoomMessage):
            assert event.text == "before"
            break
