"""Errors: section 7 of the specification."""

import json
from collections.abc import Iterator, Sequence
from typing import Any

from multichat_conformance.actors import Actor
from multichat_conformance.catalogue import Group, check
from multichat_conformance.commands import join, leave, send
from multichat_conformance.odd_frames import Answer, OddFrame
from multichat_conformance.patterns import Error, Joined
from multichat_conformance.stage import Stage
from multichat_conformance.target.model import Room
from multichat_conformance.timing import SEEN_WITHIN
from multichat_conformance.walking import Walk

IN_A_ROW = 10
"""Malformed messages at once."""

DEEP = "[" * 100 + "]" * 100
"""More than any server reads (MC1-JSON-05)."""


def refusals(stage: Stage, but: Room | None = None) -> Iterator[tuple[dict[str, Any], str]]:
    """Return what a plain user is refused who is in no room but one, and the codes."""
    for room in (stage.room(0), stage.room(1)):
        if room != but:
            yield send(room, "?"), "ROOM_ACCESS_DENIED"
    yield send(stage.free_room, "?"), "ROOM_ACCESS_DENIED"
    yield join(stage.free_room), "ROOM_INVALID"
    yield leave(stage.free_room), "ROOM_INVALID"
    for room in [room for room in stage.target.rooms if room.staff_only][:1]:
        yield join(room), "ROOM_ACCESS_DENIED"
        yield leave(room), "ROOM_ACCESS_DENIED"
        yield send(room, "?"), "ROOM_ACCESS_DENIED"


@check(
    "MC1-ERR-01",
    "MC1-ROOM-06",
    "MC1-ROOM-07",
    "MC1-SEND-03",
    actors=("alice",),
    cause="A refused command is dropped in silence, and the client waits for ever.",
)
async def every_refusal_is_answered(stage: Stage) -> None:
    """Each command that is not carried out is answered by an error that tells why."""
    alice = await stage.actor("alice")

    for command, code in refusals(stage):
        await alice.is_refused(command, code)


@check(
    "MC1-ERR-02",
    actors=("alice",),
    cause="Only the code is sent, so that a client which has sent two commands cannot tell which "
    "of them was refused.",
)
async def error_says_what_it_is_about(stage: Stage) -> None:
    """An error carries the command and the canonical room it is about, and a detail."""
    alice = await stage.actor("alice")

    for command, code in refusals(stage):
        error = await alice.is_refused(command, code)
        says_what_it_is_about(alice, error.frame, command)
    for number in (0, -1):
        error = await alice.is_refused(join(number), "ROOM_INVALID")
        says_what_it_is_about(alice, error.frame, join(str(number)))


def says_what_it_is_about(actor: Actor, error: Any, command: dict[str, Any]) -> None:
    """See that an error has the members that a reader of a log needs."""
    about = {name: command[name] for name in ("command", "room")}
    named = {name: error.get(name) for name in about}
    if named != about or not error.get("detail"):
        actor.blame(
            "",
            f"the error does not say what it is about: the command was {json.dumps(command)}",
            json.dumps({"error": error["error"], **about, "detail": "…"}, ensure_ascii=False),
            json.dumps(error, ensure_ascii=False),
        )


@check(
    "MC1-ERR-02",
    actors=("alice",),
    group=Group.INTRUSIVE,
    cause="What could be read of a command before its fault is not passed on to the error.",
)
async def error_says_what_could_be_read(stage: Stage) -> None:
    """An error about a half-right command carries the half that could be read, and no more."""
    room = stage.room()
    alice = await stage.actor("alice")

    bad_message = await alice.is_refused(
        {**send(room, ""), "message": None}, "MESSAGE_INVALID", clause="MC1-SEND-05"
    )
    says_what_it_is_about(alice, bad_message.frame, send(room, ""))
    bad_room = await alice.is_refused(join("01"), "ROOM_INVALID", clause="MC1-ROOM-03")
    about = (bad_room.frame.get("command"), bad_room.frame.get("room"))
    stage.expect(
        about == ("join", None),
        "the error about a room that could not be read does not carry the command alone",
        expected='"command": "join" and no room',
        got=bad_room.text,
    )


@check(
    "MC1-ERR-03",
    actors=("alice", "bob"),
    cause="The error goes to the room, or to all connections of the user.",
)
async def error_goes_to_its_sender_alone(stage: Stage) -> None:
    """
    Members of the room and other connections of the user see nothing of an error.

    Of the user's other connections one is in no room, and one is in a room that the sender is
    refused to speak in.
    """
    room, refused = stage.room(0), stage.room(1)
    bob, alice = await stage.members(room, "bob", "alice")
    (inside,) = await stage.members(refused, "alice")
    other = await stage.actor("alice")

    for command, code in refusals(stage, but=room):
        await alice.is_refused(command, code)
    await alice.join(room)
    for command, code in refusals(stage):
        if command["room"] != room.id:
            await alice.is_refused(command, code)

    await stage.silence(bob, other, inside, after=alice, announcements=False)


