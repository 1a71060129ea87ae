"""Time: every wait for a client has an end, and so has every connection."""

import pytest
import trio
import trio.testing
from starlette.types import Receive, Scope, Send
from trio.testing import MockClock

from multichat_server.config import Settings
from multichat_server.http import serve_http

from .wire import ScriptedStream, echo, get, parse, post, talk

SETTINGS = Settings(handshake_timeout=10)


class Dripping(ScriptedStream):
    """A client that sends one byte every nine seconds."""

    async def receive_some(self, max_bytes: int | None = None) -> bytes:
        await trio.sleep(9)
        return await super().receive_some(max_bytes and 1)


async def test_a_client_that_says_nothing_is_let_go_without_a_word(
    autojump_clock: MockClock,
) -> None:
    conversation = await talk(stream=ScriptedStream([], then="silence"), settings=SETTINGS)

    assert conversation.stream.sent == b""
    assert conversation.stream.closed
    assert autojump_clock.current_time() == 10


async def test_an_idle_connection_is_let_go_the_same_way(autojump_clock: MockClock) -> None:
    conversation = await talk(stream=ScriptedStream([get()], then="silence"), settings=SETTINGS)

    assert conversation.statuses == [200]
    assert autojump_clock.current_time() == 10


@pytest.mark.parametrize(
    "stream", [ScriptedStream([get()[:-1]], then="silence"), Dripping([get()])]
)
async def test_a_head_that_does_not_come_in_time_is_refused(
    stream: ScriptedStream, autojump_clock: MockClock
) -> None:
    """A byte now and then does not keep a connection."""
    conversation = await talk(stream=stream, settings=SETTINGS)

    assert conversation.statuses == [408]
    assert autojump_clock.current_time() <= 10 + 2


async def test_a_pipelined_head_that_does_not_go_on_is_refused_too(
    autojump_clock: MockClock,
) -> None:
    stream = ScriptedStream([get() + b"GET / HT"], then="silence")

    conversation = await talk(stream=stream, settings=SETTINGS)

    assert conversation.statuses == [200, 408]
    assert autojump_clock.current_time() >= 10


async def test_a_body_that_does_not_come_in_time_is_refused(autojump_clock: MockClock) -> None:
    stream = ScriptedStream([post(b"abc")[:-1]], then="silence")

    conversation = await talk(stream=stream, settings=SETTINGS)

    assert conversation.statuses == [408]
    assert autojump_clock.current_time() == 10 + 2


async def test_a_client_that_does_not_take_its_answer_is_let_go(autojump_clock: MockClock) -> None:
    stream = ScriptedStream([get()], then="silence", reads="nothing")

    await talk(stream=stream, settings=SETTINGS)

    assert stream.closed
    assert autojump_clock.current_time() == 10


async def test_a_slow_page_is_waited_for(autojump_clock: MockClock) -> None:
    """The deadlines are for clients; the application bounds its own waits."""

    async def slow(_: Scope, __: Receive, send: Send) -> None:
        await trio.sleep(100)
        await send({"type": "http.response.start", "status": 204})
        await send({"type": "http.response.body"})

    conversation = await talk(get(), app=slow, settings=SETTINGS)

    assert conversation.statuses == [204]
    assert autojump_clock.current_time() >= 10


async def test_after_the_last_answer_a_client_may_finish_but_not_for_ever(
    autojump_clock: MockClock,
) -> None:
    """Closing with unread data would have the system destroy the answer on its way."""
    stream = ScriptedStream([b"nonsense\r\n\r\n", b"x" * 1000], then="silence")

    conversation = await talk(stream=stream, settings=SETTINGS)

    assert conversation.statuses == [400]
    assert stream.drained == 1000
    assert autojump_clock.current_time() == 2


async def test_after_the_last_answer_only_so_much_is_taken_in() -> None:
    stream = ScriptedStream([b"nonsense\r\n\r\n", *[b"x" * 16_384] * 100])

    conversation = await talk(stream=stream, settings=SETTINGS)

    assert conversation.statuses == [400]
    assert stream.drained == 1_048_576
    assert stream.closed


async def test_a_stream_that_cannot_say_eof_is_closed_all_the_same() -> None:
    """TLS has no half of a connection to close."""
    client, server = trio.testing.memory_stream_pair()

    class WholeOnly(trio.abc.Stream):
        async def receive_some(self, max_bytes: int | None = None) -> bytes | bytearray:
            return await server.receive_some(max_bytes)

        async def send_all(self, data: bytes | bytearray | memoryview) -> None:
            await server.send_all(data)

        async def wait_send_all_might_not_block(self) -> None:
            await server.wait_send_all_might_not_block()

        async def aclose(self) -> None:
            await server.aclose()

    await client.send_all(get("/", "Connection: close"))
    await client.send_eof()

    async def upgrade(*_: object) -> None:
        pytest.fail("nobody asked for that")

    await serve_http(WholeOnly(), app=echo, settings=SETTINGS, upgrade=upgrade)

    received = bytearray()
    async for chunk in client:
        received += chunk
    assert parse(bytes(received))[0].status == 200
