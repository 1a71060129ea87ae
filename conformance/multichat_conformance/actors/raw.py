"""An actor on a bare socket: its WebSocket frames are what a story wants, legal or not."""

from collections.abc import Sequence
from typing import Self

import trio

from multichat_conformance.actors.actor import Actor, Ended
from multichat_conformance.actors.backdrop import Backdrop
from multichat_conformance.actors.handshake import (
    Handshake,
    open_stream,
    read_response,
    request_bytes,
    send_in_pieces,
)
from multichat_conformance.actors.wire import (
    Frame,
    FrameReader,
    Opcode,
    WireError,
    close_payload,
    frame,
)
from multichat_conformance.findings import TargetGone
from multichat_conformance.target.model import Account

__all__ = ["RawActor"]

_CHUNK = 65536
_MOST_PINGS = 10_000
_MOST_PARTS = 100_000
_NO_CODE = 1005


class RawActor(Actor):
    """
    A user whose WebSocket frames are written by hand.

    Attributes:
        answers_pings: Whether it answers pings; a story may switch it off.
        answers_close: Whether it answers a close frame and then ends the TCP connection.
        pongs: The payloads of the pongs that came.
        pings: The payloads of the pings that came.
        stream_ended: Whether the TCP stream has ended.
        response: The target's response to the handshake.

    """

    response: Handshake

    def __init__(self, name: str, account: Account | None, backdrop: Backdrop) -> None:
        super().__init__(name, account, backdrop)
        self.answers_pings = True
        self.answers_close = True
        self.pongs: list[bytes] = []
        self.pings: list[bytes] = []
        self.stream_ended = False
        self._reader = FrameReader()
        self._parts: list[bytes] = []
        self._message = Opcode.TEXT
        self._may_read = trio.Event()
        self._may_read.set()
        self._writing = trio.Lock()
        self._close_code: Ended | None = None
        self._has_closed = False
        self._is_spoilt = False

    @property
    def is_healthy(self) -> bool:
        """Whether commands can still be sent: nothing but whole messages was written so far."""
        return self.ended is None and not self._is_spoilt

    @classmethod
    async def connect(
        cls,
        nursery: trio.Nursery,
        name: str,
        account: Account | None,
        backdrop: Backdrop,
        *,
        headers: Sequence[tuple[str, str]] = (),
        resource: str | None = None,
        early: bytes = b"",
    ) -> Self:
        """
        Connect to the target and begin to listen.

        Args:
            nursery: Owns the task that listens; it ends with the connection.
            name: The role.
            account: Whose session it is; None: nobody's.
            backdrop: What the story's actors share.
            headers: What the handshake carries besides; never written down.
            resource: Path and query; None: the target's.
            early: Bytes to write right behind the request, in the same call.

        Raises:
            TargetGone: The target takes no connections.
            Violation: It does not answer the handshake with 101.

        """
        actor = cls(name, account, backdrop)
        target = backdrop.target
        request = request_bytes(target, resource=resource, headers=headers)
        where = request.split(b"\r\n", 1)[0].decode("latin-1")
        backdrop.transcript.add(name, "sent", "handshake", where)
        response = Handshake(None)
        with trio.move_on_after(backdrop.patience):
            actor._stream = await open_stream(target)
            try:
                await actor._stream.send_all(request + early)
            except trio.BrokenResourceError as exc:
                raise TargetGone(f"the connection broke in the handshake: {exc}") from exc
            response = await read_response(actor._stream)
        actor.response = response
        backdrop.transcript.add(name, "received", "handshake", str(response))
        wrong = response.fault(request) if response.status == 101 else str(response)
        if wrong:
            if hasattr(actor, "_stream"):
                await actor.vanish()
            if response.status is None:
                raise TargetGone("the target did not answer a handshake")
            actor.blame(
                "MC1-HAND-01",
                f"{name}'s handshake was not accepted",
                "a 101 response as RFC 6455 section 4.2.2 asks for",
                wrong,
                hopeless=True,
            )
        nursery.start_soon(actor._listen, response.rest)
        return actor

    _stream: trio.abc.Stream

    async def send_text(self, text: str) -> None:
        """Send one text message as it is."""
        self.backdrop.transcript.add(self.name, "sent", "text", text)
        await self._write(frame(Opcode.TEXT, text.encode("utf-8", "surrogatepass")))

    async def send_frame(
        self,
        opcode: int,
        payload: bytes = b"",
        *,
        fin: bool = True,
        reserved: int = 0,
        masked: bool = True,
    ) -> None:
        """Send one WebSocket frame, legal or not."""
        self._is_spoilt |= not (fin and masked and opcode == Opcode.TEXT) or bool(reserved)
        name = Opcode(opcode).name.lower() if opcode in set(Opcode) else f"opcode {opcode}"
        marks = [f"reserved {reserved:03b}"] * bool(reserved) + ["unmasked"] * (not masked)
        about = ", ".join([name, *["not final"] * (not fin), *marks, f"{len(payload)} bytes"])
        shown = payload[:200].decode("utf-8", "backslashreplace")
        self.backdrop.transcript.add(self.name, "sent", "bytes", f"[{about}] {shown}")
        await self._write(frame(opcode, payload, fin=fin, reserved=reserved, masked=masked))

    async def send_message(self, opcode: int, *parts: bytes) -> None:
        """Send one message in as many WebSocket frames as there are parts."""
        for place, part in enumerate(parts):
            await self.send_frame(
                Opcode.CONTINUATION if place else opcode, part, fin=place == len(parts) - 1
            )

    async def send_bytes(self, data: bytes, about: str, *, pieces: int = 1) -> None:
        """
        Write bytes as they are.

        Args:
            data: The bytes.
            about: What the transcript calls them.
            pieces: In how many writes, with a little time between them.

        """
        self._is_spoilt = True
        self.backdrop.transcript.add(self.name, "sent", "bytes", f"[{about}, {len(data)} bytes]")
        await self._write(data, pieces)

    async def gets_pong(self, payload: bytes, *, clause: str = "") -> None:
        """Wait for a pong with a payload."""

        def there() -> bool | None:
            return payload in self.pongs or None

        await self._until(there, f"a pong with the payload {payload!r}", clause)

    async def send_close(self, payload: bytes = close_payload(1000)) -> None:
        """Send a close frame with a payload and wait for nothing."""
        self._has_closed = True
        await self.send_frame(Opcode.CLOSE, payload)

    async def send_together(self, *frames: tuple[int, bytes]) -> None:
        """Write whole frames, each an opcode and a payload, in one call."""
        names = ", ".join(
            f"{Opcode(opcode).name.lower()} {data[:200]!r}" for opcode, data in frames
        )
        self.backdrop.transcript.add(self.name, "sent", "bytes", f"[in one write: {names}]")
        self._is_spoilt = True
        self._has_closed |= any(opcode == Opcode.CLOSE for opcode, _ in frames)
        await self._write(b"".join(frame(opcode, data) for opcode, data in frames))

    async def stream_ends(self, *, within: float | None = None, clause: str = "") -> None:
        """
        Wait until the target has ended the TCP connection, too.

        Args:
            within: Seconds that it may take by what it states, some grace not included; None: no
                bound but the suite's patience.
            clause: The clause to blame.

        """

        def over() -> bool | None:
            return self.stream_ended or None

        await self._until(over, "the end of the TCP connection", clause, within, even_ended=True)

    async def close(self, code: int = 1000, reason: str = "") -> None:
        """Send a close frame and wait until the connection has ended (or patience has)."""
        if self.ended is None:
            await self.send_close(close_payload(code, reason))
            with trio.move_on_after(self.backdrop.patience):
                while self.ended is None:
                    await self._news.wait()
        await self.vanish()

    async def end_stream(self) -> None:
        """End one's own side of the TCP stream, without a close frame."""
        self._is_spoilt = True
        self.backdrop.transcript.note("ends its side of the TCP stream", actor=self.name)
        if isinstance(self._stream, trio.SocketStream):
            # The listening task may be answering a ping just now.
            async with self._writing:
                try:
                    await self._stream.send_eof()
                except trio.BrokenResourceError:
                    self.stream_ended = True
        else:
            await trio.aclose_forcefully(self._stream)

    async def reset(self) -> None:
        """End the TCP connection by a reset (over TLS: without a word)."""
        self._is_spoilt = True
        self.backdrop.transcript.note("resets the TCP connection", actor=self.name)
        stream = self._stream
        if isinstance(stream, trio.SSLStream):
            stream = stream.transport_stream
        if isinstance(stream, trio.SocketStream):
            # SO_LINGER with a time of zero makes the close a reset.
            linger = (1).to_bytes(4, "little") + bytes(4)
            stream.setsockopt(trio.socket.SOL_SOCKET, trio.socket.SO_LINGER, linger)
        await trio.aclose_forcefully(stream)

    async def vanish(self) -> None:
        """Let go of the connection at once, without a close frame."""
        await trio.aclose_forcefully(self._stream)

    async def has_pong(self, payload: bytes, *, clause: str = "") -> None:
        """Take the next pong, which must carry a payload."""

        def first() -> bytes | None:
            return self.pongs.pop(0) if self.pongs else None

        wanted = f"a pong with the payload {_hex(payload)}"
        got = await self._until(first, wanted, clause)
        if got != payload:
            summary = f"{self.name}'s ping was answered with another payload than it carried"
            self.blame(clause, summary, wanted, f"a pong with the payload {_hex(got)}")

    def stop_reading(self) -> None:
        """
        Read no more bytes, so that the target's writes back up.

        The system reads on for a while. Its buffer is left as large as it is: with less than a
        segment of the loopback it would never open its window again.
        """
        self._is_spoilt = True
        self.backdrop.transcript.note("stops reading", actor=self.name)
        self._may_read = trio.Event()

    def read_again(self) -> None:
        """Go on reading."""
        self.backdrop.transcript.note("reads again", actor=self.name)
        self._may_read.set()

    async def _write(self, data: bytes, pieces: int = 1) -> None:
        # One writer at a time: the listening task answers pings.
        with trio.move_on_after(self.backdrop.patience):
            async with self._writing:
                try:
                    gap = self.backdrop.round_trips.gap
                    await send_in_pieces(self._stream, data, pieces=pieces, gap=gap)
                except (trio.BrokenResourceError, trio.ClosedResourceError):
                    # What the target said before it ended the connection is still read.
                    self.backdrop.transcript.note("the write fails", actor=self.name)

    async def _listen(self, data: bytes) -> None:
        try:
            while True:
                for one in self._reader.feed(data):
                    await self._take_frame(one)
                await self._may_read.wait()
                data = bytes(await self._stream.receive_some(_CHUNK))
                if not data:
                    break
        except (trio.BrokenResourceError, trio.ClosedResourceError):
            pass
        except WireError as exc:
            self._spoil("MC1-FRAME-01", str(exc), "frames that RFC 6455 allows a server")
        self.stream_ended = True
        self.heard_end(self._close_code or Ended(None))
        self._tell()

    async def _take_frame(self, one: Frame) -> None:
        match one.opcode:
            case Opcode.PING | Opcode.PONG if len(self.pings) + len(self.pongs) > _MOST_PINGS:
                raise WireError("a flood of pings and pongs")
            case Opcode.PING:
                self.pings.append(one.payload)
                if self.answers_pings:
                    await self._write(frame(Opcode.PONG, one.payload))
            case Opcode.PONG:
                self.backdrop.transcript.add(self.name, "received", "pong", one.payload.hex(" "))
                self.pongs.append(one.payload)
                self._tell()
            case Opcode.CLOSE:
                await self._take_close(one.payload)
            case _:
                self._take_part(one)

    async def _take_close(self, payload: bytes) -> None:
        if len(payload) == 1:
            raise WireError("a close frame with half a code")
        if payload:
            code = int.from_bytes(payload[:2], "big")
            self._close_code = Ended(code, payload[2:].decode("utf-8", "backslashreplace"))
        else:
            self._close_code = Ended(_NO_CODE)
        self.heard_end(self._close_code)
        if self.answers_close and not self._has_closed:
            self._has_closed = True
            await self._write(frame(Opcode.CLOSE, payload))

    def _take_part(self, one: Frame) -> None:
        if one.opcode != Opcode.CONTINUATION:
            self._message = Opcode(one.opcode)
        self._parts.append(one.payload)
        if len(self._parts) > _MOST_PARTS:
            raise WireError("a message that does not end")
        if not one.fin:
            return
        data = b"".join(self._parts)
        self._parts = []
        if self._message is Opcode.BINARY:
            self.heard_binary(data)
            return
        try:
            text = data.decode()
        except UnicodeDecodeError as exc:
            self._spoil("MC1-FRAME-01", f"a text message that is not UTF-8 ({exc})", "UTF-8")
        else:
            self.heard_text(text)


def _hex(payload: bytes) -> str:
    shown = payload[:16].hex(" ") + (" …" if len(payload) > 16 else "")
    return f"{shown or 'of nothing'} ({len(payload)} bytes)"
