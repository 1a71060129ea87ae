"""Frames by hand: what is written is what was meant, and nothing illegal is read as legal."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from multichat_conformance.actors import wire
from multichat_conformance.actors.wire import (
    Frame,
    FrameReader,
    Opcode,
    WireError,
    close_payload,
    frame,
)

SIZES = (0, 1, 125, 126, 127, 65_535, 65_536, 70_000)
DATA = st.sampled_from([Opcode.TEXT, Opcode.BINARY])


def unmask(data: bytes) -> Frame:
    """Read one masked frame in the plainest way, not as the code under test does."""
    size, start = data[1] & 127, 2
    if size == 126:
        (size,), start = struct.unpack("!H", data[2:4]), 4
    elif size == 127:
        (size,), start = struct.unpack("!Q", data[2:10]), 10
    key, masked = data[start : start + 4], data[start + 4 :]
    assert data[1] & 128
    assert len(masked) == size
    payload = bytes(byte ^ key[place % 4] for place, byte in enumerate(masked))
    return Frame(data[0] & 15, payload, bool(data[0] & 128))


def from_server(opcode: int, payload: bytes = b"", *, fin: bool = True, reserved: int = 0) -> bytes:
    return frame(opcode, payload, fin=fin, reserved=reserved, masked=False)


@pytest.mark.parametrize("size", SIZES)
def test_a_masked_frame_holds_its_payload(size: int) -> None:
    payload = bytes(place % 251 for place in range(size))

    assert unmask(frame(Opcode.TEXT, payload)) == Frame(Opcode.TEXT, payload, fin=True)


def test_a_mask_is_new_for_each_frame() -> None:
    assert len({frame(Opcode.TEXT, bytes(8)) for _ in range(5)}) > 1


@pytest.mark.parametrize("reserved", range(8))
@pytest.mark.parametrize("opcode", range(16))
def test_the_head_is_as_asked_for(opcode: int, reserved: int) -> None:
    data = frame(opcode, b"abc", fin=False, reserved=reserved, masked=False)

    assert data == bytes([reserved << 4 | opcode, 3]) + b"abc"


@pytest.mark.parametrize("size", SIZES)
def test_what_a_server_writes_is_read(size: int) -> None:
    payload = b"x" * size

    assert FrameReader().feed(from_server(Opcode.TEXT, payload)) == [
        Frame(Opcode.TEXT, payload, fin=True)
    ]


@given(st.lists(st.tuples(DATA, st.binary(max_size=300)), max_size=5), st.integers(1, 40))
def test_reads_may_end_anywhere(messages: list[tuple[Opcode, bytes]], piece: int) -> None:
    data = b"".join(from_server(opcode, payload) for opcode, payload in messages)
    reader = FrameReader()

    found = [
        one for start in range(0, len(data), piece) for one in reader.feed(data[start:][:piece])
    ]

    assert found == [Frame(opcode, payload, fin=True) for opcode, payload in messages]


def test_control_frames_may_stand_between_the_parts_of_a_message() -> None:
    parts = [
        from_server(Opcode.TEXT, b"a", fin=False),
        from_server(Opcode.PING, b"p"),
        from_server(Opcode.CONTINUATION, b"b", fin=False),
        from_server(Opcode.CONTINUATION, b"c"),
        from_server(Opcode.TEXT, b"d"),
    ]

    found = FrameReader().feed(b"".join(parts))

    assert [one.payload for one in found] == [b"a", b"p", b"b", b"c", b"d"]


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (frame(Opcode.TEXT, b"x"), "masked"),
        (from_server(Opcode.TEXT, reserved=4), "reserved bits 100"),
        (from_server(Opcode.TEXT, reserved=1), "reserved bits 001"),
        (from_server(3), "reserved opcode 3"),
        (from_server(11), "reserved opcode 11"),
        (from_server(Opcode.PING, b"p" * 126), "longer than 125"),
        (from_server(Opcode.PING, fin=False), "in parts"),
        (from_server(Opcode.CLOSE, bytes(200)), "longer than 125"),
        (from_server(Opcode.CONTINUATION), "continuation of nothing"),
        (from_server(Opcode.TEXT) + from_server(Opcode.CONTINUATION), "continuation of nothing"),
        (from_server(Opcode.TEXT, fin=False) + from_server(Opcode.BINARY), "within a fragmented"),
        (b"\x81\x7e\x00\x05hello", "written in 2 bytes"),
        (b"\x81\x7f" + (65_535).to_bytes(8, "big"), "written in 8 bytes"),
        (b"\x81\x7f" + (wire.LARGEST + 1).to_bytes(8, "big"), "more than"),
        (b"\x81\x7f" + b"\xff" * 8, "more than"),
    ],
    # A mask is made anew each time; the test's name must not be.
    ids=[str(number) for number in range(15)],
)
def test_what_a_server_may_not_send_is_refused(data: bytes, words: str) -> None:
    with pytest.raises(WireError, match=words):
        FrameReader().feed(data)


def test_it_is_refused_before_its_payload_has_come() -> None:
    with pytest.raises(WireError, match="reserved opcode"):
        FrameReader().feed(from_server(5, b"x" * 100)[:2])


def test_the_parts_of_a_message_are_limited_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire, "LARGEST", 10)
    reader = FrameReader()
    reader.feed(from_server(Opcode.TEXT, b"123456", fin=False))

    with pytest.raises(WireError, match="more than"):
        reader.feed(from_server(Opcode.CONTINUATION, b"12345"))


def test_whole_messages_are_not_counted_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire, "LARGEST", 10)
    data = from_server(Opcode.TEXT, b"123456")

    assert len(FrameReader().feed(data * 5)) == 5


def test_a_close_frame_carries_code_and_reason() -> None:
    assert close_payload(1000) == b"\x03\xe8"
    assert close_payload(1001, "é") == b"\x03\xe9\xc3\xa9"
    assert close_payload(1002, b"\xff") == b"\x03\xea\xff"
