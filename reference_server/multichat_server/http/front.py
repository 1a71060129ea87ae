"""
The front door: what becomes of each request on one TCP connection.

::

    GET with Upgrade: websocket on a stream path    handed over, and with it the connection
    GET without                                     426, with Upgrade: websocket
    any other method there                          405
    Upgrade: websocket on any other path            404
    everything else                                 the application's

Other protocols in an Upgrade header are ignored, as RFC 9110 allows, and so is the header as a
whole where Connection does not name it or the request is HTTP/1.0.
"""

import logging
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

import h11
import trio
from starlette.types import ASGIApp

from multichat_proto.handshake import STREAM_PATH
from multichat_server.config import Settings
from multichat_server.http.asgi import answer_by_app
from multichat_server.http.connection import ClientGone, HttpConnection, Refused, Request

__all__ = ["STREAM_PATHS", "serve_http"]

#: Where the chat is. The first is the canonical one.
STREAM_PATHS: Final = (STREAM_PATH.encode(), STREAM_PATH.rstrip("/").encode())

_log: Final = logging.getLogger("multichat.http")

S = TypeVar("S", bound=trio.abc.Stream)


async def serve_http(
    stream: S,
    *,
    app: ASGIApp,
    settings: Settings,
    upgrade: Callable[[S, h11.Request, bytes], Awaitable[object]],
) -> None:
    """
    Serve one connection until it ends or is upgraded.

    Whatever the client does, only cancellation and what ``upgrade`` raises come out of this.
    The stream is closed at the end, cancelled or not, unless it was handed over.

    Args:
        stream: The client, just accepted.
        app: Answers everything that has nothing to do with upgrades.
        settings: Gives the limits of time and size.
        upgrade: Gets the stream, the request and what came right behind it, and owns the
            stream from then on; it also answers the request.

    """
    handed_over = False
    try:
        request = await _serve_requests(stream, app, settings)
        if request is not None:
            head, trailing = request
            handed_over = True
            await upgrade(stream, head, trailing)
    finally:
        if not handed_over:
            await trio.aclose_forcefully(stream)


async def _serve_requests(
    stream: trio.abc.Stream, app: ASGIApp, settings: Settings
) -> tuple[h11.Request, bytes] | None:
    """Answer requests until the connection ends, or return one to be upgraded."""
    connection = HttpConnection(stream, settings)
    try:
        while True:
            try:
                request = await connection.receive_request()
                if request is None:
                    return None
                if _asks_for_websocket(request) and _is_fit_for_upgrade(request):
                    return request.head, connection.trailing_data()
                if not await _answer(connection, request, app, stream):
                    return None
            except Refused as refusal:
                _log.info("refused a request: %d, %s", refusal.status, refusal.reason)
                await connection.answer_plainly(refusal.status, refusal.reason, close=True)
            if not connection.may_go_on:
                await connection.linger()
                return None
            connection.next_cycle()
    except (ClientGone, trio.BrokenResourceError, trio.ClosedResourceError):
        # Nobody is left to be told.
        return None


async def _answer(
    connection: HttpConnection, request: Request, app: ASGIApp, stream: trio.abc.Stream
) -> bool:
    """Answer a request and tell whether that went to the end."""
    if request.path in STREAM_PATHS:
        if request.head.method in (b"GET", b"HEAD"):
            await connection.answer_plainly(
                426,
                "the chat speaks WebSocket here",
                headers=((b"upgrade", b"websocket"), (b"connection", b"upgrade")),
            )
        else:
            await connection.answer_plainly(
                405, "the chat is opened by GET", headers=((b"allow", b"GET, HEAD"),)
            )
        return True
    if _asks_for_websocket(request):
        await connection.answer_plainly(404, "there is no WebSocket here")
        return True
    return await answer_by_app(connection, request, app, stream=stream)


def _asks_for_websocket(request: Request) -> bool:
    return (
        request.head.http_version != b"1.0"
        and b"websocket" in _tokens(request.head, b"upgrade")
        and b"upgrade" in _tokens(request.head, b"connection")
    )


def _is_fit_for_upgrade(request: Request) -> bool:
    if request.path not in STREAM_PATHS or request.head.method != b"GET":
        return False
    if any(
        name == b"transfer-encoding" or (name == b"content-length" and value.strip(b"0"))
        for name, value in request.head.headers
    ):
        raise Refused(400, "a request that asks for an upgrade has no body")
    return True


def _tokens(head: h11.Request, name: bytes) -> set[bytes]:
    """Return the members of a comma-separated header, in lower case."""
    return {
        token.strip().lower()
        for key, value in head.headers
        if key == name
        for token in value.split(b",")
    }
