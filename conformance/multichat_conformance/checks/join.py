"""join: section 4.2 of the specification."""

import html

from multichat_conformance.actors import Actor
from multichat_conformance.catalogue import check
from multichat_conformance.commands import join, send
from multichat_conformance.findings import NotTested
from multichat_conformance.patterns import Enter, Joined, Said
from multichat_conformance.stage import Stage
from multichat_conformance.target.model import Room
from multichat_conformance.timing import SEEN_WITHIN

MARKUP = '<b>Тест</b> &amp; "é" 😀'
"""A title that does not survive escaping, nor an encoding that is not Unicode."""

ROUNDS = 2
AT_ONCE = 10
"""Messages a round; with all else fewer than any server must take at once (MC1-LIMIT-06)."""


@check(
    "MC1-JOIN-02",
    actors=("alice",),
    cause="The answer is missing, is of another form, or names another room or title. If the title "
    "in the target file is not the room's: put [[rooms]] right.",
)
async def open_room_is_joined(stage: Stage) -> None:
    """A join of an open room is answered with its id and title."""
    alice = await stage.actor("alice")

    for room in stage.target.rooms:
        if not room.staff_only:
            await joins_by_title(stage, alice, room)
            await alice.leave(room)


async def joins_by_title(stage: Stage, actor: Actor, room: Room) -> None:
    """Have an actor join a room, and see that the answer has the title of the target file."""
    answer = await actor.join(room)
    stated = stage.as_stated(room)
    # A title that is right but for being escaped breaks the clause about that.
    is_escaped = html.unescape(str(answer.frame.get("title"))) == stated.title
    clause = "MC1-JOIN-03" if is_escaped else "MC1-JOIN-02"
    actor.check(answer, Joined(stated), clause=clause, to=f"a join of room {room.id}")


@check(
    "MC1-JOIN-02",
    actors=("dave",),
    staff_room=True,
    cause="Staff rights are not seen, or are confused with those of a room's owner.",
)
async def staff_joins_a_staff_room(stage: Stage) -> None:
    """A join of a staff room by staff is answered with its id and title."""
    dave = await stage.actor("dave")

    await joins_by_title(stage, dave, stage.staff_room)


@check(
    "MC1-JOIN-03",
    actors=("alice",),
    cause="The title is escaped for a web page before it is sent; that is the page's own business. "
    "If the title in the target file is not the room's: put [[rooms]] right.",
)
async def title_comes_as_it_is(stage: Stage) -> None:
    """A title with markup and characters outside ASCII is not escaped."""
    room = room_with_markup(stage)
    alice = await stage.actor("alice")
    if room is not None:
        await alice.join(room)
        return

    room = await new_room_with_markup(stage)
    await alice.comes_to(join(room), Joined(room), within=SEEN_WITHIN)


def room_with_markup(stage: Stage) -> Room | None:
    """Return a room of the target file whose title shows escaping; None: there is none."""
    for room in map(stage.as_stated, stage.target.rooms):
        title = room.title or ""
        if not room.staff_only and not title.isascii() and shows_escaping(title):
            return room
    return None


async def new_room_with_markup(stage: Stage) -> Room:
    """Return a new room whose title shows escaping."""
    if not {"create_room", "delete_room"} <= stage.target.hooks.names:
        raise NotTested(
            "needs an open room whose title has markup and a character outside ASCII: add such "
            "[[rooms]] to the target file, or the hooks create_room and delete_room"
        )
    return await stage.new_room(f"{MARKUP} {stage.nonce()}")


def shows_escaping(title: str) -> bool:
    """Return whether a title would be another one if it were escaped, and is not so already."""
    return bool(set("<>") & set(title)) or ("&" in title and html.unescape(title) == title)


