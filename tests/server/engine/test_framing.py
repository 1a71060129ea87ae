"""Server frames as bytes."""

import pytest

from multichat_proto.messages import Message, MsgType, Room
from multichat_server.engine.framing import frame

from . import wire


@pytest.mark.parametrize("length", [0, 40, 60, 65, 100, 65_000, 65_480, 65_535, 70_000])
def test_a_frame_is_whole_and_says_its_length(length: int) -> None:
    message = Message(Room("1"), "x" * length, "alice", MsgType.MESSAGE)

    (found,) = wire.server_frames(frame(message))

    assert wire.shown(found)["message"] == "x" * length


@pytest.mark.parametrize(
    ("payload", "head"), [(125, 2), (126, 4), (127, 4), (65_535, 4), (65_536, 10)]
)
def test_the_shortest_header_is_used(payload: int, head: int) -> None:
    """RFC 6455 §5.2: the minimal number of bytes must be used."""
    rest = len(frame(Message(Room("1"), "", "a", 0))) - 2

    framed = frame(Message(Room("1"), "x" * (payload - rest), "a", 0))

    assert len(framed) == payload + head
