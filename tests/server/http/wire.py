"""A scripted client, an application that tells what it was asked, and answers taken apart."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Literal

import h11
import trio
from starlette.types import ASGIApp, Receive, Scope, Send

from multichat_server.config import Settings
from multichat_server.http import serve_http

Ending = Literal["eof", "silence", "reset"]


class ScriptedStream(trio.abc.HalfCloseableStream):
    """
    The server's end of a connection whose client follows a script.

    Args:
        chunks: What the client sends, one piece a read.
        then: What it does when it has sent all.
        reads: Whether it takes what it is sent: "all", "nothing" (and stays), or "reset".

    """

    def __init__(
        self,
        chunks: Iterable[bytes],
        *,
        then: Ending = "eof",
        reads: Literal["all", "nothing", "reset"] = "all",
    ) -> None:
        self._chunks = [chunk for chunk in chunks if chunk]
        self._then = then
        self._reads = reads
        self.writes: list[bytes] = []
        self.said_eof = False
        self.closed = False
        self.drained = 0

    async def receive_some(self, max_bytes: int | None = None) -> bytes:
        await trio.lowlevel.checkpoint()
        assert not self.closed
        if self._chunks:
            chunk = self._chunks[0][:max_bytes]
            self._chunks[0] = self._chunks[0][len(chunk) :]
            if not self._chunks[0]:
                del self._chunks[0]
            if self.said_eof:
                self.drained += len(chunk)
            return chunk
        if self._then == "silence":
            await trio.sleep_forever()
        if self._then == "reset":
            raise trio.BrokenResourceError("reset by the client")
        return b""

    async def send_all(self, data: bytes | bytearray | memoryview) -> None:
        await trio.lowlevel.checkpoint()
        assert not self.closed
        assert not self.said_eof
        if self._reads == "nothing":
            await trio.sleep_forever()
        if self._reads == "reset":
            raise trio.BrokenResourceError("reset by the client")
        self.writes.append(bytes(data))

    async def wait_send_all_might_not_block(self) -> None:
        raise AssertionError("nobody asks for this")

    async def send_eof(self) -> None:
        await trio.lowlevel.checkpoint()
        self.said_eof = True

    async def aclose(self) -> None:
        self.closed = True
        await trio.lowlevel.checkpoint()

    @property
    def sent(self) -> bytes:
        return b"".join(self.writes)


async def echo(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer with what was asked, as JSON."""
    message = await receive()
    assert message["type"] == "http.request"
    assert message["more_body"] is False
    body = json.dumps(
        {
            "method": scope["method"],
            "path": scope["path"],
            "query": scope["query_string"].decode(),
            "version": scope["http_version"],
            "headers": [
                [name.decode(), value.decode("latin-1")] for name, value in scope["headers"]
            ],
            "body": message["body"].decode("latin-1"),
        }
    ).encode()
    headers = [(b"content-length", b"%d" % len(body)), (b"x-app", b"echo")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


@dataclass
class Talk:
    """What came of a conversation."""

    stream: ScriptedStream
    upgrades: list[tuple[h11.Request, bytes]] = field(default_factory=list)

    @property
    def answers(self) -> list["Answer"]:
        return parse(self.stream.sent)

    @property
    def statuses(self) -> list[int]:
        return [answer.status for answer in self.answers]


@dataclass(frozen=True)
class Answer:
    """One answer as a client sees it."""

    status: int
    headers: dict[str, str]
    body: bytes
    header_list: list[tuple[bytes, bytes]]
    interim: tuple[int, ...] = ()
    is_whole: bool = True


def parse(data: bytes, *, methods: Sequence[str] = ()) -> list[Answer]:
    """Take apart what a server has sent; methods are those of the requests, GET if not said."""
    answers: list[Answer] = []
    rest = data
    while rest:
        client = h11.Connection(h11.CLIENT)
        method = methods[len(answers)] if len(answers) < len(methods) else "GET"
        client.send(h11.Request(method=method, target="/", headers=[("Host", "test")]))
        client.send(h11.EndOfMessage())
        client.receive_data(rest)
        client.receive_data(b"")
        answer, rest = _one(client)
        answers.append(answer)
    return answers


def _one(client: h11.Connection) -> tuple[Answer, bytes]:
    interim: list[int] = []
    head: h11.Response | None = None
    body = b""
    while True:
        try:
            event = client.next_event()
        except h11.RemoteProtocolError:
            assert head is not None
            return _answer(head, body, interim, is_whole=False), b""
        match event:
            case h11.InformationalResponse():
                interim.append(event.status_code)
            case h11.Response():
                head = event
            case h11.Data():
                body += event.data
            case h11.EndOfMessage():
                assert head is not None
                return _answer(head, body, interim, is_whole=True), client.trailing_data[0]
            case _:
                raise AssertionError(event)


def _answer(head: h11.Response, body: bytes, interim: list[int], *, is_whole: bool) -> Answer:
    headers = {name.decode(): value.decode() for name, value in head.headers}
    return Answer(head.status_code, headers, body, list(head.headers), tuple(interim), is_whole)


async def talk(
    *chunks: bytes,
    app: ASGIApp = echo,
    settings: Settings | None = None,
    stream: ScriptedStream | None = None,
) -> Talk:
    """Have a client send some chunks and end, and return what came of it."""
    conversation = Talk(stream or ScriptedStream(chunks))

    async def upgrade(stream: ScriptedStream, request: h11.Request, trailing: bytes) -> None:
        assert not stream.closed
        conversation.upgrades.append((request, trailing))

    await serve_http(conversation.stream, app=app, settings=settings or Settings(), upgrade=upgrade)
    return conversation


def get(path: str = "/", *headers: str, version: str = "1.1") -> bytes:
    """Return a GET request."""
    lines = [f"GET {path} HTTP/{version}", "Host: test", *headers, "", ""]
    return "\r\n".join(lines).encode()


def post(body: bytes, *headers: str, path: str = "/") -> bytes:
    """Return a POST request of a stated length."""
    lines = [
        f"POST {path} HTTP/1.1",
        "Host: test",
        f"Content-Length: {len(body)}",
        *headers,
        "",
        "",
    ]
    return "\r\n".join(lines).encode() + body
