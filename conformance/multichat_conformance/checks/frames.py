"""frames: section 3.1 of the specification, as far as the frames keep to RFC 6455."""

import json
from collections.abc import Mapping, Sequence

from multichat_conformance.actors import Actor
from multichat_conformance.actors.wire import LONGEST_CONTROL, Opcode, frame
from multichat_conformance.catalogue import Group, check
from multichat_conformance.patterns import Enter, Exit, Joined, Left, Said, Stream
from multichat_conformance.stage import Stage
from multichat_conformance.timing import quiet_window
from multichat_conformance.variants import variant

MANY = 10_000
"""Members; the number that MC1-FRAME-09 names."""


@check(
    "MC1-FRAME-05",
    "MC1-FRAME-01",
    actors=("alice", "bob"),
    cause="A frame has a member too few, one of another type, or those of two kinds.",
)
async def each_kind_has_its_form(stage: Stage) -> None:
    """
    A frame of each kind that the server sends is one JSON object, formed as its schema says.

    Every frame of every story is held against the schemas; here are all kinds in one place.
    """
    room = stage.room()
    alice = await stage.raw("alice")
    bob = await stage.actor("bob")

    await alice.join(room)
    await bob.join(room)
    if stage.target.announces:
        await alice.receives(Enter(room, bob))
    text = await bob.says(room)
    await alice.receives(Said(room, text, bob))
    await bob.leave(room)
    if stage.target.announces:
        await alice.receives(Exit(room, bob))
    await alice.leave(room)
    await alice.is_refused({"command": "join", "room": stage.free_room}, "ROOM_INVALID")

    stage.raise_faults()


@check(
    "MC1-FRAME-02",
    "MC1-FRAME-08",
    actors=("alice",),
    cause="Each WebSocket frame is taken for a message, or a ping between two parts ends it.",
)
async def message_may_come_in_parts(stage: Stage) -> None:
    """A join in three parts with a ping between them is answered, and so is the ping."""
    alice = await stage.raw("alice")
    text = _join(stage)

    await alice.send_frame(Opcode.TEXT, text[:8], fin=False)
    await alice.send_frame(Opcode.PING, b"between")
    await alice.send_frame(Opcode.CONTINUATION, text[8:20], fin=False)
    await alice.send_frame(Opcode.CONTINUATION, text[20:])

    await alice.has_pong(b"between", clause="MC1-FRAME-02")
    await alice.receives(Joined(stage.room()))


@check(
    "MC1-FRAME-02",
    actors=("alice",),
    cause="A message is complete for the server before its last part, or an empty part ends it.",
)
async def message_may_come_byte_by_byte(stage: Stage) -> None:
    """A join of one byte a part, between empty parts, is answered once."""
    alice = await stage.raw("alice")
    text = _join(stage)

    await alice.send_frame(Opcode.TEXT, b"", fin=False)
    for place in range(len(text)):
        await alice.send_frame(Opcode.CONTINUATION, text[place : place + 1], fin=False)
    await alice.send_frame(Opcode.CONTINUATION, b"")

    await alice.receives(Joined(stage.room()))
    await stage.silence(alice, after=alice, announcements=False)


@check(
    "MC1-FRAME-02",
    "MC1-SEND-04",
    actors=("alice",),
    cause="Each part is decoded alone, so that a character that is cut in two is lost.",
)
async def character_may_be_cut_in_two(stage: Stage) -> None:
    """A text that is cut within its characters, at every byte of them, comes back whole."""
    room = stage.room()
    alice = await stage.raw("alice")
    await alice.join(room)
    for character in ("é", "€", "😀"):
        encoded = character.encode()
        for cut in range(1, len(encoded)):
            text = f"{stage.nonce()} {character}"
            command = {"command": "send", "room": room.id, "message": text}
            data = json.dumps(command, ensure_ascii=False).encode()
            place = data.index(encoded) + cut
            with variant(f"{character} cut after {cut} of {len(encoded)} bytes"):
                await alice.send_frame(Opcode.TEXT, data[:place], fin=False)
                await alice.send_frame(Opcode.CONTINUATION, data[place:])

                await alice.receives(Said(room, text, alice))


@check(
    "MC1-FRAME-02",
    "MC1-FRAME-08",
    actors=("alice",),
    cause="What one read brings is taken for one frame.",
)
async def frame_may_come_in_pieces_and_with_others(stage: Stage) -> None:
    """A frame that comes in several reads is taken, and so are several frames in one read."""
    alice = await stage.raw("alice")

    join = frame(Opcode.TEXT, _join(stage))
    await alice.send_bytes(join, "a join in pieces", pieces=4)
    await alice.receives(Joined(stage.room()))

    pings = frame(Opcode.PING, b"one") + frame(Opcode.PONG) + frame(Opcode.PING, b"two")
    await alice.send_bytes(pings + join, "two pings, a pong between them, and a join")
    # RFC 6455, section 5.5.3: who has not answered a ping when the next one comes may answer that
    # one alone.
    await alice.gets_pong(b"two", clause="MC1-FRAME-08")
    stage.expect(
        alice.pongs in ([b"one", b"two"], [b"two"]),
        "alice's pings were answered with other payloads than they carried",
        expected="pongs with the payloads b'one' and b'two', or b'two' alone",
        got=" ".join(f"{payload[:16]!r}" for payload in alice.pongs),
        clause="MC1-FRAME-08",
    )
    await alice.receives(Joined(stage.room()))


