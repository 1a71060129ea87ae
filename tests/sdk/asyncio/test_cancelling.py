"""What becomes of a call that is cancelled, wherever it waits just then."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from typing import Any

import pytest

from multichat_proto import (
    Backoff,
    ChatEvent,
    ConnectionClosed,
    Disconnected,
    Options,
    Reconnected,
    RoomMessage,
    Unconfirmed,
)
from multichat_proto.asyncio import Events, connect
from multichat_proto.transport import OpenRequest
from tests.sdk.asyncio.wire import Wire, Wires, answer, keep_silent

URL = "ws://chat.example/"

MOST_STEPS = 100
"""More turns of the loop than any call here takes."""


def taken(events: Events[ChatEvent]) -> list[ChatEvent]:
    """Return what a stream has, without waiting."""
    queue, found = events._queue, []
    while (event := queue.take()) is not None:
        found.append(event)
    return found


async def step_until(is_done: Callable[[], bool], what: str) -> None:
    for _ in range(MOST_STEPS):
        if is_done():
            return
        await asyncio.sleep(0)
    raise AssertionError(f"{what} never came")


async def cancelled_after(steps: int, call: Coroutine[Any, Any, Any]) -> bool:
    """Run a call, cancel it after so many turns; return whether it was cancelled in time."""
    task = asyncio.ensure_future(call)
    for _ in range(steps):
        await asyncio.sleep(0)
    if task.done():
        task.result()
        return False
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    return True


def at_every_step(story: Callable[[int], Awaitable[bool]]) -> int:
    """Run a story with a cancellation after 0, 1, 2 … turns, until it comes too late."""
    steps = 0
    while asyncio.run(story(steps)):  # type: ignore[arg-type]  # all of them are coroutines
        steps += 1
        assert steps < MOST_STEPS
    return steps


def test_a_send_is_cancelled_at_every_step() -> None:
    """Never said twice; whatever left us is told of, and what did not is not."""
    outcomes: set[str] = set()

    async def story(steps: int) -> bool:
        wires = Wires()
        async with connect(URL, username="alice", rooms=[1], transport=wires) as chat:
            room = chat.rooms[next(iter(chat.rooms))]
            with chat.subscribe() as events:
                was_cancelled = await cancelled_after(steps, room.send("x"))
                await room.send("after")
                heard = taken(events)
        said = [c["message"] for c in wires.sent if c["command"] == "send"]
        assert said in (["after"], ["x", "after"])
        echoes = [e.text for e in heard if isinstance(e, RoomMessage)]
        unconfirmed = [e.text for e in heard if isinstance(e, Unconfirmed)]
        assert echoes == said
        assert unconfirmed in ([], ["x"])
        if said == ["after"]:
            assert unconfirmed == []
            outcomes.add("taken back")
        elif was_cancelled:
            outcomes.add("unconfirmed" if unconfirmed else "confirmed")
        return was_cancelled

    assert at_every_step(story) > 3
    assert outcomes >= {"taken back", "unconfirmed"}


def lose_at_a_send(wire: Wire, command: dict[str, object]) -> None:
    if command["command"] == "send" and command["message"] == "x":
        wire.lose(1006)
    else:
        answer(wire, command)


def refuse_a_send(wire: Wire, command: dict[str, object]) -> None:
    if command["command"] == "send" and command["message"] == "x":
        wire.say({"error": "MESSAGE_TOO_LONG", "command": "send", "room": "1"})
    else:
        answer(wire, command)


@pytest.mark.parametrize(
    ("respond", "outcome"),
    [(answer, RoomMessage), (lose_at_a_send, Disconnected), (refuse_a_send, None)],
    ids=["echoed", "lost", "refused"],
)
def test_a_cancellation_in_the_turn_of_the_outcome_is_told_of(
    respond: Callable[[Wire, dict[str, object]], None], outcome: type[ChatEvent] | None
) -> None:
    """Who is cancelled never sees it: without a word, the message might be said again."""

    async def story() -> None:
        wires = Wires(respond)
        options = Options(backoff=Backoff(first=0.001))
        async with connect(
            URL, username="alice", rooms=[1], transport=wires, options=options
        ) as chat:
            room = chat.rooms[next(iter(chat.rooms))]
            with chat.subscribe() as events:
                sending = asyncio.ensure_future(room.send("x"))
                await step_until(lambda: sending_waits_no_more(sending), "the outcome")
                sending.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await sending
                if outcome is not None:
                    await events.wait_for(outcome)
                await events.wait_for(Unconfirmed)

    asyncio.run(story())


def sending_waits_no_more(task: asyncio.Task[Any]) -> bool:
    """Return whether what a task waits for is there, and its own turn has not come."""
    waited_for = getattr(task, "_fut_waiter", None)
    assert not task.done()
    return waited_for is not None and waited_for.done()


def test_what_was_never_handed_over_is_not_told_of() -> None:
    async def story() -> None:
        wires = Wires()
        async with connect(URL, username="alice", rooms=[1], transport=wires) as chat:
            room = chat.rooms[next(iter(chat.rooms))]
            with chat.subscribe() as events:
                wires.opened[0].lose(1006)
                await events.wait_for(Disconnected)
                sending = asyncio.ensure_future(room.send("x"))
                await asyncio.sleep(0)
                leaving = asyncio.ensure_future(room.leave())
                await asyncio.sleep(0)
                assert sending_waits_no_more(sending)
                sending.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await sending
                assert not [e for e in taken(events) if isinstance(e, Unconfirmed)]
                leaving.cancel()

    asyncio.run(story())


def test_a_join_is_cancelled_at_every_step() -> None:
    """Whoever cancelled a join is not in the room in the end, on either side."""
    ends: set[str] = set()

    async def story(steps: int) -> bool:
        wires = Wires()
        async with connect(URL, rooms=[1], transport=wires) as chat:
            was_cancelled = await cancelled_after(steps, chat.join(2))
            await chat.rooms[next(iter(chat.rooms))].send("fence")
            commands = [c["command"] for c in wires.sent if c["room"] in (2, "2")]
            if was_cancelled:
                await step_until(lambda: "2" not in chat.rooms, "the end of the membership")
                commands = [c["command"] for c in wires.sent if c["room"] in (2, "2")]
                assert commands in ([], ["join", "leave"])
                ends.add("-".join(map(str, commands)))
            else:
                assert commands == ["join"]
                assert "2" in chat.rooms
        return was_cancelled

    assert at_every_step(story) > 3
    assert ends == {"", "join-leave"}


def test_a_cancelled_join_takes_the_room_from_nobody_else() -> None:
    async def story(steps: int) -> bool:
        wires = Wires()
        async with connect(URL, transport=wires) as chat:
            other = asyncio.ensure_future(chat.join(2))
            was_cancelled = await cancelled_after(steps, chat.join(2))
            room = await other
            await room.send("still here")
            assert room.is_joined
        return was_cancelled

    assert at_every_step(story) > 3


def test_a_join_cancelled_in_the_outcomes_own_turn_takes_it_from_nobody_else() -> None:
    async def story() -> None:
        wires = Wires()
        async with connect(URL, transport=wires) as chat:
            first = asyncio.ensure_future(chat.join(2))
            await asyncio.sleep(0)
            other = asyncio.ensure_future(chat.join(2))
            await step_until(lambda: sending_waits_no_more(first), "the outcome")
            first.cancel()
            with pytest.raises(asyncio.CancelledError):
                await first
            room = await other
            await room.send("still here")
            assert [command["command"] for command in wires.sent] == ["join", "send"]

    asyncio.run(story())


def test_a_leave_goes_on_when_it_is_cancelled_at_any_step() -> None:
    async def story(steps: int) -> bool:
        wires = Wires()
        async with connect(URL, rooms=[1], transport=wires) as chat:
            room = await chat.join(2)
            was_cancelled = await cancelled_after(steps, room.leave())
            if steps:  # a task that never began has asked for nothing
                await step_until(lambda: "2" not in chat.rooms, "the leave")
                assert [c["command"] for c in wires.sent][-1] == "leave"
        return was_cancelled

    assert at_every_step(story) > 3


def test_a_timeout_around_a_send_leaves_the_rest_whole() -> None:
    """The server never answers: the caller goes on, and the stream tells of it."""

    async def story() -> None:
        wires = Wires(keep_silent)
        options = Options(max_unanswered=2)
        async with connect(URL, rooms=[1], transport=wires, options=options) as chat:
            room = chat.rooms[next(iter(chat.rooms))]
            with chat.subscribe() as events:
                with pytest.raises(TimeoutError):
                    async with asyncio.timeout(0.01):
                        await room.send("x")
                assert await events.next() == Unconfirmed(room.id, "x")
            wires.opened[0].say({"room": "1", "message": "x", "username": "alice", "msg_type": 0})
            said = await room.wait_for(RoomMessage)
            assert said.text == "x"

    asyncio.run(story())


def test_cancelling_a_stream_loses_no_event() -> None:
    async def story(steps: int) -> bool:
        wires = Wires()
        async with connect(URL, rooms=[1], transport=wires) as chat:
            room = chat.rooms[next(iter(chat.rooms))]
            with chat.subscribe() as events:
                waiting = asyncio.ensure_future(events.next())
                await asyncio.sleep(0)
                speaking = asyncio.ensure_future(room.send("x"))
                for _ in range(steps):
                    await asyncio.sleep(0)
                found: ChatEvent | None = None
                was_cancelled = waiting.cancel()
                with suppress(asyncio.CancelledError):
                    found = await waiting
                await speaking
                found = found or await events.next()
                assert isinstance(found, RoomMessage)
                assert found.text == "x"
        return was_cancelled

    assert at_every_step(story) > 3


@pytest.mark.parametrize("steps", range(12))
def test_a_connect_that_is_cancelled_leaves_nothing(steps: int) -> None:
    async def story() -> None:
        wires = Wires()

        async def enter() -> None:
            async with connect(URL, rooms=[1, 2], transport=wires):
                await asyncio.get_running_loop().create_future()

        assert await cancelled_after(steps, enter())
        assert asyncio.all_tasks() == {asyncio.current_task()}
        assert all(wire.is_aborted for wire in wires.opened)
        assert all(wire.goodbye is None for wire in wires.opened)

    asyncio.run(story())


def test_a_second_cancellation_does_not_leave_tasks_behind() -> None:
    class Slow(Wires):
        """Takes a few turns of the loop to be cancelled."""

        async def open(self, request: OpenRequest) -> Any:
            wire: Any = await super().open(request)
            receive = wire.receive

            async def slow() -> Any:
                try:
                    return await receive()
                finally:
                    for _ in range(10):
                        await asyncio.sleep(0)

            wire.receive = slow
            return wire

    async def story() -> None:
        wires = Slow()
        entered = asyncio.Event()

        async def enter() -> None:
            async with connect(URL, rooms=[1], transport=wires):
                entered.set()
                await asyncio.get_running_loop().create_future()

        task = asyncio.ensure_future(enter())
        await entered.wait()
        task.cancel()
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

        assert asyncio.all_tasks() == {asyncio.current_task()}
        assert wires.opened[0].is_aborted

    asyncio.run(story())


def test_a_goodbye_that_is_cancelled_ends_at_once() -> None:
    class Slow(Wires):
        async def open(self, request: OpenRequest) -> Any:
            wire: Any = await super().open(request)
            wire.close = self.close
            return wire

        async def close(self, *_: object) -> None:
            closing.set()
            await asyncio.get_running_loop().create_future()

    closing = asyncio.Event()

    async def story() -> None:
        wires = Slow()

        async def visit() -> None:
            async with connect(URL, transport=wires):
                pass

        task = asyncio.ensure_future(visit())
        await closing.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

        assert asyncio.all_tasks() == {asyncio.current_task()}
        assert wires.opened[0].is_aborted

    asyncio.run(story())


def test_a_send_survives_other_sends_being_cancelled() -> None:
    """Each of a crowd of tasks is cancelled or heard, and the rest in order."""

    async def story() -> None:
        wires = Wires()
        options = Options(command_rate=0)
        async with connect(URL, rooms=[1], transport=wires, options=options) as chat:
            room = chat.rooms[next(iter(chat.rooms))]
            tasks = [asyncio.ensure_future(room.send(str(n))) for n in range(30)]
            for n, task in enumerate(tasks):
                if n % 3 == 0:
                    task.cancel()
                await asyncio.sleep(0)
            results = await asyncio.gather(*tasks, return_exceptions=True)
        said = [c["message"] for c in wires.sent if c["command"] == "send"]
        assert said == sorted(said, key=lambda text: int(str(text)))
        for n, result in enumerate(results):
            if not isinstance(result, asyncio.CancelledError):
                assert isinstance(result, RoomMessage)
                assert result.text == str(n)

    asyncio.run(story())


def test_a_lost_connection_in_the_middle_of_it() -> None:
    """Cancelled while there is no connection: never said on the next one."""

    async def story() -> None:
        wires = Wires()
        async with connect(URL, rooms=[1], transport=wires, random=lambda: 0.0) as chat:
            room = chat.rooms[next(iter(chat.rooms))]
            with chat.subscribe() as events:
                wires.opened[0].lose(1012)
                await asyncio.sleep(0)
                sending = asyncio.ensure_future(room.send("x"))
                await asyncio.sleep(0)
                sending.cancel()
                await events.wait_for(Reconnected)
            await room.send("y")
        assert [c.get("message") for c in wires.sent if c["command"] == "send"] == ["y"]

    asyncio.run(story())


def test_the_wire_answers_as_a_server_does() -> None:
    """What the tests above stand on."""

    async def story() -> None:
        wire = Wire(answer)
        await wire.send_text('{"command": "join", "room": "1"}')
        assert await wire.receive() == '{"join": "1", "title": "room 1"}'
        wire.abort()
        with pytest.raises(ConnectionClosed):
            await wire.receive()

    asyncio.run(story())
