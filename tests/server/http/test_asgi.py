"""The seam to the application: what it is told, and what becomes of what it does wrong."""

from collections.abc import Awaitable, Callable, Iterable

import pytest
import trio
from starlette.types import Message, Receive, Scope, Send

from .wire import ScriptedStream, echo, get, parse, post, talk

App = Callable[[Scope, Receive, Send], Awaitable[None]]
Header = tuple[bytes, bytes]


def start(status: int = 200, headers: Iterable[Header] = ()) -> Message:
    return {"type": "http.response.start", "status": status, "headers": list(headers)}


def body(data: bytes = b"", *, more: bool = False) -> Message:
    return {"type": "http.response.body", "body": data, "more_body": more}


def sends(*messages: Message, then: type[Exception] | None = None) -> App:
    async def app(_: Scope, __: Receive, send: Send) -> None:
        for message in messages:
            await send(message)
        if then is not None:
            raise then

    return app


async def test_the_scope_is_that_of_asgi() -> None:
    seen: list[Scope] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        seen.append(scope)
        await echo(scope, receive, send)

    await talk(get("/%D0%A2?x=%20", "X-Two: 1", "x-two: 2"), app=app)

    (scope,) = seen
    assert scope == {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.4"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": "/Т",
        "raw_path": b"/%D0%A2",
        "query_string": b"x=%20",
        "root_path": "",
        "headers": [(b"host", b"test"), (b"x-two", b"1"), (b"x-two", b"2")],
        "client": None,
        "server": None,
    }


async def test_start_and_body_go_out_in_one_write() -> None:
    conversation = await talk(get(), app=sends(start(), body(b"hi")))

    assert len(conversation.stream.writes) == 1


async def test_an_answer_in_parts_is_sent_in_parts() -> None:
    app = sends(start(), body(b"a", more=True), body(b"", more=True), body(b"b"))

    conversation = await talk(get(), app=app)

    (answer,) = conversation.answers
    assert answer.body == b"ab"
    assert answer.headers["transfer-encoding"] == "chunked"
    assert len(conversation.stream.writes) == 3


async def test_to_http_1_0_an_answer_without_length_ends_with_the_connection() -> None:
    conversation = await talk(get(version="1.0"), app=sends(start(), body(b"hi")))

    assert conversation.stream.sent.endswith(b"\r\n\r\nhi")


async def test_a_date_of_the_applications_own_is_kept() -> None:
    date = (b"Date", b"Tue, 22 Nov 2016 10:00:00 GMT")

    conversation = await talk(get(), app=sends(start(headers=[date]), body()))

    assert conversation.answers[0].headers["date"] == date[1].decode()


@pytest.mark.parametrize("status", [204, 304])
async def test_answers_that_have_no_body_get_none(status: int) -> None:
    conversation = await talk(get() * 2, app=sends(start(status), body(b"but why")))

    assert [(a.status, a.body) for a in conversation.answers] == [(status, b"")] * 2


@pytest.mark.parametrize(
    "app",
    [
        sends(then=ValueError),
        sends(start(), then=ValueError),
        sends(),
        sends(start()),
        sends(body(b"x")),
        sends(start(), start()),
        sends({"type": "http.response.trailers"}),
        sends(start(headers=[(b"bad name", b"x")]), body()),
        sends(start(headers=[(b"x", b"a\r\nSet-Cookie: evil")]), body()),
        sends(start(99), body()),
    ],
)
async def test_an_application_that_fails_before_its_answer_becomes_a_plain_500(
    app: App, caplog: pytest.LogCaptureFixture
) -> None:
    conversation = await talk(get("/%1b") + get("/%1b"), app=app)

    assert conversation.statuses == [500, 500]
    for answer in conversation.answers:
        assert answer.body == (
            b"500 Internal Server Error: the server has failed here; this was logged\n"
        )
        assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    records = [record for record in caplog.records if record.name == "multichat.http"]
    assert len(records) == 2
    assert records[0].levelname == "ERROR"
    assert "/%1b" in records[0].getMessage()


async def test_a_failure_is_logged_with_its_traceback(caplog: pytest.LogCaptureFixture) -> None:
    await talk(get(), app=sends(then=ZeroDivisionError))

    assert "ZeroDivisionError" in caplog.text


@pytest.mark.parametrize(
    "app",
    [
        sends(start(), body(b"x", more=True), then=ValueError),
        sends(start(), body(b"x", more=True)),
        sends(start(headers=[(b"content-length", b"5")]), body(b"x")),
        sends(start(headers=[(b"content-length", b"5")]), body(b"x", more=True), body(b"y" * 9)),
    ],
)
async def test_an_application_that_fails_inside_its_answer_cuts_the_connection(
    app: App, caplog: pytest.LogCaptureFixture
) -> None:
    """So the client can see that this was not all."""
    conversation = await talk(get() + get(), app=app)

    assert all(not answer.is_whole for answer in conversation.answers)
    assert len(conversation.answers) <= 1
    assert not conversation.stream.said_eof
    assert conversation.stream.closed
    assert [record.levelname for record in caplog.records] == ["ERROR"]


@pytest.mark.parametrize(
    "extra", [sends(start(), body(), then=ValueError), sends(start(), body(), body())]
)
async def test_an_application_that_fails_after_its_answer_has_answered(
    extra: App, caplog: pytest.LogCaptureFixture
) -> None:
    conversation = await talk(get() + get(), app=extra)

    assert conversation.statuses == [200, 200]
    assert [record.levelname for record in caplog.records] == ["ERROR", "ERROR"]


async def test_cancellation_is_no_failure_of_the_application(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def app(_: Scope, __: Receive, ___: Send) -> None:
        await trio.sleep_forever()

    with trio.CancelScope() as scope:
        scope.cancel()
        await talk(get(), app=app)

    assert scope.cancelled_caught
    assert caplog.records == []


async def test_the_failure_page_itself_may_find_nobody() -> None:
    stream = ScriptedStream([get()], reads="reset")

    await talk(stream=stream, app=sends(then=ValueError))

    assert stream.closed


async def test_a_body_may_be_left_unread() -> None:
    conversation = await talk(post(b"abc") + get(), app=sends(start(), body(b"ok")))

    assert [answer.body for answer in parse(conversation.stream.sent)] == [b"ok", b"ok"]
