"""Rooms and their names: section 4.1 of the specification."""

import json
from collections.abc import Iterator

from multichat_conformance.catalogue import Group, check
from multichat_conformance.commands import join, leave, send
from multichat_conformance.findings import NotTested
from multichat_conformance.odd_frames import Answer, OddFrame
from multichat_conformance.patterns import Enter, Error, Exit, Joined, Left, Said
from multichat_conformance.stage import Stage
from multichat_conformance.target.model import Room
from multichat_conformance.timing import SEEN_WITHIN
from multichat_conformance.walking import Walk

LARGEST_EXACT = 2**53 - 1
"""The largest integer that every JSON parser reads as it stands."""

LARGEST = 2**63 - 1
"""The largest integer that may be a room's id."""

NO_ROOMS = ("0", "-1", f"-{LARGEST_EXACT}", str(LARGEST), f"-{LARGEST + 1}")
"""Ids that no room has: a server that counts its rooms from one does not come so far."""

BEYOND = (str(LARGEST + 1), "9" * 19, f"-{LARGEST + 2}", "-" + "9" * 19)
"""Ids of 19 digits that 64 bits do not hold."""


def as_integer(room: Room) -> int:
    """Return a room's id as a JSON integer that every parser reads exactly."""
    number = int(room.id)
    if abs(number) > LARGEST_EXACT:
        raise NotTested("needs a room whose id is below 2**53: put it first among [[rooms]]")
    return number


@check(
    "MC1-ROOM-01",
    actors=("alice",),
    cause="The id is not compared as the text that it is, or rooms are named by something else.",
)
async def canonical_string_is_taken(stage: Stage) -> None:
    """A room is named by its id as a decimal string, in each of the three commands."""
    room = stage.room()
    alice = await stage.actor("alice")

    await alice.join(room)
    await alice.says(room)
    await alice.leave(room)


@check(
    "MC1-ROOM-02",
    "MC1-ROOM-05",
    actors=("alice", "bob"),
    cause="The room is looked up by the value that the client sent, with its type.",
)
async def integer_means_the_same_room(stage: Stage) -> None:
    """
    An integer joins the room that a string sends to, and the answers carry the string.

    The original's port to a later framework kept members by the value that they had sent: who
    joined as 1 could not send to "1".
    """
    room = stage.room()
    alice, bob = await stage.actor("alice"), await stage.actor("bob")
    await bob.join(room)

    alice.check(await alice.ask(join(as_integer(room))), Joined(room))
    text = await alice.says(room)
    await bob.receives(Said(room, text, alice))
    by_integer = stage.nonce()
    await alice.command(send(as_integer(room), by_integer))
    await alice.receives(Said(room, by_integer, alice))
    await bob.receives(Said(room, by_integer, alice))
    alice.check(await alice.ask(leave(as_integer(room))), Left(room))


@check(
    "MC1-ROOM-02",
    actors=("alice", "bob"),
    cause="Each spelling of a room has a list of members of its own.",
)
async def spellings_share_one_membership(stage: Stage) -> None:
    """Whoever has joined by string and by integer is a member once, and leaves by either."""
    room = stage.room()
    alice, bob = await stage.actor("alice"), await stage.actor("bob")
    await bob.join(room)
    await alice.join(room)
    alice.check(await alice.ask(join(as_integer(room))), Joined(room))

    text = await bob.says(room)
    await alice.receives(Said(room, text, bob))
    await stage.silence(alice, after=bob, announcements=False)
    alice.check(await alice.ask(leave(as_integer(room))), Left(room))

    await alice.is_refused(send(room, "?"), "ROOM_ACCESS_DENIED")
    await alice.is_refused(send(as_integer(room), "?"), "ROOM_ACCESS_DENIED")


