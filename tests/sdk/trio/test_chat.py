"""What a program on Trio sees of a chat, its rooms and their events."""

import itertools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
import trio
import trio.testing

from multichat_proto import (
    ChatClosed,
    Connected,
    Gap,
    MemberEntered,
    NotAMember,
    Options,
    Overflow,
    QueueOverflow,
    RoomInvalid,
    RoomJoined,
    RoomLost,
    RoomMessage,
)
from multichat_proto.chat import AsyncChat, AsyncEvents, AsyncRoom
from multichat_proto.events import ChatEvent, RoomEvent
from multichat_proto.messages import Room as RoomId
from multichat_proto.trio import Chat, Events, Room, connect
from tests.sdk.trio.rooms import Hall, said
from tests.sdk.trio.streams import URL, OverStreams
from tests.support.scripted import Peer

ONE, TWO = RoomId("1"), RoomId("2")


@asynccontextmanager
async def chatting(
    *rooms: int, options: Options | None = None, hall: Hall | None = None
) -> AsyncIterator[tuple[Chat, Peer]]:
    """Be in these rooms; yield the chat and the server's side of its connection."""
    async with trio.open_nursery() as nursery:
        connector = OverStreams(nursery, hall or Hall())
        async with connect(
            URL, rooms=rooms, username="alice", transport=connector, options=options
        ) as chat:
            yield chat, connector.peers[0]


async def test_it_is_what_a_program_for_both_libraries_asks_for() -> None:
    async with chatting(1) as (chat, _):
        as_chat: AsyncChat = chat
        as_room: AsyncRoom = chat.rooms[ONE]
        with chat.subscribe() as events:
            as_events: AsyncEvents[ChatEvent] = events

            assert as_chat.rooms[ONE] is as_room
            assert as_events is events


async def test_a_room_is_one_object_while_one_is_in() -> None:
    async with chatting(1) as (chat, _):
        first = chat.rooms[ONE]
        assert await chat.join("1") is first
        assert (first.id, first.title, first.is_joined, first.chat) == ("1", "room 1", True, chat)
        await first.leave()
        assert not first.is_joined
        second = await chat.join(1)

        assert second is not first
        assert chat.rooms[ONE] is second


async def test_rooms_is_a_live_view() -> None:
    async with chatting(1) as (chat, peer):
        rooms = chat.rooms
        assert list(rooms) == ["1"]
        with chat.subscribe() as events:
            await peer.say({"join": "2", "title": "unasked"})
            joined = await events.wait_for(RoomJoined)
        assert not joined.asked
        assert [rooms[TWO].title, len(rooms)] == ["unasked", 2]
        for number in range(3, 40):
            await (await chat.join(number)).leave()
        assert list(rooms) == ["1", "2"]
        with pytest.raises(KeyError):
            rooms[RoomId("3")]

        assert len(chat._known._known) < 5, "it remembers rooms for ever"


async def test_members_and_who_said_what() -> None:
    async with chatting(1) as (chat, peer):
        room = chat.rooms[ONE]
        await peer.say(said("1", None, username="bob", msg_type=4), said("1", "hi", username="bob"))
        own = await room.send("hello")
        events = [await room.__aiter__().next() for _ in range(3)]

        assert events == [
            MemberEntered(ONE, "bob"),
            RoomMessage(ONE, "bob", "hi"),
            RoomMessage(ONE, "alice", "hello", 0, is_own=True),
        ]
        assert events[-1] is own
        assert room.members == {"alice", "bob"}


async def test_a_refused_join() -> None:
    class Refusing(Hall):
        async def answer(self, peer: Peer, command: dict[str, object]) -> None:
            self.commands.append(str(command))
            await peer.say({"error": "ROOM_INVALID"})

    async with chatting(hall=Refusing()) as (chat, _):
        with pytest.raises(RoomInvalid) as caught:
            await chat.join(1)
        assert list(chat.rooms) == []

    assert (caught.value.command, caught.value.room) == ("join", "1")


async def test_being_put_out_ends_the_rooms_stream() -> None:
    async with chatting(1) as (chat, peer):
        room = chat.rooms[ONE]
        await peer.say(said("1", "last", username="bob"), {"leave": "1"})

        assert [event async for event in room] == [RoomMessage(ONE, "bob", "last"), RoomLost(ONE)]
        with pytest.raises(NotAMember):
            await room.send("x")
        with pytest.raises(ChatClosed):
            await room.wait_for(RoomMessage)
        with room.subscribe() as events:
            assert [event async for event in events] == []


async def test_sends_of_many_tasks_all_come_through() -> None:
    hall = Hall()
    async with (
        chatting(1, hall=hall, options=Options(command_rate=0)) as (chat, _),
        trio.open_nursery() as nursery,
    ):
        for number in range(50):
            nursery.start_soon(chat.rooms[ONE].send, f"message {number}")

    assert sorted(hall.commands) == sorted(["join 1", *(f"send 1 message {n}" for n in range(50))])


# -- Streams.


async def test_a_stream_of_ones_own_begins_when_it_is_asked_for_and_ends_with_its_block() -> None:
    async with chatting(1) as (chat, _):
        room = chat.rooms[ONE]
        await room.send("before")
        with room.subscribe() as events:
            await room.send("within")
            assert (await events.wait_for(RoomMessage)).text == "within"
        await room.send("after")

        with pytest.raises(ChatClosed):
            await events.next()
        texts = [(await room.__aiter__().wait_for(RoomMessage)).text for _ in range(3)]
        assert texts == ["before", "within", "after"]


