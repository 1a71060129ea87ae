"""How long a session on Trio waits for what does not come."""

import pytest
import trio
import trio.testing

from multichat_proto import (
    BadFrame,
    ConnectionClosed,
    ConnectionFailed,
    DeliveryUnknown,
    Disconnected,
    Options,
    Reconnected,
)
from multichat_proto.session import SessionState
from multichat_proto.transport import OpenRequest
from multichat_proto.trio import Chat, connect
from multichat_proto.trio._transport import TrioTransport
from tests.sdk.trio.rooms import Hall
from tests.sdk.trio.streams import URL, OverStreams, tasks

ONCE = Options(reconnect=False)


async def test_a_connection_that_went_silent_is_found_out(
    autojump_clock: trio.testing.MockClock,  # noqa: ARG001 - pytest-trio wants it as an argument
) -> None:
    """20 s of silence, a ping, 20 s without a pong."""
    options = Options(reconnect=False, ping_interval=20, ping_timeout=20)
    async with trio.open_nursery() as nursery:
        connector = OverStreams(nursery, Hall())
        async with connect(URL, transport=connector, options=options) as chat:
            start = trio.current_time()
            connector.streams[-1].is_deaf = True
            with pytest.raises(ConnectionClosed, match="1006"):
                await chat.wait_for(lambda _: False)

        assert trio.current_time() - start == pytest.approx(40)


async def test_a_pong_is_a_sign_of_life_when_it_comes(
    autojump_clock: trio.testing.MockClock,  # noqa: ARG001 - pytest-trio wants it as an argument
) -> None:
    """It counts from its coming, not from when somebody looks: a gap begins there."""
    async with trio.open_nursery() as nursery:
        connector = OverStreams(nursery, Hall())
        async with connect(URL, rooms=[1], transport=connector, random=lambda: 0.0) as chat:
            start = trio.current_time()
            await trio.sleep(70)  # pings at 20, 40 and 60
            assert chat.state is SessionState.CONNECTED
            connector.streams[-1].is_deaf = True
            back = await chat.wait_for(Reconnected)

        # Silent since 60; a ping at 80, nothing until 100.
        assert trio.current_time() - start == pytest.approx(100, abs=0.1)
        assert back.gaps[0].until - back.gaps[0].since == pytest.approx(40, abs=0.1)


async def test_a_server_that_ignores_the_goodbye_is_left_in_time(
    autojump_clock: trio.testing.MockClock,  # noqa: ARG001 - pytest-trio wants it as an argument
) -> None:
    async with trio.open_nursery() as nursery:
        connector = OverStreams(nursery, Hall())
        async with connect(URL, transport=connector, options=Options(close_timeout=7)):
            connector.streams[-1].is_deaf = True
            start = trio.current_time()

        assert trio.current_time() - start == pytest.approx(7)
        nursery.cancel_scope.cancel()


async def test_a_server_that_takes_nothing_more_is_left_in_time(
    autojump_clock: trio.testing.MockClock,  # noqa: ARG001 - pytest-trio wants it as an argument
) -> None:
    """While a frame is stuck in the middle, too: nobody waits for the write's own time."""
    async with trio.open_nursery() as nursery:
        connector = OverStreams(nursery, Hall())
        async with connect(URL, rooms=[1], transport=connector) as chat:
            connector.streams[-1].is_stuck = True
            nursery.start_soon(_expect, DeliveryUnknown, chat, "stuck")
            await trio.testing.wait_all_tasks_blocked()
            start = trio.current_time()

        assert trio.current_time() - start == pytest.approx(2)


async def test_a_write_that_takes_too_long_ends_the_connection(
    autojump_clock: trio.testing.MockClock,  # noqa: ARG001 - pytest-trio wants it as an argument
) -> None:
    options = Options(reconnect=False, write_timeout=5)
    async with trio.open_nursery() as nursery:
        connector = OverStreams(nursery, Hall())
        async with connect(URL, rooms=[1], transport=connector, options=options) as chat:
            connector.streams[-1].is_stuck = True
            start = trio.current_time()
            await _expect(DeliveryUnknown, chat, "stuck")
            with pytest.raises(ConnectionClosed, match="takes nothing more"):
                await chat.wait_for(lambda _: False)

        assert trio.current_time() - start == pytest.approx(5)


async def test_a_server_that_goes_while_a_frame_is_stuck(
    autojump_clock: trio.testing.MockClock,  # noqa: ARG001 - pytest-trio wants it as an argument
) -> None:
    """Why it went is known at once, and not when the write is given up."""
    async with trio.open_nursery() as nursery:
        connector = OverStreams(nursery, Hall())
        async with connect(URL, rooms=[1], transport=connector, options=ONCE) as chat:
            connector.streams[-1].is_stuck = True
            start = trio.current_time()
            nursery.start_soon(_expect, DeliveryUnknown, chat, "stuck")
            await trio.testing.wait_all_tasks_blocked()
            await connector.peers[0].close(1012)
            with pytest.raises(ConnectionClosed, match="1012"):
                await chat.wait_for(lambda _: False)
            assert trio.current_time() == start

        assert trio.current_time() - start == pytest.approx(2)


async def _expect(error: type[Exception], chat: Chat, text: str) -> None:
    (room,) = chat.rooms.values()
    with pytest.raises(error):
        await room.send(text)