@check(
    "MC1-ROOM-05",
    "MC1-ROOM-02",
    actors=("alice", "bob"),
    claims=("announces",),
    cause="The room is passed on as the client wrote it.",
)
async def announcements_name_the_room_by_its_string(stage: Stage) -> None:
    """Who joins and leaves by integer is announced in the room's canonical name."""
    room = stage.room()
    alice, bob = await stage.actor("alice"), await stage.actor("bob")
    await bob.join(room)

    await alice.ask(join(as_integer(room)))
    await bob.receives(Enter(room, alice))
    await alice.ask(leave(as_integer(room)))

    await bob.receives(Exit(room, alice))


def spellings(room: Room) -> Iterator[str]:
    """Return JSON texts of values that are no room's name; many a parser takes some for one."""
    id_ = room.id
    yield from (f'"0{id_}"', f'"+{id_}"', f'" {id_}"', f'"{id_} "', f'"{id_}\\n"', f'"\\t{id_}"')
    yield from (f'"{id_}.0"', f'"{id_}e0"', f'"{id_}_0"', f'"{id_}abc"', f'"0x{int(id_):x}"')
    yield from (f'"{id_.translate(digits)}"' for digits in (_ARABIC, _FULL_WIDTH))
    yield from ('"abc"', '""', '" "', '"-0"', '"--1"', '"\\u0000"', f'"{id_}\\u0000"')
    yield from (f"{id_}.5", "0.5", "-1.5", "true", "false", "null")
    yield from ("[]", "{}", f"[{id_}]", f'["{id_}"]', f'{{"id": {id_}}}')
    yield from (str(LARGEST + 1), f"-{LARGEST + 2}", "1" + "0" * 40)
    yield from (f'"{"1" * 20}"', f'"-{"1" * 20}"', f'"{"9" * 5000}"')


_ARABIC = {ord("0") + digit: 0x0660 + digit for digit in range(10)}
_FULL_WIDTH = {ord("0") + digit: 0xFF10 + digit for digit in range(10)}


def misspelt(room: Room, command: str, *, joined: bool = False) -> Iterator[OddFrame]:
    """Return a command with each odd spelling of a room; each is to be refused."""
    more = ', "message": "m"' if command == "send" else ""
    for value in spellings(room):
        shown = value if len(value) < 50 else f"{value[:20]}… ({len(value)} characters)"
        yield OddFrame(
            name=f"{command} with room = {shown}",
            text=f'{{"command": "{command}", "room": {value}{more}}}',
            answers=(Answer((Error("ROOM_INVALID"),)),),
            clause="MC1-ROOM-03",
            joined=(room,) if joined else (),
        )


ALIASES = (
    "The room is read by a number parser that is more generous than the specification (leading "
    "zeros, spaces, other digits, fractions), or what it cannot read is dropped in silence."
)


@check("MC1-ROOM-03", actors=("alice", "bob"), group=Group.INTRUSIVE, cause=ALIASES)
async def other_spellings_are_refused_in_join(stage: Stage) -> None:
    """A join of a room by any other spelling than its canonical one is ROOM_INVALID."""
    await Walk(stage).through(misspelt(stage.room(), "join"))


@check("MC1-ROOM-03", actors=("alice", "bob"), group=Group.INTRUSIVE, cause=ALIASES)
async def other_spellings_are_refused_in_leave(stage: Stage) -> None:
    """A leave of a room by any other spelling is ROOM_INVALID, and a member stays in it."""
    await Walk(stage).through(misspelt(stage.room(), "leave", joined=True))


@check("MC1-ROOM-03", actors=("alice", "bob"), group=Group.INTRUSIVE, cause=ALIASES)
async def other_spellings_are_refused_in_send(stage: Stage) -> None:
    """A member's send to a room by any other spelling is ROOM_INVALID, and nobody gets it."""
    await Walk(stage).through(misspelt(stage.room(), "send", joined=True))


