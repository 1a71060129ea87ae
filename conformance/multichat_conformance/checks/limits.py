"""
Limits of single commands and connections: section 8 of the specification.

The numbers are those that the target file states. Whatever goes to the limit costs the suite and
the target memory and time, so a number beyond the suite's own caps is not gone to.
"""

import json
from typing import Final

from multichat_conformance.actors.wire import Opcode
from multichat_conformance.catalogue import Group, check
from multichat_conformance.findings import NotTested
from multichat_conformance.patterns import Error, Joined, Said
from multichat_conformance.stage import Stage
from multichat_conformance.target.model import Room
from multichat_conformance.timing import quiet_window

LEAST_MESSAGE: Final = 4_096
"""Code points (MC1-LIMIT-04)."""

LEAST_FRAME: Final = 131_072
"""Bytes (MC1-LIMIT-08)."""

LEAST_BURST: Final = 32
"""Commands, of at most 1,024 bytes each (MC1-LIMIT-06)."""

LARGEST_FRAME: Final = 32 * 1024 * 1024
LONGEST_MESSAGE: Final = 1024 * 1024
MOST_ROOMS: Final = 200
"""What the suite goes to, whatever is stated."""

_ASTRAL: Final = "\N{GRINNING FACE}"
_ENVELOPE: Final = 200
"""Bytes of a send without its text, generously."""


def _join(room: Room, size: int) -> bytes:
    """Return a join of exactly so many bytes, by white space."""
    command = json.dumps({"command": "join", "room": room.id}).encode()
    return command[:-1] + b" " * (size - len(command)) + b"}"


def _frame_bytes(stage: Stage) -> int:
    stated = stage.limit("frame_bytes")
    if stated > LARGEST_FRAME:
        raise NotTested(f"needs limits.frame_bytes of at most {LARGEST_FRAME}: a smaller one")
    return stated


def _message_length(stage: Stage, *, bytes_each: int = 1) -> int:
    stated = stage.limit("message_length")
    frame_bytes = stage.limits.frame_bytes
    if stated > LONGEST_MESSAGE:
        raise NotTested(f"needs limits.message_length of at most {LONGEST_MESSAGE}: a smaller one")
    if frame_bytes and stated * bytes_each + _ENVELOPE > frame_bytes:
        raise NotTested(
            "needs limits.frame_bytes in which a message of limits.message_length fits: a larger "
            "one, or it does not apply"
        )
    return stated


@check(
    "MC1-LIMIT-04",
    actors=("alice",),
    cause="The limit of a message is below 4,096 code points, or counts bytes.",
)
async def message_of_4096_characters(stage: Stage) -> None:
    """A message of 4,096 ASCII characters is delivered as it is."""
    room = stage.room()
    alice = await stage.actor("alice")
    await alice.join(room)

    await alice.says(room, _text(stage, LEAST_MESSAGE, "x"))


@check(
    "MC1-LIMIT-04",
    actors=("alice",),
    cause="The limit of a message counts bytes, escapes or UTF-16 units, not code points.",
)
async def message_of_4096_escaped_astral_characters(stage: Stage) -> None:
    """A message of 4,096 astral characters, each written as two escapes, is delivered."""
    room = stage.room()
    alice = await stage.actor("alice")
    await alice.join(room)
    text = _text(stage, LEAST_MESSAGE, _ASTRAL)

    await alice.send_text(json.dumps({"command": "send", "room": room.id, "message": text}))

    await alice.receives(Said(room, text, alice))


@check(
    "MC1-LIMIT-08",
    actors=("alice",),
    cause="The limit of a frame is below 131,072 bytes: that of a library, or of a proxy.",
)
async def frame_of_131072_bytes(stage: Stage) -> None:
    """A join of 131,072 bytes, by white space or by an unknown member, is carried out."""
    room = stage.room()
    alice = await stage.actor("alice")

    await alice.send_text(_join(room, LEAST_FRAME).decode())
    await alice.receives(Joined(room))

    command = {"command": "join", "room": room.id, "padding": ""}
    command["padding"] = "x" * (LEAST_FRAME - len(json.dumps(command)))
    await alice.send_text(json.dumps(command))
    await alice.receives(Joined(room))


@check(
    "MC1-LIMIT-02",
    "MC1-JSON-07",
    actors=("alice",),
    limits=("frame_bytes",),
    group=Group.INTRUSIVE,
    cause="The size is not looked at, or only after the whole message was taken in and obeyed.",
)
async def frame_beyond_the_limit(stage: Stage) -> None:
    """A message of the stated size is taken, one of a byte more ends the connection with 1009."""
    room = stage.room()
    size = _frame_bytes(stage)
    alice = await stage.raw("alice")

    await alice.send_frame(Opcode.TEXT, _join(room, size))
    await alice.receives(Joined(room), clause="MC1-JSON-07")
    await alice.send_frame(Opcode.TEXT, _join(room, size + 1))

    await alice.is_closed(1009)


