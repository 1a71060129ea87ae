"""
One HTTP/1 connection: requests are read whole, within limits, and answers are written.

Who sends may be anybody, so that nothing is taken on trust:

- *Size.* A head longer than ``http_header_bytes`` is refused (431), a body longer than
  ``http_body_bytes`` too (413), the latter before the application hears of the request.
- *Time.* One deadline runs over a whole head, another over a whole body, and one over each
  write: a client that sends or reads a byte now and then gains nothing by it.
- *Framing.* Whatever two readers could take for two different messages is refused (400), though
  RFC 9112 would let a server mend some of it: ``Content-Length`` beside ``Transfer-Encoding``,
  either of them in doubtful shape, folded lines, lines that end in a bare LF.

A request is read to its end before it is answered. So the application never waits for a client,
a pipelined request simply waits in the buffer, and nothing more is read from the socket
meanwhile, which is all the back-pressure there is to be.

The connection has no task of its own. Cancelling any of its methods but :meth:`wait_gone` leaves it
fit for nothing but being closed.
"""

import re
import time
from collections.abc import Sequence
from dataclasses import dataclass
from email.utils import formatdate
from http import HTTPStatus
from typing import Final

import h11
import trio

from multichat_server.config import Settings

__all__ = ["ClientGone", "HttpConnection", "Refused", "Request"]

Headers = Sequence[tuple[bytes, bytes]]

_RECEIVE_BYTES: Final = 16_384

# After the last answer: how long, and how much, a client may go on sending before it is cut
# off. Closing at once would make the system send a reset, which can destroy the answer before
# the client has read it.
_LINGER_SECONDS: Final = 2.0
_LINGER_BYTES: Final = 1_048_576

# A head ends where h11 says it does: at the first empty line, however lines end.
_END_OF_HEAD: Final = re.compile(rb"\n\r?\n")
# A line that ends in a bare LF, or one that goes on in the next (RFC 9112, section 5.2).
_DOUBTFUL_LINE: Final = re.compile(rb"(?<!\r)\n|\n[ \t]")

# An answer of our own is plain text for a person, and must be nothing else to a browser.
_PLAIN: Final = (
    (b"content-type", b"text/plain; charset=utf-8"),
    (b"x-content-type-options", b"nosniff"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"cache-control", b"no-store"),
)


class ClientGone(OSError):
    """The client does not take the answer: it has closed, or reads too slowly."""


class Refused(Exception):
    """
    A request is not fit to be answered by the application; the connection ends with this.

    Attributes:
        status: The HTTP status to answer with.
        reason: A sentence for the client; never any of its own text.

    """

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(status, reason)
        self.status = status
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Request:
    """
    A request that was read to its end.

    Attributes:
        head: The request as h11 gives it.
        path: The target's path, as it was sent.
        query: What follows the target's question mark, as it was sent; empty if nothing does.
        body: The body, empty if there is none.

    """

    head: h11.Request
    path: bytes
    query: bytes
    body: bytes


