"""send: section 4.4 of the specification."""

import json
from collections.abc import Iterator, Sequence

from multichat_conformance.catalogue import Group, check
from multichat_conformance.commands import send
from multichat_conformance.odd_frames import Answer, OddFrame
from multichat_conformance.patterns import Error, Said
from multichat_conformance.stage import Stage
from multichat_conformance.target.model import Room
from multichat_conformance.walking import Walk

TEXTS = (
    "",
    " ",
    "  two before, two behind  ",
    "\n",
    "a\nb\tc\r\n\v\f\x1b\x7f\x80",
    "\u0000",
    "a\u0000b",
    "<script>alert('1')</script> &amp; <b>&lt;</b>",
    "%s %d {0} {{x}} ${y} \\n \\u0041 \\",
    "'; DROP TABLE chat_room; --",
    '"quotes" and \\backslashes\\ and /slashes/',
    "e\u0301 and \u00e9, \ufb01 and fi, \u212b and \u00c5 and A\u030a",
    "\U0001f600 \U0001f468\u200d\U0001f469\u200d\U0001f467 \U00020000 \U0010ffff",
    "\u0645\u0631\u062d\u0628\u0627 \u202eabc\u202c \u2066x\u2069 \u200f",
    "\u2028\u2029\u0085\u00a0\u3000\u200b",
    "\ufeff\ufffd\uffff\ufdd0\ue000",
    "null",
    '{"command": "join", "room": "1"}',
)
"""What servers trim, escape, normalise, cut or stumble over."""

ESCAPES = (
    ('"\\u0061\\u00e9"', "a\u00e9"),
    ('"\\ud83d\\ude00"', "\U0001f600"),
    ('"\\uD83D\\uDE00"', "\U0001f600"),
    ('"\\/\\b\\f\\n\\r\\t\\"\\\\"', '/\b\f\n\r\t"\\'),
    ('"\\u0000\\u001f"', "\u0000\u001f"),
    ('"\\u2028"', "\u2028"),
    ('"\\u005cu0041"', "\\u0041"),
)
"""Texts as JSON may write them, and what they are."""

NUMBERED = 8


@check(
    "MC1-SEND-01",
    actors=("alice", "bob", "carol"),
    cause="The message goes to some of the members, or not to its sender.",
)
async def every_member_gets_it(stage: Stage) -> None:
    """A message comes to every member of the room, the sender included, with type and name."""
    room = stage.room()
    alice, bob, carol = await stage.members(room, "alice", "bob", "carol")

    text = await alice.says(room)

    await bob.receives(Said(room, text, alice))
    await carol.receives(Said(room, text, alice))


@check(
    "MC1-SEND-01",
    "MC1-MEMB-01",
    actors=("alice", "bob"),
    cause="Members are kept by user, so that only one of a user's connections gets messages.",
)
async def every_connection_of_a_user_gets_it(stage: Stage) -> None:
    """A message comes to each connection of a user that is in the room."""
    room = stage.room()
    alice, other, bob = await stage.members(room, "alice", "alice", "bob")

    text = await bob.says(room)
    await alice.receives(Said(room, text, bob))
    await other.receives(Said(room, text, bob))

    own = await alice.says(room)
    await other.receives(Said(room, own, alice))


@check(
    "MC1-SEND-02",
    actors=("alice", "bob", "carol"),
    cause="Messages are sent to all connections, and the client is to sort them.",
)
async def nobody_else_gets_it(stage: Stage) -> None:
    """Connections in another room, in none, and of the sender elsewhere get nothing."""
    room, other = stage.room(0), stage.room(1)
    (alice,) = await stage.members(room, "alice")
    bob, elsewhere = await stage.members(other, "bob", "alice")
    carol = await stage.actor("carol")

    await alice.says(room)

    await stage.silence(bob, elsewhere, carol, after=alice, announcements=False)


@check(
    "MC1-SEND-02",
    actors=("alice", "dave"),
    staff_room=True,
    cause="Who may not join a room is a member of it all the same.",
)
async def staff_talk_stays_among_staff(stage: Stage) -> None:
    """What is said in a staff room does not reach a user who was refused there."""
    room = stage.staff_room
    alice = await stage.actor("alice")
    (dave,) = await stage.members(room, "dave")
    await alice.is_refused({"command": "join", "room": room.id}, "ROOM_ACCESS_DENIED")

    await dave.says(room)

    await stage.silence(alice, after=dave)


@check(
    "MC1-SEND-03",
    actors=("alice", "bob"),
    cause="Membership is not asked for when something is sent.",
)
async def stranger_is_refused(stage: Stage) -> None:
    """A send to an open room that the connection is not in is refused and reaches nobody."""
    room = stage.room()
    alice = await stage.actor("alice")
    (bob,) = await stage.members(room, "bob")

    await alice.is_refused(send(room, stage.nonce()), "ROOM_ACCESS_DENIED")

    await stage.silence(bob, after=alice)


@check(
    "MC1-SEND-03",
    actors=("alice", "bob"),
    cause="Membership outlives the leave that was answered.",
)
async def leaver_is_refused(stage: Stage) -> None:
    """A send to a room that the connection has left is refused and reaches nobody."""
    room = stage.room()
    bob, alice = await stage.members(room, "bob", "alice")
    await alice.leave(room)

    await alice.is_refused(send(room, stage.nonce()), "ROOM_ACCESS_DENIED")

    await stage.silence(bob, after=alice, announcements=False)


