"""Rows about connections: how they end, and what a session makes of that."""

from __future__ import annotations

import dataclasses

import pytest

from multichat_proto.events import (
    ConnectFailed,
    Disconnected,
    Reconnected,
    RoomLost,
    RoomMessage,
    RoomRejoined,
)
from multichat_proto.exceptions import (
    ConnectionClosed,
    ConnectionFailed,
    DeliveryUnknown,
    NotSent,
    RemoteProtocolError,
    RoomAccessDenied,
)
from multichat_proto.options import Backoff, Options
from multichat_proto.session import SessionState
from tests.sdk.behaviour.stage import QUICK, Chat, Stage, story


async def _in_a_room(stage: Stage, **arguments: object) -> tuple[Chat, str]:
    name = stage.room()
    return await stage.chat("alice", rooms=[name], **arguments), name


@story("cut")
async def a_cut_connection_is_made_anew(stage: Stage) -> None:
    """MC1-CLIENT-10: its rooms are joined again, and what was missed is stated."""
    alice, name = await _in_a_room(stage)
    room = await alice.join(name)
    with alice.subscribe() as events, room.subscribe() as of_room:
        stage.backstage.cut("alice")

        lost = await events.next()
        assert isinstance(lost, Disconnected)
        assert isinstance(lost.error, ConnectionClosed)
        assert lost.error.code == 1006
        assert lost.retry_in is not None
        rejoined = await events.wait_for(RoomRejoined)
        back = await events.next()
        assert isinstance(back, Reconnected)
        (gap,) = back.gaps
        assert (gap.room, gap.since, gap.until) == (
            rejoined.room,
            rejoined.since,
            rejoined.until,
        )
        assert gap.since <= gap.until
        assert await of_room.next() == rejoined
    assert room.is_joined
    assert alice.state is SessionState.CONNECTED
    assert (await room.send("I am back")).text == "I am back"


@story("restart")
async def a_restart_is_survived(stage: Stage) -> None:
    """MC1-CLOSE-05, MC1-CLOSE-08: 1012 is answered by connecting again."""
    alice, name = await _in_a_room(stage)
    with alice.subscribe() as events:
        stage.backstage.restart()

        lost = await events.next()
        assert isinstance(lost, Disconnected)
        assert isinstance(lost.error, ConnectionClosed)
        assert lost.error.code == 1012
        back = await events.wait_for(Reconnected)
        assert [gap.room for gap in back.gaps] == [name]


@story("cut", "down")
async def a_server_that_is_away_is_tried_again(stage: Stage) -> None:
    """Each failed attempt is told; what is sent meanwhile waits and goes out once."""
    alice, name = await _in_a_room(stage)
    bob = await stage.chat("bob", rooms=[name])
    room = await alice.join(name)
    with alice.subscribe() as events, bob.subscribe() as heard:
        stage.backstage.down("alice")
        stage.backstage.cut("alice")
        await events.wait_for(ConnectFailed)
        second = await events.wait_for(ConnectFailed)
        assert isinstance(second.error, ConnectionFailed)
        assert second.attempt >= 2
        assert second.retry_in is not None
        assert not room.is_joined
        stage.backstage.up("alice")

        await room.send("from before")

        assert (await events.wait_for(Reconnected)).attempts > 2
        assert (await heard.wait_for(RoomMessage)).text == "from before"


@story("cut", "down")
async def what_waits_too_long_is_not_sent(stage: Stage) -> None:
    """``NotSent`` is safe to repeat: nothing was handed over."""
    options = Options(send_timeout=0.3, backoff=Backoff(first=0.1, cap=0.2))
    alice, name = await _in_a_room(stage, options=options)
    room = await alice.join(name)
    with alice.subscribe() as events:
        stage.backstage.down("alice")
        stage.backstage.cut("alice")
        await events.wait_for(Disconnected)

        with pytest.raises(NotSent):
            await room.send("hi")

        stage.backstage.up("alice")
        await events.wait_for(Reconnected)
        assert (await room.send("now")).text == "now"


@story("half_open")
async def a_message_without_an_echo_may_be_delivered_or_not(stage: Stage) -> None:
    """It was handed over, and nobody knows: it is never sent again by itself."""
    options = Options(answer_timeout=0.5, backoff=Backoff(first=0.1))
    alice, name = await _in_a_room(stage, options=options)
    room = await alice.join(name)
    stage.backstage.half_open("alice")

    with pytest.raises(DeliveryUnknown) as unknown:
        await room.send("anybody?")

    assert (unknown.value.room, unknown.value.text) == (name, "anybody?")


@story("script")
async def a_message_may_be_delivered_though_the_connection_is_lost(stage: Stage) -> None:
    """Section 6.4: the others have it, the sender cannot know."""
    alice, name = await _in_a_room(stage)
    bob = await stage.chat("bob", rooms=[name])
    room = await alice.join(name)
    with alice.subscribe() as events, bob.subscribe() as heard:
        stage.backstage.server.cut("alice", after_next_command=True)

        with pytest.raises(DeliveryUnknown):
            await room.send("once")

        await events.wait_for(Reconnected)
        await room.send("twice")
        texts = [(await heard.wait_for(RoomMessage)).text for _ in range(2)]
    assert texts == ["once", "twice"]
    assert stage.backstage.server.said(name) == [("alice", "once"), ("alice", "twice")]


@story("script")
async def a_torn_frame_is_not_sent_again(stage: Stage) -> None:
    """It was handed over, and the client cannot know that it did not arrive."""
    alice, name = await _in_a_room(stage)
    room = await alice.join(name)
    with alice.subscribe() as events:
        stage.backstage.server.tear("alice")

        with pytest.raises(DeliveryUnknown):
            await room.send("torn")

        await events.wait_for(Reconnected)
    assert stage.backstage.server.said(name) == []