@check(
    "MC1-ERR-04",
    actors=("alice", "bob"),
    cause="An error ends the connection or its memberships.",
)
async def error_ends_nothing(stage: Stage) -> None:
    """After each error the connection is open and a member where it was."""
    room, other = stage.room(0), stage.room(1)
    bob, alice = await stage.members(room, "bob", "alice")

    for command, code in refusals(stage, but=room):
        await alice.is_refused(command, code)
        text = await alice.says(room)
        await bob.meets(text, room)
    await alice.join(other)


@check(
    "MC1-ERR-06",
    "MC1-ERR-01",
    cause="The room is looked up before the login, which tells strangers what rooms there are.",
)
async def login_is_asked_for_before_the_room(stage: Stage) -> None:
    """An anonymous join or leave is USER_HAS_TO_LOGIN, whether or not there is such a room."""
    nobody = await stage.anonymous()
    if nobody is None:
        stage.note("the target refuses anonymous handshakes, so nobody can join")
        return

    known = [room.id for room in stage.target.rooms]
    for id_ in [stage.free_room, "0", *known[:4]]:
        await nobody.is_refused(join(id_), "USER_HAS_TO_LOGIN")
        await nobody.is_refused(leave(id_), "USER_HAS_TO_LOGIN")


@check(
    "MC1-ERR-06",
    "MC1-SEND-03",
    actors=("alice",),
    cause="The room is looked up before membership is.",
)
async def membership_is_asked_for_before_all_else(stage: Stage) -> None:
    """A send is ROOM_ACCESS_DENIED first, whether or not there is such a room or a login."""
    alice, nobody = await stage.actor("alice"), await stage.anonymous()

    for actor in (alice, nobody):
        for id_ in (stage.free_room, "0", *(room.id for room in stage.target.rooms[:4])):
            if actor is not None:
                await actor.is_refused(send(id_, "?"), "ROOM_ACCESS_DENIED")


def two_faults(room: Room, free: str) -> Iterator[tuple[str, str, str]]:
    """Return frames with two faults, the code of the first one, and what they are."""

    def frame(**members: object) -> str:
        return json.dumps(members)

    def odd(value: str, **members: object) -> str:
        return frame(**members, odd="@")[:-4] + value + "}"

    no_command, no_room = "COMMAND_INVALID", "ROOM_INVALID"
    for value in ("NaN", '"\\ud800"', DEEP):
        text = odd(value, command="nope", room="01")
        yield text, "FRAME_INVALID", "no JSON by the specification, and no command"
        text = odd(value, command="send", room="01", message=None)
        yield text, "FRAME_INVALID", "no JSON by the specification, room and message wrong"
    yield '{"command": "nope", "room": "1"', "FRAME_INVALID", "cut off, and no command"
    yield frame(command="nope", room="01"), no_command, "no command, and no room"
    yield frame(command=None, room=[], message=None), no_command, "nothing is right"
    yield frame(command="send", room="01"), no_command, "no message, and no room"
    yield frame(command="send", message=None), no_command, "no room, and the message wrong"
    yield frame(command="Send", room=room.id, message=5), no_command, "other case, and a number"
    yield frame(command="send", room="01", message=None), no_room, "room and message wrong"
    yield frame(command="send", room=None, message="m"), no_room, "no room, and no member"
    text = frame(command="send", room=room.id, message=None)
    yield text, "MESSAGE_INVALID", "the message wrong, and no member"
    text = frame(command="send", room=free, message=None)
    yield text, "MESSAGE_INVALID", "the message wrong, and no such room"


@check(
    "MC1-ERR-05",
    "MC1-ERR-08",
    actors=("alice", "bob"),
    group=Group.INTRUSIVE,
    cause="A command is looked at as it is carried out, not as a whole and before.",
)
async def first_fault_gives_the_code(stage: Stage) -> None:
    """Of two faults the earlier one gives the code: frame, command, room, message, membership."""
    await Walk(stage).through(
        OddFrame(about, (Answer((Error(code),)),), "MC1-ERR-05", text)
        for text, code, about in two_faults(stage.room(), stage.free_room)
    )


@check(
    "MC1-ERR-05",
    group=Group.INTRUSIVE,
    cause="The login is asked for before the frame is read.",
)
async def form_is_looked_at_before_the_login(stage: Stage) -> None:
    """What is wrong with a frame is said to an anonymous connection, too, before all else."""
    nobody = await stage.anonymous()
    if nobody is None:
        stage.note("the target refuses anonymous handshakes, so nobody can send")
        return

    for text, code, about in two_faults(Room(stage.some_room), stage.free_room):
        await nobody.gets_one_error(text, code, clause="MC1-ERR-05")
        stage.backdrop.transcript.note(about)


