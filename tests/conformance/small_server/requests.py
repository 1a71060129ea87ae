"""Read one HTTP request from a stream, within a size and a time (MC1-HAND-07)."""

import h11
import trio

from tests.conformance.small_server.handshake import Request, Response
from tests.conformance.small_server.limits import Limits

__all__ = ["Requests", "Unreadable"]

BODY_BYTES = 65_536


class Unreadable(Exception):
    """What came is no request; None: not even an answer is due."""

    def __init__(self, response: Response | None) -> None:
        super().__init__(response)
        self.response = response


class Requests:
    """How requests are read."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits

    async def read(self, stream: trio.SocketStream) -> tuple[Request, bytes]:
        """
        Return a request, and what came behind it.

        Raises:
            Unreadable: It is none, or too big, or late.

        """
        with trio.move_on_after(self.seconds()):
            try:
                return await self._read(stream)
            except h11.RemoteProtocolError as exc:
                raise Unreadable(Response(exc.error_status_hint, "This is no request.")) from exc
            except trio.BrokenResourceError:
                raise Unreadable(None) from None
        raise Unreadable(Response(408, "The request took too long."))

    def seconds(self) -> float:
        """How long it may take."""
        return self.limits.handshake_seconds

    def largest_head(self) -> int:
        """How large a head may be, in bytes."""
        return self.limits.handshake_bytes

    async def more(
        self,
        stream: trio.SocketStream,
        received: int,  # noqa: ARG002  for faults
        *,
        has_head: bool,  # noqa: ARG002  for faults
    ) -> bytes:
        """Return the next bytes of a request, in however many pieces it comes."""
        return await stream.receive_some(1024)

    async def _read(self, stream: trio.SocketStream) -> tuple[Request, bytes]:
        http = h11.Connection(h11.SERVER, max_incomplete_event_size=self.largest_head())
        head: h11.Request | None = None
        body = b""
        received = 0
        while True:
            match http.next_event():
                case h11.Request() as head:
                    # h11 counts while a head is not whole; this one may have become so at last.
                    if received - len(http.trailing_data[0]) > self.largest_head():
                        raise Unreadable(Response(431, "The head is too large."))
                case h11.Data(data=data):
                    body += data
                    if len(body) > BODY_BYTES:
                        raise Unreadable(Response(413, "The body is too large."))
                case h11.EndOfMessage() if head is not None:
                    return _request(head, body), http.trailing_data[0]
                case h11.NEED_DATA:
                    data = await self.more(stream, received, has_head=head is not None)
                    received += len(data)
                    http.receive_data(data)
                case _:
                    raise Unreadable(None)


def _request(head: h11.Request, body: bytes) -> Request:
    path, _, query = head.target.decode("latin-1").partition("?")
    headers: dict[str, str] = {}
    for raw_name, raw_value in head.headers:
        name, value = raw_name.decode("latin-1").lower(), raw_value.decode("latin-1")
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    return Request(
        head.method.decode("latin-1"),
        path,
        query,
        headers,
        body,
        head.http_version.decode("latin-1"),
    )
