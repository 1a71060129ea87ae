"""Clients that go away, and connections that are cancelled: nothing stays behind."""

from functools import partial
from typing import Literal

import h11
import pytest
import trio
import trio.testing
from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from multichat_server.config import Settings
from multichat_server.http import serve_http

from .wire import ScriptedStream, echo, get, parse, post, talk


@pytest.mark.parametrize(
    "stream",
    [
        ScriptedStream([]),
        ScriptedStream([], then="reset"),
        ScriptedStream([get()[:10]], then="reset"),
        ScriptedStream([post(b"abc")[:-1]], then="reset"),
        ScriptedStream([get()], reads="reset"),
        ScriptedStream([get("/chat/stream/")], reads="reset"),
        ScriptedStream([b"nonsense\r\n\r\n"], reads="reset"),
        ScriptedStream([b"nonsense\r\n\r\n"], then="reset"),
        ScriptedStream([post(b"abc", "Expect: 100-continue")[:-3]], reads="reset"),
    ],
)
async def test_a_client_may_go_away_at_any_time(
    stream: ScriptedStream, caplog: pytest.LogCaptureFixture
) -> None:
    await talk(stream=stream)

    assert stream.closed
    assert [record for record in caplog.records if record.levelname == "ERROR"] == []


async def test_a_client_that_sends_no_more_still_gets_its_answer() -> None:
    """It has closed its half of the connection, not ours."""
    conversation = await talk(stream=ScriptedStream([get()], then="eof"))

    assert conversation.statuses == [200]


async def test_an_application_learns_that_the_client_is_gone(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """By an OSError, as ASGI has it from 2.4 on; that is no failure to be logged."""
    raised: list[BaseException] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await echo(scope, receive, send)
        except OSError as exc:
            raised.append(exc)
            raise

    await talk(stream=ScriptedStream([get()], reads="reset"), app=app)

    assert len(raised) == 1
    assert caplog.records == []


class Numbers:
    """A page of a thousand parts."""

    last = -1

    def __aiter__(self) -> "Numbers":
        return self

    async def __anext__(self) -> bytes:
        await trio.lowlevel.checkpoint()
        if self.last == 999:
            raise StopAsyncIteration
        self.last += 1
        return b"%d " % self.last


async def test_a_streaming_page_ends_with_its_client(caplog: pytest.LogCaptureFixture) -> None:
    numbers = Numbers()
    conversation = await talk(get(), app=StreamingResponse(numbers))
    assert conversation.answers[0].body.endswith(b" 999 ")

    numbers = Numbers()
    await talk(stream=ScriptedStream([get()], reads="reset"), app=StreamingResponse(numbers))
    assert numbers.last == 0
    assert caplog.records == []


async def test_the_application_hears_of_the_end_after_its_answer() -> None:
    heard: list[str] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await echo(scope, receive, send)
        heard.append((await receive())["type"])

    await talk(get() + get(), app=app)

    assert heard == ["http.disconnect"] * 2


async def no_upgrade(*_: object) -> None:
    pytest.fail("nobody asked for that")


@pytest.mark.parametrize(
    "stream",
    [
        ScriptedStream([], then="silence"),
        ScriptedStream([get()[:10]], then="silence"),
        ScriptedStream([post(b"abc")[:-1]], then="silence"),
        ScriptedStream([get()], reads="nothing"),
        ScriptedStream([b"nonsense\r\n\r\n"], then="silence"),
    ],
)
async def test_cancelling_closes_the_connection_wherever_it_is(stream: ScriptedStream) -> None:
    async with trio.open_nursery() as nursery:

        async def serve() -> None:
            await serve_http(stream, app=echo, settings=Settings(), upgrade=no_upgrade)
            pytest.fail("it ended by itself")

        nursery.start_soon(serve)
        await trio.testing.wait_all_tasks_blocked()
        nursery.cancel_scope.cancel()

    assert stream.closed


async def test_cancelling_ends_the_application_with_the_connection() -> None:
    ended = trio.Event()

    async def app(_: Scope, __: Receive, ___: Send) -> None:
        try:
            await trio.sleep_forever()
        finally:
            ended.set()

    stream = ScriptedStream([get()])
    async with trio.open_nursery() as nursery:

        async def serve() -> None:
            await serve_http(stream, app=app, settings=Settings(), upgrade=no_upgrade)

        nursery.start_soon(serve)
        await trio.testing.wait_all_tasks_blocked()
        nursery.cancel_scope.cancel()

    assert ended.is_set()
    assert stream.closed
    assert stream.sent == b""


async def test_what_an_upgrade_raises_comes_out_and_the_stream_stays_its_own() -> None:
    stream = ScriptedStream(
        [get("/chat/stream/", "Connection: Upgrade", "Upgrade: websocket")], then="silence"
    )

    async def upgrade(_: ScriptedStream, __: h11.Request, ___: bytes) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await serve_http(stream, app=echo, settings=Settings(), upgrade=upgrade)
    assert not stream.closed


class Waiting:
    """A page that has nothing to say until somebody wants it to, or the client is gone."""

    def __init__(self) -> None:
        self.heard: list[str] = []
        self.news = trio.Event()

    async def __call__(self, _: Scope, receive: Receive, send: Send) -> None:
        assert (await receive())["type"] == "http.request"
        async with trio.open_nursery() as nursery:

            async def listen() -> None:
                self.heard.append((await receive())["type"])
                nursery.cancel_scope.cancel()

            nursery.start_soon(listen)
            await self.news.wait()
            nursery.cancel_scope.cancel()
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body"})


@pytest.mark.parametrize("then", ["eof", "reset"])
async def test_an_application_that_waits_learns_that_the_client_is_gone(
    then: Literal["eof", "reset"], caplog: pytest.LogCaptureFixture
) -> None:
    page = Waiting()

    conversation = await talk(stream=ScriptedStream([get()], then=then), app=page)

    assert page.heard == ["http.disconnect"]
    # One that has only closed its half is there to be told.
    assert conversation.statuses == [204]
    assert caplog.records == []


async def test_what_comes_while_an_application_waits_is_answered_after_it() -> None:
    page = Waiting()
    stream = ScriptedStream([get(), get()[:7], get()[7:] + get()])
    async with trio.open_nursery() as nursery:
        nursery.start_soon(partial(talk, stream=stream, app=page))
        await trio.testing.wait_all_tasks_blocked()
        # The end of the stream is behind a request, and nothing behind that is looked at.
        assert page.heard == []
        page.news.set()

    assert [answer.status for answer in parse(stream.sent)] == [204] * 3


async def test_a_client_that_waits_gets_the_next_answer_on_the_same_connection() -> None:
    page = Waiting()
    client, server = trio.testing.memory_stream_pair()
    async with trio.open_nursery() as nursery:

        async def serve() -> None:
            await serve_http(server, app=page, settings=Settings(), upgrade=no_upgrade)

        nursery.start_soon(serve)
        for _ in range(2):
            page.news = trio.Event()
            await client.send_all(get())
            await trio.testing.wait_all_tasks_blocked()
            page.news.set()
            assert (await client.receive_some()).startswith(b"HTTP/1.1 204 ")
        await client.aclose()

    assert page.heard == []
