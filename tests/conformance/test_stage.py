"""The stage: silence is shown by fences, connections are warmed up, and all is cleared away."""

import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from copy import copy
from typing import Any

import pytest
import trio
import trio.testing

from multichat_conformance.commands import leave, send
from multichat_conformance.findings import HarnessError
from multichat_conformance.patterns import Enter, Error, Said
from multichat_conformance.running.telling import Told
from multichat_conformance.stage import Stage
from multichat_conformance.stage.cast import WARM_UPS
from multichat_conformance.target import Account, Room, Target
from multichat_conformance.target.model import Login
from multichat_conformance.timing import pause
from tests.conformance.on_stage import context_of, on_stage
from tests.conformance.small_server import Running, small_server
from tests.conformance.small_server.commands import Commands
from tests.conformance.small_server.connection import Connection
from tests.conformance.small_server.faults import FAULTS
from tests.conformance.small_server.frames import Refused
from tests.conformance.small_server.store import Account as StoreAccount
from tests.conformance.small_server.store import Room as StoreRoom
from tests.support.scripted import Peer, Script, serve

ROOMS = (Room("1", "room 1"), Room("2", "room 2"), Room("3", "staff", staff_only=True))


@asynccontextmanager
async def scripted(script: Script) -> AsyncIterator[Target]:
    """Serve a script, whose users need no login."""
    accounts = tuple(Account(who, headers={"X-User": f"key-of-{who}"}) for who in ("alice", "bob"))
    async with serve(script) as server:
        yield Target(server.url, login=Login("header"), accounts=accounts, rooms=ROOMS)


def says_what_is_wrong(told: Told) -> str:
    assert told.attempt.finding is not None, told
    return told.attempt.finding.summary


def sent_by(running: Running) -> list[str]:
    """Return the names of the users whose connections are open."""
    connections = running.server.connections
    return [c.session.account.username for c in connections if c.session is not None]


# Silence.


async def alice_speaks_bob_is_elsewhere(stage: Stage) -> None:
    room = stage.room()
    alice, bob = await stage.actor("alice"), await stage.actor("bob")
    await alice.join(room)
    await alice.says(room)
    await stage.silence(bob, after=alice)


async def test_silence_is_seen() -> None:
    async with small_server() as running:
        told = await on_stage(running.target, alice_speaks_bob_is_elsewhere)

    assert (told.attempt.finding, told.trouble) == (None, "")


async def test_what_comes_in_spite_of_silence_is_found() -> None:
    async with small_server(FAULTS["messages-reach-everybody"].parts) as running:
        told = await on_stage(running.target, alice_speaks_bob_is_elsewhere)

    assert says_what_is_wrong(told) == "bob received what it must not"
    assert told.attempt.finding is not None
    assert told.attempt.finding.clause == "MC1-SEND-02"


async def test_what_comes_late_is_found_by_the_fence() -> None:
    """The secret is on its way when the story ends its work, and the fence comes behind it."""

    async def story(stage: Stage) -> None:
        room = stage.room()
        alice, bob = await stage.members(room, "alice", "bob")
        # Not awaited: nothing has come to bob when silence begins.
        await alice.command(send(room, stage.nonce()))
        await stage.silence(bob, after=alice)

    async with small_server() as running:
        told = await on_stage(running.target, story)

    assert says_what_is_wrong(told) == "bob received what it must not"


async def test_announcements_count_unless_the_story_is_not_about_them() -> None:
    async def story(stage: Stage, *, announcements: bool) -> None:
        room = stage.room()
        (bob,) = await stage.members(room, "bob")
        (alice,) = await stage.members(room, "alice")
        await stage.silence(bob, after=alice, announcements=announcements)

    async with small_server() as running:
        counted = await on_stage(running.target, lambda stage: story(stage, announcements=True))
        left_out = await on_stage(running.target, lambda stage: story(stage, announcements=False))

    assert says_what_is_wrong(counted) == "bob received what it must not"
    assert left_out.attempt.finding is None


async def test_who_is_nobody_is_watched_too() -> None:
    async def story(stage: Stage) -> None:
        nobody, alice = await stage.anonymous(), await stage.actor("alice")
        assert nobody is not None
        await nobody.command(leave("1"))
        await stage.silence(nobody, after=alice)

    async with small_server() as running:
        told = await on_stage(running.target, story)

    assert says_what_is_wrong(told) == "nobody received what it must not"


