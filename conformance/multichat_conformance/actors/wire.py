"""
WebSocket frames by hand: written as a story wants them, legal or not, and read as they come.

Only what RFC 6455 sections 5.2 to 5.5 say about the form of frames; what they mean is for the
callers. It is the suite's own because a library would not write an illegal one.
"""

import os
import struct
from dataclasses import dataclass
from enum import IntEnum

__all__ = [
    "LARGEST",
    "LONGEST_CONTROL",
    "Frame",
    "FrameReader",
    "Opcode",
    "WireError",
    "close_payload",
    "frame",
]

LARGEST = 16 * 1024 * 1024
"""Bytes of the largest message that is read; no story asks for so much."""

LONGEST_CONTROL = 125
"""Bytes that a control frame may carry (RFC 6455, section 5.5)."""


class Opcode(IntEnum):
    """The opcodes of RFC 6455 section 11.8."""

    CONTINUATION = 0
    TEXT = 1
    BINARY = 2
    CLOSE = 8
    PING = 9
    PONG = 10


class WireError(ValueError):
    """What came is no frame that a server may send; the text says why."""


@dataclass(frozen=True, slots=True)
class Frame:
    """One WebSocket frame that came."""

    opcode: int
    payload: bytes
    fin: bool


def frame(
    opcode: int, payload: bytes = b"", *, fin: bool = True, reserved: int = 0, masked: bool = True
) -> bytes:
    """
    Return a frame as bytes.

    Args:
        opcode: 0 to 15.
        payload: What it carries.
        fin: Whether it is the last one of its message.
        reserved: The three reserved bits, 0 to 7.
        masked: Whether it is masked, as a client's frames must be.

    """
    head = bytearray([fin << 7 | reserved << 4 | opcode])
    size, mask_bit = len(payload), masked << 7
    if size < 126:
        head.append(mask_bit | size)
    elif size < 65536:
        head += bytes([mask_bit | 126]) + struct.pack("!H", size)
    else:
        head += bytes([mask_bit | 127]) + struct.pack("!Q", size)
    if not masked:
        return bytes(head) + payload
    key = os.urandom(4)
    # One big integer operation masks megabytes in no time.
    stretched = (key * (size // 4 + 1))[:size]
    masked_payload = int.from_bytes(payload, "big") ^ int.from_bytes(stretched, "big")
    return bytes(head) + key + masked_payload.to_bytes(size, "big")


def close_payload(code: int, reason: str | bytes = "") -> bytes:
    """Return the payload of a close frame."""
    return struct.pack("!H", code) + (reason.encode() if isinstance(reason, str) else reason)


class FrameReader:
    """Takes bytes of a server and gives frames, strictly by RFC 6455 sections 5.2 to 5.5."""

    def __init__(self) -> None:
        self._data = bytearray()
        self._within = False
        self._gathered = 0

    def feed(self, data: bytes) -> list[Frame]:
        """
        Take bytes and return the frames that are whole.

        Raises:
            WireError: The server sent what it may not.

        """
        self._data += data
        found = []
        while (one := self._next()) is not None:
            found.append(one)
        return found

    def _next(self) -> Frame | None:
        data = self._data
        if len(data) < 2:
            return None
        fin, opcode, short = bool(data[0] >> 7), data[0] & 15, data[1] & 127
        self._judge_head(data[0] >> 4 & 7, opcode, fin, bool(data[1] >> 7), short)
        start = {126: 4, 127: 10}.get(short, 2)
        if len(data) < start:
            return None
        size = int.from_bytes(data[2:start], "big") if start > 2 else short
        if (start > 2 and size < 126) or (start > 4 and size < 65536):
            raise WireError(f"a frame whose length of {size} is written in {start - 2} bytes")
        if size > LARGEST or (opcode < Opcode.CLOSE and self._gathered + size > LARGEST):
            raise WireError(f"a message of more than {LARGEST:,} bytes")
        if len(data) < start + size:
            return None
        payload = bytes(data[start : start + size])
        del data[: start + size]
        if opcode < Opcode.CLOSE:
            self._within = not fin
            self._gathered = 0 if fin else self._gathered + size
        return Frame(opcode, payload, fin)

    def _judge_head(self, reserved: int, opcode: int, fin: bool, masked: bool, size: int) -> None:
        # What a server may not send is said before its payload is waited for.
        if reserved:
            raise WireError(f"a frame with the reserved bits {reserved:03b}")
        if opcode not in set(Opcode):
            raise WireError(f"a frame with the reserved opcode {opcode}")
        if masked:
            raise WireError("a masked frame")
        if opcode >= Opcode.CLOSE:
            if not fin or size > LONGEST_CONTROL:
                raise WireError("a control frame that is in parts, or longer than 125 bytes")
        elif opcode == Opcode.CONTINUATION and not self._within:
            raise WireError("a continuation of nothing")
        elif opcode != Opcode.CONTINUATION and self._within:
            raise WireError("a new message within a fragmented one")
