"""Rows about rooms: joining, talking, leaving, being put out."""

from __future__ import annotations

import pytest

from multichat_proto.events import (
    MemberEntered,
    MemberLeft,
    RoomJoined,
    RoomLeft,
    RoomLost,
    RoomMessage,
)
from multichat_proto.exceptions import (
    ChatClosed,
    LocalProtocolError,
    MessageTooLong,
    NotAMember,
    RoomAccessDenied,
    RoomInvalid,
)
from multichat_proto.messages import MsgType
from multichat_proto.session import SessionState
from tests.sdk.behaviour.stage import Stage, story


@story()
async def a_message_comes_back_and_to_everybody(stage: Stage) -> None:
    """MC1-JOIN-02, MC1-SEND-01: ``send`` returns one's own message."""
    name = stage.room("Café <b>")
    alice, bob = await stage.chat("alice"), await stage.chat("bob")
    room = await alice.join(name)
    heard = await bob.join(name)

    with heard.subscribe() as events:
        echo = await room.send("hi")

        assert echo == RoomMessage(room.id, "alice", "hi", 0, is_own=True)
        message = await events.wait_for(RoomMessage)
        assert message == RoomMessage(room.id, "alice", "hi", 0, is_own=False)
    assert (room.id, room.title, room.is_joined) == (name, "Café <b>", True)
    assert (alice.username, alice.state) == ("alice", SessionState.CONNECTED)
    assert set(alice.rooms) == {name}


@story()
async def texts_are_passed_on_unchanged(stage: Stage) -> None:
    """MC1-SEND-04: nothing is trimmed, escaped or normalised."""
    room = await (await stage.chat("alice")).join(stage.room())

    for text in (
        "",
        "  ",
        "\x00",
        "<b>&amp;",
        "é",
        "e\u0301",
        "\U0001f600",
        "\u202e",
        '"\\',
        "1\n2",
    ):
        assert (await room.send(text)).text == text


@story()
async def a_room_keeps_its_order(stage: Stage) -> None:
    """MC1-ORDER-03: and its own stream has kept everything since the join."""
    name = stage.room()
    alice, bob = await stage.chat("alice"), await stage.chat("bob")
    room, heard = await alice.join(name), await bob.join(name)

    for number in range(20):
        await room.send(str(number))

    texts: list[str] = []
    async for event in heard:
        if isinstance(event, RoomMessage):
            texts.append(event.text)
        if len(texts) == 20:
            break
    assert texts == [str(number) for number in range(20)]


@story()
async def rooms_wanted_from_the_start_are_joined(stage: Stage) -> None:
    """The block is entered when all of them are."""
    first, second = stage.room("first"), stage.room("second")

    alice = await stage.chat("alice", rooms=[first, int(second)])

    assert {room.id: room.title for room in alice.rooms.values()} == {
        first: "first",
        second: "second",
    }
    assert all(room.is_joined for room in alice.rooms.values())


@story()
async def a_second_join_gives_the_same_room(stage: Stage) -> None:
    """MC1-JOIN-06; a number and its string are one room (MC1-ROOM-02)."""
    alice = await stage.chat("alice")
    name = stage.room()

    room = await alice.join(name)

    assert await alice.join(int(name)) == room
    await room.leave()
    again = await alice.join(name)
    assert again != room
    await again.send("hi")


@story()
async def a_join_of_no_room_is_refused(stage: Stage) -> None:
    """MC1-ROOM-06: the error says which command and which room."""
    alice = await stage.chat("alice")

    with pytest.raises(RoomInvalid) as refused:
        await alice.join(987_654_321)

    assert (refused.value.command, refused.value.room) == ("join", "987654321")
    assert not alice.rooms
    with pytest.raises(LocalProtocolError):
        await alice.join("01")
    await alice.join(stage.room())


@story("staff_room")
async def a_join_of_a_staff_room_is_refused(stage: Stage) -> None:
    """MC1-ROOM-07; a wanted one does not keep the block from being entered."""
    name, other = stage.room(), stage.room()
    stage.backstage.make_staff_room(name)
    alice = await stage.chat("alice", rooms=[name, other])

    async for event in alice:
        if isinstance(event, RoomLost):
            assert isinstance(event.error, RoomAccessDenied)
            assert event.room == name
            break
    assert set(alice.rooms) == {other}
    with pytest.raises(RoomAccessDenied):
        await alice.join(name)


