"""Faults of how requests and frames are written: what another client than one's own shows."""

from collections.abc import Iterator

import h11
import trio

from tests.conformance.small_server.faults.fault import fault
from tests.conformance.small_server.frames import Refused
from tests.conformance.small_server.framing import Broken, Event, Framing
from tests.conformance.small_server.handshake import Accepted, Handshake, Request, Response
from tests.conformance.small_server.reading import Command, Reading
from tests.conformance.small_server.requests import Requests, Unreadable


@fault("HAND-01")
class HeadersAreComparedWhole(Handshake):
    """A handshake whose Connection header holds more than the one word is refused."""

    def check_upgrade(self, request: Request) -> Response | None:
        if request.headers.get("connection") != "Upgrade":
            return Response(426, "This is a WebSocket.")
        return super().check_upgrade(request)


@fault("HAND-01")
class RequestInOneRead(Requests):
    """What the first read brings is taken for the whole request."""

    async def _read(self, stream: trio.SocketStream) -> tuple[Request, bytes]:
        http = h11.Connection(h11.SERVER)
        http.receive_data(data := await stream.receive_some())
        if http.next_event() is h11.NEED_DATA:
            raise Unreadable(Response(400, "This is no request."))
        return await super()._read(_Replay(stream, data))  # type: ignore[arg-type]  # all it needs


class _Replay:
    """Gives what was read before it goes on reading."""

    def __init__(self, stream: trio.SocketStream, data: bytes | bytearray) -> None:
        self._stream = stream
        self._data = bytes(data)

    async def receive_some(self, max_bytes: int) -> bytes | bytearray:
        data, self._data = self._data[:max_bytes], self._data[max_bytes:]
        return data or await self._stream.receive_some(max_bytes)


@fault("FRAME-02")
class FrameInOneRead(Framing):
    """What one read brings is taken for whole frames."""

    def receive(self, data: bytes) -> Iterator[Event]:
        yield from super().receive(data)
        if self._bytes:
            raise Broken(1002, "half a frame")


@fault("HAND-01")
class LowerLimitThanStated(Requests):
    """A handshake of a quarter of the stated size is too big."""

    def largest_head(self) -> int:
        return super().largest_head() // 4


@fault("HAND-07")
class LimitOfEachLine(Requests):
    """The size of each header line is limited, but not that of all of them."""

    def largest_head(self) -> int:
        return super().largest_head() * 1000

    async def _read(self, stream: trio.SocketStream) -> tuple[Request, bytes]:
        request, rest = await super()._read(stream)
        if any(len(value) > self.limits.handshake_bytes for value in request.headers.values()):
            raise Unreadable(Response(431, "A header is too long."))
        return request, rest


@fault("HAND-05")
class AnyMethod(Handshake):
    """The method and the HTTP version of a handshake are not looked at."""

    def judge(self, request: Request) -> Accepted | Response:
        return super().judge(
            Request("GET", request.path, request.query, request.headers, request.body, "1.1")
        )


@fault("JOIN-02")
class EscapesAreNotRead(Reading):
    """A command whose name is written by an escape is not known."""

    def read(self, content: str | bytes) -> Command:
        command = super().read(content)
        if isinstance(content, str) and f'"{command.name}"' not in content:
            raise Refused("COMMAND_INVALID", "no command, or an unknown one")
        return command
