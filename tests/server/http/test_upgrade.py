"""Upgrades: handed over with every byte behind them, or refused with what is missing."""

import pytest

from .wire import ScriptedStream, get, parse, talk

UPGRADE = ("Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13")


@pytest.mark.parametrize(
    ("target", "headers"),
    [
        ("/chat/stream/", UPGRADE),
        ("/chat/stream", UPGRADE),
        ("/chat/stream/?session_key=x", UPGRADE),
        ("http://test/chat/stream/", UPGRADE),
        ("/chat/stream/", ("Connection: keep-alive, upgrade", "Upgrade: WebSocket")),
        (
            "/chat/stream/",
            ("Connection: keep-alive", "connection: UPGRADE", "Upgrade: h2c, websocket"),
        ),
        ("/chat/stream/", (*UPGRADE, "Content-Length: 0")),
    ],
)
async def test_an_upgrade_on_the_stream_path_is_handed_over(
    target: str, headers: tuple[str, ...]
) -> None:
    conversation = await talk(get(target, *headers))

    ((request, trailing),) = conversation.upgrades
    assert request.target == target.encode()
    assert trailing == b""
    assert conversation.stream.sent == b""
    assert not conversation.stream.closed


@pytest.mark.parametrize(
    "trailing", [b"", b"\x81\x85abcd\x00\x01\x02\x03\x04", b"GET / HTTP/1.1\r\n\r\n"]
)
async def test_what_came_right_behind_is_handed_over_too(trailing: bytes) -> None:
    """A client may send its first frame together with the request; it must not be lost."""
    stream = ScriptedStream(
        [get("/") + get("/chat/stream/", *UPGRADE) + trailing, b"later"], then="silence"
    )

    conversation = await talk(stream=stream)

    assert conversation.upgrades[0][1] == trailing
    assert parse(stream.sent)[0].status == 200
    # What had not been read is the new owner's to read.
    assert await stream.receive_some() == b"later"


@pytest.mark.parametrize(
    ("target", "headers"),
    [
        ("/chat/stream/", ()),
        ("/chat/stream", ()),
        ("/chat/stream/?x", ()),
        ("/chat/stream/", ("Upgrade: websocket",)),
        ("/chat/stream/", ("Connection: Upgrade",)),
        ("/chat/stream/", ("Connection: Upgrade", "Upgrade: h2c")),
        ("/chat/stream/", ("Connection: close", "Upgrade: websocket")),
    ],
)
async def test_a_plain_get_of_the_stream_path_is_told_what_is_required(
    target: str, headers: tuple[str, ...]
) -> None:
    """RFC 9110, section 15.5.22: with 426 "the server MUST send an Upgrade header field"."""
    conversation = await talk(get(target, *headers))

    (answer,) = conversation.answers
    assert conversation.upgrades == []
    assert answer.status == 426
    assert answer.headers["upgrade"] == "websocket"
    assert "upgrade" in answer.headers["connection"]


async def test_after_426_the_connection_goes_on() -> None:
    conversation = await talk(
        get("/chat/stream/", "Connection: Upgrade", "Upgrade: h2c")
        + get("/")
        + get("/chat/stream/").replace(b"GET", b"HEAD")
    )

    answers = parse(conversation.stream.sent, methods=["GET", "GET", "HEAD"])
    assert [answer.status for answer in answers] == [426, 200, 426]


async def test_an_upgrade_by_http_1_0_is_none() -> None:
    """RFC 9110, section 7.8: "a server MUST ignore" it there."""
    conversation = await talk(get("/chat/stream/", *UPGRADE, version="1.0"))

    assert conversation.upgrades == []
    assert conversation.statuses == [426]


@pytest.mark.parametrize("method", ["POST", "PUT", "OPTIONS"])
@pytest.mark.parametrize("headers", [(), UPGRADE])
async def test_the_stream_path_knows_no_other_method(method: str, headers: tuple[str, ...]) -> None:
    conversation = await talk(get("/chat/stream/", *headers).replace(b"GET", method.encode()))

    (answer,) = conversation.answers
    assert conversation.upgrades == []
    assert (answer.status, answer.headers["allow"]) == (405, "GET, HEAD")


@pytest.mark.parametrize(
    "target",
    [
        "/",
        "/chat/",
        "/chat/stream/x",
        "/chat/streamfoo",
        "/chat/stream//",
        "//chat/stream/",
        "/chat/%73tream/",
        "/CHAT/STREAM/",
    ],
)
async def test_there_is_no_websocket_anywhere_else(target: str) -> None:
    conversation = await talk(get(target, *UPGRADE))

    assert conversation.upgrades == []
    assert conversation.statuses == [404]
    assert "upgrade" not in conversation.answers[0].headers


@pytest.mark.parametrize(
    "body", ["Content-Length: 3\r\n\r\nabc", "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"]
)
async def test_an_upgrade_with_a_body_is_refused(body: str) -> None:
    """Where does the body end and the new protocol begin? Not everybody would agree."""
    head = get("/chat/stream/", *UPGRADE).removesuffix(b"\r\n")

    conversation = await talk(head + body.encode())

    assert conversation.upgrades == []
    assert conversation.statuses == [400]


async def test_other_protocols_are_ignored_on_pages() -> None:
    conversation = await talk(get("/", "Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c") * 2)

    assert conversation.statuses == [200, 200]
