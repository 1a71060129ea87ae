"""How a client's bytes are cut into reads makes no difference to what it is answered."""

import itertools

import trio
import trio.testing
from hypothesis import example, given, settings
from hypothesis import strategies as st

from multichat_server.config import Settings

from .wire import Talk, get, post, talk

LIMITS = Settings(http_header_bytes=1024, http_body_bytes=1024)

CHUNKED = b"POST /c HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n"

REQUESTS = [
    get("/"),
    get("/a?b", "X: y"),
    get("/", "Connection: close"),
    get("/", version="1.0"),
    get("/chat/stream/"),
    get("/chat/stream/", "Connection: Upgrade", "Upgrade: websocket"),
    get("/nope", "Connection: Upgrade", "Upgrade: websocket"),
    get("/", "X: " + "x" * 2000),
    post(b""),
    post(b"\r\n\r\nabc\n\n"),
    post(b"x" * 1025),
    CHUNKED + b"3\r\nabc\r\n4;ext=1\r\n\r\n\r\n\r\n0\r\nTrailer: x\r\n\r\n",
    CHUNKED + b"401\r\n" + b"x" * 1025 + b"\r\n0\r\n\r\n",
    CHUNKED + b"3\r\nabcd\r\n0\r\n\r\n",
    get("/", "X: a\r\n b"),
    b"GET / HTTP/1.1\nHost: test\n\n",
    b"GET / HTTP/1.1\r\n\r\n",
    b"POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
    b"\x81\x85abcd\x00\x01\x02\x03\x04",
    b"GET / HT",
]

NOISE_TOO_LONG = b"\x81\x85abcd" + get("/", "X: " + "x" * 2000)


def converse(chunks: list[bytes]) -> Talk:
    async def run() -> Talk:
        return await talk(*chunks, settings=LIMITS)

    return trio.run(run, clock=trio.testing.MockClock(autojump_threshold=0))


def shape(conversation: Talk) -> list[tuple[int, bytes]]:
    """
    Return the statuses and bodies of the answers.

    A head that is both malformed and too long is refused for whatever shows first, which is
    the one thing that may differ.
    """
    return [
        (400, b"") if answer.status in (400, 431) else (answer.status, answer.body)
        for answer in conversation.answers
    ]


@st.composite
def cut_conversations(draw: st.DrawFn) -> tuple[bytes, list[bytes]]:
    data = b"".join(draw(st.lists(st.sampled_from(REQUESTS), min_size=1, max_size=4)))
    cuts = draw(st.lists(st.integers(0, len(data)), max_size=12))
    edges = [0, *sorted(cuts), len(data)]
    return data, [data[start:end] for start, end in itertools.pairwise(edges)]


@given(cut_conversations())
@example((NOISE_TOO_LONG, [NOISE_TOO_LONG[:1200], NOISE_TOO_LONG[1200:]]))
@settings(max_examples=300, deadline=None)
def test_any_cutting_gives_the_same_answers(case: tuple[bytes, list[bytes]]) -> None:
    data, chunks = case
    whole, cut = converse([data]), converse(chunks)

    assert shape(cut) == shape(whole)
    assert [request.target for request, _ in cut.upgrades] == [
        request.target for request, _ in whole.upgrades
    ]
    # What is behind an upgrade was either read with it or is still to be read.
    for (_, one), (_, other) in zip(cut.upgrades, whole.upgrades, strict=True):
        assert one + b"".join(cut.stream._chunks) == other + b"".join(whole.stream._chunks)


@given(st.lists(st.binary(max_size=64) | st.sampled_from(REQUESTS), max_size=6))
@settings(max_examples=300, deadline=None)
def test_no_bytes_whatever_bring_the_connection_down(chunks: list[bytes]) -> None:
    """Only the answers may differ: whoever sends noise is refused and closed."""
    conversation = converse(chunks)

    assert conversation.stream.closed or conversation.upgrades
    assert not any(status == 500 for status in conversation.statuses)
