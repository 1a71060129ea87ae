"""
More than a connection may send in a time: section 8 of the specification.

Within the stated burst of refusals a flood is answered command by command. What is far beyond it
is in the group ``load``: it is what a server must bear, and what nobody's server is sent unasked.
"""

import json
from typing import Final

import trio

from multichat_conformance.actors import PoliteActor, RawActor
from multichat_conformance.actors.wire import Opcode
from multichat_conformance.catalogue import Group, check
from multichat_conformance.checks.connection_end import send_frame
from multichat_conformance.findings import NotTested
from multichat_conformance.patterns import Said, Stream
from multichat_conformance.stage import Stage
from multichat_conformance.target.model import Room

MOST_AT_ONCE: Final = 2_000
"""Commands that the suite sends at once, whatever is stated."""

FAR_BEYOND: Final = 4
"""How many times what is stated a flood consists of."""

_SILENT: Final = "Commands beyond the limit are dropped, or put off, without an answer."


def _burst(stage: Stage) -> tuple[int, int]:
    """Return the stated burst, and how many refusals are no flood yet."""
    burst = stage.limit("command_burst")
    refusals = stage.limits.refusal_burst
    # Without a flood limit any number of refusals is fine.
    without_end = burst if not refusals else int(refusals)
    if burst + without_end > MOST_AT_ONCE:
        raise NotTested(f"needs limits of at most {MOST_AT_ONCE} commands at once: smaller ones")
    return burst, without_end


@check(
    "MC1-LIMIT-05",
    actors=("alice", "bob"),
    limits=("command_burst", "refusal_burst"),
    group=Group.INTRUSIVE,
    cause=_SILENT,
)
async def each_command_is_answered(stage: Stage) -> None:
    """Of more commands at once than are stated each one is carried out or RATE_LIMITED."""
    room = stage.room()
    burst, refusals = _burst(stage)
    alice = await stage.raw("alice")
    bob = await stage.actor("bob")
    await stage.all_in(room, alice, bob)
    texts = [stage.nonce() for _ in range(burst + min(burst, refusals * 3 // 4))]

    await alice.send_together(*(send_frame(room, text) for text in texts))

    came, refused = await _answers(alice, len(texts))
    stage.expect(
        refused > 0,
        f"{len(texts)} commands at once were all carried out",
        expected=f"RATE_LIMITED for what is beyond the stated burst of {burst}",
        got="no RATE_LIMITED",
    )
    for text in came:
        await bob.receives(Said(room, text, alice), clause="MC1-DELIV-01")
    await stage.silence(bob, after=bob, announcements=False)


@check(
    "MC1-LIMIT-05",
    actors=("alice",),
    limits=("command_burst", "refusal_burst"),
    group=Group.INTRUSIVE,
    cause="Only commands that can be read are counted, so that anything else is let in for free.",
)
async def malformed_messages_count(stage: Stage) -> None:
    """Messages that are no frames count, too: each is FRAME_INVALID or RATE_LIMITED."""
    burst, refusals = _burst(stage)
    alice = await stage.raw("alice")
    number = burst + min(burst, refusals * 3 // 4)

    await alice.send_together(*[(int(Opcode.TEXT), b"?")] * number)

    codes = [
        (await alice.take(Stream.ANSWERS, f"an answer to message {place + 1}")).frame.get("error")
        for place in range(number)
    ]
    stage.expect(
        set(codes) == {"FRAME_INVALID", "RATE_LIMITED"},
        f"{number} messages at once that are no frames were answered in another way",
        expected=f"FRAME_INVALID, and RATE_LIMITED beyond the stated burst of {burst}",
        got=", ".join(sorted({str(code) for code in codes})),
    )


@check(
    "MC1-LIMIT-07",
    actors=("alice",),
    limits=("command_burst",),
    group=Group.LOAD,
    cause="A flood is borne for ever, or ended with another code.",
)
async def end_of_a_flood(stage: Stage) -> None:
    """A flood may be ended with 1008."""
    burst, refusals = _burst(stage)
    alice = await stage.raw("alice")

    number = await _flood(alice, stage, (burst + refusals) * FAR_BEYOND)

    if alice.ended is None:
        stage.observe(f"{number} commands at once are borne, each one refused is answered")
    elif alice.ended.code == 1008:
        stage.observe(f"a flood of {number} commands is ended with 1008")
    else:
        stage.observe(f"a flood of {number} commands is ended with {alice.ended}")


@check(
    "MC1-CLOSE-02",
    "MC1-LIMIT-07",
    actors=("alice",),
    limits=("command_burst",),
    group=Group.LOAD,
    cause="A flood is cut off, or ended with a code that says connecting again will help.",
)
async def flood_is_ended_by_1008_or_not_at_all(stage: Stage) -> None:
    """If a flood is ended, then with a close frame of code 1008."""
    burst, refusals = _burst(stage)
    alice = await stage.raw("alice")

    await _flood(alice, stage, (burst + refusals) * FAR_BEYOND)

    if alice.ended is not None:
        await alice.is_closed(1008)


@check(
    "MC1-ERR-10",
    "MC1-DELIV-01",
    "MC1-LIMIT-05",
    actors=("alice", "bob", "carol"),
    limits=("command_burst",),
    group=Group.LOAD,
    cause="All connections wait in one queue, so that who sends most is served most.",
)
async def flood_disturbs_nobody(stage: Stage) -> None:
    """While one connection floods, malformed messages among it, others talk as ever."""
    room = stage.room()
    burst, refusals = _burst(stage)
    alice = await stage.raw("alice")
    bob = await stage.actor("bob")
    carol = await stage.actor("carol")
    await stage.all_in(room, bob, carol)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(_flood, alice, stage, (burst + refusals) * FAR_BEYOND)
        for _ in range(10):
            await _converse(room, bob, carol)

    await stage.silence(bob, carol, after=bob)


async def _converse(room: Room, bob: PoliteActor, carol: PoliteActor) -> None:
    text = await bob.says(room, clause="MC1-ERR-10")
    await carol.receives(Said(room, text, bob), clause="MC1-DELIV-01")
    text = await carol.says(room, clause="MC1-ERR-10")
    await bob.receives(Said(room, text, carol), clause="MC1-DELIV-01")


async def _answers(alice: RawActor, number: int) -> tuple[list[str], int]:
    """Return the texts of alice's own that came back, and how many commands were refused."""
    came: list[str] = []
    for _ in range(number):
        received = await alice.take_any(f"an answer to each of {number} commands")
        if "error" not in received.frame:
            came.append(str(received.frame.get("message")))
        elif received.frame["error"] != "RATE_LIMITED":
            alice.blame(
                "",
                "alice sent more commands at once than are stated",
                "each one carried out, or RATE_LIMITED",
                received.text,
            )
    return came, number - len(came)


async def _flood(alice: RawActor, stage: Stage, number: int) -> int:
    """Send far too much at once, and wait until all is answered or the connection has ended."""
    number = min(number, MOST_AT_ONCE * FAR_BEYOND)
    join = json.dumps({"command": "join", "room": stage.free_room}).encode()
    pair = [(int(Opcode.TEXT), join), (int(Opcode.TEXT), b"?")]
    await alice.send_together(*pair * (number // 2))
    with trio.move_on_after(alice.backdrop.patience):
        while alice.ended is None and len(alice.waiting(Stream.ANSWERS)) < number // 2 * 2:
            await alice.hears_more()
    return number // 2 * 2
