"""WebSocket frames as bytes, made and read without the server's library."""

import json
import struct
from typing import Any

TEXT, BINARY, CONT, CLOSE, PING, PONG = 1, 2, 0, 8, 9, 10

Frame = tuple[int, bytes]
"""Opcode and payload."""


def client_frame(
    opcode: int,
    payload: bytes,
    *,
    fin: bool = True,
    reserved: int = 0,
    masked: bool = True,
) -> bytes:
    """Return a frame as a client sends it, or as it must not."""
    head = bytes(((0x80 if fin else 0) | reserved | opcode,))
    mask_bit = 0x80 if masked else 0
    if len(payload) < 126:
        head += bytes((mask_bit | len(payload),))
    elif len(payload) < 65_536:
        head += bytes((mask_bit | 126,)) + struct.pack("!H", len(payload))
    else:
        head += bytes((mask_bit | 127,)) + struct.pack("!Q", len(payload))
    if not masked:
        return head + payload
    mask = b"\x12\x34\x56\x78"
    return head + mask + bytes(byte ^ mask[at % 4] for at, byte in enumerate(payload))


def text(value: Any) -> bytes:
    """Return a client's text frame with a JSON value."""
    return client_frame(TEXT, json.dumps(value).encode())


def join(room: str | int = "1") -> bytes:
    return text({"command": "join", "room": room})


def leave(room: str | int = "1") -> bytes:
    return text({"command": "leave", "room": room})


def send(message: str, room: str | int = "1") -> bytes:
    return text({"command": "send", "room": room, "message": message})


def close(code: int = 1000) -> bytes:
    return client_frame(CLOSE, struct.pack("!H", code))


def take_frame(data: bytes | bytearray) -> tuple[Frame, int] | None:
    """Return a server's first frame and how many bytes it is, or None if it is not whole."""
    if len(data) < 2:
        return None
    assert data[0] & 0xF0 == 0x80, "the server neither fragments nor compresses"
    assert data[1] & 0x80 == 0, "the server does not mask"
    length, at = data[1], 2
    if length == 126:
        length, at = int.from_bytes(data[2:4]), 4
    elif length == 127:
        length, at = int.from_bytes(data[2:10]), 10
    if len(data) < at + length:
        return None
    return (data[0] & 0x0F, bytes(data[at : at + length])), at + length


def server_frames(data: bytes) -> list[Frame]:
    """Return all frames in what a server sent, which must end with a whole one."""
    frames = []
    while data:
        taken = take_frame(data)
        assert taken is not None, f"a torn frame: {data[:20]!r}"
        frame, size = taken
        frames.append(frame)
        data = data[size:]
    return frames


def shown(frame: Frame) -> Any:
    """Return a text frame's JSON value, a close frame's code and reason, or the frame."""
    opcode, payload = frame
    if opcode == TEXT:
        return json.loads(payload)
    if opcode == CLOSE:
        if not payload:
            return (1005, "")
        return (int.from_bytes(payload[:2]), payload[2:].decode())
    return frame


def code_of(frame: Any) -> int:
    """Return the code of a close frame as `shown` shows it."""
    assert isinstance(frame, tuple), f"not a close frame: {frame}"
    assert isinstance(frame[1], str), f"not a close frame: {frame}"
    return int(frame[0])