@check(
    "MC1-SEND-03",
    actors=("alice", "dave"),
    staff_room=True,
    cause="Membership is not asked for when something is sent to a staff room.",
)
async def stranger_is_refused_in_a_staff_room(stage: Stage) -> None:
    """A plain user's send to a staff room is refused and reaches nobody."""
    room = stage.staff_room
    alice = await stage.actor("alice")
    (dave,) = await stage.members(room, "dave")

    await alice.is_refused(send(room, stage.nonce()), "ROOM_ACCESS_DENIED")

    await stage.silence(dave, after=alice)


@check(
    "MC1-SEND-03",
    "MC1-ERR-06",
    actors=("alice",),
    cause="The room is looked up before membership is, which tells strangers what rooms there are.",
)
async def send_to_no_room_is_refused_alike(stage: Stage) -> None:
    """A send to an id that is no room's gets the same code as one to a stranger's room."""
    alice = await stage.actor("alice")

    await alice.is_refused(send(stage.free_room, "?"), "ROOM_ACCESS_DENIED")
    await alice.is_refused(send(0, "?"), "ROOM_ACCESS_DENIED")


@check(
    "MC1-SEND-03",
    "MC1-ERR-06",
    actors=("bob",),
    cause="The login is asked for before membership is, or not at all.",
)
async def nobody_is_refused_alike(stage: Stage) -> None:
    """An anonymous send is refused for want of membership, whatever room, and reaches nobody."""
    room = stage.room()
    nobody = await stage.anonymous()
    if nobody is None:
        stage.note("the target refuses anonymous handshakes, so nobody can send")
        return
    (bob,) = await stage.members(room, "bob")

    await nobody.is_refused(send(room, stage.nonce()), "ROOM_ACCESS_DENIED")
    await nobody.is_refused(send(stage.free_room, "?"), "ROOM_ACCESS_DENIED")
    for staff_room in [one for one in stage.target.rooms if one.staff_only][:1]:
        await nobody.is_refused(send(staff_room, "?"), "ROOM_ACCESS_DENIED")

    await stage.silence(bob, nobody, after=bob)


@check(
    "MC1-SEND-04",
    actors=("alice", "bob"),
    cause="The text is trimmed, escaped, normalised, cut at a NUL, or encoded by halves.",
)
async def text_comes_unchanged(stage: Stage) -> None:
    """White space, markup, NUL, both forms of an accent, astral and bidirectional text pass."""
    room = stage.room()
    alice, bob = await stage.members(room, "alice", "bob")

    for text in TEXTS:
        await alice.says(room, text)
        await bob.receives(Said(room, text, alice))


@check(
    "MC1-SEND-04",
    actors=("alice", "bob"),
    cause="Escapes are passed on as they were written, or surrogate pairs are not joined.",
)
async def escapes_mean_their_characters(stage: Stage) -> None:
    """It does not matter in which way JSON writes a character."""
    room = stage.room()
    alice, bob = await stage.members(room, "alice", "bob")

    for written, text in ESCAPES:
        frame = json.dumps(send(room, "@")).replace('"@"', written)
        await alice.send_text(frame)
        await alice.receives(Said(room, text, alice))
        await bob.receives(Said(room, text, alice))


def without_text(room: Room) -> Iterator[OddFrame]:
    """Return sends whose message is no string."""
    values: Sequence[str] = (
        *("null", "true", "false", "0", "1", "-1", "1.5", "1e2", str(2**53), str(2**64)),
        *("[]", '["hi"]', "{}", '{"text": "hi"}', '{"message": "hi"}', "[[[]]]"),
    )
    for value in values:
        frame = json.dumps(send(room, "@")).replace('"@"', value)
        refused = (Answer((Error("MESSAGE_INVALID"),)),)
        yield OddFrame(f"send with message = {value}", refused, "MC1-SEND-05", frame, (), (room,))


@check(
    "MC1-SEND-05",
    actors=("alice", "bob"),
    group=Group.INTRUSIVE,
    cause="The message's type is not looked at, so that any JSON value is relayed.",
)
async def only_strings_are_messages(stage: Stage) -> None:
    """A send whose message is not a string is MESSAGE_INVALID and reaches nobody."""
    await Walk(stage).through(without_text(stage.room()))


@check(
    "MC1-SEND-06",
    actors=("alice", "bob", "carol"),
    cause="A connection is in the room's list twice, or a message that was thought lost is sent "
    "again.",
)
async def every_member_gets_it_once(stage: Stage) -> None:
    """Numbered messages, each sent when the one before is back, come once to every member."""
    room = stage.room()
    alice, bob, carol = await stage.members(room, "alice", "bob", "carol")

    texts = [await alice.says(room) for _ in range(NUMBERED)]

    for watcher in (bob, carol):
        for text in texts:
            await watcher.receives(Said(room, text, alice))
    await stage.silence(alice, bob, carol, after=alice, announcements=False)


@check(
    "MC1-SEND-06",
    actors=("alice", "bob"),
    cause="A membership leaves something behind, so that a later one of the same connection, or "
    "one in another room, doubles messages.",
)
async def former_memberships_double_nothing(stage: Stage) -> None:
    """Who has joined, left and joined again, and is in two rooms, gets each message once."""
    # The second is that of the fence: two rooms are all that some servers allow.
    room, other = stage.room(), stage.fence_room
    bob, alice = await stage.members(room, "bob", "alice")
    for _ in range(2):
        await alice.leave(room)
        await alice.join(room)
    await alice.join(other)

    text = await bob.says(room)

    await alice.receives(Said(room, text, bob))
    await stage.silence(alice, bob, after=bob, announcements=False)