async def test_waiting_takes_nothing_from_anybody() -> None:
    async with chatting(1) as (chat, peer):
        room = chat.rooms[ONE]
        got: list[RoomEvent | ChatEvent] = []

        async def wait() -> None:
            got.append(await room.wait_for(lambda e: isinstance(e, RoomMessage) and e.text == "b"))

        async def wait_for_class() -> None:
            got.append(await chat.wait_for(RoomMessage))

        async with trio.open_nursery() as nursery:
            nursery.start_soon(wait)
            nursery.start_soon(wait_for_class)
            await trio.testing.wait_all_tasks_blocked()
            await peer.say(said("1", "a"), said("1", "b"))

        assert sorted(e.text for e in got if isinstance(e, RoomMessage)) == ["a", "b"]
        assert (await room.__aiter__().wait_for(RoomMessage)).text == "a"


async def test_the_fault_of_a_function_that_is_asked_is_its_callers() -> None:
    async with chatting(1) as (chat, peer):
        room = chat.rooms[ONE]

        async def wait() -> None:
            with pytest.raises(ZeroDivisionError):
                await room.wait_for(lambda _: bool(1 // 0))

        async with trio.open_nursery() as nursery:
            nursery.start_soon(wait)
            await trio.testing.wait_all_tasks_blocked()
            await peer.say(said("1", "a"))

        assert (await room.send("still here")).text == "still here"


async def test_one_reader_at_a_time() -> None:
    async with chatting(1) as (chat, peer):
        room = chat.rooms[ONE]
        async with trio.open_nursery() as nursery:
            nursery.start_soon(room.__aiter__().next)
            await trio.testing.wait_all_tasks_blocked()
            with pytest.raises(ChatClosed, match="somebody else reads this stream"):
                await room.__aiter__().next()
            await peer.say(said("1", "for the first"))
        await room.send("for the next")

        assert (await room.__aiter__().wait_for(RoomMessage)).text == "for the next"


async def test_iterating_can_be_broken_off_and_taken_up_again() -> None:
    async with chatting(1) as (chat, peer):
        await peer.say(*(said("1", str(number)) for number in range(3)))
        texts: list[str] = []
        for _ in range(3):
            async for event in chat.rooms[ONE]:
                assert isinstance(event, RoomMessage)
                texts.append(event.text)
                break

        assert texts == ["0", "1", "2"]


async def test_a_stream_that_is_never_empty_lets_others_have_their_turn() -> None:
    turns: list[int] = []
    taken = 0
    async with chatting(1) as (chat, peer):
        room = chat.rooms[ONE]
        await peer.say(*(said("1", str(number)) for number in range(1000)))
        await trio.testing.wait_all_tasks_blocked()

        async def note_turns() -> None:
            while taken < 1000:
                turns.append(taken)
                await trio.lowlevel.checkpoint()

        async with trio.open_nursery() as nursery:
            nursery.start_soon(note_turns)
            async for _ in room:
                taken += 1
                if taken == 1000:
                    break

    # Trio shuffles who is next: two turns may come before one of the other's.
    assert max(after - before for before, after in itertools.pairwise(turns)) <= 128


@pytest.mark.parametrize(
    ("overflow", "kept"),
    [
        (Overflow.DROP_OLDEST, [Gap(ONE, 6), "6", "7", "8", "9"]),
        (Overflow.CLOSE, ["0", "1", "2", "3", QueueOverflow]),
    ],
    ids=["drop-oldest", "close"],
)
async def test_a_reader_that_is_too_slow(overflow: Overflow, kept: list[object]) -> None:
    async with chatting(1) as (chat, peer):
        with chat.rooms[ONE].subscribe(max_queue=4, overflow=overflow) as events:
            await peer.say(*(said("1", str(number)) for number in range(10)))
            await trio.testing.wait_all_tasks_blocked()
            found: list[object] = []
            while len(found) < 5:
                try:
                    event = await events.next()
                except QueueOverflow as exc:
                    found.append(type(exc))
                else:
                    found.append(event.text if isinstance(event, RoomMessage) else event)

    assert found == kept


async def test_a_reader_that_blocks_is_felt_by_the_server_and_gets_all() -> None:
    """Nothing is read while its stream is full; a call of the reader's own goes on."""
    async with chatting(1) as (chat, peer):
        room = chat.rooms[ONE]
        with room.subscribe(max_queue=4, overflow=Overflow.BLOCK) as events:
            await peer.say(said("1", "first", username="bob"))
            await events.next()  # it is read from now on
            for number in range(100):
                await peer.say(said("1", str(number), username="bob"))
            await trio.testing.wait_all_tasks_blocked()
            transport_has_read = len(events._queue)
            texts: list[str] = []
            while len(texts) < 100:
                event = await events.wait_for(RoomMessage)
                if not event.is_own:
                    texts.append(event.text)
            assert (await room.send("goes on")).text == "goes on"

    assert transport_has_read <= 5
    assert texts == [str(number) for number in range(100)]


async def test_a_goodbye_while_nothing_is_read() -> None:
    async with chatting(1) as (chat, peer):
        with chat.rooms[ONE].subscribe(max_queue=1, overflow=Overflow.BLOCK) as events:
            await peer.say(said("1", "first"))
            await events.next()
            await peer.say(said("1", "second"), said("1", "third"))
            await trio.testing.wait_all_tasks_blocked()

    assert peer.protocol.close_rcvd is not None


async def test_two_chats_say_who_they_are() -> None:
    async with chatting(1) as (chat, _), chatting() as (other, _):
        assert repr(chat) == f"<Chat at {URL}, connected>"
        assert repr(chat.rooms[ONE]) == f"<Room 1 at {URL}>"
        assert isinstance(chat.rooms[ONE], Room)
        assert isinstance(aiter(chat), Events)
        assert chat.username == other.username == "alice"
        assert str(chat.address) == URL
        assert await aiter(other).next() == Connected()