@story()
async def after_a_leave_nothing_comes_and_nothing_goes(stage: Stage) -> None:
    """MC1-LEAVE-02, MC1-JOIN-01: the room's stream ends in order."""
    alice = await stage.chat("alice")
    room = await alice.join(stage.room())
    with alice.subscribe() as events:
        await room.leave()

        assert await events.wait_for(RoomLeft) == RoomLeft(room.id)
    assert not alice.rooms
    assert not room.is_joined
    with pytest.raises(NotAMember):
        await room.send("hi")
    async for _ in room:
        pass  # what was kept, such as one's own LEAVE
    with room.subscribe() as over, pytest.raises(ChatClosed):
        await over.next()
    await room.leave()


@story()
async def members_come_and_go(stage: Stage) -> None:
    """MC1-ANN-01, MC1-ANN-03: their names are kept as long as one is in."""
    name = stage.room()
    alice, bob = await stage.chat("alice"), await stage.chat("bob")
    room = await alice.join(name)
    with room.subscribe() as events:
        heard = await bob.join(name)
        assert await events.wait_for(MemberEntered) == MemberEntered(room.id, "bob")
        assert room.members == {"alice", "bob"}

        await heard.leave()

        assert await events.wait_for(MemberLeft) == MemberLeft(room.id, "bob")
    assert room.members == {"alice"}


@story()
async def the_chat_has_everything_of_all_rooms(stage: Stage) -> None:
    """A stream of the chat has what streams of rooms have, and joins."""
    alice = await stage.chat("alice")
    with alice.subscribe() as events:
        for title in ("one", "two"):
            name = stage.room(title)
            room = await alice.join(name)
            assert await events.wait_for(RoomJoined) == RoomJoined(room.id, title, asked=True)
            await room.send(title)
            assert (await events.wait_for(RoomMessage)).room == name


@story("announce")
async def the_operator_says_something(stage: Stage) -> None:
    """MC1-TYPE-03: types 1 to 3 are messages, too, and nobody's own."""
    room = await (await stage.chat("alice")).join(stage.room())
    with room.subscribe() as events:
        stage.backstage.announce(room.id, "soon", MsgType.ALERT)

        message = await events.wait_for(RoomMessage)

    assert (message.kind, message.text, message.is_own) == (MsgType.ALERT, "soon", False)


@story()
async def a_long_message_comes_back(stage: Stage) -> None:
    """MC1-LIMIT-04: every server takes 4,096 code points, however they are escaped."""
    room = await (await stage.chat("alice")).join(stage.room())

    assert (await room.send("\U0001f600" * 4_096)).text == "\U0001f600" * 4_096


@story("limits")
async def a_message_that_is_too_long_is_refused(stage: Stage) -> None:
    """MC1-LIMIT-03: nothing else happens."""
    room = await (await stage.chat("alice")).join(stage.room())

    with pytest.raises(MessageTooLong) as refused:
        await room.send("x" * 65_537)

    assert (refused.value.command, refused.value.room) == ("send", room.id)
    assert (await room.send("short")).text == "short"


@story("put_out", "staff_room")
async def a_member_is_put_out(stage: Stage) -> None:
    """MC1-REVOKE-01: the room is lost, its stream ends, the connection goes on."""
    name, other = stage.room(), stage.room()
    alice = await stage.chat("alice", rooms=[name, other])
    room = alice.rooms[next(iter(alice.rooms))]
    room = await alice.join(name)
    with alice.subscribe() as events, room.subscribe() as of_room:
        stage.backstage.make_staff_room(name)

        assert await events.wait_for(RoomLost) == RoomLost(room.id, None)
        assert await of_room.wait_for(RoomLost) == RoomLost(room.id, None)
        with pytest.raises(ChatClosed):
            await of_room.next()
    with pytest.raises(NotAMember):
        await room.send("hi")
    assert set(alice.rooms) == {other}
    await (await alice.join(other)).send("still here")


@story("script")
async def a_room_that_the_server_joins_is_a_room(stage: Stage) -> None:
    """MC1-MEMB-04: a *joined* frame that nobody asked for makes one a member."""
    alice = await stage.chat("alice")
    with alice.subscribe() as events:
        stage.backstage.server.inject("alice", '{"join": "77", "title": "by force"}')
        joined = await events.wait_for(RoomJoined)

        assert (joined.title, joined.asked) == ("by force", False)
        assert alice.rooms[joined.room].is_joined

        stage.backstage.server.inject("alice", '{"leave": "77"}')
        assert await events.wait_for(RoomLost) == RoomLost(joined.room, None)
    assert not alice.rooms