@story("half_open")
async def a_silent_connection_is_given_up(stage: Stage) -> None:
    """A ping that nothing answers ends it, and a new one is made."""
    options = Options(ping_interval=0.3, ping_timeout=0.3, backoff=Backoff(first=0.1))
    alice, name = await _in_a_room(stage, options=options)
    with alice.subscribe() as events:
        stage.backstage.half_open("alice")

        lost = await events.wait_for(Disconnected)
        assert isinstance(lost.error, ConnectionClosed)
        assert lost.error.code == 1006
        await events.wait_for(Reconnected)
    assert (await (await alice.join(name)).send("hi")).text == "hi"


@story("time")
async def an_idle_connection_is_kept(stage: Stage) -> None:
    """Pings are answered, hour after hour."""
    alice, name = await _in_a_room(stage)
    server = stage.backstage.server
    server.delay(300.0)
    server.say("bob", name, "late")

    message = await alice.wait_for(RoomMessage)

    assert message.text == "late"
    assert len(server.handshakes) == 1


@story("time")
async def reconnect_now_does_not_wait(stage: Stage) -> None:
    """A wait of half a minute is cut short, and the next ones are short again."""
    options = Options(backoff=Backoff(first=30.0, cap=30.0))
    alice, _ = await _in_a_room(stage, options=options, random=lambda: 0.999)
    with alice.subscribe() as events:
        stage.backstage.cut("alice")
        lost = await events.wait_for(Disconnected)
        assert lost.retry_in is not None
        assert lost.retry_in > 29
        assert alice.state is SessionState.WAITING

        alice.reconnect_now()

        back = await events.wait_for(Reconnected)
        assert back.gaps[0].until - back.gaps[0].since < 5


@story("cut", "staff_room", "down")
async def a_room_that_is_refused_at_the_return_is_lost(stage: Stage) -> None:
    """The others are joined again; the lost one's stream ends with the reason."""
    name, other = stage.room(), stage.room()
    alice = await stage.chat("alice", rooms=[name, other])
    room = await alice.join(name)
    with alice.subscribe() as events, room.subscribe() as of_room:
        stage.backstage.down("alice")
        stage.backstage.cut("alice")
        await events.wait_for(Disconnected)
        stage.backstage.make_staff_room(name)
        stage.backstage.up("alice")

        lost = await events.wait_for(RoomLost)
        assert lost.room == name
        assert isinstance(lost.error, RoomAccessDenied)
        back = await events.wait_for(Reconnected)
        assert [gap.room for gap in back.gaps] == [other]
        assert await of_room.wait_for(RoomLost) == lost
    assert set(alice.rooms) == {other}


@story("script")
async def a_rejoin_that_is_refused_for_now_is_tried_again(stage: Stage) -> None:
    """MC1-ERR-09: ``SERVER_UNAVAILABLE`` passes."""
    alice, name = await _in_a_room(stage)
    server = stage.backstage.server
    with alice.subscribe() as events:
        server.refuse_command("alice", "join", "SERVER_UNAVAILABLE", times=3)
        server.restart()

        back = await events.wait_for(Reconnected)
        assert [gap.room for gap in back.gaps] == [name]


@story()
async def a_frame_that_is_too_long_ends_the_connection(stage: Stage) -> None:
    """It is not read, let alone kept; the session says so and comes back."""
    name = stage.room()
    options = dataclasses.replace(QUICK, max_frame_bytes=2_000)
    alice = await stage.chat("alice", rooms=[name], options=options)
    bob = await stage.chat("bob", rooms=[name])
    with alice.subscribe() as events:
        await (await bob.join(name)).send("x" * 3_000)

        lost = await events.wait_for(Disconnected)

    assert isinstance(lost.error, RemoteProtocolError)


@story("script")
async def close_codes_are_obeyed(stage: Stage) -> None:
    """MC1-CLOSE-08: the table says which codes are worth coming back for."""
    server = stage.backstage.server
    for code, comes_back in [
        *((1000, False), (1002, False), (1007, False), (1009, False)),
        *((1001, True), (1011, True), (1012, True), (1013, True), (4321, True)),
    ]:
        async with stage.leaving("alice") as alice:
            with alice.subscribe() as events:
                server.close("alice", code, "a reason")
                lost = await events.wait_for(Disconnected)
                assert isinstance(lost.error, ConnectionClosed)
                assert (lost.error.code, lost.error.reason) == (code, "a reason")
                assert (lost.retry_in is not None) is comes_back, code
                if comes_back:
                    await events.wait_for(Reconnected)
                else:
                    with pytest.raises(ConnectionClosed):
                        await events.next()


@story("cut")
async def without_reconnect_the_first_loss_ends_the_chat(stage: Stage) -> None:
    """The error is that of the loss."""
    alice, _ = await _in_a_room(stage, options=Options(reconnect=False))
    with alice.subscribe() as events:
        stage.backstage.cut("alice")
        await events.wait_for(Disconnected)

        with pytest.raises(ConnectionClosed) as closed:
            await events.next()

    assert closed.value.code == 1006


@story()
async def leaving_the_block_ends_membership(stage: Stage) -> None:
    """The goodbye is a close frame; the streams end in order."""
    name = stage.room()
    async with stage.leaving("alice", options=QUICK) as alice:
        room = await alice.join(name)
        await room.send("bye")
    assert alice.state is SessionState.CLOSED
    async for _ in alice:
        pass
    async for _ in room:
        pass