@check(
    "MC1-ERR-05",
    "MC1-LIMIT-03",
    actors=("alice",),
    limits=("message_length",),
    group=Group.INTRUSIVE,
    cause="The length is looked at when the message is delivered.",
)
async def length_is_looked_at_before_membership(stage: Stage) -> None:
    """A text that is too long is MESSAGE_TOO_LONG though the connection is in no room."""
    alice = await stage.actor("alice")
    long = "x" * (stage.limit("message_length") + 1)

    await alice.gets_one_error(json.dumps(send(stage.room(), long)), "MESSAGE_TOO_LONG")
    await alice.gets_one_error(json.dumps(send(stage.free_room, long)), "MESSAGE_TOO_LONG")
    await alice.gets_one_error(json.dumps(send("01", long)), "ROOM_INVALID")


@check(
    "MC1-ERR-05",
    "MC1-LIMIT-05",
    actors=("alice",),
    limits=("rooms_per_connection",),
    hooks=("create_room", "delete_room"),
    group=Group.INTRUSIVE,
    cause="The number of rooms is looked at before the rights are.",
)
async def rights_are_looked_at_before_the_number_of_rooms(stage: Stage) -> None:
    """Who is in as many rooms as it may be is told of a room it may not enter, or that is none."""
    number = stage.limit("rooms_per_connection")
    if number > MOST_ROOMS:
        stage.note(f"the limit of {number} rooms is too large to be reached with a few commands")
        return
    alice = await stage.actor("alice")
    for _ in range(number):
        room = await stage.new_room()
        await alice.comes_to(join(room), Joined(room), within=SEEN_WITHIN)

    await alice.is_refused(join(stage.room()), "RATE_LIMITED", clause="MC1-LIMIT-05")
    await alice.is_refused(join(stage.free_room), "ROOM_INVALID")
    for room in [one for one in stage.target.rooms if one.staff_only][:1]:
        await alice.is_refused(join(room), "ROOM_ACCESS_DENIED")


MOST_ROOMS = 16
"""Rooms that a story makes and joins, with fewer commands than any server must take."""


@check(
    "MC1-ERR-07",
    "MC1-ERR-04",
    actors=("alice",),
    group=Group.INTRUSIVE,
    cause="What is no frame is dropped in silence, ends the connection after a few, or is answered "
    "twice.",
)
async def ten_in_a_row_get_ten_errors(stage: Stage) -> None:
    """Ten messages in a row that are no frames get ten FRAME_INVALID, then a join is answered."""
    alice = await stage.actor("alice")
    texts = (
        "hello",
        "{",
        "[]",
        "",
        "42",
        '{"command": "join"',
        "null",
        '"join"',
        "{}{}",
        "{'a':1}",
    )

    for text in texts[:IN_A_ROW]:
        await alice.send_text(text)
    answers = await alice.answers_before_fence(expecting="FRAME_INVALID")

    errors = [one for one in answers if one.frame.get("error") == "FRAME_INVALID"]
    stage.expect(
        len(errors) == len(answers) == IN_A_ROW,
        f"{IN_A_ROW} messages that are no frames got {len(answers)} answers",
        expected=f"{IN_A_ROW} times {Error('FRAME_INVALID')}",
        got=" ".join(one.text for one in answers) or "nothing",
    )
    await alice.join(stage.room(), clause="MC1-ERR-10")


def no_commands(room: Room) -> Iterator[OddFrame]:
    """Return frames whose command is none, or lacks a member."""
    values: Sequence[object] = (
        *("", "nope", "JOIN", "Join", " join", "join ", "join\n", "join\u0000", "joinx", "joi"),
        *("\uff4aoin", "send,join", "__class__", "constructor", "hasOwnProperty", "toString"),
        *(None, True, False, 0, 1, 1.5, [], {}, ["join"], {"join": 1}, [["join"]]),
    )
    name = room.id
    frames: list[dict[str, Any]] = [
        *({"command": value, "room": name, "message": "m"} for value in values),
        *({}, {"room": name}, {"room": name, "message": "m"}, {"": "join"}),
        *({"Command": "join", "room": name}, {"join": name}, {"command": "join", "Room": name}),
        *({"command": "join"}, {"command": "leave"}, {"command": "send"}),
        *({"command": "send", "room": name}, {"command": "send", "message": "m"}),
    ]
    for one in frames:
        text = json.dumps(one)
        yield OddFrame(
            text, (Answer((Error("COMMAND_INVALID"),)),), "MC1-ERR-08", text, (), (room,)
        )


@check(
    "MC1-ERR-08",
    "MC1-ERR-10",
    actors=("alice", "bob"),
    group=Group.INTRUSIVE,
    cause="The command is looked up by name, whatever its type, among more than the three "
    "(attributes of an object, say); what is not found is dropped in silence.",
)
async def only_three_commands_are_known(stage: Stage) -> None:
    """Unknown and half commands of every type are COMMAND_INVALID, and change nothing."""
    await Walk(stage).through(no_commands(stage.room()))
