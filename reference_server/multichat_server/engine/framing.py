"""
Server frames as bytes.

A frame that goes to many is framed once. The server never masks, never fragments and never
compresses what it sends, so a text frame is a header of two, four or ten bytes and the text.
"""

from typing import Final

from multichat_proto.codec import encode_bytes
from multichat_proto.messages import ServerFrame

__all__ = ["frame"]

_FIN_TEXT: Final = 0x81  # RFC 6455 §5.2: FIN, and opcode 1 for text


def frame(message: ServerFrame) -> bytes:
    """Return a message as one whole, unmasked WebSocket text frame (MC1-FRAME-01)."""
    payload = encode_bytes(message)
    length = len(payload)
    if length < 126:
        return bytes((_FIN_TEXT, length)) + payload
    if length < 65_536:
        return b"\x81\x7e" + length.to_bytes(2) + payload
    return b"\x81\x7f" + length.to_bytes(8) + payload
