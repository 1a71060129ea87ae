"""Requests: read whole, kept apart, within limits, and refused where their meaning is in doubt."""

import json

import pytest

from multichat_server.config import Settings

from .wire import ScriptedStream, get, parse, post, talk

SMALL = Settings(http_header_bytes=1024, http_body_bytes=1024)


def chunked(*chunks: bytes, headers: str = "") -> bytes:
    head = f"POST / HTTP/1.1\r\nHost: test\r\n{headers}Transfer-Encoding: chunked\r\n\r\n".encode()
    return head + b"".join(b"%x\r\n%s\r\n" % (len(chunk), chunk) for chunk in (*chunks, b""))


async def test_a_request_is_answered_and_the_connection_stays_open() -> None:
    conversation = await talk(get("/a?b=c", "Cookie: x=y"))

    (answer,) = conversation.answers
    asked = json.loads(answer.body)
    assert answer.status == 200
    assert "connection" not in answer.headers
    assert answer.headers["date"].endswith(" GMT")
    assert (asked["method"], asked["path"], asked["query"]) == ("GET", "/a", "b=c")
    assert asked["headers"] == [["host", "test"], ["cookie", "x=y"]]
    assert conversation.stream.closed


async def test_pipelined_requests_are_answered_in_order() -> None:
    conversation = await talk(get("/1") + post(b"two", path="/2") + get("/3"))

    assert [json.loads(answer.body)["path"] for answer in conversation.answers] == [
        "/1",
        "/2",
        "/3",
    ]


async def test_the_next_request_is_not_read_before_the_answer_was_taken() -> None:
    """A client that asks without reading fills its own buffers, not ours."""
    stream = ScriptedStream([get("/1"), get("/2")], reads="reset")

    await talk(stream=stream)

    assert stream._chunks == [get("/2")]


@pytest.mark.parametrize("data", [post(b"abc"), chunked(b"a", b"bc")])
async def test_a_body_reaches_the_application_whole(data: bytes) -> None:
    conversation = await talk(*(bytes([byte]) for byte in data))

    assert json.loads(conversation.answers[0].body)["body"] == "abc"


@pytest.mark.parametrize(
    ("target", "path", "query"),
    [
        ("/%D0%A2/", "/Т/", ""),
        ("/%ff", "/\ufffd", ""),
        ("/a%2fb%00", "/a/b\x00", ""),
        ("/?", "/", ""),
        ("/?a?b", "/", "a?b"),
        ("//evil/x", "//evil/x", ""),
        ("http://test", "/", ""),
        ("http://TEST?x=1", "/", "x=1"),
        ("https://test/a?x=1", "/a", "x=1"),
    ],
)
async def test_paths_come_decoded_and_queries_as_they_are(
    target: str, path: str, query: str
) -> None:
    conversation = await talk(get(target))

    asked = json.loads(conversation.answers[0].body)
    assert (asked["path"], asked["query"]) == (path, query)


async def test_http_1_0_is_answered_and_closed() -> None:
    conversation = await talk(b"GET / HTTP/1.0\r\n\r\n" + get("/never"))

    (answer,) = conversation.answers
    assert json.loads(answer.body)["version"] == "1.0"
    assert answer.headers["connection"] == "close"
    assert conversation.stream.said_eof


async def test_connection_close_is_obeyed() -> None:
    conversation = await talk(get("/", "Connection: close") + get("/never"))

    assert conversation.statuses == [200]
    assert conversation.stream.said_eof