class HttpConnection:
    """
    The server's side of one HTTP/1 connection.

    Args:
        stream: The client; stays the caller's to close.
        settings: Gives the limits of time and size.

    """

    def __init__(self, stream: trio.abc.Stream, settings: Settings) -> None:
        self._stream = stream
        self._settings = settings
        self._h11 = h11.Connection(h11.SERVER, max_incomplete_event_size=settings.http_header_bytes)
        # What came since the last request ended, until the head is complete; h11 mends folded
        # lines without telling, so that they can be found only here.
        self._raw = bytearray()
        self._reads_head = True
        self._method = b""

    @property
    def may_go_on(self) -> bool:
        """Whether another request can follow the answer that was sent."""
        return self._h11.our_state is h11.DONE and self._h11.their_state is h11.DONE

    @property
    def can_answer(self) -> bool:
        """Whether nothing was answered to the present request so far."""
        return self._h11.our_state in (h11.IDLE, h11.SEND_RESPONSE)

    def trailing_data(self) -> bytes:
        """Return what was received behind the request: the beginning of what comes next."""
        return self._h11.trailing_data[0]

    async def wait_gone(self) -> None:
        """
        Return when the client sends no more: it is gone, or has closed its half.

        To be called between a request and the end of its answer. A client that sends its next
        request already is not watched any further. Cancelling this, and only this, is safe.
        """
        waiting, is_over = self._h11.trailing_data
        while not waiting and not is_over:
            try:
                data = await self._stream.receive_some(_RECEIVE_BYTES)
            except (trio.BrokenResourceError, trio.ClosedResourceError):
                return
            self._h11.receive_data(bytes(data))
            waiting, is_over = self._h11.trailing_data
        if not is_over:
            await trio.sleep_forever()

    def next_cycle(self) -> None:
        """Get ready for the next request; to be called only if :attr:`may_go_on`."""
        self._h11.start_next_cycle()
        self._raw = bytearray(self._h11.trailing_data[0])
        self._reads_head = True
        self._method = b""

    async def receive_request(self) -> Request | None:
        """
        Wait for a request and return it; ``None`` if the client sends none.

        Raises:
            Refused: What came is too long, too slow, or no proper request.
            trio.BrokenResourceError: The connection is broken.

        """
        head: object = None
        with trio.move_on_after(self._settings.handshake_timeout) as waiting:
            head = await self._next_event()
        if waiting.cancelled_caught:
            if self._raw:
                raise Refused(408, "the request's head did not come in time")
            return None
        if not isinstance(head, h11.Request):
            return None
        self._method = head.method
        self._reads_head = False
        self._check_framing(head)
        path, query = _split_target(head)

        body = b""
        with trio.move_on_after(self._settings.handshake_timeout) as waiting:
            body = await self._receive_body()
        if waiting.cancelled_caught:
            raise Refused(408, "the request's body did not come in time")
        return Request(head, path, query, body)

    async def send(self, *events: h11.Event) -> None:
        """
        Write parts of an answer, all in one go.

        Raises:
            h11.LocalProtocolError: They do not fit what was sent before.
            ClientGone: The client does not take them, or not in time.

        """
        data = b"".join(self._h11.send(event) or b"" for event in events)
        with trio.move_on_after(self._settings.handshake_timeout) as writing:
            try:
                await self._stream.send_all(data)
            except (trio.BrokenResourceError, trio.ClosedResourceError) as exc:
                raise ClientGone("the client closed the connection") from exc
        if writing.cancelled_caught:
            raise ClientGone("the client did not take the answer in time")

    async def answer_plainly(
        self, status: int, reason: str, *, headers: Headers = (), close: bool = False
    ) -> None:
        """
        Answer with a sentence of plain text.

        Args:
            status: The HTTP status.
            reason: The sentence.
            headers: Headers besides the usual ones.
            close: Whether the connection must end after this.

        Raises:
            ClientGone: The client does not take it.

        """
        body = f"{status} {HTTPStatus(status).phrase}: {reason}\n".encode()
        usual = [*_PLAIN, (b"content-length", b"%d" % len(body)), (b"date", http_date())]
        if close:
            usual.append((b"connection", b"close"))
        events: list[h11.Event] = [h11.Response(status_code=status, headers=[*usual, *headers])]
        if self._method != b"HEAD":
            events.append(h11.Data(data=body))
        await self.send(*events, h11.EndOfMessage())

    async def linger(self) -> None:
        """
        Tell the client that nothing more comes, and let it finish, within limits.

        Raises:
            trio.BrokenResourceError: The connection is broken.

        """
        with trio.move_on_after(_LINGER_SECONDS):
            if isinstance(self._stream, trio.abc.HalfCloseableStream):
                await self._stream.send_eof()
            drained = 0
            while drained < _LINGER_BYTES:
                data = await self._stream.receive_some(_RECEIVE_BYTES)
                if not data:
                    return
                drained += len(data)

    async def _receive_body(self) -> bytes:
        limit = self._settings.http_body_bytes
        body = bytearray()
        while True:
            event = await self._next_event()
            if not isinstance(event, h11.Data):
                # The end of the message: of an early end of the stream h11 makes an error.
                return bytes(body)
            body += event.data
            if len(body) > limit:
                raise Refused(413, f"a body has at most {limit} bytes")

    async def _next_event(self) -> object:
        """Return h11's next event, reading from the stream for as long as there is none."""
        while True:
            try:
                event = self._h11.next_event()
            except h11.RemoteProtocolError as exc:
                status = exc.error_status_hint
                raise Refused(status, _REASONS.get(status, _REASONS[400])) from exc
            if event is not h11.NEED_DATA:
                return event
            if self._h11.they_are_waiting_for_100_continue:
                await self.send(h11.InformationalResponse(status_code=100, headers=[]))
            data = await self._stream.receive_some(_RECEIVE_BYTES)
            if self._reads_head:
                self._raw += data
            self._h11.receive_data(bytes(data))

    def _check_framing(self, head: h11.Request) -> None:
        """Refuse a request whose end, or whose meaning, others could see differently."""
        # h11 has found a whole head, so that there is an end.
        end = next(_END_OF_HEAD.finditer(self._raw)).end()
        # h11 counts only what is not whole yet, and lets pass what came in one go.
        if end > self._settings.http_header_bytes:
            raise Refused(431, _REASONS[431])
        if _DOUBTFUL_LINE.search(self._raw, 0, end):
            raise Refused(400, "a line of the head is folded or ends without CR")
        self._raw.clear()

        if not head.http_version.startswith(b"1."):
            raise Refused(505, "this server speaks HTTP/1.0 and HTTP/1.1")
        names = {name for name, _ in head.headers}
        if b"transfer-encoding" in names:
            # RFC 9112, section 6.1: either is a sign of an attempt to smuggle.
            if b"content-length" in names:
                raise Refused(400, "Transfer-Encoding and Content-Length exclude each other")
            if head.http_version == b"1.0":
                raise Refused(400, "HTTP/1.0 knows no Transfer-Encoding")
        limit = self._settings.http_body_bytes
        length = next((value for name, value in head.headers if name == b"content-length"), b"0")
        if int(length) > limit:
            raise Refused(413, f"a body has at most {limit} bytes")


_REASONS: Final = {
    400: "this is no proper HTTP request",
    431: "the request's head is too long",
    501: "no transfer coding but chunked is known here",
}


def http_date() -> bytes:
    """Return the time as HTTP writes it."""
    return formatdate(time.time(), usegmt=True).encode()


def _split_target(head: h11.Request) -> tuple[bytes, bytes]:
    """Return a target's path and query, as they were sent."""
    target = head.target
    if not target.startswith(b"/"):
        # RFC 9112, section 3.2.2: "A server MUST accept the absolute-form in requests."
        scheme, slashes, rest = target.partition(b"://")
        host = re.split(rb"[/?#]", rest, maxsplit=1)[0]
        if scheme.lower() not in (b"http", b"https") or not slashes or not host:
            raise Refused(400, "the request's target is neither a path nor a URL")
        named = [value.lower() for name, value in head.headers if name == b"host"]
        if named and named != [host.lower()]:
            raise Refused(400, "the request's target and its Host differ")
        target = rest[len(host) :]
        if not target.startswith(b"/"):
            target = b"/" + target
    path, _, query = target.partition(b"?")
    return path, query