@check(
    "MC1-LIMIT-02",
    actors=("alice",),
    limits=("frame_bytes",),
    group=Group.INTRUSIVE,
    cause="The size is looked at WebSocket frame by WebSocket frame, and not summed up.",
)
async def fragments_beyond_the_limit(stage: Stage) -> None:
    """A message that passes the stated size by its fragments ends the connection with 1009."""
    size = _frame_bytes(stage)
    alice = await stage.raw("alice")
    whole = _join(stage.room(), size + 1)
    third = len(whole) // 3

    await alice.send_frame(Opcode.TEXT, whole[:third], fin=False)
    await alice.send_frame(Opcode.CONTINUATION, whole[third : 2 * third], fin=False)
    await alice.send_frame(Opcode.CONTINUATION, whole[2 * third :])

    await alice.is_closed(1009)


@check(
    "MC1-LIMIT-03",
    actors=("alice", "bob"),
    limits=("message_length",),
    cause="The length of a message is not looked at, or off by one.",
)
async def message_beyond_the_limit(stage: Stage) -> None:
    """A message of the stated length is delivered, one character more is MESSAGE_TOO_LONG."""
    await _goes_to_the_limit(stage, _message_length(stage), "x")


@check(
    "MC1-LIMIT-03",
    actors=("alice", "bob"),
    limits=("message_length",),
    cause="The length is counted in bytes or UTF-16 units, not in code points.",
)
async def astral_message_beyond_the_limit(stage: Stage) -> None:
    """The length of a message is counted in code points, astral ones too."""
    length = _message_length(stage, bytes_each=len(_ASTRAL.encode()))
    await _goes_to_the_limit(stage, length, _ASTRAL)


async def _goes_to_the_limit(stage: Stage, length: int, character: str) -> None:
    room = stage.room()
    alice = await stage.actor("alice")
    bob = await stage.actor("bob")
    await bob.join(room)
    await alice.join(room)

    longest = await alice.says(room, _text(stage, length, character))
    await bob.receives(Said(room, longest, alice))
    command = {"command": "send", "room": room.id, "message": longest + character}
    await alice.is_refused(command, "MESSAGE_TOO_LONG")

    await stage.silence(alice, bob, after=alice, announcements=False)


@check(
    "MC1-LIMIT-05",
    actors=("alice",),
    limits=("rooms_per_connection",),
    hooks=("create_room", "delete_room"),
    group=Group.INTRUSIVE,
    cause="The rooms of a connection are not counted, or rooms that were left still count.",
)
async def one_room_too_many(stage: Stage) -> None:
    """One room more than a connection may be in is RATE_LIMITED, until another one is left."""
    most = stage.limit("rooms_per_connection")
    burst = stage.limits.command_burst
    if most > MOST_ROOMS:
        raise NotTested(f"needs limits.rooms_per_connection of at most {MOST_ROOMS}: a smaller one")
    if burst is not False and most + 8 > (burst or LEAST_BURST):
        raise NotTested(
            "needs more commands at once than are stated: add limits.command_burst to the target "
            "file, or lower limits.rooms_per_connection"
        )
    rooms = [await stage.new_room() for _ in range(most + 1)]
    alice = await stage.actor("alice")
    await alice.joins_in_time(rooms[0])
    for room in rooms[1:-1]:
        await alice.join(room)

    await alice.is_refused({"command": "join", "room": rooms[-1].id}, "RATE_LIMITED")

    await alice.is_refused(
        {"command": "send", "room": rooms[-1].id, "message": "?"}, "ROOM_ACCESS_DENIED"
    )
    await alice.leave(rooms[0])
    await alice.join(rooms[-1])


@check(
    "MC1-LIMIT-06",
    actors=("alice",),
    cause="The rate limit is so narrow that a page which joins its rooms at once runs into it.",
)
async def burst_of_32_commands(stage: Stage) -> None:
    """Thirty-two commands of 1,024 bytes at once are all carried out."""
    # A fresh connection is a quiet one. That it may be nobody's for a moment is another matter.
    alice = await stage.actor("alice", warm=False)
    command = {"command": "join", "room": stage.free_room, "padding": ""}
    command["padding"] = "x" * (1_024 - len(json.dumps(command)))

    for _ in range(LEAST_BURST):
        await alice.command(command)

    for _ in range(LEAST_BURST):
        await alice.receives(Error("ROOM_INVALID", "USER_HAS_TO_LOGIN"))
    # No fence: it would be a command more than every server has to take. A ping is none.
    await alice.ping(b"behind the burst")
    if not stage.backdrop.keeps_order:
        await quiet_window(stage.backdrop.round_trips.quiet)
    stage.raise_faults()
    surplus = alice.waiting()
    stage.expect(
        not surplus,
        f"{alice.name} received more than an answer to each command",
        expected=f"{LEAST_BURST} answers",
        got=" ".join(received.text for received in surplus),
    )


def _text(stage: Stage, length: int, character: str) -> str:
    """Return a text of so many code points that nobody else says."""
    nonce = stage.nonce()
    return nonce + character * (length - len(nonce))
