"""
The seam between the HTTP front and an ASGI application: one request in, one answer out.

As thin as the application allows: the request is complete before the application is called, and
there are no background waits, so that the application runs in the connection's own task and is
cancelled with it. What it raises is logged and becomes a plain 500; what it raises after its
answer has begun cuts the connection, so that the client can see that the answer is not whole.
"""

import logging
from typing import Any, Final, cast
from urllib.parse import unquote_to_bytes

import h11
import trio
from starlette.types import ASGIApp, Message, Scope

from multichat_server.http.connection import ClientGone, HttpConnection, Request, http_date

__all__ = ["answer_by_app"]

_log: Final = logging.getLogger("multichat.http")

# Whose answers have no body whatever the application says (RFC 9110, section 6.4.1).
_STATUS_WITHOUT_BODY: Final = frozenset({204, 304})


async def answer_by_app(
    connection: HttpConnection, request: Request, app: ASGIApp, *, stream: trio.abc.Stream
) -> bool:
    """
    Have an application answer a request, and tell whether it did so to the end.

    Cancelling this cancels the application. Nothing that the application raises comes out.

    Args:
        connection: Where the answer is written.
        request: What is to be answered.
        app: The application; it sees no lifespan events.
        stream: Asked for the two ends' addresses, if it has any.

    """
    exchange = _Exchange(connection, request)
    try:
        await app(_scope(request, stream), exchange.receive, exchange.send)
    except Exception:  # noqa: BLE001  # the one place where a page's bug must not end the server
        if exchange.client_is_gone:
            return False
        _log.exception("the application failed at %s", ascii(request.path))
    else:
        if not exchange.is_complete:
            _log.error("the application left %s without a whole answer", ascii(request.path))
    if exchange.is_complete:
        return True
    if not connection.can_answer:
        return False
    await connection.answer_plainly(500, "the server has failed here; this was logged")
    return True


class _Exchange:
    """What the application gets to hold of one request and its answer."""

    def __init__(self, connection: HttpConnection, request: Request) -> None:
        self._connection = connection
        self._request = request
        self._body_was_read = False
        self._done = trio.Event()
        # The start of the answer is held back until its first part, so that one write carries
        # both, and so that an application that fails in between can still be answered for.
        self._start: h11.Response | None = None
        self._drops_body = False
        self._has_begun = False
        self.client_is_gone = False

    @property
    def is_complete(self) -> bool:
        return self._done.is_set()

    async def receive(self) -> Message:
        if not self._body_was_read:
            self._body_was_read = True
            return {"type": "http.request", "body": self._request.body, "more_body": False}
        if not self.is_complete:
            async with trio.open_nursery() as nursery:

                async def watch() -> None:
                    await self._connection.wait_gone()
                    nursery.cancel_scope.cancel()

                nursery.start_soon(watch)
                await self._done.wait()
                nursery.cancel_scope.cancel()
        return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        match message["type"]:
            case "http.response.start":
                if self._start is not None:
                    raise RuntimeError("the answer has begun already")
                self._start = _response(message)
                self._drops_body = (
                    self._request.head.method == b"HEAD"
                    or self._start.status_code in _STATUS_WITHOUT_BODY
                )
            case "http.response.body":
                if self._start is None or self.is_complete:
                    raise RuntimeError("a body belongs between the start and the end of an answer")
                await self._send_body(message)
            case unknown:
                raise RuntimeError(f"{unknown!a} is no part of an HTTP answer")

    async def _send_body(self, message: Message) -> None:
        events: list[h11.Event] = []
        if not self._has_begun:
            events.append(cast(h11.Response, self._start))
        body = message.get("body", b"")
        if body and not self._drops_body:
            events.append(h11.Data(data=body))
        ends = not message.get("more_body", False)
        if ends:
            events.append(h11.EndOfMessage())
        self._has_begun = True
        try:
            await self._connection.send(*events)
        except ClientGone:
            self.client_is_gone = True
            raise
        if ends:
            self._done.set()


def _response(message: Message) -> h11.Response:
    headers = [(bytes(name), bytes(value)) for name, value in message.get("headers", ())]
    if not any(name.lower() == b"date" for name, _ in headers):
        headers.append((b"date", http_date()))
    return h11.Response(status_code=message["status"], headers=headers)


def _scope(request: Request, stream: trio.abc.Stream) -> Scope:
    """Describe a request as ASGI has it (HTTP, version 2.4 of its specification)."""
    client, server = _addresses(stream)
    return {
        "type": "http",
        # From 2.4 on send() raises OSError when the client is gone, and nobody need wait for
        # http.disconnect to learn of it; who has nothing to send for long may.
        "asgi": {"version": "3.0", "spec_version": "2.4"},
        "http_version": request.head.http_version.decode(),
        "method": request.head.method.decode("ascii"),
        "scheme": "http",
        "path": unquote_to_bytes(request.path).decode("utf-8", "replace"),
        "raw_path": request.path,
        "query_string": request.query,
        "root_path": "",
        "headers": [(bytes(name), bytes(value)) for name, value in request.head.headers],
        "client": client,
        "server": server,
    }


def _addresses(stream: trio.abc.Stream) -> tuple[Any, Any]:
    """Return (client, server), each as (host, port), or ``None`` where there is none."""
    if not isinstance(stream, trio.SocketStream):
        return None, None
    try:
        peer, own = stream.socket.getpeername(), stream.socket.getsockname()
    except OSError:
        # The client is gone already; writing the answer will show it.
        return None, None
    return tuple(peer[:2]), tuple(own[:2])
