"""
The end of a connection, and what the others see of it: section 10.1 of the specification.

Whatever ends a connection, it is out of its rooms at once, and the others are told so once.
"""

import json

from multichat_conformance.actors import PoliteActor, RawActor
from multichat_conformance.actors.wire import Opcode, close_payload, frame
from multichat_conformance.catalogue import check
from multichat_conformance.patterns import Exit, Said
from multichat_conformance.stage import Stage
from multichat_conformance.target.model import Room

_UNTOLD = (
    "The disconnect handler does not run for this way of ending, or takes the connection out of "
    "its rooms without telling anybody, or tells it more than once."
)

SEVERAL = 10
"""Messages before a close frame: more than one read's worth for a server that reads by frames."""


async def _in_two_rooms(stage: Stage) -> tuple[RawActor, PoliteActor, Room, Room]:
    """Return alice on a bare socket and bob, both in two rooms, and the rooms."""
    room, other = stage.room(), stage.room(1)
    alice = await stage.raw("alice")
    bob = await stage.actor("bob")
    for place in (room, other):
        await stage.all_in(place, alice, bob)
    return alice, bob, room, other


@check("MC1-END-01", actors=("alice", "bob"), rooms=3, claims=("announces",), cause=_UNTOLD)
async def close_frame_is_told(stage: Stage) -> None:
    """When a member closes its connection the others see one LEAVE a room."""
    alice, bob, room, other = await _in_two_rooms(stage)

    await alice.close()

    await bob.sees_leaving(alice, room, other)
    await stage.silence(bob, after=bob)


@check("MC1-END-01", actors=("alice", "bob"), rooms=3, claims=("announces",), cause=_UNTOLD)
async def end_of_stream_is_told(stage: Stage) -> None:
    """When a member's TCP stream ends without a close frame the others see one LEAVE a room."""
    alice, bob, room, other = await _in_two_rooms(stage)

    await alice.end_stream()

    await bob.sees_leaving(alice, room, other)
    await stage.silence(bob, after=bob)


@check("MC1-END-01", actors=("alice", "bob"), rooms=3, claims=("announces",), cause=_UNTOLD)
async def reset_is_told(stage: Stage) -> None:
    """When a member's TCP connection is reset the others see one LEAVE a room."""
    alice, bob, room, other = await _in_two_rooms(stage)

    await alice.reset()

    await bob.sees_leaving(alice, room, other)
    await stage.silence(bob, after=bob)


@check(
    "MC1-END-01",
    "MC1-MEMB-01",
    actors=("alice", "bob"),
    claims=("announces",),
    cause="Members are counted by user, so that one of two connections goes unseen or takes both.",
)
async def second_connection_stays(stage: Stage) -> None:
    """Of a user's two connections the end of one is told, and the other stays in the room."""
    room = stage.room()
    bob = await stage.actor("bob")
    first = await stage.actor("alice")
    second = await stage.actor("alice")
    await stage.all_in(room, first, second, bob)

    await first.close()

    await bob.receives(Exit(room, first))
    await second.receives(Exit(room, first))
    text = await bob.says(room)
    await second.receives(Said(room, text, bob), clause="MC1-MEMB-01")
    await stage.silence(bob, second, after=bob)


@check(
    "MC1-END-03",
    actors=("alice", "bob"),
    cause="What is still to be read is thrown away when the close frame is seen.",
)
async def messages_before_a_close_frame(stage: Stage) -> None:
    """What a client sent before its close frame is delivered, all of it, and then its LEAVE."""
    room = stage.room()
    alice = await stage.raw("alice")
    bob = await stage.actor("bob")
    await stage.all_in(room, alice, bob)
    texts = [stage.nonce() for _ in range(SEVERAL)]

    close = (int(Opcode.CLOSE), close_payload(1000))
    await alice.send_together(*(send_frame(room, text) for text in texts), close)

    await _delivered(stage, bob, alice, room, texts)


@check(
    "MC1-END-03",
    actors=("alice", "bob"),
    cause="What is still to be read is thrown away when the stream ends.",
)
async def messages_before_the_end_of_the_stream(stage: Stage) -> None:
    """What a client sent whole before its stream ended is delivered; half a frame is not."""
    room = stage.room()
    alice = await stage.raw("alice")
    bob = await stage.actor("bob")
    await stage.all_in(room, alice, bob)
    texts = [stage.nonce() for _ in range(SEVERAL)]

    await alice.send_together(*(send_frame(room, text) for text in texts))
    half = frame(*send_frame(room, stage.nonce()))[:-1]
    await alice.send_bytes(half, "a send that lacks its last byte")
    await alice.end_stream()

    await _delivered(stage, bob, alice, room, texts)


def send_frame(room: Room, text: str) -> tuple[int, bytes]:
    """Return a send as a WebSocket frame's opcode and payload."""
    command = {"command": "send", "room": room.id, "message": text}
    return int(Opcode.TEXT), json.dumps(command).encode()


async def _delivered(
    stage: Stage, bob: PoliteActor, alice: RawActor, room: Room, texts: list[str]
) -> None:
    """See that bob got all of alice's messages, nothing else of hers, and then her LEAVE."""
    last = None
    for text in texts:
        last = await bob.receives(Said(room, text, alice))
    if stage.target.announces:
        # Whether LEAVE comes is for others to check; that it comes last is the point here.
        await bob.comes(Exit(room, alice))
        early = [one for one in bob.history if Exit(room, alice).mismatch(one.frame) is None]
        stage.expect(
            last is not None and all(one.place > last.place for one in early),
            "bob saw alice leave before her last message",
            expected="the messages, then LEAVE",
            got=" ".join(one.text for one in early),
        )
    else:
        await alice.stream_ends(clause="MC1-CLOSE-01")
    await stage.silence(bob, after=bob, announcements=False)
