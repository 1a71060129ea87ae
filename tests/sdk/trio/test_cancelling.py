"""What a cancelled call leaves behind, wherever it is cut."""

from collections.abc import Awaitable, Callable

import pytest
import trio
import trio.testing

from multichat_proto import (
    ChatEvent,
    RoomEvent,
    RoomLeft,
    RoomMessage,
    Unconfirmed,
)
from multichat_proto.trio import Chat, Events, connect
from tests.sdk.trio.rooms import Hall, said
from tests.sdk.trio.streams import URL, CancelAtStep, OverStreams
from tests.support.scripted import Peer


class Cut:
    """
    What came of one call that was cut after so many steps.

    Attributes:
        hall: The server.
        events: What the chat's stream had, from the call on.
        returned: Whether the call came to its end.
        was_too_late: Whether it did so before it was to be cut.
        rooms: The rooms afterwards.

    """

    def __init__(self) -> None:
        self.hall = Hall()
        self.events: list[ChatEvent] = []
        self.returned = False
        self.was_too_late = False
        self.rooms: list[str] = []

    def count(self, kind: type) -> int:
        return sum(isinstance(event, kind) for event in self.events)


async def cut(call: Callable[[Chat], Awaitable[object]], steps: int, *rooms: int) -> Cut:
    """Be in these rooms, make a call, cut it, and see that the chat goes on as ever."""
    found = Cut()
    async with trio.open_nursery() as nursery:
        connector = OverStreams(nursery, found.hall, piece=16)
        async with connect(URL, rooms=rooms, username="alice", transport=connector) as chat:
            fence = await chat.join(99)
            with chat.subscribe() as events:
                scope = trio.CancelScope()
                cutter = CancelAtStep(scope, steps)
                if steps == 0:
                    scope.cancel()
                with cutter, scope:
                    await call(chat)
                    found.returned = True
                found.was_too_late = cutter.left > 0
                await trio.testing.wait_all_tasks_blocked()
                echo = await fence.send("last")
                found.events = await taken(events, echo)
            assert len(connector.requests) == 1
            found.rooms = [room for room in chat.rooms if room != "99"]
    return found


async def taken(events: Events[ChatEvent], last: ChatEvent) -> list[ChatEvent]:
    found: list[ChatEvent] = []
    while (event := await events.next()) is not last:
        found.append(event)
    return found


async def every_cut(call: Callable[[Chat], Awaitable[object]], *rooms: int) -> list[Cut]:
    """Cut before the call, after its first step, after its second, …, until it was too late."""
    cuts: list[Cut] = []
    for steps in range(200):
        cuts.append(await cut(call, steps, *rooms))
        if cuts[-1].was_too_late:
            return cuts
    pytest.fail("it never came to its end")


async def test_send() -> None:
    """It was never sent; or it was, and the caller has its echo, or the chat an Unconfirmed."""
    cuts = await every_cut(lambda chat: chat.rooms["1"].send("hello"), 1)

    for each in cuts:
        sent = each.hall.commands.count("send 1 hello")
        assert sent <= 1
        assert each.count(Unconfirmed) == (sent if not each.returned else 0)
        assert each.count(RoomMessage) == sent
        assert each.rooms == ["1"]
    outcomes = {(each.hall.commands.count("send 1 hello"), each.returned) for each in cuts}
    assert outcomes == {(0, False), (1, False), (1, True)}


async def test_join() -> None:
    """The room is as it was before: not wanted, and left again if one was let in."""
    cuts = await every_cut(lambda chat: chat.join(2), 1)

    for each in cuts:
        if each.returned:
            assert each.rooms == ["1", "2"]
            assert "leave 2" not in each.hall.commands
        else:
            assert each.rooms == ["1"]
            assert each.hall.commands.count("join 2") == each.hall.commands.count("leave 2")
    outcomes = {("join 2" in each.hall.commands, each.returned) for each in cuts}
    assert outcomes == {(False, False), (True, False), (True, True)}


async def test_join_of_a_room_one_is_in() -> None:
    cuts = await every_cut(lambda chat: chat.join(1), 1)

    for each in cuts:
        assert each.rooms == ["1"]
        assert each.hall.commands.count("join 1") == 1
    assert {each.returned for each in cuts} == {False, True}


