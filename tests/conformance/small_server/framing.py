"""
A client's bytes as messages: RFC 6455, one rule a method.

The library of the reference server is not used, nor that of the suite: a fault has to be able
to break each rule alone.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from tests.conformance.small_server.limits import Limits

__all__ = [
    "BINARY",
    "CLOSE",
    "PING",
    "PONG",
    "TEXT",
    "Broken",
    "Closed",
    "Event",
    "Framing",
    "Head",
    "Message",
    "Ping",
    "Pong",
    "close_frame",
    "server_frame",
]

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10

SENDABLE_CODES = {1000, 1001, 1002, 1003, *range(1007, 1015), *range(3000, 5000)}
"""Codes that may stand in a close frame (RFC 6455, section 7.4, and its registry)."""


class Broken(Exception):
    """The client broke a rule, and the connection ends with this code."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(code, reason)
        self.code = code
        self.reason = reason


@dataclass(frozen=True)
class Message:
    """A whole message: text is a string, binary is bytes."""

    content: str | bytes


@dataclass(frozen=True)
class Ping:
    """A ping with its payload."""

    payload: bytes


@dataclass(frozen=True)
class Pong:
    """A pong."""


@dataclass(frozen=True)
class Closed:
    """The client's close frame; code None: it carried none."""

    code: int | None


Event = Message | Ping | Pong | Closed


@dataclass(frozen=True)
class Head:
    """The head of a WebSocket frame."""

    final: bool
    reserved: int
    opcode: int
    masked: bool
    length: int

    @property
    def is_control(self) -> bool:
        """Whether it is a close, a ping or a pong."""
        return self.opcode >= CLOSE


class Framing:
    """The reading side of one connection."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._bytes = bytearray()
        self._kind: int | None = None
        self._parts = bytearray()

    def receive(self, data: bytes) -> Iterator[Event]:
        """
        Take bytes in; give out what has become whole.

        Raises:
            Broken: A rule was broken.

        """
        self._bytes += data
        while (taken := self._take()) is not None:
            event = self._event(*taken)
            if event is not None:
                yield event

    # The rules, in the order in which they are looked at.

    def check_reserved_bits(self, head: Head) -> None:
        """No extension was negotiated, so no reserved bit has a meaning."""
        if head.reserved:
            raise Broken(1002, "a reserved bit is set")

    def check_opcode(self, head: Head) -> None:
        """Opcodes 3 to 7 and 11 to 15 have no meaning."""
        if head.opcode not in (CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG):
            raise Broken(1002, "a reserved opcode")

    def check_mask(self, head: Head) -> None:
        """A client masks what it sends."""
        if not head.masked:
            raise Broken(1002, "a frame is not masked")

    def check_control(self, head: Head) -> None:
        """A control frame is short and whole."""
        if head.is_control and (head.length > 125 or not head.final):
            raise Broken(1002, "a control frame is long or in parts")

    def check_sequence(self, head: Head) -> None:
        """A continuation continues something, and a message is not begun within another."""
        if head.opcode == CONTINUATION and self._kind is None:
            raise Broken(1002, "nothing to continue")
        if head.opcode in (TEXT, BINARY) and self._kind is not None:
            raise Broken(1002, "a message within a message")

    def check_size(self, head: Head) -> None:
        """A message has a largest size, in one frame or in several (MC1-LIMIT-02)."""
        if not head.is_control and len(self._parts) + head.length > self._limits.frame_bytes:
            raise Broken(1009, "a message is too big")

    def close_code(self, payload: bytes) -> int | None:
        """A close frame has no code, or a whole one that may be sent."""
        if not payload:
            return None
        code = int.from_bytes(payload[:2])
        if len(payload) < 2 or code not in SENDABLE_CODES:
            raise Broken(1002, "a close code that may not be sent")
        return code

    def text(self, payload: bytes) -> str:
        """Text is UTF-8 (MC1-FRAME-07)."""
        try:
            return payload.decode()
        except UnicodeDecodeError:
            raise Broken(1007, "text that is not UTF-8") from None

    # From here on: how it is done.

    def _take(self) -> tuple[Head, bytes] | None:
        if len(self._bytes) < 2:
            return None
        first, second = self._bytes[:2]
        length, at = second & 0x7F, 2
        if length > 125:
            at = 4 if length == 126 else 10
            if len(self._bytes) < at:
                return None
            length = int.from_bytes(self._bytes[2:at])
        head = Head(
            final=bool(first & 0x80),
            reserved=first & 0x70,
            opcode=first & 0x0F,
            masked=bool(second & 0x80),
            length=length,
        )
        for check in (
            self.check_reserved_bits,
            self.check_opcode,
            self.check_mask,
            self.check_control,
            self.check_sequence,
            self.check_size,
        ):
            check(head)
        start = at + 4 if head.masked else at
        if len(self._bytes) < start + length:
            return None
        payload = bytes(self._bytes[start : start + length])
        if head.masked:
            payload = _unmask(payload, bytes(self._bytes[at:start]))
        del self._bytes[: start + length]
        return head, payload

    def _event(self, head: Head, payload: bytes) -> Event | None:
        match head.opcode:
            case 8:
                code = self.close_code(payload)
                self.text(payload[2:])
                return Closed(code)
            case 9:
                return Ping(payload)
            case 10:
                return Pong()
            case 1 | 2:
                self._kind = head.opcode
        self._parts += payload
        return self._whole() if head.final else None

    def _whole(self) -> Message:
        content, kind = bytes(self._parts), self._kind
        self._parts.clear()
        self._kind = None
        return Message(self.text(content) if kind == TEXT else content)


def _unmask(payload: bytes, mask: bytes) -> bytes:
    size = len(payload)
    key = (mask * (size // 4 + 1))[:size]
    return (int.from_bytes(payload) ^ int.from_bytes(key)).to_bytes(size)


def server_frame(opcode: int, payload: bytes) -> bytes:
    """Return a frame of the server: whole and not masked."""
    head = bytes((0x80 | opcode,))
    if len(payload) < 126:
        return head + bytes((len(payload),)) + payload
    if len(payload) < 65_536:
        return head + b"\x7e" + len(payload).to_bytes(2) + payload
    return head + b"\x7f" + len(payload).to_bytes(8) + payload


def close_frame(code: int | None, reason: str = "") -> bytes:
    """Return a close frame; code None: one without."""
    return server_frame(CLOSE, b"" if code is None else code.to_bytes(2) + reason.encode())
