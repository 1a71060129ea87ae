"""authentication: section 2.4 of the specification."""

import json
from collections.abc import Mapping, Sequence
from urllib.parse import quote

from multichat_conformance.actors import PoliteActor
from multichat_conformance.actors.wire import Opcode, frame
from multichat_conformance.catalogue import Group, check
from multichat_conformance.patterns import Error, Joined, Said
from multichat_conformance.stage import Stage
from multichat_conformance.target.address import resource_of
from multichat_conformance.target.login import Session
from multichat_conformance.timing import SEEN_WITHIN
from multichat_conformance.variants import each, variant

NOBODYS = "0" * 32
"""A session key that nobody has, of a usual form."""


@check(
    "MC1-AUTH-01",
    actors=("alice", "bob"),
    cause="The session of the handshake is not looked up, or not kept with the connection.",
)
async def user_is_that_of_the_handshake(stage: Stage) -> None:
    """Each connection acts as the user whose session its handshake carried."""
    room = stage.room()
    alice = await stage.actor("alice")
    bob = await stage.actor("bob")

    await alice.join(room)
    await bob.join(room)

    text = await alice.says(room)
    await bob.receives(Said(room, text, alice))
    text = await bob.says(room)
    await alice.receives(Said(room, text, bob))


@check(
    "MC1-AUTH-01",
    "MC1-AUTH-02",
    "MC1-FRAME-04",
    actors=("alice",),
    cause="A member of a frame is taken for who the client is.",
)
async def no_frame_logs_in(stage: Stage) -> None:
    """A session or a name in a frame makes nobody somebody."""
    key = (await stage.session("alice")).key or NOBODYS
    nobody = await stage.anonymous()
    if nobody is None:
        stage.note("the target refuses anonymous connections, so that none can try")
        return
    members = {
        "username": stage.account("alice").username,
        "user": stage.account("alice").username,
        "session": key,
        "session_key": key,
        stage.target.login.session_cookie: key,
        "token": key,
    }
    join = {"command": "join", "room": stage.room().id}

    await nobody.is_refused(join | members, "USER_HAS_TO_LOGIN", clause="MC1-AUTH-01")

    await nobody.is_refused(join, "USER_HAS_TO_LOGIN", clause="MC1-AUTH-01")


@check(
    "MC1-AUTH-02",
    cause="A connection without a session is taken for somebody's.",
)
async def connection_without_a_session_has_no_access(stage: Stage) -> None:
    """A handshake without a session is refused, or its connection may do nothing."""
    await _has_no_access(stage)


@check(
    "MC1-AUTH-02",
    visitor=True,
    cause="A session is believed though the server never gave it out, or looking for it fails.",
)
async def unknown_session_gives_no_access(stage: Stage) -> None:
    """A session that the server never gave out is as good as none."""
    cookie = stage.target.login.session_cookie
    known = Session({"Cookie": f"{cookie}={NOBODYS}"}, NOBODYS)
    if stage.visitor is not None:
        known = await stage.session(stage.visitor)
    keys = {
        "of a usual form": NOBODYS,
        **changed(known.key),
        "empty": "",
        "very long": "x" * 2000,
        "with a path in it": "../../../etc/passwd",
        "with a quote in it": "' OR '1'='1",
    }
    for name, key in keys.items():
        with variant(f"a session {name}"):
            await _has_no_access(stage, session=known.altered(key))


def changed(key: str) -> Mapping[str, str]:
    """Return keys that are almost a key; not so by their ends, which in base64 may say nothing."""
    middle = len(key) // 2
    return {
        "without a character of it": key[:middle] + key[middle + 1 :],
        "with a character more": f"{key[:middle]}x{key[middle:]}",
    }


@check(
    "MC1-AUTH-02",
    actors=("alice",),
    logout=True,
    cause="The session is checked by its signature or from a cache, not against those that last.",
)
async def logged_out_session_gives_no_access(stage: Stage) -> None:
    """A session that was ended by logging out is as good as none."""
    session = await stage.fresh_session("alice")
    await stage.actor("alice", session=session)

    await stage.log_out(session)

    await _has_no_access(stage, session=session)


@check(
    "MC1-AUTH-02",
    actors=("alice",),
    hooks=("expire_session",),
    cause="The time at which a session ends is not looked at.",
)
async def expired_session_gives_no_access(stage: Stage) -> None:
    """A session whose time has run out is as good as none."""
    session = await stage.fresh_session("alice")
    await stage.actor("alice", session=session)

    await stage.hook("expire_session", session=session.key)

    await _has_no_access(stage, session=session)