async def test_leave() -> None:
    """Before it has begun, nothing happens; after that it goes on by itself."""
    cuts = await every_cut(lambda chat: chat.rooms["1"].leave(), 1)

    for each in cuts:
        has_left = "leave 1" in each.hall.commands
        assert each.rooms == ([] if has_left else ["1"])
        assert each.count(RoomLeft) == has_left
        assert has_left or not each.returned
    outcomes = {("leave 1" in each.hall.commands, each.returned) for each in cuts}
    assert outcomes == {(False, False), (True, False), (True, True)}


async def test_two_calls_of_which_one_is_cancelled() -> None:
    """Somebody else waits for the same room: it stays wanted."""
    hall = Hall()
    may_answer = trio.Event()

    async def script(peer: Peer) -> None:
        while (command := await peer.command()) is not None:
            await may_answer.wait()
            await hall.answer(peer, command)

    async with trio.open_nursery() as nursery:
        connector = OverStreams(nursery, script)
        async with connect(URL, transport=connector) as chat:
            joined: list[str] = []
            scope = trio.CancelScope()

            async def join(with_scope: trio.CancelScope) -> None:
                with with_scope:
                    joined.append((await chat.join(1)).id)

            async with trio.open_nursery() as two:
                two.start_soon(join, scope)
                two.start_soon(join, trio.CancelScope())
                await trio.testing.wait_all_tasks_blocked()
                scope.cancel()
                await trio.testing.wait_all_tasks_blocked()
                may_answer.set()

            assert joined == ["1"]
            assert chat.rooms["1"].is_joined
    assert hall.commands == ["join 1"]


@pytest.mark.parametrize("way", ["iterating", "next", "wait_for"])
async def test_reading_loses_nothing(way: str) -> None:
    """Cut at every step while events come: each is read once, in order."""
    for steps in range(40):
        hall = Hall()
        async with trio.open_nursery() as nursery:
            connector = OverStreams(nursery, hall, piece=16)
            async with connect(URL, rooms=[1], transport=connector) as chat:
                (peer,) = connector.peers
                room = chat.rooms["1"]
                seen: list[str] = []

                async def speak(peer: Peer = peer) -> None:
                    for number in range(4):
                        await peer.say(said("1", str(number), username="bob"))

                scope = trio.CancelScope()
                with CancelAtStep(scope, steps + 1), scope:
                    nursery.start_soon(speak)
                    while len(seen) < 4:
                        seen.append(await text_of_next(room.__aiter__(), way))
                while len(seen) < 4:
                    seen.append(await text_of_next(room.__aiter__(), way))

        assert seen == ["0", "1", "2", "3"]


async def text_of_next(events: Events[RoomEvent], way: str) -> str:
    if way == "iterating":
        event = await events.__anext__()
    elif way == "next":
        event = await events.next()
    else:
        event = await events.wait_for(RoomMessage)
    assert isinstance(event, RoomMessage)
    return event.text


async def test_an_echo_in_the_moment_of_the_cancellation_is_not_lost_on_both() -> None:
    """The answer comes after the cancellation and before the task's next turn."""
    hall = Hall()
    async with trio.open_nursery() as nursery:
        connector = OverStreams(nursery, hall)
        async with connect(URL, rooms=[1], username="alice", transport=connector) as chat:
            session = chat._session
            outcomes: list[str] = []
            scope = trio.CancelScope()

            async def send() -> None:
                with scope:
                    await chat.rooms["1"].send("hello")
                    outcomes.append("returned")

            class CancelThenAnswer(trio.abc.Instrument):
                """In one step, between two turns of the sender."""

                def after_task_step(self, task: trio.lowlevel.Task) -> None:  # noqa: ARG002
                    if "send 1 hello" in hall.commands:
                        trio.lowlevel.remove_instrument(self)
                        scope.cancel()
                        text = '{"room":"1","message":"hello","username":"alice","msg_type":0}'
                        session.receive_text(1, text, trio.current_time())

            with chat.subscribe() as events:
                trio.lowlevel.add_instrument(CancelThenAnswer())
                await send()
                outcomes.append(type(await events.next()).__name__)

    assert outcomes == ["Unconfirmed"]