@pytest.mark.parametrize(
    ("request_bytes", "status"),
    [
        # Two ways to see where it ends (RFC 9112, section 6.1).
        (chunked(b"abc", headers="Content-Length: 3\r\n"), 400),
        (b"POST / HTTP/1.1\r\nHost: t\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd", 400),
        (b"POST / HTTP/1.1\r\nHost: t\r\nContent-Length: 3, 4\r\n\r\nabcd", 400),
        (b"POST / HTTP/1.1\r\nHost: t\r\nContent-Length: +3\r\n\r\nabc", 400),
        (b"POST / HTTP/1.1\r\nHost: t\r\nContent-Length: -3\r\n\r\nabc", 400),
        (b"POST / HTTP/1.1\r\nHost: t\r\nContent-Length: 0x3\r\n\r\nabc", 400),
        (b"POST / HTTP/1.1\r\nHost: t\r\nContent-Length:\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: gzip\r\n\r\n", 501),
        (b"POST / HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 501),
        (b"POST / HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", 501),
        (
            chunked(headers="Transfer-Encoding: chunked\r\n"),
            501,
        ),
        (b"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
        # A header that some see folded, some as two, some as none (section 5.2).
        (b"POST / HTTP/1.1\r\nHost: t\r\nTransfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: t\r\nX: a\r\n\tb\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: t\r\nX: a\nContent-Length: 3\r\n\r\n", 400),
        (b"GET / HTTP/1.1\nHost: t\n\n", 400),
        (b"GET / HTTP/1.1\r\nHost: t\r\nX: a\rContent-Length: 3\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: t\r\nContent-Length : 3\r\n\r\nabc", 400),
        (b"GET / HTTP/1.1\r\nHost: t\r\n X: a\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: t\r\nX: a\x00b\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400),
        # Chunks.
        (chunked(b"abc").replace(b"3\r\nabc\r\n", b"3\r\nabcd\r\n"), 400),
        (chunked(b"abc").replace(b"3\r\nabc\r\n", b"0x3\r\nabc\r\n"), 400),
        (chunked(b"abc").replace(b"3\r\nabc\r\n", b"-3\r\nabc\r\n"), 400),
        (chunked(b"abc").replace(b"3\r\nabc\r\n", b"3\nabc\n"), 400),
        (chunked(b"abc").replace(b"3\r\nabc\r\n", b"f" * 21 + b"\r\nabc\r\n"), 400),
        (chunked(b"abc").replace(b"3\r\nabc\r\n", b"f" * 20 + b"\r\nabc"), 400),
        # No HTTP at all, or none of ours.
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400),
        (b"\r\n\r\n", 400),
        (b"HELO\r\n\r\n", 400),
        (b"GET /\xd0\xa2/ HTTP/1.1\r\nHost: t\r\n\r\n", 400),
        (b"GET / x HTTP/1.1\r\nHost: t\r\n\r\n", 400),
        (b"PRI * HTTP/2.0\r\nHost: t\r\n\r\nSM\r\n\r\n", 505),
        (b"GET / HTTP/3.0\r\nHost: t\r\n\r\n", 505),
        # Targets.
        (b"OPTIONS * HTTP/1.1\r\nHost: t\r\n\r\n", 400),
        (b"CONNECT t:443 HTTP/1.1\r\nHost: t\r\n\r\n", 400),
        (b"GET ftp://t/ HTTP/1.1\r\nHost: t\r\n\r\n", 400),
        (b"GET http:///x HTTP/1.1\r\nHost: t\r\n\r\n", 400),
        (b"GET evil HTTP/1.1\r\nHost: t\r\n\r\n", 400),
        (b"GET http://evil/ HTTP/1.1\r\nHost: t\r\n\r\n", 400),
    ],
)
async def test_a_request_in_doubt_is_refused_and_ends_the_connection(
    request_bytes: bytes, status: int
) -> None:
    """What follows may be part of what was refused, and must not be taken for a request."""
    conversation = await talk(request_bytes + get("/smuggled"))

    assert conversation.statuses == [status]
    (answer,) = conversation.answers
    assert answer.headers["connection"] == "close"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert b"smuggled" not in answer.body
    assert conversation.stream.said_eof
    assert conversation.stream.closed


@pytest.mark.parametrize("data", [b"GET / HT", post(b"abc")[:-1], chunked(b"abc")[:-1]])
async def test_a_request_that_ends_too_early_is_refused(data: bytes) -> None:
    conversation = await talk(data)

    assert conversation.statuses == [400]
    assert conversation.stream.closed


async def test_a_request_in_doubt_never_reaches_the_application() -> None:
    async def app(*_: object) -> None:
        pytest.fail("it was called")

    await talk(chunked(b"abc", headers="Content-Length: 3\r\n"), app=app)
    await talk(chunked(b"abc")[:-5] + b"nonsense\r\n", app=app)


@pytest.mark.parametrize("size", [1, 7, 16_384])
async def test_a_head_that_is_too_long_is_refused(size: int) -> None:
    longest = get("/", "X: " + "x" * (1024 - len(get("/", "X: "))))
    assert len(longest) == 1024
    for data, status in ((longest, 200), (longest.replace(b"X: ", b"X: x"), 431)):
        pieces = (data[start : start + size] for start in range(0, len(data), size))

        conversation = await talk(*pieces, settings=SMALL)

        assert conversation.statuses == [status]


async def test_a_head_without_end_is_refused_long_before_it_is_all_there() -> None:
    stream = ScriptedStream([b"GET / HTTP/1.1\r\n", *[b"X: y\r\n"] * 10_000])

    await talk(stream=stream, settings=SMALL)

    assert parse(stream.sent)[0].status == 431
    assert stream.drained > 50_000


@pytest.mark.parametrize("length", [1025, 10**18])
async def test_a_body_announced_as_too_long_is_refused_before_it_comes(length: int) -> None:
    head = f"POST / HTTP/1.1\r\nHost: t\r\nContent-Length: {length}\r\nExpect: 100-continue\r\n\r\n"

    conversation = await talk(head.encode(), settings=SMALL)

    assert conversation.statuses == [413]
    assert conversation.answers[0].interim == ()


async def test_a_body_that_grows_too_long_is_refused() -> None:
    assert (await talk(chunked(b"x" * 1024), settings=SMALL)).statuses == [200]
    assert (await talk(chunked(b"x" * 1000, b"x" * 25), settings=SMALL)).statuses == [413]
    assert (await talk(post(b"x" * 1024), settings=SMALL)).statuses == [200]


async def test_a_client_that_waits_to_be_asked_is_asked_for_its_body() -> None:
    """RFC 9110, section 10.1.1."""
    data = post(b"abc", "Expect: 100-continue")

    conversation = await talk(data[:-3], data[-3:])

    (answer,) = conversation.answers
    assert answer.interim == (100,)
    assert json.loads(answer.body)["body"] == "abc"


async def test_a_head_request_is_answered_by_a_head() -> None:
    conversation = await talk(get("/").replace(b"GET", b"HEAD") + get("/next"))

    first, second = parse(conversation.stream.sent, methods=["HEAD", "GET"])
    assert int(first.headers["content-length"]) > 0
    assert first.body == b""
    assert second.status == 200


async def test_a_refusal_of_a_head_request_has_no_body() -> None:
    data = get("http://evil/").replace(b"GET", b"HEAD")

    conversation = await talk(data)

    assert conversation.stream.sent.endswith(b"\r\n\r\n")
    assert conversation.stream.sent.startswith(b"HTTP/1.1 400 ")
