"""Room messages, their form and their types: section 5 of the specification."""

from collections.abc import Sequence

import trio

from multichat_conformance.actors import Actor
from multichat_conformance.catalogue import check
from multichat_conformance.commands import send
from multichat_conformance.findings import HarnessError
from multichat_conformance.patterns import Enter, Exit, Said, Stream
from multichat_conformance.stage import Stage
from multichat_conformance.target.model import Room
from multichat_conformance.timing import SEEN_WITHIN, pause

WARNING, ALERT, MUTED = 1, 2, 3
OPERATORS = (WARNING, ALERT, MUTED)
"""The types of what a server's operator says."""

FURTHER = (6, 100)
"""Types that no version has given a meaning."""


@check(
    "MC1-MSG-01",
    actors=("alice", "bob", "carol"),
    cause="The name is the receiver's, or the room that of another membership.",
)
async def message_names_room_and_author(stage: Stage) -> None:
    """Each message carries its own room and its author's name."""
    room, other = stage.room(0), stage.room(1)
    alice, carol = await stage.members(room, "alice", "carol")
    (bob,) = await stage.members(other, "bob")
    await carol.join(other)

    first = await alice.says(room)
    await carol.receives(Said(room, first, alice))
    second = await bob.says(other)
    await carol.receives(Said(other, second, bob))
    third = await carol.says(room)
    await alice.receives(Said(room, third, carol))


@check(
    "MC1-MSG-01",
    "MC1-TYPE-01",
    "MC1-MSG-02",
    actors=("alice", "bob"),
    claims=("announces",),
    cause="ENTER and LEAVE carry another name, number, or a text.",
)
async def announcement_names_who_came_and_went(stage: Stage) -> None:
    """ENTER is of type 4, LEAVE of type 5, with the name of the one it is about and no text."""
    room = stage.room()
    bob, alice = await stage.members(room, "bob", "alice")

    await bob.receives(Enter(room, alice))
    await alice.leave(room)
    await bob.receives(Exit(room, alice))


@check(
    "MC1-MSG-02",
    "MC1-TYPE-01",
    actors=("alice", "bob"),
    cause="An empty text becomes null, or the type depends on the text.",
)
async def message_is_a_string_of_type_0(stage: Stage) -> None:
    """What a user says is of type 0, and a string even where it is empty."""
    room = stage.room()
    alice, bob = await stage.members(room, "alice", "bob")

    for text in (stage.nonce(), "", "0", "null"):
        await alice.says(room, text)
        await bob.receives(Said(room, text, alice))


@check(
    "MC1-MSG-03",
    actors=("alice", "bob"),
    hooks=("rename_user",),
    cause="The name is kept from the handshake.",
)
async def renamed_user_speaks_in_the_new_name(stage: Stage) -> None:
    """A user who is renamed while connected is called by the new name from then on."""
    room = stage.room()
    alice, bob = await stage.members(room, "alice", "bob")
    await alice.says(room)
    await bob.take(Stream.MESSAGES)

    old, new = alice.username, stage.nonce()
    stage.backdrop.usernames.add(new)
    undo = ("rename_user", {"username": new, "to": old})
    await stage.hook("rename_user", undo=undo, username=old, to=new)

    text = await speaks_in_its_new_name(alice, room, old, new)
    alice.is_now_called(new)
    bob.check(await bob.meets(text, room), Said(room, text, new))


async def speaks_in_its_new_name(actor: Actor, room: Room, old: str, new: str) -> str:
    """Have a renamed actor speak until its new name is used; return the text it was used with."""
    bound = SEEN_WITHIN + actor.backdrop.grace
    until = trio.current_time() + bound
    while True:
        text = actor.backdrop.nonce()
        await actor.command(send(room, text))
        received = await actor.take(Stream.MESSAGES, "its own message back")
        # A server that caches users needs a moment (MC1-AUTH-05).
        if received.frame["username"] != old or trio.current_time() > until:
            actor.check(received, Said(room, text, new), to="a send after the user was renamed")
            return text
        await pause(bound / 15)


async def announced(stage: Stage, room: Room, members: Sequence[Actor], msg_type: int) -> None:
    """Have the operator say something, and see that each member gets it with its type."""
    text = stage.nonce()
    who = members[0].username
    await stage.hook("announce", room=room.id, type=msg_type, text=text, username=who)
    for member in members:
        await member.receives(Said(room, text, who, msg_type=msg_type))


@check(
    "MC1-TYPE-01",
    "MC1-MSG-02",
    actors=("alice", "bob", "carol"),
    hooks=("announce",),
    cause="The operator's messages go out as users' messages, or with numbers of the server's own.",
)
async def operator_warns_alerts_and_mutes(stage: Stage) -> None:
    """What the operator says as 1 WARNING, 2 ALERT or 3 MUTED comes with that type and text."""
    room = stage.room()
    alice, bob = await stage.members(room, "alice", "bob")
    carol = await stage.actor("carol")

    for msg_type in OPERATORS:
        await announced(stage, room, (alice, bob), msg_type)

    await stage.silence(alice, bob, carol, after=alice, announcements=False, clause="MC1-SEND-02")


@check(
    "MC1-TYPE-02",
    "MC1-FRAME-04",
    actors=("alice", "bob"),
    cause="The members of the command are copied into the message.",
)
async def client_chooses_no_type(stage: Stage) -> None:
    """A send with a msg_type member, as a string, is a message of type 0 all the same."""
    room = stage.room()
    alice, bob = await stage.members(room, "alice", "bob")

    for chosen in ("1", "4", "5"):
        text = stage.nonce()
        await alice.command(send(room, text, msg_type=chosen, type=chosen))
        await alice.receives(Said(room, text, alice))
        await bob.receives(Said(room, text, alice))


@check(
    "MC1-TYPE-02",
    "MC1-FRAME-09",
    actors=("alice", "bob"),
    cause="The members of the command are copied into the message.",
)
async def client_chooses_no_type_by_number(stage: Stage) -> None:
    """A send with a msg_type member that is a number, as the server's own, is of type 0."""
    room = stage.room()
    alice, bob = await stage.members(room, "alice", "bob")

    for chosen in (*OPERATORS, 4, 5, None):
        text = stage.nonce()
        await alice.command(send(room, text, msg_type=chosen))
        await alice.receives(Said(room, text, alice))
        await bob.receives(Said(room, text, alice))


@check(
    "MC1-TYPE-03",
    actors=("alice", "bob"),
    hooks=("announce",),
    cause="The server has a closed list of types.",
)
async def further_types_are_sent(stage: Stage) -> None:
    """Which types the operator's messages may have, besides those of the users."""
    room = stage.room()
    members = await stage.members(room, "alice", "bob")

    sent = []
    for msg_type in (*OPERATORS, *FURTHER):
        try:
            await announced(stage, room, members, msg_type)
        except HarnessError:
            stage.observe(f"the operator cannot send a message of type {msg_type}")
        else:
            sent.append(str(msg_type))
    stage.observe(f"the operator's messages come with the types {', '.join(sent) or 'none'}")
