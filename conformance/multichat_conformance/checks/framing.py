"""framing: section 3.1 of the specification, where the frames break RFC 6455 or are not UTF-8."""

import json
from collections.abc import Awaitable, Callable, Mapping

from multichat_conformance.actors import RawActor
from multichat_conformance.actors.wire import LONGEST_CONTROL, Opcode, close_payload
from multichat_conformance.catalogue import Group, check
from multichat_conformance.stage import Stage
from multichat_conformance.variants import each

BROKEN = 1002
NOT_UTF8 = 1007

BEFORE = b'{"command":"join","room":"-1","x":"'
BEHIND = b'"}'

INVALID: Mapping[str, bytes] = {
    "a byte that is never one of UTF-8": b"\xff",
    "a continuation byte alone": b"\x80",
    "a sequence that another character cuts short": b"\xe2\x82A",
    "two bytes for one that needs one": b"\xc0\xaf",
    "three bytes for one that needs two": b"\xe0\x81\x81",
    "U+0000 in two bytes": b"\xc0\x80",
    "a surrogate": b"\xed\xa0\x80",
    "a pair of surrogates": b"\xed\xa0\xbd\xed\xb8\x80",
    "a character above U+10FFFF": b"\xf4\x90\x80\x80",
    "a sequence of five bytes": b"\xf8\x88\x80\x80\x80",
}
"""Each way in which bytes are not UTF-8 (RFC 3629)."""

CAUSE = "The WebSocket library drops the connection, or the server goes on as if nothing had been."
CAUSE_UTF8 = "Bytes are decoded with replacements, or not at all before the JSON parser sees them."

Play = Callable[[RawActor], Awaitable[None]]


@check("MC1-FRAME-06", visitor=True, group=Group.INTRUSIVE, cause=CAUSE)
async def unmasked_frame_ends_the_connection(stage: Stage) -> None:
    """A frame that is not masked ends the connection with 1002."""
    await _each_ends(
        stage,
        BROKEN,
        {
            "an unmasked join": lambda visitor: visitor.send_frame(
                Opcode.TEXT, _join(), masked=False
            ),
            "an unmasked ping": lambda visitor: visitor.send_frame(Opcode.PING, masked=False),
        },
    )


@check("MC1-FRAME-06", visitor=True, group=Group.INTRUSIVE, cause=CAUSE)
async def reserved_bit_ends_the_connection(stage: Stage) -> None:
    """A frame with a reserved bit, which nothing was negotiated for, ends it with 1002."""

    def play(bits: int, opcode: Opcode) -> Play:
        return lambda visitor: visitor.send_frame(opcode, _join(), reserved=bits)

    await _each_ends(
        stage,
        BROKEN,
        {
            f"a {opcode.name.lower()} frame with the reserved bits {bits:03b}": play(bits, opcode)
            for bits, opcode in (
                (0b100, Opcode.TEXT),
                (0b010, Opcode.TEXT),
                (0b001, Opcode.TEXT),
                (0b100, Opcode.PING),
            )
        },
    )


@check("MC1-FRAME-06", visitor=True, group=Group.INTRUSIVE, cause=CAUSE)
async def reserved_opcode_ends_the_connection(stage: Stage) -> None:
    """A frame with an opcode that has no meaning ends the connection with 1002."""

    def play(opcode: int) -> Play:
        return lambda visitor: visitor.send_frame(opcode, _join())

    opcodes = [*range(3, 8), *range(11, 16)]
    await _each_ends(stage, BROKEN, {f"opcode {opcode}": play(opcode) for opcode in opcodes})


@check("MC1-FRAME-06", visitor=True, group=Group.INTRUSIVE, cause=CAUSE)
async def long_control_frame_ends_the_connection(stage: Stage) -> None:
    """A control frame of more than 125 bytes, or in parts, ends the connection with 1002."""
    long = b"p" * (LONGEST_CONTROL + 1)
    await _each_ends(
        stage,
        BROKEN,
        {
            "a long ping": lambda visitor: visitor.send_frame(Opcode.PING, long),
            "a long pong": lambda visitor: visitor.send_frame(Opcode.PONG, long),
            "a long close frame": lambda visitor: visitor.send_close(close_payload(1000, long)),
            "a ping that is not final": lambda visitor: visitor.send_frame(Opcode.PING, fin=False),
        },
    )


@check("MC1-FRAME-06", visitor=True, group=Group.INTRUSIVE, cause=CAUSE)
async def stray_continuation_ends_the_connection(stage: Stage) -> None:
    """A continuation of nothing ends the connection with 1002."""

    async def behind_a_whole_message(visitor: RawActor) -> None:
        await visitor.send_message(Opcode.TEXT, _join()[:9], _join()[9:])
        await visitor.send_frame(Opcode.CONTINUATION, _join())

    await _each_ends(
        stage,
        BROKEN,
        {
            "as the first frame": lambda visitor: visitor.send_frame(Opcode.CONTINUATION, _join()),
            "not final": lambda visitor: visitor.send_frame(Opcode.CONTINUATION, b"", fin=False),
            "behind a whole message": behind_a_whole_message,
        },
    )


