"""The front on real sockets: another's client, addresses, and answers that survive a close."""

import http.client
import json
import socket
from collections.abc import AsyncIterator
from functools import partial

import pytest
import trio
from starlette.types import Receive, Scope, Send

from multichat_server.config import Settings
from multichat_server.http import serve_http

from .wire import echo, parse

SETTINGS = Settings(http_body_bytes=1024)


async def no_upgrade(*_: object) -> None:
    pytest.fail("nobody asked for that")


async def with_addresses(scope: Scope, receive: Receive, send: Send) -> None:
    if scope["path"] != "/addresses":
        await echo(scope, receive, send)
        return
    body = json.dumps([scope["client"], scope["server"]]).encode()
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": body})


@pytest.fixture
async def port(nursery: trio.Nursery) -> AsyncIterator[int]:
    async def serve(stream: trio.SocketStream) -> None:
        await serve_http(stream, app=with_addresses, settings=SETTINGS, upgrade=no_upgrade)

    (listener,) = await nursery.start(partial(trio.serve_tcp, serve, 0, host="127.0.0.1"))
    yield listener.socket.getsockname()[1]
    nursery.cancel_scope.cancel()


async def test_the_standard_librarys_client_is_served(port: int) -> None:
    def visit() -> list[tuple[int, bytes]]:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        answers = []
        for method, body in (("GET", None), ("POST", b"abc"), ("HEAD", None), ("GET", None)):
            connection.request(method, "/", body)
            response = connection.getresponse()
            answers.append((response.status, response.read()))
        connection.close()
        return answers

    answers = await trio.to_thread.run_sync(visit)

    assert [status for status, _ in answers] == [200] * 4
    assert json.loads(answers[1][1])["body"] == "abc"
    assert answers[2][1] == b""


async def test_the_application_is_told_both_addresses(port: int) -> None:
    async with await trio.open_tcp_stream("127.0.0.1", port) as stream:
        own = stream.socket.getsockname()
        await stream.send_all(b"GET /addresses HTTP/1.0\r\n\r\n")
        data = b"".join([chunk async for chunk in stream])

    client, server = json.loads(parse(data)[0].body)
    assert (client, server) == (list(own), ["127.0.0.1", port])


async def test_a_refusal_is_read_by_a_client_that_is_still_sending(port: int) -> None:
    """Not lingering would lose the answer to a reset, most of the times this is run."""
    async with await trio.open_tcp_stream("127.0.0.1", port) as stream:
        await stream.send_all(b"POST / HTTP/1.1\r\nHost: t\r\nContent-Length: 900000\r\n\r\n")
        await stream.send_all(b"x" * 900_000)
        data = b"".join([chunk async for chunk in stream])

    assert parse(data)[0].status == 413


async def test_a_client_that_resets_before_its_answer_harms_nobody() -> None:
    """The socket has no peer any more when the application is called."""
    listener = await trio.open_tcp_listeners(0, host="127.0.0.1")
    async with listener[0]:
        address = listener[0].socket.getsockname()
        client = socket.create_connection(address)
        stream = await listener[0].accept()
        client.sendall(b"GET /addresses HTTP/1.1\r\nHost: t\r\n\r\n")
        await trio.lowlevel.wait_readable(stream.socket)
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
        client.close()

        await serve_http(stream, app=with_addresses, settings=SETTINGS, upgrade=no_upgrade)