async def test_the_cause_itself_may_be_the_watcher() -> None:
    async def story(stage: Stage) -> None:
        (alice,) = await stage.members(stage.room(), "alice")
        await alice.says(stage.room())
        await stage.silence(alice, after=alice)

    async with small_server() as running:
        once = await on_stage(running.target, story)
    async with small_server(FAULTS["two-echoes"].parts) as running:
        twice = await on_stage(running.target, story)

    assert once.attempt.finding is None
    assert "received" in says_what_is_wrong(twice)


class OneRoom:
    """A server whose rooms are one, and that sends the first message to others last."""

    def __init__(self) -> None:
        self._peers: list[Peer] = []
        self._late: list[object] = []

    async def talk(self, peer: Peer) -> None:
        self._peers.append(peer)
        while (command := await peer.command()) is not None:
            match command:
                case {"command": "join", "room": "-1"}:
                    await peer.say({"error": "ROOM_INVALID"})
                case {"command": "join", "room": room}:
                    await peer.say({"join": room, "title": f"room {room}"})
                case {"command": "leave", "room": room}:
                    await peer.say({"leave": room})
                case {"room": room, "message": text}:
                    await self._send(
                        peer, {"room": room, "message": text, "username": "alice", "msg_type": 0}
                    )

    async def _send(self, sender: Peer, message: object) -> None:
        await sender.say(message)
        if not self._late:
            self._late.append(message)
            return
        for other in self._peers:
            if other is not sender:
                await other.say(message)
                await other.say(*self._late)


async def test_without_order_a_window_follows_the_fence() -> None:
    """A server that sends the secret after the fence is caught by waiting."""
    async with scripted(OneRoom().talk) as target:
        context = context_of(target)
        context.keeps_order = False
        told = await on_stage(target, alice_speaks_bob_is_elsewhere, context=context)

    assert says_what_is_wrong(told) == "bob received what it must not"


# Warming up.


def answering(*answers: object) -> Script:
    """Answer the first commands of each connection so, and then like a server."""

    async def script(peer: Peer) -> None:
        for answer in answers:
            if await peer.command() is None:
                return
            await peer.say(answer)
        while await peer.command() is not None:
            await peer.say({"error": "ROOM_INVALID"})

    return script


async def connects(stage: Stage) -> None:
    await stage.actor("alice")


async def test_a_connection_is_warmed_up() -> None:
    async with scripted(answering(*[{"error": "USER_HAS_TO_LOGIN"}] * 3)) as target:
        context = context_of(target)
        told = await on_stage(target, connects, context=context)

    assert told.attempt.finding is None
    assert context.warm_ups == 3


async def test_a_connection_that_stays_nobodys_is_found() -> None:
    async with scripted(answering(*[{"error": "USER_HAS_TO_LOGIN"}] * WARM_UPS)) as target:
        told = await on_stage(target, connects)

    assert says_what_is_wrong(told) == "alice carries a session and is treated as nobody"


async def test_an_impossible_room_must_be_none() -> None:
    async with scripted(answering({"join": "-1", "title": "t"})) as target:
        told = await on_stage(target, connects)

    assert says_what_is_wrong(told) == "alice asked for a room that cannot exist"
    assert told.attempt.finding is not None
    assert told.attempt.finding.clause == "MC1-ROOM-06"


class Hides(Commands):
    """Says of a room that is not there what it says of one that is closed."""

    def room(self, id_: int) -> StoreRoom:
        room = self.store.room(id_)
        if room is None:
            raise Refused("ROOM_ACCESS_DENIED", "no such room")
        return room


async def test_another_code_for_an_impossible_room_spoils_no_other_check() -> None:
    """It has a check of its own; here it is taken for what it is, in fences, too (MC1-ROOM-06)."""

    async def story(stage: Stage) -> None:
        alice, bob = await stage.members(stage.room(), "alice", "bob")
        alice.forget()
        await alice.gets_one_error("[]", "FRAME_INVALID")
        await stage.silence(bob, after=alice)

    async with small_server((Hides,)) as running:
        told = await on_stage(running.target, story)

    assert (told.attempt.finding, told.trouble) == (None, "")


# Clearing away.


async def test_everybody_leaves_before_the_next_story() -> None:
    """The farewells of a story are over when it is."""

    async def stays(stage: Stage) -> None:
        await stage.members(stage.room(), "alice", "bob", "alice")

    async with small_server() as running:
        first = await on_stage(running.target, stays)
        await trio.testing.wait_all_tasks_blocked()

        assert first.attempt.finding is None
        assert sent_by(running) == []
        assert running.server.hall.members(1) == []