@check("MC1-FRAME-06", visitor=True, group=Group.INTRUSIVE, cause=CAUSE)
async def message_within_a_message_ends_the_connection(stage: Stage) -> None:
    """A new message before the last part of another ends the connection with 1002."""

    def play(opcode: Opcode) -> Play:
        async def interleave(visitor: RawActor) -> None:
            await visitor.send_frame(Opcode.TEXT, _join()[:9], fin=False)
            await visitor.send_frame(opcode, _join())

        return interleave

    await _each_ends(
        stage,
        BROKEN,
        {"a text message": play(Opcode.TEXT), "a binary message": play(Opcode.BINARY)},
    )


@check(
    "MC1-FRAME-06",
    visitor=True,
    group=Group.INTRUSIVE,
    cause="A close frame is answered before its payload is looked at.",
)
async def half_a_close_code_is_answered_1002(stage: Stage) -> None:
    """A close frame with one byte, half a code, ends the connection with 1002."""
    await _each_ends(
        stage, BROKEN, {"one byte": lambda visitor: visitor.send_close(close_payload(1000)[:1])}
    )


@check(
    "MC1-FRAME-06",
    visitor=True,
    group=Group.INTRUSIVE,
    cause="The code of a close frame is echoed, whatever it is.",
)
async def close_code_that_may_not_be_sent_is_answered_1002(stage: Stage) -> None:
    """
    A close frame with a code that may not be sent ends the connection with 1002.

    1004, 1005, 1006 and 1015 are reserved; below 1000 there are none; 1016 to 2999 belong to
    later versions of RFC 6455 and its registry, of which the last is tried; 5000 and more have
    no meaning.
    """

    def play(code: int) -> Play:
        return lambda visitor: visitor.send_close(close_payload(code))

    codes = (0, 999, 1004, 1005, 1006, 1015, 2999, 5000, 65535)
    await _each_ends(stage, BROKEN, {f"code {code}": play(code) for code in codes})


@check("MC1-FRAME-07", visitor=True, group=Group.INTRUSIVE, cause=CAUSE_UTF8)
async def text_that_is_not_utf8_ends_the_connection(stage: Stage) -> None:
    """A text message with bytes that are not UTF-8 ends the connection with 1007."""

    def play(wrong: bytes) -> Play:
        return lambda visitor: visitor.send_frame(Opcode.TEXT, BEFORE + wrong + BEHIND)

    await _each_ends(stage, NOT_UTF8, {name: play(wrong) for name, wrong in INVALID.items()})


@check("MC1-FRAME-07", visitor=True, group=Group.INTRUSIVE, cause=CAUSE_UTF8)
async def text_that_ends_within_a_character_ends_the_connection(stage: Stage) -> None:
    """A text message whose last character is cut off ends the connection with 1007."""

    def play(cut: bytes) -> Play:
        return lambda visitor: visitor.send_frame(Opcode.TEXT, BEFORE + cut)

    cuts = {"é": 1, "€": 2, "😀": 3}
    await _each_ends(
        stage,
        NOT_UTF8,
        {f"{size} bytes of {text}": play(text.encode()[:size]) for text, size in cuts.items()},
    )


@check(
    "MC1-FRAME-07",
    "MC1-FRAME-02",
    visitor=True,
    group=Group.INTRUSIVE,
    cause="The parts of a message are decoded one by one, or only the first is.",
)
async def parts_that_are_not_utf8_together_end_the_connection(stage: Stage) -> None:
    """A message in parts that is not UTF-8 as a whole ends the connection with 1007."""

    def play(*parts: bytes) -> Play:
        return lambda visitor: visitor.send_message(Opcode.TEXT, *parts)

    await _each_ends(
        stage,
        NOT_UTF8,
        {
            "a wrong byte in the second part": play(BEFORE, b"\xff" + BEHIND),
            "a surrogate over two parts": play(BEFORE + b"\xed", b"\xa0\x80" + BEHIND),
            "half a character, then another": play(BEFORE + b"\xe2\x82", b"A" + BEHIND),
            "half a character at the end": play(BEFORE, b"\xe2", b"\x82"),
        },
    )


@check(
    "MC1-FRAME-07",
    visitor=True,
    group=Group.INTRUSIVE,
    cause="Close reasons are not decoded, or with replacements.",
)
async def close_reason_that_is_not_utf8_is_answered_1007(stage: Stage) -> None:
    """A close frame whose reason is not UTF-8 ends the connection with 1007."""

    def play(reason: bytes) -> Play:
        return lambda visitor: visitor.send_close(close_payload(1000, reason))

    reasons = {
        "a wrong byte": b"bye\xff",
        "half a character": b"\xe2\x82",
        "a surrogate": b"\xed\xa0\x80",
    }
    await _each_ends(stage, NOT_UTF8, {name: play(wrong) for name, wrong in reasons.items()})


async def _each_ends(stage: Stage, code: int, plays: Mapping[str, Play]) -> None:
    """See that each of these, on a connection of its own, ends it with a close frame."""

    async def ends(play: Play) -> None:
        visitor = await stage.raw(stage.visitor, warm=False)

        await play(visitor)

        await visitor.is_closed(code)
        await visitor.stream_ends()

    await each(plays, ends)


def _join() -> bytes:
    return json.dumps({"command": "join", "room": "-1"}).encode()
