"""
A WebSocket client at the level of frames.

Unlike a library's client it can say what a library refuses to say, and it hands out each
thing that arrives, in order, in the words of the recordings: ``frame``, ``ping_bytes``,
``pong``, ``close``, ``end``.
"""

from __future__ import annotations

import base64
import secrets
import socket
import struct
from collections import deque
from typing import Any

import trio
from websockets.client import ClientProtocol
from websockets.frames import Frame, Opcode
from websockets.protocol import State
from websockets.uri import parse_uri

__all__ = ["Connection", "Event", "Refusal", "connect"]

Event = dict[str, Any]


class Refusal(Exception):
    """The server did not upgrade; holds the lines of its answer's head."""

    def __init__(self, head: list[str]) -> None:
        super().__init__(head[0])
        self.head = head


class Connection:
    """
    An open connection.

    Args:
        stream: The TCP connection, its handshake done.
        head: The lines of the server's answer.
        early: What arrived behind the handshake.

    """

    def __init__(self, stream: trio.SocketStream, head: list[str], early: bytes) -> None:
        self.stream = stream
        self.head = head
        self._protocol = ClientProtocol(
            parse_uri("ws://127.0.0.1/"), state=State.OPEN, max_size=None
        )
        self._events: deque[Event] = deque()
        if early:
            self._receive(early)

    async def send_text(self, text: str) -> None:
        """Send one text frame; a lone surrogate is sent as the recording's client did."""
        await self.send_frame(Opcode.TEXT, text.encode("utf-8", "surrogatepass"))

    async def send_frame(
        self, opcode: int, payload: bytes, *, fin: bool = True, rsv: int = 0, masked: bool = True
    ) -> None:
        """Send one frame, right or wrong."""
        first = (0x80 if fin else 0) | rsv << 4 | opcode
        mask_bit = 0x80 if masked else 0
        if len(payload) < 126:
            head = struct.pack("!BB", first, mask_bit | len(payload))
        elif len(payload) < 65_536:
            head = struct.pack("!BBH", first, mask_bit | 126, len(payload))
        else:
            head = struct.pack("!BBQ", first, mask_bit | 127, len(payload))
        # A mask of zeros leaves the payload as it is.
        await self.stream.send_all(head + (bytes(4) if masked else b"") + payload)

    async def next_event(self) -> Event:
        """Return the next thing that arrives; after the end there is nothing to wait for."""
        while not self._events:
            try:
                data = await self.stream.receive_some(1 << 20)
            except trio.BrokenResourceError:
                return {"end": "reset"}
            if not data:
                return {"end": "eof"}
            self._receive(data)
            for reply in self._protocol.data_to_send():
                if reply:  # a pong, which a client owes
                    await self.stream.send_all(reply)
        return self._events.popleft()

    def _receive(self, data: bytes) -> None:
        self._protocol.receive_data(data)
        for frame in self._protocol.events_received():
            assert isinstance(frame, Frame)
            assert frame.fin
            if frame.opcode is Opcode.TEXT:
                self._events.append({"frame": bytes(frame.data).decode()})
            elif frame.opcode is Opcode.PING:
                self._events.append({"ping_bytes": len(frame.data)})
            elif frame.opcode is Opcode.PONG:
                self._events.append({"pong": bytes(frame.data).decode()})
            elif frame.opcode is Opcode.CLOSE:
                self._events.append({"close": struct.unpack("!H", bytes(frame.data[:2]))[0]})
            else:
                raise AssertionError(frame)

    async def reset(self) -> None:
        """End the TCP connection with a reset."""
        self.stream.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        await self.aclose()

    async def aclose(self) -> None:
        """End the TCP connection without a word."""
        await self.stream.aclose()


async def connect(
    host: str,
    port: int,
    path: str,
    *,
    cookie: str | None = None,
    headers: list[tuple[str, str]] | None = None,
    drop: tuple[str, ...] = (),
    key: str | None = None,
    version: str = "13",
    method: str = "GET",
    http_version: str = "1.1",
) -> Connection:
    """
    Open a connection with a handshake of one's own making.

    Args:
        host: Where the server is.
        port: Its port.
        path: The request's target, as it is.
        cookie: The Cookie header; ``None`` sends none.
        headers: More headers; one that is sent anyway is replaced.
        drop: Names, in small letters, of headers that are not sent.
        key: Sec-WebSocket-Key; ``None`` makes a right one.
        version: Sec-WebSocket-Version.
        method: The request's method.
        http_version: The request's version.

    Raises:
        Refusal: The server answered something else than 101.

    """
    sent = {
        "Host": f"{host}:{port}",
        "Upgrade": "websocket",
        "Connection": "Upgrade",
        "Sec-WebSocket-Key": key or base64.b64encode(secrets.token_bytes(16)).decode(),
        "Sec-WebSocket-Version": version,
    }
    if cookie is not None:
        sent["Cookie"] = cookie
    more = headers or []
    replaced = {name.lower() for name, _ in more} | set(drop)
    lines = [f"{method} {path} HTTP/{http_version}"]
    lines += [f"{name}: {value}" for name, value in sent.items() if name.lower() not in replaced]
    lines += [f"{name}: {value}" for name, value in more]
    stream = await trio.open_tcp_stream(host, port)
    await stream.send_all(("\r\n".join(lines) + "\r\n\r\n").encode())
    received = b""
    while b"\r\n\r\n" not in received:
        data = await stream.receive_some()
        if not data:
            break
        received += data
    head, _, early = received.partition(b"\r\n\r\n")
    answer = head.decode().split("\r\n")
    if answer[0].split(" ")[1] != "101":
        await stream.aclose()
        raise Refusal(answer)
    return Connection(stream, answer, early)