@check(
    "MC1-FRAME-03",
    "MC1-ERR-07",
    actors=("alice",),
    group=Group.INTRUSIVE,
    cause="A binary message is ignored, is read as if it were text, or ends the connection.",
)
async def binary_message_is_invalid(stage: Stage) -> None:
    """Each binary message is answered with one FRAME_INVALID, and a join works after it."""
    alice = await stage.raw("alice")
    join = _join(stage)
    messages: dict[str, Sequence[bytes]] = {
        "JSON": (join,),
        "other bytes": (b"\x00\xff\x10\x80",),
        "nothing": (b"",),
        "JSON in two parts": (join[:9], join[9:]),
    }
    for name, parts in messages.items():
        with variant(f"a binary message with {name}"):
            await alice.send_message(Opcode.BINARY, *parts)
            await alice.has_got_one_error("FRAME_INVALID", to="a binary message")

    await alice.join(stage.room())


@check(
    "MC1-FRAME-04",
    actors=("alice", "bob"),
    cause="Frames are read by a schema that allows no further members.",
)
async def unknown_strings_are_ignored(stage: Stage) -> None:
    """Each command with further members that are strings is carried out as without."""
    room = stage.room()
    members = {"id": "7", "x": "", "title": "mine", "error": "none", "detail": "<b>", "Room": "0"}

    await _obeys_all(stage, room.id, members)


@check(
    "MC1-FRAME-09",
    actors=("alice", "bob"),
    group=Group.INTRUSIVE,
    cause="A member of the client's frame is taken for one of the server's own, or its type is "
    "not expected.",
)
async def unknown_members_are_ignored(stage: Stage) -> None:
    """Each command with further members, whatever their names and values, is carried out."""
    room = stage.room()
    sets: Mapping[str, Mapping[str, object]] = {
        "names of the server's inside": {
            "path": 5,
            "type": "websocket.close",
            "reply_channel": None,
            "order": [],
            "text": {"a": 1},
            "__retries__": 10,
            "__proto__": {"command": "x"},
            "constructor": 1,
        },
        "every type": {
            "number": -1.5e3,
            "great number": 10**50,
            "null": None,
            "yes": True,
            "array": [1, "a", None, [], {}],
            "object": {"": {"room": "0"}},
        },
        "odd names": {"": 0, " ": 1, "\0": 2, "é😀": 3, "x" * 1000: 4, "room\n": 5},
    }
    for name, members in sets.items():
        with variant(name):
            await _obeys_all(stage, room.id, members)


@check(
    "MC1-FRAME-09",
    actors=("alice",),
    group=Group.INTRUSIVE,
    cause="The number of members is limited, or reading them takes too long.",
)
async def many_unknown_members_are_ignored(stage: Stage) -> None:
    """A join with ten thousand further members is carried out."""
    alice = await stage.actor("alice")
    # Written tightly, so that it is short enough for every server (MC1-LIMIT-08).
    members = ",".join(f'"{number}":0' for number in range(MANY))

    await alice.send_text(f'{{"command":"join",{members},"room":"{stage.room().id}"}}')

    await alice.receives(Joined(stage.room()))


@check(
    "MC1-FRAME-08",
    visitor=True,
    cause="Pings are not answered, or with another payload.",
)
async def ping_is_answered(stage: Stage) -> None:
    """A ping is answered with a pong of the same payload, text or not, empty or full."""
    visitor = await stage.raw(stage.visitor)
    for payload in (b"abc", b"", b"\x00\xff\xfe\x80", b"p" * LONGEST_CONTROL):
        with variant(f"a ping of {len(payload)} bytes"):
            await visitor.send_frame(Opcode.PING, payload)

            await visitor.has_pong(payload)


@check(
    "MC1-FRAME-08",
    visitor=True,
    cause="A pong that answers no ping is taken for a fault.",
)
async def unasked_pong_is_ignored(stage: Stage) -> None:
    """A pong that nobody asked for is answered by nothing, and the connection goes on."""
    visitor = await stage.raw(stage.visitor)

    await visitor.send_frame(Opcode.PONG, b"abc")
    await visitor.send_frame(Opcode.PING, b"def")

    await visitor.has_pong(b"def")
    await stage.is_served(visitor)


async def _obeys_all(stage: Stage, room: str, members: Mapping[str, object]) -> None:
    """See that join, send and leave with further members are carried out as without."""
    alice = await stage.actor("alice")
    bob = await stage.actor("bob")
    await bob.join(room)

    async def ask(command: Mapping[str, object]) -> None:
        # Before and behind: where the known members stand must not matter.
        half = len(members) // 2
        front = dict(list(members.items())[:half])
        await alice.command({**front, **command, **members})

    await ask({"command": "join", "room": room})
    await alice.receives(Joined(room))
    if not stage.backdrop.keeps_order:
        # The 2016 original stores a membership after the answer, as `Actor.ask` says.
        await quiet_window(stage.backdrop.round_trips.quiet)
    text = stage.nonce()
    await ask({"command": "send", "room": room, "message": text})
    for actor in (alice, bob):
        await actor.receives(Said(room, text, alice))
    await ask({"command": "leave", "room": room})
    await alice.receives(Left(room))
    await _part(alice, bob)


async def _part(*actors: Actor) -> None:
    for actor in actors:
        await actor.leave_all()
        actor.forget(Stream.ANNOUNCEMENTS)


def _join(stage: Stage) -> bytes:
    return json.dumps({"command": "join", "room": stage.room().id}).encode()