class LateLeave(Connection):
    """Tells the others of an end 0.2 s later: no clause has a bound for it."""

    def ended(self) -> None:
        if self.is_closing:
            return
        self.is_closing = True
        hall = self.server.hall
        rooms = hall.rooms_of(self)
        for room in rooms:
            hall.remove(room, self)
        trio.lowlevel.spawn_system_task(self._tell, rooms)

    async def _tell(self, rooms: list[int]) -> None:
        await pause(0.2)
        for room in rooms:
            self.server.hall.announce_leave(room, self, to=self.server.hall.members(room))


@pytest.mark.parametrize("is_reset", [False, True])
async def test_the_next_story_hears_no_late_farewell(is_reset: bool) -> None:
    """A raw actor leaves like any other; of one that cannot, LEAVE is waited for."""

    async def goes(stage: Stage) -> None:
        alice, bob = await stage.raw("alice"), await stage.actor("bob")
        await stage.all_in(stage.room(), alice, bob)
        if is_reset:
            await alice.reset()

    async def listens(stage: Stage) -> None:
        (bob,) = await stage.members(stage.room(), "bob")
        await pause(0.4)
        await stage.silence(bob, after=bob)

    async with small_server((LateLeave,)) as running:
        context = context_of(running.target)
        told = [await on_stage(running.target, story, context=context) for story in (goes, listens)]

    assert [(one.attempt.finding, one.trouble) for one in told] == [(None, ""), (None, "")]
    assert context.farewells_missed == 0


async def test_a_story_that_breaks_off_is_cleared_away_too() -> None:
    async def breaks_off(stage: Stage) -> None:
        (alice,) = await stage.members(stage.room(), "alice")
        await alice.is_refused(leave(stage.room()), "ROOM_INVALID")

    async with small_server() as running:
        told = await on_stage(running.target, breaks_off)
        await trio.testing.wait_all_tasks_blocked()

        assert told.attempt.finding is not None
        assert sent_by(running) == []


async def test_hooks_are_undone_in_reverse() -> None:
    pulled = []

    async def story(stage: Stage) -> None:
        await stage.hook("make_staff", undo=("make_plain", {"username": "alice"}), username="alice")
        room = await stage.new_room("a title")
        user = await stage.new_user()
        pulled.extend([room.id, user.username])
        stage.expect(False, "it breaks off", expected="this", got="that")

    async with small_server() as running:
        store = running.server.store
        before = (set(store.rooms), set(store.accounts))
        told = await on_stage(running.target, story)

        assert says_what_is_wrong(told) == "it breaks off"
        assert (set(store.rooms), set(store.accounts)) == before
        assert not store.accounts["alice"].is_staff
        lines = [line.text for line in told.attempt.transcript if line.kind == "hook"]
        assert len(lines) == 3  # what clearing away does is no part of the story
        assert len(pulled) == 2


async def test_what_cannot_be_put_back_is_said() -> None:
    async def story(stage: Stage) -> None:
        await stage.hook("make_staff", undo=("delete_room", {"room": "77"}), username="alice")

    async with small_server() as running:
        told = await on_stage(running.target, story)

    assert "delete_room" in told.trouble


async def test_what_the_story_has_undone_is_not_undone_again() -> None:
    async def story(stage: Stage) -> None:
        room = await stage.new_room()
        await stage.hook("delete_room", room=room.id)
        stage.undone("delete_room")

    async with small_server() as running:
        told = await on_stage(running.target, story)

    assert (told.trouble, told.attempt.finding) == ("", None)


class Cached(Commands):
    """Knows of a change of users and rooms within 0.6 seconds (MC1-AUTH-05 grants one)."""

    def __init__(self, *parts: Any) -> None:
        super().__init__(*parts)
        self._known: dict[object, tuple[float, object]] = {}

    def _cached(self, key: object, now: Callable[[], Any]) -> Any:
        at, value = self._known.get(key, (-1.0, None))
        if trio.current_time() - at > 0.6:
            value = now()
            self._known[key] = trio.current_time(), value
        return value

    def user(self, connection: Connection) -> StoreAccount:
        account = self.store.user(connection.session)
        key = connection.session.account.username if connection.session else ""
        if not self._cached(key, lambda: account is not None) or connection.session is None:
            raise Refused("USER_HAS_TO_LOGIN", "nobody is logged in")
        return connection.session.account

    def room(self, id_: int) -> StoreRoom:
        room = self._cached(id_, lambda: copy(self.store.room(id_)))
        if room is None:
            raise Refused("ROOM_INVALID", "there is no such room")
        assert isinstance(room, StoreRoom)
        return room


TAKEN_AWAY = [
    ("make_staff_room", "make_open_room", {"room": "1"}),
    ("deactivate", "activate", {"username": "alice"}),
]


