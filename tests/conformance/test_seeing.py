"""What an actor makes of what comes: what fits, what does not, and what never comes."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from functools import partial
from typing import TypeAlias

import pytest
import trio
import trio.testing

from multichat_conformance.actors import Actor, Backdrop, RawActor
from multichat_conformance.actors.actor import Ended
from multichat_conformance.actors.wire import Opcode, close_payload
from multichat_conformance.findings import Violation
from multichat_conformance.patterns import Exit, Left, Stream
from multichat_conformance.secrets import Redactor
from multichat_conformance.target import Account, Room, Target
from multichat_conformance.timing import RoundTrips
from multichat_conformance.transcript import Transcript

Clock: TypeAlias = trio.testing.MockClock

PATIENCE = 5.0
"""Of a clock that jumps."""


class Dummy(Actor):
    """An actor without a connection."""

    async def send_text(self, text: str) -> None:
        raise NotImplementedError

    async def close(self, code: int = 1000, reason: str = "") -> None:
        raise NotImplementedError

    async def vanish(self) -> None:
        raise NotImplementedError


def backdrop() -> Backdrop:
    return Backdrop(
        target=Target(url="ws://127.0.0.1:1/", rooms=(Room("1"), Room("2"))),
        transcript=Transcript(Redactor(), lambda: 0.0),
        round_trips=RoundTrips(PATIENCE),
        clause="MC1-END-01",
        mark="mark",
        usernames={"alice", "bob"},
    )


@pytest.fixture
def bob() -> Dummy:
    return Dummy("bob", Account("bob"), backdrop())


def leave(room: str, username: str = "alice") -> str:
    return f'{{"room": "{room}", "message": null, "username": "{username}", "msg_type": 5}}'


def said(text: str) -> str:
    return f'{{"room": "1", "message": "{text}", "username": "alice", "msg_type": 0}}'


async def test_a_leave_of_each_room_in_any_order_is_what_is_asked_for(bob: Dummy) -> None:
    for room in ("2", "1"):
        bob.heard_text(leave(room))

    await bob.sees_leaving("alice", "1", "2")
    assert not bob.waiting()


@pytest.mark.parametrize(
    "heard",
    [
        [leave("1"), leave("1")],
        [leave("1"), leave("3")],
        [leave("1"), leave("2", "bob")],
        [leave("1").replace("5}", "4}"), leave("2")],
        [leave("2")],
        [],
    ],
)
async def test_anything_else_is_blamed(bob: Dummy, heard: list[str], autojump_clock: Clock) -> None:
    for text in heard:
        bob.heard_text(text)

    with pytest.raises(Violation) as caught:
        await bob.sees_leaving("alice", "1", "2", clause="MC1-END-01")
    assert caught.value.finding.clause == "MC1-END-01"
    assert autojump_clock.current_time() <= PATIENCE


async def test_what_may_come_is_taken_from_among_others(bob: Dummy, autojump_clock: Clock) -> None:
    for text in (leave("1", "bob"), leave("1"), leave("2")):
        bob.heard_text(text)

    assert await bob.comes(Exit("1", "alice"))
    assert [one.frame["room"] for one in bob.waiting()] == ["1", "2"]
    assert not await bob.comes(Exit("1", "alice"))
    assert autojump_clock.current_time() == PATIENCE


async def test_what_may_come_does_not_come_after_the_end(bob: Dummy) -> None:
    bob.heard_end(Ended(1000))

    assert not await bob.comes(Left("1"), within=1e9)


@pytest.mark.parametrize(("seconds", "comes"), [(PATIENCE + 0.9, True), (PATIENCE + 1.1, False)])
async def test_a_bound_is_kept_with_some_grace(
    bob: Dummy, nursery: trio.Nursery, autojump_clock: Clock, seconds: float, comes: bool
) -> None:
    async def later() -> None:
        await trio.sleep(seconds)
        bob.heard_text('{"leave": "1"}')

    nursery.start_soon(later)
    if comes:
        await bob.receives(Left("1"), within=1.0)
    else:
        with pytest.raises(Violation, match=r"waited 6\.0 s") as caught:
            await bob.receives(Left("1"), within=1.0)
        assert caught.value.finding.expected == '{"leave": "1"} within 1 s'
    assert autojump_clock.current_time() == min(seconds, PATIENCE + 1.0)


async def test_any_frame_is_taken_in_the_order_in_which_it_came(bob: Dummy) -> None:
    for text in (said("one"), leave("1"), '{"error": "ROOM_INVALID"}', said("two")):
        bob.heard_text(text)

    first = await bob.take_any("anything", Stream.MESSAGES, Stream.ANSWERS)
    second = await bob.take_any("anything", Stream.MESSAGES, Stream.ANSWERS)
    third = await bob.take_any("anything")
    assert (first.place, second.place, third.place) == (0, 2, 1)


async def test_the_end_is_an_answer_where_it_may_be_one(bob: Dummy) -> None:
    bob.heard_text(said("one"))
    bob.heard_end(Ended(1012, "stops"))

    frame = await bob.next_or_end("anything")
    ended = await bob.next_or_end("anything")
    assert not isinstance(frame, Ended)
    assert ended == Ended(1012, "stops")


async def test_nobody_now_keeps_the_name(bob: Dummy) -> None:
    bob.is_now_nobody()

    assert bob.account is None
    assert bob.username == "bob"


# An actor on a bare socket, and what its peer does.


@asynccontextmanager
async def raw(peer: Callable[[trio.SocketStream], Awaitable[None]]) -> AsyncIterator[RawActor]:
    """Yield an actor whose handshake is made, with a peer that does something."""
    async with trio.open_nursery() as nursery:
        listeners = await nursery.start(partial(trio.serve_tcp, peer, 0, host="127.0.0.1"))
        port = listeners[0].socket.getsockname()[1]
        actor = RawActor("alice", Account("alice"), backdrop())
        actor._stream = await trio.open_tcp_stream("127.0.0.1", port)
        nursery.start_soon(actor._listen, b"")
        try:
            yield actor
        finally:
            await actor.vanish()
        nursery.cancel_scope.cancel()


async def test_a_close_frame_and_the_end_of_the_stream_are_two_things() -> None:
    may_end = trio.Event()

    async def peer(stream: trio.SocketStream) -> None:
        payload = close_payload(1001, "bye")
        await stream.send_all(bytes([0x88, len(payload)]) + payload)
        await may_end.wait()

    async with raw(peer) as actor:
        assert await actor.is_closed(1001) == Ended(1001, "bye")
        assert not actor.stream_ended
        may_end.set()
        await actor.stream_ends()
        assert actor.stream_ended


async def test_its_own_close_frame_is_not_answered_twice() -> None:
    received = bytearray()
    is_over = trio.Event()

    async def peer(stream: trio.SocketStream) -> None:
        payload = close_payload(1000)
        received.extend(await stream.receive_some())
        await stream.send_all(bytes([0x88, len(payload)]) + payload)
        async for data in stream:
            received.extend(data)
        is_over.set()

    async with raw(peer) as actor:
        await actor.send_together((Opcode.TEXT, b"{}"), (Opcode.CLOSE, close_payload(1000)))
        await actor.is_closed(1000)
        await actor.vanish()
        await is_over.wait()

    # Two frames of two bytes, each with its head and its mask.
    assert len(received) == 16


@pytest.mark.parametrize(
    ("first", "flood"),
    [
        (b"", bytes([0x89, 0x00]) * 1000),
        (bytes([0x01, 0x00]), bytes([0x00, 0x00]) * 1000),
        (bytes([0x01, 0x00]), bytes([0x00, 0x7E, 0xFF, 0xFF]) + bytes(0xFFFF)),
    ],
    ids=["pings", "small parts", "large parts"],
)
async def test_a_flood_below_the_messages_has_an_end(first: bytes, flood: bytes) -> None:
    async def peer(stream: trio.SocketStream) -> None:
        with suppress(trio.BrokenResourceError):
            await stream.send_all(first)
            while True:
                await stream.send_all(flood)

    async with raw(peer) as actor:
        actor.answers_pings = False
        with pytest.raises(Violation, match=r"flood|does not end|more than"):
            await actor.is_closed()