@check(
    "MC1-JOIN-04",
    actors=("alice", "bob"),
    cause="The answer goes out before the connection is in the room's list.",
)
async def nothing_is_missed_after_the_answer(stage: Stage) -> None:
    """A message that is sent when the joiner has its answer reaches the joiner."""
    room = stage.room()
    alice = await stage.actor("alice")
    (bob,) = await stage.members(room, "bob")

    for _ in range(5):
        await alice.join(room)
        text = await bob.says(room)

        await alice.receives(Said(room, text, bob))
        await alice.leave(room)


@check(
    "MC1-JOIN-05",
    actors=("alice", "bob"),
    cause="The connection is put into the room's list, and the answer goes out later by another "
    "way, which messages overtake.",
)
async def nothing_comes_before_the_answer(stage: Stage) -> None:
    """While others talk without pause, the first of a room that a joiner gets is *joined*."""
    room = stage.room()
    alice = await stage.actor("alice")
    (bob,) = await stage.members(room, "bob")

    for _ in range(ROUNDS):
        began = len(alice.history)
        texts = [stage.nonce() for _ in range(AT_ONCE)]
        await bob.pipeline(*(send(room, text) for text in texts[: AT_ONCE // 2]))
        await alice.command(join(room))
        await bob.pipeline(*(send(room, text) for text in texts[AT_ONCE // 2 :]))
        await alice.receives(Joined(room))
        await bob.meets(texts[-1], room)

        first = next(one for one in alice.history[began:] if is_of(one.frame, room))
        alice.check(first, Joined(room))
        await alice.leave(room)
        alice.forget()


def is_of(frame: object, room: Room) -> bool:
    """Return whether a frame speaks of a room."""
    return isinstance(frame, dict) and room.id in (
        frame.get("join"),
        frame.get("leave"),
        frame.get("room"),
    )


@check(
    "MC1-JOIN-06",
    actors=("alice",),
    cause="A second join is refused, or is taken for done and not answered.",
)
async def second_join_is_answered(stage: Stage) -> None:
    """A join of a room that the connection is in is answered with *joined* again."""
    room = stage.room()
    (alice,) = await stage.members(room, "alice")

    await alice.join(room)
    await alice.says(room)


async def joins_twice(stage: Stage, room: Room) -> tuple[Actor, Actor]:
    """Return alice, who has joined a room twice, and bob, who is in it, too."""
    bob, alice = await stage.members(room, "bob", "alice")
    await alice.join(room)
    return alice, bob


@check(
    "MC1-JOIN-07",
    "MC1-ANN-05",
    actors=("alice", "bob"),
    claims=("announces",),
    cause="ENTER is sent for each join, whether or not the connection was a member.",
)
async def second_join_is_announced_to_nobody(stage: Stage) -> None:
    """A second join is announced neither to the others nor to the one who joins."""
    room = stage.room()
    bob, alice = await stage.members(room, "bob", "alice")
    await bob.receives(Enter(room, alice), clause="MC1-ANN-01")

    await alice.join(room)

    await stage.silence(bob, alice, after=alice)


@check(
    "MC1-JOIN-07",
    actors=("alice", "bob"),
    cause="The connection is in the room's list twice.",
)
async def second_join_doubles_no_message(stage: Stage) -> None:
    """Who has joined twice still gets each message once."""
    room = stage.room()
    alice, bob = await joins_twice(stage, room)

    text = await bob.says(room)
    own = await alice.says(room)

    await alice.receives(Said(room, text, bob))
    await bob.receives(Said(room, own, alice))
    await stage.silence(alice, bob, after=bob, announcements=False)
    await stage.silence(alice, bob, after=alice, announcements=False)


@check(
    "MC1-JOIN-07",
    actors=("alice", "bob"),
    cause="The server counts joins, and one leave takes back only one of them.",
)
async def one_leave_ends_two_joins(stage: Stage) -> None:
    """Who has joined twice is out after one leave."""
    room = stage.room()
    alice, bob = await joins_twice(stage, room)

    await alice.leave(room)

    await bob.says(room)
    await stage.silence(alice, after=bob, announcements=False)
    await alice.is_refused(send(room, stage.nonce()), "ROOM_ACCESS_DENIED")