@pytest.mark.parametrize(("hook", "undo", "what"), TAKEN_AWAY)
async def test_the_next_story_begins_when_the_target_has_noticed(
    hook: str, undo: str, what: dict[str, str]
) -> None:
    async def takes_away(stage: Stage) -> None:
        alice = await stage.actor("alice")
        await stage.hook(hook, undo=(undo, what), **what)
        command = {"command": "join", "room": "1"}
        codes = ("ROOM_ACCESS_DENIED", "USER_HAS_TO_LOGIN")
        await alice.comes_to(command, Error(*codes), within=1.0)

    async def joins(stage: Stage) -> None:
        await stage.members(stage.room(), "alice")

    async with small_server((Cached,)) as running:
        context = context_of(running.target)
        told = [
            await on_stage(running.target, story, context=context) for story in (takes_away, joins)
        ]

    assert [(one.attempt.finding, one.trouble) for one in told] == [(None, ""), (None, "")]


async def test_what_could_not_be_put_back_is_owed() -> None:
    async def story(stage: Stage) -> None:
        undo = ("make_open_room", {"room": "77"})
        await stage.hook("make_staff", undo=("make_plain", {"username": "alice"}), username="alice")
        await stage.hook("make_staff_room", undo=undo, room="1")

    async with small_server() as running:
        context = context_of(running.target)
        await on_stage(running.target, story, context=context)

        assert context.owed == [("make_open_room", {"room": "77"})]
        assert not running.server.store.accounts["alice"].is_staff


# The scenery.


MISSING: list[tuple[Callable[[Stage], object], str]] = [
    (lambda stage: stage.room(), "needs 1 open rooms; add [[rooms]] to the target file"),
    (lambda stage: stage.staff_room, "needs a staff room; add [[rooms]] with staff_only to the"),
    (lambda stage: stage.account("alice"), "needs an account for alice; add [[accounts]] to the"),
    (lambda stage: stage.limit("frame_bytes"), "needs limits.frame_bytes in the target file"),
]


@pytest.mark.parametrize(("ask", "said"), MISSING)
async def test_what_is_missing_is_said(ask: Callable[[Stage], object], said: str) -> None:
    async def story(stage: Stage) -> None:
        ask(stage)

    told = await on_stage(Target("ws://127.0.0.1:9/"), story)

    assert told.not_tested.startswith(said)


async def test_members_join_one_after_the_other() -> None:
    async def story(stage: Stage) -> None:
        room = stage.room()
        bob, alice = await stage.members(room, "bob", "alice")
        await bob.receives(Enter(room, alice))
        text = await alice.says(room)
        await bob.receives(Said(room, text, alice))
        assert alice.rooms == {room.id}

    async with small_server() as running:
        told = await on_stage(running.target, story)

    assert told.attempt.finding is None


async def test_a_bad_frame_that_nobody_takes_is_found_at_the_end() -> None:
    heard = []

    async def story(stage: Stage) -> None:
        alice = await stage.actor("alice")
        await alice.command(leave("1"))
        await alice.hears_more()
        heard.append(alice.waiting())

    async with scripted(answering({"error": "ROOM_INVALID"}, "{}")) as target:
        told = await on_stage(target, story)

    assert heard == [[]]

    assert "of none of the four kinds" in says_what_is_wrong(told)


async def test_texts_of_two_stories_are_never_alike() -> None:
    texts: list[str] = []

    async def story(stage: Stage) -> None:
        texts.extend(stage.nonce() for _ in range(3))

    async with small_server() as running:
        context = context_of(running.target)
        for _ in range(2):
            await on_stage(running.target, story, context=context)

    assert len(set(texts)) == 6
    assert all(json.dumps(text) == f'"{text}"' for text in texts)


async def test_a_harness_error_is_no_finding() -> None:
    async def story(stage: Stage) -> None:
        await stage.actor("alice")
        raise HarnessError("the hook says no")

    async with small_server() as running:
        told = await on_stage(running.target, story)

    assert (told.trouble, told.attempt.finding) == ("the hook says no", None)


async def test_a_handshake_is_shown_with_its_headers_but_for_secrets() -> None:
    async def story(stage: Stage) -> None:
        headers = [("Origin", "https://evil.example"), ("Cookie", "sessionid=almost-a-key")]
        await stage.handshake(headers=headers, without=["Sec-WebSocket-Key"])

    async with small_server() as running:
        told = await on_stage(running.target, story)

    shown = told.attempt.transcript[0].text
    assert "(Origin: https://evil.example; Cookie; no Sec-WebSocket-Key)" in shown
    assert "almost-a-key" not in repr(told)