class Never:
    """A connector that takes for ever."""

    def __init__(self) -> None:
        self.attempts = 0

    async def open(self, request: OpenRequest) -> TrioTransport:  # noqa: ARG002
        self.attempts += 1
        await trio.sleep_forever()
        raise AssertionError


async def test_a_server_that_never_answers_is_tried_until_the_time_is_up(
    autojump_clock: trio.testing.MockClock,  # noqa: ARG001 - pytest-trio wants it as an argument
) -> None:
    connector = Never()
    start = trio.current_time()
    with pytest.raises(ConnectionFailed, match="did not let us in within 4 s"):
        async with connect(
            URL,
            transport=connector,
            options=Options(open_timeout=4, connect_timeout=11),
            random=lambda: 0.0,
        ):
            pytest.fail("it was entered")

    assert trio.current_time() - start == pytest.approx(11)
    assert connector.attempts == 3


async def test_leaving_while_it_connects_again_takes_no_time(
    autojump_clock: trio.testing.MockClock,  # noqa: ARG001 - pytest-trio wants it as an argument
) -> None:
    never = Never()

    class OnceThenNever(OverStreams):
        async def open(self, request: OpenRequest) -> TrioTransport:
            return await (never.open(request) if self.requests else super().open(request))

    async with trio.open_nursery() as nursery:
        connector = OnceThenNever(nursery, Hall())
        async with connect(URL, transport=connector, random=lambda: 0.0) as chat:
            await connector.peers[0].close(1012)
            await chat.wait_for(Disconnected)
            await trio.testing.wait_all_tasks_blocked()
            assert chat.state is SessionState.CONNECTING
            start = trio.current_time()

        assert trio.current_time() == start
        assert never.attempts == 1


class Held(OverStreams):
    """The second attempt comes about in the moment that the test says."""

    go = trio.Event()

    async def open(self, request: OpenRequest) -> TrioTransport:
        transport = await super().open(request)
        if len(self.requests) > 1:
            await self.go.wait()
        return transport


@pytest.mark.parametrize("attempt", range(12))
async def test_leaving_in_the_moment_in_which_it_is_connected_again(
    attempt: int,  # noqa: ARG001 - Trio shuffles who comes first
    autojump_clock: trio.testing.MockClock,  # noqa: ARG001 - pytest-trio wants it as an argument
) -> None:
    async with trio.open_nursery() as nursery:
        connector = Held(nursery, Hall())
        connector.go = trio.Event()
        before = tasks()
        async with connect(URL, transport=connector, random=lambda: 0.0) as chat:
            await connector.peers[0].close(1012)
            while len(connector.peers) < 2:
                await trio.testing.wait_all_tasks_blocked(0.01)
            assert chat.state is SessionState.CONNECTING
            start = trio.current_time()
            connector.go.set()
        assert trio.current_time() == start
        for stream in connector.streams:
            with pytest.raises(trio.ClosedResourceError):
                await stream.send_all(b"x")
        assert {task for task in tasks() - before if "OverStreams" not in task.name} == set()
        nursery.cancel_scope.cancel()


async def test_somebody_who_knows_better_does_not_wait(
    autojump_clock: trio.testing.MockClock,  # noqa: ARG001 - pytest-trio wants it as an argument
) -> None:
    async with trio.open_nursery() as nursery:
        connector = OverStreams(nursery, Hall())
        async with connect(URL, transport=connector, random=lambda: 0.9) as chat:
            with chat.subscribe() as events:
                await connector.peers[0].close(1013)
                lost = await events.wait_for(Disconnected)
                start = trio.current_time()
                chat.reconnect_now()
                await events.wait_for(Reconnected)

        assert lost.retry_in is not None
        assert lost.retry_in > 5
        assert trio.current_time() == start


class Plain:
    """A transport that has what it must have, and no more: no task, no word of pongs."""

    subprotocol = None

    def __init__(self) -> None:
        self.pongs = 0
        self.sent: list[str] = []
        self.ended = trio.Event()
        self.coming: list[str | bytes] = [b"binary"]

    async def send_text(self, text: str) -> None:
        await trio.lowlevel.checkpoint()
        self.sent.append(text)

    async def ping(self) -> None:
        await trio.lowlevel.checkpoint()
        self.pongs += 1

    async def receive(self) -> str | bytes:
        await trio.lowlevel.checkpoint()
        if self.coming:
            return self.coming.pop()
        await self.ended.wait()
        raise ConnectionClosed(1006)

    async def close(self, code: int = 1000, reason: str = "") -> None:
        await trio.lowlevel.checkpoint()
        self.sent.append(f"close {code} {reason}")
        self.ended.set()

    def abort(self) -> None:
        self.ended.set()


class PlainConnector:
    def __init__(self) -> None:
        self.transport = Plain()

    async def open(self, request: OpenRequest) -> Plain:  # noqa: ARG002
        await trio.lowlevel.checkpoint()
        return self.transport


async def test_a_transport_without_tasks(
    autojump_clock: trio.testing.MockClock,  # noqa: ARG001 - pytest-trio wants it as an argument
) -> None:
    """Its pongs are looked for when the time for them is up, at the latest."""
    connector = PlainConnector()
    async with connect(URL, transport=connector) as chat:
        bad = await aiter(chat).wait_for(BadFrame)
        await trio.sleep(1_000)
        assert chat.state is SessionState.CONNECTED

    assert bad.reason == "the server sent a binary message"
    assert connector.transport.pongs > 20
    assert "close 1000 " in connector.transport.sent
