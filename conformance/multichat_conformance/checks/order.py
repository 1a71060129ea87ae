"""Order: section 6.3 of the specification."""

import json
from collections.abc import Sequence

import trio

from multichat_conformance.actors import Actor
from multichat_conformance.actors.wire import Opcode, frame
from multichat_conformance.catalogue import check
from multichat_conformance.commands import join, leave, send
from multichat_conformance.patterns import Error, Joined, Left, Pattern, Said, Stream
from multichat_conformance.stage import Stage

AT_ONCE = 24
"""Commands; with all else fewer than any server must take at once (MC1-LIMIT-06)."""

EACH = 8
"""Messages of each of several senders."""


@check(
    "MC1-ORDER-01",
    actors=("alice", "bob"),
    cause="An answer is sent before what it says is done.",
)
async def closed_loop_is_kept(stage: Stage) -> None:
    """Join, send, leave, send: each finds done what was answered before."""
    room = stage.room()
    (bob,) = await stage.members(room, "bob")
    alice = await stage.actor("alice")

    for _ in range(3):
        await alice.join(room)
        text = await alice.says(room)
        await bob.receives(Said(room, text, alice))
        await alice.leave(room)
        await alice.is_refused(send(room, stage.nonce()), "ROOM_ACCESS_DENIED")


@check(
    "MC1-ORDER-02",
    actors=("alice",),
    cause="The commands of a connection are handed to several workers, or answers and messages "
    "take different ways.",
)
async def commands_in_one_write_are_answered_in_order(stage: Stage) -> None:
    """Join, send, leave and an impossible join in one TCP segment are answered in that order."""
    room = stage.room()
    alice = await stage.raw("alice")
    text = stage.nonce()
    began = len(alice.history)
    commands = (join(room), send(room, text), leave(room), join(stage.free_room))

    data = b"".join(frame(Opcode.TEXT, json.dumps(command).encode()) for command in commands)
    await alice.send_bytes(data, "join, send, leave, join -1 in one write")

    answers = (Joined(room), Said(room, text, alice), Left(room), Error("ROOM_INVALID"))
    await came_in_order(alice, began, answers)


@check(
    "MC1-ORDER-02",
    actors=("alice",),
    cause="Commands that need the database are overtaken by those that do not.",
)
async def pipelined_commands_are_answered_in_order(stage: Stage) -> None:
    """Two dozen commands, some carried out and some refused, are answered one by one."""
    room, other = stage.room(0), stage.room(1)
    alice = await stage.actor("alice")
    text = stage.nonce()
    began = len(alice.history)
    step: Sequence[tuple[dict[str, object], Pattern]] = (
        (send(room, text), Error("ROOM_ACCESS_DENIED")),
        (join(room), Joined(room)),
        (join(stage.free_room), Error("ROOM_INVALID")),
        (join(other), Joined(other)),
        (send(room, text), Said(room, text, alice)),
        (leave(room), Left(room)),
        (send(other, text), Said(other, text, alice)),
        (leave(other), Left(other)),
    )
    steps = [*step] * (AT_ONCE // len(step))

    await alice.pipeline(*(command for command, _ in steps))

    await came_in_order(alice, began, [answer for _, answer in steps])


async def came_in_order(actor: Actor, began: int, answers: Sequence[Pattern]) -> None:
    """See that what an actor got from a place in its history on is this; ENTER, LEAVE aside."""
    wanted = {stream: [one for one in answers if one.stream is stream] for stream in Stream}
    for stream in (Stream.ANSWERS, Stream.MESSAGES):
        for _ in wanted[stream]:
            await actor.take(stream)
    got = [one for one in actor.history[began:] if one.frame.get("msg_type") not in (4, 5)]
    for received, answer in zip(got, answers, strict=False):
        actor.check(received, answer, to="commands that were sent in this order")


@check(
    "MC1-ORDER-03",
    actors=("alice", "bob", "carol"),
    cause="The messages of a connection are handed to several workers or tasks.",
)
async def messages_of_a_sender_keep_their_order(stage: Stage) -> None:
    """Numbered messages that are sent at once come to every member in their order."""
    room = stage.room()
    members = await stage.members(room, "alice", "bob", "carol")
    alice = members[0]
    texts = [stage.nonce() for _ in range(AT_ONCE)]

    await alice.pipeline(*(send(room, text) for text in texts))

    for member in members:
        for text in texts:
            await member.receives(Said(room, text, alice))


@check(
    "MC1-ORDER-04",
    actors=("alice", "bob", "carol"),
    cause="Each sender's message goes out to the members by itself, so that two that come "
    "together take turns.",
)
async def all_members_see_one_order(stage: Stage) -> None:
    """What several send at the same time comes to all members in one and the same order."""
    room = stage.room()
    members = await stage.members(room, "alice", "bob", "carol")
    texts = {member: [stage.nonce() for _ in range(EACH)] for member in members}

    async with trio.open_nursery() as nursery:
        for member in members:
            nursery.start_soon(member.pipeline, *(send(room, text) for text in texts[member]))

    seen = []
    for member in members:
        frames = [await member.take(Stream.MESSAGES) for _ in range(EACH * len(members))]
        seen.append([one.frame["message"] for one in frames])
    first = seen[0]
    for member, order in zip(members, seen, strict=True):
        if order != first:
            place = next(i for i in range(len(order)) if order[i] != first[i])
            member.blame(
                "",
                f"{member.name} and {members[0].name} got the same messages in another order, "
                f"from the {place + 1}. on",
                " ".join(first[place : place + 4]),
                " ".join(order[place : place + 4]),
            )


@check(
    "MC1-ORDER-05",
    actors=("alice", "bob"),
    cause="Between *joined* and the place in the room's list, or while the list changes, messages "
    "go past a member.",
)
async def a_stay_has_no_gap(stage: Stage) -> None:
    """Who joins and leaves while another talks gets an unbroken run of what is said."""
    room = stage.room()
    alice = await stage.actor("alice")
    (bob,) = await stage.members(room, "bob")
    texts = [stage.nonce() for _ in range(AT_ONCE)]
    third = AT_ONCE // 3

    await bob.pipeline(*(send(room, text) for text in texts[:third]))
    await alice.command(join(room))
    joined = await alice.receives(Joined(room), clause="MC1-JOIN-02")
    await bob.pipeline(*(send(room, text) for text in texts[third : 2 * third]))
    # So that there is a stay, however the machine divides its time: a third of what is said.
    await bob.meets(texts[2 * third - 1], room)
    await alice.command(leave(room))
    await bob.pipeline(*(send(room, text) for text in texts[2 * third :]))
    left = await alice.receives(Left(room), clause="MC1-LEAVE-02")
    await bob.meets(texts[-1], room)

    stay = alice.history[joined.place : left.place]
    heard = [one.frame["message"] for one in stay if one.frame.get("message") in texts]
    # Bob had heard the second third when alice asked to leave, and said it when she was inside.
    start = min([third, *(texts.index(text) for text in heard)])
    end = max([2 * third, *(texts.index(text) + 1 for text in heard)])
    stage.expect(
        heard == texts[start:end],
        f"{alice.name} missed messages between *joined* and *left*",
        expected=" ".join(texts[start:end]),
        got=" ".join(heard),
    )