@check(
    "MC1-AUTH-03",
    cause="The room is looked at before the user, or the answer is missing.",
)
async def anonymous_join_and_leave_have_to_log_in(stage: Stage) -> None:
    """An anonymous join or leave, of whatever room, is answered USER_HAS_TO_LOGIN."""
    nobody = await stage.anonymous()
    if nobody is None:
        stage.note("the target refuses anonymous connections, so that there is none to look at")
        return
    rooms = {"an open room": stage.some_room, "no room": stage.free_room}
    if any(room.staff_only for room in stage.target.rooms):
        rooms["a staff room"] = stage.staff_room.id
    else:
        stage.note("no staff room is given, so that none was tried")
    for name, room in rooms.items():
        for command in ("join", "leave"):
            with variant(f"{command} of {name}"):
                await nobody.is_refused({"command": command, "room": room}, "USER_HAS_TO_LOGIN")


@check(
    "MC1-AUTH-03",
    "MC1-HAND-06",
    actors=("bob",),
    group=Group.INTRUSIVE,
    cause="Commands are obeyed until the session has been looked up.",
)
async def early_commands_of_nobody_are_not_obeyed(stage: Stage) -> None:
    """
    Commands that come with the handshake of an anonymous connection are not obeyed.

    A server that looks up the session while it already reads frames obeys the first of them for
    anybody.
    """
    room = stage.room()
    bob = await stage.actor("bob")
    await bob.join(room)
    refused = (await stage.handshake()).status in (401, 403)
    commands = [
        {"command": "join", "room": room.id},
        {"command": "send", "room": room.id, "message": stage.nonce()},
    ]
    early = b"".join(frame(Opcode.TEXT, json.dumps(one).encode()) for one in commands)

    if refused:
        stage.note("the target refuses anonymous connections")
        await stage.handshake(early=early)
    else:
        nobody = await stage.raw(None, early=early)
        await nobody.receives(Error("USER_HAS_TO_LOGIN"))
        await nobody.receives(Error("ROOM_ACCESS_DENIED"), clause="MC1-SEND-03")

    await stage.silence(bob, after=bob)


@check(
    "MC1-AUTH-04",
    rooms=0,
    cause="The handshake is refused instead of the commands.",
)
async def anonymous_connection_is_accepted(stage: Stage) -> None:
    """A handshake without a session is accepted, so that a page can say what is wrong."""
    response = await stage.handshake()

    stage.expect(
        response.status == 101,
        "an anonymous handshake was refused",
        expected="status 101",
        got=str(response),
    )


@check(
    "MC1-AUTH-05",
    actors=("alice",),
    staff_room=True,
    hooks=("make_staff", "make_plain"),
    cause="The user's rights are kept with the connection and never looked up again.",
)
async def rights_are_those_of_the_moment(stage: Stage) -> None:
    """One who is made staff while connected may join a staff room, and not any more after that."""
    alice = await stage.actor("alice")
    username = alice.username
    join = {"command": "join", "room": stage.staff_room.id}
    await alice.is_refused(join, "ROOM_ACCESS_DENIED")

    await stage.hook("make_staff", undo=("make_plain", {"username": username}), username=username)
    await alice.comes_to(join, Joined(stage.staff_room), within=SEEN_WITHIN)
    await alice.leave(stage.staff_room)

    await stage.hook("make_plain", username=username)
    stage.undone("make_plain")
    await alice.comes_to(join, Error("ROOM_ACCESS_DENIED"), within=SEEN_WITHIN)


@check(
    "MC1-AUTH-05",
    actors=("alice",),
    hooks=("deactivate", "activate"),
    cause="Whether the account is active is looked at when one logs in, and never again.",
)
async def deactivated_user_has_to_log_in(stage: Stage) -> None:
    """One who is deactivated while connected may not join any more."""
    alice = await stage.actor("alice")
    username = alice.username

    await stage.hook("deactivate", undo=("activate", {"username": username}), username=username)

    await alice.comes_to(
        {"command": "join", "room": stage.room().id},
        Error("USER_HAS_TO_LOGIN"),
        within=SEEN_WITHIN,
    )