@check(
    "MC1-ROOM-04",
    actors=("alice",),
    group=Group.INTRUSIVE,
    cause="The JSON parser gives no hint how a number was written; 1.0 and 1 are the same to it.",
)
async def fraction_or_exponent_is_refused(stage: Stage) -> None:
    """A number with a fraction or an exponent names no room, though its value is an integer."""
    room = stage.room()
    alice = await stage.actor("alice")

    for value in (f"{room.id}.0", f"{room.id}e0", f"{room.id}E+0"):
        for command in ("join", "leave"):
            await alice.gets_one_error(
                f'{{"command": "{command}", "room": {value}}}', "ROOM_INVALID"
            )


@check(
    "MC1-ROOM-06",
    actors=("alice",),
    cause="The look-up of a room fails in another way for ids that are no room's.",
)
async def ids_of_no_room_are_refused(stage: Stage) -> None:
    """A join or leave of an id that is no room's is ROOM_INVALID: zero, negative, very large."""
    alice = await stage.actor("alice")

    for id_ in NO_ROOMS:
        await alice.is_refused(join(id_), "ROOM_INVALID")
        await alice.is_refused(leave(id_), "ROOM_INVALID")
    for number in (0, -1):
        await alice.is_refused(join(number), "ROOM_INVALID")
        await alice.is_refused(leave(number), "ROOM_INVALID")


@check(
    "MC1-ROOM-06",
    "MC1-AUTH-05",
    actors=("alice",),
    hooks=("create_room", "delete_room"),
    cause="Rooms are looked up in a copy that is not brought up to date.",
)
async def deleted_room_is_no_room(stage: Stage) -> None:
    """A join or leave of a room that was deleted is ROOM_INVALID, a second later at the latest."""
    room = await stage.new_room()
    alice = await stage.actor("alice")

    await stage.hook("delete_room", room=room.id)
    stage.undone("delete_room")

    await alice.comes_to(join(room), Error("ROOM_INVALID"), within=SEEN_WITHIN)
    await alice.is_refused(leave(room), "ROOM_INVALID")


@check(
    "MC1-ROOM-07",
    "MC1-SEND-02",
    actors=("alice", "dave"),
    staff_room=True,
    cause="The rights of the user are not asked for, or only in one of the commands.",
)
async def staff_room_is_closed_to_others(stage: Stage) -> None:
    """A plain user can neither join nor leave a staff room, and hears nothing of it."""
    room = stage.staff_room
    alice, dave = await stage.actor("alice"), await stage.actor("dave")
    await dave.join(room)

    await alice.is_refused(join(room), "ROOM_ACCESS_DENIED")
    await alice.is_refused(leave(room), "ROOM_ACCESS_DENIED")

    await dave.says(room)
    await stage.silence(alice, after=dave, clause="MC1-SEND-02")


@check(
    "MC1-ROOM-08",
    actors=("alice",),
    cause="The id does not fit the database's integers, and the error is not answered.",
)
async def ids_beyond_64_bits_are_no_rooms(stage: Stage) -> None:
    """An id of 19 digits that 64 bits do not hold is like any other that is no room's."""
    alice = await stage.actor("alice")

    for id_ in BEYOND:
        await alice.gets_one_error(json.dumps(join(id_)), "ROOM_INVALID")
        await alice.gets_one_error(json.dumps(leave(id_)), "ROOM_INVALID")
        await alice.gets_one_error(json.dumps(send(id_, "?")), "ROOM_ACCESS_DENIED")


@check(
    "MC1-ROOM-09",
    actors=("alice",),
    cause="The JSON parser reads large integers as doubles, which rounds them.",
)
async def large_integers_are_read_exactly(stage: Stage) -> None:
    """
    JSON integers of more than 53 bits name rooms like the strings of the same digits.

    No such room is there to be joined. But a `send` tells: an integer that names a room is
    answered ROOM_ACCESS_DENIED, one that was rounded out of range ROOM_INVALID.
    """
    alice = await stage.actor("alice")

    for number in (LARGEST_EXACT + 2, LARGEST, -LARGEST - 1):
        await alice.gets_one_error(json.dumps(join(number)), "ROOM_INVALID")
        await alice.gets_one_error(json.dumps(send(number, "?")), "ROOM_ACCESS_DENIED")