@check(
    "MC1-AUTH-05",
    actors=("alice",),
    hooks=("make_staff_room", "make_open_room"),
    cause="What rooms are is read once, when the server starts or the user connects.",
)
async def rooms_are_those_of_the_moment(stage: Stage) -> None:
    """A room that is made a staff room while one is connected cannot be joined any more."""
    room = stage.room()
    alice = await stage.actor("alice")
    join = {"command": "join", "room": room.id}

    await stage.hook("make_staff_room", undo=("make_open_room", {"room": room.id}), room=room.id)
    await alice.comes_to(join, Error("ROOM_ACCESS_DENIED"), within=SEEN_WITHIN)

    await stage.hook("make_open_room", room=room.id)
    stage.undone("make_open_room")
    await alice.comes_to(join, Joined(room), within=SEEN_WITHIN)


@check(
    "MC1-AUTH-06",
    actors=("alice",),
    group=Group.INTRUSIVE,
    cause="The session is read from the query string; addresses end up in logs and histories.",
)
async def session_in_the_address_is_not_taken(stage: Stage) -> None:
    """A session's key as a query parameter makes nobody somebody."""
    resource, key = _with_mark(stage), quote((await stage.session("alice")).key)
    names = dict.fromkeys(
        ("session_key", stage.target.login.session_cookie, "session", "token", "access_token")
    )

    await each(
        {f"parameter {name}": f"{resource}{name}={key}" for name in names},
        lambda address: _has_no_access(stage, resource=address, clause="MC1-AUTH-06"),
    )


@check(
    "MC1-AUTH-06",
    actors=("alice", "bob"),
    group=Group.INTRUSIVE,
    cause="A session in the query string is preferred to the cookie's.",
)
async def session_in_the_address_does_not_replace_ones_own(stage: Stage) -> None:
    """Who follows a link with another's session in it stays who they are."""
    room = stage.room()
    key = quote((await stage.session("bob")).key)
    alice = await stage.actor("alice", resource=f"{_with_mark(stage)}session_key={key}")

    await alice.join(room)
    text = stage.nonce()
    await alice.command({"command": "send", "room": room.id, "message": text})

    await alice.receives(Said(room, text, alice))


@check(
    "MC1-AUTH-07",
    "MC1-TYPE-02",
    "MC1-FRAME-04",
    "MC1-MSG-01",
    actors=("alice", "bob"),
    cause="The frame of the sender is passed on, or copied before the server adds its members.",
)
async def author_cannot_be_claimed(stage: Stage) -> None:
    """A send that claims another author or type is delivered with its own."""
    room = stage.room()
    alice = await stage.actor("alice")
    bob = await stage.actor("bob")
    await alice.join(room)
    await bob.join(room)
    claims = {
        "username": bob.username,
        "user": bob.username,
        "author": bob.username,
        "msg_type": "2",
        "type": "chat.message",
    }

    await _speaks_under_own_name(stage, alice, bob, claims)


@check(
    "MC1-AUTH-07",
    "MC1-TYPE-02",
    "MC1-FRAME-09",
    actors=("alice", "bob"),
    group=Group.INTRUSIVE,
    cause="The frame of the sender is passed on, or copied before the server adds its members.",
)
async def type_cannot_be_claimed(stage: Stage) -> None:
    """A send that claims a type by its number is delivered with type 0 and its author's name."""
    room = stage.room()
    alice = await stage.actor("alice")
    bob = await stage.actor("bob")
    await alice.join(room)
    await bob.join(room)
    for msg_type in (2, 4, 5):
        with variant(f"msg_type {msg_type}"):
            claims = {"msg_type": msg_type, "username": {"name": bob.username}, "user_id": 1}
            await _speaks_under_own_name(stage, alice, bob, claims)


async def _speaks_under_own_name(
    stage: Stage, speaker: PoliteActor, listener: PoliteActor, claims: Mapping[str, object]
) -> None:
    room = stage.room()
    text = stage.nonce()
    await speaker.command({"command": "send", "room": room.id, "message": text, **claims})
    for actor in (speaker, listener):
        await actor.receives(Said(room, text, speaker))


async def _has_no_access(
    stage: Stage,
    *,
    session: Session | None = None,
    resource: str | None = None,
    clause: str = "MC1-AUTH-02",
) -> None:
    headers: Sequence[tuple[str, str]] = tuple(session.headers.items()) if session else ()
    nobody = await stage.anonymous(headers=headers, resource=resource)
    # More than once: a server that looks at the session late may not know it at first.
    for _ in range(3):
        if nobody is None:
            return
        await nobody.is_refused(
            {"command": "join", "room": stage.some_room}, "USER_HAS_TO_LOGIN", clause=clause
        )


def _with_mark(stage: Stage) -> str:
    resource = resource_of(stage.target)
    return resource + ("&" if "?" in resource else "?")
